"""Training of the words alone: the image tower stays as it is, so that its features are computed once and what was
distilled from them stays true. A step then costs a small part of one through both towers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from app.core.demo import picture_crops as crops
from app.core.demo.captions import KINDS
from app.core.demo.picture_crops import Facts
from demo_clip import network as nets
from demo_clip.batches import Drawer, Mixture, even_cells, told_of
from demo_clip.questions import questions
from demo_clip.training import SIZE_WEIGHT, Plan, log_line, set_rate

POOL = 100
"""Batches' worth of samples whose features are kept; steps draw from them anew and caption them anew."""


@dataclass(frozen=True)
class Pool:
    """Samples of one sort: their features (N, D) float32 unit, and what they show."""

    features: torch.Tensor
    facts: list[Facts]


@dataclass(frozen=True)
class Pools:
    """Samples by how they were drawn, as a batch has them."""

    things: Pool
    surfaces: Pool
    colored: Pool
    sized: Pool
    cells: Pool


@torch.no_grad()
def collect(drawer: Drawer, network: Any, mix: Mixture) -> Pools:
    """Draw samples of POOL batches and compute their features."""
    drawer.find_attributes()

    def pool(draw: Callable[[], tuple[np.ndarray, Facts]], count: int) -> Pool:
        features, facts = [], []
        for _ in range(0, count * POOL, 128):
            images, said = zip(*(draw() for _ in range(128)), strict=True)
            features.append(nets.crops_of(network, nets.pixels(np.stack(images))))
            facts += said
        return Pool(torch.cat(features), facts)

    features, facts = [], []
    for _ in range(mix.windows * POOL):
        image, held = drawer.grid()
        if held:
            grid = nets.cells_of(network, nets.pixels(image[None]))[0]
            features.append(grid[[row for row, _, _ in held], [column for _, column, _ in held]])
            facts += [fact for *_, fact in held]
    return Pools(
        pool(drawer.thing, mix.things), pool(drawer.surface, mix.surfaces), pool(drawer.colored, mix.colored),
        pool(drawer.sized, mix.sized), Pool(torch.cat(features), facts),
    )  # fmt: skip


def train_words(drawer: Drawer, plan: Plan, folder: Path, save: Callable[[Any, np.ndarray, set[str]], None]) -> Any:
    """Train the text tower of ``plan.start`` for the planned minutes, collecting included; as
    :func:`~demo_clip.training.train`."""
    assert plan.start is not None
    begin = time.time()
    torch.manual_seed(plan.seed)
    network = nets.load(plan.start)
    pools, mix, rng = collect(drawer, network, plan.mix), plan.mix, drawer.rng
    for parameter in [*network.visual.parameters(), network.logit_scale]:
        parameter.requires_grad_(False)
    optimizer = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad], lr=plan.rate, weight_decay=0.01, betas=(0.9, 0.98),
        eps=1e-6, fused=True,
    )  # fmt: skip
    tokenizer = nets.tokenizer()
    seen, words = nets.occurred(network), set[str]()
    losses: list[tuple[float, ...]] = []
    started = time.time()
    with (folder / "log.jsonl").open("a") as log:
        while (part := (time.time() - started) / (60 * plan.minutes - (started - begin))) < 1:
            set_rate(optimizer, plan, part)
            losses.append(_step(network, optimizer, tokenizer, _drawn(pools, mix, rng), mix, rng, seen, words))
            if len(losses) % 25 == 0:
                line = log_line(
                    len(losses), (time.time() - begin) / 60, losses[-25:], network.logit_scale.exp().item()
                )
                log.write(json.dumps(line) + "\n")
                log.flush()
    save(network, seen, words)
    return network.eval()


def _drawn(pools: Pools, mix: Mixture, rng: np.random.Generator) -> tuple[list[torch.Tensor], list[list[Facts]]]:
    """Features and facts of a batch: things and surfaces, what was drawn for its attributes, cells."""

    def some(pool: Pool, rows: np.ndarray) -> tuple[torch.Tensor, list[Facts]]:
        return pool.features[torch.from_numpy(rows)], [pool.facts[row] for row in rows]

    taken = [
        some(pool, rng.integers(len(pool.facts), size=count))
        for pool, count in (
            (pools.things, mix.things), (pools.surfaces, mix.surfaces), (pools.colored, mix.colored),
            (pools.sized, mix.sized),
        )
    ]  # fmt: skip
    rows = rng.choice(len(pools.cells.facts), min(4 * mix.cells, len(pools.cells.facts)), replace=False)
    rows = rows[even_cells([pools.cells.facts[row] for row in rows], mix.cells, rng)]
    taken.append(some(pools.cells, rows))
    return [features for features, _ in taken], [facts for _, facts in taken]


def _step(
    network: Any, optimizer: torch.optim.Optimizer, tokenizer: Any,
    drawn: tuple[list[torch.Tensor], list[list[Facts]]], mix: Mixture, rng: np.random.Generator,
    seen: np.ndarray, words: set[str],
) -> tuple[float, ...]:  # fmt: skip
    features, facts = drawn
    told = [fact for part in facts[:4] for fact in part]
    cut, cells = torch.cat(features[:4]), features[4]
    even = len(facts[0]) + len(facts[1])
    captions, meanings, names = told_of(told, facts[4], rng)
    asked = questions(told + facts[4], KINDS, mix.nouns, rng)
    texts = captions + [option for question in asked for option in question.options]
    tokens = tokenizer(texts)
    seen[tokens.numpy().ravel()] = True
    words.update(word for text in texts for word in text.lower().strip(".").split())
    vectors = nets.texts_of(network, tokens)
    mine, options, scale = vectors[: len(captions)], vectors[len(captions) :], network.logit_scale.exp()
    named = mine[torch.from_numpy(names)]
    number = torch.tensor([fact.number - 1 for fact in told[:even]])
    parts = [
        nets.loss_of(cut, mine, torch.from_numpy(crops.agreement(told, meanings)), scale),
        nets.loss_of(cells, mine, torch.from_numpy(crops.agreement(facts[4], meanings)), scale),
        nets.naming_loss(cut[:even], named, number, scale),
        nets.naming_loss(cells, named, torch.tensor([fact.number - 1 for fact in facts[4]]), scale),
        *nets.asking_losses(torch.cat([cut, cells]), options, asked, scale),
    ]
    optimizer.zero_grad(set_to_none=True)
    (sum(parts[:5]) + SIZE_WEIGHT * parts[5]).backward()
    torch.nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 2.0)
    optimizer.step()
    return tuple(part.item() for part in parts)
