"""Pixels: what is sampled is the map at the projection; what is fused are the views that show the same place."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core.geometry import transforms
from app.core.language.fusion import Fusion, View, depth_agrees, other_view, pooled
from app.core.methods import find
from app.core.methods.base import Given, drain, pinned
from app.core.methods.pixels import MOST_AROUND
from app.core.tasks.context import Context, Source
from app.core.types import CameraView, Frame


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Hashable]:
    return find("pixels").example(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=4)


def given_of(drive: SmallDrive, example: Mapping, index: int = 1, **changes: object) -> Given:
    options = {**example, "pixels": replace(example["pixels"], **changes)}
    context, source = Context(), Source(drive.root, "00")
    return Given(context, source, context.frame(source, index), None, pinned(tuple(sorted(options.items()))))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_one_frame_is_the_map_at_the_projection(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example, before=0, after=0)
    found = drain(given.result("pixels"))
    seen = given.held("visibility")
    model = given.context.held_model(("clip", given.options["pixels"].clip, "cpu"))
    dense = model.dense(given.frame.cameras[0].load_image())
    rows = np.flatnonzero(seen.visible[:, 0])
    assert len(rows) > 50
    np.testing.assert_array_equal(np.flatnonzero(found.known), rows)
    expected = dense.sample(seen.pixel[rows, 0])
    np.testing.assert_allclose(found.table[found.row[rows]], expected, atol=1e-3)
    np.testing.assert_array_equal(found.views, 1)


def test_frames_are_fused_as_the_mean_of_what_shows_a_point(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example, before=1, after=1)
    found = drain(given.result("pixels"))
    model = given.context.held_model(("clip", given.options["pixels"].clip, "cpu"))
    total = np.zeros((len(given.frame), found.table.shape[1]))
    views = np.zeros(len(given.frame))
    for index in (0, 1, 2):
        there = given.at(index)
        seen, camera = there.held("visibility"), there.frame.cameras[0]
        visible = seen.visible[:, 0]
        if index == 1:
            rows, pixel = np.flatnonzero(visible), seen.pixel[visible, 0]
        else:
            motion = transforms.relative(there.frame.world_from_sensor, given.frame.world_from_sensor)
            view = other_view(given.frame.points, motion, camera, seen.pixel[visible, 0], seen.depth[visible, 0])
            rows, pixel = view.rows, view.pixel
        total[rows] += model.dense(camera.load_image()).sample(pixel)
        views[rows] += 1
    np.testing.assert_array_equal(found.known, views > 0)
    np.testing.assert_array_equal(found.views[found.row[found.known]], views[views > 0])
    np.testing.assert_allclose(found.table[found.row[found.known]], unit(total[views > 0]), atol=1e-3)
    assert views.max() == 3
    assert "3 pictures of 3 frames" in found.origin


def test_the_world_that_stands_still_is_seen_again(drive: SmallDrive, example: Mapping) -> None:
    """The drive's points are the same ones in every frame, so each has its exact place in every picture."""
    given = given_of(drive, example, before=1, after=0)
    drain(given.result("pixels"))
    there = given.at(0)
    mine, theirs = given.held("visibility"), there.held("visibility")
    motion = transforms.relative(there.frame.world_from_sensor, given.frame.world_from_sensor)
    visible = theirs.visible[:, 0]
    view = other_view(
        given.frame.points, motion, there.frame.cameras[0], theirs.pixel[visible, 0], theirs.depth[visible, 0]
    )
    np.testing.assert_allclose(view.pixel, theirs.pixel[view.rows, 0], atol=0.05)
    both = mine.visible[:, 0] & visible
    assert np.isin(np.flatnonzero(both), view.rows).mean() > 0.97


def test_what_drove_off_is_not_fused_with_what_stands_there_now() -> None:
    """A wall 20 m ahead; a thing at 10 m is there in one frame, gone in the other."""
    columns, rows = np.meshgrid(np.arange(0, 200, 3.0), np.arange(0, 100, 5.0))
    pixel = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
    wall = np.full(len(pixel), 20, np.float32)
    thing = (np.abs(pixel[:, 0] - 100) < 30) & (np.abs(pixel[:, 1] - 50) < 20)
    depth = np.where(thing, np.float32(10), wall)
    gone = depth_agrees(pixel, depth, pixel, wall, (3, 5))
    np.testing.assert_array_equal(gone, ~thing)
    there = depth_agrees(pixel, depth, pixel, depth, (3, 5))
    assert there.all()
    hidden = depth_agrees(pixel, wall, pixel, depth, (3, 5))
    inside = (np.abs(pixel[:, 0] - 100) < 18) & (np.abs(pixel[:, 1] - 50) < 8)
    assert not hidden[inside].any()
    assert hidden[~thing].all()


def test_ground_between_two_scan_lines_is_seen() -> None:
    """Rings on flat ground are metres apart; a point between them lies between their inverse depths."""
    focal, height = 700.0, 1.7
    rings = np.array([8.0, 10.0, 13.0, 18.0, 28.0])

    def project(depths: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        v = focal * height / depths
        u = np.linspace(-10, 10, count)
        grid_u, grid_v = np.meshgrid(u, v)
        return np.stack([grid_u.ravel(), grid_v.ravel()], axis=1), np.repeat(depths, count)

    seen_pixel, seen_depth = project(rings, 9)
    between = (rings[1:] + rings[:-1]) / 2
    pixel, depth = project(between, 5)
    assert depth_agrees(pixel, depth, seen_pixel, seen_depth, (2.5, 25)).all()
    assert not depth_agrees(pixel, depth * 2.5, seen_pixel, seen_depth, (2.5, 25)).any()


def test_nothing_is_known_where_nothing_was_seen() -> None:
    pixel = np.zeros((3, 2), np.float32)
    nothing = np.zeros((0, 2), np.float32)
    assert not depth_agrees(pixel, np.ones(3), nothing, np.zeros(0), (3, 5)).any()
    assert not depth_agrees(pixel, np.ones(3), pixel[:1] + 50, np.ones(1), (3, 5)).any()
    assert depth_agrees(nothing, np.zeros(0), pixel, np.ones(3), (3, 5)).shape == (0,)


def test_points_behind_the_camera_and_bad_ones_are_in_no_view() -> None:
    camera = CameraView("c", (80, 40), np.eye(4), np.array([[60.0, 0, 40], [0, 60, 20], [0, 0, 1]]), None)
    points = np.array([[0, 0, 5], [0, 0, -5], [np.nan, 0, 5], [0, 0, 5.05]], np.float32)
    seen = np.array([[40.0, 20.0]], np.float32)
    view = other_view(points, np.eye(4), camera, seen, np.array([5.0], np.float32))
    np.testing.assert_array_equal(view.rows, [0, 3])


def test_fusion_counts_views_and_keeps_unit_length() -> None:
    first, second = View(np.array([0, 2]), np.zeros((2, 2))), View(np.array([2, 3]), np.zeros((2, 2)))
    fusion = Fusion(5, [first, second], 2)
    fusion.add(first, np.array([[1.0, 0], [1, 0]]))
    fusion.add(second, np.array([[0, 1.0], [0, 1]]))
    np.testing.assert_array_equal(fusion.row, [0, -1, 1, 2, -1])
    np.testing.assert_array_equal(fusion.views, [1, 2, 1])
    np.testing.assert_allclose(fusion.table(), [[1, 0], [0.5**0.5, 0.5**0.5], [0, 1]], atol=1e-3)


def test_groups_are_pooled_to_their_mean() -> None:
    rng = np.random.default_rng(0)
    features, group = unit(rng.normal(size=(50, 4))), rng.integers(0, 5, 50)
    group[group == 3] = 2
    table, sizes = pooled(features.astype(np.float16), group, 6)
    for number in range(6):
        assert sizes[number] == (group == number).sum()
        if sizes[number]:
            mean = features[group == number].mean(axis=0)
            np.testing.assert_allclose(table[number], mean / np.linalg.norm(mean), atol=2e-3)
    assert (table[3] == 0).all()


def test_without_poses_the_frame_is_alone(tmp_path: Path, example: Mapping) -> None:
    drive = write_small_drive(tmp_path / "drive", frames=3, poses=False)
    found = drain(given_of(drive, example, before=1, after=1).result("pixels"))
    assert "1 picture of 1 frame" in found.origin
    np.testing.assert_array_equal(found.views, 1)


def test_a_frame_that_cannot_be_read_is_left_out(drive: SmallDrive, example: Mapping) -> None:
    (drive.root / "sequences/00/image_2/000002.png").unlink()
    found = drain(given_of(drive, example, before=1, after=1).result("pixels"))
    assert "2 pictures of 2 frames" in found.origin


def test_windows_share_the_maps_of_their_pictures(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example, before=0, after=1)
    drain(given.result("pixels"))
    model = given.context.held_model(("clip", given.options["pixels"].clip, "cpu"))
    pictures: list[np.ndarray] = []
    read = model.dense
    model.dense = lambda image, **how: (pictures.append(image), read(image, **how))[1]
    drain(given.at(2).result("pixels"))
    assert len(pictures) == 1, "frame 2 is known from the window before; frame 3 is new"


def test_bad_windows_are_refused(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example, before=-1)
    assert str(MOST_AROUND) in given.missing("pixels")
    assert "3D network" in replace(given_of(drive, example), frame=Frame(0, "0", np.ones((5, 3)))).missing("pixels")
    assert "Choose a CLIP" in find("pixels").missing(given.frame, None, None)


def test_the_inspector_tells_the_views(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example)
    found = drain(given.result("pixels"))
    row = int(np.flatnonzero(found.known)[0])
    fact = find("pixels").tell(found, row)[0]
    assert fact.value == str(int(found.views[found.row[row]]))
    assert find("pixels").tell(found, int(np.flatnonzero(~found.known)[0]))[0].value == "0"
