"""What every reader of app/core/datasets keeps, over all that are found by listing the folder."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets import OpenOptions, open_dataset, readers
from app.core.errors import DataError, LidarScopeError, UsageError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN
from app.core.types import Frame

NAMES = sorted(readers())


def test_the_formats_of_the_manual_are_all_there() -> None:
    assert set(NAMES) == {
        "semantickitti", "kitti-raw", "kitti-object", "nuscenes", "ply", "pcd", "las", "npy", "bin",
    }  # fmt: skip


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def example(name: str, tmp_path: Path) -> Path:
    folder = tmp_path / "Fährt 1 – 例"
    folder.mkdir()
    return readers()[name].write_example(folder)


def check_frame(frame: Frame, index: int) -> None:
    """Shapes, dtypes and frames as app.core.types states them."""
    n = len(frame)
    assert frame.index == index
    assert frame.points.shape == (n, 3) and frame.points.dtype == np.float32
    for column, dtype in (
        (frame.intensity, np.float32),
        (frame.ring, np.int16),
        (frame.time, np.float32),
        (frame.labels, np.uint16),
        (frame.instances, np.uint32),
    ):
        assert column is None or (column.shape == (n,) and column.dtype == dtype)
    assert frame.colors is None or (frame.colors.shape == (n, 3) and frame.colors.dtype == np.uint8)
    assert all(column.shape == (n,) for column in frame.extra.values())
    if frame.world_from_sensor is not None:
        assert_rigid(frame.world_from_sensor)
    for camera in frame.cameras:
        assert_rigid(camera.camera_from_sensor)
        assert camera.intrinsics.shape == (3, 3) and min(camera.size) > 0
    for box in frame.boxes:
        assert np.allclose(box.rotation @ box.rotation.T, np.eye(3), atol=1e-6)
        assert np.linalg.det(box.rotation) > 0 and min(box.size) > 0


def assert_rigid(matrix: np.ndarray) -> None:
    assert matrix.shape == (4, 4) and matrix.dtype == np.float64
    assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-6)
    assert np.linalg.det(matrix[:3, :3]) > 0
    assert np.array_equal(matrix[3], [0, 0, 0, 1])


def test_the_example_is_recognised_best_by_its_own_reader(name: str, example: Path) -> None:
    scores = {other: reader.recognise(example) for other, reader in readers().items()}
    assert max(scores, key=lambda other: scores[other]) == name
    assert sorted(scores.values())[-2] < scores[name] <= 100


def test_the_example_reads_back(name: str, example: Path) -> None:
    dataset = open_dataset(example)
    assert dataset.format == name
    assert not dataset.problems
    for sequence in dataset.sequences:
        assert len(sequence) >= 2
        assert not sequence.problems
        assert sequence.rate > 0
        frames = [sequence.read(i) for i in range(len(sequence))]
        for i, frame in enumerate(frames):
            check_frame(frame, i)
            assert len(frame) >= 3 and frame.valid.all()
            assert not sequence.check_files(i)
            assert tuple(camera.name for camera in frame.cameras) == tuple(sequence.camera_names)
            for camera in frame.cameras:
                width, height = camera.size
                assert camera.load_image().shape == (height, width, 3)
        assert sequence.has_labels == any(frame.labels is not None for frame in frames)


def test_poses_and_times_are_those_of_the_frames(example: Path) -> None:
    for sequence in open_dataset(example).sequences:
        frames = [sequence.read(i) for i in range(len(sequence))]
        assert sequence.has_poses == (sequence.poses is not None)
        if sequence.poses is not None:
            assert np.array_equal(sequence.poses, [frame.world_from_sensor for frame in frames])
        if sequence.times is not None:
            assert np.array_equal(sequence.times, [frame.timestamp for frame in frames])
            assert (np.diff(sequence.times) > 0).all()


def test_known_labels_are_of_the_label_set(example: Path) -> None:
    for sequence in open_dataset(example).sequences:
        labels = sequence.read(0).labels
        if labels is not None:
            assert sequence.label_set is not None
            assert (sequence.label_set.train_ids(labels) != UNKNOWN).all()


def test_it_travels_to_another_process(example: Path) -> None:
    dataset = pickle.loads(pickle.dumps(open_dataset(example)))
    original = open_dataset(example).sequences[0].read(1)
    copy = pickle.loads(pickle.dumps(dataset.sequences[0].read(1)))
    assert np.array_equal(copy.points, original.points)
    assert copy.notes == original.notes


def test_frames_that_are_not_there_are_refused_in_one_sentence(example: Path) -> None:
    sequence = open_dataset(example).sequences[0]
    for index in (-1, len(sequence)):
        with pytest.raises(UsageError, match=f"There is no frame {index}; .* has frames 0 to {len(sequence) - 1}"):
            sequence.read(index)


def test_recognising_never_raises(name: str, tmp_path: Path) -> None:
    reader = readers()[name]
    broken = tmp_path / "scan.bin"
    broken.write_bytes(b"\x00" * 5)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (
        tmp_path / "nothing",
        tmp_path,
        broken,
        loop,
        Path("/"),
        Path("/proc/self/mem"),
        tmp_path / ("n" * 300),
    ):
        assert 0 <= reader.recognise(path) <= 100


def test_a_scan_that_vanishes_after_opening_is_one_sentence(example: Path) -> None:
    sequence = open_dataset(example).sequences[0]
    for path in sorted(example.parent.rglob("*"), reverse=True):
        if path.is_file() and path.name != "columns.yaml":
            path.unlink()
    with pytest.raises(DataError, match="is missing") as caught:
        sequence.read(0)
    assert "\n" not in str(caught.value)


def test_a_scan_that_may_not_be_read_is_one_sentence(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sequence = open_dataset(example).sequences[0]

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("io.open", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match="may not be read; check its permissions"):
        sequence.read(0)


def test_a_folder_that_may_not_be_listed_is_one_sentence(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(DataError, match="may not be read; check its permissions"):
        open_dataset(example)


def test_nothing_is_written_beside_the_data(example: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in example.parent.rglob("*")}
    for sequence in open_dataset(example).sequences:
        for i in range(len(sequence)):
            sequence.read(i)
    assert {path: path.stat().st_mtime_ns for path in example.parent.rglob("*")} == before


def test_options_that_mean_nothing_to_a_format_are_refused(name: str, example: Path, tmp_path: Path) -> None:
    reader = readers()[name]
    if not reader.takes_columns:
        with pytest.raises(UsageError, match=r"Columns were stated, but .* states its own"):
            open_dataset(example, OpenOptions(columns=("x", "y", "z")))


def test_a_label_map_replaces_the_readers_own(name: str, example: Path, tmp_path: Path) -> None:
    label_map = tmp_path / "map.yaml"
    label_map.write_text("classes: [{id: 0, name: mine, color: '#102030', raw: [1, 2]}]")
    sequence = open_dataset(example, OpenOptions(label_map=label_map)).sequences[0]
    assert sequence.label_set is not None and sequence.label_set.class_name(0) == "mine"
    by_name = open_dataset(example, OpenOptions(label_map=Path("semantickitti"))).sequences[0]
    assert by_name.label_set is SEMANTIC_KITTI
    with pytest.raises(LidarScopeError, match="is missing"):
        open_dataset(example, OpenOptions(label_map=tmp_path / "none.yaml"))
