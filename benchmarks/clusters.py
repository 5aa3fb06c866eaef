"""What clusters within classes are worth: networks trained with their contrast against the same ones without.

    python -m benchmarks.clusters                half an hour on two idle cores: 12 streets, 3 seeds, two starts
    python -m benchmarks.clusters --quick        minutes: 2 streets, one seed, voxels of 30 cm
    python -m benchmarks.clusters --varied       an hour and a half: also other negatives, one cluster, eight
    python -m benchmarks.clusters --data KITTI --init RUN --steps 71000 --momentum 0.9999

Both sides have the same fields, steps and seeds; they begin with random weights, or, as published, with a trained
network (``--init``; on demo streets the one that comes along). What is done already is found in ``--out`` again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.demo.writer import default_drive_path
from app.core.errors import LidarScopeError
from app.core.files import write_atomically
from app.core.model_card import built_in
from app.core.tasks.base import run
from app.core.tasks.context import Context
from app.core.tasks.write_demo import write_demo
from app.core.training.split import OFFICIAL_TRAIN, OFFICIAL_VAL
from benchmarks._trainings import QUIET, miou, once, say, side_by_side, spread, trained_to_the_end
from benchmarks.rows import Row

FIRST_STREET, OTHER_STREET = 100, 1
"""Seeds of the streets trained on, and of the one that is evaluated: no network has seen it."""

SCRATCH, TRAINED = "scratch", "trained"
STARTS = {SCRATCH: "random weights", TRAINED: "a trained network"}
WITHOUT, WITH, ONE, FEW, CLASSES = "without", "with", "one", "few", "classes"
SIDES = {
    WITHOUT: "cross-entropy and Lovász",
    WITH: "and contrast of clusters",
    ONE: "and contrast of classes: one cluster each",
    FEW: "and contrast of clusters, eight a class",
    CLASSES: "and contrast of clusters with those of other classes alone",
}
VARIED = {ONE: {"clusters": "1"}, FEW: {"clusters": "8"}, CLASSES: {"negatives": "other_classes"}}
"""What is varied, to see what of the contrast does what it does; only where ``--varied`` asks for it."""
DEMO_RATES = {SCRATCH: "0.005", TRAINED: "0.0005"}
KITTI_RATES = {SCRATCH: "0.24", TRAINED: "0.0024"}
"""Largest learning rate by start: of the recipe demo, and of SPVNAS' and the authors' programs."""


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes
    ----------
    data, sequences : what is trained on
    val, val_sequences : what is evaluated; no weights are chosen by it
    out : where runs and results go
    init : the trained network to begin with
    fields, rates : of both sides, as text, and their learning rates by start
    own : of the side with clusters
    seeds : networks of each row
    protocol : of the evaluation
    processes : trainings at a time; 1: in this process
    starts : what networks begin with
    sides : what they are trained by
    """

    data: Path
    sequences: tuple[str, ...]
    val: Path
    val_sequences: tuple[str, ...]
    out: Path
    init: Path
    fields: dict[str, str]
    rates: dict[str, str]
    own: dict[str, str]
    seeds: int
    protocol: str
    processes: int
    starts: tuple[str, ...] = (SCRATCH, TRAINED)
    sides: tuple[str, ...] = (WITHOUT, WITH)


@dataclass(frozen=True)
class Job:
    """One network: what it begins with, whether its clusters are contrasted, its seed."""

    start: str
    side: str
    seed: int

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.start}-{self.side}-{self.seed}"


def measure(bench: Bench) -> dict[str, Any]:
    """Train and evaluate; everything that was found, also written to ``results.json``."""
    began = time.perf_counter()
    jobs = [Job(start, side, seed) for seed in range(bench.seeds) for start in bench.starts for side in bench.sides]
    result: dict[str, Any] = {"scores": [], "seconds": 0.0}
    with side_by_side(bench.processes) as each:
        for job, found in zip(jobs, each(trained, [bench] * len(jobs), jobs), strict=True):
            result["scores"].append({"start": job.start, "side": job.side, "seed": job.seed, **found})
            result["seconds"] = time.perf_counter() - began
            say(f"{job.name}: mIoU {100 * found['miou']:.1f} %, {found['seconds']:.0f} s")
            write_atomically(bench.out / "results.json", json.dumps(result, indent=1).encode())
    return result


def trained(bench: Bench, job: Job) -> dict[str, float]:
    """Train one network unless that is done, and evaluate it: mIoU and seconds."""
    folder = bench.out / "runs" / job.name
    settings = {
        "lovasz": "1", "learning_rate": bench.rates[job.start], **bench.fields, **QUIET, "seed": str(job.seed),
        "train_sequences": ",".join(bench.sequences), "validate_every": "0", "hold_out": "0",
        "val_data": str(bench.val) if bench.val != bench.data else "",
        "val_sequences": ",".join(bench.val_sequences),
    }  # fmt: skip
    if job.start == TRAINED:
        settings |= {"init": str(bench.init), "standardise": "false"}
    if job.side != WITHOUT:
        settings |= bench.own | VARIED.get(job.side, {})

    def work() -> dict[str, float]:
        began = time.perf_counter()
        trained_to_the_end(folder, "supervised" if job.side == WITHOUT else "clusters", settings, bench.data)
        seconds = time.perf_counter() - began
        return {"miou": miou(folder, bench.val, bench.val_sequences, bench.protocol), "seconds": seconds}

    return once(folder, work)


def table(result: dict[str, Any]) -> str:
    """Rows by start and side: mIoU as mean ± spread, and the mean of the gains seed by seed, as Markdown."""
    lines = ["| begins with | trained by | mIoU | gain |", "|---" * 4 + "|"]
    for start, begins in STARTS.items():
        sides = {
            side: {e["seed"]: e["miou"] for e in result["scores"] if (e["start"], e["side"]) == (start, side)}
            for side in SIDES
        }
        for side, found in sides.items():
            if found:
                gains = [found[seed] - sides[WITHOUT][seed] for seed in found] if side != WITHOUT else []
                lines.append(f"| {begins} | {SIDES[side]} | {spread(found.values())} | {spread(gains, '+')} |")
    return "\n".join([*lines, "", f"{result['seconds'] / 60:.0f} min in the last call."])


def demo_bench(told: argparse.Namespace, out: Path) -> Bench:
    """On demo streets, which are written where they are missing."""
    streets, frames, held = (2, 8, 4) if told.quick else (12, 16, 20)
    place = default_drive_path(0).parent
    data, val = place / f"pretraining-train-{streets}x{frames}", place / f"pretraining-val-{held}"
    run(write_demo(Context(), folder=data, frames=frames, seed=FIRST_STREET, worlds=streets))
    run(write_demo(Context(), folder=val, frames=held, seed=OTHER_STREET))
    steps = told.steps or (20 if told.quick else 150)
    fields = {
        "voxel_size": "0.3" if told.quick else "0.15", "network": "minkunet", "network_fields": '{"cr": 0.25}',
        "max_points": "0", "batch_size": "1", "max_steps": str(steps), "schedule": "onecycle", "optimizer": "adamw",
        "weight_decay": "0.01", "flip": "true", "class_weights": "sqrt_inverse", "count_scans": "24",
        "precision": "bf16-mixed", "standardise": "true",
    }  # fmt: skip
    names = tuple(f"{k:02d}" for k in range(streets))
    return Bench(
        data, names, val, ("00",), out, told.init or built_in("demo_minkunet"), fields, DEMO_RATES,
        {"centre_momentum": f"{told.momentum:g}"}, told.seeds or (1 if told.quick else 3), "present",
        told.processes, sides=tuple(SIDES) if told.varied else (WITHOUT, WITH),
    )  # fmt: skip


def kitti_bench(told: argparse.Namespace, out: Path) -> Bench:
    """On SemanticKITTI: official sequences; from ``--init`` where that is given, else from random weights alone."""
    fields = {"max_steps": str(told.steps or 71_000), "batch_size": "4", "schedule": "cosine"}
    starts = (SCRATCH, TRAINED) if told.init else (SCRATCH,)
    return Bench(
        told.data.resolve(), OFFICIAL_TRAIN, told.data.resolve(), OFFICIAL_VAL, out, told.init or Path(), fields,
        KITTI_RATES, {"centre_momentum": f"{told.momentum:g}"}, told.seeds or 1, "semantickitti", told.processes,
        starts, tuple(SIDES) if told.varied else (WITHOUT, WITH),
    )  # fmt: skip


def rows() -> list[Row]:
    """The quick form, for ``bench clusters``."""
    out = default_drive_path(0).parent / "clusters-quick"
    result = measure(demo_bench(_options(["--quick", "--processes", "1"]), out))
    say(table(result))
    found = {(entry["start"], entry["side"]): entry for entry in result["scores"]}
    note = "20 steps, one seed: too few to judge by"
    return [
        Row(f"mIoU with clusters, from {begins}", "%", 100 * found[start, WITH]["miou"], "without",
            100 * found[start, WITHOUT]["miou"], note=note)
        for start, begins in STARTS.items()
    ]  # fmt: skip


def main() -> None:
    """From the command line."""
    told = _options()
    name = f"clusters-{'quick' if told.quick else 'half-hour'}"
    out = (told.out or default_drive_path(0).parent / name).resolve()
    say(table(measure(demo_bench(told, out) if told.data is None else kitti_bench(told, out))))


def _options(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="minutes instead of half an hour")
    parser.add_argument("--data", type=Path, help="SemanticKITTI, instead of demo streets made for it")
    parser.add_argument("--init", type=Path, help="a trained network to begin with")
    parser.add_argument("--out", type=Path, help="where runs and results go")
    parser.add_argument("--steps", type=int, help="of each network")
    parser.add_argument("--seeds", type=int, help="networks of each row")
    parser.add_argument("--momentum", type=float, default=0.99, help="of the centres; published: 0.9999")
    parser.add_argument("--varied", action="store_true", help="also with other negatives and fewer clusters")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="trainings at a time")
    return parser.parse_args(given)


if __name__ == "__main__":
    try:
        main()
    except LidarScopeError as error:
        sys.exit(str(error))
