"""Several processes compute what one would have computed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from training_runs import ROOT, losses, train_arguments

from app.core.errors import UsageError
from app.core.training import run
from app.core.training.processes import check_processes
from app.core.training.recipe import Recipe
from app.core.training.shared_norm import share_statistics
from app.models.backbones import minkunet


def torchrun(arguments: list[str], processes: int = 2) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--standalone",
         str(ROOT / "main.py"), *arguments],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=110,
    )  # fmt: skip


def test_two_processes_have_the_losses_of_one(drive: Path, recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    told = {
        "max_steps": "5", "batch_size": "4", "lovasz": "1", "validate_every": "5", "learning_rate": "0.02",
        "clip_norm": "0.5", "accumulate": "2",
    }  # fmt: skip
    result = torchrun(train_arguments(drive, tmp_path / "two", **told))
    assert result.returncode == 0, result.stderr
    run.train(tmp_path / "one", "supervised", recipe(**told), drive)
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert [step for step, _ in two] == [1, 2, 3, 4, 5]
    assert [loss for _, loss in two] == pytest.approx([loss for _, loss in one], rel=2e-4)
    assert one[0][1] != one[-1][1]
    lines = [(tmp_path / name / "validation.jsonl").read_text().split(",")[0] for name in ("one", "two")]
    assert lines[0] == lines[1]


def test_a_batch_that_cannot_be_shared_is_refused(
    recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="2 processes cannot share evenly"):
        check_processes(recipe(batch_size="3"))


def test_16_bits_need_a_gpu(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(UsageError, match="needs a GPU"):
        check_processes(recipe(precision="16-mixed", device="cpu"))


def test_shared_statistics_keep_the_names_and_refuse_strangers() -> None:
    network = minkunet.ENTRY.make(cr=0.05)
    names = list(network.state_dict())
    share_statistics(network)
    assert list(network.state_dict()) == names
    assert any(type(module).__name__ == "SharedBatchNorm" for module in network.modules())
    with pytest.raises(ValueError, match="0 is a BatchNorm1d"):
        share_statistics(torch.nn.Sequential(torch.nn.BatchNorm1d(3)))
