"""The pure functions that make overlays: boxes, trajectory, grid."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.label_sets import SEMANTIC_KITTI
from app.core.render.scene import check
from app.core.types import Box
from app.ui import overlay_items


def box(label: str = "car", yaw: float = 0.3) -> Box:
    c, s = np.cos(yaw), np.sin(yaw)
    return Box(np.array([5.0, 1, 0]), (4.0, 2.0, 1.5), np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]), label)


def test_boxes_have_twelve_edges_and_a_bar_to_the_front() -> None:
    lines = overlay_items.boxes((box(), box("van")), None)
    check(lines)
    assert len(lines.segments) == 2 * 12 + 2
    start, end = lines.points[lines.segments[-2]]
    assert np.allclose(start, [5, 1, 0]) and np.allclose(np.linalg.norm(end - start), 2.0)
    assert np.allclose((end - start) / 2, box().rotation[:, 0], atol=1e-6)


def test_a_box_takes_its_class_colour_or_always_the_same_other_one() -> None:
    assert overlay_items.box_color("car", SEMANTIC_KITTI) == (100, 150, 245)
    assert overlay_items.box_color("Tram", SEMANTIC_KITTI) == overlay_items.box_color("tram", None)


def test_the_trajectory_passes_through_the_sensor() -> None:
    poses = np.tile(np.eye(4), (5, 1, 1))
    poses[:, 0, 3] = np.arange(5) * 2.0
    lines = overlay_items.trajectory(poses, 3, dark=True)
    check(lines)
    assert np.allclose(lines.points[3], 0) and np.allclose(lines.points[0], [-6, 0, 0])
    driven = lines.colors[:3]
    assert (driven == driven[0]).all() and not (lines.colors[3] == driven[0]).all()


@pytest.mark.parametrize("dark", [True, False])
def test_the_grid_lies_on_the_ground(dark: bool) -> None:
    rng = np.random.default_rng(1)
    ground = np.column_stack([rng.uniform(-30, 30, (900, 2)), np.full(900, -1.73)])
    things = np.column_stack([rng.uniform(-30, 30, (100, 2)), rng.uniform(-1, 4, 100)])
    cloud = np.concatenate([ground, things, [[0, 0, np.nan], [0, 0, -90.0]]]).astype(np.float32)
    height = overlay_items.ground_height(cloud)
    assert height == pytest.approx(-1.73, abs=0.01)
    lines = overlay_items.grid(height, dark=dark)
    check(lines)
    assert np.allclose(lines.points[:, 2], height)
    check(overlay_items.grid_distances(height, dark=dark))


def test_an_empty_cloud_has_a_ground_too() -> None:
    assert overlay_items.ground_height(np.zeros((0, 3), np.float32)) == 0.0
