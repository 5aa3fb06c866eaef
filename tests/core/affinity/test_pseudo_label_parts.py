"""Options, who gets a label, sidecars, scores and folders, each on its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.affinity import folder as folders
from app.core.affinity import sidecar as sidecars
from app.core.affinity.affinity import AffinityOptions
from app.core.affinity.embeddings import Embeddings
from app.core.affinity.labels import guarded, point_labels, seen_truth, truth_counts
from app.core.affinity.options import ANNOTATION_FREE, PseudoLabelOptions, check, unseen_ids
from app.core.affinity.report import Flips, Score
from app.core.affinity.sidecar import Sidecar
from app.core.errors import DataError, UsageError
from app.core.geometry.superpoints import SuperpointOptions
from app.core.label_sets import NUSCENES_LIDARSEG, SEMANTIC_KITTI
from app.models.clip.source import ClipSource

OPTIONS = PseudoLabelOptions(ClipSource())
CAR, BICYCLE, ROAD, SIGN = 1, 2, 9, 19


def sidecar(before: list[list[float]], truth: list[list[int]], after: list[list[float]] | None = None) -> Sidecar:
    """Instances of the classes car and bicycle."""
    count = len(before)
    return Sidecar(
        content="c",
        row=np.array([0, -1, 0], np.int32),
        feature=np.eye(max(count, 1), 4, dtype=np.float16)[:count],
        before=np.array(before, np.float32).reshape(count, 2),
        classes=np.array([CAR, BICYCLE], np.uint8),
        names=("car", "bicycle"),
        superpoint=np.arange(count, dtype=np.int32),
        camera=np.zeros(count, np.int16),
        box=np.zeros((count, 4), np.int32),
        center=np.zeros((count, 3), np.float32),
        points=np.full(count, 2, np.int32),
        truth=np.array(truth, np.int32).reshape(count, -1 if count and truth else 0),
        cameras=("image_2",),
        provenance={"clip": "tiny"},
        after=None if after is None else np.array(after, np.float32).reshape(count, 2),
    )


# options


def test_the_papers_split_and_settings() -> None:
    assert unseen_ids(OPTIONS, SEMANTIC_KITTI) == (3, 4, 7, 19)
    assert unseen_ids(replace(OPTIONS, setting=ANNOTATION_FREE), SEMANTIC_KITTI) == tuple(range(1, 20))
    assert OPTIONS.grouping.kind == "dbscan"
    assert replace(OPTIONS, setting=ANNOTATION_FREE).grouping.kind == "supervoxels"
    assert OPTIONS.walk(100.0) == AffinityOptions(50.0, 2.0, 1)
    assert replace(OPTIONS, scale=7.0).walk(100.0) == AffinityOptions(7.0, 2.0, 1)
    assert replace(OPTIONS, affinity=False).walk(100.0) is None
    assert replace(OPTIONS, guard=False).rule.rule == "none"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"setting": "few-shot"}, "annotation-free"),
        ({"queue": 0}, "1 instance or more"),
        ({"sharpness": float("nan")}, "sharpness"),
        ({"margin": -0.1}, "margin"),
        ({"beta": -1.0}, "beta"),
        ({"walks": 0}, "walks"),
        ({"superpoints": SuperpointOptions("cubes")}, "cubes"),
    ],
)
def test_options_that_make_no_sense(changes: dict, words: str) -> None:
    check(OPTIONS)
    with pytest.raises(UsageError, match=words):
        check(replace(OPTIONS, **changes))


def test_unseen_classes_have_to_be_there() -> None:
    with pytest.raises(UsageError, match=r"no class 'truk'.*traffic-sign"):
        unseen_ids(replace(OPTIONS, unseen=("truk",)), SEMANTIC_KITTI)
    with pytest.raises(UsageError, match="no class 'bicyclist'"):
        unseen_ids(OPTIONS, NUSCENES_LIDARSEG)
    with pytest.raises(UsageError, match="No class is unseen"):
        unseen_ids(replace(OPTIONS, unseen=()), SEMANTIC_KITTI)


# points


def test_who_gets_a_label() -> None:
    row = np.array([0, 0, 1, -1, 1], np.int32)
    visible = np.array([[1, 0], [0, 0], [0, 1], [1, 1], [1, 1]], bool)
    kept = guarded(row, visible)
    assert kept.tolist() == [0, -1, 1, -1, 1]
    assert guarded(row, None).tolist() == row.tolist()
    raw = np.array([40, 40, 81, 40, 999], np.uint32)
    seen = seen_truth(raw, SEMANTIC_KITTI, (SIGN,))
    assert seen.tolist() == [ROAD, ROAD, 0, ROAD, 0]
    classes = np.array([CAR, SIGN], np.uint8)
    assert point_labels(kept, classes, None, 0).tolist() == [CAR, 0, SIGN, 0, SIGN]
    only_signs = np.array([-1, -1, 1, -1, -1], np.int32)
    assert point_labels(only_signs, classes, seen, 0).tolist() == [ROAD, ROAD, SIGN, ROAD, 0]
    assert seen.tolist() == [ROAD, ROAD, 0, ROAD, 0]  # as it was


def test_truth_is_counted_over_points_that_carry_it() -> None:
    raw = np.array([40, 0, 81, 81, 999, 10], np.uint32)
    counts = truth_counts(raw, np.array([0, 0, 1, 1, 1, -1], np.int32), 3, SEMANTIC_KITTI)
    assert counts.shape == (3, 20)
    assert counts[0, ROAD] == 1 and counts[0].sum() == 1
    assert counts[1, SIGN] == 2 and counts[1].sum() == 2
    assert counts[2].sum() == 0


# scores


def test_the_score_counts_instances_points_and_flips() -> None:
    score = Score()
    truth = np.zeros((4, 20), int)
    truth[0, CAR], truth[1, CAR], truth[2, BICYCLE], truth[2, ROAD] = 10, 5, 7, 2  # the last has none
    before = [[0.9, 0.1], [0.4, 0.6], [0.1, 0.9], [0.9, 0.1]]
    after = [[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.1, 0.9]]
    score.add(sidecar(before, truth.tolist(), after))
    assert (score.instances, score.judged, score.right_before, score.right_after) == (4, 3, 2, 2)
    assert score.accuracy == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert score.point_accuracy == (pytest.approx(17 / 24), pytest.approx(15 / 24))
    assert score.flips == (Flips("bicycle", "car", 2, 1, 1), Flips("car", "bicycle", 1, 0, 0))
    found = json.loads(json.dumps(score.as_dict()))
    assert found["flips"] == 3 and found["helped"] == 1 and found["hurt"] == 1
    assert found["classes"]["car"] == {"superpoints": 2, "right_before": 1, "right_after": 2}


def test_without_truth_nothing_is_judged() -> None:
    score = Score()
    score.add(sidecar([], []))
    score.add(sidecar([[0.9, 0.1]], [], [[0.1, 0.9]]))
    assert score.accuracy is None and score.point_accuracy is None
    assert score.as_dict()["accuracy_after"] is None
    assert score.as_dict()["flips"] == 1


# sidecars


def test_a_sidecar_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "000000.npz"
    first = sidecar([[0.9, 0.1], [0.4, 0.6]], [[1], [2]])
    sidecars.write(path, first)
    assert sidecars.header(path) == sidecars.Header("c", 2, "")
    assert sidecars.read(path).after is None
    with pytest.raises(ValueError, match="not refined"):
        sidecars.read(path).labels()
    after = first.before[:, ::-1].copy()
    sidecars.write(path, first.refined(after, 3, 17, "abc"))
    again = sidecars.read(path)
    assert (again.queue, again.place, again.queue_content) == (3, 17, "abc")
    assert again.names == first.names and again.provenance == first.provenance
    assert again.labels(refined=False).tolist() == [CAR, BICYCLE]
    assert again.labels().tolist() == [BICYCLE, CAR]
    for name in ("row", "feature", "before", "box", "truth"):
        assert getattr(again, name).dtype == getattr(first, name).dtype
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert not list(path.parent.glob(".*"))


@pytest.mark.parametrize("damage", ["cut", "text", "other", "gone"])
def test_what_is_no_sidecar_is_refused_in_one_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "000000.npz"
    sidecars.write(path, sidecar([[0.9, 0.1]], [[1]]))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "text":
        path.write_text("hello")
    elif damage == "other":
        with path.open("wb") as file:
            np.savez(file, points=np.zeros(3))
    else:
        path.unlink()
    assert sidecars.header(path) is None
    for reader in (sidecars.read, sidecars.for_walk):
        with pytest.raises(DataError, match="run again"):
            reader(path)


# folders


def test_labels_of_other_parameters_are_not_mixed(tmp_path: Path) -> None:
    words = Embeddings(
        np.uint8([1]), ("car",), (("car", "van"),), np.eye(1, 4, dtype=np.float32), "0" * 12, 100, 100
    )
    folder = folders.folder_of(tmp_path, "zero-shot", "00")

    def wanted(options: PseudoLabelOptions) -> dict:
        more = {"data": tmp_path, "sequence": "00", "frames": range(4), "label_set": "SemanticKITTI"}
        return folders.parameters(options, words, **more)

    folders.begin(folder, wanted(OPTIONS))
    folders.begin(folder, wanted(replace(OPTIONS, device="cpu")))  # decides nothing
    held = json.loads(folder.parameters.read_text())
    assert held["affinity"] == {"scale": 50.0, "beta": 2.0, "walks": 1}
    assert held["unseen"] == {"car": ["car", "van"]}
    with pytest.raises(UsageError, match=r"another 'queue'.*choose another folder"):
        folders.begin(folder, wanted(replace(OPTIONS, queue=7)))
    words = replace(words, clip="1" * 12)
    with pytest.raises(UsageError, match="another 'clip'"):
        folders.begin(folder, wanted(OPTIONS))
    folder.parameters.write_text("{")
    with pytest.raises(DataError, match="another folder"):
        folders.begin(folder, wanted(OPTIONS))
