"""Make the small CLIP that ships in assets: render demo worlds, train on crops and captions, measure.

    .venv/bin/python scripts/train_demo_clip.py [--data DIR] [--minutes 36] [--worlds 56] [--evaluate]

Worlds follow from seeds; those that measure are others than those that train. Pictures are kept in ``--data`` and
made only once. ``--evaluate`` measures the model in ``--out`` and writes the figures on its card.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import numpy as np  # noqa: E402
from demo_clip import frozen, measuring, pictures, training  # noqa: E402
from demo_clip import network as nets  # noqa: E402
from demo_clip.batches import Drawer, load_shots  # noqa: E402

from app.core.errors import LidarScopeError  # noqa: E402
from app.core.files import write_atomically  # noqa: E402

TARGET = ROOT / "assets" / "clip" / "demo_clip"
LIMIT = 25 << 20
TEST_WORLDS = 9
FURTHER_RATE = 5e-4
WORDS_RATE = 1e-3


def main() -> int:
    options = _options()
    options.data.mkdir(parents=True, exist_ok=True)
    train_seeds = [pictures.TRAIN_SEED + k for k in range(options.worlds)]
    test_seeds = [pictures.TEST_SEED + k for k in range(TEST_WORLDS)]
    pictures.render(options.data, test_seeds + ([] if options.evaluate else train_seeds), options.frames, 2)
    if not options.evaluate:
        _train(options, train_seeds)
    _measure(options, test_seeds)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=ROOT / "out" / "demo_clip", help="pictures and the log go here"
    )
    parser.add_argument("--out", type=Path, default=TARGET, help="folder of the model")
    parser.add_argument("--minutes", type=float, default=36.0, help="how long to train")
    parser.add_argument("--worlds", type=int, default=56, help="streets to train on")
    parser.add_argument("--frames", type=int, default=5, help="pictures of each")
    parser.add_argument("--further", action="store_true", help="train the model in --out further, at a lower rate")
    parser.add_argument(
        "--words",
        action="store_true",
        help="train only the words of the model in --out: pictures keep their features",
    )
    parser.add_argument("--evaluate", action="store_true", help="measure only")
    return parser.parse_args()


def _train(options: argparse.Namespace, seeds: list[int]) -> None:
    begin, before = time.time(), _read_card(options.out) if options.further or options.words else {}
    shots = load_shots(options.data, seeds, options.frames)
    print(f"{len(shots)} pictures", flush=True)

    def save(network: Any, seen: np.ndarray, words: set[str]) -> None:
        nets.save(options.out, network, seen)
        _write_card(options.out, {
            "title": "Demo CLIP",
            "licence": "MIT",
            "trained_by": "scripts/train_demo_clip.py",
            "trained_on": f"{len(shots)} pictures of {len(seeds)} demo worlds",
            "seeds": {"train": [seeds[0], seeds[-1]],
                      "test": [pictures.TEST_SEED, pictures.TEST_SEED + TEST_WORLDS - 1]},
            "training_minutes": round(before.get("training_minutes", 0) + (time.time() - begin) / 60, 1),
            "notes": [
                "It knows the demo world only: streets made up by this program. It knows no photograph.",
                "Cells of larger windows were trained through MaskCLIP's value path, besides whole crops.",
                "Small and large can be told of trees, bushes and, less surely, houses; of cars they cannot, as "
                "crops are squeezed to a square: ask for kinds (van) instead.",
            ],
            "dense_side": measuring.DENSE_SIDE,
            "words": sorted(words | set(before.get("words", ()))),
            "scores": {},
        })  # fmt: skip

    plan = training.Plan(options.minutes)
    if options.further:
        plan = replace(plan, rate=FURTHER_RATE, settle=1.0, start=options.out)
    if options.words:
        rng = np.random.default_rng([plan.seed, int(begin)])
        frozen.train_words(
            Drawer(shots, rng), replace(plan, rate=WORDS_RATE, start=options.out), options.data, save
        )
    else:
        training.train(shots, plan, options.data, save)


def _measure(options: argparse.Namespace, seeds: list[int]) -> None:
    card = _read_card(options.out)
    card["scores"] = measuring.measure(options.out, load_shots(options.data, seeds, options.frames))
    _write_card(options.out, card)
    size = sum(path.stat().st_size for path in options.out.iterdir())
    if size > LIMIT:
        raise LidarScopeError(f"{options.out} has {size} bytes; at most {LIMIT} may ship.")
    print(json.dumps({"path": str(options.out), "bytes": size, **card["scores"]}, indent=1))


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / "card.json"
    if not path.is_file():
        raise LidarScopeError(f"{folder} holds no card.json; train a model there first.")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    write_atomically(folder / "card.json", (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LidarScopeError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
