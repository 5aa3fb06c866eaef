"""SPVCNN (cr 1.0, 5 cm) on a real sweep: our sparse convolution in float32 and bfloat16, and spconv's (CPU).

Weights are random (batch statistics settled on the sweep), so "another class" is about rounding, not accuracy.
Peak memory is that of a process for each engine; times are the least of several, engines taking turns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.core.model_card import built_in, load_model
from app.core.network_inputs import network_input
from app.core.training.memory import keeping
from app.models.backbones import spvcnn
from app.models.backbones.base import Backbone
from app.models.sparse import set_engine, usable
from app.models.sparse.engine import engine
from benchmarks.rows import Row

SWEEP = Path("semantickitti/sequences/00/velodyne/000000.bin")
ROUNDS = 5


def real_sweep() -> Path:
    """The real scan's file."""
    root = Path(os.environ.get("LIDARSCOPE_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    return root / SWEEP


def sweep() -> tuple[Tensor, Tensor]:
    """The voxels of the real sweep and the features of the first point in each."""
    points = np.fromfile(real_sweep(), np.float32).reshape(-1, 4)
    cells = np.round(points[:, :3] / 0.05).astype(np.int32)
    cells, first = np.unique(cells - cells.min(0), axis=0, return_index=True)
    coords = np.concatenate([np.zeros((len(cells), 1), np.int32), cells], 1)
    return torch.from_numpy(coords), torch.from_numpy(points[first])


def network(coords: Tensor, feats: Tensor) -> Backbone:
    """The network with random weights and settled statistics."""
    torch.manual_seed(0)
    made: Backbone = spvcnn.ENTRY.make()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = None
    with torch.no_grad():
        made.train()(coords, feats)
    return made.eval()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def infer(made: Backbone, coords: Tensor, feats: Tensor, name: str) -> Tensor:
    """Logits of one forward pass by an engine: torch, bfloat16 (torch under autocast) or spconv."""
    set_engine(made, "spconv" if name == "spconv" else "torch")
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=name == "bfloat16"):
        return made(coords, feats).float()


def step(made: Backbone, coords: Tensor, feats: Tensor) -> None:
    """One training step: forward, backward, SGD."""
    set_engine(made, "torch")
    optimiser = torch.optim.SGD(made.parameters(), lr=1e-6, momentum=0.9, nesterov=True, fused=True)
    target = torch.arange(len(coords)) % 19
    loss = torch.nn.functional.cross_entropy(made.train()(coords, feats), target)
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    made.eval()


def apart(*arguments: str) -> dict[str, float]:
    """What this program measures in a process of its own, which keeps its memory as a training does."""
    command = [sys.executable, "-m", "benchmarks.sparse", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=keeping(os.environ))
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_peak(name: str) -> dict[str, float]:
    """Peak memory (MB) of two forward passes with an engine, that of Python and its libraries included."""
    coords, feats = sweep()
    torch.manual_seed(0)
    made = spvcnn.ENTRY.make().eval()
    _unchecked_spconv()
    for _ in range(2):
        infer(made, coords, feats, name)
    status = Path("/proc/self/status").read_text()  # getrusage would count the parent's memory too
    return {"peak": next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1024}


def shipped_changes() -> float:
    """Percent of the sweep's points that the shipped network gives another class in bfloat16."""
    found = load_model(built_in(), "cpu")
    points = np.fromfile(real_sweep(), np.float32).reshape(-1, 4)
    given = network_input(points[:, :3], {"intensity": points[:, 3]}, found.card.columns, found.card.voxel_size)
    coords, feats = (torch.from_numpy(part) for part in (given.coords, given.feats))
    exact, rounded = (infer(found.network.eval(), coords, feats, name).argmax(1) for name in ("torch", "bfloat16"))
    return 100 * float((exact != rounded)[torch.from_numpy(given.inverse)].float().mean())


def measure_step() -> dict[str, float]:
    """Seconds of a forward pass and of a training step, the least of several."""
    coords, feats = sweep()
    made = network(coords, feats)
    step(made, coords, feats)
    forward, whole = [], []
    for _ in range(3):
        forward.append(seconds(lambda: infer(made, coords, feats, "torch")))
        whole.append(seconds(lambda: step(made, coords, feats)))
    return {"forward": min(forward), "step": min(whole)}


def _unchecked_spconv() -> None:
    """spconv with all threads, as users run it: its sums are sometimes wrong so, but that is its speed."""
    if "spconv" in usable():
        engine("spconv").careful = False  # type: ignore[attr-defined]


def rows() -> list[Row]:
    """Measure; without spconv installed its columns stay empty."""
    _unchecked_spconv()
    coords, feats = sweep()
    made = network(coords, feats)
    names = ["torch", "bfloat16", *(["spconv"] if "spconv" in usable() else [])]
    best = dict.fromkeys(names, float("inf"))
    for _ in range(ROUNDS):
        for name in names:
            best[name] = min(best[name], seconds(lambda name=name: infer(made, coords, feats, name)))
    classes = {name: infer(made, coords, feats, name).argmax(1) for name in ("torch", "bfloat16")}
    changed = 100 * float((classes["torch"] != classes["bfloat16"]).float().mean())
    training = apart("--step")
    peer = best.get("spconv")
    peaks = {name: apart("--peak", name)["peak"] for name in ("torch", "spconv") if name in names}
    note = f"{len(coords)} voxels, {torch.get_num_threads()} threads"
    return [
        Row("SPVCNN forward, float32", "s", best["torch"], "spconv", peer, 0.8, of_ratio=True, note=note),
        Row("SPVCNN forward, bfloat16", "s", best["bfloat16"], "spconv float32", peer, 0.4, of_ratio=True),
        Row(
            "points of another class in bfloat16, trained weights",
            "%",
            shipped_changes(),
            reach=0.5,
            note=f"shipped checkpoint; {changed:.2f} % with random weights, whose classes nearly tie",
        ),
        Row(
            "training step",
            "s",
            training["step"],
            "our forward",
            training["forward"],
            3.2,
            of_ratio=True,
            note="both in a process that keeps its memory, as trainings are started",
        ),
        Row("peak memory of forward", "MB", peaks["torch"], "spconv", peaks.get("spconv"), 1.2, of_ratio=True),
    ]


if __name__ == "__main__":
    print(json.dumps(measure_step() if "--step" in sys.argv else measure_peak(sys.argv[-1])))
