"""SegStudio: correct a mask once; the model learns it while you go on."""

__version__ = "0.1.0"
