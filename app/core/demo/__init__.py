"""The built-in demo drive: a procedural street seen by a ray-cast LiDAR and camera.

``build_world(seed)`` gives the world of a seed, ``write_drive(out, …)`` writes a drive in SemanticKITTI's
layout (a task), ``default_drive_path(seed)`` is where the built-in one is kept. See ``docs/demo_drive.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core.demo.world import World, build_world
    from app.core.demo.writer import default_drive_path, write_drive

__all__ = ["World", "build_world", "default_drive_path", "write_drive"]

_HOMES = {"World": "world", "build_world": "world", "default_drive_path": "writer", "write_drive": "writer"}


def __getattr__(name: str) -> Any:
    """Load what is asked for only then: the window starts without ray casting."""
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
