"""What was on the screen comes back: after a crash by itself, after a close in order when asked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
from pytestqt.qtbot import QtBot
from window_helpers import settle, viewport

from app.core import settings as disk
from app.core.render.camera import look_at
from app.core.tasks.engine import LocalEngine
from app.ui import autosave
from app.ui.application import begin, window_on


def session_file() -> Path:
    return disk.home() / disk.SESSION_FILE


EYE = np.array([7.0, -3.0, 6.0])
NOBODY = "1 0.0"
"""A process that is no more: number 1 did not start in 1970."""


def leave_something(drive: Path, *, crash: bool) -> None:
    """A window that shows frame 3 by class from a chosen place, and ends."""
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        window.show()
        session.open(drive, frame=3)
        settle()
        session.set_layer("label")
        session.set_overlay("grid", True)
        window.area.views["left"].feed.place(look_at(EYE, np.zeros(3)))
        window.docks["log"].close()
        if crash:
            window.autosave.save()
            window.session.finish_saving()
            stored = session_file().read_bytes()
    if crash:  # a crash is a close that never happened: what it would have written is taken back
        ours = f"{os.getpid()} {psutil.Process().create_time()}".encode()
        assert ours in stored
        session_file().write_bytes(stored.replace(ours, NOBODY.encode()))


def test_a_crash_brings_everything_back_and_says_so(drive: Path) -> None:
    leave_something(drive, crash=True)
    saved, _line = disk.load_session()
    assert autosave.crashed(saved)
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        begin(window, session)
        window.show()
        settle()
        assert session.drive is not None and session.drive.path == drive
        assert session.index == 3 and session.views["left"].layer == "label"
        assert "grid" in session.views["left"].show
        assert np.allclose(viewport(window).camera.position, EYE)
        assert not window.docks["log"].isVisible() and window.docks["data"].isVisible()
        assert window.banner.isVisible() and window.banner.label.text().startswith(
            "Restored small drive é, frame 3"
        )
        window.banner.action.click()
        settle()
        assert session.drive is None, "start fresh"


def test_a_close_in_order_offers_to_go_on(drive: Path) -> None:
    leave_something(drive, crash=False)
    saved, _line = disk.load_session()
    assert saved is not None and not autosave.crashed(saved)
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        begin(window, session)
        window.show()
        settle()
        assert session.drive is None and window.banner.isVisible()
        window.banner.action.click()
        settle()
        assert session.index == 3 and session.views["left"].layer == "label"


def test_a_path_that_is_asked_for_wins_over_what_a_crash_left(drive: Path, tmp_path: Path) -> None:
    from small_drive import write_small_drive

    leave_something(drive, crash=True)
    other = write_small_drive(tmp_path / "other", frames=2).root
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        begin(window, session, path=other, frame=1)
        settle()
        assert session.drive is not None and session.drive.path == other and session.index == 1


def test_a_drive_that_is_gone_is_a_sentence(drive: Path) -> None:
    leave_something(drive, crash=True)
    drive.rename(drive.with_name("moved"))
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        window.show()
        begin(window, session)
        settle()
        assert session.drive is None and window.stack.currentWidget() is window.start
        assert window.banner.level == "error" and "small drive" in window.banner.label.text()


def test_a_broken_session_file_is_a_line_in_the_log_and_an_empty_window() -> None:
    session_file().parent.mkdir(parents=True, exist_ok=True)
    session_file().write_text("{ this is no session")
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        begin(window, session)
        assert session.drive is None
        assert any("not valid" in line.text for line in session.log)


def test_moving_the_camera_is_saved_after_a_moment(drive: Path, qtbot: QtBot) -> None:
    autosave.DELAY_MS, before = 20, autosave.DELAY_MS
    try:
        with window_on(LocalEngine(), viewport_kind="null") as (window, session):
            window.show()
            session.open(drive)
            settle()
            window.area.views["left"].feed.place(look_at(EYE, np.zeros(3)))
            qtbot.waitUntil(session_file().is_file)
            saved, _line = disk.load_session()
            assert saved is not None and saved.path == drive and not saved.closed
            assert saved.views["left"].camera is not None
    finally:
        autosave.DELAY_MS = before


def test_a_session_of_a_window_that_is_still_open_is_no_crash(drive: Path) -> None:
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        session.open(drive)
        settle()
        window.autosave.save()
        window.session.finish_saving()
        saved, _line = disk.load_session()
        assert saved is not None and not saved.closed
        assert not autosave.crashed(saved)


def test_a_window_that_showed_nothing_leaves_nothing_to_bring_back() -> None:
    with window_on(LocalEngine(), viewport_kind="null"):
        pass
    saved, _line = disk.load_session()
    assert not autosave.crashed(saved)
    with window_on(LocalEngine(), viewport_kind="null") as (window, session):
        begin(window, session)
        assert not window.banner.isVisible() and session.drive is None
