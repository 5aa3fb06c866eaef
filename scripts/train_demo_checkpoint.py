"""Make a checkpoint that ships in assets: write demo drives, train on them, measure, keep the weights.

    .venv/bin/python scripts/train_demo_checkpoint.py [demo|demo_distill|demo_also] [--work DIR] [--worlds 12]
        [--frames 16] [--set key=value …]
    .venv/bin/python scripts/train_demo_checkpoint.py demo_distill --follow FOLDER [--work DIR]

``demo`` learns the classes from labels; ``demo_distill`` learns what the demo CLIP sees, and is asked in words;
``demo_also`` learns without labels what lies along lines of sight, and tells surfaces.

Everything follows from seeds. Training worlds are the sequences of one drive. A second world chooses the best
weights, and a third, which nothing has seen, measures them. A second call goes on where the first was stopped.

``--follow`` keeps the weights where only the words of the demo CLIP were trained further: pictures still have the
features that the network learnt. It takes the folder of the CLIP that taught, checks that, and measures anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.core.demo import write_drive  # noqa: E402
from app.core.errors import LidarScopeError  # noqa: E402
from app.core.evaluation.confusion import Confusion  # noqa: E402
from app.core.model_card import SURFACE, ModelCard, load_model  # noqa: E402
from app.core.tasks.base import run as run_task  # noqa: E402
from app.core.training import run  # noqa: E402
from app.core.training.recipes import recipe_of  # noqa: E402
from app.core.training.samples import Samples  # noqa: E402
from app.core.training.validation import confusion_of  # noqa: E402
from app.models import checkpoints  # noqa: E402

TEST_SEED, VAL_SEED = 1, 2
VAL_FRAMES = 16
FIRST_SEED = 100
"""Training worlds have seeds from here on, far from those that users look at first."""

TARGETS = {
    "demo": "demo_minkunet.safetensors",
    "demo_distill": "demo_distilled.safetensors",
    "demo_also": f"{SURFACE}.safetensors",
}
LIMIT = 10 << 20
_FOLLOWED = "Distilled from CLIP {}; the present one has the same image tower, and words trained further."


def main() -> int:
    options = _options()
    if options.follow is not None:
        _follow(options)
        return 0
    train, val, test = _drives(options.work, options.worlds, options.frames, options.test_frames)
    folder = options.work / ("run" if options.recipe == "demo" else f"run-{options.recipe}")
    if (folder / "config.json").exists():
        run.resume(folder)
    else:
        names = [f"{k:02d}" for k in range(options.worlds)]
        told = {"val_data": str(val), "train_sequences": ",".join(names)}
        kind, recipe = recipe_of(
            options.recipe, {**told, **dict(entry.split("=", 1) for entry in options.settings)}
        )
        run.train(folder, kind, recipe, train)
    best = load_model(folder, "cpu")
    card = dataclasses.replace(
        best.card,
        trained_on=f"{options.worlds} demo worlds (seeds from {FIRST_SEED}), {options.frames} frames each",
        run="scripts/train_demo_checkpoint.py",
        notes=("Trained on demo worlds alone: it shows what predictions look like and knows no real street.",),
    )
    if card.pretrained:
        from demo_surface import keep_surface_model  # beside this file

        keep_surface_model(folder, card, test, options.out, LIMIT)
    else:
        _keep(best.network, card, test, options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--work", type=Path, default=ROOT / "out" / "demo_checkpoint", help="drives and run go here"
    )
    parser.add_argument("recipe", nargs="?", choices=tuple(TARGETS), default="demo", help="what is learnt")
    parser.add_argument("--out", type=Path, default=None, help="the checkpoint; otherwise where it ships")
    parser.add_argument("--worlds", type=int, default=12, help="streets to train on")
    parser.add_argument("--frames", type=int, default=16, help="frames of each")
    parser.add_argument("--test-frames", type=int, default=40, help="frames of the street that measures")
    parser.add_argument("--set", action="append", dest="settings", default=[], help="a field of the recipe")
    parser.add_argument(
        "--follow",
        type=Path,
        default=None,
        help="the CLIP that taught, where the present one differs in words only",
    )
    options = parser.parse_args()
    if options.follow is not None and options.recipe != "demo_distill":
        parser.error("--follow is for demo_distill: other networks know no CLIP")
    options.out = options.out or ROOT / "assets" / "checkpoints" / TARGETS[options.recipe]
    return options


def _drives(work: Path, worlds: int, frames: int, test_frames: int) -> tuple[Path, Path, Path]:
    for k in range(worlds):
        run_task(write_drive(work / "train", frames=frames, seed=FIRST_SEED + k, sequence=f"{k:02d}"))
        print(f"world {k + 1} of {worlds}", file=sys.stderr)
    run_task(write_drive(work / "val", frames=VAL_FRAMES, seed=VAL_SEED))
    run_task(write_drive(work / "test", frames=test_frames, seed=TEST_SEED))
    return work / "train", work / "val", work / "test"


def _follow(options: argparse.Namespace) -> None:
    """Name the present CLIP on the checkpoint; ``LidarScopeError`` where features of pictures have changed."""
    from app.core.language import clips
    from app.models.clip.source import BUILT_IN, source_of

    model = load_model(options.out, "cpu")
    before, now = (clips.info_of(clips.stamped(source_of(str(path)))) for path in (options.follow, BUILT_IN))
    if model.card.clip != before.identity:
        raise LidarScopeError(f"{options.out} learnt from CLIP {model.card.clip}, not from {before.identity}.")
    if not _same_pictures(options.follow, BUILT_IN):
        raise LidarScopeError(f"The image towers of {options.follow} and {BUILT_IN} differ; distil again.")
    run_task(write_drive(options.work / "test", frames=options.test_frames, seed=TEST_SEED))
    card = dataclasses.replace(
        model.card,
        clip=now.identity,
        notes=(model.card.notes[0], _FOLLOWED.format(before.identity)),
    )
    _keep(model.network, card, options.work / "test", options)


def _same_pictures(one: Path, other: Path) -> bool:
    """Whether two CLIPs in open_clip's layout have the same image tower, bit by bit."""
    from safetensors.torch import load_file

    first, second = (load_file(path / "open_clip_model.safetensors") for path in (one, other))
    names = [name for name in first if name.startswith("visual.")]
    return bool(names) and all(name in second and first[name].equal(second[name]) for name in names)


def _keep(network: object, card: ModelCard, test: Path, options: argparse.Namespace) -> None:
    """Write weights in half precision with the scores that these very weights reach."""
    card = dataclasses.replace(card, scores={})
    _write(options.out, network, card)
    counts = _measured(options.out, options.recipe, test)
    scores = {"miou": counts.miou(), "miou_present": counts.miou("present"), "accuracy": counts.accuracy}
    by_class = {name: value for name, value in counts.by_class(counts.iou("present")).items() if value is not None}
    measured = f"Scores: {options.test_frames} frames of the demo world of seed {TEST_SEED}, in float32."
    _write(
        options.out, network,
        dataclasses.replace(
            card, scores={**scores, **{f"iou/{k}": v for k, v in by_class.items()}}, notes=(*card.notes, measured)
        ),
    )  # fmt: skip
    print(json.dumps({"path": str(options.out), "bytes": options.out.stat().st_size, **scores, "iou": by_class}))


def _write(path: Path, network: object, card: ModelCard) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save(path, network, card.network, metadata=card.metadata(), half=True)  # type: ignore[arg-type]
    if path.stat().st_size > LIMIT:
        raise LidarScopeError(f"{path} has {path.stat().st_size} bytes; at most {LIMIT} may ship.")


def _measured(path: Path, recipe: str, test: Path) -> Confusion:
    """The written weights on the test world; those that give features are asked for the classes in words."""
    import contextlib

    import torch

    model = load_model(path, "cpu")
    told = {"voxel_size": str(model.card.voxel_size), "train_sequences": ""}
    samples = Samples(test, recipe_of(recipe, told)[1])
    return confusion_of(
        model.network, samples, samples.split.train,
        precision=contextlib.nullcontext, device=torch.device("cpu"),
    )  # fmt: skip


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LidarScopeError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
