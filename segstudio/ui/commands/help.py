"""Commands of the Help menu."""

from __future__ import annotations

from segstudio.ui.commands.base import Command
from segstudio.ui.dialogs import files

HELP = (
    Command("commands.search", "Help", "Search commands", lambda desk: desk.search_commands(), "Ctrl+K",
            icon="search"),
    Command("shortcuts.show", "Help", "Keyboard shortcuts", lambda desk: desk.show_shortcuts(), "F1",
            icon="keyboard"),
    Command("app.about", "Help", "About SegStudio", lambda desk: desk.open_dialog(files.about), icon="info", part=1),
)  # fmt: skip
