"""The Qt binding keeps Python's reference counts: PySide6 6.12 does not on Python 3.11, and the window aborts."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtWidgets import QApplication, QWidget


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_calls_that_return_none_do_not_wear_none_out(qapp: QApplication) -> None:
    widget = QWidget()
    before = sys.getrefcount(None)
    for _ in range(1000):
        widget.setVisible(False)
        widget.update()
    assert sys.getrefcount(None) > before - 500
    widget.deleteLater()
