"""The rasteriser against a z-buffer written independently in plain numpy, and its own laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.render.camera import NEAR, Camera, look_at
from app.core.render.kernels import EMPTY
from app.core.render.raster import Raster
from app.core.render.scene import Cloud, Mesh
from app.core.render.stage import STRATA, Stage

WIDTH, HEIGHT = 97, 61


def scene(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 1, (count, 3)) * [8, 6, 2]).astype(np.float32)


def colors_of(count: int) -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, (count, 3), dtype=np.uint8)


def z_buffer(points: np.ndarray, camera: Camera, size: float) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) row of the nearest point and its depth, one point after the other, all in float64."""
    index = np.full((HEIGHT, WIDTH), -1)
    nearest = np.full((HEIGHT, WIDTH), np.inf)
    centers_x, centers_y = np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5
    pixels, depths = camera.project(points, WIDTH, HEIGHT)
    for row, ((x, y), depth) in enumerate(zip(pixels, depths, strict=True)):
        if not depth > 0.05:
            continue
        across = (centers_x >= x - size / 2) & (centers_x < x + size / 2)
        down = (centers_y >= y - size / 2) & (centers_y < y + size / 2)
        covered = np.outer(down, across) & (depth < nearest)
        index[covered], nearest[covered] = row, depth
    return index, nearest


def drawn(raster: Raster, stage: Stage, camera: Camera, size: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    buffers = raster.draw(stage, camera, WIDTH, HEIGHT, size=size)
    index, depth = np.empty((HEIGHT, WIDTH), np.int32), np.empty((HEIGHT, WIDTH), np.float32)
    raster.split(buffers, 0, 10**6, index, depth)
    return index, depth


@pytest.fixture(scope="module")
def raster() -> Raster:
    return Raster(2)


CAMERA = look_at(np.array([-14.0, 3.0, 7.0]), np.zeros(3))


@pytest.mark.parametrize("size", [1.0, 2.0, 2.5, 5.0])
def test_agrees_with_a_plain_z_buffer(raster: Raster, size: float) -> None:
    points = scene(1500)
    stage = Stage()
    stage.set_item("cloud", Cloud(points, colors_of(len(points))))
    index, depth = drawn(raster, stage, CAMERA, size)
    wanted, nearest = z_buffer(points, CAMERA, size)
    # float32 rounds a square's edge the other way now and then; nothing else may differ
    assert (index == wanted).mean() > 0.998
    same = index == wanted
    assert np.allclose(depth[same], nearest[same], rtol=1e-5)
    assert (wanted >= 0).mean() > 0.1


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(0, 99), st.floats(0.6, 7))
def test_every_visible_pixel_is_the_nearest_of_its_points(count: int, seed: int, size: float) -> None:
    points = scene(count, seed)
    stage = Stage()
    stage.set_item("cloud", Cloud(points, colors_of(count)))
    index, _ = drawn(Raster(1), stage, CAMERA, max(size, 1.0))
    wanted, _ = z_buffer(points, CAMERA, max(size, 1.0))
    assert (index != wanted).sum() <= 2 + 0.01 * (wanted >= 0).sum()


def test_the_number_of_threads_changes_nothing() -> None:
    points = scene(4000)
    stage = Stage()
    stage.set_item("cloud", Cloud(points, colors_of(len(points))))
    one, four = (drawn(Raster(n), stage, CAMERA, 3.0)[0] for n in (1, 4))
    assert np.array_equal(one, four)


def test_bad_and_hidden_points_are_not_drawn_and_rows_keep_their_numbers(raster: Raster) -> None:
    points = scene(800)
    points[::5] = np.nan
    points[3::7, 1] = np.inf
    shown = np.arange(800) % 3 != 0
    stage = Stage()
    stage.set_item("cloud", Cloud(points, colors_of(800), shown))
    index, _ = drawn(raster, stage, CAMERA)
    seen = np.unique(index[index >= 0])
    assert len(seen) > 50
    assert np.isfinite(points[seen]).all()
    assert shown[seen].all()
    stage.set_colors("cloud", colors_of(800), ~shown)
    index, _ = drawn(raster, stage, CAMERA)
    assert not shown[np.unique(index[index >= 0])].any()


def test_far_points_never_vanish_and_near_ones_are_there(raster: Raster) -> None:
    ray = np.array([1.0, 0.2, 0.1]) / np.linalg.norm([1.0, 0.2, 0.1])
    camera = look_at(np.zeros(3), ray)
    for distance in (0.06, 1.0, 300.0, 20_000.0):
        stage = Stage()
        stage.set_item("cloud", Cloud((ray * distance)[None].astype(np.float32), colors_of(1)))
        index, depth = drawn(raster, stage, camera)
        assert (index == 0).sum() == 4, distance
        assert np.isclose(depth[index == 0], distance, rtol=1e-3).all()


def test_map_coordinates_lose_no_precision(raster: Raster) -> None:
    """Points half a million metres from the origin look as the same points do at the origin."""
    points = np.round(scene(600) * 2) / 2  # steps that float32 still holds out there
    far = np.array([524288.0, 262144.0, 128.0])
    near_stage, far_stage = Stage(), Stage()
    near_stage.set_item("cloud", Cloud(points, colors_of(600)))
    far_stage.set_item("cloud", Cloud((points + far).astype(np.float32), colors_of(600)))
    eye = np.array([-14.0, 3.0, 7.0])
    here, _ = drawn(raster, near_stage, look_at(eye, np.zeros(3)))
    there, _ = drawn(raster, far_stage, look_at(eye + far, far))
    assert (here == there).mean() > 0.995


def test_strata_are_nested_and_hold_every_point_once() -> None:
    points = scene(1003)
    points[7] = np.nan
    stage = Stage()
    stage.set_item("cloud", Cloud(points, colors_of(1003)))
    cloud = stage.clouds["cloud"]
    assert sorted(cloud.rows) == [r for r in range(1003) if r != 7]
    counts = [cloud.count(k) for k in range(STRATA + 1)]
    assert counts[0] == 0
    assert counts[-1] == 1002
    assert max(np.diff(counts)) - min(np.diff(counts)) <= 1


def test_triangles_cover_what_their_edges_enclose(raster: Raster) -> None:
    """Two triangles make a slanted square: each pixel's depth is that of the plane along its line of sight."""
    corners = np.array([[-3.0, -2, 6], [3, -2, 9], [3, 2, 9], [-3, 2, 6]], np.float32)
    mesh = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), np.full((4, 3), 200, np.uint8))
    stage = Stage()
    stage.set_item("mesh", mesh)
    camera = Camera(np.eye(4), np.array([0, 0, 7.0]))
    _, depth = drawn(raster, stage, camera)
    normal = np.cross(corners[1] - corners[0], corners[3] - corners[0]).astype(np.float64)
    inside = 0
    for row in range(0, HEIGHT, 3):
        for column in range(0, WIDTH, 3):
            origin, ray = camera.ray(column + 0.5, row + 0.5, WIDTH, HEIGHT)
            hit = origin + ray * (normal @ (corners[0] - origin)) / (normal @ ray)
            if abs(hit[0]) < 2.9 and abs(hit[1]) < 1.9:
                assert np.isclose(depth[row, column], hit[2], rtol=1e-4)
                inside += 1
            elif abs(hit[0]) > 3.1 or abs(hit[1]) > 2.1:
                assert np.isinf(depth[row, column])
    assert inside > 50


def test_a_triangle_through_the_near_plane_is_cut_there(raster: Raster) -> None:
    ground = np.array([[-50.0, 1, -50], [50, 1, -50], [0, 1, 100]], np.float32)
    stage = Stage()
    stage.set_item("mesh", Mesh(ground, np.array([[0, 1, 2]], np.int32), np.full((3, 3), 99, np.uint8)))
    _, depth = drawn(raster, stage, Camera(np.eye(4), np.array([0, 0, 5.0])))
    assert np.isfinite(depth[HEIGHT - 1]).all()
    assert np.isinf(depth[0]).all()


def test_many_triangles_are_drawn_as_one_by_one(raster: Raster) -> None:
    """Against every pixel's line of sight met with every triangle, some of them behind the camera or not finite."""
    random = np.random.default_rng(5)
    middle = random.uniform([-4, -3, -2], [4, 3, 14], (60, 1, 3))
    vertices = (middle + random.normal(0, 1.2, (60, 3, 3))).reshape(-1, 3).astype(np.float32)
    vertices[17] = np.nan
    triangles = np.arange(180, dtype=np.int32).reshape(-1, 3)
    stage, camera = Stage(), Camera(np.eye(4), np.array([0, 0, 7.0]))
    stage.set_item("mesh", Mesh(vertices, triangles, np.full((180, 3), 200, np.uint8)))
    _, depth = drawn(raster, stage, camera)
    columns, rows = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    lens = camera.matrix(WIDTH, HEIGHT)
    rays = np.stack([(columns - lens[0, 2]) / lens[0, 0], (rows - lens[1, 2]) / lens[1, 1], np.ones_like(rows)], -1)
    nearest = np.full((HEIGHT, WIDTH), np.inf)
    for corners in vertices[triangles].astype(np.float64):
        if not np.isfinite(corners).all():
            continue
        parts = rays @ np.linalg.inv(corners.T).T
        distance = 1 / parts.sum(axis=2)
        hit = ((parts * distance[..., None]) >= 0).all(axis=2) & (distance > NEAR)
        nearest = np.where(hit, np.minimum(nearest, distance), nearest)
    same = np.isclose(nearest, depth, rtol=1e-3) | (np.isinf(nearest) & np.isinf(depth))
    assert same.mean() > 0.99  # pixels on an edge may fall to either side
    assert np.isfinite(depth).mean() > 0.2


def test_triangles_with_a_common_edge_leave_no_pixel_between_them(raster: Raster) -> None:
    across = np.linspace(-8, 8, 57)
    grid = np.stack(np.meshgrid(across, across), -1).reshape(-1, 2)
    wall = np.column_stack([grid + 0.013 * np.sin(7 * grid[:, ::-1]), 6 + 0.3 * np.sin(grid.sum(axis=1))])
    rows = np.arange(57 * 57).reshape(57, 57)
    a, b, c, d = (part.ravel() for part in (rows[:-1, :-1], rows[:-1, 1:], rows[1:, :-1], rows[1:, 1:]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.int32)
    stage = Stage()
    stage.set_item("mesh", Mesh(wall.astype(np.float32), faces, np.full((len(wall), 3), 99, np.uint8)))
    _, depth = drawn(raster, stage, Camera(np.eye(4), np.array([0, 0, 6.0])))
    assert np.isfinite(depth).all()


def test_colours_are_exact_without_shading_and_darker_behind_edges(raster: Raster) -> None:
    near = np.array([[0.0, 0.0, 5.0]], np.float32)
    far = np.stack(np.meshgrid(np.linspace(-6, 6, 120), np.linspace(-4, 4, 80)), -1).reshape(-1, 2)
    wall = np.column_stack([far, np.full(len(far), 10.0)]).astype(np.float32)
    colors = np.full((len(wall) + 1, 3), 200, np.uint8)
    colors[0] = (10, 20, 30)
    stage = Stage()
    stage.set_item("cloud", Cloud(np.concatenate([near, wall]), colors))
    camera = Camera(np.eye(4), np.array([0, 0, 5.0]))
    buffers = raster.draw(stage, camera, WIDTH, HEIGHT, size=3.0)
    image, black = np.empty((HEIGHT, WIDTH, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)
    raster.shade(buffers, 0.0, 1.5)
    raster.resolve(buffers, stage.table, 0.0, black, image)
    assert {tuple(c) for c in image[buffers.keys < EMPTY]} == {(200, 200, 200), (10, 20, 30)}
    raster.shade(buffers, 1.2, 1.5)
    raster.resolve(buffers, stage.table, 1.2, black, image)
    middle = (HEIGHT // 2, WIDTH // 2)
    assert tuple(image[middle]) == (10, 20, 30)  # the near point is not darkened
    assert image[HEIGHT // 2, WIDTH // 2 + 3].max() < 140  # the wall beside it is
    assert image[HEIGHT // 2, WIDTH // 2 + 25].min() == 200  # far from any edge it is not


def test_empty_pixels_darken_nothing_and_show_the_background(raster: Raster) -> None:
    stage = Stage()
    stage.set_item("cloud", Cloud(np.array([[0, 0, 5.0]], np.float32), np.full((1, 3), 250, np.uint8)))
    buffers = raster.draw(stage, Camera(np.eye(4), np.array([0, 0, 5.0])), WIDTH, HEIGHT, size=4.0)
    raster.shade(buffers, 3.0, 2.0)
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    raster.resolve(buffers, stage.table, 3.0, np.array([[[7, 8, 9]]], np.uint8), image)
    assert {tuple(c) for c in image.reshape(-1, 3)} == {(250, 250, 250), (7, 8, 9)}
    assert (image == 250).all(axis=2).sum() == 16


def test_replacing_an_item_keeps_ids_colours_and_order_right(raster: Raster) -> None:
    """Whatever comes and goes beside it, a cloud's points keep their colours and stay what is picked."""
    points = scene(300)
    red, green = (np.full((300, 3), c, np.uint8) for c in ((200, 0, 0), (0, 200, 0)))
    stage = Stage()
    triangle = Mesh(points[:3] + 50, np.array([[0, 1, 2]], np.int32), red[:3])
    stage.set_item("cloud", Cloud(points, red))
    stage.set_item("second", Cloud(points[:100] + 80, green[:100]))
    stage.set_item("mesh", triangle)
    stage.set_item("cloud", Cloud(points[:250], red[:250]))
    assert stage.pickable == "cloud"
    stage.remove_item("second")
    stage.set_item("mesh", triangle)
    stage.set_colors("cloud", green[:250], None)
    stage.set_item("label", Mesh(points[:3] + 60, np.array([[0, 1, 2]], np.int32), red[:3], opacity=0.5))
    buffers = raster.draw(stage, CAMERA, WIDTH, HEIGHT, size=2.0)
    raster.shade(buffers, 0.0, 1.0)
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    raster.resolve(buffers, stage.table, 0.0, np.zeros((1, 1, 3), np.uint8), image)
    assert {tuple(c) for c in image.reshape(-1, 3)} == {(0, 200, 0), (0, 0, 0)}


def test_a_dense_display_draws_points_and_lines_as_large_as_a_coarse_one() -> None:
    from app.core.render.compositor import Compositor
    from app.core.render.protocol import Resize, SetCamera, SetItem, SetStyle
    from app.core.render.scene import Style
    from app.core.render.shaded import ShadedDrawer

    point = Cloud(np.array([[0.3, 0.2, 5.0]], np.float32), np.full((1, 3), 250, np.uint8))
    covered = []
    for ratio in (1, 2):
        drawer = ShadedDrawer(Raster(1))
        view = Compositor(drawer)
        view.apply(SetItem("v", "cloud", point))
        view.apply(SetStyle("v", Style(point_size=3.0)))
        view.apply(SetCamera("v", Camera(np.eye(4), np.array([0, 0, 5.0])), False))
        view.apply(Resize("v", 100 * ratio, 80 * ratio, float(ratio)))
        covered.append(int((view.still("v", 100 * ratio, 80 * ratio) > 0).all(axis=2).sum()))
    assert covered == [9, 36]
