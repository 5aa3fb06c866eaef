"""The optional package spconv (2.3): on the CPU forward alone, on a GPU both ways.

spconv wants coordinates from 0 in a box and gives strided outputs in an order of its own; its kernels are
(Cout, K, K, K, Cin). All three are translated here, and its pairs are cached in the pyramid.

Its CPU code races: with two threads about one call in three gave wrong sums (spconv 2.3.8; 105 of 300 strided
convolutions
of 700 voxels), with one thread none. So on the CPU it runs on one thread here, unless ``careful`` is False.
"""

from __future__ import annotations

import importlib
import importlib.util
import weakref
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from app.models.sparse.engine import Engine
from app.models.sparse.tensor import Pyramid, SparseTensor
from app.models.threads import one_thread

COARSEST = 64
"""Coordinates start at a multiple of this, so that they halve as ours do at every stride up to it."""


@cache
def _spconv() -> Any:
    return importlib.import_module("spconv.pytorch")


class SpconvEngine(Engine):
    """spconv's own layers, called with our kernels."""

    name = "spconv"

    def __init__(self, *, careful: bool = True) -> None:
        self.careful = careful
        self._layers: dict[tuple[Any, ...], nn.Module] = {}
        self._turned: dict[int, tuple[weakref.ref[Tensor], int, Tensor]] = {}

    def missing(self) -> str | None:
        """It is an optional package."""
        if importlib.util.find_spec("spconv") is None:
            return "The engine spconv is an optional package and not installed: pip install spconv==2.3.8 (CPU)."
        return None

    def submanifold(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """Rows stay as they are."""
        features: Tensor = self._call("SubMConv3d", x, kernel, f"submanifold{x.stride}", padding=1).features
        return features

    def down(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """spconv's coarse rows are put into our order; which is which is remembered for the way up."""
        result = self._call("SparseConv3d", x, kernel, f"down{x.stride}", stride=2)
        key = ("spconv", "ours", 2 * x.stride)
        if key not in x.pyramid.extras:
            cells = result.indices.to(torch.int64) + _origin(x.pyramid, 2 * x.stride, result.indices.device)
            ours = x.pyramid.grid(2 * x.stride).rows(cells)
            x.pyramid.extras[key] = ours
            x.pyramid.extras["spconv", "theirs", 2 * x.stride] = torch.argsort(ours)
        features: Tensor = result.features[x.pyramid.extras["spconv", "theirs", 2 * x.stride]]
        return features

    def up(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """The way back along the pairs that ``down`` left."""
        fine = x.stride // 2
        key = ("spconv", "ours", x.stride)
        if key not in x.pyramid.extras:
            probe = x.feats.new_zeros(len(x.pyramid.grid(fine)), 1)
            self.down(x.with_feats(probe, stride=fine), probe.new_zeros(8, 1, 1))
        mixed = x.with_feats(x.feats[x.pyramid.extras[key]])
        features: Tensor = self._call("SparseInverseConv3d", mixed, kernel, f"down{fine}").features
        return features

    def _call(self, layer: str, x: SparseTensor, kernel: Tensor, pairs: str, **options: int) -> Any:
        size = 3 if kernel.shape[0] == 27 else 2
        name = (layer, pairs, *kernel.shape)
        if name not in self._layers:
            make = getattr(_spconv(), layer)
            made = make(kernel.shape[1], kernel.shape[2], size, bias=False, indice_key=pairs, **options)
            self._layers[name] = made.requires_grad_(False).eval()
        given = self._tensor(x, pairs if layer == "SparseInverseConv3d" else "")
        with one_thread(self.careful and x.feats.device.type == "cpu"):
            result = torch.func.functional_call(self._layers[name], {"weight": self._weight(kernel)}, (given,))
        x.pyramid.extras["spconv", "pairs"].update(result.indice_dict)
        return result

    def _tensor(self, x: SparseTensor, inverse_of: str) -> Any:
        pyramid, extras = x.pyramid, x.pyramid.extras
        pairs = extras.setdefault(("spconv", "pairs"), {})
        key = ("spconv", "indices", x.stride, inverse_of)
        if key not in extras:
            if inverse_of:
                extras[key] = pairs[inverse_of].out_indices
            else:
                cells = x.grid.cells.to(torch.int64) - _origin(pyramid, x.stride, x.feats.device)
                extras[key] = cells.to(torch.int32)
        finest = pyramid.finest
        low = _origin(pyramid, finest.stride, torch.device("cpu")).tolist()
        ends = [start + size for start, size in zip(finest.box.lowest, finest.box.sizes, strict=True)]
        shape = [-(-(end - start) // COARSEST) * COARSEST for start, end in zip(low[1:], ends[1:], strict=True)]
        shape = [side * finest.stride // x.stride for side in shape]
        batches = finest.box.lowest[0] + finest.box.sizes[0]
        made = _spconv().SparseConvTensor(x.feats, extras[key], shape, batches)
        made.indice_dict = pairs
        return made

    def _weight(self, kernel: Tensor) -> Tensor:
        """(Cout, x, y, z, Cin) from (K³, Cin, Cout); kept for kernels that do not change between calls."""
        if torch.is_grad_enabled() and kernel.requires_grad:
            return _turn(kernel)
        known = self._turned.get(id(kernel))
        if known is None or known[0]() is not kernel or known[1] != kernel._version:
            number = id(kernel)
            alive = weakref.ref(kernel, lambda _: self._turned.pop(number, None))
            known = self._turned[number] = (alive, kernel._version, _turn(kernel))
        return known[2]


def _turn(kernel: Tensor) -> Tensor:
    volume, num_in, num_out = kernel.shape
    if volume == 27:
        return kernel.reshape(3, 3, 3, num_in, num_out).permute(4, 2, 1, 0, 3).contiguous()
    return kernel.reshape(2, 2, 2, num_in, num_out).permute(4, 0, 1, 2, 3).contiguous()


def _origin(pyramid: Pyramid, stride: int, device: torch.device) -> Tensor:
    """(4,) int64 cell (batch 0, x, y, z) at a stride that spconv is to call 0."""
    finest = pyramid.finest
    low = [value // COARSEST * COARSEST * finest.stride // stride for value in finest.box.lowest[1:]]
    return torch.tensor([0, *low], device=device)


ENTRY = SpconvEngine()
