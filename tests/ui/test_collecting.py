"""What lives as long as the window is spared from garbage collection; what is made later is not."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.ui import collecting


class _Cycle:
    def __init__(self) -> None:
        self.me = self


def test_long_lived_objects_are_frozen_and_later_garbage_is_collected(qtbot: QtBot, monkeypatch: Any) -> None:
    monkeypatch.setattr(collecting, "SETTLED_MS", 10)
    before = gc.get_freeze_count()
    with collecting.long_lived(QObject()):
        first = gc.get_freeze_count()
        assert first > before + 1000
        kept = [[] for _ in range(5000)]
        qtbot.waitUntil(lambda: gc.get_freeze_count() >= first + len(kept), timeout=5000)
        gone = weakref.ref(_Cycle())
        gc.collect()
        assert gone() is None
    assert gc.get_freeze_count() == 0
