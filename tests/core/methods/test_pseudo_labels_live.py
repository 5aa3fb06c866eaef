"""Pseudo-labels of the queue in view: numbers of written labels, gathered frames, and all that can be missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core import layers
from app.core.affinity import sidecar as sidecars
from app.core.affinity.inspecting import LAYERS, METHOD, QueueOptions
from app.core.affinity.options import ANNOTATION_FREE, PseudoLabelOptions
from app.core.affinity.queue_view import QueueView, report_of
from app.core.errors import UsageError
from app.core.geometry.superpoints import SuperpointOptions
from app.core.geometry.visibility import VisibilityOptions
from app.core.language.tiny_clip import write_tiny_clip
from app.core.methods import find
from app.core.methods.base import Given, drain, pinned
from app.core.methods.pseudo_labels import nearest
from app.core.tasks import entry, lane
from app.core.tasks.base import Partial, run
from app.core.tasks.context import Context, Source
from app.models.clip.source import ClipSource

FRAMES = 5
CAR, BUILDING = 1, 13


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=FRAMES)


@pytest.fixture
def labels(clip: ClipSource) -> PseudoLabelOptions:
    grouping = SuperpointOptions("dbscan", eps=1.0, least=2)
    words = ("car", "building")
    return PseudoLabelOptions(clip, unseen=words, superpoints=grouping, templates="plain", device="cpu")


def given(drive: SmallDrive, options: QueueOptions, index: int, context: Context) -> Given:
    source = Source(drive.root, "00")
    held = pinned(((METHOD, options),))
    if not find(METHOD).prepared(held[METHOD]):
        drain(find(METHOD).prepare(held[METHOD]))
    sequence = context.sequence(source)
    return Given(context, source, context.frame(source, index), sequence.label_set, held)


def look(drive: SmallDrive, options: QueueOptions, index: int = 2, context: Context | None = None) -> QueueView:
    there = given(drive, options, index, context or Context())
    assert there.missing(METHOD) is None
    return drain(there.result(METHOD))


def gather(drive: SmallDrive, options: QueueOptions, index: int = 2, context: Context | None = None):
    work = entry("gather_queue")
    source = Source(drive.root, "00")
    return run(work(context or Context(), source=source, index=index, options=options))


def why(drive: SmallDrive, options: QueueOptions, context: Context | None = None) -> str:
    return given(drive, options, 0, context or Context()).missing(METHOD) or ""


def test_frames_come_in_as_they_are_gathered(drive, labels) -> None:
    options = QueueOptions(labels, 1, 1)
    alone = look(drive, options)
    assert [frame.index for frame in alone.frames] == [2]
    assert alone.lacking == (1, 3)
    done = gather(drive, options)
    assert done.frames == (1, 2, 3)
    whole = look(drive, replace(options, gathered=1))
    assert [frame.index for frame in whole.frames] == [1, 2, 3]
    assert whole.lacking == ()
    assert len(whole.before) == done.instances == whole.starts[-1]
    assert lane("gather_queue") == "background"


def test_the_numbers_are_those_of_written_labels(drive, labels, tmp_path: Path) -> None:
    context = Context()
    source = Source(drive.root, "00")
    done = run(entry("write_pseudo_labels")(context, source=source, out=tmp_path / "out", options=labels))
    view = look(drive, QueueOptions(labels, 4, 4), 2, context)
    assert len(view.frames) == FRAMES
    after = [sidecars.read(done.folder / "instances" / f"00000{one}.npz").after for one in range(FRAMES)]
    assert np.allclose(np.concatenate(after), view.after, atol=1e-5)
    written = np.fromfile(done.folder / "labels/000002.label", "<u4")
    label_set = context.sequence(source).label_set
    assert (label_set.inverse[view.labels[1]] == written).all()
    report = report_of(view)
    assert report.after.instances_right / report.after.instances == done.report["accuracy_after"]
    assert report.after.points_right / report.after.points == done.report["point_accuracy_after"]
    assert sum(pair.count for pair in report.flips) == done.report["flips"] == len(report.table.flips)


def test_a_full_queue_ends_before_its_reach(drive, labels) -> None:
    gather(drive, QueueOptions(labels, 4, 4))
    one = len(look(drive, QueueOptions(labels, 0, 0)).before)
    view = look(drive, QueueOptions(replace(labels, queue=one + 1), 4, 4))
    assert [frame.index for frame in view.frames] == [1, 2]
    assert len(look(drive, QueueOptions(replace(labels, queue=1), 4, 4)).frames) == 1


def test_a_queue_larger_than_the_sequence_holds_all_of_it(drive, labels) -> None:
    options = QueueOptions(replace(labels, queue=10**6), 100, 100)
    gather(drive, options)
    assert len(look(drive, options).frames) == FRAMES


def test_a_queue_stays_while_its_frames_are_in_view(drive, labels) -> None:
    options = QueueOptions(labels, 1, 1, anchor=2)
    gather(drive, options, 3)
    context = Context()
    first, second = look(drive, options, 1, context), look(drive, options, 3, context)
    assert first.digest == second.digest
    assert (first.center, first.own.index, second.own.index) == (2, 1, 3)
    assert look(drive, options, 4, context).center == 4
    full = look(drive, replace(options, labels=replace(labels, queue=1)), 1, context)
    assert (full.center, full.own.index) == (1, 1)


def test_the_nearest_frames_come_first(labels) -> None:
    assert list(nearest(1, QueueOptions(labels, 3, 2), 10)) == [0, 2, 3]


def test_layers_say_what_changed(drive, labels) -> None:
    view = look(drive, QueueOptions(labels, 0, 0))
    view.labels[1, :3], view.labels[0, :3] = CAR, BUILDING
    view.own.row[:3] = 0
    context = Context()
    source = Source(drive.root, "00")
    frame, label_set = context.frame(source, 2), context.sequence(source).label_set
    shown = {name: layers.find(layer).view(view, frame, label_set) for name, layer in LAYERS.items()}
    assert (shown["changed"].values[:3] == CAR).all()
    names = {entry.id: entry.name for entry in shown["difference"].label_set.classes}
    assert {names[one] for one in shown["difference"].values[:3].tolist()} == {"building → car"}
    assert (shown["difference"].values[view.own.row < 0] == 255).all()
    assert "scale" in shown["after"].provenance


def test_zero_shot_without_truth_offers_the_other_setting(tmp_path: Path, labels) -> None:
    drive = write_small_drive(tmp_path / "bare", frames=1, labels=False)
    assert ANNOTATION_FREE in why(drive, QueueOptions(labels))
    with pytest.raises(UsageError, match=ANNOTATION_FREE):
        gather(drive, QueueOptions(labels), 0)
    free = replace(labels, setting=ANNOTATION_FREE, superpoints=SuperpointOptions("supervoxels", resolution=4.0))
    view = look(drive, QueueOptions(free), 0)
    assert len(view.before)
    assert not report_of(view).truth_known


def test_no_cameras_and_no_calibration_are_told(drive, labels) -> None:
    context = Context()
    there = given(drive, QueueOptions(labels), 0, context)
    bare = replace(there, frame=replace(there.frame, cameras=()))
    assert "camera" in (bare.missing(METHOD) or "")
    (drive.root / "sequences/00/calib.txt").unlink()
    assert "camera" in why(drive, QueueOptions(labels))


def test_one_class_alone_gets_everything(drive, labels) -> None:
    view = look(drive, QueueOptions(replace(labels, unseen=("car",)), 0, 0))
    assert np.allclose(view.after, 1)
    assert np.isfinite(report_of(view).table.margin_after).all()


def test_one_superpoint_keeps_its_own_label(drive, labels) -> None:
    lump = SuperpointOptions("dbscan", eps=1000.0, least=2)
    view = look(drive, QueueOptions(replace(labels, superpoints=lump), 0, 0))
    assert len(view.before) == 1
    assert np.allclose(view.before, view.after, atol=1e-6)


def test_all_points_hidden_leaves_no_instances(drive, labels) -> None:
    hidden = replace(labels, visibility=VisibilityOptions("zbuffer", radius=500.0, tolerance=0.0, share=0.0))
    view = look(drive, QueueOptions(hidden, 0, 0))
    report = report_of(view)
    assert len(view.before) <= 1
    assert report.instances == len(view.before)
    assert (view.labels[0] == view.labels[1]).all()


def test_an_instance_in_front_of_no_camera_gets_no_label(drive, labels) -> None:
    view = look(drive, QueueOptions(labels, 0, 0))
    frame = Context().frame(Source(drive.root, "00"), 2)
    behind = frame.points[:, 0] < 0
    assert behind.any()
    assert (view.own.row[behind] < 0).all()


def test_crops_of_another_clip_than_the_words_are_refused(drive, labels, monkeypatch) -> None:
    from app.core.methods import pseudo_labels

    real = pseudo_labels.words_of

    def other(*args):
        words = yield from real(*args)
        return replace(words, clip="another")

    monkeypatch.setattr(pseudo_labels, "words_of", other)
    with pytest.raises(UsageError, match="another CLIP"):
        look(drive, QueueOptions(labels, 0, 0))


def test_gathering_that_was_cancelled_goes_on(drive, labels) -> None:
    options, context = QueueOptions(labels, 4, 4), Context()
    work = entry("gather_queue")(context, source=Source(drive.root, "00"), index=2, options=options)
    frames = 0
    for event in work:
        frames += isinstance(event, Partial)
        if frames == 3:
            work.close()
            break
    assert len(look(drive, options).frames) == 2
    assert gather(drive, options).frames == tuple(range(FRAMES))


def test_a_sequence_that_may_store_nothing_says_so(drive, labels, monkeypatch) -> None:
    from app.core.language.feature_store import FeatureStore

    monkeypatch.setattr(FeatureStore, "limit", property(lambda self: 0))
    with pytest.raises(UsageError, match="Stored features"):
        gather(drive, QueueOptions(labels))
