"""Fixtures every test may use: off-screen Qt, a home of its own, the real scans where they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings, sessions and caches of a test never touch the user's own."""
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path_factory.mktemp("home")))
    yield


@pytest.fixture
def realdata() -> Path:
    """Folder of real scans; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("LIDARSCOPE_REALDATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real scans at {folder} (name them with LIDARSCOPE_REALDATA)")
    return folder
