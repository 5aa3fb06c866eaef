"""One block of street as a mesh: its ground, houses, borders and everything that stands there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.core.demo import furniture, large_vehicles, plants, two_wheelers
from app.core.demo.buildings import design, house_mesh
from app.core.demo.cars import painted
from app.core.demo.ground import ground_mesh
from app.core.demo.layout import KERB, WALK, Lot, SidePlan, Spot, plan_block
from app.core.demo.materials import Raw
from app.core.demo.mesh import Mesh, merge, pose
from app.core.demo.people import stander
from app.core.demo.spots import spots_of
from app.core.demo.streetline import StreetLine

_PER_BLOCK = 128
_BLOCKS = 250


@dataclass(frozen=True)
class _Site:
    """Where a block is built: the street's seed and line."""

    seed: int
    line: StreetLine

    def stand(self, mesh: Mesh, s: float, e: float, side: int, h: float, yaw: float) -> Mesh:
        """A mesh set down at (s, e) of a side, turned by ``yaw`` from the street's heading."""
        return mesh.moved(self.line.place(s, side * e, h, yaw))

    def frontage(self, mesh: Mesh, start: float, stop: float, e: float, side: int, h: float) -> Mesh:
        """A mesh whose x runs along the street and whose y leads away from it, from ``start`` to ``stop``."""
        if side > 0:
            return mesh.moved(self.line.place((start + stop) / 2, e, h) @ pose(-(stop - start) / 2, 0))
        return mesh.moved(self.line.place((start + stop) / 2, -e, h, np.pi) @ pose(-(stop - start) / 2, 0))


def block_mesh(seed: int, line: StreetLine, number: int) -> Mesh:
    """Everything in block ``number`` that never moves, in world coordinates."""
    plan = plan_block(seed, number)
    site = _Site(seed, line)
    parts = [ground_mesh(seed, line, plan)]
    instance = _first_instance(number)
    for side in plan.sides:
        for lot in side.lots:
            parts += _lot(site, lot, side)
        for spot in spots_of(seed, number, side, plan.after):
            for mesh in _spot(site, spot):
                if int(mesh.label[0]) in _THINGS:
                    instance += 1
                    mesh = mesh.marked(instance=instance)
                parts.append(mesh)
    return merge(parts)


_THINGS = {Raw.CAR, Raw.BICYCLE, Raw.MOTORCYCLE, Raw.TRUCK, Raw.OTHER_VEHICLE, Raw.BUS, Raw.PERSON}


def _first_instance(number: int) -> int:
    """Instance ids of a block start here; they repeat after 250 blocks (15 km)."""
    return (number % _BLOCKS) * _PER_BLOCK


def _lot(site: _Site, lot: Lot, side: SidePlan) -> list[Mesh]:
    width = lot.stop - lot.start
    parts: list[Mesh] = []
    if lot.kind in ("house", "row", "flats"):
        gap = {"house": 2.6, "row": 0.0, "flats": 1.2}[lot.kind]
        start, stop = lot.start + gap / 2, lot.stop - gap / 2
        house = house_mesh(design(lot.kind, stop - start, lot.seed))
        parts.append(site.frontage(house, start, stop, lot.front, side.side, KERB))
    if lot.kind in ("house", "row", "flats", "garden"):
        door = width * 0.3
        for a, b in ((0.1, door - 0.8), (door + 0.8, width - 0.1)):
            if b - a > 0.6:
                strip = _border(side.border, b - a, lot.seed)
                parts.append(site.frontage(strip, lot.start + a, lot.start + b, WALK + 0.4, side.side, KERB))
    elif lot.kind == "yard":
        fence = furniture.fence_mesh("rails", width - 0.4, lot.seed)
        parts.append(site.frontage(fence, lot.start + 0.2, lot.stop - 0.2, WALK + 13.2, side.side, KERB))
    else:
        hedge = _border("hedge", width - 0.4, lot.seed)
        parts.append(site.frontage(hedge, lot.start + 0.2, lot.stop - 0.2, WALK + 10.4, side.side, KERB))
    return parts


def _border(kind: str, length: float, seed: int) -> Mesh:
    rng = np.random.default_rng([seed, 55])
    if kind == "hedge":
        base = plants.GREENS[int(rng.integers(len(plants.GREENS)))] * 0.8
        return plants.green(plants.hedge_mesh(length, rng.uniform(0.8, 1.5), 0.7, rng), rng, base)
    return furniture.fence_mesh(kind, length, seed)


def _spot(site: _Site, spot: Spot) -> list[Mesh]:
    """The meshes of one spot, each of them one thing."""
    maker = _MAKERS.get(spot.kind.split("-")[0])
    if maker is None:
        raise KeyError(f"nothing is known to stand at a '{spot.kind}' spot")
    return maker(site, spot)


def _upright(site: _Site, spot: Spot, mesh: Mesh, h: float = KERB) -> list[Mesh]:
    return [site.stand(mesh, spot.s, spot.e, spot.side, h, spot.yaw)]


def _car(site: _Site, spot: Spot) -> list[Mesh]:
    height = KERB if spot.e > WALK and abs(abs(spot.yaw) - np.pi / 2) < 0.2 else 0.015
    return _upright(site, spot, painted(site.seed, spot.seed % 4096, van=spot.kind == "van"), height)


def _tree(site: _Site, spot: Spot) -> list[Mesh]:
    rng = np.random.default_rng([spot.seed, 62])
    if spot.kind == "backtree":
        stock = plants.far_prototypes(site.seed)
    else:
        stock = plants.prototypes(site.seed) if spot.e < WALK else plants.garden_prototypes(site.seed)
    mesh = plants.green(stock[int(rng.integers(len(stock)))], rng)
    grown = mesh.moved(pose(0, 0, 0, rng.uniform(0, 2 * np.pi), spot.size * rng.uniform(0.9, 1.1)))
    return _upright(site, spot, grown)


def _bush(site: _Site, spot: Spot) -> list[Mesh]:
    rng = np.random.default_rng([spot.seed, 63])
    return _upright(site, spot, plants.green(plants.bush_mesh(spot.size, rng), rng))


def _shrubs(site: _Site, spot: Spot) -> list[Mesh]:
    """Low planting that fills an island."""
    rng = np.random.default_rng([spot.seed, 64])
    found = []
    for s in np.arange(-spot.size / 2 + 0.3, spot.size / 2, 0.7):
        for e in (-0.6, 0.3):
            mesh = plants.green(plants.bush_mesh(rng.uniform(0.28, 0.42), rng), rng)
            found.append(site.stand(mesh, spot.s + float(s), spot.e + e + rng.normal(0, 0.1), spot.side, KERB, 0.0))
    return found


def _lamp(site: _Site, spot: Spot) -> list[Mesh]:
    rng = np.random.default_rng([spot.seed, 65])
    towards = -np.pi / 2 * spot.side
    return [site.stand(furniture.lamp_mesh(rng.uniform(6.5, 7.5)), spot.s, spot.e, spot.side, KERB, towards)]


def _sign(site: _Site, spot: Spot) -> list[Mesh]:
    return _upright(site, spot, furniture.sign_mesh(spot.kind.removeprefix("sign-"), spot.size))


def _motorcycles(site: _Site, spot: Spot) -> list[Mesh]:
    rng = np.random.default_rng([spot.seed, 66])
    found = []
    for k in range(3):
        mesh = two_wheelers.leaning(two_wheelers.motorcycle_mesh(spot.seed + k), 0.16)
        yaw = np.pi / 2 * spot.side + rng.normal(0.15, 0.08)
        found.append(site.stand(mesh, spot.s + (k - 1) * 1.2, spot.e, spot.side, 0.015, yaw))
    return found


def _bicycles(site: _Site, spot: Spot) -> list[Mesh]:
    stand = site.stand(furniture.stand_mesh(), spot.s, spot.e, spot.side, KERB, 0.0)
    found = [stand]
    for k in (-2, -1, 1):
        mesh = two_wheelers.leaning(two_wheelers.bicycle_mesh(spot.seed + k + 2), 0.06)
        found.append(site.stand(mesh, spot.s + k * 0.7 + 0.1, spot.e, spot.side, KERB, spot.yaw))
    return found


_MAKERS: dict[str, Callable[[_Site, Spot], list[Mesh]]] = {
    "car": _car,
    "van": _car,
    "truck": lambda site, spot: _upright(site, spot, large_vehicles.truck_mesh(spot.seed, Raw.TRUCK), 0.015),
    "trailer": lambda site, spot: _upright(
        site, spot, large_vehicles.trailer_mesh(spot.seed, Raw.OTHER_VEHICLE), 0.015
    ),
    "motorcycles": _motorcycles,
    "bicycles": _bicycles,
    "bicycle": lambda site, spot: _upright(
        site, spot, two_wheelers.leaning(two_wheelers.bicycle_mesh(spot.seed), 0.08)
    ),
    "tree": _tree,
    "backtree": _tree,
    "bush": _bush,
    "shrubs": _shrubs,
    "lamp": _lamp,
    "sign": _sign,
    "bin": lambda site, spot: _upright(site, spot, furniture.bin_mesh(spot.seed)),
    "cabinet": lambda site, spot: _upright(site, spot, furniture.cabinet_mesh()),
    "bollards": lambda site, spot: _upright(site, spot, furniture.bollards_mesh()),
    "stander": lambda site, spot: _upright(site, spot, stander(spot.seed)),
}
