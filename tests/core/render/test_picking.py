"""Picking and region selection against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.render.camera import look_at
from app.core.render.picking import pick
from app.core.render.protocol import Picture
from app.core.render.raster import Raster
from app.core.render.scene import Cloud
from app.core.render.selection import select
from app.core.render.stage import Stage

WIDTH, HEIGHT = 160, 100
CAMERA = look_at(np.array([-14.0, 3.0, 7.0]), np.zeros(3))
RASTER = Raster(1)


def cloud(count: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).normal(0, 1, (count, 3)) * [8, 6, 2]).astype(np.float32)


def picture_of(points: np.ndarray, size: float = 2.0) -> Picture:
    stage = Stage()
    stage.set_item("cloud", Cloud(points, np.zeros((len(points), 3), np.uint8)))
    buffers = RASTER.draw(stage, CAMERA, WIDTH, HEIGHT, size=size)
    index, depth = np.empty((HEIGHT, WIDTH), np.int32), np.empty((HEIGHT, WIDTH), np.float32)
    RASTER.split(buffers, 0, len(points), index, depth)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    n = len(points)
    return Picture("v", image, index, depth, CAMERA, "cloud", True, 0.0, n, n, "raster", points)


@settings(max_examples=120, deadline=None)
@given(
    st.integers(1, 3000),
    st.integers(0, 50),
    st.floats(0, WIDTH),
    st.floats(0, HEIGHT),
    st.floats(1, 20),
    st.floats(1, 6),
)
def test_pick_is_the_nearest_of_all_points_that_show(
    count: int, seed: int, x: float, y: float, radius: float, size: float
) -> None:
    points = cloud(count, seed)
    picture = picture_of(points, size)
    found = pick(picture, x, y, WIDTH, HEIGHT, radius=radius, point_size=size)
    visible = np.unique(picture.index[picture.index >= 0])
    pixels, depths = CAMERA.project(points[visible], WIDTH, HEIGHT)
    distances = np.hypot(*(pixels - [x, y]).T)
    if not len(visible) or distances.min() > radius:
        assert found is None
        return
    best = np.lexsort((visible, depths, distances))[0]
    assert found is not None
    assert found.index == visible[best]
    assert found.distance == pytest.approx(distances[best])
    assert found.depth == pytest.approx(depths[best])
    assert np.array_equal(found.point, points[found.index])


def test_of_two_points_on_one_line_of_sight_the_nearer_is_picked() -> None:
    ray = CAMERA.ray(80.3, 50.2, WIDTH, HEIGHT)
    points = np.array([ray[0] + ray[1] * 20, ray[0] + ray[1] * 9], np.float32)
    found = pick(picture_of(points), 80.0, 50.0, WIDTH, HEIGHT)
    assert found is not None
    assert found.index == 1


def test_a_picture_of_half_the_size_picks_the_same_point() -> None:
    points = cloud(500, 3)
    full = picture_of(points)
    small = Picture(
        "v", full.image[::2, ::2], full.index[::2, ::2], full.depth[::2, ::2], CAMERA, "cloud", False,
        0.0, 500, 500, "raster", points,
    )  # fmt: skip
    row = int(np.unique(small.index[small.index >= 0])[5])
    (x, y), _ = (a[0] for a in CAMERA.project(points[row][None], WIDTH, HEIGHT))
    found = pick(small, x, y, WIDTH, HEIGHT)
    assert found is not None
    assert found.index == row


def test_nothing_under_the_pointer_or_no_picture_yet_is_none() -> None:
    assert pick(picture_of(cloud(5, 1)), -500.0, 20.0, WIDTH, HEIGHT) is None
    nothing = Picture(
        "v", np.zeros((4, 4, 3), np.uint8), np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32), CAMERA, "",
        False, 0.0, 0, 0, "open3d",
    )  # fmt: skip
    assert pick(nothing, 5.0, 5.0, WIDTH, HEIGHT) is None


def even_odd(x: float, y: float, polygon: np.ndarray) -> bool:
    """Crossings of a ray to the right, written the long way."""
    crossings = 0
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (y0 <= y < y1) or (y1 <= y < y0):
            crossings += x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return crossings % 2 == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-20, 180), st.floats(-20, 120)), min_size=3, max_size=9),
    st.integers(0, 30),
)
def test_selection_is_every_point_whose_projection_lies_inside(
    corners: list[tuple[float, float]], seed: int
) -> None:
    points = cloud(200, seed)
    points[::11] = np.nan
    polygon = np.array(corners)
    found = select(points, CAMERA, WIDTH, HEIGHT, polygon)
    with np.errstate(invalid="ignore"):
        pixels, depths = CAMERA.project(points, WIDTH, HEIGHT)
    wanted = [i for i in range(200) if depths[i] > 0.05 and even_odd(*pixels[i], polygon)]
    assert found.dtype == np.int64
    assert found.tolist() == wanted


def test_selection_can_be_kept_to_what_shows_or_to_what_is_switched_on() -> None:
    points = cloud(4000, 2)
    picture = picture_of(points, 4.0)
    everything = np.array([[-10.0, -10], [WIDTH + 10, -10], [WIDTH + 10, HEIGHT + 10], [-10, HEIGHT + 10]])
    through = select(points, CAMERA, WIDTH, HEIGHT, everything)
    front = select(points, CAMERA, WIDTH, HEIGHT, everything, visible=picture.index)
    assert front.tolist() == np.unique(picture.index[picture.index >= 0]).tolist()
    assert set(front) < set(through)
    shown = np.arange(4000) % 2 == 0
    assert select(points, CAMERA, WIDTH, HEIGHT, everything, shown=shown).tolist() == [
        r for r in through if shown[r]
    ]


def test_selection_refuses_what_does_not_fit() -> None:
    points = cloud(10, 0)
    with pytest.raises(ValueError, match="polygon"):
        select(points, CAMERA, WIDTH, HEIGHT, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="flags"):
        select(points, CAMERA, WIDTH, HEIGHT, np.zeros((3, 2)), shown=np.ones(3, bool))
    assert not len(select(points, CAMERA, WIDTH, HEIGHT, np.zeros((2, 2))))
