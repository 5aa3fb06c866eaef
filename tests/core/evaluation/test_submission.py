"""Submissions: written as the server wants them, refused with the reason, read back with every problem named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DataError, UsageError
from app.core.evaluation.submission import TEST_SCANS, FileLabels, find_scans, write_submission
from app.core.evaluation.submission_check import check_submission
from app.core.label_sets import SEMANTIC_KITTI

COUNTS = {"11": 3, "12": 2}


def finish(steps):
    try:
        while True:
            done, total, text = next(steps)
            assert 0 <= done < total
            assert text
    except StopIteration as stop:
        return stop.value


def points_of(sequence: str, index: int) -> int:
    return 10 * int(sequence) + index


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Test scans of two sequences and their predictions, as a user would have them."""
    root = tmp_path / "kitti"
    rng = np.random.default_rng(0)
    for sequence, count in COUNTS.items():
        for name in ("velodyne", "predictions"):
            (root / "sequences" / sequence / name).mkdir(parents=True)
        for index in range(count):
            points = points_of(sequence, index)
            np.zeros((points, 4), "<f4").tofile(root / f"sequences/{sequence}/velodyne/{index:06d}.bin")
            ids = SEMANTIC_KITTI.inverse[rng.integers(1, 20, points)].astype("<u4")
            ids.tofile(root / f"sequences/{sequence}/predictions/{index:06d}.label")
    return root


def write(data: Path, out: Path, description: str | None = None):
    scans, problems = find_scans(data, None, COUNTS)
    assert not problems
    return finish(write_submission(scans, FileLabels(data), out, description))


def problems_of(path: Path, data: Path) -> list[str]:
    return finish(check_submission(path, data, None, COUNTS))


def test_the_test_split_is_the_published_one() -> None:
    assert list(TEST_SCANS) == [str(i) for i in range(11, 22)]
    assert sum(TEST_SCANS.values()) == 20_351


def test_what_is_written_is_what_the_server_asks_for(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "mine.zip"
    done = write(data, out, "method name: mine\n")
    assert (done.path, done.scans, done.sequences) == (out, 5, 2)
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        assert names[:6] == [
            "description.txt", "sequences/", "sequences/11/", "sequences/11/predictions/",
            "sequences/12/", "sequences/12/predictions/",
        ]  # fmt: skip
        assert archive.read("description.txt") == b"method name: mine\n"
        for sequence, count in COUNTS.items():
            for index in range(count):
                entry = f"sequences/{sequence}/predictions/{index:06d}.label"
                assert archive.read(entry) == (data / entry).read_bytes()
        assert len(names) == 6 + 5
    assert problems_of(out, data) == []
    assert [path.name for path in out.parent.iterdir()] == ["mine.zip"]


def test_equal_labels_give_equal_bytes(data: Path, tmp_path: Path) -> None:
    write(data, tmp_path / "a.zip")
    write(data, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_an_incomplete_download_is_refused(data: Path) -> None:
    (data / "sequences/11/velodyne/000001.bin").unlink()
    _, problems = find_scans(data, None, COUNTS)
    assert len(problems) == 1
    assert "11/velodyne lacks 1 of the 3 scans that the sequence has (000001)" in problems[0]
    assert "complete the download" in problems[0]
    assert find_scans(data, ("11",), COUNTS)[1] == []  # named sequences are taken as they lie there


def test_missing_and_cut_scans_are_named(data: Path) -> None:
    (data / "sequences/11/velodyne/000000.bin").write_bytes(b"x" * 17)
    for path in sorted((data / "sequences/12/velodyne").iterdir()):
        path.unlink()
    (data / "sequences/12/velodyne").rmdir()
    _, problems = find_scans(data, None, COUNTS)
    assert "sequences lacks the velodyne folder of 12," in problems[0]
    assert "000000.bin has 17 bytes" in problems[1]
    with pytest.raises(DataError, match="no SemanticKITTI folder"):
        find_scans(data / "sequences/11/predictions", None, COUNTS)


def test_missing_predictions_are_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    (data / "sequences/11/predictions/000002.label").unlink()
    (data / "sequences/12/predictions/000000.label").write_bytes(b"1234" * 7)
    with pytest.raises(DataError, match=r"no file for 1 of 3 scans \(000002\).*7 labels for a scan of 120 points"):
        write(data, tmp_path / "out" / "mine.zip")
    assert not (tmp_path / "out").exists()


def test_train_ids_are_refused_and_the_old_file_stays(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.zip"
    write(data, out)
    before = out.read_bytes()
    np.full(points_of("12", 1), 9, "<u4").tofile(data / "sequences/12/predictions/000001.label")
    with pytest.raises(DataError, match=r"does not list: 9 .*train ids"):
        write(data, out)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.zip"]


def test_a_cancelled_export_leaves_nothing(data: Path, tmp_path: Path) -> None:
    steps = write_submission(find_scans(data, None, COUNTS)[0], FileLabels(data), tmp_path / "mine.zip")
    next(steps)
    next(steps)
    assert any(path.name.endswith(".part") for path in tmp_path.iterdir())
    steps.close()
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_another_suffix_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.zip"):
        write(data, tmp_path / "mine.tar")


def rewritten(path: Path, change) -> Path:
    """The zip with its entries changed: ``change(name, content)`` gives what to write instead, or None."""
    with zipfile.ZipFile(path) as old:
        entries = [(info.filename, old.read(info)) for info in old.infolist()]
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as new:
        for name, content in entries:
            for changed in change(name, content) or ():
                new.writestr(*changed)
    return target


FIRST, SECOND = "sequences/11/predictions/000000.label", "sequences/11/predictions/000001.label"


def dropped(*names: str):
    return lambda name, content: None if name in names else [(name, content)]


def swapped(target: str, new):
    return lambda name, content: [(name, new(content) if name == target else content)]


def joined(target: str, *more):
    return lambda name, content: [(name, content), *(more if name == target else ())]


CHANGES = {
    f"lacks 1 of 5 label files ({SECOND})": dropped(SECOND),
    "these 2 of 5 folders, which the server asks for: sequences/11/, sequences/12/predictions/": dropped(
        "sequences/11/", "sequences/12/predictions/"
    ),
    "these 1 of 5 folders, which the server asks for: sequences/.": dropped("sequences/"),
    "has 109 labels for a scan of 110 points": swapped(FIRST, lambda content: content[4:]),
    "000000.label holds raw ids that SemanticKITTI does not list: 5 (110 points)": swapped(
        FIRST, lambda content: b"\5\0\0\0" * 110
    ),
    "does not belong there, 1 of 6 files: notes.txt": joined("sequences/", ("notes.txt", b"")),
    f"more than once: {FIRST}": joined(FIRST, (FIRST, b"\0" * 440)),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("sentence", CHANGES)
def test_the_check_names_each_problem(data: Path, tmp_path: Path, sentence: str) -> None:
    write(data, tmp_path / "mine.zip")
    found = problems_of(rewritten(tmp_path / "mine.zip", CHANGES[sentence]), data)
    assert len(found) == 1
    assert sentence in found[0]


def test_a_damaged_file_in_the_zip_is_named(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.zip"
    write(data, out)
    with zipfile.ZipFile(out) as archive:
        info = archive.getinfo("sequences/11/predictions/000002.label")
    content = bytearray(out.read_bytes())
    at = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    content[at] ^= 0xFF
    out.write_bytes(content)
    found = problems_of(out, data)
    assert len(found) == 1
    assert "11/predictions/000002.label" in found[0]


def test_an_incomplete_download_is_a_problem_of_the_check_too(data: Path, tmp_path: Path) -> None:
    write(data, tmp_path / "mine.zip")
    (data / "sequences/12/velodyne/000001.bin").unlink()
    found = problems_of(tmp_path / "mine.zip", data)
    assert any("complete the download" in sentence for sentence in found)


def test_what_is_no_zip_is_one_sentence(data: Path, tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"PK\3\4 no")
    with pytest.raises(DataError, match="no whole zip"):
        problems_of(tmp_path / "no.zip", data)
    with pytest.raises(DataError, match="cannot be read"):
        problems_of(tmp_path / "absent.zip", data)
