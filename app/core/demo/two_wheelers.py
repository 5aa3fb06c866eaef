"""Bicycles and motorcycles, parked or ridden. Frame: x forward, y left, z up, origin below the middle."""

from __future__ import annotations

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, merge, pose, xyz
from app.core.demo.people import Pose, Style, person_mesh, riding
from app.core.demo.shapes import box, disc, ellipsoid, tube

_COLORS = np.array(
    [
        [0.35, 0.02, 0.02],
        [0.02, 0.05, 0.22],
        [0.02, 0.02, 0.022],
        [0.45, 0.45, 0.46],
        [0.02, 0.16, 0.08],
        [0.5, 0.22, 0.02],
    ]
)
_WHEEL = 0.335
_AXLES = (-0.51, 0.53)


def _color(seed: int, salt: int) -> tuple[float, float, float]:
    value = _COLORS[np.random.default_rng([seed, salt]).integers(len(_COLORS))]
    return float(value[0]), float(value[1]), float(value[2])


def _hoop(x: float, radius: float, thick: float, skin: Skin, sides: int = 6) -> Mesh:
    turn = np.linspace(0, 2 * np.pi, 25)
    path = np.stack([x + radius * np.cos(turn), np.zeros(25), radius + thick + radius * np.sin(turn)], axis=1)
    return tube(path, thick, skin, sides=sides, caps=False)


def bicycle_mesh(seed: int, label: int = Raw.BICYCLE, turn: float = 0.0) -> Mesh:
    """A bicycle; ``turn`` radians of its wheels and cranks."""
    frame = Skin(Material.METAL, label, _color(seed, 80))
    dark = Skin(Material.RUBBER, label, (0.02, 0.02, 0.02))
    steel = Skin(Material.METAL, label, (0.42, 0.42, 0.43))
    parts = []
    for x in _AXLES:
        parts.append(_hoop(x, _WHEEL - 0.02, 0.02, dark))
        for k in range(9):
            angle = turn + 2 * np.pi * k / 9
            rim = np.array([x + 0.31 * np.cos(angle), 0, _WHEEL + 0.31 * np.sin(angle)])
            parts.append(tube(np.array([[x, 0.02 * (-1) ** k, _WHEEL], rim]), 0.003, steel, sides=3, caps=False))
    crank, seat, head = np.array([-0.08, 0, 0.28]), np.array([-0.24, 0, 0.86]), np.array([0.36, 0, 0.90])
    low = np.array([0.40, 0, 0.72])
    rear, front = np.array([_AXLES[0], 0, _WHEEL]), np.array([_AXLES[1], 0, _WHEEL])
    for a, b, r in (
        (crank, seat, 0.017), (crank, low, 0.020), (seat + xyz(0.04, 0, -0.12), head, 0.018), (head, low, 0.020),
        (crank, rear, 0.012), (seat + xyz(0.03, 0, -0.10), rear, 0.010), (low, front, 0.015),
    ):  # fmt: skip
        parts.append(tube(np.stack([a, b]), r, frame, sides=6))
    parts.append(tube(np.stack([seat, seat + xyz(-0.02, 0, 0.10)]), 0.014, steel, sides=6))
    parts.append(ellipsoid(seat + xyz(-0.03, 0, 0.12), np.array([0.14, 0.07, 0.035]), dark, around=8, down=6))
    bar = np.array(
        [[0.26, 0.29, 1.03], [0.36, 0.20, 1.05], [0.38, 0, 1.02], [0.36, -0.20, 1.05], [0.26, -0.29, 1.03]]
    )
    parts.append(tube(bar, 0.012, steel, sides=6))
    parts.append(tube(np.stack([head, bar[2]]), 0.014, steel, sides=6))
    parts.append(disc(crank + xyz(0, 0.03, 0), 1, 0.09, steel, sides=12))
    for sign, foot in zip((1, -1), pedals(turn), strict=True):
        parts.append(
            tube(np.stack([crank + xyz(0, sign * 0.05, 0), foot - [0, sign * 0.03, 0]]), 0.010, steel, sides=5)
        )
        parts.append(box((float(foot[0]), float(foot[1]), float(foot[2])), (0.09, 0.07, 0.02), dark))
    arc = np.linspace(0.5, 2.4, 7)
    for x in _AXLES:
        path = np.stack([x + 0.365 * np.cos(arc), np.zeros(7), _WHEEL + 0.365 * np.sin(arc)], axis=1)
        parts.append(tube(path, 0.022, frame, sides=5))
    parts.append(
        box((_AXLES[0] - 0.37, 0, 0.60), (0.03, 0.06, 0.06), Skin(Material.LAMP_RED, label, (0.4, 0.02, 0.01)))
    )
    return merge(parts)


def pedals(turn: float) -> Array:
    """(2, 3) where the left and the right pedal are."""
    middle = np.array([-0.08, 0, 0.28])
    reach = np.array([np.cos(turn * 0.6), 0, np.sin(turn * 0.6)]) * 0.17
    return np.stack([middle + reach + xyz(0, 0.13, 0), middle - reach + [0, -0.13, 0]])


def cyclist_mesh(seed: int, distance: float, label: int) -> Mesh:
    """A bicycle with its rider after rolling ``distance`` metres."""
    turn = -distance / _WHEEL
    style = Style.of(seed, label, helmet="open" if np.random.default_rng([seed, 81]).random() < 0.6 else "")
    h = style.height
    body = riding(
        hip=np.array([-0.26, 0, 1.04]) / h,
        hands=np.array([[0.28, 0.27, 1.06], [0.28, -0.27, 1.06]]) / h,
        feet=(pedals(turn) + xyz(0.02, 0, 0.05)) / h,
        lean=0.42,
    )
    return merge([bicycle_mesh(seed, label, turn), person_mesh(style, body)])


def motorcycle_mesh(seed: int, label: int = Raw.MOTORCYCLE) -> Mesh:
    """A motorcycle or, for every third seed, a scooter."""
    paint = Skin(Material.PLASTIC, label, _color(seed, 82))
    dark = Skin(Material.RUBBER, label, (0.02, 0.02, 0.021))
    steel = Skin(Material.METAL, label, (0.34, 0.34, 0.35))
    wheels = [_hoop(x, 0.245, 0.065, dark, 8) for x in (-0.70, 0.72)]
    hubs = [
        disc(np.array([x, y, 0.31]), 1, 0.20, Skin(Material.RIM, label, (0.3, 0.3, 0.31), 5), sign=np.sign(y))
        for x in (-0.70, 0.72)
        for y in (0.03, -0.03)
    ]
    parts = [*wheels, *hubs]
    for sign in (1, -1):
        fork = np.array([[0.72, sign * 0.09, 0.31], [0.50, sign * 0.09, 0.95]])
        parts.append(tube(fork, 0.027, steel, sides=6))
        parts.append(tube(np.array([[-0.70, sign * 0.10, 0.31], [-0.15, sign * 0.10, 0.42]]), 0.026, dark, sides=6))
        parts.append(tube(np.array([[0.44, sign * 0.12, 1.02], [0.34, sign * 0.36, 1.05]]), 0.016, dark, sides=6))
        parts.append(
            ellipsoid(np.array([0.46, sign * 0.36, 1.20]), np.array([0.02, 0.07, 0.045]), dark, around=8, down=6)
        )
    if seed % 3 == 0:
        parts.append(ellipsoid(np.array([-0.52, 0, 0.62]), np.array([0.46, 0.19, 0.24]), paint, around=14, down=10))
        parts.append(box((0.10, 0, 0.34), (0.62, 0.30, 0.08), paint))
        parts.append(box((0.44, 0, 0.72), (0.07, 0.42, 0.66), paint))
        parts.append(ellipsoid(np.array([-0.42, 0, 0.86]), np.array([0.40, 0.15, 0.07]), dark, around=12, down=8))
    else:
        parts.append(ellipsoid(np.array([0.14, 0, 0.84]), np.array([0.32, 0.17, 0.16]), paint, around=14, down=10))
        parts.append(ellipsoid(np.array([-0.40, 0, 0.80]), np.array([0.42, 0.15, 0.08]), dark, around=12, down=8))
        parts.append(ellipsoid(np.array([-0.74, 0, 0.84]), np.array([0.24, 0.12, 0.09]), paint, around=12, down=8))
        parts.append(box((0.05, 0, 0.46), (0.50, 0.30, 0.36), Skin(Material.METAL, label, (0.10, 0.10, 0.105))))
        parts.append(ellipsoid(np.array([0.52, 0, 0.98]), np.array([0.20, 0.20, 0.17]), paint, around=12, down=8))
    pipe = np.array([[0.30, -0.17, 0.36], [-0.2, -0.19, 0.30], [-0.95, -0.20, 0.46]])
    parts.append(tube(pipe, np.array([0.025, 0.035, 0.05]), steel, sides=8))
    parts.append(
        ellipsoid(
            np.array([0.66, 0, 0.96]),
            np.array([0.06, 0.09, 0.09]),
            Skin(Material.LAMP_WHITE, label, (0.5, 0.5, 0.5)),
            around=10,
            down=8,
        )
    )
    parts.append(box((-0.97, 0, 0.80), (0.04, 0.20, 0.07), Skin(Material.LAMP_RED, label, (0.4, 0.02, 0.01))))
    parts.append(box((-1.00, 0, 0.62), (0.015, 0.18, 0.16), Skin(Material.PLATE, label, (0.7, 0.7, 0.68))))
    arc = np.linspace(0.4, 2.2, 7)
    guard = np.stack([0.72 + 0.34 * np.cos(arc), np.zeros(7), 0.31 + 0.34 * np.sin(arc)], axis=1)
    parts.append(tube(guard, 0.06, paint, sides=6))
    return merge(parts)


def motorcyclist_mesh(seed: int, label: int) -> Mesh:
    """A motorcycle with its rider."""
    style = Style.of(seed, label, helmet="full")
    h = style.height
    body: Pose = riding(
        hip=np.array([-0.34, 0, 0.93]) / h,
        hands=np.array([[0.34, 0.33, 1.06], [0.34, -0.33, 1.06]]) / h,
        feet=np.array([[-0.02, 0.22, 0.38], [-0.02, -0.22, 0.38]]) / h,
        lean=0.28,
    )
    return merge([motorcycle_mesh(seed, label), person_mesh(style, body)])


def leaning(mesh: Mesh, angle: float) -> Mesh:
    """Tipped sideways onto its stand, by ``angle`` radians to the left."""
    matrix = pose(0, 0, 0)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix[1:3, 1:3] = [[cosine, sine], [-sine, cosine]]
    return mesh.moved(matrix)
