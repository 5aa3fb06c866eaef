"""SemanticKITTI's class of each raw id that the demo writes."""

from __future__ import annotations

import numpy as np

from app.core.demo.materials import Raw
from app.core.demo.mesh import Array

TRAIN_ID: dict[Raw, int] = {
    Raw.CAR: 1,
    Raw.MOVING_CAR: 1,
    Raw.BICYCLE: 2,
    Raw.MOTORCYCLE: 3,
    Raw.TRUCK: 4,
    Raw.MOVING_TRUCK: 4,
    Raw.BUS: 5,
    Raw.OTHER_VEHICLE: 5,
    Raw.MOVING_BUS: 5,
    Raw.PERSON: 6,
    Raw.MOVING_PERSON: 6,
    Raw.BICYCLIST: 7,
    Raw.MOVING_BICYCLIST: 7,
    Raw.MOTORCYCLIST: 8,
    Raw.MOVING_MOTORCYCLIST: 8,
    Raw.ROAD: 9,
    Raw.LANE_MARKING: 9,
    Raw.PARKING: 10,
    Raw.SIDEWALK: 11,
    Raw.OTHER_GROUND: 12,
    Raw.BUILDING: 13,
    Raw.FENCE: 14,
    Raw.VEGETATION: 15,
    Raw.TRUNK: 16,
    Raw.TERRAIN: 17,
    Raw.POLE: 18,
    Raw.TRAFFIC_SIGN: 19,
    Raw.OTHER_OBJECT: 0,
}
"""Raw id to the class that is evaluated, 1 to 19; 0 carries no class."""


def train_ids(raw: Array) -> Array:
    """(N,) uint8 classes of (N,) raw ids."""
    table = np.zeros(1 << 16, np.uint8)
    for key, value in TRAIN_ID.items():
        table[key] = value
    return np.asarray(table[raw])
