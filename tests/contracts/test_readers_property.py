"""Random bytes, truncations and mutations at every reader: only the project's own errors come out.

Memory is watched too: a header of a few bytes must not reserve what it claims.
"""

from __future__ import annotations

import shutil
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.datasets import open_dataset, readers
from app.core.datasets.base import Dataset
from app.core.errors import LidarScopeError

MEMORY = 48 << 20
"""Bytes that reading an example of a few hundred may take; imports of decoders are the largest part."""

WORDS = [
    *(b"nan", b"-inf", b"1e400", b"-1", b"0", b"99999999999999", b"4294967295", b"1e-320", b"0x10", b"1 2 3"),
    *(b"", b"x", b"[]", b"{}", b"null", b"true", b'"', b"\x00", b"\xff\xfe"),
    *(b"property list uchar int x", b"element vertex 1000000000"),
]

mutations = st.one_of(
    st.tuples(st.just("truncate"), st.floats(0, 1)),
    st.tuples(st.just("replace"), st.binary(max_size=200)),
    st.tuples(st.just("append"), st.binary(min_size=1, max_size=40)),
    st.tuples(
        st.just("bytes"), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6)
    ),
    st.tuples(
        st.just("word"), st.lists(st.tuples(st.floats(0, 0.999), st.sampled_from(WORDS)), min_size=1, max_size=3)
    ),
    st.tuples(st.just("cut"), st.tuples(st.floats(0, 1), st.floats(0, 1))),
    st.tuples(st.just("delete"), st.none()),
)


def mutate(path: Path, how: str, what: object) -> None:
    data = path.read_bytes()
    match how, what:
        case "truncate", float(share):
            data = data[: int(share * len(data))]
        case "replace", bytes(other):
            data = other
        case "append", bytes(other):
            data += other
        case "bytes", list(changes):
            array = bytearray(data)
            for share, value in changes:
                if array:
                    array[int(share * len(array))] = value
            data = bytes(array)
        case "word", list(changes):
            words = data.split(b" ")
            for share, word in changes:
                words[int(share * len(words))] = word
            data = b" ".join(words)
        case "cut", (float(a), float(b)):
            low, high = sorted((int(a * len(data)), int(b * len(data))))
            data = data[:low] + data[high:]
        case _:
            path.unlink()
            return
    path.write_bytes(data)


def use(dataset: Dataset) -> None:
    """Everything a session does with a data set; each step may refuse by the project's own error."""
    for sequence in dataset.sequences:
        assert all(isinstance(problem, str) for problem in sequence.problems)
        assert sequence.rate > 0
        assert sequence.has_poses == (sequence.poses is not None)
        assert sequence.times is None or len(sequence.times) <= len(sequence)
        assert sequence.has_labels in (True, False)
        for index in range(len(sequence)):
            sequence.check_files(index)
            try:
                frame = sequence.read(index)
            except LidarScopeError as error:
                assert str(error) and "\n" not in str(error)
                continue
            assert all("\n" not in note for note in sequence.notes(frame))
            for camera in frame.cameras:
                try:
                    camera.load_image()
                except LidarScopeError as error:
                    assert "\n" not in str(error)


@pytest.fixture(scope="module", params=sorted(readers()))
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    root = readers()[request.param].write_example(folder)
    use(open_dataset(root))  # decoders are imported before memory is watched
    return root


@pytest.mark.filterwarnings("error::RuntimeWarning", "error::UserWarning")
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_broken_files_give_one_sentence_and_bounded_memory(example: Path, data: st.DataObject) -> None:
    files = sorted(path.relative_to(example) for path in example.rglob("*") if path.is_file())
    victims = data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=2, unique=True))
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / example.name
        shutil.copytree(example, root)
        for victim in victims:
            how, what = data.draw(mutations)
            mutate(root / victim, how, what)
        tracemalloc.start()
        try:
            use(open_dataset(root))
        except LidarScopeError as error:
            assert str(error) and "\n" not in str(error)
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < MEMORY, f"{peak >> 20} MB"
