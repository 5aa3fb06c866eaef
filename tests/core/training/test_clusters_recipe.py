"""The recipe for cluster-based learning: what a run remembers is resumed with it, and goes when it is over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from training_runs import SETTINGS, losses

from app.core.model_card import load_model
from app.core.training import run
from app.core.training.folder import RunFolder
from app.core.training.recipe import Recipe
from app.core.training.recipes import recipe_of
from app.models import checkpoints


def told(**fields: str) -> Recipe:
    return recipe_of("clusters", {**SETTINGS, "ema": "0", "clusters": "4", "max_steps": "6", **fields})[1]


def test_resumed_it_has_the_same_losses_and_weights(drive: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run.train(whole, "clusters", told(), drive)
    run.train(broken, "clusters", told(), drive)
    folder = RunFolder(broken)
    folder.step_checkpoints()[0].unlink()
    run.resume(broken)
    assert losses(broken) == losses(whole)
    one, other = (checkpoints.read(RunFolder(path).step_checkpoints()[0]).state for path in (whole, broken))
    assert {name: value.numpy().tobytes() for name, value in one.items()} == {
        name: value.numpy().tobytes() for name, value in other.items()
    }
    assert any("memory.queue" in name for name in one)


def test_weights_to_use_hold_nothing_but_the_network(drive: Path, tmp_path: Path) -> None:
    run.train(tmp_path / "run", "clusters", told(validate_every="6"), drive)
    model = load_model(tmp_path / "run", "cpu")
    assert model.card.recipe == "clusters"
    best = checkpoints.read(RunFolder(tmp_path / "run").best).state
    assert not [name for name in best if "memory" in name or "projector" in name]


@pytest.mark.parametrize(("field", "value"), [("clusters", "0"), ("temperature", "0"), ("centre_momentum", "1")])
def test_nonsense_is_refused(field: str, value: str) -> None:
    with pytest.raises(Exception, match=field):
        told(**{field: value})


def test_it_learns(drive: Path, tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    run.train(tmp_path / "run", "clusters", told(max_steps="30"), drive)
    found = losses(tmp_path / "run")
    assert sum(value for _, value in found[-5:]) < 0.8 * sum(value for _, value in found[:5])
