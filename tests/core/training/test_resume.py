"""A run that was killed goes on with exactly the losses of one that was not."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from training_runs import in_child, losses, train_arguments, until

from app.core.errors import DataError, UsageError
from app.core.model_card import load_model
from app.core.training import run
from app.core.training.recipe import Recipe
from app.models import checkpoints

MakeRecipe = Callable[..., Recipe]


def weights(path: Path) -> dict[str, bytes]:
    state = checkpoints.read(path).state
    return {name: value.numpy().tobytes() for name, value in state.items()}


def test_killed_at_random_steps_it_ends_bit_for_bit_as_unbroken(
    drive: Path, recipe: MakeRecipe, tmp_path: Path
) -> None:
    steps = {"max_steps": "16", "precision": "bf16-mixed", "keep_points": "0.8", "lovasz": "1", "flip": "true"}
    unbroken, killed = tmp_path / "unbroken", tmp_path / "killed"
    run.train(unbroken, "supervised", recipe(**steps), drive)
    rng = random.Random(os.getpid())
    metrics = killed / "metrics.jsonl"

    def written() -> int:
        return metrics.read_bytes().count(b"\n") if metrics.exists() else 0

    child = in_child(*train_arguments(drive, killed, **steps))
    for _ in range(2):
        target = min(written() + rng.randint(2, 6), 14)
        until(partial(lambda wanted: written() >= wanted, target), child)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        with metrics.open("ab") as file:
            file.write(b'{"step": 99, "lo')
        child = in_child("resume", killed)
    _, complaint = child.communicate(timeout=90)
    assert child.returncode == 0, complaint
    assert losses(killed) == losses(unbroken)
    last = "checkpoints/step-00000016.safetensors"
    assert weights(killed / last) == weights(unbroken / last)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_stopped_and_resumed_it_is_the_same(
    drive: Path, recipe: MakeRecipe, tmp_path: Path, optimizer: str
) -> None:
    told = recipe(optimizer=optimizer, network="spvcnn", accumulate="2", clip_norm="1", max_steps="5")
    run.train(tmp_path / "whole", "supervised", told, drive)
    half = tmp_path / "half"
    folder = run.begin(half, "supervised", told, drive)
    folder.stop.touch()
    os.utime(folder.stop, (2e9 + 1e9, 2e9 + 1e9))  # an order of after this process began
    assert run.resume(half).step == 1
    folder.stop.unlink()
    assert run.resume(half).state == "finished"
    assert losses(half) == losses(tmp_path / "whole")
    assert weights(folder.checkpoint(5)) == weights(tmp_path / "whole/checkpoints/step-00000005.safetensors")


def test_a_half_written_or_broken_checkpoint_does_not_count(
    drive: Path, recipe: MakeRecipe, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    run.train(out, "supervised", recipe(), drive)
    before = losses(out)
    newest = out / "checkpoints/step-00000008.safetensors"
    newest.write_bytes(newest.read_bytes()[:3000])
    (out / "checkpoints/step-00000009.safetensors.partial").write_bytes(b"half")
    run.resume(out)
    assert losses(out) == before
    assert checkpoints.read(newest).state
    assert not list(out.glob("checkpoints/*.partial"))
    for path in (out / "checkpoints").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(DataError, match="No checkpoint of"):
        run.resume(out)


def test_checkpoints_of_a_run_are_models(drive: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run.train(out, "supervised", recipe(validate_every="4", watch_every="4"), drive)
    last = load_model(out / "checkpoints/step-00000008.safetensors")
    assert (last.card.step, last.card.voxel_size, last.card.recipe) == (8, 0.5, "supervised")
    best = load_model(out)
    assert best.path.name == "best.safetensors"
    assert set(best.card.scores) == {"miou", "miou_present", "accuracy"}
    watched = load_model(out / "watch.safetensors")
    assert watched.path.stat().st_size < last.path.stat().st_size / 3
    rows = [json.loads(line) for line in (out / "validation.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [4, 8]
    assert rows[0]["iou"]["road"] is not None
    assert len(list((out / "checkpoints").glob("step-*"))) == 2
    assert list((out / "tensorboard").glob("events*"))


def test_two_processes_on_one_run(drive: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    folder = run.begin(tmp_path / "run", "supervised", recipe(), drive)
    with folder.locked(), pytest.raises(UsageError, match="another process"):
        run.resume(folder.path)
    with pytest.raises(UsageError, match="holds a run already"):
        run.begin(folder.path, "supervised", recipe(), drive)


def test_a_folder_of_another_version_or_of_something_else(drive: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    folder = run.begin(tmp_path / "run", "supervised", recipe(), drive)
    content = json.loads(folder.config.read_text())
    folder.config.write_text(json.dumps({**content, "format": 0}))
    with pytest.raises(DataError, match=r"another version of LidarScope \(run format 0"):
        run.resume(folder.path)
    folder.config.write_text(json.dumps({**content, "fields": {**content["fields"], "momentum": 7}}))
    with pytest.raises(DataError, match="momentum must be at least 0 and below 1; found 7"):
        run.resume(folder.path)
    with pytest.raises(DataError, match="is no run"):
        run.resume(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        run.begin(tmp_path / "other", "supervised", recipe(), drive)


def test_a_resumed_run_may_train_longer_but_not_become_another(
    drive: Path, recipe: MakeRecipe, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    run.train(out, "supervised", recipe(max_steps="2"), drive)
    assert run.resume(out, {"max_steps": "4"}).step == 4
    assert [step for step, _ in losses(out)] == [1, 2, 3, 4]
    with pytest.raises(UsageError, match="seed cannot be changed"):
        run.resume(out, {"seed": "3"})
