"""Every command of the application: one row each. Menus, tool bar, command search and sheet read this table."""

from __future__ import annotations

from segstudio.tools import TOOLS
from segstudio.ui.commands.classes import CLASSES
from segstudio.ui.commands.edit import EDIT
from segstudio.ui.commands.file import FILE
from segstudio.ui.commands.help import HELP
from segstudio.ui.commands.image import IMAGE
from segstudio.ui.commands.layout import LAYOUT
from segstudio.ui.commands.mask import MASK
from segstudio.ui.commands.model import MODEL
from segstudio.ui.commands.review import REVIEW
from segstudio.ui.commands.view import VIEW

COMMANDS = (*FILE, *EDIT, *CLASSES, *MASK, *IMAGE, *REVIEW, *VIEW, *LAYOUT, *MODEL, *HELP)

MENUS = ("File", "Edit", "Classes", "Mask", "Image", "View", "Layout", "Model", "Help")

INSIDE = {"Layout": "View"}
"""Menus that lie in another one."""

TOOL_BAR = ("images.open", "", "edit.undo", "edit.redo", "", "model.predict", "model.train")
"""Commands of the top tool bar; an empty id is a line."""

TOOL_COLUMN = (
    *(f"tool.{kind.id}" for kind in TOOLS),
    "",
    "view.fit",
    "masks.show",
    "masks.style",
    "uncertainty.show",
)
"""Commands of the left tool bar."""
