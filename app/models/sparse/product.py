"""The arithmetic of sparse convolution in plain torch: gather rows, multiply, add to the rows they belong to.

Full precision adds each offset's products to a chunk of outputs that stays in the cache. Reduced precision keeps
all
products of a chunk and sums them per output row in one pass with a float32 accumulator, so that 27 additions do
not round 27 times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from app.models.sparse.maps import Chunk, Plan

NARROW = 128
"""Most channels for which MKL's product of a transposed matrix, which it reads as it lies, is faster than oneDNN's,
which copies it first (measured: half the time at 32 channels, the same at 128, 1.5 times at 256)."""

REDUCED = (torch.bfloat16, torch.float16)

_ONEDNN = hasattr(torch.ops.mkldnn, "_linear_pointwise")
"""Whether oneDNN's product can be asked for by name: on processors that are not Intel's it runs about twice as
fast in
float32 as the MKL product behind ``torch.mm`` (measured: 300 against 160 GFLOP/s at 4096 × 256 × 256)."""


class Finish(NamedTuple):
    """What is done to each row of a result while it is in the cache: (Cout,) ``shift`` added, then max(0, ·)."""

    shift: Tensor
    relu: bool

    def apply(self, rows: Tensor, out: Tensor) -> None:
        """Finish (n, Cout) ``rows`` into ``out``, which may be the same."""
        torch.add(rows, self.shift, out=out)
        if self.relu:
            out.relu_()


def times(a: Tensor, b: Tensor, shift: Tensor | None = None) -> Tensor:
    """(n, k) times the transpose of (m, k), (m,) ``shift`` added to each row where given: (n, m), by the fastest
    product there is for the dtype and device."""
    if _ONEDNN and a.dtype == torch.float32 and a.device.type == "cpu" and a.shape[0]:
        return torch.ops.mkldnn._linear_pointwise(a, b, shift, "none", [], "")
    return torch.mm(a, b.t()) if shift is None else torch.addmm(shift, a, b.t())


def sum_rows(x: Tensor, items: Tensor, starts: Tensor, weights: Tensor | None = None) -> Tensor:
    """(M, C) sums of rows of ``x`` (N, C): row m adds ``items[starts[m] : starts[m + 1]]``, weighted where
    asked."""
    if x.shape[0] == 0 or items.shape[0] == 0:
        return x.new_zeros(starts.shape[0] - 1, x.shape[1])
    return F.embedding_bag(items, x, starts, mode="sum", per_sample_weights=weights, include_last_offset=True)


def forward(x: Tensor, kernel: Tensor, plan: Plan, finish: Finish | None = None) -> Tensor:
    """(num_out, Cout) convolution of ``x`` (num_in, Cin) with ``kernel`` (K³, Cin, Cout), finished where asked."""
    out = x.new_empty(plan.num_out, kernel.shape[2])
    if x.dtype in REDUCED or x.device.type != "cpu":
        for chunk in plan.chunks(pair_bytes=(kernel.shape[1] + kernel.shape[2]) * x.element_size()):
            rows = out[chunk.start : chunk.stop]
            sums = _sum_bags(x, kernel, chunk)
            if finish is None:
                rows.copy_(sums)
            else:
                finish.apply(sums, rows)
        return out
    turned = kernel.transpose(1, 2).contiguous()
    for chunk in plan.chunks():
        rows = out[chunk.start : chunk.stop]
        _add_products(x, turned, chunk, rows)
        if finish is not None:
            finish.apply(rows, rows)
    return out


def _add_products(x: Tensor, turned: Tensor, chunk: Chunk, out: Tensor) -> None:
    if chunk.identity is None:
        out.zero_()
    else:
        out.copy_(times(x[chunk.start : chunk.stop], turned[chunk.identity]))
    for k, ins, outs in chunk.pairs:
        out.index_add_(0, outs, times(x.index_select(0, ins), turned[k])[: outs.shape[0]])


def _sum_bags(x: Tensor, kernel: Tensor, chunk: Chunk) -> Tensor:
    num = 0 if chunk.identity is None else chunk.stop - chunk.start
    products = x.new_empty(num + chunk.in_rows.shape[0], kernel.shape[2])
    if chunk.identity is not None:
        torch.mm(x[chunk.start : chunk.stop], kernel[chunk.identity], out=products[:num])
    gathered = torch.split(x.index_select(0, chunk.in_rows), chunk.sizes)
    for rows, weight, product in zip(gathered, kernel, torch.split(products[num:], chunk.sizes), strict=True):
        if rows.shape[0]:
            torch.mm(rows, weight, out=product)
    return sum_rows(products, chunk.bags.items, chunk.bags.starts)


def backward(
    x: Tensor, kernel: Tensor, grad: Tensor, reverse: Plan, *, mirrored: bool, want_x: bool, want_kernel: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients for ``x`` and ``kernel`` from ``grad`` (num_out, Cout).

    ``reverse`` is the map from outputs back to inputs; ``mirrored`` where it numbers offsets the other way
    round (a submanifold map is its own reverse with opposite offsets). Each row of ``grad`` is gathered once for
    both.
    """
    exact = torch.float32 if x.dtype in REDUCED else x.dtype
    grad_x = x.new_empty(x.shape) if want_x else None
    grad_kernel = kernel.new_zeros(kernel.shape, dtype=exact) if want_kernel else None
    for chunk in reverse.chunks():
        part = x[chunk.start : chunk.stop]
        add_x = part.new_zeros(part.shape, dtype=exact) if want_x else None
        for k, ins, outs in _all_pairs(chunk):
            weight = kernel.shape[0] - 1 - k if mirrored else k
            rows = grad[chunk.start : chunk.stop] if ins is None else grad.index_select(0, ins)
            if add_x is not None:
                product = times(rows, kernel[weight])
                add_x = product.to(exact) if outs is None else _add(add_x, outs, product)
            if grad_kernel is not None:
                _add_outer(grad_kernel[weight], part, outs, rows)
        if grad_x is not None and add_x is not None:
            grad_x[chunk.start : chunk.stop] = add_x
    return grad_x, None if grad_kernel is None else grad_kernel.to(kernel.dtype)


def _add_outer(to: Tensor, part: Tensor, outs: Tensor | None, rows: Tensor) -> None:
    """Add the transpose of ``part``'s rows ``outs`` (None: all) times ``rows`` to ``to`` (Cin, Cout)."""
    if max(to.shape) <= NARROW or to.dtype != part.dtype:
        members = part if outs is None else part.index_select(0, outs)
        if to.dtype == part.dtype:
            torch.addmm(to, members.t(), rows[: members.shape[0]], out=to)
        else:
            to += torch.mm(members.t(), rows[: members.shape[0]])
        return
    members = part if outs is None else _padded_rows(part, outs, rows.shape[0])
    to += times(members.t(), rows.t())


def _add(to: Tensor, outs: Tensor, product: Tensor) -> Tensor:
    return to.index_add_(0, outs, product[: outs.shape[0]].to(to.dtype))


def _padded_rows(part: Tensor, rows: Tensor, size: int) -> Tensor:
    """(size, C): the rows asked for, then zeros, which what padded rows are multiplied with does not survive."""
    chosen = part.new_zeros(size, part.shape[1])
    torch.index_select(part, 0, rows, out=chosen[: rows.shape[0]])
    return chosen


def _all_pairs(chunk: Chunk) -> list[tuple[int, Tensor | None, Tensor | None]]:
    """The identity first (rows None: all of them), then the other offsets."""
    first: list[tuple[int, Tensor | None, Tensor | None]] = []
    if chunk.identity is not None:
        first.append((chunk.identity, None, None))
    return [*first, *chunk.pairs]


class Convolution(torch.autograd.Function):
    """Sparse convolution that keeps its input and kernel alone for the backward pass, not what it gathered."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, plan: Plan, reverse: Plan, mirrored: bool) -> Tensor:
        ctx.save_for_backward(x, kernel)
        ctx.reverse, ctx.mirrored = reverse, mirrored
        return forward(x, kernel, plan)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        x, kernel = ctx.saved_tensors
        want_x, want_kernel = ctx.needs_input_grad[:2]
        grads = backward(
            x, kernel, grad.contiguous(), ctx.reverse, mirrored=ctx.mirrored, want_x=want_x, want_kernel=want_kernel
        )
        return (*grads, None, None, None)


def convolve(x: Tensor, kernel: Tensor, plan: Plan, reverse: Plan, *, mirrored: bool) -> Tensor:
    """Differentiable :func:`forward`; ``reverse`` and ``mirrored`` as in :func:`backward`."""
    apply: Callable[..., Tensor] = Convolution.apply
    return apply(x.contiguous(), kernel, plan, reverse, mirrored)
