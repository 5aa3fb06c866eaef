"""Checkpoints of pretrained networks: the head comes back, and who wants classes is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from surface_models import LATENT, write_tiny_surface_model

from app.core.errors import DataError, UsageError
from app.core.model_card import HEAD_PREFIX, built_in, card_of, load_model
from app.core.prediction.predictor import Predictor
from app.core.surface_model import head_state, load_surface_model
from app.models import checkpoints


@pytest.mark.parametrize("head", ["context", "local"])
def test_network_and_head_come_back(head: str, tmp_path: Path) -> None:
    path = write_tiny_surface_model(tmp_path, head)
    model = load_surface_model(path, "cpu")
    assert model.card.occupancy["head"] == head
    assert (model.card.outputs, model.head.latent, model.card.classes) == (LATENT, LATENT, ())
    stored = head_state(checkpoints.read(path).state)
    assert stored
    for name, value in model.head.state_dict().items():
        assert torch.equal(value, stored[name])
    assert not model.head.training
    coords = torch.tensor([[0, 1, 2, 3], [0, 1, 2, 4]], dtype=torch.int32)
    with torch.inference_mode():
        latents = model.network(coords, torch.rand(2, 4))
        told = model.head.logits(latents, torch.tensor([[0, 1], [1, -1], [-1, -1]]), torch.rand(3, 2, 3))
    assert torch.isfinite(told).tolist() == [True, True, False]


def test_a_network_of_classes_has_no_head(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no occupancy head"):
        load_surface_model(built_in(), "cpu")


def test_a_pretrained_network_predicts_no_classes(tmp_path: Path) -> None:
    model = load_model(write_tiny_surface_model(tmp_path), "cpu")
    with pytest.raises(UsageError, match="pretrained on occupancy and predicts no classes; finetune it"):
        Predictor(model, device="cpu", precision="fp32")


def _rewritten(path: Path, drop: str = "", **facts: object) -> Path:
    found = checkpoints.read(path)
    card = card_of(found)
    card = dataclasses.replace(card, occupancy={**card.occupancy, **facts})
    extra = {n: v for n, v in found.state.items() if n.startswith(HEAD_PREFIX) and not (drop and drop in n)}
    checkpoints.save(path, load_model(path, "cpu").network, "minkunet", metadata=card.metadata(), extra=extra)
    return path


def test_a_head_that_is_broken_is_told(tmp_path: Path) -> None:
    path = write_tiny_surface_model(tmp_path)
    with pytest.raises(DataError, match=r"does not fit ContextHead: missing: layers\.5\.weight"):
        load_surface_model(_rewritten(path, drop="layers.5.weight"), "cpu")
    path = write_tiny_surface_model(tmp_path)
    with pytest.raises(DataError, match="no 'wide'; there are: context, local"):
        load_surface_model(_rewritten(path, head="wide"), "cpu")
    path = write_tiny_surface_model(tmp_path)
    with pytest.raises(DataError, match="describes 9 features"):
        load_surface_model(_rewritten(path, latent=9), "cpu")
