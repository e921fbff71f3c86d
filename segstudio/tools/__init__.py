"""The tools, in tool-bar order."""

from __future__ import annotations

from segstudio.tools.base import Tool
from segstudio.tools.brush import Brush
from segstudio.tools.ellipse import Ellipse
from segstudio.tools.eraser import Eraser
from segstudio.tools.fill import Fill
from segstudio.tools.lasso import Lasso
from segstudio.tools.livewire import Livewire
from segstudio.tools.objects import ObjectTool
from segstudio.tools.polygon import Polygon
from segstudio.tools.rectangle import Rectangle
from segstudio.tools.revert import Revert
from segstudio.tools.select import Select
from segstudio.tools.smart import SmartBrush
from segstudio.tools.split import Split
from segstudio.tools.superpixel import Superpixels
from segstudio.tools.wand import Wand

TOOLS: tuple[type[Tool], ...] = (
    Brush, SmartBrush, Superpixels, Eraser, Revert, Lasso, Polygon, Rectangle, Ellipse, Livewire, Fill, Wand, Split,
    ObjectTool, Select,
)  # fmt: skip
