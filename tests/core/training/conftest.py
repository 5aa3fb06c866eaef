"""A drive and a network so small that a step takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from small_drive import write_small_drive
from training_runs import SETTINGS

from app.core.training.recipe import Recipe
from app.core.training.recipes import recipe_of


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight labelled frames of 500 points each."""
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=8, points=200).root


@pytest.fixture
def recipe() -> Callable[..., Recipe]:
    """Make a supervised recipe of the small settings, with some fields set otherwise (as text)."""

    def make(**settings: str) -> Recipe:
        return recipe_of("supervised", {**SETTINGS, **{k.replace("__", "."): v for k, v in settings.items()}})[1]

    return make
