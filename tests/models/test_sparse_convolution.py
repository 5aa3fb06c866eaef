"""Sparse convolution against dense convolution, against finite differences, and at the edges of what may come."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from app.models.sparse import Conv3d, Pyramid, SparseTensor, cat, grid_of, set_engine, voxelise
from app.models.sparse.engine import engine, usable

TORCH = engine("torch")


def cloud(
    seed: int, *, count: int = 500, low: int = -9, high: int = 9, batches: int = 2, channels: int = 5
) -> SparseTensor:
    generator = torch.Generator().manual_seed(seed)
    coords = torch.randint(low, high, (count, 4), generator=generator, dtype=torch.int32)
    coords[:, 0] = coords[:, 0].abs() % batches
    grid, _ = grid_of(coords)
    return SparseTensor(torch.randn(len(grid), channels, generator=generator), Pyramid(grid))


def kernel(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) / 5


class Dense:
    """The same voxels in a dense grid whose 0 is a multiple of 16, for the reference."""

    def __init__(self, x: SparseTensor) -> None:
        self.low = x.pyramid.finest.coords[:, 1:].long().amin(0) // 16 * 16
        self.side = 48

    def at(self, x: SparseTensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        coords = x.coords.long()
        return (coords[:, 0], *((coords[:, 1:] - self.low) // x.stride).unbind(1))

    def fill(self, x: SparseTensor) -> Tensor:
        b, i, j, k = self.at(x)
        side = self.side // x.stride
        dense = x.feats.new_zeros(2, side, side, side, x.feats.shape[1])
        return dense.index_put((b, i, j, k), x.feats).permute(0, 4, 1, 2, 3)

    def read(self, dense: Tensor, x: SparseTensor) -> Tensor:
        b, i, j, k = self.at(x)
        return dense.permute(0, 2, 3, 4, 1)[b, i, j, k]


def odd(weight: Tensor) -> Tensor:
    """(27, Cin, Cout), x fastest, as (Cout, Cin, x, y, z)."""
    return weight.reshape(3, 3, 3, *weight.shape[1:]).permute(4, 3, 2, 1, 0)


def even(weight: Tensor) -> Tensor:
    """(8, Cin, Cout), z fastest, as (Cout, Cin, x, y, z)."""
    return weight.reshape(2, 2, 2, *weight.shape[1:]).permute(4, 3, 0, 1, 2)


def relative(found: Tensor, wanted: Tensor) -> float:
    return float(((found - wanted).abs().max() / wanted.abs().max()).detach())


@pytest.mark.parametrize("form", ["submanifold", "down", "up"])
@pytest.mark.parametrize("rows", [16384, 64])
def test_equals_dense_convolution_and_both_its_gradients(
    form: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.models.sparse.maps.ROWS", rows)
    x = cloud(1)
    dense = Dense(x)
    weight = kernel(2, 27 if form == "submanifold" else 8, 5, 7).requires_grad_()
    if form == "up":
        x = x.with_feats(kernel(3, len(x.pyramid.grid(2)), 5), stride=2)
    x = x.with_feats(x.feats.requires_grad_())
    out = getattr(TORCH, form)(x, weight)
    target = x.with_feats(out, stride={"submanifold": 1, "down": 2, "up": 1}[form])
    if form == "submanifold":
        full = F.conv3d(dense.fill(x), odd(weight), padding=1)
    elif form == "down":
        full = F.conv3d(dense.fill(x), even(weight), stride=2)
    else:
        full = F.conv_transpose3d(dense.fill(x), even(weight).transpose(0, 1), stride=2)
    wanted = dense.read(full, target)
    assert relative(out, wanted) < 1e-4
    upstream = kernel(4, *out.shape)
    ours = torch.autograd.grad(out, (x.feats, weight), upstream)
    theirs = torch.autograd.grad(wanted, (x.feats, weight), upstream)
    assert relative(ours[0], theirs[0]) < 1e-4
    assert relative(ours[1], theirs[1]) < 1e-4


@pytest.mark.parametrize("form", ["submanifold", "down", "up"])
def test_gradients_by_finite_differences(form: str) -> None:
    x = cloud(5, count=25, low=-2, high=3)
    volume = 27 if form == "submanifold" else 8
    stride = 2 if form == "up" else 1
    feats = kernel(6, len(x.pyramid.grid(stride)), 2).double().requires_grad_()
    weight = kernel(7, volume, 2, 3).double().requires_grad_()
    convolve = getattr(TORCH, form)
    assert torch.autograd.gradcheck(lambda f, w: convolve(x.with_feats(f, stride=stride), w), (feats, weight))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_reduced_precision_stays_close(dtype: torch.dtype) -> None:
    x, weight = cloud(8), kernel(9, 27, 5, 7)
    exact = TORCH.submanifold(x, weight)
    feats = x.feats.to(dtype).requires_grad_()
    short = weight.to(dtype).requires_grad_()
    out = TORCH.submanifold(x.with_feats(feats), short)
    assert out.dtype == dtype
    assert relative(out.float(), exact) < 0.02
    out.float().square().sum().backward()
    wanted = torch.autograd.functional.vjp(
        lambda f, w: TORCH.submanifold(x.with_feats(f), w).square().sum(), (x.feats, weight)
    )[1]
    assert relative(feats.grad.float(), wanted[0]) < 0.03
    assert relative(short.grad.float(), wanted[1]) < 0.03


@pytest.mark.parametrize("form", ["submanifold", "down", "up", "chain"])
def test_equals_spconv(form: str) -> None:
    if "spconv" not in usable():
        pytest.skip("spconv is not installed (pip install spconv==2.3.8)")
    spconv = engine("spconv")
    x = cloud(10, count=900)
    if form == "chain":
        layers = [
            Conv3d(5, 6),
            Conv3d(6, 6, 2, 2),
            Conv3d(6, 6),
            Conv3d(6, 4, 2, 2, transposed=True),
            Conv3d(4, 3, 1),
        ]
        network = torch.nn.Sequential(*layers)
        wanted = network(x).feats
        set_engine(network, "spconv")
        with torch.no_grad():
            assert relative(network(SparseTensor(x.feats, Pyramid(x.grid))).feats, wanted) < 1e-4
        return
    if form == "up":
        x = x.with_feats(kernel(11, len(x.pyramid.grid(2)), 5), stride=2)
    weight = kernel(12, 27 if form == "submanifold" else 8, 5, 7)
    with torch.no_grad():
        assert relative(getattr(spconv, form)(x, weight), getattr(TORCH, form)(x, weight)) < 1e-4


def test_clouds_of_a_batch_do_not_see_each_other() -> None:
    x, weight = cloud(13), kernel(14, 27, 5, 7)
    together = TORCH.submanifold(x, weight)
    for batch in (0, 1):
        rows = torch.nonzero(x.coords[:, 0] == batch).squeeze(1)
        grid, order = grid_of(x.coords[rows])
        alone = SparseTensor(torch.empty(len(rows), 5).index_copy(0, order, x.feats[rows]), Pyramid(grid))
        torch.testing.assert_close(TORCH.submanifold(alone, weight)[order], together[rows])


@pytest.mark.parametrize("count", [0, 1])
def test_no_voxel_and_one_voxel(count: int) -> None:
    x = cloud(15, count=count)
    weight, strided = kernel(16, 27, 5, 7).requires_grad_(), kernel(17, 8, 5, 7).requires_grad_()
    x = x.with_feats(x.feats.requires_grad_())
    same, coarse = TORCH.submanifold(x, weight), TORCH.down(x, strided)
    assert same.shape == coarse.shape == (count, 7)
    (same.sum() + coarse.sum()).backward()
    assert x.feats.grad is not None and weight.grad is not None and strided.grad is not None
    if count:
        torch.testing.assert_close(same, x.feats @ weight[13])


@pytest.mark.parametrize("far", [2**20, 2**31 - 20, -(2**31) + 20])
def test_coordinates_far_away_and_negative(far: int) -> None:
    x, weight = cloud(18, batches=1), kernel(19, 8, 5, 7)
    moved = x.coords.clone()
    moved[:, 1:] += far // 2 * 2
    grid, order = grid_of(moved)
    shifted = SparseTensor(torch.empty_like(x.feats).index_copy(0, order, x.feats), Pyramid(grid))
    assert torch.equal(grid.coords, moved)
    torch.testing.assert_close(TORCH.down(shifted, weight), TORCH.down(x, weight))


def test_box_that_keys_cannot_hold_is_refused() -> None:
    corners = torch.tensor(
        [[0, -(2**31), -(2**31), -(2**31)], [0, 2**31 - 1, 2**31 - 1, 2**31 - 1]], dtype=torch.int32
    )
    with pytest.raises(ValueError, match=r"more than .* keys"):
        grid_of(corners)
    # the largest cube of which all keys fit
    side = 1_664_000
    corners = torch.tensor([[0, 0, 0, 0], [0, side, side, side], [0, side, side, side - 1]], dtype=torch.int32)
    grid, rows = grid_of(corners)
    assert torch.equal(grid.coords[rows], corners)
    pairs = Pyramid(grid).submanifold(1).table
    assert int((pairs >= 0).sum()) == 3 + 2


@pytest.mark.parametrize(
    ("coords", "words"),
    [
        (torch.zeros(3, 3, dtype=torch.int32), r"\(3, 3\)"),
        (torch.zeros(3, 4), "float32"),
        (torch.tensor([[-1, 0, 0, 0]]), "start at 0"),
    ],
)
def test_wrong_coordinates_are_named(coords: Tensor, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        grid_of(coords)


def test_layers_refuse_what_they_cannot_do() -> None:
    with pytest.raises(ValueError, match="size 5"):
        Conv3d(4, 4, 5)
    with pytest.raises(ValueError, match="takes 4 channels; got 5"):
        Conv3d(4, 4)(cloud(20))
    with pytest.raises(ValueError, match="same voxels"):
        cat([cloud(21), cloud(22)])
    with pytest.raises(ValueError, match="no sparse convolution engine 'nothing'"):
        set_engine(Conv3d(4, 4), "nothing")
    with pytest.raises(ValueError, match="no grid at stride"):
        Pyramid(grid_of(torch.zeros(1, 4, dtype=torch.int32), 1)[0]).up(0)


def test_autocast_computes_in_its_dtype() -> None:
    x, layer = cloud(23), Conv3d(5, 7)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).feats.dtype == torch.bfloat16
    assert layer(x).feats.dtype == torch.float32


def test_voxels_are_means_of_their_points() -> None:
    coords = torch.tensor([[0, 1, 0, 0], [0, -5, 2, 3], [0, 1, 0, 0], [1, 1, 0, 0]], dtype=torch.int32)
    feats = torch.tensor([[1.0], [5.0], [3.0], [7.0]])
    x, rows = voxelise(coords, feats)
    assert x.feats[rows].squeeze(1).tolist() == [2.0, 5.0, 2.0, 7.0]
