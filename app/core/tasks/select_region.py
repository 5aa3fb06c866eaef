"""Which drawn points lie inside a box or lasso."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import Camera
from app.core.render.selection import select
from app.core.state import Accumulation
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.clouds import build
from app.core.tasks.context import Context, Source

PRIORITY = 0


def select_region(
    context: Context,
    *,
    source: Source,
    index: int,
    camera: Camera,
    size: tuple[int, int],
    polygon: np.ndarray,
    accumulation: Accumulation | None = None,
    shown: np.ndarray | None = None,
    visible: np.ndarray | None = None,
) -> TaskEvents[np.ndarray]:
    """Rows (K,) int64 of the drawn cloud inside a polygon; see :func:`app.core.render.selection.select`.

    Parameters
    ----------
    camera, size : the view (width, height) the polygon was drawn in
    polygon : (K, 2) float64 pixels
    shown : (N,) bool, points that are drawn at all
    visible : (h, w) int32 index buffer of a picture: only points that show in it
    """
    yield Progress(0, 0, "select")
    built = yield from build(context, source, index, accumulation or Accumulation(), None)
    return select(built.merged.points, camera, *size, polygon, shown=shown, visible=visible)


ENTRY = select_region
