"""A picture of a frame without a window: the cloud in a layer's colours, overlays, a camera, a PNG file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.layers.base import LayerData
from app.core.layers.coloring import colorize
from app.core.render.camera import Camera
from app.core.render.scene import Cloud, Item, Style
from app.core.render.still import render_still
from app.core.state import FrameState, LayerStyle

LARGEST = 16384
"""Pixels along an edge; more would need gigabytes."""


def draw(
    state: FrameState,
    data: LayerData,
    camera: Camera,
    size: tuple[int, int],
    *,
    layer_style: LayerStyle | None = None,
    style: Style | None = None,
    overlays: Mapping[str, Item] | None = None,
) -> np.ndarray:
    """(height, width, 3) uint8 picture of a frame.

    Parameters
    ----------
    state : the frame and what is drawn of it
    data : values of the layer that colours the points, one per drawn point
    camera : where from, in the current sensor frame
    size : (width, height) pixels
    overlays : further items by name, as boxes

    Raises
    ------
    UsageError
        A size that cannot be.
    """
    width, height = size
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise UsageError(f"A picture has 1 to {LARGEST} pixels along each edge; {width} x {height} was asked for.")
    colors, shown = colorize(data, layer_style or LayerStyle())
    items: dict[str, Item] = {"cloud": Cloud(state.cloud.points, colors, shown), **(overlays or {})}
    return render_still(items, camera, style or Style(), width, height)


def check_suffix(path: Path) -> None:
    """``UsageError`` for another suffix than ``.png``."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} must end in .png; pictures are written in that format.")


def write_png(path: Path, image: np.ndarray) -> None:
    """Write (height, width, 3) uint8 as a PNG, whole or not at all.

    ``UsageError`` for another suffix, ``DataError`` where the disk refuses.
    """
    from PIL import Image

    check_suffix(path)
    out = io.BytesIO()
    try:
        Image.fromarray(image).save(out, "PNG")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be encoded ({error}).") from None
    write_atomically(path, out.getvalue())
