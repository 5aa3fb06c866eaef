"""Trees with forking branches and thousands of leaves, bushes and hedges.

Leaves are single triangles: a LiDAR beam meets one, or passes between them, as in a real crown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, build, cross, merge, xyz
from app.core.demo.shapes import boxes, tube, tubes

GREENS = np.array(
    [
        [0.060, 0.110, 0.022],
        [0.085, 0.130, 0.026],
        [0.045, 0.085, 0.022],
        [0.110, 0.130, 0.030],
        [0.070, 0.105, 0.035],
    ],
    np.float32,
)
_WOOD = Skin(Material.BARK, Raw.TRUNK, (0.125, 0.098, 0.075))
_TWIG = Skin(Material.BARK, Raw.VEGETATION, (0.13, 0.10, 0.075))


@dataclass(frozen=True)
class TreeKind:
    """A sort of tree: clear ``stem``, ``crown`` half axes (width, height), leaf size, metres; how many
    limbs fork from the stem, how much they rise, and how many leaves there are."""

    stem: float
    crown: tuple[float, float]
    radius: float
    limbs: int
    rise: float
    leaf: float
    leaves: int
    clump: float


KINDS = (
    TreeKind(2.3, (2.9, 2.3), 0.17, 6, 0.75, 0.145, 6600, 0.55),
    TreeKind(2.6, (2.2, 3.0), 0.15, 6, 1.10, 0.135, 6200, 0.50),
    TreeKind(2.1, (3.5, 2.2), 0.21, 7, 0.55, 0.150, 7600, 0.60),
    TreeKind(2.4, (1.7, 2.5), 0.11, 5, 1.30, 0.115, 5200, 0.42),
)
FAR = TreeKind(2.4, (3.3, 3.4), 0.22, 4, 0.9, 0.50, 1000, 0.8)


def leaves(
    centers: Array,
    size: float,
    normals: Array,
    rng: np.random.Generator,
    *,
    height: Array,
    shade: Array,
    label: int,
) -> Mesh:
    """One triangle at each of (N, 3) centres; ``normals`` (N, 3) are what the light sees (the crown's shape)."""
    count = len(centers)
    first = rng.normal(size=(count, 3))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = cross(first, rng.normal(size=(count, 3)))
    second /= np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-6)
    scale = size * rng.uniform(0.65, 1.3, (count, 1))
    corners = np.stack(
        [
            centers - first * scale * 0.62,
            centers + first * scale * 0.4 + second * scale * 0.55,
            centers + first * scale * 0.4 - second * scale * 0.55,
        ],
        axis=1,
    )
    own = cross(first, second)
    own *= np.sign(np.einsum("ij,ij->i", own, normals))[:, None] + 1e-9
    lit = own * 0.55 + normals * 0.6
    lit /= np.maximum(np.linalg.norm(lit, axis=1, keepdims=True), 1e-6)
    local = np.stack([height, rng.random(count), shade], axis=1)
    return build(
        corners.reshape(-1, 3),
        np.arange(3 * count).reshape(-1, 3),
        Skin(Material.LEAF, label),
        normals=np.repeat(lit, 3, axis=0),
        local=np.repeat(local, 3, axis=0),
    )


def _limb(start: Array, direction: Array, length: float, rise: float, rng: np.random.Generator) -> Array:
    """A bent path of 5 points that turns upwards on its way."""
    points = [start]
    heading = direction.copy()
    for _ in range(4):
        heading = heading + rng.normal(0, 0.16, 3) + xyz(0, 0, 0.10 * rise)
        heading /= np.linalg.norm(heading)
        points.append(points[-1] + heading * length / 4)
    return np.array(points)


def tree_mesh(kind: TreeKind, rng: np.random.Generator) -> Mesh:
    """One tree at the origin, green as the kind's base colour (white to be tinted)."""
    top = kind.stem + 0.55 * kind.crown[1]
    bend = rng.normal(0, 0.10, (5, 2)).cumsum(axis=0) * 0.6
    stem = np.column_stack([np.vstack([[0, 0], bend]), np.linspace(-0.15, top, 6)])
    widths = kind.radius * np.array([1.35, 1.02, 0.92, 0.82, 0.62, 0.40])
    parts = [tube(stem, widths, _WOOD, sides=9, caps=False)]
    tips, limbs, twigs = [], [], []
    for k in range(kind.limbs):
        turn = 2 * np.pi * (k + rng.uniform(-0.3, 0.3)) / kind.limbs
        high = rng.uniform(0.62, 0.98) * top
        x, y = (float(np.interp(high, stem[:, 2], stem[:, axis])) for axis in (0, 1))
        start = xyz(x, y, high)
        out = np.array([np.cos(turn), np.sin(turn), kind.rise * rng.uniform(0.7, 1.2)])
        length = kind.crown[0] * rng.uniform(0.8, 1.0)
        path = _limb(start, out / np.linalg.norm(out), length, kind.rise, rng)
        limbs.append(path)
        tips += [path[3], path[4]]
        for _ in range(4):
            place = int(rng.integers(1, 5))
            side = rng.normal(0, 1, 3) + xyz(0, 0, 0.5 * kind.rise) + 0.5 * out
            twig = _limb(path[place], side / np.linalg.norm(side), length * rng.uniform(0.4, 0.65), kind.rise, rng)
            twigs.append(twig[::2])
            tips += [twig[2], twig[4]]
    thick = kind.radius * rng.uniform(0.40, 0.55, (kind.limbs, 1))
    parts.append(tubes(np.array(limbs), thick * np.array([1, 0.8, 0.62, 0.45, 0.25]), _WOOD, sides=6, caps=False))
    thin = np.repeat(thick, 4, axis=0) * 0.32 * np.array([1, 0.6, 0.25])
    parts.append(tubes(np.array(twigs), thin, _TWIG, sides=4, caps=False))
    parts.append(_crown(kind, np.array(tips), rng))
    return merge(parts)


def _crown(kind: TreeKind, tips: Array, rng: np.random.Generator) -> Mesh:
    """Leaves in clumps: round the twigs' ends and spread through the crown's outer shell."""
    middle = np.array([0, 0, kind.stem + kind.crown[1] * 1.02])
    axes = np.array([kind.crown[0], kind.crown[0], kind.crown[1]])
    shell = rng.normal(size=(int(len(tips) * 1.3), 3))
    shell /= np.linalg.norm(shell, axis=1, keepdims=True)
    shell[:, 2] = np.where(shell[:, 2] < -0.55, -shell[:, 2], shell[:, 2])
    puffs = np.concatenate([tips, middle + shell * axes * rng.uniform(0.55, 0.93, (len(shell), 1))])
    inside = (puffs - middle) / axes
    length = np.linalg.norm(inside, axis=1, keepdims=True)
    puffs = middle + inside / np.maximum(length, 1) * axes
    which = rng.integers(len(puffs), size=kind.leaves)
    spread = rng.normal(size=(kind.leaves, 3))
    spread /= np.linalg.norm(spread, axis=1, keepdims=True)
    radius = kind.clump * rng.uniform(0.6, 1.35, len(puffs))[which]
    away = spread * (radius * rng.random(kind.leaves) ** 0.45)[:, None] * [1, 1, 0.75]
    centers = puffs[which] + away
    out = (centers - middle) / axes
    normals = (
        out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6) * 0.6 + spread * 0.6 + xyz(0, 0, 0.25)
    )
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    height = np.clip((out[:, 2] + 1) / 2, 0, 1) * 0.5 + 0.5 * np.clip(np.linalg.norm(out, axis=1), 0, 1) ** 2
    return leaves(
        centers, kind.leaf, normals, rng, height=height, shade=rng.random(len(puffs))[which], label=Raw.VEGETATION
    )


@lru_cache(maxsize=32)
def prototypes(seed: int) -> tuple[Mesh, ...]:
    """The seed's own trees: two of each kind."""
    rng = np.random.default_rng([seed, 60])
    return tuple(tree_mesh(kind, rng) for kind in KINDS for _ in range(2))


@lru_cache(maxsize=32)
def garden_prototypes(seed: int) -> tuple[Mesh, ...]:
    """The same sorts for places away from the road: half the leaves, larger ones."""
    rng = np.random.default_rng([seed, 67])
    sparse = [replace(kind, leaf=kind.leaf * 1.4, leaves=kind.leaves // 2) for kind in KINDS]
    return tuple(tree_mesh(kind, rng) for kind in sparse)


@lru_cache(maxsize=32)
def far_prototypes(seed: int) -> tuple[Mesh, ...]:
    """Trees of the background, with fewer and larger leaves."""
    rng = np.random.default_rng([seed, 61])
    return tuple(tree_mesh(FAR, rng) for _ in range(2))


def green(mesh: Mesh, rng: np.random.Generator, base: Array | None = None) -> Mesh:
    """The plant with leaves of one of the greens, a little its own."""
    color = (GREENS[rng.integers(len(GREENS))] if base is None else base) * rng.uniform(0.8, 1.2)
    is_leaf = (mesh.material == Material.LEAF)[:, None]
    return replace(mesh, color=np.where(is_leaf, color.astype(np.float32), mesh.color).astype(np.float32))


def bush_mesh(size: float, rng: np.random.Generator) -> Mesh:
    """A round bush about ``size`` metres in radius, standing at the origin."""
    count = int(900 * min(size, 1.6) ** 1.5) + 150
    puffs = rng.normal(0, 0.5, (9, 3)) * [size, size, size * 0.5] + xyz(0, 0, size * 0.6)
    which = rng.integers(9, size=count)
    spread = rng.normal(size=(count, 3))
    spread /= np.linalg.norm(spread, axis=1, keepdims=True)
    centers = puffs[which] + spread * (size * 0.5 * rng.random(count) ** 0.4)[:, None]
    centers[:, 2] = np.abs(centers[:, 2])
    normals = spread * 0.8 + xyz(0, 0, 0.4)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    height = np.clip(centers[:, 2] / (1.3 * size), 0.1, 1)
    return leaves(centers, 0.10, normals, rng, height=height, shade=rng.random(9)[which], label=Raw.VEGETATION)


def hedge_mesh(length: float, high: float, deep: float, rng: np.random.Generator) -> Mesh:
    """A clipped hedge from x = 0 to ``length``, its middle on y = 0: a dark core under leaves."""
    core = boxes(
        np.array([[length / 2, 0, high / 2 - 0.04]]),
        np.array([[length - 0.1, deep - 0.16, high - 0.08]]),
        Skin(Material.BARK, Raw.VEGETATION, (0.018, 0.026, 0.009)),
    )
    areas = np.array([length * high, length * high, length * deep, deep * high, deep * high])
    count = (areas * 110).astype(int) + 4
    parts = [core]
    sides = [(0, -1), (0, 1), (2, 0), (1, -1), (1, 1)]
    for (kind, sign), number in zip(sides, count, strict=True):
        x, y, z = rng.random(number) * length, (rng.random(number) - 0.5) * deep, rng.random(number) * high
        normal = np.zeros((number, 3))
        if kind == 0:
            y, normal[:, 1] = np.full(number, sign * deep / 2), sign
        elif kind == 1:
            x, normal[:, 0] = np.full(number, 0.0 if sign < 0 else length), sign
        else:
            z, normal[:, 2] = np.full(number, high), 1.0
        centers = np.stack([x, y, z], axis=1) + normal * rng.normal(-0.01, 0.035, (number, 1))
        lit = normal + rng.normal(0, 0.35, (number, 3))
        lit /= np.linalg.norm(lit, axis=1, keepdims=True)
        tone = np.clip(0.35 + 0.65 * z / high, 0, 1)
        parts.append(leaves(centers, 0.085, lit, rng, height=tone, shade=rng.random(number), label=Raw.VEGETATION))
    return merge(parts)
