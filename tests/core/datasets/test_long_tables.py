"""Long JSON tables: read in pieces as if at once, checked by columns as if row by row, opened with progress."""

from __future__ import annotations

import json
import math
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.datasets import _nuscenes_fields as fields
from app.core.datasets import _rows, opening
from app.core.datasets._nuscenes_example import write_nuscenes
from app.core.datasets.base import OpenOptions
from app.core.errors import DataError
from app.core.tasks import entry
from app.core.tasks.base import Progress, run
from app.core.tasks.context import Context

VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-9, 9), st.sampled_from(["}, {", "}]", '"},{', "\\", "é", ""])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def finish(work: Generator[Any, None, Any]) -> tuple[list[Any], Any]:
    told = []
    while True:
        try:
            told.append(next(work))
        except StopIteration as stop:
            return told, stop.value


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rows, "_PIECE", 24)
    monkeypatch.setattr(_rows, "_TAIL", 20)


@SETTINGS
@given(
    rows=st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=12), spread=st.booleans()
)
def test_pieces_are_the_whole(small_pieces: None, tmp_path: Path, rows: list[Any], spread: bool) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps(rows, indent=0 if spread else None, ensure_ascii=False), encoding="utf-8")
    assert finish(_rows.read_rows(path))[1] == rows


@SETTINGS
@given(text=st.text(alphabet='[]{}",: a1\\\n', max_size=60))
def test_what_is_no_json_list_is_refused_as_it_would_be_whole(
    small_pieces: None, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "table.json"
    path.write_text(text, encoding="utf-8")
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    if isinstance(expected, list):
        assert finish(_rows.read_rows(path))[1] == expected
    else:
        with pytest.raises(DataError, match=r"no readable JSON|no list of rows"):
            finish(_rows.read_rows(path))


@pytest.mark.parametrize("cut", [1, 20, 60, 200])
def test_a_table_that_was_cut_short_is_refused(small_pieces: None, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "table.json"
    content = json.dumps([{"token": f"t{i}"} for i in range(30)])
    path.write_text(content[:-cut])
    with pytest.raises(DataError, match="no readable JSON"):
        finish(_rows.read_rows(path))


def test_it_tells_how_far_it_is(small_pieces: None, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text("\ufeff" + json.dumps([{"token": f"t{i}"} for i in range(30)]), encoding="utf-8")
    told, rows = finish(_rows.read_rows(path))
    assert len(rows) == 30
    assert len(told) > 5
    assert told == sorted(told)
    assert told[-1] <= path.stat().st_size


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(
        [1 << 62, 10**400, 1e12, -1e12, math.nan, math.inf, "", "/a", "a/../b", "a\\b", "a\nb", "a.bin"]
    ),
    st.lists(st.sampled_from([0, 0.0, 1, 2.5, True, "1", math.nan, 1e13]), min_size=2, max_size=5),
)
USUAL = {
    fields.is_text: st.text(max_size=2),
    fields.is_flag: st.booleans(),
    fields.is_time: st.integers(0, 99),
    fields.is_vector: st.lists(st.floats(-9, 9) | st.integers(-9, 9), min_size=3, max_size=3),
    fields.is_quaternion: st.lists(st.floats(-9, 9) | st.integers(-9, 9), min_size=4, max_size=4),
    fields.is_inside: st.sampled_from(["a", "a/b.bin", "a\nb", "a\n/b", ".."]),
}


@pytest.mark.parametrize("check", USUAL, ids=lambda check: check.__name__)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_columns_are_judged_as_rows_are(check: fields.Check, data: st.DataObject) -> None:
    values = data.draw(st.lists(USUAL[check], max_size=6) | st.lists(USUAL[check] | ODD, max_size=6))
    rows: list[Any] = [{"field": value} for value in values]
    if data.draw(st.booleans()):
        rows += data.draw(st.lists(st.sampled_from([{}, None, "row"]), max_size=1))
    expected = [row for row in rows if isinstance(row, dict) and "field" in row and check(row["field"])]
    found = fields.good_rows(rows, {"field": check})
    assert len(found) == len(expected)
    assert all(one is other for one, other in zip(found, expected, strict=True))


def test_opening_tells_which_table_it_reads(tmp_path: Path) -> None:
    root = write_nuscenes(tmp_path)
    told, dataset = finish(opening(root, OpenOptions()))
    assert len(dataset.sequences) == 2
    assert told[-1][2] == "join the tables"
    assert all(0 <= done <= total for done, total, _ in told)
    heard: list[Any] = []
    drive = run(entry("open_drive")(Context(), path=root, options=OpenOptions()), heard.append)
    assert drive.sequence == "scene-0001"
    assert Progress(*told[-1]) in heard
