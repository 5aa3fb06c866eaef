"""Houses: walls with recessed windows, doors, sills, balconies, roofs with eaves, dormers and chimneys.

House frame: x along the street (right when seen from the street for walls drawn below), y away from the
street with the front wall at y = 0, z up from the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, merge, pose
from app.core.demo.roofs import roof_parts
from app.core.demo.shapes import boxes, quads

PLASTERS = np.array(
    [
        [0.72, 0.70, 0.64], [0.66, 0.60, 0.46], [0.62, 0.50, 0.32], [0.60, 0.40, 0.30], [0.55, 0.56, 0.54],
        [0.68, 0.64, 0.55], [0.45, 0.52, 0.50], [0.58, 0.36, 0.24], [0.74, 0.73, 0.71], [0.50, 0.47, 0.40],
        [0.64, 0.56, 0.50], [0.48, 0.54, 0.60],
    ],
    np.float32,
)  # fmt: skip
BRICKS = np.array([[0.30, 0.12, 0.075], [0.36, 0.17, 0.10], [0.40, 0.28, 0.18], [0.22, 0.10, 0.08]], np.float32)
FRAMES = np.array([[0.72, 0.72, 0.70], [0.70, 0.70, 0.69], [0.16, 0.09, 0.05], [0.10, 0.11, 0.12]], np.float32)
SHUTTERS = np.array([[0.05, 0.12, 0.07], [0.22, 0.07, 0.05], [0.10, 0.16, 0.24], [0.30, 0.22, 0.13]], np.float32)


@dataclass(frozen=True)
class House:
    """What a house is like: ``width`` × ``depth``, ``floors``, heights in metres, colours, roof."""

    width: float
    depth: float
    floors: int
    storey: float
    plinth: float
    wall: Skin
    trim: tuple[float, float, float]
    frame: tuple[float, float, float]
    shutter: tuple[float, float, float] | None
    roof: str
    balconies: bool
    garage: bool
    seed: int

    @property
    def eaves(self) -> float:
        """Height of the walls."""
        return self.plinth + self.floors * self.storey


def design(kind: str, width: float, seed: int) -> House:
    """A house of a lot's kind (house, row, flats) and width."""
    rng = np.random.default_rng([seed, 50])
    floors = {"house": int(rng.integers(1, 3)), "row": int(rng.integers(2, 4)), "flats": int(rng.integers(3, 6))}[
        kind
    ]
    if rng.random() < 0.24:
        wall = Skin(Material.BRICK, Raw.BUILDING, _color(rng, BRICKS))
    else:
        wall = Skin(Material.PLASTER, Raw.BUILDING, _color(rng, PLASTERS))
    roofs = {
        "house": ["gable", "gable", "hip", "front"],
        "row": ["gable", "gable", "mansard"],
        "flats": ["flat", "hip", "gable"],
    }
    shutter = _color(rng, SHUTTERS) if kind != "flats" and rng.random() < 0.4 else None
    return House(
        width=width,
        depth=float(rng.uniform(9, 12)),
        floors=floors,
        storey=float(rng.uniform(2.75, 3.1)),
        plinth=float(rng.uniform(0.3, 0.9)),
        wall=wall,
        trim=(0.55, 0.53, 0.48) if rng.random() < 0.6 else tuple(np.array(wall.color) * 0.7),
        frame=_color(rng, FRAMES),
        shutter=shutter,
        roof=str(rng.choice(roofs[kind])),
        balconies=kind == "flats" and rng.random() < 0.8,
        garage=kind == "house" and width > 12 and rng.random() < 0.5,
        seed=seed,
    )


def _color(rng: np.random.Generator, table: Array) -> tuple[float, float, float]:
    value = table[rng.integers(len(table))] * rng.uniform(0.88, 1.1)
    return float(value[0]), float(value[1]), float(value[2])


def house_mesh(house: House) -> Mesh:
    """The whole house."""
    rng = np.random.default_rng([house.seed, 51])
    w, d = house.width, house.depth
    front = _wall(house, rng, w, doors=True)
    parts = [
        front,
        _wall(house, rng, w).moved(pose(w, d, 0, np.pi)),
        _wall(house, rng, d, sparse=True).moved(pose(0, d, 0, -np.pi / 2)),
        _wall(house, rng, d, sparse=True).moved(pose(w, 0, 0, np.pi / 2)),
    ]
    parts += roof_parts(house.roof, w, d, house.eaves, house.wall, house.seed)
    return merge(parts)


def _columns(rng: np.random.Generator, width: float, sparse: bool) -> tuple[Array, float]:
    pitch = float(rng.uniform(2.4, 3.2)) * (1.6 if sparse else 1.0)
    count = max(1, int((width - 0.8) // pitch))
    return (np.arange(count) - (count - 1) / 2) * (width - 0.6) / count + width / 2, min(1.15, pitch * 0.45)


def _wall(
    house: House, rng: np.random.Generator, width: float, *, doors: bool = False, sparse: bool = False
) -> Mesh:
    """One wall from (0, 0) to (width, 0), its outside towards −y."""
    middles, wide = _columns(rng, width, sparse)
    wide = float(wide * rng.uniform(0.85, 1.2))
    tall = float(rng.uniform(1.25, 1.6))
    sill = 0.85
    x_edges = np.sort(np.concatenate([[0, width], middles - wide / 2, middles + wide / 2]))
    bottoms = house.plinth + np.arange(house.floors) * house.storey + sill
    z_edges = np.sort(np.concatenate([[0, house.plinth, house.eaves], bottoms, bottoms + tall]))
    x0, z0 = np.meshgrid(x_edges[:-1], z_edges[:-1], indexing="ij")
    x1, z1 = np.meshgrid(x_edges[1:], z_edges[1:], indexing="ij")
    hole = np.zeros(x0.shape, bool)
    hole[1::2] = np.isin(z0[0], bottoms)[None]
    door = int(rng.integers(len(middles))) if doors else -1
    way = np.zeros(x0.shape, bool)
    if doors:
        way[1 + 2 * door] = z0[0] < bottoms[0] + tall - 1e-6
        hole[1 + 2 * door] &= z0[0] > bottoms[0] + 0.1
    if sparse:
        blind = rng.random(len(middles)) < 0.35
        hole[1::2] &= ~blind[:, None]
    solid = ~hole & ~way
    base = solid & (z0 < house.plinth - 1e-6)
    own = float(rng.random())
    stone = Skin(Material.CONCRETE, Raw.BUILDING, tuple(np.array(house.trim) * 0.75))
    parts = [
        _panels(x0, x1, z0, z1, solid & ~base, house.wall, own),
        _panels(x0, x1, z0, z1, base, stone, own),
        _windows(house, rng, x0[hole], x1[hole], z0[hole], z1[hole]),
    ]
    if doors:
        top = float(bottoms[0] + tall)
        parts.append(_door(house, rng, float(middles[door]), wide, top))
    if house.balconies and (doors or not sparse):
        parts.append(_balconies(house, rng, middles, bottoms, door))
    if house.floors > 1 and rng.random() < 0.5:
        band = np.array([[width / 2, -0.03, house.plinth + house.storey]])
        parts.append(
            boxes(band, np.array([[width, 0.08, 0.16]]), Skin(Material.CONCRETE, Raw.BUILDING, house.trim))
        )
    pipe = np.array([[0.18, -0.07, house.eaves / 2]])
    parts.append(
        boxes(pipe, np.array([[0.09, 0.09, house.eaves]]), Skin(Material.METAL, Raw.BUILDING, (0.30, 0.30, 0.30)))
    )
    return merge(parts)


def _panels(x0: Array, x1: Array, z0: Array, z1: Array, chosen: Array, skin: Skin, own: float) -> Mesh:
    a, b, low, high = x0[chosen], x1[chosen], z0[chosen], z1[chosen]
    zero = np.zeros_like(a)
    corners = np.stack(
        [np.stack(c, axis=-1) for c in ((a, zero, low), (b, zero, low), (b, zero, high), (a, zero, high))], axis=1
    )
    local = corners[..., [0, 2, 1]] + np.array([0, 0, own])
    return quads(corners, skin, local)


def _windows(house: House, rng: np.random.Generator, x0: Array, x1: Array, z0: Array, z1: Array) -> Mesh:
    """Panes 13 cm behind the wall, reveals, sills, and shutters where the house has them."""
    if not len(x0):
        return merge([])
    deep = np.full_like(x0, 0.13)
    zero = np.zeros_like(x0)

    def face(*corner: tuple[Array, Array, Array]) -> Array:
        return np.stack([np.stack(c, axis=-1) for c in corner], axis=1)

    pane = face((x0, deep, z0), (x1, deep, z0), (x1, deep, z1), (x0, deep, z1))
    local = np.broadcast_to(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32), pane.shape).copy()
    local[..., 2] = rng.random(len(x0))[:, None]
    parts = [quads(pane, Skin(Material.WINDOW, Raw.BUILDING, house.frame), local)]
    reveal = np.concatenate(
        [
            face((x0, zero, z0), (x0, deep, z0), (x0, deep, z1), (x0, zero, z1)),
            face((x1, deep, z0), (x1, zero, z0), (x1, zero, z1), (x1, deep, z1)),
            face((x0, deep, z1), (x1, deep, z1), (x1, zero, z1), (x0, zero, z1)),
            face((x0, zero, z0), (x1, zero, z0), (x1, deep, z0), (x0, deep, z0)),
        ]
    )
    parts.append(quads(reveal, Skin(Material.CONCRETE, Raw.BUILDING, tuple(np.array(house.wall.color) * 0.95))))
    middle = (x0 + x1) / 2
    sills = np.stack([middle, zero - 0.03, z0 - 0.03], axis=1)
    sizes = np.stack([x1 - x0 + 0.16, zero + 0.18, zero + 0.06], axis=1)
    trim = Skin(Material.CONCRETE, Raw.BUILDING, house.trim)
    parts.append(boxes(sills, sizes, trim))
    if house.shutter is not None:
        half = (x1 - x0) / 2
        both = np.concatenate([x0 - half / 2 - 0.02, x1 + half / 2 + 0.02])
        centers = np.stack([both, np.full_like(both, -0.025), np.tile((z0 + z1) / 2, 2)], axis=1)
        leaf = np.stack([np.tile(half, 2), np.full_like(both, 0.05), np.tile(z1 - z0, 2)], axis=1)
        parts.append(boxes(centers, leaf, Skin(Material.WOOD, Raw.BUILDING, house.shutter)))
    else:
        head = np.stack([middle, zero - 0.02, z1 + 0.06], axis=1)
        parts.append(boxes(head, np.stack([x1 - x0 + 0.1, zero + 0.06, zero + 0.12], axis=1), trim))
    return merge(parts)


def _door(house: House, rng: np.random.Generator, middle: float, wide: float, top: float) -> Mesh:
    x0, x1 = middle - wide / 2, middle + wide / 2
    deep = 0.18
    color = SHUTTERS[rng.integers(len(SHUTTERS))]
    skin = Skin(Material.DOOR, Raw.BUILDING, (float(color[0]), float(color[1]), float(color[2])))
    leaf = np.array([[[x0, deep, house.plinth], [x1, deep, house.plinth], [x1, deep, top], [x0, deep, top]]])
    local = np.array([[[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]], np.float32)
    sides = np.array(
        [
            [[x0, 0, 0], [x0, deep, 0], [x0, deep, top], [x0, 0, top]],
            [[x1, deep, 0], [x1, 0, 0], [x1, 0, top], [x1, deep, top]],
            [[x0, deep, top], [x1, deep, top], [x1, 0, top], [x0, 0, top]],
        ]
    )
    stone = Skin(Material.CONCRETE, Raw.BUILDING, (0.42, 0.41, 0.39))
    steps = max(1, round(house.plinth / 0.17))
    heights = np.arange(1, steps + 1) * house.plinth / steps
    depths = 0.35 + 0.28 * (steps - np.arange(1, steps + 1))
    centers = np.stack([np.full(steps, middle), deep - depths / 2 - 0.18, heights / 2], axis=1)
    sizes = np.stack([np.full(steps, wide + 0.5), depths + 0.36, heights], axis=1)
    canopy = np.array([[middle, -0.45, top + 0.18]])
    parts = [quads(leaf, skin, local), quads(sides, stone), boxes(centers, sizes, stone)]
    if rng.random() < 0.6:
        parts.append(boxes(canopy, np.array([[wide + 0.9, 0.9, 0.10]]), stone))
    return merge(parts)


def _balconies(house: House, rng: np.random.Generator, middles: Array, bottoms: Array, door: int) -> Mesh:
    """Slabs with railings before every other column of windows, above the ground floor."""
    columns = [k for k in range(int(rng.integers(2)), len(middles), 2) if k != door]
    slab = Skin(Material.CONCRETE, Raw.BUILDING, (0.45, 0.44, 0.42))
    rail = Skin(Material.METAL, Raw.BUILDING, (0.12, 0.12, 0.13))
    screen = Skin(Material.PLASTIC, Raw.BUILDING, tuple(np.array(house.trim) * 0.9))
    closed = rng.random() < 0.5
    parts = []
    for k in columns:
        for bottom in bottoms[1:]:
            x, z = float(middles[k]), float(bottom) - 0.85
            parts.append(boxes(np.array([[x, -0.6, z]]), np.array([[2.3, 1.2, 0.15]]), slab))
            if closed:
                at = np.array([[x, -1.17, z + 0.5], [x - 1.12, -0.6, z + 0.5], [x + 1.12, -0.6, z + 0.5]])
                parts.append(boxes(at, np.array([[2.3, 0.05, 0.9], [0.05, 1.2, 0.9], [0.05, 1.2, 0.9]]), screen))
                continue
            bars = np.linspace(-1.12, 1.12, 17)
            at = np.stack([x + bars, np.full(17, -1.17), np.full(17, z + 0.52)], axis=1)
            parts.append(boxes(at, np.array([[0.025, 0.025, 0.95]]), rail))
            at = np.array([[x, -1.17, z + 1.0], [x - 1.12, -0.6, z + 1.0], [x + 1.12, -0.6, z + 1.0]])
            parts.append(boxes(at, np.array([[2.3, 0.05, 0.05], [0.05, 1.2, 0.05], [0.05, 1.2, 0.05]]), rail))
    return merge(parts)
