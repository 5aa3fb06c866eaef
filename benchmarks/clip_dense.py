"""MaskCLIP's dense path against the image tower's own forward pass, on the same picture at the tower's resolution.

Random weights: the time does not depend on them. The two run in turn, so that other work on the machine hits both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from app.models.clip import architecture, towers
from benchmarks.rows import Row, report

MODELS = ("ViT-B-32", "ViT-B-16", "RN50")
REPEATS = 9
MOST = 1.1


def rows() -> list[Row]:
    """A row for each tower."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return [_row(name, device) for name in MODELS]


def main(*, as_json: bool = False) -> int:
    """Print the rows; 1 where a tower takes more than 1.1 times its own forward pass."""
    measured = rows()
    report(measured, as_json=as_json)
    return 0 if all(row.met for row in measured) else 1


def _row(name: str, device: torch.device) -> Row:
    plan = architecture.named(name)
    visual: Any = architecture.build(plan).visual.to(device)
    pictures = torch.randn(1, 3, *plan.resolution[::-1], device=device)
    with torch.inference_mode():
        own, dense = _in_turn(lambda: visual(pictures), lambda: towers.dense(visual, pictures), device)
    note = f"{plan.resolution[0]} × {plan.resolution[1]} pixels, {device.type}"
    return Row(f"dense features {name}", "ms", dense, "own forward", own, MOST, of_ratio=True, note=note)


def _in_turn(first: Callable[[], Any], second: Callable[[], Any], device: torch.device) -> tuple[float, float]:
    """Median milliseconds of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(REPEATS + 2):
        for work, found in zip((first, second), times, strict=True):
            start = time.perf_counter()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn > 1:
                found.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    raise SystemExit(main())
