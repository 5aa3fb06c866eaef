"""Indexing a sequence: every frame once, on from where it stopped, and honest about frames that have nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core.errors import DataError, UsageError
from app.core.language.feature_store import FeatureStore
from app.core.language.indexing import find_index
from app.core.methods import find
from app.core.methods.base import Chosen, Given, drain, pinned
from app.core.methods.network_features import NetworkFeatureOptions, write_tiny_distilled
from app.core.settings import Settings, save_settings
from app.core.tasks import entry, lane
from app.core.tasks.base import Partial, run
from app.core.tasks.context import Context, Source
from app.core.tasks.index_sequence import IndexedFrame, IndexedSequence


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clip")


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=4)


def chosen(name: str, folder: Path) -> Chosen:
    return tuple(sorted(find(name).example(folder).items()))


def index(
    drive: SmallDrive, way: str, methods: Chosen, context: Context | None = None, **more: Any
) -> tuple[IndexedSequence, list[int]]:
    seen: list[int] = []

    def heard(event: object) -> None:
        if isinstance(event, Partial):
            assert isinstance(event.value, IndexedFrame)
            seen.append(event.value.index)

    task = entry("index_sequence")(
        context or Context(), source=Source(drive.root, "00"), way=way, methods=methods, **more
    )
    return run(task, heard), seen


def found(drive: SmallDrive, way: str, methods: Chosen):
    return find_index(Context(), Source(drive.root, "00"), methods, way)


def test_every_frame_once_beginning_where_the_user_looks(drive: SmallDrive, folder: Path) -> None:
    methods = chosen("regions", folder)
    result, seen = index(drive, "regions", methods, first=2)
    assert seen == [2, 3, 0, 1]
    assert (result.frames, result.computed, result.notes) == (4, 4, ())
    stored = found(drive, "regions", methods)
    assert sorted(stored.indexed) == [0, 1, 2, 3]
    assert len(stored) == result.regions > 4
    context, source = Context(), Source(drive.root, "00")
    given = Given(context, source, context.frame(source, 3), None, pinned(methods))
    features = drain(given.result("regions"))
    mine = stored.frame == 3
    np.testing.assert_array_equal(stored.features[mine], features.table)
    np.testing.assert_array_equal(stored.box[mine], features.regions.box)
    np.testing.assert_array_equal(stored.segment[mine], features.regions.segment)
    assert lane("index_sequence") == "background"


def test_what_is_there_is_not_computed_again(drive: SmallDrive, folder: Path) -> None:
    methods = chosen("regions", folder)
    index(drive, "regions", methods)
    context = Context()
    result, seen = index(drive, "regions", methods, context)
    assert (result.frames, result.computed) == (4, 0)
    assert seen == [0, 1, 2, 3], "the time strip fills all the same"
    assert not context._models


def test_cancelled_it_goes_on_where_it_stopped(drive: SmallDrive, folder: Path) -> None:
    methods = chosen("regions", folder)
    task = entry("index_sequence")(Context(), source=Source(drive.root, "00"), way="regions", methods=methods)
    for event in task:
        if isinstance(event, Partial) and event.value.index == 1:
            break
    task.close()
    assert sorted(found(drive, "regions", methods).indexed) == [0, 1]
    result, _ = index(drive, "regions", methods)
    assert (result.frames, result.computed) == (4, 2)


def test_a_changed_frame_is_indexed_again(drive: SmallDrive, folder: Path) -> None:
    methods = chosen("regions", folder)
    index(drive, "regions", methods)
    path = drive.root / "sequences/00/velodyne/000002.bin"
    cloud = np.fromfile(path, "<f4").reshape(-1, 4)
    cloud[:, 0] += 0.5
    cloud.tofile(path)
    result, _ = index(drive, "regions", methods)
    assert result.computed == 1
    stored = found(drive, "regions", methods)
    assert np.count_nonzero(stored.live) == result.regions < len(stored)


def test_another_recording_in_the_same_folder_is_another_index(drive: SmallDrive, folder: Path) -> None:
    methods = chosen("regions", folder)
    index(drive, "regions", methods)
    path = drive.root / "sequences/00/velodyne/000000.bin"
    (np.fromfile(path, "<f4") * 1.01).astype("<f4").tofile(path)
    assert found(drive, "regions", methods) is None


@pytest.mark.parametrize("way", ["pixels", "network"])
def test_other_ways_gather_their_points_by_superpoint(drive: SmallDrive, folder: Path, way: str) -> None:
    name = {"pixels": "pixels", "network": "network_features"}[way]
    methods = chosen(name, folder)
    result, _ = index(drive, way, methods)
    stored = found(drive, way, methods)
    assert len(stored) == result.regions
    context, source = Context(), Source(drive.root, "00")
    given = Given(context, source, context.frame(source, 1), None, pinned(methods))
    features = drain(given.result(name))
    superpoints = drain(given.result("superpoints"))
    rows = np.flatnonzero(stored.frame == 1)
    assert len(rows) > 3
    for row in rows:
        mine = (superpoints.segment == stored.segment[row]) & features.known
        assert np.count_nonzero(mine) == stored.points[row]
        mean = features.table[features.row[mine]].astype(np.float32).mean(axis=0)
        np.testing.assert_allclose(stored.features[row], mean / np.linalg.norm(mean), atol=2e-3)
    boxed = stored.camera[rows] >= 0
    assert boxed.any()
    assert (stored.box[rows][boxed][:, 2] > stored.box[rows][boxed][:, 0]).all()
    assert (stored.box[rows][~boxed] == 0).all()


def test_a_drive_without_cameras_is_indexed_by_the_network(tmp_path: Path, folder: Path) -> None:
    drive = write_small_drive(tmp_path / "drive", frames=2)
    (drive.root / "sequences/00/calib.txt").unlink()
    path = write_tiny_distilled(tmp_path / "d.safetensors", clip="0" * 12, size=16)
    methods = (("network_features", NetworkFeatureOptions(path, device="cpu", precision="fp32")),)
    result, _ = index(drive, "network", methods)
    assert result.frames == 2
    assert (found(drive, "network", methods).camera == -1).all()
    with pytest.raises(UsageError, match="3D network"):
        index(drive, "regions", chosen("regions", folder))


def test_frames_without_features_are_named(drive: SmallDrive, folder: Path) -> None:
    (drive.root / "sequences/00/image_2/000001.png").unlink()
    broken = drive.root / "sequences/00/velodyne/000003.bin"
    broken.write_bytes(broken.read_bytes()[:30])
    methods = chosen("regions", folder)
    result, seen = index(drive, "regions", methods)
    assert 1 not in seen
    assert result.frames == len(seen)
    assert any(note.startswith("Frame 1 has no features") for note in result.notes)
    scores = found(drive, "regions", methods).best_of_frames(np.zeros(result.regions, np.float32), 4)
    assert np.isnan(scores[1])


def test_bad_input(drive: SmallDrive, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no way 'words'"):
        index(drive, "words", ())
    with pytest.raises(UsageError, match="not switched on"):
        index(drive, "regions", ())
    methods = dict(chosen("regions", folder))
    nowhere = type(methods["regions"])(clip=type(methods["regions"].clip)(path=tmp_path / "nowhere"))
    with pytest.raises((UsageError, DataError), match="nowhere"):
        index(drive, "regions", tuple({**methods, "regions": nowhere}.items()))


def test_the_settings_bound_it(drive: SmallDrive, folder: Path) -> None:
    save_settings(Settings(features_mb=0))
    with pytest.raises(UsageError, match="Stored features"):
        index(drive, "regions", chosen("regions", folder))
    assert FeatureStore().bytes == 0
    save_settings(Settings())
    assert index(drive, "regions", chosen("regions", folder))[0].computed == 4


def test_an_index_that_grows_too_large_keeps_what_is_there(
    drive: SmallDrive, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = chosen("regions", folder)
    monkeypatch.setattr(FeatureStore, "limit", 700)
    with pytest.raises(UsageError, match="what is there is kept"):
        index(drive, "regions", methods)
    assert 0 < len(found(drive, "regions", methods).indexed) < 4


def test_frames_that_lack_the_same_are_told_together(folder: Path, tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path / "long", frames=6)
    for image in sorted((drive.root / "sequences/00/image_2").iterdir())[1:]:
        image.unlink()
    result, _ = index(drive, "regions", chosen("regions", folder))
    assert result.frames == 1
    assert len(result.notes) == 1
    assert result.notes[0].startswith("Frames 1, 2, 3 and 2 more have no features: This frame has no camera")
