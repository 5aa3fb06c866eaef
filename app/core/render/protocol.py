"""Messages between the window and the render process, and the interface every renderer offers.

The window sends; of ``SetCamera``, ``SetStyle`` and ``SetColors`` for the same view and item only the
newest that has arrived counts. Pictures come back through shared memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from app.core.render.camera import Camera
from app.core.render.scene import Item, Style

LONGEST_SIDE = 32_000
"""Pixels: the rasteriser keeps a place in the picture in 15 bits."""
MOST_PIXELS = 150_000_000
"""A picture needs some 30 bytes a pixel while it is drawn."""


def check_size(width: int, height: int) -> None:
    """Refuse pictures that cannot be drawn.

    Raises
    ------
    ValueError
        A side is longer than LONGEST_SIDE pixels or has none, or there are more than MOST_PIXELS in all.
    """
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE and width * height <= MOST_PIXELS):
        raise ValueError(
            f"a picture of {width} × {height} pixels cannot be drawn; at most {LONGEST_SIDE} a side and "
            f"{MOST_PIXELS // 10**6} million in all"
        )


@dataclass(frozen=True)
class SetItem:
    """Add or replace a named item of a view."""

    view: str
    name: str
    item: Item


@dataclass(frozen=True)
class SetColors:
    """Recolour a cloud: ``colors`` (N, 3) uint8, ``shown`` (N,) bool or None for all."""

    view: str
    name: str
    colors: np.ndarray
    shown: np.ndarray | None = None


@dataclass(frozen=True)
class RemoveItem:
    """Take a named item out of a view."""

    view: str
    name: str


@dataclass(frozen=True)
class SetStyle:
    """Change how a view is drawn."""

    view: str
    style: Style


@dataclass(frozen=True)
class SetCamera:
    """Look from somewhere else. ``moving``: draw what fits into the budget; False: at full detail."""

    view: str
    camera: Camera
    moving: bool


@dataclass(frozen=True)
class Resize:
    """The view's size in device pixels; ``ratio`` of them make one of the pixels that sizes are given in."""

    view: str
    width: int
    height: int
    ratio: float = 1.0


@dataclass(frozen=True)
class Hold:
    """More of the scene is on its way (``held``), or it has come: pictures that take long wait meanwhile."""

    view: str
    held: bool


@dataclass(frozen=True)
class CloseView:
    """Forget a view."""

    view: str


@dataclass(frozen=True)
class TakePicture:
    """Draw the view once at another size; answered by a ``Snapshot`` with the same ``ticket``."""

    view: str
    ticket: int
    width: int
    height: int


Message: TypeAlias = (
    SetItem | SetColors | RemoveItem | SetStyle | SetCamera | Resize | Hold | CloseView | TakePicture
)


@dataclass(frozen=True)
class Slots:
    """Window to renderer: names of the shared memory segments for a view's pictures, ``size`` bytes each."""

    view: str
    names: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Release:
    """Window to renderer: the picture in that segment has been read."""

    view: str
    slot: str


@dataclass(frozen=True)
class Shade:
    """Window to a renderer that draws plain pictures so far: the rasteriser's loops can be had quickly now."""


@dataclass(frozen=True)
class Ready:
    """Renderer to window: it can draw. ``note`` says in words what it draws with."""

    renderer: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Unable:
    """Renderer to window: it cannot draw on this machine, and why; its process ends."""

    renderer: str
    reason: str


@dataclass(frozen=True)
class Drawn:
    """Renderer to window: a picture lies in a shared memory segment. Fields as in :class:`Picture`.

    ``serial`` is that of the newest message the picture contains; ``picking`` whether index and depth are there.
    """

    view: str
    slot: str
    serial: int
    width: int
    height: int
    picking: bool
    camera: Camera
    cloud: str
    final: bool
    seconds: float
    drawn: int
    total: int
    renderer: str


@dataclass(frozen=True)
class Snapshot:
    """Renderer to window: the answer to a ``TakePicture``; ``image`` (h, w, 3) uint8."""

    view: str
    ticket: int
    image: np.ndarray


@dataclass(frozen=True)
class Ended:
    """Its process has ended. ``for_good``: it will not be started again."""

    renderer: str
    for_good: bool


Reply: TypeAlias = Ready | Unable | Drawn | Snapshot | Ended


@dataclass(frozen=True)
class Picture:
    """A finished picture of a view.

    Attributes
    ----------
    image : (h, w, 3) uint8. A moving picture may be smaller than the view; it is shown stretched.
    index : (h, w) int32, row of the frontmost pickable cloud's point per pixel, -1 where there is none.
        What picking reads: the points that were really drawn. (0, 0) while the view moves.
    depth : (h, w) float32 metres along the view axis, inf where nothing was drawn; (0, 0) while it moves.
    camera : what it was drawn with
    cloud : name of the pickable cloud ``index`` refers to
    final : full detail, nothing more to come until something changes
    seconds : time it took to draw
    drawn, total : points drawn of points there are; hidden ones do not count
    renderer : which renderer drew it
    points : (N, 3) float32 metres of that cloud, the rows that ``index`` names
    """

    view: str
    image: np.ndarray
    index: np.ndarray
    depth: np.ndarray
    camera: Camera
    cloud: str
    final: bool
    seconds: float
    drawn: int
    total: int
    renderer: str
    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3), np.float32), repr=False)
