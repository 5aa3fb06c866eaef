"""Neighbours among the points of one cloud, exactly, in pieces that bound the memory.

The work grows with the product of both clouds' sizes: for crops and samples, not for the densest layers of whole
sweeps.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

PIECE = 1 << 24
"""Distances held at a time."""


def clouds(coords: Tensor) -> Iterator[Tensor]:
    """Rows (M,) int64 of each cloud of a batch, by batch index; ``coords`` (N, 4) with the batch first."""
    for batch in torch.unique(coords[:, 0]).tolist():
        yield torch.nonzero(coords[:, 0] == batch).squeeze(1)


def nearest(queries: Tensor, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Squared distances (M, k) and rows (M, k) int64 of the nearest points, nearest first; k ≤ ``count`` where
    fewer.

    ``queries`` (M, C) and ``points`` (N, C), N at least 1. Nothing is differentiated.
    """
    count = min(count, points.shape[0])
    size = max(PIECE // points.shape[0], 1)
    found = []
    exact = torch.float64 if points.dtype == torch.float64 else torch.float32
    with torch.no_grad():
        for piece in torch.split(queries.to(exact), size):
            away = torch.cdist(piece, points.to(exact)).square()
            found.append(torch.topk(away, count, dim=1, largest=False))
    if not found:
        return queries.new_empty(0, count), torch.empty(0, count, dtype=torch.int64, device=queries.device)
    return torch.cat([values for values, _ in found]), torch.cat([rows for _, rows in found])


def farthest(points: Tensor, count: int) -> Tensor:
    """Rows (k,) int64 of points far from each other: the first, then always the one farthest from all taken.

    ``points`` (N, 3), N at least 1; k is the less of ``count`` and N.
    """
    count = min(count, points.shape[0])
    taken = torch.zeros(count, dtype=torch.int64, device=points.device)
    with torch.no_grad():
        distance = torch.full((points.shape[0],), torch.inf, dtype=points.dtype, device=points.device)
        for step in range(1, count):
            away = (points - points[taken[step - 1]]).square().sum(1)
            distance = torch.minimum(distance, away)
            taken[step] = distance.argmax()
    return taken


def interpolate(queries: Tensor, points: Tensor, feats: Tensor) -> Tensor:
    """(M, C) features at ``queries`` (M, 3) from the three nearest ``points`` (N, 3), weighted by inverse
    squared distance."""
    squared, rows = nearest(queries, points, 3)
    weights = 1 / (squared + 1e-8)
    weights = (weights / weights.sum(1, keepdim=True)).to(feats.dtype)
    return (feats[rows] * weights[:, :, None]).sum(1)
