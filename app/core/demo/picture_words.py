"""What a picture of the demo camera shows in the words of :mod:`~app.core.demo.captions`, pixel by pixel.

Plants, poles and houses carry no instance: the street's plan knows where each stands, how large it is and what.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.buildings import design
from app.core.demo.captions import COLORS, KINDS, LARGE, SMALL, STATES
from app.core.demo.furniture import FACES
from app.core.demo.layout import BLOCK, NEAREST_JUNCTION, ROAD, plan_block
from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array
from app.core.demo.picture_truth import NOTHING, PictureTruth
from app.core.demo.spots import spots_of

_KIND = {name: number for number, name in enumerate(KINDS)}
_STATE = {name: number for number, name in enumerate(STATES)}
_CAR_PARTS = 8
_SMALL_CAR, _LARGE_CARS, _VAN = 3, (4, 5, 6), 6
_CHILD = 1.47
"""People shorter than this are children."""


@dataclass(frozen=True)
class PictureWords:
    """Per pixel (H, W): ``kind`` uint8 into KINDS (0 none), ``color`` uint8 into COLORS (0 not clear), ``size``
    uint8 (0 not said, SMALL, LARGE), ``state`` uint8 into STATES (0 not said), ``thing`` int32: equal for pixels
    of one thing, 0 for ground and what has no end."""

    kind: Array
    color: Array
    size: Array
    state: Array
    thing: Array


def picture_words(seed: int, truth: PictureTruth) -> PictureWords:
    """The words of each pixel of a picture of the world of ``seed``."""
    kind = _kinds(truth)
    size = np.zeros(kind.shape, np.uint8)
    state = np.zeros(kind.shape, np.uint8)
    thing = truth.instance.astype(np.int32)
    _instances(truth, kind, size, state)
    plan = _Plan.near(seed, truth.street[..., 0])
    _plants_and_poles(truth, plan, kind, size, thing)
    _houses(truth, plan, size, thing)
    return PictureWords(kind, _colors(truth, kind), size, state, thing * 64 + truth.classes)


_BY_LABEL = {
    Raw.CAR: "car", Raw.MOVING_CAR: "car", Raw.BICYCLE: "bicycle", Raw.MOTORCYCLE: "motorcycle", Raw.TRUCK: "truck",
    Raw.MOVING_TRUCK: "truck", Raw.BUS: "bus", Raw.MOVING_BUS: "bus", Raw.OTHER_VEHICLE: "caravan",
    Raw.PERSON: "adult", Raw.MOVING_PERSON: "adult", Raw.BICYCLIST: "bicyclist", Raw.MOVING_BICYCLIST: "bicyclist",
    Raw.MOTORCYCLIST: "motorcyclist", Raw.MOVING_MOTORCYCLIST: "motorcyclist", Raw.ROAD: "asphalt",
    Raw.LANE_MARKING: "road marking", Raw.PARKING: "parking", Raw.SIDEWALK: "pavement", Raw.OTHER_GROUND: "gravel",
    Raw.BUILDING: "building part", Raw.FENCE: "low wall", Raw.VEGETATION: "tree", Raw.TRUNK: "trunk",
    Raw.TERRAIN: "grass", Raw.POLE: "sign pole", Raw.TRAFFIC_SIGN: "sign back", Raw.OTHER_OBJECT: "bin",
}  # fmt: skip
_BY_MATERIAL = (
    (Raw.SIDEWALK, Material.KERB, "kerb"), (Raw.OTHER_GROUND, Material.PAVERS, "island"),
    (Raw.OTHER_GROUND, Material.KERB, "island"), (Raw.BUILDING, Material.PLASTER, "plaster wall"),
    (Raw.BUILDING, Material.BRICK, "brick wall"), (Raw.BUILDING, Material.WINDOW, "window"),
    (Raw.BUILDING, Material.DOOR, "door"), (Raw.BUILDING, Material.ROOF, "roof"),
    (Raw.FENCE, Material.WOOD, "wooden fence"), (Raw.FENCE, Material.METAL, "metal fence"),
    (Raw.OTHER_OBJECT, Material.METAL, "bicycle stand"),
)  # fmt: skip
_SIGNS = dict(zip(FACES, (
    "speed limit sign", "parking sign", "priority sign", "no stopping sign", "warning sign", "zone sign",
    "street sign", "yield sign", "arrow sign"), strict=True))  # fmt: skip


def _kinds(truth: PictureTruth) -> Array:
    """(H, W) uint8 kinds as far as label, material and code tell them."""
    table = np.zeros(1 << 16, np.uint8)
    for raw, name in _BY_LABEL.items():
        table[raw] = _KIND[name]
    kind = table[truth.label]
    kind[truth.material == NOTHING] = _KIND["sky"]
    for raw, material, name in _BY_MATERIAL:
        kind[(truth.label == raw) & (truth.material == material)] = _KIND[name]
    plate = truth.material == Material.SIGN
    for code, face in enumerate(FACES):
        kind[plate & (truth.code == code)] = _KIND[_SIGNS[face]]
    kind[plate & (truth.code >= len(FACES))] = _KIND["parking sign"]
    return kind


def _instances(truth: PictureTruth, kind: Array, size: Array, state: Array) -> None:
    """Fill in what only the whole of a thing tells: vans, trailers, children, who moves."""
    for number, rows in _rows_of(truth.instance).items():
        label = int(np.bincount(truth.label[rows]).argmax())
        mine = kind[rows]
        tall = truth.tall.get(int(number), 0.0)
        if label in (Raw.CAR, Raw.MOVING_CAR):
            painted = (truth.material[rows] == Material.PAINT) & (truth.code[rows] >= 0)
            if painted.any():
                sort = int(np.bincount(truth.code[rows][painted] // _CAR_PARTS).argmax())
                size[rows] = SMALL if sort == _SMALL_CAR else LARGE if sort in _LARGE_CARS else 0
                mine[:] = _KIND["van" if sort == _VAN else "car"]
            state[rows] = _STATE["parked" if label == Raw.CAR else "driving"]
        elif label == Raw.OTHER_VEHICLE:
            mine[:] = _KIND["trailer" if (truth.material[rows] == Material.PLASTIC).any() else "caravan"]
        elif label in (Raw.PERSON, Raw.MOVING_PERSON):
            mine[:] = _KIND["child" if tall < _CHILD else "adult"]
            across = float(np.nanmean(np.abs(truth.street[rows][:, 1])))
            state[rows] = _STATE["standing" if label == Raw.PERSON else "crossing" if across < ROAD else "walking"]
        kind[rows] = mine


def _rows_of(instance: Array) -> dict[int, tuple[Array, Array]]:
    """Rows and columns of the pixels of each instance."""
    held = np.flatnonzero(instance)
    held = held[np.argsort(instance.ravel()[held], kind="stable")]
    numbers, starts = np.unique(instance.ravel()[held], return_index=True)
    groups = np.split(held, starts[1:])
    return {int(k): np.divmod(rows, instance.shape[1]) for k, rows in zip(numbers, groups, strict=True)}


@dataclass(frozen=True)
class _Plan:
    """Places of spots and lots near a picture: (K, 2) street coordinates, kinds and sizes; lots as rows of
    (start, stop, front, side, size)."""

    places: Array
    kinds: tuple[str, ...]
    sizes: Array
    lots: Array

    @classmethod
    def near(cls, seed: int, s: Array) -> _Plan:
        """The plan of the blocks between the least and the greatest of the ``s`` (NaN left out)."""
        low, high = float(np.nanmin(s)), float(np.nanmax(s))
        numbers = range(int((low - NEAREST_JUNCTION) // BLOCK), int((high - NEAREST_JUNCTION) // BLOCK) + 2)
        places, kinds, sizes, lots = [], [], [], []
        for number in numbers:
            plan = plan_block(seed, number)
            for side in plan.sides:
                for spot in spots_of(seed, number, side, plan.after):
                    places.append((spot.s, spot.e * side.side))
                    kinds.append(spot.kind)
                    sizes.append(spot.size)
                for lot in side.lots:
                    if lot.kind in ("house", "row", "flats"):
                        floors = design(lot.kind, lot.stop - lot.start, lot.seed).floors
                        size = SMALL if floors == 1 else LARGE if floors >= 4 else 0
                        lots.append((lot.start, lot.stop, lot.front, side.side, size))
        return cls(np.array(places), tuple(kinds), np.array(sizes), np.array(lots).reshape(-1, 5))

    def nearest(self, at: Array, radius: dict[str, float], *, by_size: bool) -> tuple[Array, Array]:
        """For (N, 2) street coordinates: the spot (N,), counted among all, that is nearest in radii of its kind
        (times its size where ``by_size``), and how far it is in them; −1 and infinite where there is none."""
        rows = [k for k, kind in enumerate(self.kinds) if kind.split("-")[0] in radius]
        if not rows:
            return np.full(len(at), -1), np.full(len(at), np.inf)
        reach = np.array([radius[self.kinds[k].split("-")[0]] for k in rows])
        reach = reach * (self.sizes[rows] if by_size else 1.0)
        # Pixels are many and close together: one answer serves all within a cell of 10 cm.
        cells, of = np.unique(np.round(at * 10).astype(np.int32), axis=0, return_inverse=True)
        middle = cells / np.float32(10)
        away = np.hypot(middle[:, :1] - self.places[rows, 0], middle[:, 1:] - self.places[rows, 1]) / reach
        best = away.argmin(axis=1)
        return np.asarray(rows)[best][of.ravel()], away[np.arange(len(middle)), best][of.ravel()]


_SHIFT = 60_000
"""Numbers of things that have no instance start here, above all instances."""


def _plants_and_poles(truth: PictureTruth, plan: _Plan, kind: Array, size: Array, thing: Array) -> None:
    green = np.nonzero(truth.label == Raw.VEGETATION)
    at, high = truth.street[green][:, :2], truth.street[green][:, 2]
    tree, far = plan.nearest(at, {"tree": 3.7, "backtree": 3.9}, by_size=True)
    bush, near = plan.nearest(at, {"bush": 1.35, "shrubs": 0.9}, by_size=True)
    is_bush = (near < 1) & (high < 2.3) & (high < 2.2 * plan.sizes[bush] + 0.2)
    is_tree = ~is_bush & (far < 1.15) & (high > 1.3)
    kind[green] = np.where(is_bush, _KIND["bush"], np.where(is_tree | (high > 2.2), _KIND["tree"], _KIND["hedge"]))
    grown = plan.sizes[tree]
    size[green] = np.where(is_tree & (grown <= 0.62), SMALL, np.where(is_tree & (grown >= 0.95), LARGE, 0))
    small = plan.sizes[bush]
    size[green] = np.where(is_bush & (small < 0.7), SMALL, np.where(is_bush & (small >= 1.4), LARGE, size[green]))
    thing[green] = np.where(is_bush, _SHIFT + bush, np.where(is_tree, _SHIFT + tree, 0))
    stem = np.nonzero(truth.label == Raw.TRUNK)
    tree, far = plan.nearest(truth.street[stem][:, :2], {"tree": 2.0, "backtree": 2.0}, by_size=True)
    thing[stem] = np.where(far < 1, _SHIFT + tree, 0)
    post = np.nonzero((truth.label == Raw.POLE) | (truth.label == Raw.TRAFFIC_SIGN))
    spot, far = plan.nearest(truth.street[post][:, :2], {"lamp": 1.8, "sign": 0.8, "bollards": 2.4}, by_size=False)
    thing[post] = np.where(far < 1, _SHIFT + spot, 0)
    sorts = np.array([{"lamp": 1, "bollards": 2}.get(name, 0) for name in plan.kinds])
    is_pole = truth.label[post] == Raw.POLE
    names = np.array([_KIND["sign pole"], _KIND["lamp post"], _KIND["bollard"]], np.uint8)
    kind[post] = np.where(is_pole & (far < 1), names[sorts[spot]], kind[post])
    other = np.nonzero(truth.label == Raw.OTHER_OBJECT)
    spot, far = plan.nearest(
        truth.street[other][:, :2], {"bin": 1.4, "cabinet": 0.9, "bicycles": 2.2}, by_size=False
    )
    thing[other] = np.where(far < 1, _SHIFT + spot, 0)
    boxes = np.array([name == "cabinet" for name in plan.kinds])
    kind[other] = np.where((far < 1) & boxes[spot], _KIND["cabinet"], kind[other])


def _houses(truth: PictureTruth, plan: _Plan, size: Array, thing: Array) -> None:
    """Which house a pixel belongs to, and whether it is low or tall."""
    rows = np.nonzero(truth.label == Raw.BUILDING)
    s, d = truth.street[rows][:, 0], truth.street[rows][:, 1]
    found = np.zeros(len(s), np.int32)
    large = np.zeros(len(s), np.uint8)
    for number, (start, stop, front, side, how) in enumerate(plan.lots):
        inside = (s > start - 0.6) & (s < stop + 0.6) & (d * side > front - 1.5) & (d * side < front + 16)
        found[inside] = _SHIFT + len(plan.kinds) + number
        large[inside] = int(how)
    thing[rows], size[rows] = found, large


_PAINTED = ("car", "van", "truck", "bus", "caravan", "trailer", "bicycle", "motorcycle", "bicyclist",
            "motorcyclist", "adult", "child", "plaster wall", "brick wall", "roof", "door", "tree", "bush", "hedge",
            "grass", "wooden fence", "bin")  # fmt: skip
_SKINS = (Material.PAINT, Material.PANEL, Material.PLASTIC, Material.METAL, Material.CLOTH, Material.PLASTER,
          Material.BRICK, Material.ROOF, Material.DOOR, Material.LEAF, Material.GRASS, Material.WOOD)  # fmt: skip


def _colors(truth: PictureTruth, kind: Array) -> Array:
    """(H, W) uint8: colour words of paint, cloth, walls and leaves; 0 for glass, tyres, stone and the unclear."""
    result = color_words(truth.color.reshape(-1, 3).astype(np.float32)).reshape(kind.shape)
    result[~np.isin(kind, [_KIND[name] for name in _PAINTED]) | ~np.isin(truth.material, _SKINS)] = 0
    people = np.isin(kind, [_KIND[name] for name in ("adult", "child", "bicyclist", "motorcyclist")])
    # People are told by their jackets: trousers, hair and the bicycle do not count.
    high = np.nan_to_num(truth.street[..., 2])
    ridden = np.isin(kind, [_KIND["bicyclist"], _KIND["motorcyclist"]])
    foot = np.where(kind == _KIND["child"], 0.72, np.where(ridden, 1.08, 0.98))
    result[people & ((truth.material != Material.CLOTH) | (high < foot))] = 0
    green = np.isin(truth.material, (Material.LEAF, Material.GRASS)) & (result > 0)
    result[green] = COLORS.index("green")
    return result


def color_words(linear: Array) -> Array:
    """(N,) uint8 places in COLORS of (N, 3) linear colours; 0 between two words."""
    value = np.clip(linear, 0, 1) ** (1 / 2.2)
    top, low = value.max(axis=1), value.min(axis=1)
    span = top - low
    vivid = span / np.maximum(top, 1e-6)
    red, green, blue = value.T
    safe = np.maximum(span, 1e-6)
    hue = np.where(
        top == red,
        (green - blue) / safe % 6,
        np.where(top == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = hue * 60
    word = np.zeros(len(value), np.uint8)

    def say(name: str, where: Array) -> None:
        word[where & (word == 0)] = COLORS.index(name)

    say("black", (top < 0.22) & (span < 0.07))
    grey = vivid < 0.13
    say("white", grey & (top > 0.75))
    say("gray", grey & (top > 0.28) & (top < 0.71))
    sure = (vivid > 0.2) & (top >= 0.2)
    warm = (hue >= 6) & (hue < 55)
    say("brown", sure & warm & (top < 0.5) & (vivid < 0.85))
    say("beige", warm & (vivid > 0.14) & (vivid < 0.42) & (top > 0.55))
    sure &= vivid > 0.35
    say("red", sure & ((hue < 14) | (hue > 346)))
    say("orange", sure & (hue >= 22) & (hue < 40) & (top > 0.5))
    say("yellow", sure & (hue >= 41) & (hue < 66) & (top > 0.5))
    say("green", sure & (hue >= 75) & (hue < 165))
    say("blue", sure & (hue >= 190) & (hue < 255))
    say("pink", sure & (hue >= 310) & (hue <= 346))
    return word
