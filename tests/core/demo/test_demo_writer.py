"""Writing a drive: the layout, taking up a killed write, and what a full or foreign folder gets."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from app.core.datasets.base import OpenOptions
from app.core.datasets.semantickitti import SemanticKittiReader
from app.core.demo.files import FramePaths
from app.core.demo.surface import read_surface
from app.core.demo.world import World
from app.core.demo.writer import default_drive_path, write_drive
from app.core.errors import DataError, UsageError
from app.core.tasks.base import Partial, Progress, run


def _frames(out: Path, world: World, count: int, frames: int = 3) -> None:
    """Write until ``count`` frames are there, then stop as a killed process does."""
    events = write_drive(out, frames=frames, seed=world.seed, world=world)
    for event in events:
        if isinstance(event, Partial) and event.value == count - 1:
            break
    events.close()


def _bytes(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, street: World) -> Path:
    """A whole drive of three frames."""
    out = tmp_path_factory.mktemp("drive")
    done = run(write_drive(out, frames=3, seed=0, world=street))
    assert (done.path, done.frames, done.seed) == (out, 3, 0)
    return out


def test_a_reader_finds_everything(written: Path, street: World) -> None:
    dataset = SemanticKittiReader().open(written, OpenOptions())
    sequence = dataset.sequences[0]
    assert (len(sequence), sequence.name, sequence.has_labels) == (3, "00", True)
    assert not sequence.problems
    for index in range(3):
        frame = sequence.read(index)
        made = street.scan(index)
        assert not frame.notes
        assert np.array_equal(frame.points, made.points)
        assert np.array_equal(frame.intensity, made.intensity)
        assert np.array_equal(frame.labels, made.labels)
        assert np.array_equal(frame.instances, made.instances)
        assert np.array_equal(frame.ring, made.ring)
        first = np.linalg.inv(street.ego_pose(0.0))
        np.testing.assert_allclose(frame.world_from_sensor, first @ made.world_from_sensor, atol=1e-6)
        view = frame.camera("image_2")
        assert np.array_equal(view.load_image(), street.picture(index))
        np.testing.assert_allclose(view.camera_from_sensor, street.calibration.camera_from_sensor, atol=1e-9)
        np.testing.assert_allclose(view.intrinsics, street.calibration.intrinsics, atol=1e-9)
        assert frame.timestamp == pytest.approx(index * 0.1)


def test_the_truth_lies_beside_each_scan(written: Path, street: World) -> None:
    with np.load(written / "sequences/00/truth/000001.npz") as truth:
        made = street.scan(1)
        assert truth["visible"].dtype == np.uint8
        assert truth["ring"].dtype == np.int16
        assert truth["flow"].dtype == np.float32
        assert np.array_equal(truth["visible"], made.visible)
        assert np.array_equal(truth["flow"], made.flow)
        np.testing.assert_allclose(truth["normal"].astype(np.float32), made.normals, atol=1e-3)


def test_points_lie_on_the_written_surface(written: Path, street: World) -> None:
    import open3d as o3d

    surface = read_surface(written / "sequences/00", 2)
    assert surface is not None
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor.from_numpy(surface.vertices),
        o3d.core.Tensor.from_numpy(surface.triangles.astype(np.uint32)),
    )
    frame = street.scan(2)
    world = np.linalg.inv(street.ego_pose(0.0)) @ frame.world_from_sensor
    points = frame.points[::40] @ world[:3, :3].T + world[:3, 3]
    away = scene.compute_distance(o3d.core.Tensor.from_numpy(points.astype(np.float32))).numpy()
    assert np.percentile(away, 99) < 0.05
    assert set(surface.class_id.tolist()) >= {1, 6, 9, 13, 15}


def test_a_world_description_says_what_it_is(written: Path) -> None:
    marker = json.loads((written / "demo.json").read_text())
    assert marker["frames"] == 3
    assert marker["seed"] == 0
    assert isinstance(marker["lidarscope_demo"], int)
    about = json.loads((written / "sequences/00/world/world.json").read_text())
    assert {entry["kind"] for entry in about["moving"]} >= {"car", "person", "bicyclist", "motorcyclist"}
    assert all((written / "sequences/00/world" / entry["file"]).is_file() for entry in about["static"])


def test_texts_of_all_frames_come_before_the_first_frame(tmp_path: Path, street: World) -> None:
    _frames(tmp_path, street, 1)
    folder = tmp_path / "sequences/00"
    assert len((folder / "poses.txt").read_text().splitlines()) == 3
    assert len((folder / "times.txt").read_text().splitlines()) == 3
    assert json.loads((tmp_path / "demo.json").read_text())["frames"] == 3
    assert [path.name for path in sorted((folder / "velodyne").iterdir())] == ["000000.bin"]


def test_a_killed_write_ends_with_the_same_bytes(tmp_path: Path, written: Path, street: World) -> None:
    out = tmp_path / "again"
    _frames(out, street, 1)
    # As if killed between the files of frame 1: its label is there, its scan is not; a leftover lies about.
    paths = FramePaths.of(out / "sequences/00", 1)
    paths.label.write_bytes(b"half")
    leftover = paths.scan.parent / ".000001.bin.1-1.part"
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))
    stamp = FramePaths.of(out / "sequences/00", 0).scan.stat().st_mtime_ns
    run(write_drive(out, frames=3, seed=0, world=street))
    assert FramePaths.of(out / "sequences/00", 0).scan.stat().st_mtime_ns == stamp  # kept, not written again
    assert _bytes(out) == _bytes(written)


def test_a_longer_drive_keeps_the_frames_it_has(tmp_path: Path, street: World) -> None:
    _frames(tmp_path, street, 1, frames=1)
    stamp = FramePaths.of(tmp_path / "sequences/00", 0).scan.stat().st_mtime_ns
    _frames(tmp_path, street, 2, frames=2)
    assert FramePaths.of(tmp_path / "sequences/00", 0).scan.stat().st_mtime_ns == stamp
    assert len((tmp_path / "sequences/00/poses.txt").read_text().splitlines()) == 2


def test_another_seed_replaces_the_sequence(tmp_path: Path, street: World, other_street: World) -> None:
    _frames(tmp_path, street, 2)
    _frames(tmp_path, other_street, 1)
    folder = tmp_path / "sequences/00"
    assert len(list((folder / "velodyne").iterdir())) == 1
    assert json.loads((tmp_path / "demo.json").read_text())["seed"] == 1
    record = np.fromfile(folder / "velodyne/000000.bin", np.float32).reshape(-1, 4)
    assert np.array_equal(record[:, :3], other_street.scan(0).points)


def test_two_sequences_share_a_folder(tmp_path: Path, street: World, other_street: World) -> None:
    _frames(tmp_path, street, 1, frames=1)
    events = write_drive(tmp_path, frames=1, seed=1, sequence="08", world=other_street)
    for event in events:
        if isinstance(event, Partial):
            break
    events.close()
    marker = json.loads((tmp_path / "demo.json").read_text())
    assert {name: entry["seed"] for name, entry in marker["sequences"].items()} == {"00": 0, "08": 1}
    assert len(SemanticKittiReader().open(tmp_path, OpenOptions()).sequences) == 2


def test_a_recording_of_somebody_else_is_left_alone(tmp_path: Path, street: World) -> None:
    theirs = tmp_path / "sequences/00/velodyne/000000.bin"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"precious")
    with pytest.raises(DataError, match="no demo drive"):
        run(write_drive(tmp_path, frames=1, seed=0, world=street))
    assert theirs.read_bytes() == b"precious"


def test_a_full_disk_gets_one_sentence(tmp_path: Path, street: World, monkeypatch: pytest.MonkeyPatch) -> None:
    events = write_drive(tmp_path, frames=2, seed=0, world=street)
    for event in events:
        if isinstance(event, Partial):
            break
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if self.suffix == ".part" and "velodyne" in str(self):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DataError, match="No space left") as caught:
        run(events)
    assert "\n" not in str(caught.value)
    scans = tmp_path / "sequences/00/velodyne"
    assert [path.name for path in scans.iterdir()] == ["000000.bin"]


def test_progress_counts_up_to_its_total(tmp_path: Path, street: World) -> None:
    events = list(write_drive(tmp_path, frames=1, seed=0, world=street))
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert progress[-1].done == progress[-1].total
    assert [event.value for event in events if isinstance(event, Partial)] == [0]


def test_a_broken_surface_says_so(tmp_path: Path, street: World) -> None:
    assert read_surface(tmp_path, 0) is None
    folder = tmp_path / "world"
    folder.mkdir()
    (folder / "world.json").write_text("{")
    with pytest.raises(DataError, match=r"world\.json"):
        read_surface(tmp_path, 0)


@pytest.mark.parametrize(("frames", "seed"), [(0, 0), (3, -1)])
def test_senseless_numbers_are_refused(tmp_path: Path, frames: int, seed: int) -> None:
    with pytest.raises(UsageError):
        run(write_drive(tmp_path, frames=frames, seed=seed))
    assert not list(tmp_path.iterdir())


def test_the_built_in_drive_has_a_place_for_each_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path))
    assert default_drive_path(0).parent.parent == tmp_path
    assert default_drive_path(0) != default_drive_path(1)
    monkeypatch.delenv("LIDARSCOPE_HOME")
    assert "lidarscope" in str(default_drive_path(0))
