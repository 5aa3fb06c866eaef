"""Regions: the crops are the projections' boxes, their features what open_clip gives for them by hand."""

from __future__ import annotations

import shutil
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_drive import IMAGE_SIZE, SmallDrive, write_small_drive

from app.core.errors import DataError
from app.core.language.crops import FEWEST, LEAST, cut, find_regions, fitted, rows_of
from app.core.language.feature_store import FeatureStore
from app.core.language.features import PointFeatures
from app.core.methods import find
from app.core.methods.base import Given, drain, pinned
from app.core.methods.regions import RegionOptions
from app.core.tasks.context import Context, Source
from app.core.types import Frame
from app.models.clip.source import ClipSource


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Hashable]:
    return find("regions").example(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=2)


def given_of(drive: SmallDrive, options: Mapping[str, Hashable], index: int = 0) -> Given:
    context, source = Context(), Source(drive.root, "00")
    return Given(context, source, context.frame(source, index), None, pinned(tuple(sorted(options.items()))))


def regions_of(drive: SmallDrive, options: Mapping[str, Hashable]) -> tuple[Given, PointFeatures]:
    given = given_of(drive, options)
    assert given.missing("regions") is None
    return given, drain(given.result("regions"))


def by_hand(folder: Path, crops: list[np.ndarray]) -> np.ndarray:
    """open_clip, called as its page says."""
    import torch

    from app.models.clip.compat import open_clip

    library = open_clip()
    network, _, prepare = library.create_model_and_transforms(f"local-dir:{folder}")
    network.eval()
    with torch.no_grad():
        found = network.encode_image(torch.stack([prepare(Image.fromarray(crop)) for crop in crops]))
        return torch.nn.functional.normalize(found, dim=-1).numpy()


def test_features_are_what_open_clip_gives_by_hand(drive: SmallDrive, example: Mapping) -> None:
    given, found = regions_of(drive, example)
    image = given.frame.cameras[0].load_image()
    crops = [np.ascontiguousarray(cut(image, box)) for box in found.regions.box]
    assert len(crops) > 2
    model = given.context.held_model(("clip", given.options["regions"].clip, "cpu"))
    expected = by_hand(example["regions"].clip.path, crops)
    np.testing.assert_allclose(model.encode_images(crops), expected, atol=1e-5)
    np.testing.assert_allclose(found.table, expected, atol=1e-3)  # kept in half precision
    assert np.ptp(expected, axis=0).max() > 1e-3, "the crops differ, so their features do"


def test_boxes_are_those_of_the_visible_points(drive: SmallDrive, example: Mapping) -> None:
    given, found = regions_of(drive, example)
    superpoints, seen = given.held("superpoints"), given.held("visibility")
    camera = given.frame.cameras[0]
    for place, number in enumerate(found.regions.segment):
        mine = (superpoints.segment == number) & seen.visible[:, 0]
        assert found.regions.points[place] == np.count_nonzero(mine) >= FEWEST
        x0, y0, x1, y1 = found.regions.box[place]
        assert 0 <= x0 < x1 <= camera.size[0]
        assert 0 <= y0 < y1 <= camera.size[1]
        pixels = seen.pixel[mine, 0]
        assert (np.floor(pixels) >= [x0, y0]).all()
        assert (np.floor(pixels) < [x1, y1]).all()
        assert min(x1 - x0, y1 - y0) >= LEAST
        np.testing.assert_array_equal(found.row[superpoints.segment == number], place)
        center = given.frame.points[superpoints.segment == number].mean(axis=0)
        np.testing.assert_allclose(found.regions.center[place], center, atol=1e-4)
    hidden = np.setdiff1d(np.arange(superpoints.count), found.regions.segment)
    assert (found.row[np.isin(superpoints.segment, hidden)] == -1).all()
    assert found.regions.cameras == ("image_2",)


def test_small_boxes_grow_about_their_middle_and_stay_inside() -> None:
    boxes = np.array([[100, 50, 104, 150], [0, 0, 5, 5], [195, 95, 200, 100], [10, 10, 110, 90]])
    found = fitted(boxes, (200, 100))
    np.testing.assert_array_equal(found[0], [87, 0, 117, 100])
    np.testing.assert_array_equal(found[1], [0, 0, 30, 30])
    np.testing.assert_array_equal(found[2], [170, 70, 200, 100])
    np.testing.assert_array_equal(found[3], boxes[3])
    np.testing.assert_array_equal(fitted(boxes[3:], (200, 100), margin=0.1), [[0, 2, 120, 98]])
    np.testing.assert_array_equal(fitted(boxes[1:2], (20, 10)), [[0, 0, 20, 10]])


def test_the_camera_with_most_points_gives_the_crop() -> None:
    points = np.zeros((6, 3), np.float32)
    segment = np.array([0, 0, 0, 1, 1, -1], np.int32)
    visible = np.array([[1, 0], [1, 1], [0, 1], [0, 1], [0, 0], [1, 1]], bool)
    visible[0, 1] = True
    pixel = np.zeros((6, 2, 2), np.float32)
    pixel[:, 1] = [[10.5, 20], [60, 70], [50, 30], [5, 5], [0, 0], [0, 0]]
    found = find_regions(points, segment, visible, pixel, [(100, 100), (100, 100)])
    np.testing.assert_array_equal(found.segment, [0])  # the other one is seen by one point alone
    assert found.camera[0] == 1
    assert found.points[0] == 3
    np.testing.assert_array_equal(found.box[0], [10, 20, 61, 71])
    np.testing.assert_array_equal(rows_of(segment, found), [0, 0, 0, -1, -1, -1])
    without = find_regions(points, segment, visible, pixel, [(100, 100), None])
    assert without.camera[0] == 0


def test_nothing_is_seen() -> None:
    empty = find_regions(
        np.zeros((2, 3), np.float32),
        np.full(2, -1, np.int32),
        np.zeros((2, 1), bool),
        np.zeros((2, 1, 2)),
        [(9, 9)],
    )
    assert len(empty) == 0
    assert empty.box.shape == (0, 4)


def test_a_stored_frame_is_found_again_until_something_changes(drive: SmallDrive, example: Mapping) -> None:
    _, first = regions_of(drive, example)
    given, again = regions_of(drive, example)
    assert given.context.held_model(("clip", given.options["regions"].clip, "cpu")) is None, "nothing was loaded"
    np.testing.assert_array_equal(again.table, first.table)
    np.testing.assert_array_equal(again.row, first.row)
    np.testing.assert_array_equal(again.regions.box, first.regions.box)
    assert (again.origin, again.clip, again.regions.cameras) == (first.origin, first.clip, first.regions.cameras)
    stored = FeatureStore().bytes
    wider = {**example, "regions": replace(example["regions"], margin=0.3)}
    _, other = regions_of(drive, wider)
    assert (other.regions.box != first.regions.box).any()
    assert FeatureStore().bytes > stored
    path = drive.root / "sequences/00/image_2/000000.png"
    Image.fromarray(np.full((*IMAGE_SIZE[::-1], 3), 200, np.uint8)).save(path)
    _, new = regions_of(drive, example)
    assert not np.array_equal(new.table, first.table)


def test_cancelled_between_two_batches(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example)
    steps = given.result("regions")
    for _, _, text in steps:
        if text.startswith("CLIP on region"):
            break
    steps.close()
    assert given.held("regions") is None
    assert FeatureStore().bytes == 0


def test_what_is_missing_is_said_in_one_sentence(drive: SmallDrive, example: Mapping, tmp_path: Path) -> None:
    regions = find("regions")
    bare = Frame(0, "0", np.ones((5, 3), np.float32))
    options = regions.pinned(example["regions"])
    assert "Choose a CLIP" in regions.missing(bare, None, None)
    assert "3D network" in regions.missing(bare, None, options)
    given = replace(given_of(drive, example), frame=bare)
    assert "3D network" in given.missing("regions"), "rather than what visibility says"
    frame = given_of(drive, example).frame
    nowhere = RegionOptions(ClipSource(path=tmp_path / "nowhere"))
    why = regions.missing(frame, None, regions.pinned(nowhere))
    assert "nowhere" in why
    assert why.endswith(".")
    with pytest.raises(DataError, match="nowhere"):
        regions.about(regions.pinned(nowhere))
    shutil.rmtree(drive.root / "sequences/00/image_2")
    assert "3D network" in given_of(drive, example).missing("regions")


def test_an_image_without_calibration_says_which_way_works(drive: SmallDrive, example: Mapping) -> None:
    (drive.root / "sequences/00/calib.txt").unlink()
    why = given_of(drive, example).missing("regions")
    assert "calibration" in why
    assert "3D network" in why


def test_a_broken_picture_is_named(drive: SmallDrive, example: Mapping) -> None:
    path = drive.root / "sequences/00/image_2/000000.png"
    path.write_bytes(path.read_bytes()[:60])
    given = given_of(drive, example)
    if given.missing("regions") is None:
        with pytest.raises(DataError, match="image_2"):
            drain(given.result("regions"))
    else:
        assert not given.frame.cameras, "the reader has left the camera out and said so"


def test_a_picture_of_another_size_is_refused(drive: SmallDrive, example: Mapping) -> None:
    given = given_of(drive, example)
    camera = replace(given.frame.cameras[0], size=(81, 40))
    wrong = replace(given, frame=replace(given.frame, cameras=(camera,)))
    with pytest.raises(DataError, match="80 × 40 pixels"):
        drain(find("regions").steps(wrong, wrong.options["regions"]))


def test_the_inspector_tells_crop_and_superpoint(drive: SmallDrive, example: Mapping) -> None:
    given, found = regions_of(drive, example)
    row = int(np.flatnonzero(found.known)[0])
    fact = find("regions").tell(found, row)[0]
    x0, y0, x1, y1 = found.regions.box[found.row[row]]
    assert f"image_2, {x0}, {y0} to {x1}, {y1}" in fact.value
    assert f"superpoint {given.held('superpoints').segment[row]}," in fact.origin
    assert found.clip in fact.origin
    unknown = int(np.flatnonzero(~found.known)[0])
    assert find("regions").tell(found, unknown)[0].value == "none"
