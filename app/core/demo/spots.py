"""What stands along one side of a block: parked vehicles, trees, lamps, signs, bins, bicycles."""

from __future__ import annotations

import numpy as np

from app.core.demo.layout import BAY, ROAD, SIDE_ROAD, WALK, Junction, Lot, SidePlan, Spot, rng_of

_BAY_MIDDLE = (ROAD + BAY) / 2 + 0.05


def spots_of(seed: int, block: int, side: SidePlan, after: Junction) -> tuple[Spot, ...]:
    """Every thing of one side, in a fixed order."""
    rng = rng_of(seed, 5 if side.side > 0 else 6, block)
    spots = [
        *_parked(rng, seed, block, side),
        *_trees(rng, side),
        *_lamps(rng, side),
        *_signs(rng, block, side, after),
    ]
    for lot in side.lots:
        spots += _of_lot(rng, lot, side)
    spots += _on_walk(rng, block, side)
    if side.closes:
        spots += _side_street(rng, side, after)
    return tuple(spots)


def _spot(
    rng: np.random.Generator, kind: str, s: float, e: float, side: int, size: float = 1.0, yaw: float = 0.0
) -> Spot:
    return Spot(kind, float(s), float(e), side, int(rng.integers(1 << 30)), float(size), float(yaw))


def _parked(rng: np.random.Generator, seed: int, block: int, side: SidePlan) -> list[Spot]:
    slots: list[float] = []
    for start, stop in side.bays:
        count = int((stop - start) // 5.6)
        slots += list(start + (np.arange(count) + 0.5) * (stop - start) / max(count, 1))
    busy = rng.uniform(0.34, 0.60)
    kinds = ["car" if rng.random() < busy else "" for _ in slots]
    if block == 0:
        for place, kind in zip(_near_start(rng, slots), _first_vehicles(seed, side.side), strict=False):
            kinds[place] = kind
    elif len(slots) > 3 and rng.random() < 0.6:
        kinds[int(rng.integers(len(slots)))] = str(rng.choice(_UNUSUAL))
    found = []
    for s, kind in zip(slots, kinds, strict=True):
        if kind:
            turn = rng.normal(0, 0.015) + (np.pi if rng.random() < 0.12 else 0.0)
            yaw = (0.0 if side.side < 0 else np.pi) + turn
            found.append(
                _spot(rng, kind, s + rng.normal(0, 0.15), _BAY_MIDDLE + rng.normal(0, 0.06), side.side, yaw=yaw)
            )
    return found


_UNUSUAL = ["truck", "trailer", "motorcycles", "van"]


def _first_vehicles(seed: int, side: int) -> list[str]:
    """What is sure to be parked where the drive begins, so that a short drive meets every class."""
    mixed = [_UNUSUAL[k] for k in rng_of(seed, 8, 0).permutation(len(_UNUSUAL))]
    return [*(mixed[:2] if side > 0 else mixed[2:]), "car"]


def _near_start(rng: np.random.Generator, slots: list[float]) -> list[int]:
    """Three of the five slots nearest to the drive's first metres ahead."""
    nearest = np.argsort(np.abs(np.array(slots) - 17.0))[:5]
    return [int(place) for place in rng.permutation(nearest)[:3]]


def _trees(rng: np.random.Generator, side: SidePlan) -> list[Spot]:
    found = []
    for start, stop in side.islands:
        middle = (ROAD + BAY) / 2
        if side.profile == "verge":
            places = np.arange(start + 4, stop - 3, float(rng.uniform(9, 12)))
            found += [
                _spot(rng, "tree", s + rng.normal(0, 0.4), middle, side.side, rng.uniform(0.85, 1.1))
                for s in places
            ]
        elif stop - start > 1.5:
            found.append(_spot(rng, "tree", (start + stop) / 2, middle + 0.35, side.side, rng.uniform(0.95, 1.25)))
            found.append(_spot(rng, "shrubs", (start + stop) / 2, middle, side.side, min(stop - start, 3.0) - 0.5))
    return found


def _lamps(rng: np.random.Generator, side: SidePlan) -> list[Spot]:
    first = side.start + float(rng.uniform(4, 9)) + (6.0 if side.side > 0 else 0.0)
    return [_spot(rng, "lamp", s, BAY + 0.45, side.side) for s in np.arange(first, side.stop - 3, 27.0)]


def _signs(rng: np.random.Generator, block: int, side: SidePlan, after: Junction) -> list[Spot]:
    """Signs face the traffic of their side: right-hand traffic reads those on the right going up in s."""
    ahead = 0.0 if side.side < 0 else np.pi
    faces = ["sign-limit", "sign-parking", "sign-priority", "sign-no-stopping", "sign-children", "sign-zone"]
    places = np.arange(side.start + 6.0, side.stop - 3.0, float(rng.uniform(13, 19)))
    found = [
        _spot(rng, str(rng.choice(faces)), s, BAY + 0.4, side.side, rng.uniform(2.1, 2.4), ahead) for s in places
    ]
    if side.closes:
        along = side.stop - 0.9 if side.side < 0 else side.stop - 0.7
        found.append(_spot(rng, "sign-street", along, WALK - 1.9, side.side, 2.9, np.pi / 4))
    return found


def _of_lot(rng: np.random.Generator, lot: Lot, side: SidePlan) -> list[Spot]:
    middle, width = (lot.start + lot.stop) / 2, lot.stop - lot.start
    found = []
    if lot.kind == "parking":
        count = int((width - 2.0) // 2.7)
        for k in range(count):
            if rng.random() < 0.75:
                yaw = np.pi / 2 * side.side * (1 if rng.random() < 0.7 else -1)
                s = middle + (k - (count - 1) / 2) * 2.7
                found.append(_spot(rng, "car", s, WALK + 7.2 + rng.normal(0, 0.2), side.side, yaw=yaw))
        found += [_spot(rng, "bush", middle + x, WALK + 11, side.side, 1.6) for x in (-width / 3, 0.0, width / 3)]
    elif lot.kind == "yard":
        found.append(_spot(rng, "tree", middle - width / 4, WALK + 6.5, side.side, 0.95))
        found.append(_spot(rng, "bush", middle + width / 3, WALK + 8.0, side.side, 1.5))
        found.append(_spot(rng, "bicycles", middle, WALK + 1.1, side.side, yaw=np.pi / 2))
    else:
        trees = 3 if lot.kind == "garden" else int(rng.integers(0, 2))
        for _ in range(trees):
            free = lot.kind == "garden"
            e = rng.uniform(WALK + 3, WALK + 12) if free else WALK + (lot.front - WALK) * 0.4
            size = rng.uniform(0.6, 0.9) if free else rng.uniform(0.42, 0.58)
            found.append(_spot(rng, "tree", rng.uniform(lot.start + 2, lot.stop - 2), e, side.side, size))
        for _ in range(int(rng.integers(1, 4))):
            e = rng.uniform(WALK + 1.2, max(lot.front - 1.2, WALK + 1.4))
            found.append(
                _spot(rng, "bush", rng.uniform(lot.start + 1, lot.stop - 1), e, side.side, rng.uniform(0.5, 0.9))
            )
    for _ in range(2):
        s = rng.uniform(lot.start + 1, lot.stop - 1)
        found.append(_spot(rng, "backtree", s, rng.uniform(30, 46), side.side, rng.uniform(0.9, 1.4)))
    return found


def _on_walk(rng: np.random.Generator, block: int, side: SidePlan) -> list[Spot]:
    found = []
    span = side.start + 4, side.stop - 4
    for kind, chance in (("bin", 0.8), ("cabinet", 0.6), ("bicycle", 0.8), ("stander", 0.5), ("bollards", 0.6)):
        if rng.random() < chance or (block == 0 and kind == "bicycle"):
            e = WALK - 0.5 if kind in ("bin", "cabinet", "bicycle") else BAY + 0.5
            yaw = 0.0 if kind != "stander" else rng.uniform(0, 2 * np.pi)
            found.append(_spot(rng, kind, rng.uniform(*span), e, side.side, yaw=yaw))
    if block == 0:
        found.append(_spot(rng, "bicycle", 11.0 + rng.uniform(0, 6), BAY + 0.45, side.side, yaw=rng.normal(0, 0.1)))
    return found


def _side_street(rng: np.random.Generator, side: SidePlan, after: Junction) -> list[Spot]:
    """Cars and trees down the side street, and what closes the view at its end."""
    found = []
    for e in np.arange(16.0, 46.0, 6.0):
        for edge in (-1, 1):
            if rng.random() < 0.45:
                s = after.s + edge * (SIDE_ROAD - 0.95)
                found.append(
                    _spot(rng, "car", s, e + rng.normal(0, 0.3), side.side, yaw=np.pi / 2 * edge * side.side)
                )
            if rng.random() < 0.35:
                s = after.s + edge * (SIDE_ROAD + 2.9)
                found.append(_spot(rng, "tree", s, e + 3.0, side.side, rng.uniform(0.6, 0.85)))
    found += [
        _spot(rng, "backtree", after.s + s, 54 + rng.uniform(-1, 1), side.side, 1.2) for s in (-6.0, 0.0, 6.0)
    ]
    found.append(
        _spot(rng, "sign-yield", after.s - side.side * (SIDE_ROAD + 0.4), WALK + 0.6, side.side, 2.2, np.pi / 2)
    )
    found.append(_spot(rng, "sign-island", after.s, 7.9, side.side, 0.9, 0.0))
    return found
