"""The training loop."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from demo_clip import network as nets
from demo_clip.batches import Batch, Drawer, Mixture, Shot, batches

SIZE_WEIGHT = 0.5
"""Sizes weigh half: they show less in a crop than anything else that is asked."""


@dataclass(frozen=True)
class Plan:
    """``minutes`` of training; samples of one step; the learning rate at its height."""

    minutes: float
    mix: Mixture = field(default_factory=Mixture)
    rate: float = 1.2e-3
    decay: float = 0.05
    warm: float = 0.03
    settle: float = 0.3
    """The share at the end in which the running means of normalisation stand still."""
    seed: int = 7
    start: Path | None = None
    """A folder whose weights are trained further."""


def _prefetched(shots: list[Shot], plan: Plan) -> Iterator[Batch]:
    """Batches drawn by a second process while the first one computes."""

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self) -> Iterator[Batch]:
            torch.set_num_threads(1)
            drawer = Drawer(shots, np.random.default_rng([plan.seed, int(time.time())]))
            return batches(drawer, plan.mix)

    loader = torch.utils.data.DataLoader(
        Stream(), batch_size=None, num_workers=1, prefetch_factor=3, multiprocessing_context="fork",
        collate_fn=lambda batch: batch,
    )  # fmt: skip
    return iter(loader)


def train(shots: list[Shot], plan: Plan, folder: Path, save: Callable[[Any, np.ndarray, set[str]], None]) -> Any:
    """Train for the planned minutes; ``save`` is called now and then with the network, the tokens that occurred
    and the captions' words. Returns the network."""
    torch.manual_seed(plan.seed)
    network = nets.build() if plan.start is None else nets.load(plan.start)
    network = network.to(memory_format=torch.channels_last).train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.05
    tokenizer = nets.tokenizer()
    big = [p for p in network.parameters() if p.requires_grad and p.ndim >= 2]
    small = [p for p in network.parameters() if p.requires_grad and p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": big, "weight_decay": plan.decay}, {"params": small, "weight_decay": 0.0}], lr=plan.rate,
        betas=(0.9, 0.98), eps=1e-6, fused=True,
    )  # fmt: skip
    seen, words = nets.occurred(network), set()
    begin = saved = time.time()
    losses: list[tuple[float, ...]] = []
    step = 0
    with (folder / "log.jsonl").open("a") as log:
        for batch in _prefetched(shots, plan):
            part = (time.time() - begin) / (60 * plan.minutes)
            if part >= 1:
                break
            set_rate(optimizer, plan, part)
            if part > 1 - plan.settle:
                for module in network.modules():
                    if isinstance(module, torch.nn.BatchNorm2d):
                        module.eval()
            asked = [option for question in batch.questions for option in question.options]
            tokens = tokenizer(batch.captions + asked)
            seen[tokens.numpy().ravel()] = True
            words.update(word for text in batch.captions + asked for word in text.lower().strip(".").split())
            losses.append(_step(network, optimizer, batch, tokens))
            step += 1
            if step % 25 == 0:
                line = log_line(step, (time.time() - begin) / 60, losses[-25:], network.logit_scale.exp().item())
                log.write(json.dumps(line) + "\n")
                log.flush()
            if time.time() - saved > 240:
                saved = time.time()
                save(network, seen, words)
                network.train()
    save(network, seen, words)
    return network.eval()


def log_line(step: int, minutes: float, losses: list[tuple[float, ...]], scale: float) -> dict[str, float]:
    """A line of the log: the mean losses of the last steps."""
    names = "crops", "cells", "crop_names", "cell_names", "colors", "sizes"
    parts = dict(zip(names, np.mean(losses, axis=0).tolist(), strict=True))
    return {"step": step, "minutes": round(minutes, 2), "scale": round(scale, 2), **parts}


def set_rate(optimizer: torch.optim.Optimizer, plan: Plan, part: float) -> None:
    """A short rise and half a cosine; ``part`` is the share of the training that is over."""
    rise = min(1.0, part / plan.warm + 0.02)
    rate = plan.rate * rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * part)))
    for group in optimizer.param_groups:
        group["lr"] = rate


def _step(network: Any, optimizer: torch.optim.Optimizer, batch: Batch, tokens: torch.Tensor) -> tuple[float, ...]:
    # Half as long a step on processors that multiply bfloat16; the loss itself is in float32.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        told = nets.texts_of(network, tokens)
        crops = nets.crops_of(network, nets.pixels(batch.crops))
        grid = nets.cells_of(network, nets.pixels(batch.windows))
    scale = network.logit_scale.exp()
    texts, options = told[: len(batch.captions)], told[len(batch.captions) :]
    cells = grid[tuple(torch.from_numpy(batch.cells).T)]
    one = nets.loss_of(crops, texts, torch.from_numpy(batch.crop_true), scale)
    two = nets.loss_of(cells, texts, torch.from_numpy(batch.cell_true), scale)
    names = texts[torch.from_numpy(batch.names)]
    three = nets.naming_loss(crops, names, torch.from_numpy(batch.crop_class), scale)
    four = nets.naming_loss(cells, names, torch.from_numpy(batch.cell_class), scale)
    five, six = nets.asking_losses(torch.cat([crops, cells]), options, batch.questions, scale)
    optimizer.zero_grad(set_to_none=True)
    (one + two + three + four + five + SIZE_WEIGHT * six).backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimizer.step()
    with torch.no_grad():
        network.logit_scale.clamp_(0, math.log(60))
    return tuple(part.item() for part in (one, two, three, four, five, six))
