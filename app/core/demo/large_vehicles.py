"""Trucks, buses and trailers. Frame: x forward, y left, z up, origin on the ground below the middle."""

from __future__ import annotations

import numpy as np

from app.core.demo.cars import wheel
from app.core.demo.materials import Material
from app.core.demo.mesh import Array, Mesh, Skin, merge, pose
from app.core.demo.shapes import box, grid, quads, tube

_DARK = (0.015, 0.015, 0.016)
_LIVERIES = np.array(
    [
        [0.62, 0.62, 0.60],
        [0.45, 0.04, 0.03],
        [0.05, 0.14, 0.36],
        [0.55, 0.38, 0.04],
        [0.05, 0.22, 0.10],
        [0.5, 0.5, 0.52],
    ]
)


def _livery(seed: int, salt: int) -> tuple[float, float, float]:
    value = _LIVERIES[np.random.default_rng([seed, salt]).integers(len(_LIVERIES))]
    return float(value[0]), float(value[1]), float(value[2])


def _shell(length: float, width: float, low: float, high: float, skin: Skin, round_: float = 0.12) -> Mesh:
    """A box with rounded long edges, from x = −length/2 to length/2, with its ends closed."""
    half, r = width / 2, round_
    turn = np.linspace(0, np.pi / 2, 5)
    right = [(-half, low)]
    right += [(-half + r - r * np.cos(t), high - r + r * np.sin(t)) for t in turn]
    left = [(-y, z) for y, z in right[::-1]]
    line = np.array(right + left)
    stations = np.linspace(-length / 2, length / 2, max(3, int(length)))
    points = np.stack([np.column_stack([np.full(len(line), x), line]) for x in stations])
    parts = [grid(points, skin, flip=True)]
    for x in (stations[0], stations[-1]):
        around = np.concatenate([line, line[:1]])
        rim = np.column_stack([np.full(len(around), x), around])
        middle = np.broadcast_to(np.array([x, 0, (low + high) / 2]), rim.shape)
        parts.append(grid(np.stack([rim, middle]), skin))
    parts.append(
        quads(
            np.array(
                [
                    [
                        [-length / 2, -half, low],
                        [-length / 2, half, low],
                        [length / 2, half, low],
                        [length / 2, -half, low],
                    ]
                ]
            ),
            skin,
        )
    )
    return merge(parts)


def _pane(label: int, corners: Array) -> Mesh:
    return quads(np.asarray(corners)[None], Skin(Material.GLASS, label, (0.03, 0.035, 0.04)))


def _side_panes(label: int, starts: Array, stops: Array, y: float, low: float, high: float) -> list[Mesh]:
    found = []
    for side in (1, -1):
        for a, b in zip(starts, stops, strict=True):
            corners = np.array([[a, side * y, low], [b, side * y, low], [b, side * y, high], [a, side * y, high]])
            found.append(_pane(label, corners if side < 0 else corners[[1, 0, 3, 2]]))
    return found


def _end_pane(label: int, x: float, half: float, low: float, high: float) -> Mesh:
    return _pane(label, np.array([[x, -half, low], [x, half, low], [x, half, high], [x, -half, high]]))


def _axles(label: int, places: list[float], width: float, radius: float) -> list[Mesh]:
    unit = wheel(radius, 0.30, label, (0.35, 0.35, 0.36), 8)
    return [
        unit.moved(pose(x, side * (width / 2 - 0.16), radius, 0.0 if side > 0 else np.pi))
        for x in places
        for side in (1, -1)
    ]


def _lamps(label: int, front: float, back: float, half: float, z: float) -> list[Mesh]:
    parts = []
    for side in (1, -1):
        parts.append(
            box(
                (front, side * (half - 0.25), z),
                (0.05, 0.34, 0.18),
                Skin(Material.LAMP_WHITE, label, (0.5, 0.5, 0.5)),
            )
        )
        parts.append(
            box(
                (back, side * (half - 0.18), z),
                (0.05, 0.22, 0.32),
                Skin(Material.LAMP_RED, label, (0.4, 0.02, 0.01)),
            )
        )
    parts.append(box((front, 0, z - 0.25), (0.04, 0.52, 0.11), Skin(Material.PLATE, label, (0.7, 0.7, 0.68))))
    parts.append(box((back, 0, z), (0.04, 0.52, 0.11), Skin(Material.PLATE, label, (0.7, 0.7, 0.68))))
    return parts


def truck_mesh(seed: int, label: int) -> Mesh:
    """A box truck of 7.4 m: cab, cargo body with a stripe, chassis, six wheels' worth of tyres."""
    cab = Skin(Material.PANEL, label, _livery(seed, 90))
    body = Skin(Material.PANEL, label, (0.62, 0.62, 0.61))
    dark = Skin(Material.RUBBER, label, _DARK)
    parts = [
        _shell(5.2, 2.35, 0.95, 3.25, body, 0.06).moved(pose(-1.05, 0)),
        _shell(1.75, 2.2, 0.55, 2.45, cab, 0.22).moved(pose(2.75, 0)),
        box((-0.2, 0, 0.72), (6.6, 0.9, 0.28), dark),
        box((-1.05, 0, 2.1), (5.22, 2.37, 0.42), Skin(Material.PANEL, label, cab.color)),
        box((3.66, 0, 0.62), (0.12, 2.1, 0.34), dark),
        box((3.64, 0, 1.08), (0.03, 1.5, 0.30), dark),
        _end_pane(label, 3.64, 0.98, 1.42, 2.22),
        *_side_panes(label, np.array([2.55]), np.array([3.45]), 1.108, 1.42, 2.15),
        *_axles(label, [2.65, -2.1], 2.3, 0.45),
        *_lamps(label, 3.66, -3.67, 1.1, 0.85),
    ]
    for side in (1, -1):
        parts.append(box((3.5, side * 1.28, 1.9), (0.10, 0.22, 0.42), dark))
        parts.append(box((-0.9, side * 1.05, 0.66), (2.2, 0.06, 0.35), dark))
    return merge(parts)


def bus_mesh(seed: int, label: int) -> Mesh:
    """A city bus of 11 m with a band of windows."""
    skin = Skin(Material.PANEL, label, _livery(seed, 91))
    dark = Skin(Material.RUBBER, label, _DARK)
    starts = np.arange(-5.1, 4.6, 1.55)
    parts = [
        _shell(11.0, 2.5, 0.34, 3.0, skin, 0.18),
        *_side_panes(label, starts, starts + 1.42, 1.258, 1.30, 2.45),
        _end_pane(label, 5.512, 1.12, 1.05, 2.55),
        _end_pane(label, -5.512, 1.0, 1.55, 2.45),
        box((5.52, 0, 2.75), (0.04, 1.7, 0.26), dark),
        box((0, 0, 0.32), (10.4, 2.3, 0.16), dark),
        box((0.5, 0, 3.08), (3.2, 1.6, 0.2), skin),
        *_axles(label, [3.1, -2.9], 2.56, 0.48),
        *_lamps(label, 5.53, -5.53, 1.2, 0.75),
    ]
    parts += [box((x, 0, 0.62), (1.15, 2.515, 0.62), dark) for x in (3.1, -2.9)]
    return merge(parts)


def trailer_mesh(seed: int, label: int) -> Mesh:
    """A caravan or, for odd seeds, a covered car trailer."""
    dark = Skin(Material.RUBBER, label, _DARK)
    rod = tube(np.array([[2.0, 0.35, 0.45], [3.2, 0, 0.45]]), 0.04, dark, sides=5)
    other = tube(np.array([[2.0, -0.35, 0.45], [3.2, 0, 0.45]]), 0.04, dark, sides=5)
    if seed % 2:
        cover = Skin(Material.PLASTIC, label, _livery(seed, 92))
        shell = [
            _shell(3.0, 1.7, 0.5, 1.9, cover, 0.12),
            box((0, 0, 0.62), (3.1, 1.8, 0.34), Skin(Material.METAL, label, (0.4, 0.4, 0.41))),
        ]
        return merge(
            [*shell, rod, other, *_axles(label, [-0.1], 2.2, 0.30), *_lamps(label, 1.54, -1.56, 0.85, 0.62)]
        )
    skin = Skin(Material.PANEL, label, (0.60, 0.59, 0.56))
    parts = [
        _shell(4.6, 2.15, 0.42, 2.55, skin, 0.30),
        box((0, 0, 0.95), (4.62, 2.17, 0.16), Skin(Material.PANEL, label, _livery(seed, 93))),
        *_side_panes(label, np.array([-1.7, 0.6]), np.array([-0.5, 1.6]), 1.082, 1.35, 1.95),
        _end_pane(label, 2.308, 0.75, 1.30, 1.95),
        _end_pane(label, -2.308, 0.75, 1.30, 1.95),
        rod,
        other,
        *_axles(label, [-0.2], 2.24, 0.32),
        *_lamps(label, 2.31, -2.31, 1.0, 0.72),
    ]
    return merge(parts)
