"""What the methods ``superpoints`` and ``visibility`` say of a frame, in layers, facts and sentences."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_drive import write_small_drive

from app.core.demo.calibration import kitti_like
from app.core.demo.lidar import Lidar
from app.core.demo.world import build_world
from app.core.errors import DataError, UsageError
from app.core.geometry.superpoints import SuperpointOptions
from app.core.geometry.visibility import VisibilityOptions
from app.core.layers.superpoint import ENTRY as SUPERPOINT_LAYER
from app.core.layers.visible import ENTRY as VISIBLE_LAYER
from app.core.methods import find
from app.core.methods.base import Given, drain, pinned
from app.core.methods.visibility import TRUTH
from app.core.tasks.context import Context, Source
from app.core.types import CameraView, Frame


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(write_small_drive(tmp_path_factory.mktemp("drive"), frames=1).root, "00")


def given(source: Source, **chosen: Hashable) -> Given:
    context = Context()
    options = pinned(tuple(sorted(chosen.items())))
    return Given(context, source, context.frame(source, 0), context.sequence(source).label_set, options)


def test_both_are_on_before_anybody_chooses(drive: Source) -> None:
    here = given(drive)
    assert here.missing("superpoints") is None
    assert here.missing("visibility") is None
    assert drain(here.result("superpoints")).kind == "ground_hdbscan"
    assert drain(here.result("visibility")).rule == "slope"


def test_a_superpoint_tells_its_number_and_size(drive: Source) -> None:
    here = given(drive)
    result, method = drain(here.result("superpoints")), find("superpoints")
    row = int(np.flatnonzero(result.ground[result.segment])[0])
    (fact,) = method.tell(result, row)
    number = result.segment[row]
    assert fact.value == f"{number} of {result.count}, {result.sizes[number]} points, a patch of ground"
    assert "HDBSCAN" in fact.origin
    lost = replace(result, segment=np.full_like(result.segment, -1))
    assert method.tell(lost, row)[0].value == "none"
    report = method.report(result, here.frame, None)
    assert (report.count, report.points) == (result.count, len(here.frame))
    data = SUPERPOINT_LAYER.view(result, here.frame, None)
    np.testing.assert_array_equal(data.values, result.segment + 1)


def test_the_test_is_told_with_both_depths(drive: Source) -> None:
    here = given(drive)
    result, method = drain(here.result("visibility")), find("visibility")
    seen = int(np.flatnonzero(result.visible[:, 0])[0])
    (fact,) = method.tell(result, seen)
    depth, surface, limit = result.depth[seen, 0], result.surface[seen, 0], result.limit[seen, 0]
    assert fact.name == "Visible in image_2"
    assert fact.value == f"yes: at {depth:.2f} m, surface at {surface:.2f} m, limit {limit:.2f} m"
    assert "slope" in fact.origin
    outside = int(np.flatnonzero(~result.inside[:, 0])[0])
    assert method.tell(result, outside)[0].value == "outside all pictures"


def test_the_layer_counts_what_the_report_counts(drive: Source) -> None:
    here = given(drive, visibility=VisibilityOptions(rule="zbuffer", radius=4))
    result = drain(here.result("visibility"))
    (camera,) = find("visibility").report(result, here.frame, None).cameras
    counts = np.bincount(VISIBLE_LAYER.view(result, here.frame, None).values, minlength=3)
    assert (camera.outside, camera.visible, camera.hidden) == tuple(counts[:3])
    assert camera.hidden > 0
    assert camera.score is None


def test_without_cameras_there_is_one_sentence() -> None:
    why = find("visibility").missing(Frame(0, "0", np.ones((3, 3), np.float32)), None, VisibilityOptions())
    assert why == "This frame has no calibrated camera that could see its points."


def test_superpixels_of_a_picture_that_is_not_there(drive: Source) -> None:
    here = given(drive, visibility=VisibilityOptions(rule="paper"))
    bare = replace(here.frame.cameras[0], image_path=None)
    frame = replace(here.frame, cameras=(bare,))
    method = find("visibility")
    assert "choose the grid" in method.missing(frame, None, VisibilityOptions(rule="paper"))
    assert method.missing(frame, None, VisibilityOptions(rule="paper", superpixels="grid")) is None
    other = replace(here, frame=replace(here.frame, cameras=(replace(here.frame.cameras[0], size=(90, 40)),)))
    with pytest.raises(DataError, match="80 × 40 pixels, the calibration of image_2 says 90 × 40"):
        drain(method.steps(other, VisibilityOptions(rule="paper")))


def test_options_that_make_no_sense_say_so(drive: Source) -> None:
    with pytest.raises(UsageError, match="visibility rule 'x'"):
        drain(given(drive, visibility=VisibilityOptions(rule="x")).result("visibility"))
    with pytest.raises(UsageError, match="kind 'x'"):
        drain(given(drive, superpoints=SuperpointOptions(kind="x")).result("superpoints"))


def test_on_a_demo_drive_the_default_rule_is_better_than_the_others() -> None:
    world = build_world(11, lidar=Lidar.hdl64(64, 1024), calibration=kitti_like(0.5))
    scan, by = world.scan(0), world.calibration
    camera = CameraView("image_2", by.size, by.camera_from_sensor, by.intrinsics, None)
    frame = Frame(0, "0", scan.points, cameras=(camera,), extra={TRUTH: scan.visible})
    method, scores = find("visibility"), {}
    for rule in ("slope", "zbuffer", "depth_ratio", "paper"):
        options = VisibilityOptions(rule=rule, superpixels="grid")
        here = Given(Context(), Source(Path("nowhere"), "00"), frame, None, {"visibility": options})
        result = drain(method.steps(here, options))
        scores[rule] = method.report(result, frame, None).cameras[0].score
    assert scores["slope"].f1 > 0.95
    assert scores["paper"].f1 < 0.8
    assert scores["paper"].removed > scores["slope"].removed > 0.3
    assert scores["slope"].hidden_f1 > max(scores[rule].hidden_f1 for rule in ("zbuffer", "depth_ratio", "paper"))
