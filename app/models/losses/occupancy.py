"""Occupancy and intensity of queries, each as a mean over scans of means within a scan.

Q queries with K answers each (one for each supporting point, or one in all); a scan without an answer counts 0.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def occupancy_loss(logits: Tensor, mask: Tensor, occupied: Tensor, scans: Tensor, num_scans: int) -> Tensor:
    """Binary cross-entropy, () float32, of ``logits`` (Q, K) where ``mask`` (Q, K) is set.

    ``occupied`` (Q,) bool is the truth of a query, which all its answers share; ``scans`` (Q,) int64 its scan.
    """
    truth = occupied.to(torch.float32)[:, None].expand_as(mask)[mask]
    values = F.binary_cross_entropy_with_logits(logits[mask].float(), truth, reduction="none")
    return _mean_over_scans(values, scans[:, None].expand_as(mask)[mask], num_scans)


def intensity_loss(told: Tensor, mask: Tensor, wanted: Tensor, scans: Tensor, num_scans: int) -> Tensor:
    """Mean absolute error, () float32, of ``told`` (Q, K) against ``wanted`` (Q,), over queries that have a target.

    A target below 0 is none: far from surfaces nothing shines.
    """
    mask = mask & (wanted >= 0)[:, None]
    truth = wanted.float()[:, None].expand_as(mask)[mask]
    values = (told[mask].float() - truth).abs()
    return _mean_over_scans(values, scans[:, None].expand_as(mask)[mask], num_scans)


def _mean_over_scans(values: Tensor, scans: Tensor, num_scans: int) -> Tensor:
    sums = values.new_zeros(num_scans).index_add(0, scans, values)
    counts = scans.bincount(minlength=num_scans).clamp_(min=1)
    return (sums / counts).sum() / num_scans
