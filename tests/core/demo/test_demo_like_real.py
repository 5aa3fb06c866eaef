"""The demo's scans beside a real one: as many points, the same nearest rings, remissions, losses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.demo.labels import train_ids
from app.core.demo.lidar import Lidar
from app.core.demo.world import DemoFrame, build_world

CLASSES = {"road": 9, "sidewalk": 11, "building": 13, "vegetation": 15, "trunk": 16, "car": 1}


@pytest.fixture(scope="module")
def made() -> DemoFrame:
    """A scan of the built-in drive by the whole sensor."""
    return build_world(0, lidar=Lidar.hdl64()).scan(10)


@pytest.fixture
def real(realdata: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points with remission (N, 4), and classes (N,), of SemanticKITTI 00/000000."""
    folder = realdata / "semantickitti/sequences/00"
    points = np.fromfile(folder / "velodyne/000000.bin", np.float32).reshape(-1, 4)
    raw = (np.fromfile(folder / "labels/000000.label", np.uint32) & 0xFFFF).astype(np.uint16)
    return points, train_ids(raw)


@pytest.mark.realdata
def test_remissions_are_those_of_the_real_scan(made: DemoFrame, real: tuple[np.ndarray, np.ndarray]) -> None:
    points, classes = real
    ours = train_ids(made.labels)
    for name, number in CLASSES.items():
        expected, found = np.median(points[classes == number, 3]), np.median(made.intensity[ours == number])
        assert abs(expected - found) < 0.08, f"{name}: {found:.2f}, really {expected:.2f}"


@pytest.mark.realdata
def test_the_nearest_ground_lies_where_it_really_does(made: DemoFrame, real: tuple[np.ndarray, np.ndarray]) -> None:
    points, classes = real
    theirs = np.linalg.norm(points[classes == CLASSES["road"], :3], axis=1)
    ours = np.linalg.norm(made.points[train_ids(made.labels) == CLASSES["road"]], axis=1)
    assert abs(np.percentile(theirs, 1) - np.percentile(ours, 1)) < 0.4
    assert (
        abs(
            np.median(points[classes == CLASSES["road"], 2])
            - np.median(made.points[train_ids(made.labels) == 9, 2])
        )
        < 0.2
    )


def test_a_full_scan_has_about_as_many_points_as_a_real_one(made: DemoFrame) -> None:
    assert 100_000 < len(made.points) < 125_000
    # The car's own roof and devices take more of the lowest beams than of those above.
    beams = np.bincount(made.ring, minlength=64)
    assert beams[60:].mean() < 0.75 * beams[40:48].mean()
    assert beams[40:48].mean() > 1850


def test_plates_shine_and_glass_swallows(made: DemoFrame) -> None:
    cars = np.isin(made.labels, [10, 252])
    assert made.intensity[cars].max() > 0.9
    assert (made.intensity[cars] < 0.02).mean() > 0.05
