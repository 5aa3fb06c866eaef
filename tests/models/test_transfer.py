"""The image branch, the fusion, and the loss that carries knowledge from pictures to points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from app.models.backbones import minkunet, spvcnn_text
from app.models.checkpoints import CheckpointError
from app.models.images.resnet34 import ResNet34
from app.models.losses.transfer import divergence
from app.models.objectives import affinity3d
from app.models.objectives._transfer import LayerTransfer, sampled
from app.models.objectives.base import Batch

torch.set_num_threads(1)  # the clouds are small: more threads would only wait for each other


def softmax(values: np.ndarray) -> np.ndarray:
    shares = np.exp(values - values.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def test_the_divergence_is_of_the_teacher_from_the_learner_and_only_that_one_learns() -> None:
    rng = np.random.default_rng(0)
    own, teacher = rng.normal(size=(2, 7, 5))
    scans = torch.tensor([0, 0, 0, 0, 0, 2, 2])
    q, p = softmax(teacher), softmax(own)
    rows = (q * np.log(q / p)).sum(1)
    by_hand = (rows[:5].mean() + 0 + rows[5:].mean()) / 3
    logits, fused = torch.tensor(own, requires_grad=True), torch.tensor(teacher, requires_grad=True)
    loss = divergence(logits, fused, scans, 3)
    assert float(loss.detach()) == pytest.approx(by_hand, abs=1e-6)
    loss.backward()
    assert logits.grad is not None and fused.grad is None
    np.testing.assert_allclose(logits.grad[0], (p - q)[0] / 5 / 3, atol=1e-6)
    assert float(divergence(fused, fused, scans, 3).detach()) == pytest.approx(0, abs=1e-7)


def test_fusion_is_equations_11_and_12() -> None:
    torch.manual_seed(0)
    layer = LayerTransfer(3, 2, 4)
    features, maps = torch.randn(5, 3), torch.randn(1, 2, 3, 4)
    images, places = torch.zeros(5, dtype=torch.long), torch.rand(5, 2) * 2 - 1
    own, fused = layer(features, maps, images, places)
    seen = sampled(layer.pixels(maps), images, places)
    mixed = layer.mix(torch.cat([seen, layer.learner(layer.points(features))], 1))
    expected = torch.relu(torch.sigmoid(layer.gate(mixed)) * mixed) + seen
    torch.testing.assert_close(fused, expected)
    torch.testing.assert_close(own, layer.points(features))


def test_places_run_from_edge_to_edge_of_each_picture() -> None:
    maps = torch.arange(2 * 2 * 4).reshape(2, 1, 2, 4).float()
    centres = torch.tensor([[-0.75, -0.5], [0.75, 0.5], [-0.5, -0.5], [0.25, 0.5]])
    values = sampled(maps, torch.tensor([0, 0, 1, 1]), centres)
    assert values[:, 0].tolist() == pytest.approx([0, 7, 8.5, 14])


def test_weights_of_imagenet_fit_by_name_and_others_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    published, ours = ResNet34(), ResNet34()
    assert sum(p.numel() for p in published.parameters()) == 21_284_672  # torchvision's 21 797 672 less fc
    state = {**published.state_dict(), "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    assert "layer3.0.downsample.1.running_var" in state and "layer4.2.conv2.weight" in state
    torch.save(state, tmp_path / "resnet34.pth")
    ours.load(tmp_path / "resnet34.pth")
    assert torch.equal(ours.layer4[2].conv2.weight, published.layer4[2].conv2.weight)
    torch.save({"conv1.weight": torch.zeros(8, 3, 7, 7)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="does not fit ResNet34"):
        ours.load(tmp_path / "other.pth")
    sizes = [tuple(found.shape[1:]) for found in ResNet34(4)(torch.zeros(1, 3, 64, 96))]
    assert sizes == [(4, 16, 24), (8, 8, 12), (16, 4, 6), (32, 2, 3)]


def batch(pictures: bool) -> Batch:
    generator = torch.Generator().manual_seed(3)
    coords = torch.randint(0, 9, (60, 4), generator=generator, dtype=torch.int32)
    coords[:, 0] = torch.arange(60) // 30
    feats, targets = torch.randn(60, 4, generator=generator), torch.randint(-1, 3, (60,), generator=generator)
    if not pictures:
        return Batch(coords, feats, targets, 2)
    seen = torch.stack([torch.arange(10, 50), torch.arange(10, 50) // 30], 1)
    places = torch.rand(40, 2, generator=generator) * 2 - 1
    return Batch(coords, feats, targets, 2, None, torch.randn(2, 3, 32, 32, generator=generator), seen, places)


def objective(**fields: object) -> affinity3d.Affinity3D:
    torch.manual_seed(0)
    network = spvcnn_text.ENTRY.make(cr=0.05, num_classes=3, embed_dim=8, dropout=0.0)
    made: affinity3d.Affinity3D = affinity3d.ENTRY.make(network, {"transfer": True, "image_width": 4, **fields})
    return made


def gradient(made: affinity3d.Affinity3D, part: str) -> dict[str, Tensor]:
    made(batch(True))[part].backward()
    return {n: p.grad for n, p in made.named_parameters() if p.grad is not None and bool(p.grad.abs().sum() > 0)}


def test_the_learner_teaches_the_3d_branch_and_labels_the_fused_predictions() -> None:
    learner = gradient(objective(), "learner")
    assert "network.stem.0.kernel" in learner and not any("transfer.images" in name for name in learner)
    fused = gradient(objective(), "fused")
    assert "transfer.images.conv1.weight" in fused and "transfer.layers.3.gate.weight" in fused


def test_losses_fall_and_all_is_reached_with_and_without_pictures() -> None:
    made = objective()
    optimizer = torch.optim.SGD(made.parameters(), 0.02)
    values = []
    for step in range(8):
        losses = made(batch(pictures=step != 3))
        assert all(bool(torch.isfinite(value)) for value in losses.values())
        optimizer.zero_grad()
        losses["loss"].backward()
        unreached = [n for n, p in made.named_parameters() if p.grad is None and not n.startswith("network.reduce")]
        assert not unreached
        if step == 3:
            assert float(losses["learner"].detach()) == float(losses["fused"].detach()) == 0
        optimizer.step()
        values.append(float(losses["loss"].detach()))
    assert values[-1] < values[0]
    assert "transfer" not in "".join(made.network.state_dict())


def test_the_words_stay_and_are_checked() -> None:
    made = objective()
    words = torch.eye(3, 8)
    assert isinstance(made.network, spvcnn_text.SPVCNNText)
    made.network.head.name_classes(words)
    torch.optim.SGD(made.parameters(), 0.1, weight_decay=0.1).zero_grad()
    made(batch(True))["loss"].backward()
    assert torch.equal(made.network.head.weight, words)
    features = torch.randn(4, 8)
    torch.testing.assert_close(made.network.classify(features), features[:, :3])
    with pytest.raises(ValueError, match=r"\(3, 8\) here; got \(2, 8\)"):
        made.network.head.name_classes(words[:2])
    with pytest.raises(ValueError, match="which MinkUNet has not"):
        affinity3d.ENTRY.make(minkunet.ENTRY.make(cr=0.05, num_classes=3), {"transfer": True})
