"""Clusters within classes, and the contrast between them.

T. Feng et al., Clustering based Point Cloud Representation Learning for 3D Analysis, ICCV 2023. Assignments by
Sinkhorn–Knopp are those of Y. Asano et al., Self-labelling via simultaneous clustering and representation
learning, ICLR 2020; the contrast is P. Khosla et al., Supervised Contrastive Learning, NeurIPS 2020, in which each
positive is held against the negatives alone (W. Wang et al., Exploring Cross-Image Pixel Contrast, ICCV 2021).
"""

from __future__ import annotations

import torch
from torch import Tensor

SHARPNESS = 25.0
"""λ: the power that soft assignments are raised to before they are balanced."""
CHANGE = 0.1
"""Balancing ends when the scales of the points change less than this in one round, relatively and in sum."""
LOOK_EVERY = 10
_NOTHING = -1e4
MOST_ROUNDS = 1000
"""Ends a balancing that does not converge: points that all lie alike."""


@torch.no_grad()
def balanced_clusters(features: Tensor, centres: Tensor) -> Tensor:
    """(N,) int64 cluster of each point, so that all clusters of a class get about as many of its points.

    Sinkhorn–Knopp on softmax(features · centres) to the power λ with uniform marginals, in double precision.
    Without the balance one cluster would take all.

    Parameters
    ----------
    features : (N, D) of the points of one class, of unit length
    centres : (K, D) of its clusters, of unit length
    """
    if not len(features):
        return torch.zeros(0, dtype=torch.int64, device=features.device)
    logits = features.double() @ centres.double().T
    shares = torch.exp(SHARPNESS * torch.log_softmax(logits, 1))
    points, clusters = shares.shape
    of_point = shares.new_full((points,), 1 / points)
    of_cluster = shares.new_full((clusters,), 1 / clusters)
    for number in range(MOST_ROUNDS):
        of_cluster = 1 / (clusters * (of_point @ shares))
        fresh = 1 / (points * (shares @ of_cluster))
        change = (of_point / fresh - 1).abs().sum() if number % LOOK_EVERY == 0 else None
        of_point = fresh
        if change is not None and not change > CHANGE:
            break
    return (shares * of_cluster).argmax(1)


@torch.no_grad()
def anchors(targets: Tensor, predicted: Tensor, most: int) -> Tensor:
    """(A,) int64 rows of the points that are pulled and pushed: as many of each class, half of them mistaken.

    Parameters
    ----------
    targets : (N,) int64 classes, −1 for none
    predicted : (N,) int64 classes as the network has them now
    most : anchors in all; each class that is there gets the same part, and its mistaken points half of that where
        there are enough of both
    """
    classes: Tensor = targets[targets >= 0].unique()  # type: ignore[no-untyped-call]
    found = []
    for label in classes.tolist():
        each = most // len(classes)
        own = targets == label
        hard, easy = ((own & (predicted != label)).nonzero()[:, 0], (own & (predicted == label)).nonzero()[:, 0])
        of_hard = max(min(len(hard), each // 2), each - len(easy))
        found += [_some(hard, of_hard), _some(easy, each - min(of_hard, len(hard)))]
    return torch.cat(found) if found else targets.new_zeros(0)


def _some(rows: Tensor, count: int) -> Tensor:
    """At most ``count`` of the rows, any of them."""
    return rows[torch.randperm(len(rows), device="cpu").to(rows.device)[: max(count, 0)]]


def contrast(
    features: Tensor,
    clusters: Tensor,
    others: Tensor,
    of_others: Tensor,
    *,
    temperature: float,
    itself: bool,
    sharing: int = 1,
) -> Tensor:
    """() how far anchors are from others of their own cluster, against all others.

    Mean over anchors of −mean log(exp(s⁺) / (exp(s⁺) + Σ exp(s⁻))) over the positives s⁺ of each, s = f · o / τ.
    Anchors without a positive say nothing; 0 where none says anything.

    Parameters
    ----------
    features, clusters : (A, D) float32 of unit length, and (A,) int64 their clusters
    others, of_others : (B, D) and (B,) what they are held against
    temperature : τ
    itself : ``others`` are the anchors, so that each leaves itself out
    sharing : so many clusters in a row, beginning with the first, are no negatives of each other: with the number
        of clusters of a class, those of other classes alone are pushed away
    """
    alike = clusters[:, None] == of_others[None]
    related = clusters[:, None] // sharing == of_others[None] // sharing
    near = features @ others.T / temperature
    positive = alike
    if itself:
        positive = alike & ~torch.eye(len(alike), dtype=torch.bool, device=alike.device)
    # finite, so that an anchor without any negative has a gradient, of zero
    against = near.masked_fill(related, _NOTHING).logsumexp(1, keepdim=True)
    away = torch.nn.functional.softplus(against - near)  # log(1 + Σ exp(s⁻) / exp(s⁺))
    count = positive.sum(1)
    told = count > 0
    mean = torch.where(positive, away, 0.0).sum(1) / count.clamp_min(1)
    return (mean * told).sum() / told.sum().clamp_min(1)
