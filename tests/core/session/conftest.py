"""A session on a small drive: one whose engine answers at once, one whose engine waits to be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from held_engine import HeldEngine
from small_drive import SmallDrive, write_small_drive

from app.core.language.tiny_clip import write_tiny_clip
from app.core.session import Session
from app.core.session_language import SessionLanguage
from app.core.tasks.engine import LocalEngine
from app.models.clip.source import ClipSource


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=6)


@pytest.fixture
def session(drive: SmallDrive) -> Session:
    """A session with the drive open, everything done at once."""
    made = Session(LocalEngine())
    made.open(drive.root)
    return made


@pytest.fixture
def engine() -> HeldEngine:
    return HeldEngine()


@pytest.fixture
def held(engine: HeldEngine, drive: SmallDrive) -> Session:
    """A session with the drive open and its first frame shown, whose engine waits from now on."""
    made = Session(engine)
    made.open(drive.root)
    engine.answer_all()
    return made


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture
def language(session: Session, clip: ClipSource) -> SessionLanguage:
    """A session with a drive open and a tiny CLIP chosen."""
    session.language.set_clip(clip)
    return session.language
