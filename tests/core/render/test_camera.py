"""Laws of the camera: what its moves keep, and that projecting and looking along a ray are inverse."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.core.render import camera as moves
from app.core.render import viewpoints
from app.core.render.camera import Camera, look_at
from app.core.types import CameraView

coordinate = st.floats(-80, 80)
angle = st.floats(-3, 3)
place = st.tuples(coordinate, coordinate, st.floats(2, 60)).map(np.array)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    eye = draw(place)
    target = eye + np.array([draw(st.floats(1, 40)), draw(coordinate) / 4, -draw(st.floats(0.5, 30))])
    return look_at(eye, target, fov=draw(st.floats(20, 100)))


def rigid(camera: Camera) -> bool:
    axes = camera.axes
    return np.allclose(axes @ axes.T, np.eye(3), atol=1e-9) and np.isclose(np.linalg.det(axes), 1)


@given(cameras(), angle, angle)
def test_orbit_keeps_distance_to_the_pivot_and_the_horizon(camera: Camera, yaw: float, pitch: float) -> None:
    turned = moves.orbit(camera, yaw, pitch)
    before, after = (np.linalg.norm(c.position - c.pivot) for c in (camera, turned))
    assert np.isclose(before, after)
    assert rigid(turned)
    assert abs(turned.axes[0, 2]) < 1e-6  # right stays level
    pixel, depth = turned.project(camera.pivot[None], 800, 600)
    assert np.allclose(pixel, [[400, 300]], atol=1e-3)
    assert depth[0] > 0


@given(cameras(), st.floats(-200, 200), st.floats(-200, 200))
def test_pan_moves_the_pivot_along_with_the_pointer(camera: Camera, dx: float, dy: float) -> None:
    old = camera.pivot
    panned = moves.pan(camera, dx, dy, 600)
    pixel, _ = panned.project(old[None], 800, 600)
    assert np.allclose(pixel, [[400 + dx, 300 + dy]], atol=1e-2)
    assert np.allclose(panned.axes, camera.axes)


@given(cameras(), st.floats(0.3, 2.0))
def test_zoom_keeps_the_target_under_the_pointer(camera: Camera, factor: float) -> None:
    target = moves.under(camera, 200, 150, 800, 600)
    before, _ = camera.project(target[None], 800, 600)
    assert np.allclose(before, [[200, 150]], atol=1e-6)
    nearer = moves.zoom(camera, factor, target)
    after, depth = nearer.project(target[None], 800, 600)
    assert np.allclose(before, after, atol=1e-4)
    assert np.isclose(depth[0], camera.project(target[None], 800, 600)[1][0] * factor)


@given(cameras(), st.floats(0, 800), st.floats(0, 600), st.floats(0.5, 100))
def test_points_along_a_ray_project_back_to_its_pixel(camera: Camera, x: float, y: float, far: float) -> None:
    origin, direction = camera.ray(x, y, 800, 600)
    pixel, depth = camera.project((origin + direction * far)[None], 800, 600)
    assert np.allclose(pixel, [[x, y]], atol=1e-6)
    assert depth[0] > 0


@given(cameras(), place)
def test_aim_puts_the_new_pivot_into_the_middle(camera: Camera, target: np.ndarray) -> None:
    aimed = moves.aim(camera, target)
    pixel, depth = aimed.project(target[None], 800, 600)
    assert np.allclose(pixel, [[400, 300]], atol=1e-6)
    assert 0 < depth[0] <= max(np.linalg.norm(camera.position - camera.pivot), 0.5) + 1e-9
    assert np.allclose(aimed.pivot, target)


@given(cameras(), st.floats(10, 5000))
def test_the_far_plane_lies_behind_everything(camera: Camera, size: float) -> None:
    bounds = np.array([[-size] * 3, [size] * 3])
    near, far = moves.clip_planes(camera, bounds)
    corners = np.array([[bounds[(i >> a) & 1, a] for a in range(3)] for i in range(8)])
    assert 0 < near < far
    assert (camera.project(corners, 800, 600)[1] < far).all()


@given(cameras(), cameras(), st.floats(0, 1))
def test_between_starts_and_ends_where_it_should_and_stays_a_camera(a: Camera, b: Camera, t: float) -> None:
    assert np.allclose(viewpoints.between(a, b, 0.0).camera_from_world, a.camera_from_world, atol=1e-6)
    assert viewpoints.between(a, b, 1.0) is b
    assert rigid(viewpoints.between(a, b, t))


@given(cameras(), st.lists(place, min_size=4, max_size=20))
def test_fit_shows_every_point(camera: Camera, points: list[np.ndarray]) -> None:
    cloud = np.array(points, np.float32)
    fitted = viewpoints.fit_points(cloud, camera, 800, 600, share=1.0)
    pixels, depth = fitted.project(cloud, 800, 600)
    assert (depth > 0).all()
    assert (pixels >= -1e-3).all()
    assert (pixels <= np.array([800, 600]) + 1e-3).all()


def test_carried_sees_the_ground_from_the_same_place() -> None:
    """The vehicle moves 3 m ahead and turns: a camera that stays with the ground sees the same points as before."""
    turn = np.radians(20)
    new_from_old = np.eye(4)
    new_from_old[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    new_from_old[:3, 3] = [-3.0, 0.4, 0.0]
    camera = look_at(np.array([-20.0, 3, 10]), np.zeros(3))
    ground = np.random.default_rng(0).uniform(-10, 10, (50, 3))
    moved = ground @ new_from_old[:3, :3].T + new_from_old[:3, 3]
    carried = viewpoints.carried(camera, new_from_old)
    assert np.allclose(camera.project(ground, 800, 600)[0], carried.project(moved, 800, 600)[0])
    assert np.allclose(carried.pivot, new_from_old[:3, 3])


def test_a_recorded_camera_projects_as_its_calibration_says() -> None:
    pose = np.eye(4)
    pose[:3, :3] = [[0, -1, 0], [0, 0, -1], [1, 0, 0]]
    pose[:3, 3] = [0.1, -0.2, -0.3]
    intrinsics = np.array([[700.0, 0, 610], [0, 705, 180], [0, 0, 1]])
    camera = viewpoints.recorded(CameraView("image_2", (1241, 376), pose, intrinsics, None))
    point = np.array([[12.0, 2.0, -0.5]])
    expected = intrinsics @ (pose @ np.append(point[0], 1))[:3]
    pixel, depth = camera.project(point, 1241, 376)
    assert np.allclose(pixel[0], expected[:2] / expected[2])
    assert np.isclose(depth[0], expected[2])
    twice, _ = camera.project(point, 2482, 752)
    assert np.allclose(twice, pixel * 2)
    taller, _ = camera.project(point, 1241, 576)
    assert np.allclose(taller - pixel, [[0, 100]])


def test_from_above_x_points_up_and_everything_is_seen() -> None:
    bounds = np.array([[-40.0, -30, -2], [60, 30, 5]])
    camera = viewpoints.top(bounds)
    pixels, depth = camera.project(np.array([[60.0, 0, 0], [-40, 0, 0], [10, 30, 0]]), 600, 600)
    assert (depth > 0).all()
    assert pixels[0, 1] < pixels[1, 1]  # ahead is up
    assert pixels[2, 0] < 300  # left is left
    assert ((pixels >= 0) & (pixels <= 600)).all()


def test_fit_of_bounds_contains_them() -> None:
    bounds = np.array([[-40.0, -30, -2], [60, 30, 5]])
    camera = viewpoints.fit(bounds)
    corners = np.array([[bounds[(i >> a) & 1, a] for a in range(3)] for i in range(8)])
    pixels, depth = camera.project(corners, 1280, 800)
    assert (depth > 0).all()
    assert ((pixels >= 0) & (pixels <= [1280, 800])).all()


def test_ego_looks_ahead_from_the_sensor() -> None:
    camera = viewpoints.ego()
    pixels, depth = camera.project(np.array([[20.0, 0, -1.7], [20, 5, -1.7], [-20, 0, 0]]), 800, 600)
    assert depth[0] > 0 > depth[2]
    assert abs(pixels[0, 0] - 400) < 1e-6
    assert pixels[1, 0] < 400
