"""Measurements of the real window, each beside a raw floor in the same run."""
