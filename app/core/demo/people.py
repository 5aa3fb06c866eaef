"""People who stand, walk or ride: limbs as tubes between joints, so that one mesh follows every step.

Person frame: x forward, y left, z up, origin on the ground. The topology depends on the style alone;
only the vertices move with the pose, so that motion is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.materials import Material, Raw
from app.core.demo.mesh import Array, Mesh, Skin, merge, xyz
from app.core.demo.shapes import ellipsoid, grid, tube, tubes

_JACKETS = np.array(
    [[0.30, 0.04, 0.04], [0.04, 0.07, 0.22], [0.03, 0.03, 0.035], [0.42, 0.40, 0.36], [0.05, 0.16, 0.10],
     [0.50, 0.33, 0.05], [0.22, 0.24, 0.27], [0.34, 0.10, 0.20], [0.55, 0.55, 0.54], [0.06, 0.20, 0.32]], np.float32
)  # fmt: skip
_TROUSERS = np.array(
    [[0.03, 0.045, 0.10], [0.02, 0.02, 0.022], [0.13, 0.11, 0.085], [0.08, 0.085, 0.09], [0.26, 0.22, 0.16]],
    np.float32,
)
_HAIR = np.array([[0.012, 0.009, 0.007], [0.05, 0.025, 0.012], [0.16, 0.11, 0.05], [0.25, 0.24, 0.23]], np.float32)
_SKINS = np.array([[0.46, 0.27, 0.19], [0.36, 0.20, 0.13], [0.18, 0.09, 0.055], [0.52, 0.33, 0.25]], np.float32)


@dataclass(frozen=True)
class Style:
    """How a person looks: body ``height`` metres and the skins of its parts; ``hair`` is the helmet's where
    there is one (``helmet``: "" none, "open" or "full")."""

    height: float
    build: float
    jacket: Skin
    trousers: Skin
    hair: Skin
    skin: Skin
    shoes: Skin
    bag: bool
    helmet: str

    @classmethod
    def of(cls, seed: int, label: int, *, helmet: str = "") -> Style:
        """The style of a seed; ``helmet`` is "" for none, "open" or "full"."""
        rng = np.random.default_rng([seed, 70])

        def cloth(table: Array, material: int = Material.CLOTH) -> Skin:
            value = table[rng.integers(len(table))] * rng.uniform(0.8, 1.2)
            return Skin(material, label, (float(value[0]), float(value[1]), float(value[2])))

        child = rng.random() < 0.12
        return cls(
            height=float(rng.uniform(1.25, 1.4) if child else rng.uniform(1.60, 1.90)),
            build=float(rng.uniform(0.9, 1.15)),
            jacket=cloth(_JACKETS),
            trousers=cloth(_TROUSERS),
            hair=cloth(_JACKETS if helmet else _HAIR, Material.METAL if helmet else Material.PLASTIC),
            skin=cloth(_SKINS, Material.SKIN),
            shoes=Skin(Material.RUBBER, label, (0.03, 0.028, 0.026)),
            bag=bool(rng.random() < 0.4),
            helmet=helmet,
        )


@dataclass(frozen=True)
class Pose:
    """Joint places in metres for a body 1 m high: hips, lean, and both hands and feet.

    ``hip`` (3,) middle of the hips, ``lean`` radians forward, ``hands`` and ``feet`` (2, 3) left, right,
    ``heads_up`` how far the head is raised against the lean.
    """

    hip: Array
    lean: float
    hands: Array
    feet: Array
    pitch: Array


def walking(phase: float) -> Pose:
    """A step: ``phase`` in turns, 1 for two steps."""
    turn = 2 * np.pi * phase
    swing = np.array([np.sin(turn), -np.sin(turn)])
    lift = np.maximum(0.0, np.array([np.cos(turn), -np.cos(turn)]))
    hip = np.array([0.0, 0.0, 0.515 - 0.010 * np.cos(2 * turn)])
    feet = np.stack([0.21 * swing, np.array([0.055, -0.055]), 0.03 + 0.05 * lift], axis=1)
    hands = np.stack([-0.14 * swing + 0.03, np.array([0.15, -0.15]), 0.47 + 0.03 * np.abs(swing)], axis=1)
    return Pose(hip, 0.05, hands, feet, -0.45 * np.minimum(swing, 0))


def standing(seed: int) -> Pose:
    """Somebody waiting."""
    rng = np.random.default_rng([seed, 71])
    feet = np.array([[0.02, 0.07, 0.03], [-0.01, -0.07, 0.03]])
    hands = np.array([[0.04, 0.14, 0.45], [0.04, -0.14, 0.45]])
    if rng.random() < 0.5:
        hands[1] = [0.17, -0.03, 0.66]
    return Pose(np.array([0.0, 0.0, 0.535]), 0.02, hands, feet, np.zeros(2))


def riding(hip: Array, hands: Array, feet: Array, lean: float) -> Pose:
    """A rider whose hips, hands (2, 3) and feet (2, 3) are given in fractions of the body height."""
    return Pose(hip, lean, hands, feet, np.zeros(2))


def _bend(start: Array, stop: Array, upper: float, lower: float, towards: Array) -> Array:
    """The joint between two bones of given lengths, bent towards a direction."""
    line = stop - start
    reach = float(np.linalg.norm(line))
    unit = line / max(reach, 1e-6)
    span = min(reach, (upper + lower) * 0.999)
    along = (upper**2 - lower**2 + span**2) / (2 * span)
    out = np.sqrt(max(upper**2 - along**2, 0.0))
    side = towards - unit * (towards @ unit)
    side /= max(float(np.linalg.norm(side)), 1e-6)
    return np.asarray(start + unit * along + side * out)


def person_mesh(style: Style, pose: Pose) -> Mesh:
    """The person in a pose."""
    h, w = style.height, style.build
    forward, backward = np.array([1.0, 0, 0.1]), np.array([-1.0, 0, -0.3])
    up = np.array([np.sin(pose.lean), 0, np.cos(pose.lean)])
    neck = pose.hip + up * 0.315
    legs, arms, shoes = [], [], []
    for side, (hand, foot, toe) in enumerate(zip(pose.hands, pose.feet, pose.pitch, strict=True)):
        sign = 1 - 2 * side
        hip = pose.hip + xyz(0, sign * 0.05, -0.01)
        ankle = foot + xyz(0, 0, 0.015)
        knee = _bend(hip, ankle, 0.245, 0.245, forward)
        legs.append([hip + up * 0.03, (hip + knee) / 2, knee, knee * 0.55 + ankle * 0.45, ankle])
        toes = xyz(np.cos(toe), 0, -np.sin(toe))
        sole = ankle - xyz(0, 0, 0.022)
        shoes.append([sole - toes * 0.03, sole + toes * 0.04, sole + toes * 0.10 - xyz(0, 0, 0.006)])
        shoulder = neck + xyz(0, sign * 0.105 * w, -0.025)
        elbow = _bend(shoulder, hand, 0.165, 0.155, backward)
        arms.append([shoulder, (shoulder + elbow) / 2, elbow, elbow * 0.3 + hand * 0.7, hand])
    parts = [
        _torso(style, pose, up),
        tubes(np.array(legs) * h, np.array([0.062, 0.056, 0.040, 0.037, 0.026]) * h * w, style.trousers),
        tubes(np.array(arms) * h, np.array([0.034, 0.031, 0.027, 0.022, 0.018]) * h * w, style.jacket, sides=7),
        tubes(np.array(shoes) * h, np.array([0.022, 0.026, 0.016]) * h, style.shoes, sides=6),
    ]
    grip = np.array([0.026, 0.018, 0.03]) * h
    parts += [ellipsoid(hand * h, grip, style.skin, around=6, down=5) for hand in pose.hands]
    head = neck + up * 0.045 + xyz(0.012, 0, 0.065)
    parts.append(tube(np.stack([neck - up * 0.02, head]) * h, 0.033 * h, style.skin, sides=8, caps=False))
    parts.append(ellipsoid(head * h, np.array([0.055, 0.043, 0.066]) * h, style.skin, around=12, down=9))
    if style.helmet == "full":
        parts.append(ellipsoid((head + xyz(0.004, 0, 0.008)) * h, xyz(0.074, 0.064, 0.078) * h, style.hair))
        parts.append(ellipsoid((head + xyz(0.040, 0, 0.010)) * h, xyz(0.042, 0.052, 0.026) * h, style.shoes))
    else:
        size = xyz(0.068, 0.058, 0.062) if style.helmet else xyz(0.055, 0.048, 0.058)
        parts.append(ellipsoid((head + xyz(-0.010, 0, 0.018)) * h, size * h, style.hair, around=12, down=9))
    if style.bag:
        back = pose.hip + up * 0.21 - np.array([np.cos(pose.lean), 0, -np.sin(pose.lean)]) * 0.105 * w
        parts.append(ellipsoid(back * h, np.array([0.055, 0.085, 0.12]) * h, style.trousers, around=8, down=7))
    return merge(parts)


def _torso(style: Style, pose: Pose, up: Array) -> Mesh:
    """Rings from the hips to the neck."""
    h, w = style.height, style.build
    levels = np.array([-0.055, 0.0, 0.06, 0.14, 0.22, 0.28, 0.305, 0.325])
    wide = np.array([0.070, 0.098, 0.094, 0.092, 0.108, 0.112, 0.085, 0.036]) * w
    deep = np.array([0.050, 0.068, 0.064, 0.062, 0.070, 0.062, 0.048, 0.033]) * w
    turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    front = np.array([np.cos(pose.lean), 0, -np.sin(pose.lean)])
    ring = deep[:, None, None] * np.cos(turn)[None, :, None] * front
    ring = ring + wide[:, None, None] * np.sin(turn)[None, :, None] * np.array([0, 1.0, 0])
    points = pose.hip + levels[:, None, None] * up + ring
    return grid(points * h, style.jacket, closed=True, flip=True)


def walker(style: Style, phase: float) -> Mesh:
    """A walking person."""
    return person_mesh(style, walking(phase))


def stander(seed: int) -> Mesh:
    """A person who stands still."""
    return person_mesh(Style.of(seed, Raw.PERSON), standing(seed))
