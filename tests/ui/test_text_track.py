"""How numbers are written, and the timeline's track under the mouse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui import text
from app.ui.main_window import MainWindow
from app.ui.panels.timeline import TimelinePanel
from app.ui.widgets.track import Track


@given(st.integers(-(10**12), 10**12))
def test_counts_are_grouped_and_can_be_read_back(number: int) -> None:
    written = text.count(number)
    assert int(written.replace(text.THIN, "").replace(text.MINUS, "-")) == number
    groups = written.lstrip(text.MINUS).split(text.THIN)
    assert all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.00"),
        (-1.234, "−1.23"),
        (1e-5, "1e−05"),
        (2.5e7, "2.5e+07"),
        (float("nan"), "–"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers(value: float, written: str) -> None:
    assert text.number(value) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "0.00 s"),
        (0.00071, "0.7 ms"),
        (0.0042, "4 ms"),
        (0.08, "0.08 s"),
        (3.21, "3.2 s"),
        (42.4, "42 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (89.6, "90 s"),
    ],
)
def test_durations(amount: float, written: str) -> None:
    assert text.seconds(amount) == written


def test_words_of_the_core_get_real_signs_and_groups_but_names_stay() -> None:
    assert text.typeset("-7.99, -0.5, 1.2 m") == "−7.99, −0.5, 1.2 m"
    assert text.typeset("60000 of 124668") == "60\u2009000 of 124\u2009668"
    for name in ("other-vehicle", "000123x", "2011-09-26", "3.141592", "1e-05", "2026"):
        assert text.typeset(name) == name


def test_one_is_singular() -> None:
    assert (text.plural(1, "frame"), text.plural(0, "frame"), text.plural(4541, "frame")) == (
        "1 frame",
        "0 frames",
        "4\u2009541 frames",
    )


@pytest.fixture
def track(qtbot: QtBot, qapp: QApplication) -> tuple[Track, list[int], list[tuple[int, int]]]:
    frames: list[int] = []
    ranges: list[tuple[int, int]] = []
    made = Track(frames.append, lambda first, last: ranges.append((first, last)))
    qtbot.addWidget(made)
    made.resize(520, 34)
    made.show_frames(101, 0, 0, 20, 80)
    made.show()
    return made, frames, ranges


def test_pixels_and_frames_are_each_others_inverse(track: tuple[Track, list[int], list[tuple[int, int]]]) -> None:
    made = track[0]
    assert [made.index_at(made.x_of(i)) for i in range(101)] == list(range(101))
    assert made.index_at(-50) == 0 and made.index_at(9999) == 100


def test_dragging_moves_the_playhead(track: tuple[Track, list[int], list[tuple[int, int]]]) -> None:
    made, frames, ranges = track
    y = made.height() - 8
    QTest.mousePress(made, Qt.MouseButton.LeftButton, pos=QPoint(round(made.x_of(10)), y))
    QTest.mouseMove(made, QPoint(round(made.x_of(50)), y))
    QTest.mouseRelease(made, Qt.MouseButton.LeftButton, pos=QPoint(round(made.x_of(50)), y))
    assert frames[0] == 10 and frames[-1] in (10, 50) and not ranges


@pytest.mark.parametrize(("start", "end", "expected"), [(20, 40, (40, 80)), (80, 60, (20, 60)), (20, 95, (80, 80))])
def test_handles_move_the_range_and_never_cross(
    track: tuple[Track, list[int], list[tuple[int, int]]], start: int, end: int, expected: tuple[int, int]
) -> None:
    made, frames, ranges = track
    QTest.mousePress(made, Qt.MouseButton.LeftButton, pos=QPoint(round(made.x_of(start)), 4))
    made.mouseMoveEvent(_move(made, round(made.x_of(end))))
    assert ranges[-1] == expected and not frames


def _move(track: Track, x: int) -> object:
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent

    at = QPointF(x, 4)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    return QMouseEvent(QEvent.Type.MouseMove, at, track.mapToGlobal(at), left, left, none)


@pytest.mark.parametrize("count", [0, 1, 2, 4541])
def test_a_track_of_any_length_can_be_painted(
    track: tuple[Track, list[int], list[tuple[int, int]]], count: int
) -> None:
    made = track[0]
    made.show_frames(count, 0, 0, 0, max(count - 1, 0))
    made.grab()


def test_the_timeline_says_where_one_is(window: MainWindow) -> None:
    panel = window.docks["timeline"].panel
    assert isinstance(panel, TimelinePanel)
    window.session.go_to(3)
    assert panel.readout.text() == "3" and panel.detail.text() == "/ 5 · 0.3 s · 10 Hz"
    window.session.set_playback(speed=2.0, loop=True, first=1, last=4)
    assert panel.speed.currentText() == "2×" and panel.loop.isChecked()
    assert (panel.track._first, panel.track._last) == (1, 4)
