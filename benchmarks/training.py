"""What the training loop costs over a bare loop of the same steps: loading, collating, logging, checkpoints."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from app.core.training import run
from app.core.training.recipe import Recipe
from app.core.training.recipes import recipe_of
from app.core.training.schedule import learning_rate
from benchmarks.drives import demo_drive
from benchmarks.rows import Row

STEPS = 14
SKIPPED = 2
"""First steps, in which libraries are loaded and kernels compiled."""


def rows() -> list[Row]:
    """Seconds a step of the recipe ``demo`` on the demo drive, ours and bare, on the same samples."""
    data = demo_drive()
    _, recipe = recipe_of(
        "demo", {"max_steps": str(STEPS), "checkpoint_every": "5", "validate_every": "0", "watch_every": "5"}
    )
    ours, bare = [], []
    for _ in range(2):  # in turn, and the better of each: a machine is rarely left alone
        with tempfile.TemporaryDirectory() as folder:
            ours.append(_ours(Path(folder) / "run", recipe, data))
            bare.append(_bare(recipe, data, Path(folder) / "run"))
    note = "wall time from step to step, checkpoints and watch weights every 5 steps included"
    return [
        Row(
            "training, a step of recipe demo",
            "s",
            min(ours),
            "bare loop",
            min(bare),
            reach=1.1,
            of_ratio=True,
            note=note,
        ),
    ]


def _ours(folder: Path, recipe: Recipe, data: Path) -> float:
    """Mean seconds from step to step, by the clock of whoever waits for them: nothing of the loop is left out."""
    from app.core.training.folder import RunFolder
    from app.core.training.loop import Loop
    from app.core.training.processes import fabric_of

    run.begin(folder, "supervised", recipe, data)
    found = RunFolder(folder)
    kind, resolved, _ = found.read_config()
    loop = Loop(found, kind, resolved, data, fabric_of(resolved))
    times = [time.perf_counter() for _ in loop.steps()]
    return (times[-1] - times[SKIPPED]) / (len(times) - 1 - SKIPPED)


def _bare(recipe: Recipe, data: Path, folder: Path) -> float:
    """Mean seconds of forward, backward and optimiser step alone, on batches made before."""
    import torch

    from app.core.model_card import build_network
    from app.core.training.loader import collated
    from app.core.training.samples import Samples
    from app.models.objectives import supervised

    samples = Samples(data, recipe)
    size = recipe.batch_size
    batches = [collated(tuple(samples.sample(size * step + i) for i in range(size))) for step in range(STEPS)]
    torch.manual_seed(recipe.seed)
    counts = tuple(json.loads((folder / "class_counts.json").read_text()))
    network = build_network(recipe.network, {"num_classes": len(samples.classes), **recipe.network_fields})
    objective = supervised.ENTRY.make(network, recipe.objective_fields(counts)).train()
    parameters = [p for p in objective.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
    times = []
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        with torch.autocast("cpu", torch.bfloat16):
            loss = objective(batch)["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter())
    return statistics.mean(b - a for a, b in zip(times[SKIPPED:], times[SKIPPED + 1 :], strict=False))
