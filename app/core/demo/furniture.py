"""Street furniture: lamps, signs with faces, bollards, bins, cabinets, bicycle stands, fences and walls."""

from __future__ import annotations

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Mesh, Skin, merge, xyz
from app.core.demo.shapes import box, boxes, ellipsoid, tube

FACES = ("limit", "parking", "priority", "no-stopping", "children", "zone", "street", "yield", "island")
"""Sign faces; ``Mesh.code`` is the place in this list."""
_GALVANISED = (0.30, 0.31, 0.31)


def lamp_mesh(tall: float) -> Mesh:
    """A street lamp whose arm reaches along +x."""
    skin = Skin(Material.METAL, Raw.POLE, (0.24, 0.26, 0.25))
    stem = np.array(
        [[0, 0, 0], [0, 0, 1.1], [0, 0, 1.12], [0, 0, tall - 0.6], [0.25, 0, tall - 0.15], [1.1, 0, tall]]
    )
    radius = np.array([0.085, 0.085, 0.060, 0.045, 0.035, 0.03])
    head = ellipsoid(np.array([1.35, 0, tall]), np.array([0.36, 0.14, 0.07]), skin)
    glow = ellipsoid(
        np.array([1.37, 0, tall - 0.04]),
        np.array([0.24, 0.10, 0.05]),
        Skin(Material.PLASTIC, Raw.POLE, (0.6, 0.6, 0.56)),
    )
    return merge([tube(stem, radius, skin, sides=10), head, glow])


def sign_mesh(face: str, tall: float) -> Mesh:
    """A sign on its pole that faces −x: seen by whoever comes along +x."""
    code = FACES.index(face)
    if face == "island":
        return _island(code)
    pole = tube(
        np.array([[0.03, 0, 0], [0.03, 0, tall + 0.35]]),
        0.032,
        Skin(Material.METAL, Raw.POLE, _GALVANISED),
        sides=8,
    )
    plate = Skin(Material.SIGN, Raw.TRAFFIC_SIGN, (0.6, 0.6, 0.6), code)
    back = Skin(Material.METAL, Raw.TRAFFIC_SIGN, (0.28, 0.28, 0.28))
    if face == "street":
        parts = [pole]
        for k, yaw in enumerate((0.0, np.pi / 2)):
            parts.append(box((0.03, 0.0, tall + 0.12 + 0.25 * k), (0.03, 1.0, 0.2), plate, yaw))
        return merge(parts)
    half = {"limit": (0.3, 0.3), "no-stopping": (0.3, 0.3), "parking": (0.3, 0.3), "zone": (0.3, 0.42)}.get(
        face, (0.34, 0.34)
    )
    outline = _outline(face) * np.array(half)
    middle = tall + half[1] - 0.35
    parts = [pole, *_plate(outline, middle, plate, back)]
    if face == "parking":
        small = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [0.3, 0.15]
        parts += _plate(
            small, middle - 0.50, Skin(Material.SIGN, Raw.TRAFFIC_SIGN, (0.6, 0.6, 0.6), len(FACES)), back
        )
    return merge(parts)


def _outline(face: str) -> np.ndarray:
    """(K, 2) corners of a face within −1..1, counter-clockwise."""
    if face in ("limit", "no-stopping"):
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        return np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if face in ("yield", "children"):
        triangle = np.array([[-1, -0.78], [1, -0.78], [0, 0.95]])
        return -triangle if face == "yield" else triangle
    if face == "priority":
        return np.array([[0, -1.0], [1, 0], [0, 1], [-1, 0]])
    return np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


def _plate(outline: np.ndarray, middle: float, front: Skin, back: Skin) -> list[Mesh]:
    """A flat plate in the plane x = 0, its face towards −x; seen from there, +y is to the left."""
    from app.core.demo.mesh import build

    size = np.abs(outline).max(axis=0)
    fan = np.stack(
        [np.zeros(len(outline) - 2, int), np.arange(1, len(outline) - 1), np.arange(2, len(outline))], axis=1
    )
    points = np.column_stack([np.zeros(len(outline)), -outline[:, 0], middle + outline[:, 1]])
    local = np.column_stack([outline / size, np.zeros(len(outline))])
    face = build(points, fan, front, normals=np.broadcast_to([-1.0, 0, 0], points.shape), local=local)
    rear = build(points + xyz(0.004, 0, 0), fan[:, ::-1], back, normals=np.broadcast_to([1.0, 0, 0], points.shape))
    return [face, rear]


def _island(code: int) -> Mesh:
    """The low post with its round arrow on a traffic island."""
    post = tube(
        np.array([[0.03, 0, 0.1], [0.03, 0, 1.0]]),
        0.05,
        Skin(Material.PLASTIC, Raw.POLE, (0.55, 0.45, 0.05)),
        sides=8,
    )
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    outline = np.stack([np.cos(turn), np.sin(turn)], axis=1) * 0.25
    plate = Skin(Material.SIGN, Raw.TRAFFIC_SIGN, (0.6, 0.6, 0.6), code)
    return merge([post, *_plate(outline, 1.2, plate, Skin(Material.METAL, Raw.TRAFFIC_SIGN, (0.28, 0.28, 0.28)))])


def bollards_mesh() -> Mesh:
    """Four posts in a row."""
    skin = Skin(Material.METAL, Raw.POLE, (0.20, 0.05, 0.04))
    return merge([tube(np.array([[x, 0, 0], [x, 0, 0.95]]), 0.045, skin, sides=8) for x in (-2.1, -0.7, 0.7, 2.1)])


def bin_mesh(seed: int) -> Mesh:
    """Two wheeled refuse bins."""
    rng = np.random.default_rng([seed, 95])
    tones = np.array(
        [[0.03, 0.03, 0.03], [0.04, 0.07, 0.16], [0.16, 0.10, 0.04], [0.42, 0.36, 0.04], [0.03, 0.10, 0.04]]
    )
    parts = []
    for k in range(2):
        tone = tones[rng.integers(len(tones))]
        skin = Skin(Material.PLASTIC, Raw.OTHER_OBJECT, (float(tone[0]), float(tone[1]), float(tone[2])))
        parts.append(box((0.68 * k, 0, 0.5), (0.56, 0.62, 0.92), skin))
        parts.append(box((0.68 * k, -0.02, 1.0), (0.60, 0.70, 0.08), skin))
    return merge(parts)


def cabinet_mesh() -> Mesh:
    """A grey distribution cabinet."""
    skin = Skin(Material.PLASTIC, Raw.OTHER_OBJECT, (0.36, 0.37, 0.35))
    base = Skin(Material.CONCRETE, Raw.OTHER_OBJECT, (0.3, 0.3, 0.29))
    return merge(
        [
            box((0, 0, 0.68), (1.1, 0.34, 1.1), skin),
            box((0, 0, 0.08), (1.16, 0.4, 0.16), base),
            box((0, 0, 1.25), (1.16, 0.4, 0.05), skin),
        ]
    )


def fence_mesh(kind: str, length: float, seed: int) -> Mesh:
    """A fence from x = 0 to ``length`` along y = 0: pickets, rails (metal bars) or a low wall."""
    rng = np.random.default_rng([seed, 96])
    if kind == "wall":
        tone = float(rng.uniform(0.35, 0.6))
        skin = Skin(Material.CONCRETE, Raw.FENCE, (tone, tone * 0.97, tone * 0.9))
        posts = np.arange(0.2, length, 2.6)
        at = np.stack([posts, np.zeros_like(posts), np.full_like(posts, 0.55)], axis=1)
        body = box((length / 2, 0, 0.4), (length, 0.2, 0.8), skin)
        return merge(
            [
                body,
                box((length / 2, 0, 0.83), (length, 0.28, 0.07), skin),
                boxes(at, np.array([[0.34, 0.34, 1.1]]), skin),
            ]
        )
    if kind == "pickets":
        tones = np.array([[0.55, 0.54, 0.52], [0.20, 0.12, 0.07], [0.26, 0.20, 0.14]])
        tone = tones[rng.integers(3)]
        skin = Skin(Material.WOOD, Raw.FENCE, (float(tone[0]), float(tone[1]), float(tone[2])))
        x = np.arange(0.06, length, 0.14)
        slats = boxes(
            np.stack([x, np.zeros_like(x), np.full_like(x, 0.58)], axis=1), np.array([[0.085, 0.022, 0.98]]), skin
        )
        beams = boxes(
            np.array([[length / 2, 0.035, 0.3], [length / 2, 0.035, 0.85]]), np.array([[length, 0.04, 0.08]]), skin
        )
        return merge([slats, beams, _posts(length, 1.1, skin)])
    coat = [(0.02, 0.02, 0.022), (0.03, 0.09, 0.05), (0.30, 0.31, 0.31)][int(rng.integers(3))]
    skin = Skin(Material.METAL, Raw.FENCE, coat)
    x = np.arange(0.08, length, 0.11)
    bars = boxes(
        np.stack([x, np.zeros_like(x), np.full_like(x, 0.65)], axis=1), np.array([[0.016, 0.016, 0.95]]), skin
    )
    beams = boxes(
        np.array([[length / 2, 0, 0.22], [length / 2, 0, 1.08]]), np.array([[length, 0.035, 0.035]]), skin
    )
    base = box((length / 2, 0, 0.09), (length, 0.16, 0.18), Skin(Material.CONCRETE, Raw.FENCE, (0.4, 0.39, 0.37)))
    return merge([bars, beams, base, _posts(length, 1.2, skin)])


def _posts(length: float, tall: float, skin: Skin) -> Mesh:
    x = np.arange(0.05, length + 0.01, 2.4)
    return boxes(
        np.stack([x, np.full_like(x, 0.02), np.full_like(x, tall / 2)], axis=1),
        np.array([[0.08, 0.08, tall]]),
        skin,
    )


def stand_mesh() -> Mesh:
    """Bicycle stands: five hoops."""
    skin = Skin(Material.METAL, Raw.OTHER_OBJECT, _GALVANISED)
    turn = np.linspace(0, np.pi, 9)
    parts = []
    for x in np.arange(-2, 3) * 0.7:
        path = np.stack([np.full(9, x), 0.35 * np.cos(turn), 0.2 + 0.6 * np.sin(turn)], axis=1)
        path = np.concatenate([[[x, 0.35, 0]], path, [[x, -0.35, 0]]])
        parts.append(tube(path, 0.022, skin, sides=6))
    return merge(parts)
