"""Open3D without the web server that it imports for its plots in a browser, of which we use none.

``import open3d`` takes 1.3 s of one core here, 0.75 s of it for dash and plotly (and everything that they bring);
each process that draws or casts rays would pay it before its first picture.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

HELD_OFF = ("plotly", "plotly.graph_objects", "dash")


class _Absent(ModuleType):
    """Stands for a module while Open3D binds names of it; any use of such a name afterwards fails."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def load() -> Any:
    """The module ``open3d``; ``ImportError`` or ``OSError`` where it cannot be loaded.

    Modules that others have imported are left alone, and whoever wants the real ones later gets them.
    """
    if "open3d" in sys.modules:
        return sys.modules["open3d"]
    placed = [name for name in HELD_OFF if name not in sys.modules]
    for name in placed:
        sys.modules[name] = _Absent(name)
    try:
        return importlib.import_module("open3d")
    finally:
        for name in placed:
            del sys.modules[name]
