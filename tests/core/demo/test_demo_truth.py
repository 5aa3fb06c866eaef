"""What the demo claims to be exact, against sums done another way: visibility, motion, hits."""

from __future__ import annotations

import numpy as np

from app.core.demo.calibration import kitti_like
from app.core.demo.mesh import Mesh, Skin, merge, pose
from app.core.demo.raycast import Caster, Hits, Surfaces, scene_of
from app.core.demo.shapes import boxes, quads, tube
from app.core.demo.world import flow, visibility

SKIN = Skin(0, 40)
CALIBRATION = kitti_like(0.2)


def _scene() -> Mesh:
    """A floor, a wall far ahead and two boxes before it."""
    floor = quads(np.array([[[-5, -30, -1.7], [60, -30, -1.7], [60, 30, -1.7], [-5, 30, -1.7]]]), SKIN)
    wall = quads(np.array([[[40, -30, -1.7], [40, -30, 9], [40, 30, 9], [40, 30, -1.7]]]), SKIN)
    things = boxes(np.array([[12, 2, -0.7], [20, -4, -0.2]]), np.array([[2, 2, 2], [3, 1, 3.0]]), SKIN)
    return merge([floor, wall, things])


def _first_hits(mesh: Mesh, origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Möller and Trumbore's test of every ray against every triangle, (N,) lengths of the direction."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    best = np.full(len(directions), np.inf)
    for first, second, third in zip(a, b, c, strict=True):
        e1, e2 = second - first, third - first
        p = np.cross(directions, e2)
        det = p @ e1
        safe = np.where(np.abs(det) < 1e-12, np.nan, det)
        away = origins - first
        u = (p * away).sum(-1) / safe
        q = np.cross(away, e1)
        v = (q * directions).sum(-1) / safe
        t = (q @ e2) / safe
        met = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (t > 1e-9)
        best = np.where(met & (t < best), t, best)
    return best


def _lidar_rays(count: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    azimuth, up = rng.uniform(-0.7, 0.7, count), rng.uniform(-0.35, 0.1, count)
    return np.stack([np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up)], axis=1)


def test_hits_are_those_of_brute_force() -> None:
    mesh = _scene()
    caster = Caster(mesh, scene_of(mesh), merge([]))
    rays = _lidar_rays(800)
    hits = caster.cast(np.zeros(3), rays)
    expected = _first_hits(mesh, np.zeros((800, 3)), rays)
    assert np.array_equal(np.isfinite(expected), hits.met)
    np.testing.assert_allclose(hits.distance[hits.met], expected[hits.met], rtol=1e-5)
    # The triangle and its coordinates lead to the same place.
    met = hits.take(np.flatnonzero(hits.met))
    place = rays[hits.met] * met.distance[:, None]
    np.testing.assert_allclose(caster.surfaces.at("vertices", met), place, atol=1e-4)


def test_visibility_is_that_of_brute_force() -> None:
    mesh = _scene()
    caster = Caster(mesh, scene_of(mesh), merge([]))
    rays = _lidar_rays(1500)
    hits = caster.cast(np.zeros(3), rays)
    points = rays[hits.met] * hits.distance[hits.met, None].astype(np.float64)
    found = visibility(caster, CALIBRATION, np.eye(4), points.astype(np.float32), points)
    camera = points @ CALIBRATION.camera_from_sensor[:3, :3].T + CALIBRATION.camera_from_sensor[:3, 3]
    pixel = camera @ CALIBRATION.intrinsics.T
    pixel = pixel[:, :2] / pixel[:, 2:]
    inside = (camera[:, 2] > 0) & (pixel >= 0).all(1) & (pixel < CALIBRATION.size).all(1)
    away = points - CALIBRATION.center
    hidden = _first_hits(mesh, np.broadcast_to(CALIBRATION.center, away.shape), away) < 1 - 1e-4
    expected = np.where(inside, np.where(hidden, 2, 1), 0)
    assert (found == expected).mean() > 0.999  # one point in a thousand may lie on the very edge of a box
    assert {0, 1, 2} <= set(found.tolist())


def test_flow_of_a_moving_and_turning_box_is_exact() -> None:
    ground = quads(np.array([[[-9, -9, -1.7], [30, -9, -1.7], [30, 9, -1.7], [-9, 9, -1.7]]]), SKIN)
    box = boxes(np.array([[0, 0, 0.0]]), np.array([[2, 2, 2.0]]), SKIN)
    before, after = pose(10, 1, -0.7, 0.2), pose(10.8, 1.1, -0.7, 0.35)
    caster = Caster(ground, scene_of(ground), box.moved(before))
    ego, following = pose(0, 0, 0, 0), pose(0.7, 0.05, 0, 0.02)
    rays = _lidar_rays(2000)
    hits = caster.cast(np.zeros(3), rays)
    hits = hits.take(np.flatnonzero(hits.met))
    exact = caster.surfaces.at("vertices", hits).astype(np.float64)
    found = flow(exact, hits, caster.surfaces, Surfaces(ground, box.moved(after)), ego, following)
    on_box = hits.triangle >= len(ground)
    assert on_box.sum() > 20
    assert (~on_box).sum() > 20
    homogeneous = np.concatenate([exact, np.ones((len(exact), 1))], axis=1)
    still = homogeneous @ np.linalg.inv(following).T
    moved = homogeneous @ (np.linalg.inv(following) @ after @ np.linalg.inv(before)).T
    expected = np.where(on_box[:, None], moved, still)[:, :3] - exact
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_the_nearer_of_standing_and_moving_wins() -> None:
    wall = boxes(np.array([[10.0, 0, 0]]), np.array([[1, 4, 4.0]]), SKIN)
    thing = boxes(np.array([[5.0, 0, 0]]), np.array([[1, 1, 1.0]]), Skin(0, 252, instance=7))
    caster = Caster(wall, scene_of(wall), thing)
    hits = caster.cast(np.zeros(3), np.array([[1.0, 0, 0], [1, 0.15, 0], [-1, 0, 0]]))
    assert hits.met.tolist() == [True, True, False]
    np.testing.assert_allclose(hits.distance[:2], [4.5, 9.5], rtol=1e-6)
    met = hits.take(np.array([0, 1]))
    assert caster.surfaces.per_triangle("instance", met.triangle).tolist() == [7, 0]
    assert caster.surfaces.per_triangle("label", met.triangle).tolist() == [252, 40]
    assert caster.blocked(np.zeros(3), np.array([[1.0, 0, 0], [-1, 0, 0]])).tolist() == [True, False]
    assert not caster.blocked(np.zeros(3), np.array([[1.0, 0, 0]]), far=4.0).any()


def test_nothing_to_hit() -> None:
    caster = Caster(merge([]), None, merge([]))
    hits = caster.cast(np.zeros(3), np.array([[1.0, 0, 0]]))
    assert isinstance(hits, Hits)
    assert not hits.met.any()
    assert not caster.blocked(np.zeros(3), np.array([[1.0, 0, 0]])).any()


def test_normals_of_solids_point_outwards() -> None:
    solids = {
        "box": boxes(np.array([[1.0, 2, 3]]), np.array([[1, 2, 3.0]]), SKIN, 0.4),
        "tube": tube(np.array([[1.0, 2, 3], [1.5, 2, 4], [1.5, 3, 5]]), 0.2, SKIN),
    }
    for name, mesh in solids.items():
        corner = mesh.vertices[mesh.triangles].astype(np.float64)
        volume = np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum() / 6
        assert volume > 0, name
    box = solids["box"]
    corner = box.vertices[box.triangles].astype(np.float64)
    assert np.isclose(
        np.einsum("ij,ij->i", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])).sum() / 6, 6, rtol=1e-5
    )


def test_moved_meshes_keep_unit_normals() -> None:
    mesh = boxes(np.array([[0.0, 0, 0]]), np.array([[1, 1, 1.0]]), SKIN).moved(pose(3, 4, 5, 1.0, 2.5))
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(mesh.vertices.mean(axis=0), [3, 4, 5], atol=1e-5)
