"""The plan of one block: where its junction, bays, lots and things stand. Numbers only, no meshes.

A block is the stretch of street between two junction centres. Every decision comes from the seed and
the block's number alone, so that a drive of any length meets the same street.
Positions are (s, e, side): metres along the street, metres out from its middle, +1 left or −1 right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLOCK = 60.0
NEAREST_JUNCTION = 36.0
"""Every block's junction lies this far or up to 6 m farther past the block's number times ``BLOCK``."""
ROAD = 3.6
"""Half width of the road."""
SIDE_ROAD = 2.9
"""Half width of a side street."""
BAY = 6.0
"""Outer edge of the parking bays."""
WALK = 8.6
"""Outer edge of the pavement."""
SIDE_WALK = 2.0
"""Width of a side street's pavements."""
DEEP = 58.0
"""How far out the ground and the side streets reach."""
KERB = 0.12
CORNER = 7.0
"""Length of the built-out pavement before a junction."""


@dataclass(frozen=True)
class Junction:
    """Where a side street meets the street: its middle, and on which sides it leaves."""

    s: float
    left: bool
    right: bool
    zebra: bool

    def on(self, side: int) -> bool:
        """Whether a side street leaves on that side."""
        return self.left if side > 0 else self.right


@dataclass(frozen=True)
class Spot:
    """One thing to stand somewhere: ``kind`` names what, ``size`` how large, ``seed`` its own choices."""

    kind: str
    s: float
    e: float
    side: int
    seed: int
    size: float = 1.0
    yaw: float = 0.0


@dataclass(frozen=True)
class Lot:
    """A piece of land behind the pavement: from ``start`` to ``stop`` along s."""

    kind: str
    start: float
    stop: float
    seed: int
    front: float
    """Distance of the building's front from the middle of the street."""


@dataclass(frozen=True)
class SidePlan:
    """One side of a block: land between ``start`` and ``stop``; ``bays`` of the parking strip with its
    islands between; ``lots`` behind; ``border`` is what parts front gardens from the pavement."""

    side: int
    start: float
    stop: float
    opens: bool
    closes: bool
    profile: str
    bays: tuple[tuple[float, float], ...]
    islands: tuple[tuple[float, float], ...]
    lots: tuple[Lot, ...]
    border: str


@dataclass(frozen=True)
class BlockPlan:
    """One block between the junctions ``before`` and ``after``."""

    number: int
    before: Junction
    after: Junction
    sides: tuple[SidePlan, SidePlan]


def rng_of(seed: int, topic: int, block: int) -> np.random.Generator:
    """The generator of one topic of one block."""
    return np.random.default_rng([seed, topic, block + 10_000])


def junction(seed: int, block: int) -> Junction:
    """The junction at the end of a block."""
    rng = rng_of(seed, 2, block)
    place = block * BLOCK + NEAREST_JUNCTION + rng.uniform(0, 6)
    kind = rng.choice(4, p=[0.34, 0.28, 0.28, 0.1])
    if block == 0 and kind == 3:
        kind = 0
    return Junction(float(place), kind in (0, 1), kind in (0, 2), bool(rng.random() < 0.5 or block == 0))


def plan_block(seed: int, block: int) -> BlockPlan:
    """Plan a block."""
    before, after = junction(seed, block - 1), junction(seed, block)
    left = _plan_side(seed, block, before, after, 1)
    right = _plan_side(seed, block, before, after, -1)
    return BlockPlan(block, before, after, (left, right))


def _plan_side(seed: int, block: int, before: Junction, after: Junction, side: int) -> SidePlan:
    rng = rng_of(seed, 3 if side > 0 else 4, block)
    opens, closes = before.on(side), after.on(side)
    start = before.s + (SIDE_ROAD if opens else 0.0)
    stop = after.s - (SIDE_ROAD if closes else 0.0)
    profile = "bays" if block == 0 or rng.random() < 0.7 else "verge"
    bays, islands = _strip(
        rng, start + (CORNER if opens else 0.0), stop - (CORNER if closes else 0.0), profile == "bays"
    )
    lots = _lots(rng, block, side, start + (SIDE_WALK if opens else 0.0), stop - (SIDE_WALK if closes else 0.0))
    border = str(rng.choice(["hedge", "pickets", "rails", "wall"], p=[0.4, 0.2, 0.25, 0.15]))
    return SidePlan(side, start, stop, opens, closes, profile, bays, islands, lots, border)


def _strip(
    rng: np.random.Generator, start: float, stop: float, bays: bool
) -> tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]:
    """Cut the strip beside the road into bays of two or three cars with islands between, or one verge."""
    if not bays:
        return (), ((start, stop),)
    parts: list[tuple[float, float]] = []
    islands: list[tuple[float, float]] = []
    at = start
    while stop - at > 6.0:
        length = min(float(rng.choice([11.4, 17.1, 11.4])), stop - at)
        if 0 < stop - at - length < 5.0:
            length = stop - at
        parts.append((at, at + length))
        at += length
        if stop - at > 8.0:
            islands.append((at, at + 2.4))
            at += 2.4
    if stop - at > 0.1:
        islands.append((at, stop))
    return tuple(parts), tuple(islands)


def _lots(rng: np.random.Generator, block: int, side: int, start: float, stop: float) -> tuple[Lot, ...]:
    lots: list[Lot] = []
    at, front = start, float(rng.choice([11.8, 12.8, 14.4]))
    open_land = 0
    while stop - at > 4.0:
        width = float(rng.uniform(11, 20))
        if stop - at - width < 9.0:
            width = stop - at
        kinds, chance = ["house", "row", "flats", "parking", "yard", "garden"], [0.34, 0.26, 0.18, 0.07, 0.05, 0.10]
        kind = str(rng.choice(kinds, p=chance))
        if kind in ("parking", "yard", "garden"):
            open_land += 1
            if open_land > 1:
                kind = "house"
        lots.append(Lot(kind, at, at + width, int(rng.integers(1 << 30)), front + float(rng.uniform(-0.6, 0.6))))
        at += width
    if block == 0 and side < 0 and lots and not any(lot.kind in ("yard",) for lot in lots):
        # The first drive meets every class: a gravelled yard (other-ground) on the ego's side.
        index = min(range(len(lots)), key=lambda i: abs((lots[i].start + lots[i].stop) / 2 - 12.0))
        old = lots[index]
        lots[index] = Lot("yard", old.start, old.stop, old.seed, old.front)
    return tuple(lots)
