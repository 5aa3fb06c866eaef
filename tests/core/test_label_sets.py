"""Label sets: SemanticKITTI's, nuScenes', ASPRS', and a user's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DataError
from app.core.label_files import load_label_set
from app.core.label_sets import ASPRS_LAS, NUSCENES_LIDARSEG, SEMANTIC_KITTI, numbered
from app.core.labels import UNKNOWN, LabelSet

ALL = (SEMANTIC_KITTI, NUSCENES_LIDARSEG, ASPRS_LAS, numbered())


@pytest.mark.parametrize("label_set", ALL, ids=lambda s: s.name)
def test_ids_raw_ids_and_colours_are_each_used_once(label_set: LabelSet) -> None:
    ids = [entry.id for entry in label_set.classes]
    raw = [i for entry in label_set.classes for i in entry.raw_ids]
    assert len(set(ids)) == len(ids) and len(set(raw)) == len(raw) and max(ids) < UNKNOWN
    colours = [entry.color for entry in label_set.classes]
    assert len(set(colours)) == len(colours)
    assert tuple(label_set.colors[UNKNOWN]) not in colours
    assert len({entry.name for entry in label_set.classes}) == len(ids)


def test_semantic_kitti_is_the_benchmarks() -> None:
    """19 classes; the raw ids of semantic-kitti.yaml and no other; colours are R, G, B."""
    assert [entry.id for entry in SEMANTIC_KITTI.classes] == list(range(20))
    known = {i for entry in SEMANTIC_KITTI.classes for i in entry.raw_ids}
    assert known == {
        *(0, 1, 10, 11, 13, 15, 16, 18, 20, 30, 31, 32, 40, 44, 48, 49, 50, 51, 52, 60, 70, 71, 72, 80, 81, 99),
        *range(252, 260),
    }
    names = [SEMANTIC_KITTI.raw_name(raw) for raw in (10, 252, 60, 258, 52, 300)]
    assert names == ["car", "moving-car", "lane-marking", "moving-truck", "other-structure", "unknown"]
    inverse = [0, 10, 11, 15, 18, 20, 30, 31, 32, 40, 44, 48, 49, 50, 51, 70, 71, 72, 80, 81]  # learning_map_inv
    assert SEMANTIC_KITTI.inverse[:20].tolist() == inverse
    assert not SEMANTIC_KITTI.inverse[20:].any()
    assert SEMANTIC_KITTI.colors[1].tolist() == [100, 150, 245]  # cars are light blue, not orange
    assert SEMANTIC_KITTI.colors[15].tolist() == [0, 175, 0]
    assert SEMANTIC_KITTI.colors[13].tolist() == [255, 200, 0]  # buildings are yellow


def test_nuscenes_has_16_classes_of_32_raw_ids() -> None:
    assert len(NUSCENES_LIDARSEG.classes) == 17 and NUSCENES_LIDARSEG.ignore == 0
    assert sorted(i for entry in NUSCENES_LIDARSEG.classes for i in entry.raw_ids) == list(range(32))
    assert NUSCENES_LIDARSEG.train_ids(np.array([17, 24, 2, 31, 32])).tolist() == [4, 11, 7, 0, UNKNOWN]
    assert NUSCENES_LIDARSEG.raw_name(31) == "vehicle.ego"


def test_unknown_raw_ids_are_counted_not_folded() -> None:
    raw = np.array([10, 300, 300, 65535, 2], np.uint16)
    assert SEMANTIC_KITTI.train_ids(raw).tolist() == [1, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    assert SEMANTIC_KITTI.unknown_counts(raw) == {2: 1, 300: 2, 65535: 1}
    assert SEMANTIC_KITTI.unknown_counts(np.zeros(0, np.uint16)) == {}


def test_numbers_are_all_classes_and_none_is_ignored() -> None:
    assert numbered().train_ids(np.array([0, 7, 254, 255])).tolist() == [0, 7, 254, UNKNOWN]
    assert numbered().class_name(7) == "label 7"


# ---------------------------------------------------------------- a user's own

GOOD = """
name: Yard
ignore: 9
classes:
  - {id: 9, name: nothing, color: [0, 0, 0], raw: [0, 1]}
  - {id: 1, name: Gabelstapler, color: "#ff8000", raw: [10, 252]}
  - {id: 2, name: crate, color: [10, 20, 30], raw: 11}
raw_names: {252: moving forklift}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "my labels.yaml"


def test_a_users_own_set(path: Path) -> None:
    path.write_text(GOOD)
    label_set = load_label_set(path)
    assert (label_set.name, label_set.ignore) == ("Yard", 9)
    assert label_set.train_ids(np.array([1, 252, 11, 12])).tolist() == [9, 1, 2, UNKNOWN]
    assert label_set.colors[1].tolist() == [255, 128, 0]
    assert [label_set.raw_name(i) for i in (10, 252)] == ["Gabelstapler", "moving forklift"]


def test_semantic_kitti_apis_own_configuration(path: Path) -> None:
    path.write_text(
        "labels: {0: unlabeled, 10: car, 252: moving-car, 40: road}\n"
        "color_map: {0: [0, 0, 0], 10: [245, 150, 100], 252: [245, 150, 100], 40: [255, 0, 255]}\n"
        "learning_map: {0: 0, 10: 1, 252: 1, 40: 9}\n"
        "learning_map_inv: {0: 0, 1: 10, 9: 40}\n"
        "learning_ignore: {0: True, 1: False, 9: False}\n"
    )
    label_set = load_label_set(path)
    assert [(e.id, e.name, e.color, e.raw_ids) for e in label_set.classes] == [
        (0, "unlabeled", (0, 0, 0), (0,)),
        (1, "car", (100, 150, 245), (10, 252)),
        (9, "road", (255, 0, 255), (40,)),
    ]
    assert label_set.raw_name(252) == "moving-car" and label_set.ignore == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no label map; it needs 'classes'"),
        ("[1, 2]", "is no label map; it needs 'classes'"),
        ("name: x", "is no label map; it needs 'classes'"),
        ("classes: [{id: 0", "is no readable YAML at line 1"),
        ("classes: []", "'classes' is no list of classes"),
        ("classes: 3", "'classes' is no list of classes"),
        ("classes: [car]", "class 1 is 'car'; it needs id, name, color and raw"),
        ("classes: [{id: 0, name: a, color: '#000000'}]", "class 1 has no 'raw'"),
        (
            "classes: [{id: 255, name: a, color: '#000000', raw: 0}]",
            "class 1 has id 255; a whole number from 0 to 254",
        ),
        ("classes: [{id: true, name: a, color: '#000000', raw: 0}]", "class 1 has id True"),
        ("classes: [{id: 0, name: a, color: red, raw: 0}]", "class 1 has color 'red'"),
        ("classes: [{id: 0, name: a, color: [0, 0, 256], raw: 0}]", "class 1 has color a list"),
        ("classes: [{id: 0, name: a, color: '#00000g', raw: 0}]", "class 1 has color '#00000g'"),
        ("classes: [{id: 0, name: a, color: '#000000', raw: [-1]}]", "'raw' must be whole numbers from 0 to 65535"),
        (GOOD.replace("id: 2", "id: 1"), "gives id 1 to two classes"),
        (GOOD.replace("raw: 11", "raw: 10"), "lists raw id 10 under both Gabelstapler and crate"),
        (GOOD.replace("ignore: 9", "ignore: none"), "'ignore' is 'none'"),
        (GOOD.replace("{252: moving forklift}", "[1]"), "'raw_names' must map raw ids to names"),
        ("learning_map: {0: 0}", "'labels' must map ids to values"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nclasses: *b", "class 1 is a list"),
        ("!!python/object/apply:os.system ['exit 1']", "is no readable YAML"),
    ],
)
def test_bad_label_maps_are_one_sentence(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_label_set(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_files_that_are_no_text_or_too_large(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00\x00" * 10)
    with pytest.raises(DataError, match="is no readable YAML"):
        load_label_set(path)
    path.write_bytes(b"#" * (2 << 20))
    with pytest.raises(DataError, match="larger than 1 MB"):
        load_label_set(path)
    path.write_text("[" * 50_000)
    with pytest.raises(DataError, match="is no readable YAML"):
        load_label_set(path)
    with pytest.raises(DataError, match="is missing"):
        load_label_set(path.with_name("none.yaml"))


def test_sets_that_come_along_go_by_name_unless_a_file_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_label_set(Path("semantickitti")) is SEMANTIC_KITTI
    assert load_label_set(Path("nuscenes")) is NUSCENES_LIDARSEG
    Path("nuscenes").write_text("classes: [{id: 0, name: mine, color: '#102030', raw: [1, 2]}]")
    assert load_label_set(Path("nuscenes")).class_name(0) == "mine"
    with pytest.raises(DataError, match="is missing"):
        load_label_set(Path("waymo"))
