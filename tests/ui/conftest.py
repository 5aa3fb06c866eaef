"""A whole window on a small drive, and the checks that it leaves nothing behind when it closes."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from small_drive import write_small_drive
from window_helpers import MakeWindow, active_timers, listeners, settle

from app.core.session import Session
from app.core.tasks.engine import LocalEngine
from app.ui import theme
from app.ui.application import create_window
from app.ui.main_window import MainWindow

LASTING = ("autosave", "corrections", "keys", "network", "field")
"""Threads that the process keeps: they write sessions and corrections by hand, look up keys of cells, run networks
and ask fields."""


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A small drive of six frames with labels, poses and pictures."""
    return write_small_drive(tmp_path / "small drive é", frames=6).root


@pytest.fixture
def nothing_left_behind(qapp: QApplication) -> Iterator[None]:
    """Fails a test that leaves a thread, a running timer or a window; every test with a window uses it."""
    theme.apply(qapp, "dark")
    settle()
    gc.collect()
    gc.freeze()  # what is there now is not looked at again: else every test walks through all imported modules
    threads = set(threading.enumerate())
    windows = set(map(id, QApplication.topLevelWidgets()))
    yield
    settle()
    gc.collect()
    left_running = [t for t in threading.enumerate() if t not in threads and t.is_alive()]
    assert [t for t in left_running if not t.name.startswith(LASTING)] == [], "threads are left"
    assert active_timers() == [], "timers are running"
    left = [w for w in QApplication.topLevelWidgets() if id(w) not in windows and w.isVisible()]
    assert left == [], "windows are open"


@pytest.fixture
def make_window(qtbot: QtBot, nothing_left_behind: None) -> Iterator[MakeWindow]:
    """Makes a shown window; at the end it is closed and nobody may listen to its session any more."""
    made: list[MainWindow] = []

    def make(path: Path | None = None) -> MainWindow:
        session = Session(LocalEngine())
        window = create_window(session, viewport_kind="null")
        made.append(window)
        window.show()
        qtbot.waitExposed(window)
        if path is not None:
            session.open(path)
            settle()
            assert session.frame_state is not None
        return window

    yield make
    for window in made:
        window.close()
        assert listeners(window.session) == {}, "somebody still listens to the session"
        window.deleteLater()
    settle()


@pytest.fixture
def window(make_window: MakeWindow, drive: Path) -> MainWindow:
    """A window on the small drive."""
    return make_window(drive)


@pytest.fixture(scope="session")
def tiny_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the smallest network, untrained."""
    from app.core.methods.predict import write_tiny

    return write_tiny(tmp_path_factory.mktemp("weights") / "tiny net.safetensors", seed=3)


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a CLIP of random numbers."""
    from app.core.language.tiny_clip import write_tiny_clip

    source = write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")
    assert source.path is not None
    return source.path


@pytest.fixture
def text_window(window: MainWindow, tiny_clip: Path) -> MainWindow:
    """A window in the Text workspace, with that CLIP."""
    from app.core.language import choosing

    window.session.language.set_clip(choosing.from_path(tiny_clip))
    settle()
    window.set_workspace("text")
    window.activateWindow()
    settle()
    return window
