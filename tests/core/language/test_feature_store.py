"""Stored features: found again, bounded, and never a reason to stop."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from app.core.language import feature_store
from app.core.language.feature_store import INDEX, FeatureStore, StoreKey, store_folder
from app.core.language.features import PointFeatures, Regions
from app.core.settings import Settings, save_settings

KEY = StoreKey("drive", 3, "clip, way, options")


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    feature_store._told.clear()


def features(rows: int = 40, *, regions: bool = False, seed: int = 0) -> PointFeatures:
    rng = np.random.default_rng(seed)
    where = None
    if regions:
        where = Regions(
            camera=np.zeros(rows, np.int16),
            box=rng.integers(0, 99, (rows, 4)).astype(np.int32),
            center=rng.normal(size=(rows, 3)).astype(np.float32),
            points=np.full(rows, 7, np.int32),
            segment=np.arange(rows, dtype=np.int32),
            cameras=("left", "right"),
        )
    table = rng.normal(size=(rows, 16)).astype(np.float16)
    row = rng.integers(-1, rows, 300).astype(np.int32)
    return PointFeatures(table, row, np.ones(rows, np.float32), "regions", "abc", "where from", where)


def same(one: PointFeatures, other: PointFeatures) -> None:
    for name in ("table", "row", "views"):
        held = getattr(other, name)
        np.testing.assert_array_equal(held, getattr(one, name))
        assert held.dtype == getattr(one, name).dtype
    assert (one.way, one.clip, one.origin) == (other.way, other.clip, other.origin)
    assert (one.regions is None) == (other.regions is None)
    if one.regions is not None:
        np.testing.assert_array_equal(one.regions.box, other.regions.box)
        np.testing.assert_array_equal(one.regions.center, other.regions.center)
        assert one.regions.cameras == other.regions.cameras


@pytest.mark.parametrize("regions", [False, True])
def test_what_is_stored_comes_back_whole(tmp_path: Path, regions: bool) -> None:
    kept = features(regions=regions)
    store = FeatureStore(tmp_path, 1 << 20)
    assert store.get(KEY) is None
    assert store.put(KEY, kept)
    found = FeatureStore(tmp_path, 1 << 20).get(KEY)
    same(kept, found)
    for other in (replace(KEY, frame=4), replace(KEY, content="else"), replace(KEY, sequence="other")):
        assert store.get(other) is None
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".npz"], (
        "nothing half-written is left"
    )


def test_nothing_known_is_stored_too(tmp_path: Path) -> None:
    empty = PointFeatures(
        np.zeros((0, 16), np.float16), np.full(9, -1, np.int32), np.zeros(0, np.float32), "a", "b", ""
    )
    store = FeatureStore(tmp_path, 1 << 20)
    store.put(KEY, empty)
    same(empty, store.get(KEY))


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "other"])
def test_a_damaged_file_is_dropped_with_a_line(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = FeatureStore(tmp_path, 1 << 20)
    store.put(KEY, features())
    path = tmp_path / KEY.name
    raw = bytearray(path.read_bytes())
    if damage == "cut":
        raw = raw[: len(raw) // 2]
    elif damage == "empty":
        raw = bytearray()
    elif damage == "flipped":
        raw[300] ^= 0xFF
    else:
        raw = bytearray(b"not at all what was written here")
    path.write_bytes(bytes(raw))
    with caplog.at_level(logging.WARNING):
        assert store.get(KEY) is None
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    assert not path.exists()
    assert store.put(KEY, features())
    assert store.get(KEY) is not None


def test_arrays_that_do_not_fit_each_other_are_damage(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 1 << 20)
    wrong = features()
    store.put(KEY, replace(wrong, row=wrong.row + 1000))
    assert store.get(KEY) is None


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 1 << 20)
    keys = [replace(KEY, frame=frame) for frame in range(4)]
    for age, key in enumerate(keys):
        store.put(key, features())
        os.utime(tmp_path / key.name, (1000 + age, 1000 + age))
    size = (tmp_path / keys[0].name).stat().st_size
    assert store.get(keys[0]) is not None, "and is the newest now"
    small = FeatureStore(tmp_path, int(3.5 * size))
    small.put(replace(KEY, frame=9), features())
    assert [small.get(key) is not None for key in keys] == [True, False, False, True]
    assert small.bytes <= small.limit


def test_an_index_in_use_stays_and_an_old_one_goes(tmp_path: Path) -> None:
    for name, used in (("old", 1000.0), ("new", time.time())):
        folder = tmp_path / INDEX / name
        folder.mkdir(parents=True)
        (folder / "features.f16").write_bytes(bytes(5000))
        os.utime(folder / "features.f16", (used, used))
    store = FeatureStore(tmp_path, 9000)
    assert store.bytes == 10000
    store.make_room(100)
    assert [path.name for path in (tmp_path / INDEX).iterdir()] == ["new"]
    store.make_room(8000)
    assert (tmp_path / INDEX / "new").exists()


def test_the_settings_bound_it() -> None:
    assert FeatureStore().limit == Settings().features_mb << 20
    save_settings(Settings(features_mb=3))
    assert FeatureStore().limit == 3 << 20
    assert FeatureStore().folder == store_folder()
    assert FeatureStore().put(KEY, features())
    save_settings(Settings(features_mb=0))
    assert not FeatureStore().put(replace(KEY, frame=4), features())


def test_one_frame_that_is_too_large_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = FeatureStore(tmp_path, 1000)
    with caplog.at_level(logging.WARNING):
        assert not store.put(KEY, features())
        assert not store.put(KEY, features())
    assert [record.getMessage().count("Stored features") for record in caplog.records] == [1]


def test_a_full_disk_is_one_sentence_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = FeatureStore(tmp_path, 1 << 20)

    def full(file: BinaryIO, **_arrays: object) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with caplog.at_level(logging.WARNING):
        for frame in range(3):
            assert not store.put(replace(KEY, frame=frame), features())
    assert len(caplog.records) == 1
    assert "No space left on device" in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_a_killed_program_left_goes_after_a_while(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, 1 << 20)
    store.put(KEY, features())
    old, young = (tmp_path / KEY.name.parent / f".{name}.npz.1-1.part" for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    store.make_room(0)
    assert not old.exists()
    assert young.exists()
    assert store.get(KEY) is not None
