"""Rigid transforms obey the laws of a group, and stay exact far from the origin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.geometry import transforms

angles = st.floats(-3.1, 3.1)
shifts = st.floats(-1e3, 1e3)


def rigid(a: float, b: float, c: float, x: float, y: float, z: float) -> np.ndarray:
    """(4, 4) transform from three rotation angles and a shift."""
    turn = np.eye(3)
    for axis, angle in enumerate((a, b, c)):
        i, j = [k for k in range(3) if k != axis]
        step = np.eye(3)
        step[[i, j], [i, j]] = np.cos(angle)
        step[i, j], step[j, i] = -np.sin(angle), np.sin(angle)
        turn = turn @ step
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, (x, y, z)
    return matrix


rigids = st.builds(rigid, angles, angles, angles, shifts, shifts, shifts)


@given(rigids)
@settings(max_examples=50)
def test_inverse_is_the_matrix_inverse(t: np.ndarray) -> None:
    np.testing.assert_allclose(transforms.inverse(t), np.linalg.inv(t), atol=1e-9)
    np.testing.assert_allclose(transforms.inverse(t) @ t, np.eye(4), atol=1e-9)


@given(rigids, rigids)
@settings(max_examples=50)
def test_relative_composes(a: np.ndarray, b: np.ndarray) -> None:
    motion = transforms.relative(a, b)
    np.testing.assert_allclose(a @ motion, b, atol=1e-8)
    np.testing.assert_allclose(transforms.relative(a, a), np.eye(4), atol=1e-12)
    np.testing.assert_allclose(transforms.inverse(motion), transforms.relative(b, a), atol=1e-8)
    assert transforms.is_rigid(motion)


@given(rigids)
@settings(max_examples=50)
def test_apply_moves_points_as_homogeneous_coordinates_do(t: np.ndarray) -> None:
    points = np.array([[0, 0, 0], [1, -2, 3], [40, 5, -2]], np.float32)
    expected = (t @ np.hstack([points, np.ones((3, 1))]).T).T[:, :3]
    moved = transforms.apply(t, points)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(moved, expected, atol=2e-3, rtol=1e-5)


def test_inverse_of_a_stack() -> None:
    stack = np.stack([rigid(0.1 * i, 0.2, 0.3, i, 2, 3) for i in range(4)])
    np.testing.assert_allclose(transforms.inverse(stack), np.linalg.inv(stack), atol=1e-12)


def test_relative_loses_nothing_in_map_coordinates() -> None:
    far = np.array([456_789.125, 5_428_123.5, 112.25])
    a, b = np.eye(4), np.eye(4)
    a[:3, 3], b[:3, 3] = far, far + np.array([0.001, 0.002, 0.003])
    np.testing.assert_allclose(transforms.relative(a, b)[:3, 3], [0.001, 0.002, 0.003], atol=1e-9)


def test_bad_points_stay_bad_and_good_points_stay_good() -> None:
    points = np.array([[1, 2, 3], [np.nan, 0, 0], [np.inf, 0, 0]], np.float32)
    moved = transforms.apply(rigid(0.3, 0, 0, 1, 1, 1), points)
    assert np.isfinite(moved[0]).all()
    assert not np.isfinite(moved[1:]).all(axis=1).any()


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1.0, 1, -1, 1]),  # a mirror
        np.diag([2.0, 1, 1, 1]),
        np.full((4, 4), np.nan),
        np.eye(3),
        np.vstack([np.eye(4)[:3], [0, 0, 1, 1]]),
    ],
)
def test_what_is_not_rigid(matrix: np.ndarray) -> None:
    assert not transforms.is_rigid(matrix)
