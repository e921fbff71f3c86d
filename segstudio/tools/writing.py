"""How tools that fill areas write: the active class, background where they erase, or unsure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.tools.base import Area, Pointer, Tool

if TYPE_CHECKING:
    from segstudio.tools.base import PixelWriter


def begin(tool: Tool, at: Pointer, title: str) -> tuple[PixelWriter, int]:
    """A writer for one undo step, and the class to write with it."""
    session = tool.session
    unsure = session.unsure and not at.erase
    writer = session.begin_edit(title, tool=tool.id, origin=Origin.UNSURE if unsure else Origin.PAINTED)
    return writer, BACKGROUND if at.erase or unsure else session.active_class


def write(tool: Tool, at: Pointer, title: str, areas: Iterable[Area]) -> None:
    """Write areas of the pointer's slice as one undo step."""
    writer, value = begin(tool, at, title)
    for area in areas:
        writer.set(at.z, area.top, area.left, area.stencil, value)
    tool.session.finish_edit(writer)
