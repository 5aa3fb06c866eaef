"""Cars: a body lofted from a side profile, wheels in their arches, and where its windows and lamps are.

Car frame: x forward, y left, z up, origin on the ground below the middle. ``local`` of the body is
(metres behind the front bumper, y, z), so that :func:`regions` can tell glass from paint anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, merge, pose, xyz
from app.core.demo.shapes import box, disc, ellipsoid, grid, tube


@dataclass(frozen=True)
class CarKind:
    """A kind of car, lengths in metres; stations run from the front bumper backwards.

    ``cowl`` and ``brow`` are foot and head of the windscreen, ``crest`` where the roof starts to fall,
    ``sill`` and ``deck`` head and foot of the rear window; ``pillar`` is how the last side window ends
    (at the belt, at the roof); ``axles`` the two axles.
    """

    length: float
    width: float
    height: float
    hood: float
    belt: float
    cowl: float
    brow: float
    sill: float
    deck: float
    tail: float
    axles: tuple[float, float]
    doors: tuple[float, ...]
    pillar: tuple[float, float]
    wheel: float = 0.315


KINDS = (
    CarKind(
        4.20, 1.77, 1.44, 0.74, 0.90, 1.02, 1.78, 3.78, 4.10, 0.98, (0.80, 3.40), (1.25, 2.35, 3.15), (3.75, 3.35)
    ),
    CarKind(
        4.62, 1.81, 1.43, 0.73, 0.89, 1.12, 1.92, 3.30, 3.92, 0.98, (0.86, 3.66), (1.38, 2.42, 3.35), (3.75, 3.25)
    ),
    CarKind(
        4.70, 1.82, 1.47, 0.74, 0.90, 1.12, 1.92, 4.40, 4.62, 1.00, (0.86, 3.70), (1.38, 2.42, 3.40), (4.45, 4.20)
    ),
    CarKind(3.70, 1.64, 1.48, 0.76, 0.90, 0.78, 1.42, 3.38, 3.62, 0.96, (0.66, 3.04), (0.98, 2.30), (3.35, 3.10)),
    CarKind(
        4.45, 1.80, 1.66, 0.84, 1.00, 0.86, 1.72, 4.16, 4.38, 1.06, (0.84, 3.60), (1.22, 2.30, 3.30), (4.20, 3.95)
    ),
    CarKind(
        4.50,
        1.86,
        1.69,
        0.95,
        1.04,
        1.10,
        1.78,
        4.00,
        4.36,
        1.10,
        (0.86, 3.54),
        (1.36, 2.38, 3.30),
        (4.05, 3.75),
        0.36,
    ),
    CarKind(
        5.20,
        1.94,
        1.96,
        1.02,
        1.10,
        0.78,
        1.48,
        5.02,
        5.14,
        1.12,
        (0.92, 4.00),
        (1.10, 2.10, 3.30),
        (2.06, 2.02),
        0.34,
    ),
)
"""Hatchback, saloon, estate, small car, people carrier, off-roader, delivery van."""
VAN = 6
_PARTS = 8  # Mesh.code = kind * _PARTS + part


@lru_cache(maxsize=64)
def kinds_of(seed: int) -> tuple[CarKind, ...]:
    """The kinds with this seed's own proportions (±4 %)."""
    rng = np.random.default_rng([seed, 40])
    made = []
    for kind in KINDS:
        long, high = 1 + rng.uniform(-0.035, 0.035), 1 + rng.uniform(-0.035, 0.035)
        stations = {name: getattr(kind, name) * long for name in ("length", "cowl", "brow", "sill", "deck")}
        heights = {name: getattr(kind, name) * high for name in ("height", "hood", "belt", "tail")}
        axles = (kind.axles[0] * long, kind.axles[1] * long)
        pillar = (kind.pillar[0] * long, kind.pillar[1] * long)
        made.append(
            replace(
                kind, **stations, **heights, axles=axles, pillar=pillar, doors=tuple(d * long for d in kind.doors)
            )
        )
    return tuple(made)


def roofline(kind: CarKind, f: Array) -> Array:
    """Height of the body's middle line at ``f`` metres behind the front."""
    k = kind
    roof = (k.brow + k.sill) / 2
    stations = [0, 0.05, 0.16, 0.45, k.cowl, k.brow, (k.brow + roof) / 2, roof, (roof + k.sill) / 2, k.sill]
    heights = [
        k.hood - 0.16, k.hood - 0.09, k.hood - 0.03, k.hood + 0.03, k.belt + 0.04, k.height - 0.07,
        k.height - 0.012, k.height, k.height - 0.02, k.height - 0.085,
    ]  # fmt: skip
    stations += [k.deck, (k.deck + k.length) / 2, k.length - 0.02, k.length]
    heights += [k.tail + 0.02, k.tail - 0.005, k.tail - 0.06, k.tail - 0.16]
    return np.asarray(np.interp(f, stations, heights))


def _plan(kind: CarKind, f: Array) -> Array:
    """Half width at ``f``: full in the middle, drawn in towards both ends."""
    front = np.clip(1 - f / 0.62, 0, 1)
    back = np.clip(1 - (kind.length - f) / 0.48, 0, 1)
    drawn_in = 0.25 * (1 - np.sqrt(1 - front**2.2)) + 0.15 * (1 - np.sqrt(1 - back**2.2))
    return np.asarray(kind.width / 2 * (1 - drawn_in))


def _stations(kind: CarKind) -> Array:
    marks = [np.array([0, 0.02, 0.05, 0.10, 0.16, 0.28, 0.45]), np.linspace(0.45, kind.cowl, 4)]
    marks += [np.linspace(kind.cowl, kind.brow, 5), np.linspace(kind.brow, kind.sill, 7)]
    marks += [np.linspace(kind.sill, kind.deck, 4), kind.length - np.array([0.35, 0.2, 0.1, 0.05, 0.02, 0.0])]
    for axle in kind.axles:
        marks.append(axle + (kind.wheel + 0.055) * np.cos(np.linspace(0, np.pi, 9)))
    return np.unique(np.round(np.clip(np.concatenate(marks), 0, kind.length), 3))


def _half(kind: CarKind, f: Array) -> tuple[Array, int, int]:
    """(S, K, 3) half section (y ≥ 0), bottom edge to middle line; where the upper side and the top start."""
    top, wide = roofline(kind, f), _plan(kind, f)
    belt = np.minimum(kind.belt + 0.03 * f / kind.length, top - 0.05)
    shoulder = np.maximum(np.minimum(top - 0.06, top - 0.10 * np.clip((top - belt) / 0.3, 0, 1)), belt + 0.004)
    arch = kind.wheel + 0.05
    low = np.where(f < 0.3, 0.24, 0.20)
    for axle in kind.axles:
        reach = np.clip(arch**2 - (f - axle) ** 2, 0, None)
        low = np.where(reach > 0, np.maximum(low, kind.wheel + np.sqrt(reach)), low)
    low = np.minimum(low, belt - 0.1)

    def rise(start: Array, stop: Array, count: int) -> Array:
        return np.asarray(start[:, None] + (stop - start)[:, None] * np.linspace(0, 1, count))

    z_low, z_up = rise(low, belt, 6), rise(belt, shoulder, 4)
    barrel = 1 - 0.055 * np.clip((z_low - 0.58) / 0.36, -1.2, 1) ** 2
    y_low = wide[:, None] * barrel
    full = np.maximum(kind.height - kind.belt, 0.2)
    lean = 0.05 + 0.21 * (z_up - belt[:, None]) / full
    y_up = y_low[:, -1:] * np.minimum(1.0, 1.05 - np.maximum(lean, 0.05))
    across = np.cos(np.linspace(0, np.pi / 2, 7))
    y_top = y_up[:, -1:] * across
    z_top = shoulder[:, None] + (top - shoulder)[:, None] * (1 - across**3.2)
    y = np.concatenate([y_low, y_up[:, 1:], y_top[:, 1:]], axis=1)
    z = np.concatenate([z_low, z_up[:, 1:], z_top[:, 1:]], axis=1)
    stations = np.broadcast_to(f[:, None], y.shape)
    return np.stack([stations, y, z], axis=-1), 5, 8


def _body(kind: CarKind, number: int, color: tuple[float, float, float]) -> list[Mesh]:
    f = _stations(kind)
    half, belt, shoulder = _half(kind, f)
    mirror = half[:, ::-1] * np.array([1.0, -1.0, 1.0])
    whole = np.concatenate([half, mirror[:, 1:]], axis=1)
    skin = Skin(Material.PAINT, Raw.CAR, color)
    shell = grid(_in_car(kind, whole), skin, local=whole)
    columns = whole.shape[1] - 1
    column = np.tile(np.repeat(np.arange(columns), 2), len(f) - 1)
    column = np.minimum(column, columns - 1 - column)
    part = np.where(column < belt, 0, np.where(column < shoulder, 1, 2))
    shell = replace(shell, code=(number * _PARTS + part).astype(np.int16))
    parts = [shell]
    for row, end in ((0, 3), (-1, 4)):
        rim = whole[row]
        middle = np.stack([rim[:, 0], np.zeros(len(rim)), rim[:, 2]], axis=1)
        cap = np.stack([rim, middle], axis=0)
        parts.append(grid(_in_car(kind, cap), replace(skin, code=number * _PARTS + end), local=cap))
    return parts


def _in_car(kind: CarKind, points: Array) -> Array:
    return np.asarray(points * np.array([-1.0, 1, 1]) + np.array([kind.length / 2, 0, 0]))


def wheel(radius: float, width: float, label: int, rim_color: tuple[float, float, float], spokes: int) -> Mesh:
    """A wheel standing at the origin, its axle along y, its face towards +y."""
    dark = Skin(Material.RUBBER, label, (0.018, 0.018, 0.019))
    turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    ring = np.stack([np.cos(turn), np.zeros(18), np.sin(turn)], axis=1)
    rows = [(0.62, 0.30), (0.66, 0.5), (0.9, 0.5), (1.0, 0.36), (1.0, -0.36), (0.9, -0.5)]
    points = np.stack([ring * radius * r + np.array([0, width * w, 0]) for r, w in rows])
    tyre = grid(points, dark, closed=True)
    face = disc(
        np.array([0, width * 0.34, 0]), 1, radius * 0.66, Skin(Material.RIM, label, rim_color, spokes), sides=18
    )
    return merge([tyre, face])


def _wheels(kind: CarKind, label: int, spokes: int, color: tuple[float, float, float]) -> list[Mesh]:
    unit = wheel(kind.wheel, 0.20, label, color, spokes)
    found = []
    for axle in kind.axles:
        for side in (1, -1):
            x, y = kind.length / 2 - axle, side * (kind.width / 2 - 0.115)
            found.append(unit.moved(pose(x, y, kind.wheel, 0.0 if side > 0 else np.pi)))
    return found


@lru_cache(maxsize=256)
def car_mesh(seed: int, number: int) -> Mesh:
    """A car of a kind, grey, standing at the origin and heading along x."""
    kind = kinds_of(seed)[number]
    rng = np.random.default_rng([seed, 41, number])
    parts = _body(kind, number, (0.4, 0.4, 0.4))
    inner = kind.width / 2 - 0.22
    dark = Skin(Material.RUBBER, Raw.CAR, (0.008, 0.008, 0.009))
    parts.append(box((0, 0, 0.40), (kind.length - 0.5, 2 * inner, 0.36), dark))
    for axle in kind.axles:
        parts.append(box((kind.length / 2 - axle, 0, 0.52), (0.8, kind.width - 0.12, 0.05), dark))
    bright = float(rng.uniform(0.25, 0.6))
    parts += _wheels(kind, Raw.CAR, int(rng.choice([5, 6, 8, 10])), (bright, bright, bright))
    for side in (1, -1):
        at = np.array([kind.length / 2 - kind.cowl - 0.42, side * (kind.width / 2 + 0.04), kind.belt + 0.07])
        parts.append(
            ellipsoid(at, np.array([0.06, 0.10, 0.07]), Skin(Material.PAINT, Raw.CAR, (0.4, 0.4, 0.4), -1))
        )
    rod = np.array([[0, 0, kind.height - 0.02], [-0.16, 0, kind.height + 0.22]]) + xyz(
        kind.length / 2 - kind.sill + 0.5, 0, 0
    )
    parts.append(tube(rod, 0.006, dark, sides=4))
    return merge(parts)


PAINTS = np.array(
    [
        [0.62, 0.62, 0.61], [0.42, 0.43, 0.44], [0.20, 0.21, 0.22], [0.012, 0.012, 0.014], [0.02, 0.022, 0.03],
        [0.30, 0.015, 0.014], [0.015, 0.03, 0.14], [0.04, 0.10, 0.26], [0.025, 0.09, 0.045], [0.30, 0.25, 0.16],
        [0.55, 0.56, 0.58], [0.10, 0.11, 0.13], [0.62, 0.30, 0.03], [0.13, 0.04, 0.03],
    ],
    np.float32,
)  # fmt: skip
_SHARES = np.array([14, 13, 10, 12, 6, 6, 6, 5, 3, 3, 10, 8, 2, 2], float)


def painted(seed: int, choice: int, *, van: bool = False) -> Mesh:
    """A car of the kind and colour that ``choice`` stands for."""
    rng = np.random.default_rng([seed, 42, choice])
    number = VAN if van else int(rng.choice(6, p=[0.28, 0.2, 0.2, 0.12, 0.1, 0.1]))
    color = PAINTS[rng.choice(len(PAINTS), p=_SHARES / _SHARES.sum())] * rng.uniform(0.85, 1.15)
    mesh = car_mesh(seed, number)
    paint = mesh.material == Material.PAINT
    colors = np.where(paint[:, None], color.astype(np.float32), mesh.color)
    return replace(mesh, color=np.asarray(colors, np.float32))
