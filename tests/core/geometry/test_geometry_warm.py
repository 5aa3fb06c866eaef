"""Nothing is compiled while somebody waits for it: warming up covers every loop with the types really used."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.geometry import (
    ground,
    neighbours_grid,
    neighbours_loops,
    superpoints_dbscan,
    superpoints_hdbscan,
    supervoxels_loops,
    visibility_loops,
)
from app.core.geometry.superpixels import grid
from app.core.geometry.superpoints import KINDS, SuperpointOptions, superpoints
from app.core.geometry.visibility import RULES, VisibilityOptions, sight
from app.core.geometry.warm import warm
from app.core.types import CameraView

MODULES = (
    ground,
    neighbours_grid,
    neighbours_loops,
    superpoints_dbscan,
    superpoints_hdbscan,
    supervoxels_loops,
    visibility_loops,
)


def compiled() -> dict[str, int]:
    """Number of type combinations each loop has been compiled for."""
    loops = {f"{m.__name__}.{name}": loop for m in MODULES for name, loop in vars(m).items()}
    return {name: len(loop.signatures) for name, loop in loops.items() if hasattr(loop, "signatures")}


@pytest.mark.parametrize("writable", [True, False])
def test_warming_up_compiles_all_that_frames_need(writable: bool) -> None:
    warm()
    before = compiled()
    rng = np.random.default_rng(0)
    points = rng.uniform(-20, 20, (6000, 3)).astype(np.float32)  # many enough for threads
    points.flags.writeable = writable  # as arrays are that came through a pipe or from a file
    for kind in KINDS:
        superpoints(points, SuperpointOptions(kind=kind))
    pose = np.array([[0, -1.0, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    camera = CameraView("c", (80, 40), pose, np.array([[60.0, 0, 40], [0, 60, 20], [0, 0, 1]]), None)
    for rule in RULES:
        sight(points, camera, VisibilityOptions(rule=rule), grid(camera.size, segments=50))
    assert compiled() == before
    assert sum(before.values()) > 20
