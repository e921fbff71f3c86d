"""Create, open and close projects: the document, its store, and what was found on opening."""

from __future__ import annotations
