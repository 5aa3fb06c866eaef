"""Projection against the pinhole equation written out point by point."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.geometry.projection import MIN_DEPTH, in_image, project, sample

K = np.array([[700.0, 0, 60], [0, 690, 20], [0, 0, 1]])
SENSOR = np.array([[0, -1.0, 0, 0.01], [0, 0, -1, -0.08], [1, 0, 0, -0.27], [0, 0, 0, 1]])


def brute_force(point: np.ndarray) -> tuple[float, float, float]:
    x, y, z, _ = SENSOR @ np.append(point, 1)
    return 700 * x / z + 60, 690 * y / z + 20, z


def test_pixels_are_the_pinhole_equation() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform([1, -10, -3], [50, 10, 3], (200, 3)).astype(np.float32)
    pixels, depths = project(points, SENSOR, K)
    expected = np.array([brute_force(p) for p in points.astype(np.float64)])
    np.testing.assert_allclose(pixels, expected[:, :2], rtol=1e-4, atol=0.02)
    np.testing.assert_allclose(depths, expected[:, 2], rtol=1e-5, atol=1e-5)


def test_points_behind_the_camera_have_no_pixel() -> None:
    pixels, depths = project(np.array([[-5, 0, 0], [0.27, 0, 0]], np.float32), SENSOR, K)
    assert np.isnan(pixels).all()
    assert not in_image(pixels, depths, (120, 40)).any()


def test_bad_points_are_in_no_image() -> None:
    points = np.array([[np.nan, 0, 0], [np.inf, 0, 0], [10, np.inf, 0], [10, 0, 0]], np.float32)
    pixels, depths = project(points, SENSOR, K)
    assert in_image(pixels, depths, (120, 40)).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("pixel", "inside"),
    [((0, 0), True), ((119.99, 39.99), True), ((-0.01, 5), False), ((120, 5), False), ((5, 40), False)],
)
def test_edges_of_the_image(pixel: tuple[float, float], inside: bool) -> None:
    assert in_image(np.array([pixel], np.float32), np.array([5.0]), (120, 40)).tolist() == [inside]


def test_nothing_is_seen_closer_than_the_lens() -> None:
    depths = np.array([MIN_DEPTH / 2, MIN_DEPTH * 2])
    assert in_image(np.ones((2, 2)), depths, (10, 10)).tolist() == [False, True]


def test_sample_takes_the_pixel_a_position_falls_on() -> None:
    image = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    found = sample(image, np.array([[0.0, 0.0], [0.99, 0.99], [4.5, 3.9], [2.0, 1.0]], np.float32))
    np.testing.assert_array_equal(found, image[[0, 0, 3, 1], [0, 0, 4, 2]])


def test_no_points() -> None:
    pixels, depths = project(np.empty((0, 3), np.float32), SENSOR, K)
    assert pixels.shape == (0, 2)
    assert depths.shape == (0,)


@pytest.mark.realdata
def test_real_scan_has_the_documented_number_of_points_in_its_image(realdata) -> None:
    from app.core.datasets import open_dataset

    frame = open_dataset(realdata / "semantickitti").sequences[0].read(0)
    camera = frame.camera("image_2")
    pixels, depths = project(frame.points, camera.camera_from_sensor, camera.intrinsics)
    assert int(in_image(pixels, depths, camera.size).sum()) == 19369
