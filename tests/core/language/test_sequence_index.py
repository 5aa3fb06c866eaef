"""The index of a sequence: what is searched is what was added, also after a kill at any byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DataError, UsageError
from app.core.language import sequence_index
from app.core.language.features import Regions
from app.core.language.sequence_index import ABOUT, FEATURES, FRAMES, REGIONS, IndexKey, SequenceIndex, writing

KEY = IndexKey("drive", "clip, way", 8)


def frame(number: int, count: int = 5) -> tuple[np.ndarray, Regions]:
    rng = np.random.default_rng(number)
    table = rng.normal(size=(count, 8))
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    regions = Regions(
        camera=np.arange(count, dtype=np.int16) % 2,
        box=rng.integers(0, 500, (count, 4)).astype(np.int32),
        center=rng.normal(size=(count, 3)).astype(np.float32),
        points=rng.integers(2, 90, count).astype(np.int32),
        segment=np.arange(count, dtype=np.int32) * 3,
    )
    return table.astype(np.float16), regions


def add(*numbers: int, content: str = "a" * 16) -> None:
    with writing(KEY, ("left", "right")) as writer:
        for number in numbers:
            writer.add(number, content, *frame(number))


def test_rows_come_back_as_they_were_added() -> None:
    assert SequenceIndex.find(KEY) is None
    add(4, 2)
    add(7)
    index = SequenceIndex.find(KEY)
    assert index is not None
    assert index.indexed == dict.fromkeys((4, 2, 7), "a" * 16)
    assert index.cameras == ("left", "right")
    np.testing.assert_array_equal(index.frame, np.repeat([4, 2, 7], 5))
    for place, number in enumerate((4, 2, 7)):
        table, regions = frame(number)
        rows = slice(5 * place, 5 * place + 5)
        np.testing.assert_array_equal(index.features[rows], table)
        for name in ("camera", "box", "center", "points", "segment"):
            np.testing.assert_array_equal(getattr(index, name)[rows], getattr(regions, name))
    assert index.live.all()


def test_scores_are_cosines_and_frames_have_their_best() -> None:
    add(*range(600))  # more rows than one block
    index = SequenceIndex.find(KEY)
    queries = frame(1000, 3)[0].astype(np.float32)
    scores = index.scores(queries)
    expected = index.features.astype(np.float32) @ queries.T
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    best = index.best_of_frames(scores[:, 1], 700)
    np.testing.assert_allclose(best[:600], expected[:, 1].reshape(600, 5).max(axis=1), atol=1e-6)
    assert np.isnan(best[600:]).all()
    assert len(index.best_of_frames(scores[:, 1], 10)) == 10


def test_a_frame_that_is_indexed_again_counts_once() -> None:
    add(1, 2, 3)
    add(2, content="b" * 16)
    index = SequenceIndex.find(KEY)
    assert index.indexed[2] == "b" * 16
    assert len(index) == 20
    np.testing.assert_array_equal(np.flatnonzero(~index.live), np.arange(5, 10))
    scores = index.scores(frame(2)[0].astype(np.float32))
    assert (scores[5:10] == -1).all()
    assert scores[15:20].max() > 0.99


def test_mostly_outdated_rows_are_a_reason_to_begin_anew() -> None:
    add(1)
    add(1, content="b" * 16)
    add(1, content="c" * 16)
    with writing(KEY, ()) as writer:
        assert writer.indexed == {}
    assert len(SequenceIndex.find(KEY)) == 0


@pytest.mark.parametrize("name", [FEATURES, REGIONS, FRAMES])
def test_a_kill_in_the_middle_of_a_frame_loses_that_frame_alone(name: str) -> None:
    add(1, 2)
    folder = KEY.folder
    whole = {part: (folder / part).stat().st_size for part in (FEATURES, REGIONS, FRAMES)}
    add(3)
    order = [FEATURES, REGIONS, FRAMES]
    for part in order[order.index(name) :]:  # the files are written in this order; the kill came in the first
        size = (folder / part).stat().st_size if part == name else whole[part]
        os.truncate(folder / part, size - 3 if part == name else size)
    index = SequenceIndex.find(KEY)
    assert sorted(index.indexed) == [1, 2]
    assert len(index) == 10
    add(3, 4)
    index = SequenceIndex.find(KEY)
    assert sorted(index.indexed) == [1, 2, 3, 4]
    for place, number in enumerate((1, 2, 3, 4)):
        np.testing.assert_array_equal(index.features[5 * place : 5 * place + 5], frame(number)[0])


def test_a_killed_program_leaves_a_good_index() -> None:
    code = (
        "import os, sys; sys.path[:0] = sys.argv[1:3]\n"
        "from test_sequence_index import *\n"
        "with writing(KEY, ()) as writer:\n"
        "    for number in range(10 ** 6):\n"
        "        writer.add(number, 'a' * 16, *frame(number))\n"
        "        print(number, flush=True)\n"
    )
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", code, str(root), str(Path(__file__).parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with pytest.raises(UsageError, match="another program"), process.stdout:
        while int(process.stdout.readline()) < 20:
            pass
        try:
            with writing(KEY, ()):
                pass
        finally:
            process.kill()
            process.wait()
    with writing(KEY, ()) as writer:
        done = max(writer.indexed)
    index = SequenceIndex.find(KEY)
    assert done >= 20
    assert sorted(index.indexed) == list(range(done + 1))
    np.testing.assert_array_equal(index.features[-5:], frame(done)[0])


def test_a_full_disk_leaves_the_index_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    add(1)
    write = sequence_index._write
    calls = []

    def full(file: object, data: np.ndarray) -> None:
        calls.append(1)
        if len(calls) == 2:
            file.write(b"half of it")
            raise OSError(28, "No space left on device")
        write(file, data)

    monkeypatch.setattr(sequence_index, "_write", full)
    with writing(KEY, ()) as writer:
        with pytest.raises(DataError, match=r"No space left on device\); free some disk space"):
            writer.add(2, "a" * 16, *frame(2))
        writer.add(3, "a" * 16, *frame(3))
    index = SequenceIndex.find(KEY)
    assert sorted(index.indexed) == [1, 3]
    np.testing.assert_array_equal(index.features[5:], frame(3)[0])


@pytest.mark.parametrize("damage", ["about", "missing", "frames"])
def test_a_damaged_index_is_told_and_begun_anew(damage: str) -> None:
    add(1)
    folder = KEY.folder
    if damage == "about":
        (folder / ABOUT).write_text("{")
    elif damage == "missing":
        (folder / FEATURES).unlink()
    else:
        (folder / FRAMES).write_bytes(b"\xff" * 64)
    if damage == "frames":
        assert len(SequenceIndex(folder)) == 0
    else:
        with pytest.raises(DataError, match="index the sequence again"):
            SequenceIndex(folder)
    add(2)
    assert sorted(SequenceIndex.find(KEY).indexed) == [2]


def test_an_empty_frame_is_indexed_too() -> None:
    with writing(KEY, ()) as writer:
        writer.add(5, "a" * 16, *frame(5, 0))
    index = SequenceIndex.find(KEY)
    assert len(index) == 0
    assert list(index.indexed) == [5]
    assert index.scores(np.zeros((2, 8), np.float32)).shape == (0, 2)
    np.testing.assert_array_equal(index.best_of_frames(np.zeros(0, np.float32), 6), [np.nan] * 5 + [-1])


def test_a_folder_that_cannot_be_made_is_one_sentence() -> None:
    base = KEY.folder.parent
    shutil.rmtree(base, ignore_errors=True)
    base.parent.mkdir(parents=True, exist_ok=True)
    base.write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot be written"), writing(KEY, ()):
        pass
