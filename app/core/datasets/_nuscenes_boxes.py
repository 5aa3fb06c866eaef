"""nuScenes' annotations as boxes in the sensor frame, with velocities from the same object's other keyframes."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.datasets._nuscenes_fields import is_number
from app.core.datasets._nuscenes_tables import Row, Tables, quaternion_matrix
from app.core.types import Box

_LONGEST_STEP = 1.5
"""Seconds between two annotations over which a velocity still means something (nuscenes-devkit's value)."""


def boxes_of_sample(
    tables: Tables, sample: str, sensor_from_world: np.ndarray, notes: list[str]
) -> tuple[Box, ...]:
    """The boxes of a keyframe, sensor frame; sentences about odd rows are appended to ``notes``.

    A velocity is what the row states, else the motion between the neighbouring annotations of the same
    object; None where neither is known.
    """
    boxes = []
    not_numbers = flat = 0
    for token in tables.of_sample.get(sample, ()):
        row = tables.annotations[token]
        width, length, height = row["size"]
        if min(row["size"]) <= 0:
            flat += 1
            continue
        velocity, broken = _velocity(tables, row)
        not_numbers += broken
        center = sensor_from_world @ np.array([*row["translation"], 1.0])
        boxes.append(
            Box(
                center=center[:3],
                size=(float(length), float(width), float(height)),
                rotation=sensor_from_world[:3, :3] @ quaternion_matrix(row["rotation"]),
                label=tables.categories[row["instance_token"]],
                instance=row["instance_token"],
                velocity=None if velocity is None else sensor_from_world[:3, :3] @ velocity,
            )
        )
    if not_numbers:
        notes.append(f"{not_numbers} boxes have a velocity that is no number; they are shown without one.")
    if flat:
        notes.append(f"{flat} boxes have no volume and are left out.")
    return tuple(boxes)


def _velocity(tables: Tables, row: Row) -> tuple[np.ndarray | None, bool]:
    """(3,) metres a second in the world or None, and whether the row states one that is no number."""
    if "velocity" in row:
        stated = _finite_vector(row["velocity"])
        return stated, stated is None
    before, after = (tables.annotations.get(row.get(key, "")) for key in ("prev", "next"))
    first, last = before or row, after or row
    seconds = (tables.times[last["sample_token"]] - tables.times[first["sample_token"]]) / 1e6
    longest = 2 * _LONGEST_STEP if before is not None and after is not None else _LONGEST_STEP
    if not 0 < seconds <= longest:
        return None, False
    return (np.array(last["translation"]) - np.array(first["translation"])) / seconds, False


def _finite_vector(value: Any) -> np.ndarray | None:
    """(3,) from two or three finite numbers; None from anything else."""
    if not isinstance(value, list) or len(value) not in (2, 3):
        return None
    if not all(map(is_number, value)):
        return None
    return np.array([*value, 0.0][:3], np.float64)
