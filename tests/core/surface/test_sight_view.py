"""Whether labels of queries are right, by an exact surface; sweeps stacked with their own origins."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.core.surface.measures import scene_of
from app.core.surface.sight_view import stacked, truly_full
from app.core.types import Frame

WALLS = np.array([[5, -9, -9], [5, 9, -9], [5, 0, 19], [6, -9, -9], [6, 9, -9], [6, 0, 19]], np.float32)


def two_walls() -> Any:
    return scene_of(WALLS, np.array([[0, 1, 2], [3, 4, 5]], np.int32))


def test_full_is_between_the_first_and_the_second_surface() -> None:
    places = np.array([[4.9, 0, 0], [5.1, 0, 0], [6.2, 0, 0], [-3, 0, 0]], np.float32)
    targets = np.array([[5, 0, 0], [5, 0, 0], [5, 0, 0], [-4, 0, 0]], np.float32)
    full, judged = truly_full(two_walls(), np.eye(4), places, np.zeros((4, 3)), targets)
    assert full.tolist() == [False, True, False, False]
    assert judged.tolist() == [True, True, True, False]


def test_the_line_of_sight_begins_where_its_sweep_was() -> None:
    pose = np.eye(4)
    pose[0, 3] = 2.0  # the frame's sensor is 2 m nearer to the walls
    origins = np.array([[0, 0, 0], [3.5, 0, 0]])
    places = np.array([[3.2, 0, 0], [3.2, 0, 0]], np.float32)
    targets = np.array([[3, 0, 0], [3, 0, 0]], np.float32)
    full, judged = truly_full(two_walls(), pose, places, origins, targets)
    assert judged.all() and full.tolist() == [True, False], "the second looks back from between the walls"


def frame(index: int, x: float | None) -> Frame:
    pose = None
    if x is not None:
        pose = np.eye(4)
        pose[0, 3] = x
    points = np.array([[10.0, 0, 0]], np.float32)
    return Frame(index=index, name=str(index), points=points, world_from_sensor=pose)


def test_sweeps_are_stacked_by_their_poses() -> None:
    sweeps = stacked(frame(4, 0.0), [frame(3, -2.0), frame(5, 3.0), frame(6, None)])
    np.testing.assert_allclose(sweeps.points[:, 0], [10, 8, 13])
    np.testing.assert_allclose(sweeps.origins, [[0, 0, 0], [-2, 0, 0], [3, 0, 0]])
    assert sweeps.frames.tolist() == [4, 3, 5] and sweeps.sweep.tolist() == [0, 1, 2]
