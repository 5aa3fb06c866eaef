"""Cross-entropy, focal loss and Lovász-softmax, each as a mean over scans.

A mean over scans of means within a scan is the same however a batch is spread over processes, and a scan with
few labels counts as much as one with many. N points, C classes, S scans; targets are −1 where there is none.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -1
"""Target of a point without a label."""


def check(logits: Tensor, targets: Tensor, scans: Tensor) -> None:
    """``ValueError`` with what came unless logits (N, C), targets (N,) and scans (N,) int64 fit together."""
    if logits.ndim != 2 or targets.shape != logits.shape[:1] or scans.shape != targets.shape:
        raise ValueError(
            f"logits (N, C), targets (N,) and scans (N,) are wanted; got {tuple(logits.shape)}, "
            f"{tuple(targets.shape)} and {tuple(scans.shape)}"
        )
    if targets.dtype != torch.int64 or scans.dtype != torch.int64:
        raise ValueError(f"targets and scans are int64; got {targets.dtype} and {scans.dtype}")


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    scans: Tensor,
    num_scans: int,
    *,
    weights: Tensor | None = None,
    gamma: float = 0.0,
    smoothing: float = 0.0,
) -> Tensor:
    """Weighted cross-entropy, () float32; with ``gamma`` above 0 the focal loss (Lin et al., ICCV 2017).

    Within a scan the mean is weighted by ``weights`` (C,) of the targets; ``smoothing`` gives a share of each
    label to all classes alike. Zero, with a gradient of zero, where nothing is labelled.
    """
    check(logits, targets, scans)
    labelled = targets != IGNORED
    logits, targets, scans = logits[labelled].float(), targets[labelled], scans[labelled]
    log_p = F.log_softmax(logits, dim=1)
    own = log_p.gather(1, targets[:, None]).squeeze(1)
    loss = -own
    if smoothing:
        loss = (1 - smoothing) * loss - smoothing * log_p.mean(1)
    if gamma:
        loss = loss * (1 - own.exp()) ** gamma
    weight = torch.ones_like(own) if weights is None else weights.to(own)[targets]
    return _mean_over_scans(loss * weight, weight, scans, num_scans)


def _mean_over_scans(values: Tensor, weight: Tensor, scans: Tensor, num_scans: int) -> Tensor:
    totals = values.new_zeros(num_scans).index_add(0, scans, values)
    weights = values.new_zeros(num_scans).index_add(0, scans, weight)
    return (totals / weights.clamp_min(1e-12)).sum() / num_scans


def lovasz_softmax(logits: Tensor, targets: Tensor, scans: Tensor, num_scans: int) -> Tensor:
    """Lovász-softmax loss, () float32: the mean over the classes present in each scan, then over scans.

    M. Berman et al., The Lovász-Softmax loss, CVPR 2018.
    """
    check(logits, targets, scans)
    total = logits.sum().float() * 0
    for scan in range(num_scans):
        chosen = ((scans == scan) & (targets != IGNORED)).nonzero().squeeze(1)
        if chosen.numel():
            p = logits.index_select(0, chosen).float().softmax(1)
            total = total + _lovasz(p, targets.index_select(0, chosen))
    return total / num_scans


def _lovasz(p: Tensor, targets: Tensor) -> Tensor:
    classes: Tensor = targets.unique()  # type: ignore[no-untyped-call]
    truth = (targets[:, None] == classes).to(p.dtype)
    errors, order = (truth - p.index_select(1, classes)).abs().sort(dim=0, descending=True)
    truth = truth.gather(0, order)
    return (errors * _lovasz_gradient(truth)).sum(0).mean()


def _lovasz_gradient(truth: Tensor) -> Tensor:
    """(P, K) slopes of the Jaccard loss's extension, for (P, K) truth sorted by falling error."""
    positives = truth.sum(0)
    intersection = positives - truth.cumsum(0)
    union = positives + (1 - truth).cumsum(0)
    jaccard = 1 - intersection / union
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
