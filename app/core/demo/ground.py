"""The ground of a block: road, bays, pavements, gardens, kerbs and paint, laid out in street coordinates."""

from __future__ import annotations

import numpy as np

from app.core.demo.layout import (
    BAY,
    DEEP,
    KERB,
    ROAD,
    SIDE_ROAD,
    SIDE_WALK,
    WALK,
    BlockPlan,
    Junction,
    Lot,
    SidePlan,
    rng_of,
)
from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, merge
from app.core.demo.shapes import grid
from app.core.demo.streetline import StreetLine

_CROWN = 0.06
_PAINT = 0.004
"""Markings lie this far above the road, so that a ray meets them first."""

ASPHALT = Skin(Material.ASPHALT, Raw.ROAD, (0.13, 0.13, 0.135))
PAINT = Skin(Material.MARKING, Raw.LANE_MARKING, (0.62, 0.62, 0.60))
BAYS = Skin(Material.PAVERS, Raw.PARKING, (0.24, 0.22, 0.21))
SLABS = Skin(Material.SLABS, Raw.SIDEWALK, (0.30, 0.29, 0.28))
STONE = Skin(Material.KERB, Raw.SIDEWALK, (0.38, 0.37, 0.35))
GRASS = Skin(Material.GRASS, Raw.TERRAIN, (0.10, 0.15, 0.045))
GRAVEL = Skin(Material.GRAVEL, Raw.OTHER_GROUND, (0.36, 0.33, 0.28))
ISLAND = Skin(Material.PAVERS, Raw.OTHER_GROUND, (0.33, 0.19, 0.15))
EARTH = Skin(Material.GRASS, Raw.TERRAIN, (0.09, 0.09, 0.05))


def crown(d: Array | float) -> Array:
    """Height of the road's crown above its edges at ``d`` from the middle."""
    part = np.clip(np.abs(np.asarray(d, np.float64)) / ROAD, 0, 1)
    return np.asarray(_CROWN * (1 - part**2))


class Ground:
    """Collects nets in street coordinates and bends them into the world."""

    def __init__(self, line: StreetLine) -> None:
        self._line = line
        self._parts: list[Mesh] = []

    def net(self, points: Array, skin: Skin) -> None:
        """A smooth (N, M, 3) net of street coordinates."""
        rows, columns = points.shape[:2]
        world = self._line.bend(points.reshape(-1, 3)).reshape(rows, columns, 3)
        self._parts.append(grid(world, skin, local=points))

    def patch(self, s: tuple[float, float], e: tuple[float, float], side: int, h: float, skin: Skin) -> None:
        """A level rectangle; ``e`` counts outwards on that side."""
        d = np.sort(np.array([e[0], e[1]]) * side)
        along = _breaks(*s)
        across = np.linspace(d[0], d[1], max(2, int(np.ceil((d[1] - d[0]) / 6.0)) + 1))
        points = np.stack(
            [*np.meshgrid(along, across, indexing="ij"), np.full((len(along), len(across)), h)], axis=-1
        )
        self.net(points, skin)

    def kerb(self, path: Array, inward: Array, skin: Skin = STONE, high: float = KERB, low: float = 0.0) -> None:
        """A kerb stone along a (K, 2) path of (s, d); ``inward`` (K, 2) points from the road to the kerb's body."""
        deep = path + inward * 0.14
        rows = [
            np.column_stack([path, np.full(len(path), low - 0.03)]),
            np.column_stack([path, np.full(len(path), high)]),
        ]
        self.net(np.stack(rows, axis=1), skin)
        top = [
            np.column_stack([path, np.full(len(path), high)]),
            np.column_stack([deep, np.full(len(path), high + 0.004)]),
        ]
        self.net(np.stack(top, axis=1), skin)

    def mesh(self) -> Mesh:
        """All that was laid."""
        return merge(self._parts)


def _between(a: float, b: float) -> tuple[float, float]:
    return (a, b) if a < b else (b, a)


def _breaks(start: float, stop: float) -> Array:
    """Stations every 2 m at the same places for every strip, so that neighbours share their corners."""
    inner = np.arange(np.ceil(start / 2.0 + 1e-6) * 2.0, stop - 1e-6, 2.0)
    return np.concatenate([[start], inner, [stop]])


def ground_mesh(seed: int, line: StreetLine, plan: BlockPlan) -> Mesh:
    """The whole ground of a block, side streets of its closing junction included."""
    ground = Ground(line)
    _road(ground, plan)
    for side in plan.sides:
        _side(ground, side)
        if side.closes:
            _side_street(ground, plan.after, side.side)
    _markings(ground, plan, rng_of(seed, 7, plan.number))
    under = _breaks(plan.before.s - 4, plan.after.s + 4)
    across = np.linspace(-DEEP - 2, DEEP + 2, 9)
    flat = np.stack([*np.meshgrid(under, across, indexing="ij"), np.full((len(under), 9), -0.12)], axis=-1)
    ground.net(flat, EARTH)
    return ground.mesh()


def _road(ground: Ground, plan: BlockPlan) -> None:
    along = _breaks(plan.before.s, plan.after.s)
    across = np.linspace(-ROAD, ROAD, 9)
    s, d = np.meshgrid(along, across, indexing="ij")
    ground.net(np.stack([s, d, crown(d)], axis=-1), ASPHALT)


def _straight(start: float, stop: float, d: float) -> Array:
    along = _breaks(start, stop)
    return np.column_stack([along, np.full(len(along), d)])


def _outward(path: Array, side: int) -> Array:
    return np.broadcast_to(np.array([0.0, float(side)]), path.shape)


def _side(ground: Ground, plan: SidePlan) -> None:
    side, high = plan.side, KERB
    first = plan.bays[0][0] if plan.bays else plan.stop
    last = max(plan.bays[-1][1], plan.islands[-1][1] if plan.islands else 0.0) if plan.bays else plan.stop
    verge = plan.profile == "verge"
    if verge:
        start, stop = plan.islands[0]
        ground.patch((start, stop), (ROAD + 0.14, BAY), side, high, GRASS)
        first, last = start, stop
    for start, stop in plan.bays:
        ground.patch((start, stop), (ROAD, BAY), side, 0.015, BAYS)
        edge = _straight(start, stop, side * BAY)
        ground.kerb(edge, _outward(edge, side))
    if not verge:
        for start, stop in plan.islands:
            ground.patch((start, stop), (ROAD + 0.14, BAY), side, high - 0.01, GRASS)
            front = _straight(start, stop, side * ROAD)
            ground.kerb(front, _outward(front, side))
            for s, into in ((start, 1.0), (stop, -1.0)):
                edge = np.array([[s, side * ROAD], [s, side * BAY]])
                ground.kerb(edge, np.array([[into, 0.0], [into, 0.0]]))
    else:
        front = _straight(first, last, side * ROAD)
        ground.kerb(front, _outward(front, side))
    ground.patch((plan.start, plan.stop), (BAY, WALK), side, high, SLABS)
    for start, stop, corner in ((plan.start, first, plan.opens), (last, plan.stop, plan.closes)):
        if corner and stop > start:
            _corner(ground, plan, start, stop, closing=stop == plan.stop)
    for lot in plan.lots:
        _land(ground, lot, side)
    _fill(ground, plan)


def _corner(ground: Ground, plan: SidePlan, start: float, stop: float, *, closing: bool) -> None:
    """The built-out pavement at a junction, its corner rounded."""
    side, radius = plan.side, 2.2
    tip, into = (stop, -1.0) if closing else (start, 1.0)
    base = tip + into * radius
    ground.patch(_between(base, start if closing else stop), (ROAD, BAY), side, KERB, SLABS)
    turn = np.linspace(0, np.pi / 2, 9)
    middle = np.array([base, side * (ROAD + radius)])
    arc = middle + np.column_stack([-into * np.sin(turn), -side * np.cos(turn)]) * radius
    fan = np.stack([arc, np.broadcast_to(middle, arc.shape)], axis=1)
    ground.net(np.concatenate([fan, np.full((*fan.shape[:2], 1), KERB)], axis=-1), SLABS)
    ground.kerb(arc, (middle - arc) / radius)
    edge = _straight(*_between(base, start if closing else stop), side * ROAD)
    ground.kerb(edge, _outward(edge, side))
    end = start if closing else stop
    if plan.bays:
        cut = np.array([[end, side * ROAD], [end, side * BAY]])
        ground.kerb(cut, np.array([[-into, 0.0], [-into, 0.0]]))
    beyond = np.array([[tip, side * (ROAD + radius)], [tip, side * WALK]])
    ground.kerb(beyond, np.array([[into, 0.0], [into, 0.0]]))
    # Asphalt under the rounded-off corner.
    ground.patch(_between(tip, base), (ROAD, ROAD + radius), side, 0.0, ASPHALT)


def _land(ground: Ground, lot: Lot, side: int) -> None:
    s = (lot.start, lot.stop)
    if lot.kind == "parking":
        ground.patch(s, (WALK, WALK + 4.6), side, KERB, Skin(Material.ASPHALT, Raw.PARKING, (0.16, 0.16, 0.16)))
        ground.patch(s, (WALK + 4.6, WALK + 9.8), side, KERB, BAYS)
        ground.patch(s, (WALK + 9.8, DEEP), side, KERB, GRASS)
    elif lot.kind == "yard":
        ground.patch(s, (WALK, WALK + 13), side, KERB, GRAVEL)
        ground.patch(s, (WALK + 13, DEEP), side, KERB, GRASS)
    else:
        middle = lot.start + (lot.stop - lot.start) * 0.3
        ground.patch((lot.start, middle - 0.8), (WALK, DEEP), side, KERB + 0.02, GRASS)
        ground.patch((middle - 0.8, middle + 0.8), (WALK, lot.front + 2), side, KERB + 0.03, SLABS)
        ground.patch((middle - 0.8, middle + 0.8), (lot.front + 2, DEEP), side, KERB + 0.02, GRASS)
        ground.patch((middle + 0.8, lot.stop), (WALK, DEEP), side, KERB + 0.02, GRASS)


def _fill(ground: Ground, plan: SidePlan) -> None:
    """Land that no lot covers (an end too narrow for one) is grass."""
    start = plan.start + (SIDE_WALK if plan.opens else 0.0)
    stop = plan.stop - (SIDE_WALK if plan.closes else 0.0)
    at = plan.lots[-1].stop if plan.lots else start
    if stop - at > 0.01:
        ground.patch((at, stop), (WALK, DEEP), plan.side, KERB + 0.02, GRASS)
    for yes, s in ((plan.opens, plan.start), (plan.closes, plan.stop - SIDE_WALK)):
        if yes:
            ground.patch((s, s + SIDE_WALK), (WALK, DEEP), plan.side, KERB, SLABS)


def _side_street(ground: Ground, after: Junction, side: int) -> None:
    low, high = after.s - SIDE_ROAD, after.s + SIDE_ROAD
    ground.patch((low, high), (ROAD, DEEP), side, 0.0, ASPHALT)
    for s, into in ((low, -1.0), (high, 1.0)):
        out = np.linspace(WALK, DEEP, 9)
        path = np.column_stack([np.full(9, s), side * out])
        ground.kerb(path, np.broadcast_to([into, 0.0], path.shape))
    turn = np.linspace(0, 2 * np.pi, 25)
    ring = np.column_stack([after.s + 0.75 * np.cos(turn), side * (9.6 + 2.2 * np.sin(turn))])
    middle = np.array([after.s, side * 9.6])
    fan = np.stack([ring, np.broadcast_to(middle, ring.shape)], axis=1)
    ground.net(np.concatenate([fan, np.full((*fan.shape[:2], 1), KERB)], axis=-1), ISLAND)
    ground.kerb(ring, (middle - ring) / np.linalg.norm(middle - ring, axis=1, keepdims=True), skin=ISLAND)


def _markings(ground: Ground, plan: BlockPlan, rng: np.random.Generator) -> None:
    def line(s: tuple[float, float], d: tuple[float, float], h: float = 0.0) -> None:
        along, across = _breaks(*s), np.linspace(d[0], d[1], 2)
        ss, dd = np.meshgrid(along, across, indexing="ij")
        ground.net(np.stack([ss, dd, crown(dd) + h + _PAINT], axis=-1), PAINT)

    start, stop = plan.before.s + 7, plan.after.s - 9
    for s in np.arange(start, stop, 7.5):
        line((float(s), float(s) + 3.2), (-0.06, 0.06))
    if plan.after.zebra:
        for d in np.arange(-3.0, 3.01, 1.0):
            line((plan.after.s - 7.6, plan.after.s - 4.6), (d - 0.25, d + 0.25))
    for side in plan.sides:
        for begin, end in side.bays:
            count = int((end - begin) // 5.6)
            for s in np.linspace(begin, end, count + 1)[1:-1]:
                edge = np.sort(np.array([ROAD, BAY - 0.2]) * side.side)
                line((float(s) - 0.05, float(s) + 0.05), (edge[0], edge[1]), 0.015)
        if side.closes:
            mouth = np.sort(np.array([ROAD + 0.1, ROAD + 0.5]) * side.side)
            half = 1.0 if side.side < 0 else -1.0
            for k in np.arange(0.2, SIDE_ROAD - 0.3, 0.75):
                s = sorted((plan.after.s + half * k, plan.after.s + half * (k + 0.45)))
                line((s[0], s[1]), (mouth[0], mouth[1]))
