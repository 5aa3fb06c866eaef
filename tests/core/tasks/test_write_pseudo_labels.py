"""Pseudo-labels as files: both settings, resumed, guarded, and honest about what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core.affinity import sidecar as sidecars
from app.core.affinity.affinity import AffinityOptions, propagate
from app.core.affinity.folder import Folder
from app.core.affinity.kin import kin_of
from app.core.affinity.options import ANNOTATION_FREE, PseudoLabelOptions
from app.core.errors import DataError, UsageError
from app.core.geometry.superpoints import SuperpointOptions
from app.core.geometry.visibility import VisibilityOptions
from app.core.language.tiny_clip import write_tiny_clip
from app.core.tasks import entry, lane
from app.core.tasks.base import Partial, Progress, run
from app.core.tasks.context import Context, Source
from app.core.tasks.write_pseudo_labels import LabelledFrame, WrittenPseudoLabels
from app.models.clip.source import ClipSource

FRAMES = 4
CAR, BUILDING, ROAD = 10, 50, 40


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=FRAMES)


@pytest.fixture
def options(clip: ClipSource) -> PseudoLabelOptions:
    """Zero-shot with two classes that the small drive has."""
    grouping = SuperpointOptions("dbscan", eps=1.0, least=2)
    return PseudoLabelOptions(
        clip, unseen=("car", "building"), superpoints=grouping, templates="plain", device="cpu"
    )


@pytest.fixture
def free(options: PseudoLabelOptions) -> PseudoLabelOptions:
    return replace(options, setting=ANNOTATION_FREE, superpoints=SuperpointOptions("supervoxels", resolution=4.0))


def label(drive: SmallDrive, out: Path, options: PseudoLabelOptions, **more) -> WrittenPseudoLabels:
    task = entry("write_pseudo_labels")
    return run(task(Context(), source=Source(drive.root, "00"), out=out, options=options, **more))


def labels(done: WrittenPseudoLabels, name: str = "000000") -> np.ndarray:
    return np.fromfile(done.folder / "labels" / f"{name}.label", "<u4")


def held(done: WrittenPseudoLabels, name: str = "000000") -> sidecars.Sidecar:
    return sidecars.read(done.folder / "instances" / f"{name}.npz")


def truth(drive: SmallDrive, name: str = "000000") -> np.ndarray:
    return np.fromfile(drive.root / "sequences/00/labels" / f"{name}.label", "<u4") & 0xFFFF


def test_seen_classes_keep_their_truth_and_unseen_ones_are_found(drive, options, tmp_path: Path) -> None:
    done = label(drive, tmp_path / "out", options)
    assert done.folder == tmp_path / "out/zero-shot/sequences/00"
    assert (done.frames, done.computed, done.notes) == (FRAMES, FRAMES, ())
    for name in ("000000", "000003"):
        found, real, beside = labels(done, name), truth(drive, name), held(done, name)
        assert len(found) == drive.points
        seen = real == ROAD
        assert (found[seen] == ROAD).all()
        assert set(np.unique(found[~seen])) <= {0, CAR, BUILDING}
        assert (beside.row[seen] == -1).all()
        got = beside.row >= 0
        assert got.any()
        raw = {1: CAR, 13: BUILDING}
        assert found[got].tolist() == [raw[int(i)] for i in beside.labels()[beside.row[got]]]
        assert (found[~got & ~seen] == 0).all()
        np.testing.assert_allclose(beside.before.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(beside.after.sum(axis=1), 1, atol=1e-5)
        assert (beside.box[:, 2:] - beside.box[:, :2] >= 30).all()
        assert "tiny" in beside.provenance["clip"] and beside.cameras == ("image_2",)
    report = json.loads((done.folder / "report.json").read_text())
    assert report["accuracy_after"] == done.report["accuracy_after"] is not None
    assert report["superpoints"] == sum(len(held(done, f"{i:06d}")) for i in range(FRAMES))


def test_the_walk_goes_over_the_queue_and_nothing_else(drive, options, tmp_path: Path) -> None:
    done = label(drive, tmp_path / "out", options)
    beside = [held(done, f"{i:06d}") for i in range(FRAMES)]
    walk = AffinityOptions(**json.loads((done.folder / "parameters.json").read_text())["affinity"])
    assert {one.queue for one in beside} == {0}
    features, before = (np.concatenate([getattr(one, name) for one in beside]) for name in ("feature", "before"))
    after = np.concatenate([one.after for one in beside])
    np.testing.assert_allclose(after, propagate(features, before, walk), atol=1e-6)
    assert [one.place for one in beside] == np.cumsum([0, *map(len, beside[:-1])]).tolist()

    small = label(drive, tmp_path / "small", replace(options, queue=1))
    for index, one in enumerate(beside):
        alone = held(small, f"{index:06d}")
        assert (alone.queue, alone.place) == (index, 0)
        np.testing.assert_allclose(alone.after, propagate(one.feature, one.before, walk), atol=1e-6)

    plain = label(drive, tmp_path / "plain", replace(options, affinity=False))
    np.testing.assert_array_equal(held(plain).after, beside[0].before)
    assert plain.report["flips"] == 0


def test_without_annotation_all_classes_are_unseen(drive, free, tmp_path: Path) -> None:
    done = label(drive, tmp_path / "out", free)
    assert done.folder == tmp_path / "out/annotation-free/sequences/00"
    beside = held(done)
    assert len(beside.classes) == 19
    assert "supervoxels" in beside.provenance["superpoints"]
    assert 0 in labels(done)  # behind the vehicle nothing is seen
    unlabelled = write_small_drive(tmp_path / "bare", frames=2, labels=False)
    alone = label(unlabelled, tmp_path / "bare_out", free)
    assert alone.report["accuracy_before"] is None and alone.report["superpoints"] > 0


def test_the_guard_keeps_hidden_points_out(drive, free, tmp_path: Path) -> None:
    paper = VisibilityOptions("paper", superpixels="grid", segments=6)
    kept = held(label(drive, tmp_path / "a", replace(free, visibility=paper)))
    every = held(label(drive, tmp_path / "b", replace(free, guard=False)))
    assert 0 < np.count_nonzero(kept.row >= 0) < np.count_nonzero(every.row >= 0)


def test_a_run_that_was_cancelled_goes_on(drive, options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = label(drive, tmp_path / "whole", options)
    task = entry("write_pseudo_labels")
    assert lane("write_pseudo_labels") == "background"

    def cancelled(after: type, text: str) -> None:
        work = task(Context(), source=Source(drive.root, "00"), out=tmp_path / "out", options=options)
        for event in work:
            if isinstance(event, after) and text in str(event):
                work.close()
                return
        raise AssertionError("it ended first")

    cancelled(Progress, "frame 2")
    assert not list(tmp_path.glob("out/zero-shot/sequences/00/labels/*"))
    cancelled(Partial, "index=1")
    files = sorted(path.name for path in tmp_path.glob("out/zero-shot/sequences/00/labels/*"))
    assert files == ["000000.label", "000001.label"]

    done = label(drive, tmp_path / "out", options)
    assert done.computed == 0
    assert done.report == whole.report
    for index in range(FRAMES):
        np.testing.assert_array_equal(labels(done, f"{index:06d}"), labels(whole, f"{index:06d}"))
    before = {path: path.stat().st_mtime_ns for path in done.folder.rglob("*.npz")}
    again = label(drive, tmp_path / "out", options)
    assert again.report == whole.report
    assert before == {path: path.stat().st_mtime_ns for path in done.folder.rglob("*.npz")}


def test_a_frame_that_changed_and_a_file_that_is_gone_are_made_anew(drive, options, tmp_path: Path) -> None:
    done = label(drive, tmp_path / "out", options)
    wanted = labels(done, "000002")
    (done.folder / "labels/000002.label").unlink()
    (done.folder / "instances/000001.npz").write_bytes(b"half")
    again = label(drive, tmp_path / "out", options)
    assert again.computed == 1
    np.testing.assert_array_equal(labels(again, "000002"), wanted)
    scan = drive.root / "sequences/00/velodyne/000003.bin"
    scan.write_bytes(scan.read_bytes()[: -16 * 40])
    ids = drive.root / "sequences/00/labels/000003.label"
    ids.write_bytes(ids.read_bytes()[: -4 * 40])
    last = label(drive, tmp_path / "out", options)
    assert last.computed == 1
    assert len(labels(last, "000003")) == drive.points - 40


def test_frames_and_progress(drive, options, tmp_path: Path) -> None:
    seen: list = []
    work = entry("write_pseudo_labels")(
        Context(), source=Source(drive.root, "00"), out=tmp_path / "out", options=options, frames=(1, 3)
    )
    done = run(work, seen.append)
    assert done.frames == 2
    assert sorted(path.stem for path in done.folder.glob("labels/*")) == ["000001", "000002"]
    assert [event.value.index for event in seen if isinstance(event, Partial)] == [1, 2]
    assert all(isinstance(event.value, LabelledFrame) for event in seen if isinstance(event, Partial))
    steps = [event.done for event in seen if isinstance(event, Progress)]
    assert steps == sorted(steps) and steps[-1] < 4
    with pytest.raises(UsageError, match="another 'frames'"):
        label(drive, tmp_path / "out", options)


def test_one_class_and_all_points_hidden(drive, options, tmp_path: Path) -> None:
    one = label(drive, tmp_path / "one", replace(options, unseen=("car",)))
    assert held(one).before.shape[1] == 1
    assert one.report["accuracy_after"] == 1
    none = label(drive, tmp_path / "none", replace(options, unseen=("bicycle",)))
    assert none.report["superpoints"] == 0 and none.report["accuracy_after"] is None
    found = labels(none)
    assert (found == np.where(np.isin(truth(drive), (CAR, BUILDING, ROAD)), truth(drive), 0)).all()


def test_bad_input(drive, options, free, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="inside the recording"):
        label(drive, drive.root / "labels", options)
    with pytest.raises(UsageError, match="0:4; 2:9 was asked for"):
        label(drive, out, options, frames=(2, 9))
    with pytest.raises((UsageError, DataError), match="nowhere"):
        label(drive, out, replace(options, clip=ClipSource(path=tmp_path / "nowhere")))
    bare = write_small_drive(tmp_path / "bare", frames=2, labels=False)
    with pytest.raises(UsageError, match=r"No frame of .* has ground truth.*annotation-free"):
        label(bare, out, options)
    blind = write_small_drive(tmp_path / "blind", frames=2)
    (blind.root / "sequences/00/calib.txt").unlink()
    with pytest.raises(UsageError, match="camera"):
        label(blind, out, free)
    assert not out.exists()


def test_labels_of_another_clip_are_not_mixed(drive, options, tmp_path: Path) -> None:
    label(drive, tmp_path / "out", options)
    other = write_tiny_clip(tmp_path / "other", seed=1)
    with pytest.raises(UsageError, match="another 'clip'"):
        label(drive, tmp_path / "out", replace(options, clip=other))


def test_frames_without_pictures_are_named_and_left_out(drive, options, tmp_path: Path) -> None:
    (drive.root / "sequences/00/image_2/000001.png").unlink()
    (drive.root / "sequences/00/image_2/000002.png").write_bytes(b"no picture")
    done = label(drive, tmp_path / "out", options)
    assert done.frames == 2
    assert [note.split(":")[0] for note in done.notes] == ["Frame 1 has no labels", "Frame 2 has no labels"]
    assert not (done.folder / "labels/000001.label").exists()


def test_a_full_disk_ends_it_with_one_sentence(drive, options, tmp_path: Path) -> None:
    (tmp_path / "out/zero-shot/sequences/00").mkdir(parents=True)
    (tmp_path / "out/zero-shot/sequences/00/labels").write_text("a file where a folder belongs")
    with pytest.raises(DataError, match="cannot be written"):
        label(drive, tmp_path / "out", options)


def test_neighbours_of_an_instance_are_found_in_its_queue(drive, options, tmp_path: Path) -> None:
    few = replace(options, queue=2, scale=5.0)
    done = label(drive, tmp_path / "out", few)
    beside = {f"{i:06d}": held(done, f"{i:06d}") for i in range(FRAMES)}
    name = next(name for name, one in beside.items() if len(one))
    queue = [one for one in beside.values() if one.queue_content == beside[name].queue_content]
    folder = Folder(done.folder)
    found = kin_of(folder, name, 0, most=1000)
    assert len(found) == sum(map(len, queue))
    assert sum(kin.weight for kin in found) == pytest.approx(1, abs=1e-4)
    assert (found[0].name, found[0].row) == (name, 0)
    flow = sum(kin.weight * beside[kin.name].before[kin.row] for kin in found)
    np.testing.assert_allclose(flow, beside[name].after[0], atol=1e-5)
    assert all(kin.label == beside[kin.name].labels(refined=False)[kin.row] for kin in found)
    with pytest.raises(UsageError, match="999 was asked for"):
        kin_of(folder, name, 999)
    plain = label(drive, tmp_path / "plain", replace(few, affinity=False))
    assert kin_of(Folder(plain.folder), name, 0) == ()
