"""A small world for the tests: the real street of a seed, seen by sensors with few beams and pixels."""

from __future__ import annotations

import pytest

from app.core.demo.calibration import kitti_like
from app.core.demo.lidar import Lidar
from app.core.demo.world import World, build_world


def small_world(seed: int) -> World:
    """The world of a seed with 32 beams of 512 columns and a picture of 149 × 45."""
    return build_world(seed, lidar=Lidar.hdl64(32, 512), calibration=kitti_like(0.12))


@pytest.fixture(scope="session")
def street() -> World:
    """Seed 0, built once for all tests."""
    return small_world(0)


@pytest.fixture(scope="session")
def other_street() -> World:
    """Seed 1."""
    return small_world(1)
