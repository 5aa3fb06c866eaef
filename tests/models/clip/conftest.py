"""Tiny CLIPs, each written and loaded once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clip_tools import MODELS, random_network, write_open_clip


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of the tiny CLIP of a name in ``MODELS``, written once."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            target = tmp_path_factory.mktemp("clip") / name
            made[name] = write_open_clip(target, MODELS[name], random_network(MODELS[name]))
        return made[name]

    return folder


@pytest.fixture(scope="session")
def clip(clip_folder: Callable[[str], Path]) -> Callable[[str], Any]:
    """The loaded tiny CLIP of a name."""
    made: dict[str, Any] = {}

    def loaded(name: str) -> Any:
        from app.models.clip import ClipSource, load_clip

        if name not in made:
            made[name] = load_clip(ClipSource(path=clip_folder(name)), device="cpu")
        return made[name]

    return loaded
