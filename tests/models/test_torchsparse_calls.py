"""The calls made to torchsparse, whose package needs a GPU: a stand-in with its interface computes with what it
is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from app.models.sparse import Pyramid, SparseTensor, grid_of
from app.models.sparse.engine import engine
from app.models.sparse.engine_torchsparse import TorchsparseEngine


def old_conv3d(given: Any, weight: Tensor, *, kernel_size: int, stride: int, transposed: bool) -> Any:
    """1.4: pairs (in, out) by offset under (stride, size, step, dilation); the way up reads them the other way
    round."""
    one = (1, 1, 1)
    fine = given.stride // stride if transposed else given.stride
    key = ((fine,) * 3, (kernel_size,) * 3, (stride,) * 3, one)
    pairs, counts, sizes = given.kmaps[key]
    source, target = (1, 0) if transposed else (0, 1)
    out = torch.zeros(sizes[target], weight.shape[2])
    for part, matrix in zip(pairs.split(counts.tolist()), weight, strict=True):
        out.index_add_(0, part[:, target], given.feats[part[:, source]] @ matrix)
    coords = given.cmaps[(fine if transposed or stride == 1 else 2 * fine,) * 3]
    assert coords.shape == (len(out), 4) and coords.dtype == torch.int32
    return SimpleNamespace(feats=out, coords=coords)


class Fake(SimpleNamespace):
    """A tensor of either version."""

    def __init__(self, feats: Tensor, coords: Tensor, stride: Any = 1) -> None:
        super().__init__(feats=feats, coords=coords, stride=stride, _caches=SimpleNamespace(cmaps={}, order=None))


def new_conv3d(
    given: Any, weight: Tensor, *, kernel_size: int, stride: int, transposed: bool, config: Any, training: bool
) -> Any:
    """2.x: its own maps, coarse rows in an order of its own (here reversed), coordinates never negative."""
    assert int(given.coords.min()) >= 0
    assert (config.kmap_mode, config.downsample_mode) == ("hashmap", "minkowski")
    ours = engine("torch")
    cells = given.coords if not transposed else given._caches.cmaps[tuple(s // 2 for s in given.stride)][0]
    grid, rows = grid_of(cells)
    x = SparseTensor(torch.empty(len(grid), 1), Pyramid(grid))
    if kernel_size == 3:
        out = ours.submanifold(
            x.with_feats(given.feats.new_empty(given.feats.shape).index_copy(0, rows, given.feats)), weight
        )
        return SimpleNamespace(feats=out[rows], coords=cells)
    if not transposed:
        out = ours.down(x.with_feats(torch.empty_like(given.feats).index_copy(0, rows, given.feats)), weight)
        return SimpleNamespace(feats=out.flip(0), coords=x.pyramid.grid(2).cells.flip(0))
    out = ours.up(x.with_feats(given.feats.flip(0), stride=2), weight)
    return SimpleNamespace(feats=out[rows], coords=cells)


@pytest.mark.parametrize("version", ["1.4.0", "2.1.0"])
def test_both_versions_are_given_what_they_take(version: str) -> None:
    functional = SimpleNamespace(
        conv3d=old_conv3d if version < "2" else new_conv3d,
        conv_config=SimpleNamespace(get_default_conv_config=lambda: SimpleNamespace()),
    )
    package = SimpleNamespace(__version__=version, SparseTensor=Fake, nn=SimpleNamespace(functional=functional))
    theirs, ours = TorchsparseEngine(package), engine("torch")
    generator = torch.Generator().manual_seed(0)
    coords = torch.randint(-9, 9, (300, 4), generator=generator, dtype=torch.int32)
    coords[:, 0] = coords[:, 0].abs() % 2
    grid, _ = grid_of(coords)
    x = SparseTensor(torch.randn(len(grid), 4, generator=generator), Pyramid(grid))
    coarse = x.with_feats(torch.randn(len(x.pyramid.grid(2)), 4, generator=generator), stride=2)
    odd, even = torch.randn(27, 4, 4, generator=generator), torch.randn(8, 4, 4, generator=generator)
    torch.testing.assert_close(theirs.submanifold(x, odd), ours.submanifold(x, odd), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(theirs.down(x, even), ours.down(x, even), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(theirs.up(coarse, even), ours.up(coarse, even), rtol=1e-4, atol=1e-4)


def test_it_says_why_it_cannot_be_used() -> None:
    if TorchsparseEngine().missing() is None:
        pytest.skip("torchsparse is installed and there is a GPU")
    with pytest.raises(ValueError, match="torchsparse"):
        engine("torchsparse")
