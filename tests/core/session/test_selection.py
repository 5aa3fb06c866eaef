"""Hover, pick and selection: rows of the drawn cloud, set algebra, undo, and an end with the cloud."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening_in import heard
from small_drive import write_small_drive

from app.core.render.camera import look_at
from app.core.session import Session
from app.core.state import Hover
from app.core.tasks.engine import LocalEngine


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One for all tests here; each begins with nothing selected on frame 0."""
    made = Session(LocalEngine())
    made.open(write_small_drive(tmp_path_factory.mktemp("drive"), frames=3).root)
    return made


@pytest.fixture(autouse=True)
def _fresh(session: Session) -> None:
    session.go_to(1)
    session.go_to(0)


rows = st.lists(st.integers(-3, 1000), max_size=12)
modes = st.sampled_from(["replace", "add", "subtract", "intersect"])


@given(st.lists(st.tuples(rows, modes), max_size=8))
@settings(max_examples=40)
def test_selection_is_set_algebra_and_undo_walks_back(
    session: Session, steps: list[tuple[list[int], Literal["replace", "add", "subtract", "intersect"]]]
) -> None:
    session.go_to(1)
    session.go_to(0)
    count = len(session.frame_state.cloud)
    expected: set[int] = set()
    trail = [expected]
    for given_rows, mode in steps:
        there = {row for row in given_rows if 0 <= row < count}
        after = {
            "replace": there,
            "add": expected | there,
            "subtract": expected - there,
            "intersect": expected & there,
        }[mode]
        session.select(np.array(given_rows, np.int64), mode)
        if after != expected:
            trail.append(after)
        expected = after
        assert session.selection.dtype == np.int64
        assert session.selection.tolist() == sorted(expected)
    for before in reversed(trail[:-1]):
        session.undo()
        assert session.selection.tolist() == sorted(before)
    for after in trail[1:]:
        session.redo()
        assert session.selection.tolist() == sorted(after)


def test_an_unchanged_selection_says_nothing(session: Session) -> None:
    session.select(np.array([3, 1, 3]))
    said = heard(session.selection_changed)
    session.select(np.array([1, 3]))
    session.select(np.array([3]), "add")
    assert said == []


def test_points_end_with_their_cloud(session: Session) -> None:
    session.select(np.array([5]))
    session.pick(5)
    session.set_hover(5, "left")
    hovers, picks, selections = map(
        heard, (session.hover_changed, session.picked_changed, session.selection_changed)
    )
    session.go_to(1)
    assert hovers == [Hover(None, "left")]
    assert picks == [None]
    assert [len(rows) for rows in selections] == [0]
    assert not session.can_undo, "rows of the old cloud mean nothing now"
    session.go_to(2)
    assert (len(hovers), len(picks), len(selections)) == (1, 1, 1)


def test_hover_and_pick_say_changes_alone_and_only_rows_that_exist(session: Session) -> None:
    hovers, picks = heard(session.hover_changed), heard(session.picked_changed)
    session.set_hover(4, "left")
    session.set_hover(4, "left")
    session.set_hover(4, "image_2")
    session.set_hover(None, "image_2")
    session.set_hover(None, "left")
    assert hovers == [Hover(4, "left"), Hover(4, "image_2"), Hover(None, "image_2")]
    session.pick(7)
    session.pick(7)
    session.pick(10**9)
    assert picks == [7, None]
    session.pick(-1)
    assert session.picked is None


def test_inspecting_a_point_tells_what_is_known(session: Session) -> None:
    found = dict(session.inspect(850))
    assert found["Class"] == "car"
    assert found["Instance"].startswith("7 (")
    assert "Position" in found


def test_a_region_selects_what_lies_in_it(session: Session) -> None:
    points = session.frame_state.cloud.points
    camera = look_at(np.array([12.0, 2, 40]), np.array([12.0, 2, 0]), up=np.array([1.0, 0, 0]))
    pixels, depth = camera.project(points, 800, 600)
    corner, other = np.array([300.0, 200.0]), np.array([520.0, 410.0])
    box = np.array([corner, [other[0], corner[1]], other, [corner[0], other[1]]])
    expected = np.flatnonzero((depth > 0) & (pixels > corner).all(axis=1) & (pixels < other).all(axis=1))
    assert 20 < len(expected) < len(points)
    session.select_region(camera, (800, 600), box)
    np.testing.assert_array_equal(session.selection, expected)
    session.set_layer("label")
    session.toggle_class(9)
    session.select_region(camera, (800, 600), box)
    labels = session.layer_data("left").values
    np.testing.assert_array_equal(session.selection, expected[labels[expected] != 9])
    session.show_all_classes()
