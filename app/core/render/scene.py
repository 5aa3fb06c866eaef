"""What is drawn, as plain data: clouds, meshes, line sets, texts, a style. No Open3D, no Qt.

Everything is in one common frame, called world here; the session decides which one that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Cloud:
    """Points: ``points`` (N, 3) float32 metres; ``colors`` (N, 3) uint8; ``shown`` (N,) bool or None for all.

    Points that are not finite are never drawn. Indices in a :class:`~app.core.render.picking.Pick` are rows
    of ``points``.
    """

    points: np.ndarray
    colors: np.ndarray
    shown: np.ndarray | None = None
    pickable: bool = True


@dataclass(frozen=True)
class Mesh:
    """Triangles: ``vertices`` (V, 3) float32, ``triangles`` (T, 3) int32, ``colors`` (V, 3) uint8.

    Each triangle has one colour, the mean of its corners', lit from above. Of a translucent mesh (``opacity``
    below 1) the frontmost surface is seen. ``wireframe`` draws the edges alone.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    colors: np.ndarray
    opacity: float = 1.0
    wireframe: bool = False


@dataclass(frozen=True)
class Lines:
    """Segments: ``points`` (P, 3) float32, ``segments`` (S, 2) int32, ``colors`` (S, 3) uint8, width in pixels.

    ``hidden``: how opaque the parts behind something are, 0..1.
    """

    points: np.ndarray
    segments: np.ndarray
    colors: np.ndarray
    width: float = 1.5
    hidden: float = 0.0


@dataclass(frozen=True)
class Texts:
    """Labels in the picture: ``positions`` (K, 3) float32, one string and one colour each; height in pixels.

    Each stands centred above its position, before everything else; a nearer one wins over one it would cover.
    """

    positions: np.ndarray
    strings: tuple[str, ...]
    colors: tuple[Color, ...] = ()
    size: int = 12


Item: TypeAlias = Cloud | Mesh | Lines | Texts


@dataclass(frozen=True)
class Style:
    """How a view is drawn.

    ``point_size`` pixels (edge of the square); ``depth_shading`` strength of the eye-dome shading (0 off);
    ``background`` R, G, B; ``backdrop`` (h, w, 3) uint8 photo behind everything, shown while the view looks through
    a recorded camera, where that camera's picture lies; ``backdrop_dim`` its brightness, 0 black to 1 as it is.
    """

    point_size: float = 2.0
    depth_shading: float = 1.2
    background: Color = (0, 0, 0)
    backdrop: np.ndarray | None = field(default=None, compare=False)
    backdrop_dim: float = 0.6


def finite_rows(points: np.ndarray) -> np.ndarray:
    """(N,) bool: rows of (N, 3) whose three numbers are finite. Column by column: many times faster than by row."""
    x, y, z = points.T
    return np.isfinite(x) & np.isfinite(y) & np.isfinite(z)


def check(item: Item) -> None:
    """Refuse arrays that do not fit together.

    Raises
    ------
    ValueError
        An array has another shape, type or length than the class says, or an index points past the end.
    """
    if isinstance(item, Cloud):
        _array("points", item.points, np.float32, (None, 3))
        _array("colors", item.colors, np.uint8, (len(item.points), 3))
        if item.shown is not None:
            _array("shown", item.shown, np.bool_, (len(item.points),))
    elif isinstance(item, Mesh):
        _array("vertices", item.vertices, np.float32, (None, 3))
        _array("colors", item.colors, np.uint8, (len(item.vertices), 3))
        _indices("triangles", item.triangles, 3, len(item.vertices))
    elif isinstance(item, Lines):
        _array("points", item.points, np.float32, (None, 3))
        _array("colors", item.colors, np.uint8, (len(item.segments), 3))
        _indices("segments", item.segments, 2, len(item.points))
    else:
        _array("positions", item.positions, np.float32, (len(item.strings), 3))
        if item.colors and len(item.colors) != len(item.strings):
            raise ValueError(f"{len(item.colors)} colours for {len(item.strings)} texts")


def _array(name: str, array: np.ndarray, dtype: type, shape: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(shape) and all(w in (None, s) for w, s in zip(shape, array.shape, strict=True))
    if not fits or array.dtype != dtype:
        wanted = ", ".join("N" if w is None else str(w) for w in shape)
        raise ValueError(f"{name} must be ({wanted}) {np.dtype(dtype)}, not {array.shape} {array.dtype}")


def _indices(name: str, array: np.ndarray, width: int, count: int) -> None:
    _array(name, array, np.int32, (None, width))
    if len(array) and not 0 <= array.min() <= array.max() < count:
        raise ValueError(f"{name} point to {array.min()}..{array.max()}, but there are {count} points")


def box_lines(corners: np.ndarray, colors: np.ndarray, width: float = 1.5, hidden: float = 0.25) -> Lines:
    """Line set of boxes: ``corners`` (B, 8, 3) as :attr:`app.core.types.Box.corners`; ``colors`` (B, 3) uint8."""
    edges = np.array([[a, a | bit] for bit in (1, 2, 4) for a in range(8) if not a & bit], np.int32)
    segments = (edges[None] + 8 * np.arange(len(corners), dtype=np.int32)[:, None, None]).reshape(-1, 2)
    return Lines(
        np.asarray(corners, np.float32).reshape(-1, 3),
        segments,
        np.repeat(np.asarray(colors, np.uint8), 12, axis=0),
        width,
        hidden,
    )
