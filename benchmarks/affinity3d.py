"""Affinity3D's tables 3 and 4 in form: labels by MaskCLIP (MC) or by instances (CI) × affinity × visibility ×
knowledge transfer, mean and spread over seeds, on demo drives or on SemanticKITTI.

    python -m benchmarks.affinity3d                     an hour on two cores: 4 streets, 3 seeds, 150 steps
    python -m benchmarks.affinity3d --steps 450 --rows af-ci-affinity-visibility      one row, trained for longer
    python -m benchmarks.affinity3d --quick             some minutes: 2 streets, 1 seed, 60 steps
    python -m benchmarks.affinity3d --data KITTI --recipe affinity3d --steps 50000 --clip ViT-B-32:laion2b_s34b_b79k

What is done already is found in ``--out`` again, so a run that is interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.core.affinity.options import ANNOTATION_FREE, SETTINGS, ZERO_SHOT, PseudoLabelOptions
from app.core.datasets import open_dataset
from app.core.demo.writer import default_drive_path
from app.core.evaluation.scoring import Wanted
from app.core.evaluation.splits import UNSEEN
from app.core.geometry.visibility import RULES, VisibilityOptions
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source
from app.core.tasks.evaluate import evaluate
from app.core.tasks.write_demo import write_demo
from app.core.tasks.write_pseudo_labels import write_pseudo_labels
from app.models.clip.source import source_of
from benchmarks._maskclip_labels import write_maskclip_labels
from benchmarks._trainings import say, spread
from benchmarks.rows import Row

FIRST_STREET, OTHER_STREET = 10, 1
"""Seeds of the streets trained on, and of the one that is evaluated; none of them trained the demo CLIP."""

USUAL_RULE = VisibilityOptions().rule

VOTES = 12
SCORES = ("seen_miou", "unseen_miou", "miou", "hiou")


@dataclass(frozen=True)
class Size:
    """How much is done: ``frames`` of each of ``streets``, ``held`` ones to evaluate, ``seeds``, ``steps``."""

    streets: int
    frames: int
    held: int
    seeds: int
    steps: int


HOUR = Size(streets=4, frames=10, held=20, seeds=3, steps=150)
QUICK = Size(streets=2, frames=8, held=8, seeds=1, steps=60)


ON_DEMO = {"front_view": "true", "batch_size": "4", "voxel_size": "0.2", "precision": "32"}
"""Demo streets are trained on in the front view alone, as they are evaluated; four scans a step, which cost one and
a half times as much as one (small scans keep a processor busy with calls); in voxels of 20 cm; in float32, quicker
than bfloat16 for so small a network. A step takes a third of what it does with the recipe's settings."""


@dataclass(frozen=True)
class Variant:
    """A row of table 3: labels by "MC" or "CI", and which modules are on."""

    setting: str
    labels: str
    affinity: bool
    visibility: bool
    transfer: bool

    @property
    def name(self) -> str:
        """As a folder is called."""
        parts = [self.labels, *(name for name in ("affinity", "visibility", "transfer") if getattr(self, name))]
        return "-".join(("gzs" if self.setting == ZERO_SHOT else "af", *parts)).lower()

    @property
    def made(self) -> str:
        """Folder of its labels."""
        return self.name.replace("-transfer", "").partition("-")[2]


COMBINATIONS = (
    ("MC", False, False, False), ("MC", False, True, False), ("MC", False, False, True), ("MC", False, True, True),
    ("CI", False, True, False), ("CI", True, True, False), ("CI", False, True, True), ("CI", True, True, True),
)  # fmt: skip
VARIANTS = tuple(Variant(setting, *parts) for setting in SETTINGS for parts in COMBINATIONS)
"""The sixteen rows of the paper's table 3, in its order."""


@dataclass(frozen=True)
class Bench:
    """What is measured: ``data`` to train on, its ``sequences``, ``val`` to evaluate, where results go, and how."""

    data: Path
    sequences: tuple[str, ...]
    val: Path
    val_sequences: tuple[str, ...]
    out: Path
    recipe: str
    clip: str
    steps: int
    seeds: int
    protocol: str
    processes: int
    settings: dict[str, str]
    variants: tuple[Variant, ...] = VARIANTS
    rule: str = USUAL_RULE
    votes: bool = False


def demo_bench(size: Size, out: Path, processes: int) -> Bench:
    """On demo streets, which are written where they are missing."""
    place = default_drive_path(0).parent
    data = place / f"affinity3d-train-{size.streets}x{size.frames}"
    run(write_demo(Context(), folder=data, frames=size.frames, seed=FIRST_STREET, worlds=size.streets))
    val = place / f"affinity3d-val-{size.held}"
    run(write_demo(Context(), folder=val, frames=size.held, seed=OTHER_STREET))
    names = tuple(sequence.name for sequence in open_dataset(data).sequences)
    return Bench(
        data, names, val, ("00",), out, "demo_affinity3d", "", size.steps, size.seeds, "present", processes, ON_DEMO
    )


def measure(bench: Bench) -> dict[str, Any]:
    """Make all labels, train all rows, evaluate; everything that was found, also written to ``results.json``."""
    started = time.perf_counter()
    accuracy = {}
    for variant in dict.fromkeys(replace(variant, transfer=False) for variant in bench.variants):
        say(f"labels {variant.name}")
        accuracy[variant.name] = make_labels(bench, variant)
    jobs = [(bench, variant, seed) for seed in range(bench.seeds) for variant in bench.variants]
    scores: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in bench.variants}
    with ProcessPoolExecutor(bench.processes, get_context("spawn")) as pool:
        for (_, variant, seed), found in zip(jobs, pool.map(trained, jobs), strict=True):
            scores[variant.name].append(found)
            say(f"{variant.name} seed {seed}: {_line(found)}  ({time.perf_counter() - started:.0f} s)")
    plain = dict.fromkeys(replace(variant, transfer=False) for variant in bench.variants)
    own = {variant.name: labels_alone(bench, variant) for variant in plain}
    result = {"accuracy": accuracy, "scores": scores, "labels": own, "seconds": time.perf_counter() - started}
    (bench.out / f"results-{bench.steps}.json").write_text(json.dumps(result, indent=1))
    return result


def make_labels(bench: Bench, variant: Variant) -> dict[str, float]:
    """Labels of all training sequences, and for comparison of those that are evaluated; table 4's accuracy."""
    options = PseudoLabelOptions(
        source_of(bench.clip),
        setting=variant.setting,
        affinity=variant.affinity,
        visibility=VisibilityOptions(bench.rule),
    )
    right: dict[str, list[tuple[float, float]]] = {}
    for data, sequence, own in _drives(bench):
        out = bench.out / "labels" / own / variant.made
        if variant.labels == "MC":
            frames = range(len(open_dataset(data).sequence(sequence)))
            root = write_maskclip_labels(
                Source(data, sequence), out, options, visible=variant.visibility, frames=frames
            )
        else:
            root = out / variant.setting / "sequences" / sequence
            if not (root / "report.json").is_file():
                run(write_pseudo_labels(Context(), source=Source(data, sequence), out=out, options=options))
        report = json.loads((root / "report.json").read_text())
        if own == "train":
            points = report["labelled_points"]
            share = report.get("point_accuracy", report.get("point_accuracy_after"))
            right.setdefault("points", []).append((points, share or 0.0))
            if variant.labels == "CI":
                right.setdefault("instances", []).append((report["judged"], report["accuracy_after"] or 0.0))
    totals = {name: sum(count for count, _ in parts) for name, parts in right.items()}
    shares = {name: sum(c * s for c, s in parts) / max(totals[name], 1) for name, parts in right.items()}
    return {**{f"{name}_right": share for name, share in shares.items()}, **totals}


def trained(job: tuple[Bench, Variant, int]) -> dict[str, float]:
    """Train one row with one seed, unless that is done, and evaluate it; with votes too in the last row, and where
    they are asked for."""
    from app.core.training import run as runs
    from app.core.training.recipes import recipe_of

    bench, variant, seed = job
    folder = bench.out / f"runs-{bench.steps}" / f"{variant.name}-{seed}"
    done = folder / "scores.json"
    if done.is_file():
        found: dict[str, float] = json.loads(done.read_text())
        return _with_votes(bench, variant, folder, found)
    kind, recipe = recipe_of(
        bench.recipe,
        {
            "labels": str(bench.out / "labels" / "train" / variant.made / variant.setting),
            "train_sequences": ",".join(bench.sequences),
            "clip": bench.clip,
            "transfer": str(variant.transfer),
            "visibility": bench.rule if variant.visibility else "none",
            "max_steps": str(bench.steps),
            "seed": str(seed),
            "validate_every": "0",
            "watch_every": "0",
            "checkpoint_every": str(bench.steps),
            "threads": "1",
            **bench.settings,
        },
    )
    if (folder / "config.json").is_file():
        runs.resume(folder)
    else:
        runs.train(folder, kind, recipe, bench.data)
    found = evaluated(bench, folder, variant.setting)
    done.write_text(json.dumps(found))
    return _with_votes(bench, variant, folder, found)


def _with_votes(bench: Bench, variant: Variant, folder: Path, found: dict[str, float]) -> dict[str, float]:
    """What was found, and the mIoU of the mean of ``VOTES`` turned scans where that is wanted (§4.2)."""
    if (bench.votes or variant == VARIANTS[-1]) and "miou_votes" not in found:
        found = found | {"miou_votes": evaluated(bench, folder, variant.setting, votes=VOTES)["miou"]}
        (folder / "scores.json").write_text(json.dumps(found))
    return found


def evaluated(bench: Bench, predictions: Path, setting: str, votes: int = 1) -> dict[str, float]:
    """mIoU of a network, or of a folder of labels, on the front view (§4.1)."""
    wanted = Wanted(bench.protocol, front_view=True, unseen=UNSEEN["affinity3d"] if setting == ZERO_SHOT else ())
    report = run(
        evaluate(
            Context(),
            predictions=predictions,
            data=bench.val,
            sequences=bench.val_sequences,
            wanted=wanted,
            votes=votes,
        )
    ).report()
    return {name: report[name] for name in SCORES if report.get(name) is not None}


def labels_alone(bench: Bench, variant: Variant) -> dict[str, float]:
    """The labels of the evaluated drive held against its truth as if they were predictions: points without one are
    wrong."""
    folder = bench.out / "labels" / "val" / variant.made / variant.setting / "sequences"
    target = bench.out / "labels" / "val" / f"{variant.name}-as-predictions" / "sequences"
    for sequence in bench.val_sequences:
        link = target / sequence / "predictions"
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((folder / sequence / "labels").resolve())
    return evaluated(bench, target.parent, variant.setting)


def _drives(bench: Bench) -> Iterator[tuple[Path, str, str]]:
    yield from ((bench.data, sequence, "train") for sequence in bench.sequences)
    yield from ((bench.val, sequence, "val") for sequence in bench.val_sequences)


def table(result: dict[str, Any]) -> str:
    """Both tables, and what the labels alone reach, as Markdown."""
    lines = [
        "| setting | labels | affinity | visibility | transfer | seen | unseen | all | hIoU |",
        "|---" * 9 + "|",
    ]
    for variant in (one for one in VARIANTS if one.name in result["scores"]):
        marks = ["✓" if on else "" for on in (variant.affinity, variant.visibility, variant.transfer)]
        cells = [
            spread(entry[name] for entry in result["scores"][variant.name] if name in entry) for name in SCORES
        ]
        lines.append("| " + " | ".join([variant.setting, variant.labels, *marks, *cells]) + " |")
    lines += ["", "| labels of training frames | instances right | points right |", "|---|---|---|"]
    for name, found in result["accuracy"].items():
        cells = [_share(found, "instances"), _share(found, "points")]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    lines += ["", "| labels alone, evaluated drive | seen | unseen | all | hIoU |", "|---" * 5 + "|"]
    for name, found in result["labels"].items():
        lines.append("| " + " | ".join([name, *(spread([found[s]] if s in found else []) for s in SCORES)]) + " |")
    for name, found in result["scores"].items():
        votes = spread(entry["miou_votes"] for entry in found if "miou_votes" in entry)
        if votes:
            lines += ["", f"{name} with {VOTES} votes: {votes}."]
    lines += ["", f"{result['seconds'] / 60:.0f} min in all."]
    return "\n".join(lines)


def _share(found: dict[str, float], name: str) -> str:
    if name not in found:
        return ""
    return f"{round(found[name] * found[f'{name}_right'])}/{found[name]:.0f} = {100 * found[f'{name}_right']:.1f} %"


def _line(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {100 * value:.1f}" for name, value in found.items())


def rows() -> list[Row]:
    """The quick form, for ``bench affinity3d``: full rows of both settings."""
    place = default_drive_path(0).parent / "affinity3d-quick"
    result = measure(demo_bench(QUICK, place, 1))
    say(table(result))
    return [
        Row(f"{setting} mIoU, CI with all modules", "%", 100 * result["scores"][full][0]["miou"],
            "MC with none", 100 * result["scores"][bare][0]["miou"], note=f"{QUICK.steps} steps, one seed")
        for setting, bare, full in (
            (ZERO_SHOT, VARIANTS[0].name, VARIANTS[7].name), (ANNOTATION_FREE, VARIANTS[8].name, VARIANTS[15].name)
        )
    ]  # fmt: skip


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="some minutes instead of an hour")
    parser.add_argument("--data", type=Path, help="SemanticKITTI, instead of demo streets")
    parser.add_argument("--out", type=Path, help="where labels, runs and results go")
    parser.add_argument("--recipe", default="demo_affinity3d", help="recipe for --data; affinity3d is the paper's")
    parser.add_argument("--clip", default="", help="CLIP for --data: a file, a folder, or MODEL:TAG")
    parser.add_argument("--steps", type=int, help="optimiser steps of a run")
    parser.add_argument("--seeds", type=int, help="runs of each row")
    parser.add_argument("--rows", nargs="+", choices=[variant.name for variant in VARIANTS], metavar="ROW",
                        help="these alone, as their folders are called")  # fmt: skip
    parser.add_argument("--votes", action="store_true", help=f"every network with {VOTES} votes too")
    parser.add_argument("--rule", default=USUAL_RULE, choices=RULES, help="of visibility; each has its folders")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="trainings at a time")
    told = parser.parse_args()
    size = QUICK if told.quick else HOUR
    size = replace(size, seeds=told.seeds or size.seeds, steps=told.steps or size.steps)
    name = f"affinity3d-{'quick' if told.quick else 'hour'}"
    out = (told.out or default_drive_path(0).parent / name).resolve()
    if told.data is None:
        bench = demo_bench(size, out, told.processes)
    else:
        from app.core.training.split import OFFICIAL_TRAIN, OFFICIAL_VAL

        names = [sequence.name for sequence in open_dataset(told.data).sequences]
        sequences = tuple(name for name in OFFICIAL_TRAIN if name in names)
        bench = Bench(
            told.data.resolve(), sequences, told.data.resolve(), OFFICIAL_VAL, out, told.recipe, told.clip,
            size.steps, size.seeds, "semantickitti", told.processes, {},
        )  # fmt: skip
    if told.rows:
        bench = replace(bench, variants=tuple(variant for variant in VARIANTS if variant.name in told.rows))
    bench = replace(bench, votes=told.votes)
    if told.rule != USUAL_RULE:
        bench = replace(bench, rule=told.rule, out=bench.out / f"rule-{told.rule}")
    say(table(measure(bench)))


if __name__ == "__main__":
    main()
