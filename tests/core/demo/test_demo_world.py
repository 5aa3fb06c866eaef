"""The street of a seed: who is in it, what stays the same, what differs between seeds."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.demo.calibration import kitti_like
from app.core.demo.labels import train_ids
from app.core.demo.layout import plan_block
from app.core.demo.lidar import Lidar
from app.core.demo.materials import Raw
from app.core.demo.mesh import Array
from app.core.demo.world import PERIOD, DemoFrame, World, build_world

MOVING = range(252, 260)


def small_world(seed: int) -> World:
    """As the fixture ``street``, for another seed."""
    return build_world(seed, lidar=Lidar.hdl64(32, 512), calibration=kitti_like(0.12))


@pytest.fixture(scope="module")
def drive(street: World) -> list[DemoFrame]:
    """Every fifth frame of the built-in drive."""
    return [street.scan(frame) for frame in range(0, 40, 5)]


def test_every_class_is_met(drive: list[DemoFrame]) -> None:
    counts = sum(np.bincount(train_ids(frame.labels), minlength=20) for frame in drive)
    assert (counts[1:] > 0).all(), f"classes never met: {np.flatnonzero(counts[1:] == 0) + 1}"


def test_people_cars_and_riders_move(drive: list[DemoFrame]) -> None:
    seen = set(np.concatenate([frame.labels for frame in drive]).tolist())
    assert {Raw.MOVING_CAR, Raw.MOVING_PERSON, Raw.MOVING_BICYCLIST, Raw.MOVING_MOTORCYCLIST} <= seen


def test_arrays_of_a_frame_belong_together(drive: list[DemoFrame]) -> None:
    for frame in drive:
        count = len(frame.points)
        assert 32 * 512 * 0.6 < count < 32 * 512
        for name, width in (
            ("intensity", None),
            ("labels", None),
            ("instances", None),
            ("ring", None),
            ("visible", None),
        ):
            assert getattr(frame, name).shape == (count,), (name, width)
        assert frame.points.shape == frame.flow.shape == frame.normals.shape == (count, 3)
        assert frame.points.dtype == np.float32
        assert np.isfinite(frame.points).all()
        assert np.isfinite(frame.flow).all()
        assert ((frame.intensity >= 0) & (frame.intensity < 1)).all()
        np.testing.assert_allclose(np.linalg.norm(frame.normals, axis=1), 1, atol=1e-3)
        assert (np.einsum("ij,ij->i", frame.normals, frame.points) < 0.5).all()  # towards the sensor
        assert (np.diff(frame.ring) >= 0).all()  # ring by ring, as in KITTI's files
        distance = np.linalg.norm(frame.points, axis=1)
        assert distance.min() > 1.4
        assert distance.max() < 80.2


def test_instances_are_one_thing_each_and_stay(drive: list[DemoFrame], street: World) -> None:
    kinds: dict[int, int] = {}
    places: dict[int, list[Array]] = {}
    for frame in drive:
        world = frame.points @ frame.world_from_sensor[:3, :3].T + frame.world_from_sensor[:3, 3]
        for instance in np.unique(frame.instances[frame.instances > 0]).tolist():
            rows = frame.instances == instance
            labels = set(frame.labels[rows].tolist())
            assert len(labels) == 1, f"instance {instance} is {labels}"
            kinds.setdefault(instance, next(iter(labels)))
            assert kinds[instance] in labels
            places.setdefault(instance, []).append(world[rows].mean(axis=0))
    assert len(kinds) > 20
    for instance, means in places.items():
        if kinds[instance] not in MOVING and len(means) > 1:
            spread = np.ptp(np.stack(means), axis=0)[:2].max()
            assert spread < 9, f"standing instance {instance} ({kinds[instance]}) wanders {spread:.1f} m"
    things = {10, 11, 13, 15, 18, 20, 30, *MOVING}
    for frame in drive:
        assert np.array_equal(np.isin(frame.labels, list(things)), frame.instances > 0)


def test_standing_points_flow_as_the_ego_car_moves(drive: list[DemoFrame], street: World) -> None:
    frame = drive[2]
    following = street.ego_pose((10 + 1) * PERIOD)
    still = ~np.isin(frame.labels, list(MOVING))
    points = frame.points[still].astype(np.float64)
    world = points @ frame.world_from_sensor[:3, :3].T + frame.world_from_sensor[:3, 3]
    there = (world - following[:3, 3]) @ following[:3, :3]
    # Range noise (1.4 cm) turns with the car by less than a millimetre.
    np.testing.assert_allclose(frame.flow[still], there - points, atol=1.5e-3)
    others = np.linalg.norm(frame.flow[~still] - np.median(frame.flow[still], axis=0), axis=1)
    assert np.median(others) > 0.05


def test_pictures_show_something_and_have_the_stated_size(street: World) -> None:
    picture = street.picture(0)
    assert picture.shape == (45, 149, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 30
    sky, road = picture[2, 60:90].mean(axis=0), picture[-3, 60:90].mean(axis=0)
    assert sky[2] > road[2]  # blue above, grey below


def test_a_seed_is_always_the_same_street_however_it_is_reached(street: World) -> None:
    again = small_world(0)
    for frame in (7, 95):  # the second lies a block farther on; ``street`` has come there from the start
        one, other = street.scan(frame), again.scan(frame)
        for name in ("points", "intensity", "labels", "instances", "visible", "flow", "normals"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), (frame, name)
    assert np.array_equal(street.picture(95), again.picture(95))


def test_seeds_differ_in_layout_shape_and_colour(street: World, other_street: World) -> None:
    assert not np.array_equal(street.picture(0), other_street.picture(0))
    first, second = plan_block(0, 0), plan_block(1, 0)
    assert first.after.s != second.after.s
    assert [lot.kind for side in first.sides for lot in side.lots] != [
        lot.kind for side in second.sides for lot in side.lots
    ]
    assert len(street.block(0)) != len(other_street.block(0))
    assert not np.allclose(street.light.sun, other_street.light.sun)


@pytest.mark.parametrize("seed", [2, 5])
def test_every_class_stands_along_the_first_metres_of_other_seeds(seed: int) -> None:
    world = small_world(seed)
    caster, _ = world.caster(0)
    present = set(train_ids(caster.surfaces.standing.label).tolist()) | set(
        train_ids(caster.surfaces.moving.label).tolist()
    )
    assert set(range(1, 20)) <= present


def test_the_ego_car_drives_smoothly_on_the_road(street: World) -> None:
    poses = street.poses(60)
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1) / PERIOD
    assert ((steps > 5.5) & (steps < 8.5)).all()
    for pose in poses:
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.abs(np.diff(poses[:, 2, 3])).max() < 0.03
