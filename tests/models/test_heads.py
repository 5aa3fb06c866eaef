"""Occupancy heads against their formulas, written out slowly, and at their edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from app import discovery
from app.models.heads.base import HeadOutput, OccupancyHead
from app.models.heads.context import ContextHead
from app.models.heads.local import HEADS, LocalHead

NAMES = discovery.module_names("app.models.heads")


def head(name: str, latent: int = 6) -> OccupancyHead:
    torch.manual_seed(1)
    made: OccupancyHead = discovery.load("app.models.heads", name).ENTRY.make(latent)
    return made


def given(queries: int = 5, neighbours: int = 4, points: int = 9, latent: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Query 0 has all its points, query 1 one, the last none."""
    generator = torch.Generator().manual_seed(2)
    support = torch.randint(0, points, (queries, neighbours), generator=generator)
    support[1, 1:] = -1
    support[-1] = -1
    offset = torch.rand(queries, neighbours, 3, generator=generator) - 0.5
    return torch.randn(points, latent, generator=generator), support, offset


def linear(values: np.ndarray, layer: torch.nn.Module) -> np.ndarray:
    weight, bias = (parameter.detach().numpy() for parameter in layer.parameters())
    return np.asarray(values @ weight.T + bias)


def _detached(found: HeadOutput) -> HeadOutput:
    return HeadOutput(*(part.detach() for part in found))


def test_there_are_the_two_published_heads() -> None:
    assert NAMES == ("context", "local")


def test_the_context_head_is_its_formula() -> None:
    made = head("context")
    assert isinstance(made, ContextHead)
    latents, support, offset = given()
    found = _detached(made(latents, support, offset))
    for query, place in ((0, 0), (0, 3), (1, 0), (2, 1)):
        row = int(support[query, place])
        known = np.concatenate([latents[row].numpy(), offset[query, place].numpy()])
        known = linear(known, made.layers[0])
        for number in (2, 4):
            known = linear(np.maximum(known, 0), made.layers[number])
        told = linear(known, made.layers[5])
        assert float(found.occupancy[query, place]) == pytest.approx(told[0], abs=1e-5)
        assert float(found.intensity[query, place]) == pytest.approx(told[1], abs=1e-5)
    assert (found.mask == (support >= 0)).all()
    assert found.occupancy[~found.mask].abs().sum() == 0
    one = made.logits(latents, support, offset).tolist()
    assert one[0] == pytest.approx(float(found.occupancy[0].mean()), abs=1e-6)
    assert one[1] == pytest.approx(float(found.occupancy[1, 0]), abs=1e-6)


def test_the_context_head_has_the_published_layers() -> None:
    sizes = [tuple(p.shape) for p in ContextHead(128).parameters() if p.ndim == 2]
    assert sizes == [(128, 131), (128, 128), (128, 128), (2, 128)]
    kinds = [type(layer).__name__ for layer in ContextHead(128).layers]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "Linear"]


def test_the_local_head_is_its_formula() -> None:
    made = head("local")
    assert isinstance(made, LocalHead)
    latents, support, offset = given()
    found = _detached(made(latents, support, offset))
    assert found.occupancy.shape == found.intensity.shape == found.mask.shape == (5, 1)
    for query in (0, 1, 2):
        places = np.flatnonzero(support[query].numpy() >= 0)
        known = np.concatenate([latents[support[query, places]].numpy(), offset[query, places].numpy()], 1)
        for number in (0, 2, 4):
            known = np.maximum(linear(known, made.layers[number]), 0)
        shares = np.exp(linear(known, made.significance))
        assert shares.shape[1] == HEADS
        weights = (shares / shares.sum(0)).mean(1)
        told = linear(weights @ linear(known, made.values), made.last)
        assert float(found.occupancy[query]) == pytest.approx(told[0], abs=1e-5)
        assert float(found.intensity[query]) == pytest.approx(told[1], abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_without_points_has_no_answer_and_spoils_no_gradient(name: str) -> None:
    made = head(name)
    latents, support, offset = given()
    offset[-1] = torch.nan
    latents.requires_grad_()
    found = made(latents, support, offset)
    assert found.mask.any(1).tolist() == [True, True, True, True, False]
    assert torch.isfinite(found.occupancy).all()
    told = made.logits(latents, support, offset)
    assert torch.isfinite(told[:-1]).all()
    assert torch.isnan(told[-1])
    (found.occupancy.sum() + found.intensity.sum()).backward()
    assert latents.grad is not None
    assert torch.isfinite(latents.grad).all()
    used = np.unique(support.numpy()[support.numpy() >= 0])
    assert (latents.grad.abs().sum(1) > 0).numpy().nonzero()[0].tolist() == used.tolist()
    for parameter in made.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_points_and_neighbours_does_not_matter(name: str) -> None:
    made = head(name)
    latents, support, offset = given()
    order = torch.tensor([2, 0, 3, 1])
    renamed = torch.randperm(len(latents), generator=torch.Generator().manual_seed(4))
    names = torch.argsort(renamed)
    moved = torch.where(support >= 0, names[support.clamp_min(0)], -1)
    same = made.logits(latents, support[:, order], offset[:, order])
    again = made.logits(latents[renamed], moved, offset)
    expected = made.logits(latents, support, offset)
    assert torch.allclose(same[:-1], expected[:-1], atol=1e-6)
    assert torch.allclose(again[:-1], expected[:-1], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_asked_gives_nothing(name: str) -> None:
    made = head(name)
    latents = torch.randn(3, 6)
    assert made.logits(latents, torch.zeros(0, 4, dtype=torch.int64), torch.zeros(0, 4, 3)).shape == (0,)
    alone = torch.full((2, 4), -1)
    assert torch.isnan(made.logits(latents, alone, torch.zeros(2, 4, 3))).all()


@pytest.mark.parametrize("name", NAMES)
def test_shapes_that_do_not_fit_are_named(name: str) -> None:
    latents, support, offset = given()
    with pytest.raises(ValueError, match=r"\(V, 6\).*got \(9, 5\)"):
        head(name)(latents[:, :5], support, offset)
    with pytest.raises(ValueError, match=r"\(5, 4, 2\)"):
        head(name)(latents, support, offset[..., :2])
    with pytest.raises(ValueError, match="above 0"):
        discovery.load("app.models.heads", name).ENTRY.make(6, radius=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_keeps_to_the_same_answer(name: str) -> None:
    made = head(name)
    latents, support, offset = given()
    expected = made.logits(latents, support, offset)
    with torch.autocast("cpu", torch.bfloat16):
        found = made.logits(latents, support, offset)
    assert found.dtype == torch.float32
    assert torch.allclose(found[:-1], expected[:-1], atol=0.05)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("whole", [True, False])
def test_a_prepared_head_says_what_the_head_says(name: str, whole: bool) -> None:
    """Weights larger than at the beginning of a training, so that logits are as large as after it."""
    made = head(name, 32)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(2)
    latents, support, offset = given(400, 8, 90, 32)
    if whole:
        support = support.clamp_min(0)
    else:
        offset[support < 0] = torch.nan
    found = made(latents, support, offset)
    many = found.mask.sum(1)
    intensity = (found.intensity * found.mask).sum(1) / many
    expected = torch.stack([made.logits(latents, support, offset), intensity], 1).detach()
    told = made.prepared(latents)(support.int(), offset)
    assert told.dtype == torch.float32
    assert torch.isnan(told).any(1).tolist() == (many == 0).tolist()
    there = many > 0
    scale = expected[there].abs().max().clamp_min(1)
    assert (told - expected)[there].abs().max() < 1e-5 * scale
    half = made.prepared(latents, half=True)(support, offset)
    assert 0 < (half - expected)[there].abs().max() < 0.03 * scale


@pytest.mark.parametrize("name", NAMES)
def test_a_prepared_head_that_is_asked_nothing(name: str) -> None:
    told = head(name).prepared(torch.randn(3, 6))(torch.zeros(0, 4, dtype=torch.int64), torch.zeros(0, 4, 3))
    assert told.shape == (0, 2)
