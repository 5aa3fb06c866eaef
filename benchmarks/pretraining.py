"""What ALSO's pretraining is worth: networks finetuned from it against the same ones trained from scratch, at some
shares of the labels, mean and spread over seeds, on demo streets or on SemanticKITTI.

    python -m benchmarks.pretraining                    an hour on two idle cores: 12 streets, 1, 10, 100 %, 3 seeds
    python -m benchmarks.pretraining --quick            minutes: 2 streets, 10 %, one seed, voxels of 30 cm
    python -m benchmarks.pretraining --data KITTI --recipe also --published --fractions 0.001 0.01 0.1 0.5 1

All networks of one share are trained with the same fields, steps and seeds; only what they begin with differs. What
is done already is found in ``--out`` again, so a run that is interrupted goes on. ``--published`` takes the passes
and the optimiser of the authors' program instead of ``--steps``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.core.datasets import open_dataset
from app.core.demo.writer import default_drive_path
from app.core.errors import LidarScopeError
from app.core.files import write_atomically
from app.core.tasks.base import run
from app.core.tasks.context import Context
from app.core.tasks.write_demo import write_demo
from app.core.training.recipes import own_values
from app.core.training.recipes.finetune import ALSO_EPOCHS
from app.core.training.split import OFFICIAL_TRAIN, OFFICIAL_VAL
from benchmarks._trainings import QUIET, miou, once, say, side_by_side, spread, trained_to_the_end
from benchmarks.rows import Row

FIRST_STREET, OTHER_STREET = 100, 1
"""Seeds of the streets trained on, and of the one that is evaluated."""

SCRATCH, NEAREST, ANY = "scratch", "also", "also_any"
PAIRS = {NEAREST: "nearest", ANY: "any"}
"""What networks begin with: nothing, or pretraining whose queries the nearest points answer, or any near ones."""

NAMES = {SCRATCH: "from scratch", NEAREST: "ALSO, nearest points", ANY: "ALSO, any points near"}
PUBLISHED = {
    "network_fields": "{}", "voxel_size": "0.05", "optimizer": "adamw", "learning_rate": "0.001",
    "weight_decay": "0.01", "schedule": "cosine", "batch_size": "2", "max_steps": "10000000",
}  # fmt: skip
"""Finetuning as ALSO's program does; both sides, since theirs trains from scratch so too."""


@dataclass(frozen=True)
class Size:
    """How much is done: ``frames`` of each of ``streets``, ``held`` ones to evaluate, ``seeds``, ``steps`` of
    pretraining and of finetuning, voxels of ``voxel`` metres."""

    streets: int
    frames: int
    held: int
    seeds: int
    pretraining: int
    steps: int
    fractions: tuple[float, ...]
    voxel: float


HOUR = Size(12, 16, 20, 3, 400, 120, (0.01, 0.1, 1.0), 0.15)
QUICK = Size(2, 8, 4, 1, 40, 25, (0.1,), 0.3)


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes
    ----------
    data, sequences : what is trained on
    val, val_sequences : what is evaluated; no weights are chosen by it
    out : where runs and results go
    recipe : of the pretraining
    common : fields that pretraining and finetuning share, as text
    own : fields of finetuning and of training from scratch, as text
    pretraining : steps of pretraining, 0 for the recipe's own
    fractions, seeds : rows and repetitions
    published : passes by share as published
    protocol : of the evaluation
    processes : trainings at a time; 1: in this process
    starts : what networks begin with
    label_list : SegContrast's scans by share; "": every n-th scan, or with ``published`` the built-in list
    """

    data: Path
    sequences: tuple[str, ...]
    val: Path
    val_sequences: tuple[str, ...]
    out: Path
    recipe: str
    common: dict[str, str]
    own: dict[str, str]
    pretraining: int
    fractions: tuple[float, ...]
    seeds: int
    published: bool
    protocol: str
    processes: int
    starts: tuple[str, ...] = (SCRATCH, NEAREST, ANY)
    label_list: str = ""


@dataclass(frozen=True)
class Job:
    """One network: what it begins with, its share of the labels, its seed."""

    start: str
    fraction: float
    seed: int

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.start}-{self.fraction:g}-{self.seed}"


def demo_bench(size: Size, out: Path, processes: int, data: Path | None = None, val: Path | None = None) -> Bench:
    """On demo streets, which are written where they are missing and not given."""
    place = default_drive_path(0).parent
    if data is None:
        data = place / f"pretraining-train-{size.streets}x{size.frames}"
        run(write_demo(Context(), folder=data, frames=size.frames, seed=FIRST_STREET, worlds=size.streets))
    if val is None:
        val = place / f"pretraining-val-{size.held}"
        run(write_demo(Context(), folder=val, frames=size.held, seed=OTHER_STREET))
    names = tuple(sequence.name for sequence in open_dataset(data).sequences)
    held = tuple(sequence.name for sequence in open_dataset(val).sequences)
    return Bench(
        data=data, sequences=names, val=val, val_sequences=held, out=out, recipe="demo_also",
        common={"voxel_size": f"{size.voxel:g}", "precision": "32"}, own={"max_steps": str(size.steps)},
        pretraining=size.pretraining, fractions=size.fractions, seeds=size.seeds, published=False,
        protocol="present", processes=processes,
    )  # fmt: skip


def measure(bench: Bench) -> dict[str, Any]:
    """Pretrain, finetune, evaluate; everything that was found, also written to ``results.json``."""
    started = time.perf_counter()
    jobs = [
        Job(start, fraction, seed)
        for fraction in bench.fractions
        for seed in range(bench.seeds)
        for start in bench.starts
    ]
    own = [start for start in bench.starts if start in PAIRS]
    result: dict[str, Any] = {"pretraining": {}, "scores": [], "seconds": 0.0}
    with side_by_side(bench.processes) as each:
        for start, found in zip(own, each(pretrained, [bench] * len(own), own), strict=True):
            result["pretraining"][start] = found
            say(f"{NAMES[start]}: {_line(found)}")
        for job, found in zip(jobs, each(trained, [bench] * len(jobs), jobs), strict=True):
            result["scores"].append({"start": job.start, "fraction": job.fraction, "seed": job.seed, **found})
            result["seconds"] = time.perf_counter() - started
            say(f"{job.name}: {_line(found)}  ({result['seconds']:.0f} s)")
            write_atomically(bench.out / "results.json", json.dumps(result, indent=1).encode())
    return result


def pretrained(bench: Bench, start: str) -> dict[str, float]:
    """Pretrain one network unless that is done; its occupancy scores on what is evaluated."""
    settings = {
        **bench.common, **_where(bench), **QUIET, "pairs": PAIRS[start], "validate_every": "10000000",
        "validate_scans": "20",
    }  # fmt: skip
    if bench.pretraining:
        settings["max_steps"] = str(bench.pretraining)
    if bench.recipe == "demo_also":
        settings["rotate"] = "true"  # as published, and as networks are finetuned
    folder = bench.out / "runs" / start
    return once(folder, lambda: trained_to_the_end(folder, bench.recipe, settings, bench.data))


def trained(bench: Bench, job: Job) -> dict[str, float]:
    """Train one network unless that is done, and evaluate it: mIoU and seconds."""
    settings = {
        **_usual(bench), **bench.common, **bench.own, **_where(bench), **QUIET, "seed": str(job.seed),
        "label_fraction": f"{job.fraction:g}", "validate_every": "0",
    }  # fmt: skip
    if bench.published:
        settings["epochs"] = str(ALSO_EPOCHS[job.fraction])
    if (bench.published or bench.label_list) and job.fraction < 1:
        settings |= {"label_protocol": "segcontrast", "label_list": bench.label_list}
    kind = "supervised"
    if job.start != SCRATCH:
        kind = "finetune"
        settings |= {"init": str(bench.out / "runs" / job.start), "standardise": "false"}
    folder = bench.out / "runs" / job.name

    def work() -> dict[str, float]:
        began = time.perf_counter()
        trained_to_the_end(folder, kind, settings, bench.data)
        return {
            "miou": miou(folder, bench.val, bench.val_sequences, bench.protocol),
            "seconds": time.perf_counter() - began,
        }

    return once(folder, work)


def _usual(bench: Bench) -> dict[str, str]:
    """Fields of the recipe that both sides are trained by: the demo's, or the published ones."""
    if bench.published:
        return PUBLISHED
    fields = own_values("demo")[1]
    pretraining = own_values(bench.recipe)[1]
    fields["network_fields"] = pretraining["network_fields"]
    usual = own_values("supervised")[1]
    return {name: _text(value) for name, value in fields.items() if value != usual[name]}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _where(bench: Bench) -> dict[str, str]:
    return {
        "train_sequences": ",".join(bench.sequences),
        "val_data": str(bench.val) if bench.val != bench.data else "",
        "val_sequences": ",".join(bench.val_sequences),
    }


def table(result: dict[str, Any]) -> str:
    """Rows by share and start: mIoU as mean ± spread, and the mean of the gains seed by seed, as Markdown."""
    lines = ["| labels | begins with | mIoU | gain |", "|---" * 4 + "|"]
    for fraction in sorted({entry["fraction"] for entry in result["scores"]}):
        rows = [entry for entry in result["scores"] if entry["fraction"] == fraction]
        base = {entry["seed"]: entry["miou"] for entry in rows if entry["start"] == SCRATCH}
        for start, name in NAMES.items():
            own = {entry["seed"]: entry["miou"] for entry in rows if entry["start"] == start}
            if own:
                gains = [own[seed] - base[seed] for seed in own if seed in base]
                gain = "" if start == SCRATCH else spread(gains, "+")
                lines.append(f"| {100 * fraction:g} % | {name} | {spread(own.values())} | {gain} |")
    for start, found in result["pretraining"].items():
        lines += ["", f"Occupancy told after pretraining ({NAMES[start]}): {_line(found)}."]
    return "\n".join([*lines, "", f"{result['seconds'] / 60:.0f} min in the last call."])


def _line(found: dict[str, float]) -> str:
    return ", ".join(f"{n} {v:.0f}" if n == "seconds" else f"{n} {100 * v:.1f} %" for n, v in found.items())


def rows() -> list[Row]:
    """The quick form, for ``bench pretraining``."""
    result = measure(demo_bench(QUICK, default_drive_path(0).parent / "pretraining-quick", 1))
    say(table(result))
    by_start = {entry["start"]: 100 * entry["miou"] for entry in result["scores"]}
    note = f"10 % of the labels, {QUICK.steps} steps after {QUICK.pretraining}, one seed: too few to judge by"
    return [
        Row(f"mIoU, {NAMES[start]}", "%", by_start[start], NAMES[SCRATCH], by_start[SCRATCH], note=note)
        for start in PAIRS
    ]


def main() -> None:
    """From the command line."""
    told = _options()
    size = QUICK if told.quick else HOUR
    size = replace(
        size, seeds=told.seeds or size.seeds, steps=told.steps or size.steps,
        pretraining=size.pretraining if told.pretraining is None else told.pretraining,
        fractions=tuple(told.fractions or size.fractions), voxel=told.voxel or size.voxel,
    )  # fmt: skip
    name = f"pretraining-{'quick' if told.quick else 'hour'}"
    out = (told.out or default_drive_path(0).parent / name).resolve()
    if told.recipe == "demo_also":
        bench = demo_bench(size, out, told.processes, told.data, told.val)
    else:
        bench = kitti_bench(told, size, out)
    if told.rate:
        bench = replace(bench, own={**bench.own, "learning_rate": f"{told.rate:g}"})
    say(table(measure(replace(bench, starts=tuple(told.starts)))))


def kitti_bench(told: argparse.Namespace, size: Size, out: Path) -> Bench:
    """On real data: official training sequences, sequence 08 to evaluate unless ``--val`` names other data."""
    names = [sequence.name for sequence in open_dataset(told.data).sequences]
    held = OFFICIAL_VAL if told.val is None else tuple(s.name for s in open_dataset(told.val).sequences)
    own = {} if told.published else {"max_steps": str(size.steps)}
    common = {} if told.published else {"voxel_size": f"{size.voxel:g}"}
    return Bench(
        data=told.data.resolve(), sequences=tuple(name for name in OFFICIAL_TRAIN if name in names),
        val=(told.val or told.data).resolve(), val_sequences=held, out=out, recipe=told.recipe, common=common,
        own=own, pretraining=0 if told.published else size.pretraining, fractions=size.fractions, seeds=size.seeds,
        published=told.published, protocol="semantickitti", processes=told.processes,
        label_list=str(told.label_list or ""),
    )  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="minutes instead of an hour")
    parser.add_argument("--data", type=Path, help="data to train on, instead of demo streets made for it")
    parser.add_argument("--val", type=Path, help="data to evaluate on; otherwise sequence 08, or a demo street")
    parser.add_argument("--out", type=Path, help="where runs and results go")
    parser.add_argument("--recipe", default="demo_also", help="of the pretraining; also is the published one")
    parser.add_argument("--published", action="store_true", help="passes and optimiser of the authors' program")
    parser.add_argument("--label-list", type=Path, help="SegContrast's percentiles_split.json, for its scans")
    parser.add_argument("--fractions", type=float, nargs="+", help="shares of the labels")
    parser.add_argument("--starts", nargs="+", choices=NAMES, default=list(NAMES), help="what networks begin with")
    parser.add_argument("--seeds", type=int, help="networks of each row")
    parser.add_argument("--pretraining", type=int, help="steps of the pretraining, 0 for its recipe's own")
    parser.add_argument("--steps", type=int, help="steps of finetuning and from scratch")
    parser.add_argument("--rate", type=float, help="largest learning rate of finetuning and from scratch")
    parser.add_argument("--voxel", type=float, help="metres")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="trainings at a time")
    told = parser.parse_args()
    if told.recipe != "demo_also" and told.data is None:
        parser.error("name the data with --data")
    if told.published and told.recipe == "demo_also":
        parser.error("--published is for --recipe also")
    unknown = [f"{share:g}" for share in told.fractions or HOUR.fractions if share not in ALSO_EPOCHS]
    if told.published and unknown:
        parser.error(f"no passes were published for {unknown[0]}; there are {', '.join(map(str, ALSO_EPOCHS))}")
    return told


if __name__ == "__main__":
    try:
        main()
    except LidarScopeError as error:
        sys.exit(str(error))
