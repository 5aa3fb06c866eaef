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
    """Triangles: ``vertices`` (V, 3) float32, ``triangles`` (T, 3) int32, ``colors`` (V, 3) uint8."""

    vertices: np.ndarray
    triangles: np.ndarray
    colors: np.ndarray
    opacity: float = 1.0
    wireframe: bool = False


@dataclass(frozen=True)
class Lines:
    """Segments: ``points`` (P, 3) float32, ``segments`` (S, 2) int32, ``colors`` (S, 3) uint8, width in pixels."""

    points: np.ndarray
    segments: np.ndarray
    colors: np.ndarray
    width: float = 1.5


@dataclass(frozen=True)
class Texts:
    """Labels in the picture: ``positions`` (K, 3) float32, one string and one colour each."""

    positions: np.ndarray
    strings: tuple[str, ...]
    colors: tuple[Color, ...] = ()
    size: int = 12


Item: TypeAlias = Cloud | Mesh | Lines | Texts


@dataclass(frozen=True)
class Style:
    """How a view is drawn.

    ``point_size`` pixels (edge of the square); ``depth_shading`` strength of the eye-dome shading (0 off);
    ``background`` R, G, B; ``backdrop`` (h, w, 3) uint8 picture behind everything, stretched over the view.
    """

    point_size: float = 2.0
    depth_shading: float = 1.2
    background: Color = (0, 0, 0)
    backdrop: np.ndarray | None = field(default=None, compare=False)
    backdrop_dim: float = 0.6


def box_lines(corners: np.ndarray, colors: np.ndarray, width: float = 1.5) -> Lines:
    """Line set of boxes: ``corners`` (B, 8, 3) as :attr:`app.core.types.Box.corners`; ``colors`` (B, 3) uint8."""
    edges = np.array([[a, a | bit] for bit in (1, 2, 4) for a in range(8) if not a & bit], np.int32)
    segments = (edges[None] + 8 * np.arange(len(corners), dtype=np.int32)[:, None, None]).reshape(-1, 2)
    return Lines(
        np.asarray(corners, np.float32).reshape(-1, 3),
        segments,
        np.repeat(np.asarray(colors, np.uint8), 12, axis=0),
        width,
    )
