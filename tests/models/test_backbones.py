"""What holds for every network found in the folder, and the published sizes and names of the sparse ones."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from app import discovery
from app.models.backbones.base import Entry
from app.models.describe import describe

torch.set_num_threads(1)  # the clouds are small: more threads would only wait for each other

NAMES = discovery.module_names("app.models.backbones")
SMALL = {
    "minkunet": {"cr": 0.125}, "spvcnn": {"cr": 0.125}, "spvcnn_text": {"cr": 0.125, "embed_dim": 8},
    "pointnet": {"width": 8}, "dgcnn": {"width": 8, "neighbours": 6},
    "pointnet2": {"width": 8, "centres": (32, 8), "radii": (1.0, 4.0), "neighbours": 6},
    "spvnas": {
        "widths": (8, 8, 12, 16, 16, 16, 12, 8, 8), "transitions": (8, 8, 8, 16, 16, 8, 8, 8), "supernet_width": 12,
        "middles": ((8, 8), (8,), (8, 8), (16,), (16, 8), (8,), (8,), (8, 8)),
    },
}  # fmt: skip


def entry(name: str) -> Entry:
    return discovery.load("app.models.backbones", name).ENTRY


def batch(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    coords = torch.randint(-30, 30, (count, 4), generator=generator, dtype=torch.int32)
    coords[:, 0] = torch.arange(count) % 2
    xyz = coords[:, 1:] * 0.05
    return coords, torch.cat([xyz, torch.rand(count, 1, generator=generator)], 1)


@pytest.fixture(params=NAMES)
def network(request: pytest.FixtureRequest) -> torch.nn.Module:
    torch.manual_seed(0)
    return entry(request.param).make(num_classes=5, **SMALL[request.param])


@pytest.mark.parametrize("count", [0, 1, 300])
def test_rows_shapes_and_dtype(network: torch.nn.Module, count: int) -> None:
    coords, feats = batch(count)
    for training in (True, False):
        logits = network.train(training)(coords, feats)
        assert logits.shape == (count, 5)
        assert logits.dtype == feats.dtype
        assert bool(torch.isfinite(logits).all())
    features = network.embed(coords, feats)
    assert features.shape == (count, network.feature_channels)


def test_float64_follows_the_input(network: torch.nn.Module) -> None:
    coords, feats = batch(60)
    assert network.double()(coords, feats.double()).dtype == torch.float64


def test_two_steps_lower_the_loss(network: torch.nn.Module) -> None:
    coords, feats = batch(300)
    target = (coords[:, 3] > 0).long()
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.003)
    losses = []
    for _ in range(2):
        torch.manual_seed(1)
        loss = torch.nn.functional.cross_entropy(network(coords, feats), target)
        optimiser.zero_grad()
        loss.backward()
        unreached = [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None]
        assert not unreached
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_without_gradients_the_same_numbers(network: torch.nn.Module) -> None:
    """In-place shortcuts outside training change nothing."""
    coords, feats = batch(300)
    network(coords, feats)
    network.eval()
    with torch.no_grad():
        quick = network(coords, feats)
    torch.testing.assert_close(quick, network(coords, feats).detach(), rtol=1e-4, atol=1e-5)


def test_order_of_points_does_not_matter(network: torch.nn.Module) -> None:
    coords = torch.unique(batch(200)[0], dim=0)
    feats = torch.rand(len(coords), 4)
    feats[:, :3] = (feats[:, :3] + coords[:, 1:]) * 0.05  # within voxels, so that no two distances tie
    order = torch.randperm(len(coords), generator=torch.Generator().manual_seed(2))
    if type(network).__name__ == "PointNet2":  # samples its centres from the first point on: keep that first
        starts = [int(torch.nonzero(coords[:, 0] == b)[0]) for b in (0, 1)]
        order = torch.cat([torch.tensor(starts), order[~torch.isin(order, torch.tensor(starts))]])
    network.eval()
    network, feats = network.double(), feats.double()  # nearest neighbours must not tip by rounding
    straight, shuffled = network(coords, feats), network(coords[order], feats[order])
    torch.testing.assert_close(straight[order], shuffled, rtol=1e-3, atol=1e-4)


def test_wrong_input_is_named(network: torch.nn.Module) -> None:
    coords, feats = batch(10)
    with pytest.raises(ValueError, match=r"feats are \(10, 4\)"):
        network(coords, feats[:, :3])
    with pytest.raises(ValueError, match="coords are"):
        network(coords.float(), feats)


@pytest.mark.parametrize("name", NAMES)
def test_config_fields_are_documented_and_checked(name: str) -> None:
    config = entry(name).config
    assert dataclasses.is_dataclass(config)
    with pytest.raises(ValueError, match="num_classes is at least 1"):
        config(num_classes=0)


@pytest.mark.parametrize(("cr", "count"), [(0.5, 5_449_267), (0.64, 8_793_617), (1.0, 21_778_003)])
@pytest.mark.parametrize("name", ["minkunet", "spvcnn"])
def test_published_sizes_and_names(name: str, cr: float, count: int) -> None:
    with torch.device("meta"):
        made = entry(name).make(cr=cr)
    assert sum(p.numel() for p in made.parameters()) == count
    state = made.state_dict()
    assert len(state) == 317
    if cr == 1:
        shapes = {
            "stem.0.kernel": (27, 4, 32), "stem.4.running_var": (32,), "stage3.0.net.0.kernel": (8, 64, 64),
            "stage2.1.downsample.0.kernel": (32, 64), "up1.0.net.0.kernel": (8, 256, 256),
            "up1.1.0.net.0.kernel": (27, 384, 256), "up4.1.1.net.3.kernel": (27, 96, 96),
            "up3.1.0.downsample.1.weight": (96,), "point_transforms.2.0.weight": (96, 128),
            "classifier.0.bias": (19,),
        }  # fmt: skip
        assert {key: tuple(state[key].shape) for key in shapes} == shapes
        assert "stage1.1.downsample.0.kernel" not in state


def test_spvnas_of_the_published_config() -> None:
    with torch.device("meta"):
        made = entry("spvnas").make()
    assert sum(p.numel() for p in made.parameters()) == 10_789_879
    assert len(made.state_dict()) == 299
    assert tuple(made.state_dict()["classifier.linear.weight"].shape) == (19, 128)


def test_description_counts_what_a_dense_layer_would() -> None:
    coords, feats = batch(300)
    made = entry("minkunet").make(cr=0.125, num_classes=5)
    found = describe(made, coords, feats)
    assert found.parameters == sum(p.numel() for p in made.parameters())
    assert found.points == 300
    by_name = {layer.name: layer for layer in found.layers}
    unique = torch.unique(coords, dim=0).long()
    offsets = torch.cartesian_prod(*[torch.arange(-1, 2)] * 3)
    cells = {tuple(c) for c in unique.tolist()}
    pairs = sum((b, x + i, y + j, z + k) in cells for b, x, y, z in cells for i, j, k in offsets.tolist())
    assert by_name["stem.0"].mmacs == pytest.approx(pairs * 4 * 4 / 1e6)
    assert by_name["classifier.0"].mmacs == pytest.approx(300 * 12 * 5 / 1e6)
    # stem 2·2, stages (1 + 4·2·2)·(1 + 2 + 4 + 8), back up (1 + 4·2)·(8 + 4 + 2 + 1), and the voxel itself
    assert found.field_voxels == 1 + 4 + 17 * 15 + 9 * 15
