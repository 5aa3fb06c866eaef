"""The example of the page is a recipe and an objective that train."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from docs_example import DOCS
from small_drive import write_small_drive
from training_runs import losses

from app.core.training import loop, run
from app.core.training.folder import RunFolder
from app.core.training.recipe import Recipe
from app.discovery import load


def module(number: int, folder: Path) -> ModuleType:
    text = (DOCS / "add_a_recipe.md").read_text(encoding="utf-8")
    path = folder / f"recipe_page_{number}.py"
    path.write_text(text.split("```python\n")[number].split("```")[0], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def test_the_example_trains_without_labels_and_resumes(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heights, objective = module(1, tmp_path).ENTRY, module(2, tmp_path)
    monkeypatch.setattr("app.core.training.folder.kind_of", lambda name: heights)
    monkeypatch.setattr(loop.discovery, "load", lambda package, name: _found(package, name, objective))
    shared = {name: value for name, value in recipe().model_dump().items() if name in Recipe.model_fields}
    told = heights(**{**shared, "max_steps": 12, "hold_out": 0})
    data = write_small_drive(tmp_path / "drive", frames=4, labels=False).root
    out = tmp_path / "run"
    run.train(out, "heights", told, data)
    before = losses(out)
    assert before[-1][1] < before[0][1]
    RunFolder(out).step_checkpoints()[0].unlink()
    run.resume(out)
    assert losses(out) == before


def _found(package: str, name: str, objective: ModuleType) -> ModuleType:
    return objective if name == "heights" else load(package, name)
