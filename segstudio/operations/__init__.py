"""Mask operations: a mask in, what should become of it out. Qt-free; scipy is imported inside functions only."""
