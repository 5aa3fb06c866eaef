"""What surfaces are made of: one number per triangle, and how each answers a laser pulse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Material(IntEnum):
    """Materials; what ``Mesh.local`` means is in brackets."""

    ASPHALT = 0  # (s, d, 0) street metres
    MARKING = 1  # (s, d, 0)
    PAVERS = 2  # (s, d, 0)
    SLABS = 3  # (s, d, 0)
    KERB = 4  # (s, d, height)
    GRASS = 5  # (s, d, 0)
    GRAVEL = 6  # (s, d, 0)
    PLASTER = 7  # (along the wall, height, wall seed)
    BRICK = 8  # (along the wall, height, wall seed)
    WINDOW = 9  # (0..1, 0..1, window seed)
    DOOR = 10  # (0..1, 0..1, seed)
    ROOF = 11  # (along, up the slope, seed)
    CONCRETE = 12  # object metres
    BARK = 13  # (turn 0..1, length, radius)
    LEAF = 14  # (0..1 across the crown height, hue, shade)
    WOOD = 15  # object metres
    METAL = 16  # object metres
    PAINT = 17  # car body, metres in the car's frame; code = kind of car
    GLASS = 18  # object metres
    RUBBER = 19  # object metres
    RIM = 20  # disc −1..1
    LAMP_RED = 21
    LAMP_WHITE = 22
    PLATE = 23  # (0..1, 0..1, number)
    SIGN = 24  # (−1..1, −1..1, 0); code = face
    CLOTH = 25  # object metres
    SKIN = 26
    PLASTIC = 27
    PANEL = 28  # painted sheet of trucks and buses, object metres; code = kind


@dataclass(frozen=True)
class LaserAnswer:
    """``reflectivity`` at normal incidence (0..1 as SemanticKITTI's remission), its ``spread`` between
    points, and ``loss``: the share of pulses that do not come back at 15 m and normal incidence."""

    reflectivity: float
    spread: float
    loss: float


# Means and spreads follow SemanticKITTI's sequence 00: road 0.21, pavement 0.30, facade 0.43, leaves 0.33,
# car 0.15 with many zeros, plate and sign up to 0.99; glass and dark paint lose many pulses.
_ANSWERS: dict[Material, LaserAnswer] = {
    Material.ASPHALT: LaserAnswer(0.25, 0.03, 0.004),
    Material.MARKING: LaserAnswer(0.46, 0.06, 0.004),
    Material.PAVERS: LaserAnswer(0.345, 0.035, 0.004),
    Material.SLABS: LaserAnswer(0.355, 0.035, 0.004),
    Material.KERB: LaserAnswer(0.36, 0.04, 0.004),
    Material.GRASS: LaserAnswer(0.37, 0.07, 0.01),
    Material.GRAVEL: LaserAnswer(0.3, 0.06, 0.006),
    Material.PLASTER: LaserAnswer(0.54, 0.055, 0.004),
    Material.BRICK: LaserAnswer(0.46, 0.055, 0.004),
    Material.WINDOW: LaserAnswer(0.26, 0.16, 0.4),
    Material.DOOR: LaserAnswer(0.30, 0.08, 0.01),
    Material.ROOF: LaserAnswer(0.32, 0.06, 0.01),
    Material.CONCRETE: LaserAnswer(0.44, 0.05, 0.004),
    Material.BARK: LaserAnswer(0.33, 0.08, 0.01),
    Material.LEAF: LaserAnswer(0.4, 0.1, 0.03),
    Material.WOOD: LaserAnswer(0.33, 0.07, 0.005),
    Material.METAL: LaserAnswer(0.3, 0.1, 0.02),
    Material.PAINT: LaserAnswer(0.26, 0.08, 0.03),
    Material.GLASS: LaserAnswer(0.05, 0.05, 0.72),
    Material.RUBBER: LaserAnswer(0.06, 0.03, 0.10),
    Material.RIM: LaserAnswer(0.30, 0.20, 0.08),
    Material.LAMP_RED: LaserAnswer(0.62, 0.20, 0.02),
    Material.LAMP_WHITE: LaserAnswer(0.50, 0.25, 0.10),
    Material.PLATE: LaserAnswer(0.97, 0.03, 0.0),
    Material.SIGN: LaserAnswer(0.9, 0.12, 0.0),
    Material.CLOTH: LaserAnswer(0.28, 0.10, 0.02),
    Material.SKIN: LaserAnswer(0.32, 0.05, 0.01),
    Material.PLASTIC: LaserAnswer(0.28, 0.08, 0.02),
    Material.PANEL: LaserAnswer(0.36, 0.07, 0.02),
}

REFLECTIVITY = np.array([_ANSWERS[m].reflectivity for m in Material], np.float32)
SPREAD = np.array([_ANSWERS[m].spread for m in Material], np.float32)
LOSS = np.array([_ANSWERS[m].loss for m in Material], np.float32)
RETRO = np.isin(np.arange(len(Material)), [Material.PLATE, Material.SIGN, Material.LAMP_RED])
"""Retro-reflectors answer alike from every angle."""


class Raw(IntEnum):
    """SemanticKITTI's raw label ids that the demo writes."""

    CAR = 10
    BICYCLE = 11
    BUS = 13
    MOTORCYCLE = 15
    TRUCK = 18
    OTHER_VEHICLE = 20
    PERSON = 30
    BICYCLIST = 31
    MOTORCYCLIST = 32
    ROAD = 40
    PARKING = 44
    SIDEWALK = 48
    OTHER_GROUND = 49
    BUILDING = 50
    FENCE = 51
    LANE_MARKING = 60
    VEGETATION = 70
    TRUNK = 71
    TERRAIN = 72
    POLE = 80
    TRAFFIC_SIGN = 81
    OTHER_OBJECT = 99
    MOVING_CAR = 252
    MOVING_BICYCLIST = 253
    MOVING_PERSON = 254
    MOVING_MOTORCYCLIST = 255
    MOVING_BUS = 257
    MOVING_TRUCK = 258
