"""Planes through a field: where they lie, how fine they may be, what is drawn of them."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.surface.slicing import FIRST, MOST_CELLS, finest_step, first_step, plane_of, squares
from app.core.surface.view import PLANES, SliceOptions

BOX = (-4.0, -2.0, -1.0, 4.0, 2.0, 3.0)
CONSTANT = {"horizontal": 2, "along": 1, "across": 0}


@pytest.mark.parametrize("plane", PLANES)
def test_places_fill_the_box_on_the_plane(plane: str) -> None:
    cut = plane_of(SliceOptions(plane, 0.5), np.zeros((0, 3)), BOX, 1.0)
    places = cut.places(0.1)
    axis = CONSTANT[plane]
    assert places.dtype == np.float32 and len(places) == cut.count(0.1)
    assert (places[:, axis] == 0.5).all()
    others = [a for a in range(3) if a != axis]
    np.testing.assert_allclose(places.min(axis=0)[others], np.array(BOX)[others] + 0.05, atol=1e-5)
    np.testing.assert_allclose(places.max(axis=0)[others], np.array(BOX)[[a + 3 for a in others]] - 0.05, atol=1e-5)
    height, width = cut.shape(0.1)
    right, up = cut.directions()
    np.testing.assert_allclose(places[1] - places[0], 0.1 * right, atol=1e-5)
    np.testing.assert_allclose(places[width] - places[0], 0.1 * up, atol=1e-5)
    assert height * width == len(places)


def test_without_a_box_it_goes_where_points_are_near() -> None:
    points = np.array([[-10, -5, -1.7], [20, 5, 2], [300, 0, 90]], np.float32)
    cut = plane_of(SliceOptions("horizontal", 0.0), points, None, 1.0)
    np.testing.assert_allclose([cut.low, cut.high], [[-11, -6], [21, 6]])
    upright = plane_of(SliceOptions("along", 0.0), points, None, 1.0)
    assert upright.high[1] == pytest.approx(3.0, abs=0.1), "a far point high up does not make it tall"
    assert plane_of(SliceOptions("along", 0.0), points[:0], None, 1.0).count(0.1) > 0


def test_it_is_as_fine_as_time_allows() -> None:
    cut = plane_of(SliceOptions("horizontal", 0.0), np.zeros((0, 3)), (-20, -20, -3, 20, 20, 3), 1.0)
    first = first_step(cut)
    assert first == 0.8 and cut.count(first) <= FIRST < cut.count(first / 2)
    pace = 1e-5
    assert finest_step(cut, first, pace, 0.11) == 0.4
    assert finest_step(cut, first, pace, 0.45) == 0.2
    assert finest_step(cut, first, pace, 0.0) == first
    assert cut.count(finest_step(cut, first, 1e-9, 10.0)) <= MOST_CELLS


def test_squares_show_what_is_known() -> None:
    cut = plane_of(SliceOptions("across", 2.0), np.zeros((0, 3)), (0, 0, 0, 4, 2, 1), 1.0)
    values = np.array([[0.0, np.nan], [1.0, 0.5]], np.float32)
    cut = type(cut)(np.zeros(2), np.full(2, 2.0), cut.axis, cut.spanned, cut.position)
    vertices, triangles, colors = squares(cut, 1.0, values)
    assert len(vertices) == len(colors) == 12 and len(triangles) == 6 and triangles.max() == 11
    np.testing.assert_allclose(vertices[:4], [[2, 0, 0], [2, 1, 0], [2, 1, 1], [2, 0, 1]])
    empty, full, middle = (colors[k].astype(int) for k in (0, 4, 8))
    assert empty[2] > empty[0] and full[0] > full[2] and abs(middle[0] - middle[2]) < 40
    assert all(len(part) == 0 for part in squares(cut, 1.0, np.full((2, 2), np.nan, np.float32)))
