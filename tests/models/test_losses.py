"""Losses and objectives against their definitions, written out slowly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from app import discovery
from app.models.backbones import minkunet
from app.models.losses.segmentation import IGNORED, cross_entropy, lovasz_softmax
from app.models.objectives import supervised
from app.models.objectives.base import Batch


def given(points: int = 60, classes: int = 4, scans: int = 3) -> tuple[Tensor, Tensor, Tensor, int]:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(points, classes, generator=generator, dtype=torch.float64)
    targets = torch.randint(-1, classes, (points,), generator=generator)
    return logits, targets, torch.arange(points) * scans // points, scans


def test_cross_entropy_is_the_mean_over_scans_of_torchs() -> None:
    logits, targets, scans, count = given()
    weights = torch.tensor([1.0, 2.0, 0.5, 3.0])
    expected = torch.stack([
        torch.nn.functional.cross_entropy(
            logits[scans == s].float(), targets[scans == s], weights, ignore_index=IGNORED
        )
        for s in range(count)
    ]).mean()  # fmt: skip
    assert torch.allclose(cross_entropy(logits, targets, scans, count, weights=weights), expected)


def test_label_smoothing_is_torchs() -> None:
    logits, targets, scans, _ = given(scans=1)
    expected = torch.nn.functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, label_smoothing=0.2)
    assert torch.allclose(cross_entropy(logits, targets, scans, 1, smoothing=0.2), expected)


def test_focal_loss_leaves_out_what_is_already_right() -> None:
    logits = torch.tensor([[9.0, 0.0], [0.0, 0.0]])
    targets, scans = torch.tensor([0, 0]), torch.zeros(2, dtype=torch.int64)
    focal = cross_entropy(logits, targets, scans, 1, gamma=2.0)
    p = logits.softmax(1)[:, 0]
    assert torch.allclose(focal, (-((1 - p) ** 2) * p.log()).mean())
    assert focal < cross_entropy(logits, targets, scans, 1)


def jaccard_extension(errors: np.ndarray, truth: np.ndarray) -> float:
    """The Lovász extension by its definition: marginal Jaccard losses along falling errors."""
    order = np.argsort(-errors, kind="stable")
    chosen: set[int] = set()
    total = before = 0.0
    positives = set(np.flatnonzero(truth).tolist())
    for i in order:
        chosen.add(int(i))
        hit = positives - chosen
        union = positives | chosen
        loss = 1 - len(hit) / len(union)
        total += errors[i] * (loss - before)
        before = loss
    return total


def test_lovasz_softmax_is_the_extension_of_the_jaccard_loss() -> None:
    logits, targets, scans, count = given()
    p = logits.softmax(1).numpy()
    means = []
    for s in range(count):
        rows = ((scans == s) & (targets != IGNORED)).numpy()
        values = []
        for c in np.unique(targets.numpy()[rows]):
            truth = targets.numpy()[rows] == c
            values.append(jaccard_extension(np.abs(truth - p[rows, c]), truth))
        means.append(np.mean(values))
    assert float(lovasz_softmax(logits, targets, scans, count)) == pytest.approx(np.mean(means), rel=1e-5)


@pytest.mark.parametrize("loss", [cross_entropy, lovasz_softmax])
def test_without_labels_the_loss_and_its_gradient_are_zero(loss: object) -> None:
    logits, _, scans, count = given()
    logits.requires_grad_()
    value = loss(logits, torch.full_like(scans, IGNORED), scans, count)  # type: ignore[operator]
    value.backward()
    assert float(value.detach()) == 0
    assert logits.grad is not None
    assert not logits.grad.any()


@pytest.mark.parametrize("loss", [cross_entropy, lovasz_softmax])
def test_gradients_are_those_of_the_loss(loss: object) -> None:
    logits, targets, scans, count = given(points=12)
    logits = logits.float().requires_grad_()
    loss(logits, targets, scans, count).backward()  # type: ignore[operator]
    assert logits.grad is not None
    step = 1e-2
    for row, column in ((0, 0), (5, 2), (11, 3)):
        moved = torch.zeros_like(logits)
        moved[row, column] = step
        up = float(loss(logits.detach() + moved, targets, scans, count))  # type: ignore[operator]
        down = float(loss(logits.detach() - moved, targets, scans, count))  # type: ignore[operator]
        assert float(logits.grad[row, column]) == pytest.approx((up - down) / (2 * step), abs=2e-3)


def test_wrong_shapes_are_named() -> None:
    logits, targets, scans, count = given()
    with pytest.raises(ValueError, match=r"\(60, 4\), \(59,\)"):
        cross_entropy(logits, targets[1:], scans, count)
    with pytest.raises(ValueError, match="int64"):
        lovasz_softmax(logits, targets.int(), scans, count)


def batch(points: int = 40, scans: int = 2) -> Batch:
    rng = np.random.default_rng(0)
    coords = np.concatenate(
        [np.repeat(np.arange(scans), points // scans)[:, None], rng.integers(0, 9, (points, 3))], 1
    )
    feats = torch.from_numpy(rng.normal(size=(points, 4)).astype(np.float32))
    targets = torch.from_numpy(rng.integers(-1, 3, points))
    wanted = torch.from_numpy(rng.normal(size=(3, 3)).astype(np.float32))  # for objectives that learn features
    plain = Batch(torch.from_numpy(coords.astype(np.int32)), feats, targets, scans, wanted)
    return plain._replace(**asked(points, feats, rng))


def asked(points: int, feats: Tensor, rng: np.random.Generator) -> dict[str, Any]:
    """Queries of one or two points each, for objectives that learn occupancy."""
    rows = np.arange(points)
    support = np.stack([rows, np.where(rows % 3, (rows + 2) % points, -1)], 1)
    occupied = rng.random(points) < 0.5
    return {
        "queries": feats[:, :3] + torch.where(torch.from_numpy(occupied), 0.3, -0.3)[:, None],
        "support": torch.from_numpy(support),
        "occupied": torch.from_numpy(occupied),
        "shine": torch.from_numpy(np.where(occupied, 0.5, -1).astype(np.float32)),
    }


@pytest.mark.parametrize("name", discovery.module_names("app.models.objectives"))
def test_every_objective_gives_finite_losses_that_reach_the_network(name: str) -> None:
    torch.manual_seed(0)
    network = minkunet.ENTRY.make(cr=0.05, num_classes=3)
    objective = discovery.load("app.models.objectives", name).ENTRY.make(network, {})
    optimizer = torch.optim.SGD(network.parameters(), 0.05)
    values = []
    for _ in range(8):
        losses = objective(batch())
        assert all(torch.isfinite(value) and value.ndim == 0 for value in losses.values())
        optimizer.zero_grad()
        losses["loss"].backward()
        assert network.stem[0].kernel.grad.abs().sum() > 0
        optimizer.step()
        values.append(float(losses["loss"].detach()))
    assert values[-1] < values[0]


def test_parts_are_weighted_and_sum_to_the_loss() -> None:
    network = minkunet.ENTRY.make(cr=0.05, num_classes=3)
    fields = {"cross_entropy": 1.0, "lovasz": 0.5, "focal": 2.0}
    losses = supervised.ENTRY.make(network, fields)(batch())
    parts = [losses[name] for name in fields]
    assert torch.allclose(losses["loss"], torch.stack(parts).sum())


def test_objectives_refuse_what_does_not_fit() -> None:
    network = minkunet.ENTRY.make(cr=0.05, num_classes=3)
    with pytest.raises(ValueError, match="above 0"):
        supervised.ENTRY.make(network, {"cross_entropy": 0.0})
    with pytest.raises(ValueError, match="3 classes, but 2"):
        supervised.ENTRY.make(network, {"weights": (1.0, 2.0)})
