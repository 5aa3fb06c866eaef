"""Roofs: gable (ridge along or across the street), hip, mansard and flat, with eaves, chimneys and dormers."""

from __future__ import annotations

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, build, xyz
from app.core.demo.shapes import boxes, quads

_TILES = ((0.28, 0.09, 0.05), (0.20, 0.08, 0.055), (0.11, 0.075, 0.065), (0.075, 0.078, 0.085), (0.34, 0.14, 0.07))
_OUT = 0.45


def roof_parts(kind: str, w: float, d: float, eaves: float, wall: Skin, seed: int) -> list[Mesh]:
    """The roof of a house ``w`` wide and ``d`` deep whose walls end at ``eaves``."""
    rng = np.random.default_rng([seed, 52])
    tiles = Skin(Material.ROOF, Raw.BUILDING, _TILES[int(rng.integers(len(_TILES)))])
    if kind == "flat":
        return _flat(w, d, eaves)
    pitch = float(rng.uniform(0.62, 0.95))
    if kind == "front":
        turned = _gable(d, w, eaves, pitch, tiles, wall)
        matrix = np.eye(4)
        matrix[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
        matrix[0, 3] = w
        return [part.moved(matrix) for part in turned]
    parts = (
        _hip(w, d, eaves, pitch, tiles) if kind in ("hip", "mansard") else _gable(w, d, eaves, pitch, tiles, wall)
    )
    ridge = eaves + d / 2 * pitch
    chimney = np.array([[w * rng.uniform(0.2, 0.8), d * 0.5 + 0.8, ridge]])
    parts.append(
        boxes(chimney, np.array([[0.6, 0.5, 1.8]]), Skin(Material.BRICK, Raw.BUILDING, (0.26, 0.12, 0.09)))
    )
    if kind != "hip" and w > 9 and rng.random() < 0.7:
        parts += _dormers(rng, w, eaves, pitch, tiles, wall)
    gutter = np.array([[w / 2, -_OUT - 0.05, eaves - _OUT * pitch + 0.02]])
    parts.append(boxes(gutter, np.array([[w, 0.12, 0.11]]), Skin(Material.METAL, Raw.BUILDING, (0.28, 0.27, 0.26))))
    return parts


def _slope(corners: Array, skin: Skin) -> Mesh:
    """A tiled quad; ``local`` runs along its lower edge and up the slope."""
    a, b, _, d = corners
    along = (b - a) / np.linalg.norm(b - a)
    up = (d - a) - along * ((d - a) @ along)
    up /= np.linalg.norm(up)
    flat = np.stack([(corners - a) @ along, (corners - a) @ up, np.zeros(4)], axis=1)
    return quads(corners[None], skin, flat[None])


def _gable(w: float, d: float, eaves: float, pitch: float, tiles: Skin, wall: Skin) -> list[Mesh]:
    low, ridge = eaves - _OUT * pitch, eaves + d / 2 * pitch
    x0, x1 = -0.25, w + 0.25
    front = np.array([[x0, -_OUT, low], [x1, -_OUT, low], [x1, d / 2, ridge], [x0, d / 2, ridge]])
    back = np.array([[x1, d + _OUT, low], [x0, d + _OUT, low], [x0, d / 2, ridge], [x1, d / 2, ridge]])
    parts = [_slope(front + xyz(0, 0, 0.12), tiles), _slope(back + xyz(0, 0, 0.12), tiles)]
    board = Skin(Material.WOOD, Raw.BUILDING, (0.30, 0.28, 0.25))
    parts += [quads(front[None, ::-1], board), quads(back[None, ::-1], board)]
    for x in (0.0, w):
        triangle = np.array([[x, 0, eaves], [x, d, eaves], [x, d / 2, ridge]])
        normal = np.array([[1.0 if x > 0 else -1.0, 0, 0]] * 3)
        local = triangle[:, [1, 2, 0]] * np.array([1, 1, 0])
        parts.append(build(triangle, np.array([[0, 1, 2]]), wall, normals=normal, local=local))
    edges = np.array(
        [[[x, -_OUT, low], [x, -_OUT, low + 0.12], [x, d / 2, ridge + 0.12], [x, d / 2, ridge]] for x in (x0, x1)]
    )
    other = np.array(
        [
            [[x, d + _OUT, low], [x, d + _OUT, low + 0.12], [x, d / 2, ridge + 0.12], [x, d / 2, ridge]]
            for x in (x0, x1)
        ]
    )
    parts.append(quads(np.concatenate([edges, other]), board))
    rim = np.array([[[x0, -_OUT, low], [x1, -_OUT, low], [x1, -_OUT, low + 0.12], [x0, -_OUT, low + 0.12]]])
    parts.append(quads(rim, board))
    return parts


def _hip(w: float, d: float, eaves: float, pitch: float, tiles: Skin) -> list[Mesh]:
    low, inset = eaves - _OUT * pitch, min(d, w) / 2
    ridge = eaves + d / 2 * pitch
    a, b = inset * 0.9, w - inset * 0.9
    if b < a:
        a = b = w / 2
    x0, x1, y0, y1 = -_OUT, w + _OUT, -_OUT, d + _OUT
    shapes = [
        [[x0, y0, low], [x1, y0, low], [b, d / 2, ridge], [a, d / 2, ridge]],
        [[x1, y1, low], [x0, y1, low], [a, d / 2, ridge], [b, d / 2, ridge]],
        [[x0, y1, low], [x0, y0, low], [a, d / 2, ridge], [a, d / 2, ridge + 1e-3]],
        [[x1, y0, low], [x1, y1, low], [b, d / 2, ridge], [b, d / 2, ridge + 1e-3]],
    ]
    parts = [_slope(np.array(shape), tiles) for shape in shapes]
    board = Skin(Material.WOOD, Raw.BUILDING, (0.32, 0.30, 0.27))
    parts.append(quads(np.array([[[x0, y0, low], [x0, y1, low], [x1, y1, low], [x1, y0, low]]]), board))
    return parts


def _flat(w: float, d: float, eaves: float) -> list[Mesh]:
    edge = Skin(Material.METAL, Raw.BUILDING, (0.25, 0.25, 0.26))
    top = boxes(np.array([[w / 2, d / 2, eaves + 0.15]]), np.array([[w + 0.5, d + 0.5, 0.3]]), edge)
    hut = boxes(np.array([[w * 0.4, d / 2, eaves + 1.2]]), np.array([[2.6, 2.6, 1.9]]), edge)
    return [top, hut]


def _dormers(rng: np.random.Generator, w: float, eaves: float, pitch: float, tiles: Skin, wall: Skin) -> list[Mesh]:
    """Small roofed windows on the front slope."""
    count = int(rng.integers(1, max(2, int(w // 4.5)) + 1))
    parts: list[Mesh] = []
    for x in (np.arange(count) + 0.5) * w / count:
        y, base = 0.9, eaves + 0.9 * pitch + 0.1
        high = 1.35
        deep = high / pitch + 0.2
        parts.append(boxes(np.array([[x, y + deep / 2, base + high / 2]]), np.array([[1.4, deep, high]]), wall))
        pane = np.array(
            [
                [
                    [x - 0.5, y - 0.01, base + 0.2],
                    [x + 0.5, y - 0.01, base + 0.2],
                    [x + 0.5, y - 0.01, base + 1.2],
                    [x - 0.5, y - 0.01, base + 1.2],
                ]
            ]
        )
        local = np.array([[[0, 0, 0.4], [1, 0, 0.4], [1, 1, 0.4], [0, 1, 0.4]]]) + xyz(0, 0, rng.random() * 0.5)
        parts.append(quads(pane, Skin(Material.WINDOW, Raw.BUILDING, (0.7, 0.7, 0.68)), local))
        top = base + high
        for sign in (-1, 1):
            slope = np.array(
                [
                    [x + sign * 0.9, y - 0.25, top - 0.1],
                    [x + sign * 0.9, y + deep + 0.4, top - 0.1],
                    [x, y + deep + 0.4, top + 0.45],
                    [x, y - 0.25, top + 0.45],
                ]
            )
            parts.append(_slope(slope if sign < 0 else slope[[1, 0, 3, 2]], tiles))
        gable = np.array([[x - 0.7, y, top], [x + 0.7, y, top], [x, y, top + 0.40]])
        parts.append(
            build(
                gable, np.array([[0, 1, 2]]), wall, normals=np.array([[0, -1.0, 0]] * 3), local=gable[:, [0, 2, 1]]
            )
        )
    return parts
