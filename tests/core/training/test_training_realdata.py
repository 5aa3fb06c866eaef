"""Training on a real scan: what is missing is passed over and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from training_runs import losses

from app.core.training import run
from app.core.training.recipe import Recipe


@pytest.mark.realdata
def test_one_labelled_scan_of_six(
    realdata: Path, recipe: Callable[..., Recipe], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = recipe(max_steps="3", hold_out="0", class_weights="sqrt_inverse", voxel_size="0.5", batch_size="1")
    run.train(tmp_path / "run", "supervised", told, realdata / "semantickitti")
    found = losses(tmp_path / "run")
    assert [step for step, _ in found] == [1, 2, 3]
    assert np.isfinite([loss for _, loss in found]).all()
    assert "has no labels; the next one is taken in its place" in caplog.text
