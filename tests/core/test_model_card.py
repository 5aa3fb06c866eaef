"""Checkpoints say what they are; those that do not are taken as their layout was published."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.core.errors import DataError, UsageError
from app.core.label_sets import NUSCENES_LIDARSEG, SEMANTIC_KITTI, numbered
from app.core.model_card import (
    TRAINING_PREFIX,
    ModelCard,
    card_of,
    classes_of,
    device_of,
    label_set_name,
    load_model,
    weights_of,
)
from app.models import checkpoints
from app.models.backbones import minkunet

CLASSES = classes_of(SEMANTIC_KITTI)


def saved(path: Path, card: ModelCard | None = None, **extra: torch.Tensor) -> Path:
    torch.manual_seed(0)
    network = minkunet.ENTRY.make(cr=0.05)
    metadata = card.metadata() if card is not None else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save(path, network, "minkunet", metadata=metadata, extra=extra)
    return path


def test_a_card_comes_back_whole(tmp_path: Path) -> None:
    card = ModelCard(
        "minkunet", {"cr": 0.05}, 0.1, max_points=5, classes=CLASSES, trained_on="drive", recipe="supervised",
        step=7, scores={"miou": 0.5}, run="here", notes=("a note",),
    )  # fmt: skip
    path = saved(tmp_path / "a.safetensors", card, **{TRAINING_PREFIX + "optimizer/0/step": torch.ones(3)})
    model = load_model(path, "cpu")
    assert model.card == card
    assert not model.network.training
    assert len(model.identity) == 12
    assert model.identity != load_model(saved(tmp_path / "b.safetensors"), "cpu").identity


def test_foreign_checkpoints_are_what_their_layout_was_published_with(tmp_path: Path) -> None:
    path = tmp_path / "public.pt"
    torch.save({"model": minkunet.ENTRY.make(cr=0.05).state_dict()}, path)
    card = card_of(checkpoints.read(path))
    assert (card.layout, card.voxel_size, card.columns) == ("spvnas", 0.05, ("x", "y", "z", "intensity"))
    assert (card.label_set, card.classes) == ("semantickitti", CLASSES)
    assert any("lane markings" in note for note in card.notes)
    torch.save(minkunet.ENTRY.make(cr=0.05, num_classes=7).state_dict(), path)
    other = card_of(checkpoints.read(path))
    assert (other.label_set, other.classes[0], len(other.classes)) == ("unknown", "class 1", 7)
    torch.save(minkunet.ENTRY.make(cr=0.05, in_channels=5).state_dict(), path)
    with pytest.raises(DataError, match="takes 5 values a point and does not say which"):
        card_of(checkpoints.read(path))


def test_cards_that_do_not_fit_their_tensors(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.safetensors", ModelCard("minkunet", {}, classes=("only", "two")))
    with pytest.raises(DataError, match="describes 2 classes and 4 values a point, but its tensors have 19 and 4"):
        load_model(path)


def test_a_run_is_its_best_else_its_last_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        weights_of(tmp_path / "none")
    with pytest.raises(DataError, match="holds no checkpoint"):
        weights_of(tmp_path)
    for name in ("step-00000002", "step-00000010"):
        saved(tmp_path / "checkpoints" / f"{name}.safetensors")
    assert weights_of(tmp_path).name == "step-00000010.safetensors"
    saved(tmp_path / "checkpoints/best.safetensors")
    assert weights_of(tmp_path).name == "best.safetensors"


def test_half_precision_is_half_the_size_and_nearly_the_same(tmp_path: Path) -> None:
    network = minkunet.ENTRY.make(cr=0.05)
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    checkpoints.save(whole, network, "minkunet")
    checkpoints.save(half, network, "minkunet", half=True)
    a, b = (load_model(path, "cpu").network.state_dict() for path in (whole, half))
    assert all(torch.allclose(a[name].float(), b[name].float(), atol=1e-3) for name in a)
    assert all(value.dtype == a[name].dtype for name, value in b.items())


def test_label_sets_and_devices() -> None:
    assert label_set_name(NUSCENES_LIDARSEG) == "nuscenes"
    assert classes_of(NUSCENES_LIDARSEG)[0] == "barrier"
    with pytest.raises(DataError, match="no id for points without a class"):
        classes_of(numbered())
    with pytest.raises(UsageError, match="no device 'tpux'"):
        device_of("tpux")
