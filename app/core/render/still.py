"""One picture without a window: what the command line and tests draw with."""

from __future__ import annotations

import queue
from collections.abc import Mapping

import numpy as np

from app.core.errors import ProcessDied
from app.core.render.camera import Camera
from app.core.render.protocol import Message, Resize, SetCamera, SetItem, SetStyle
from app.core.render.scene import Item, Style, check

_PATIENCE = 60.0


def render_still(
    items: Mapping[str, Item], camera: Camera, style: Style, width: int, height: int, *, renderer: str = "raster"
) -> np.ndarray:
    """(height, width, 3) uint8 picture of a scene at full detail.

    ``renderer`` ``raster`` draws here and now; ``open3d`` starts a render process for it. Their pictures agree
    but for single pixels.

    Raises
    ------
    ValueError
        Arrays of an item do not fit together, the size cannot be drawn, or the renderer is unknown.
    ProcessDied
        Open3D gave no picture (it has no off-screen renderer here, or died).
    """
    messages: list[Message] = [SetItem("still", name, item) for name, item in items.items()]
    messages += [SetStyle("still", style), Resize("still", width, height), SetCamera("still", camera, False)]
    if renderer == "raster":
        for item in items.values():
            check(item)
        return _raster(messages, width, height)
    if renderer == "open3d":
        return _open3d(messages, width, height)
    raise ValueError(f"no renderer '{renderer}'; there are: raster, open3d")


def _raster(messages: list[Message], width: int, height: int) -> np.ndarray:
    from app.core.render.compositor import Compositor
    from app.core.render.shaded import ShadedDrawer

    drawer = ShadedDrawer()
    compositor = Compositor(drawer)
    for message in messages:
        compositor.apply(message)
    try:
        return compositor.still("still", width, height)
    finally:
        drawer.close()


def _open3d(messages: list[Message], width: int, height: int) -> np.ndarray:
    from app.core.render.client import RenderClient

    said: list[str] = []
    pictures: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()
    client = RenderClient(renderers=("open3d",), on_log=said.append)
    try:
        for message in messages:
            client.send(message)
        client.take_picture("still", width, height, pictures.put)
        return pictures.get(timeout=_PATIENCE)
    except queue.Empty:
        reason = f" {said[-1]}" if said else ""
        raise ProcessDied(f"Open3D gave no picture within {_PATIENCE:.0f} s.{reason}") from None
    finally:
        client.close()
