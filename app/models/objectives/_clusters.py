"""What cluster-based learning remembers between steps: centres of clusters, and features lately seen in them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


class Clusters(nn.Module):
    """K clusters for each of C classes, saved and resumed with the run.

    ``centres`` (C, K, D) float32 of unit length; ``begun`` (C,) bool: whether a class has centres yet; ``queue``
    (C, K, M, D) float32 features of unit length that were assigned there lately; ``filled`` (C, K) int64 how many
    were ever put in; the newest take the places of the oldest.
    """

    def __init__(self, classes: int, clusters: int, length: int, dim: int, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.centres: Tensor
        self.begun: Tensor
        self.queue: Tensor
        self.filled: Tensor
        self.register_buffer("centres", torch.zeros(classes, clusters, dim))
        self.register_buffer("begun", torch.zeros(classes, dtype=torch.bool))
        self.register_buffer("queue", torch.zeros(classes, clusters, length, dim))
        self.register_buffer("filled", torch.zeros(classes, clusters, dtype=torch.int64))

    @property
    def count(self) -> int:
        """Clusters of a class."""
        return self.centres.shape[1]

    @torch.no_grad()
    def begin(self, label: int, features: Tensor) -> None:
        """Points of the class become its first centres, any of them; no centre has to wait where no point lies."""
        if not self.begun[label]:
            rows = torch.randperm(len(features))
            rows = rows.repeat(-(-self.count // len(rows)))[: self.count].to(features.device)
            self.centres[label] = features[rows]
            self.begun[label] = True

    @torch.no_grad()
    def follow(self, label: int, features: Tensor, cluster: Tensor) -> None:
        """Centres move to the mean of what was assigned to them; an empty cluster keeps its own."""
        sums = torch.zeros_like(self.centres[label]).index_add_(0, cluster, features)
        there = torch.bincount(cluster, minlength=self.count) > 0
        moved = self.momentum * self.centres[label] + (1 - self.momentum) * normalize(sums, dim=1)
        self.centres[label] = torch.where(there[:, None], normalize(moved, dim=1), self.centres[label])

    @torch.no_grad()
    def remember(self, label: int, features: Tensor, cluster: Tensor, most: int) -> None:
        """Put at most ``most`` features of each cluster, any of them, into its queue."""
        length = self.queue.shape[2]
        order = torch.randperm(len(cluster), device="cpu").to(cluster.device)
        order = order[torch.argsort(cluster[order], stable=True)]
        own = cluster[order]
        first = torch.searchsorted(own, torch.arange(self.count, device=own.device))
        place = torch.arange(len(own), device=own.device) - first[own]
        kept = place < min(most, length)
        own, place, rows = own[kept], place[kept], order[kept]
        self.queue[label, own, (self.filled[label, own] + place) % length] = features[rows]
        self.filled[label] += torch.bincount(own, minlength=self.count)

    def remembered(self) -> tuple[Tensor, Tensor]:
        """(B, D) features in all queues, and (B,) int64 their clusters."""
        length = self.queue.shape[2]
        there = torch.arange(length, device=self.queue.device) < self.filled[..., None]
        classes, clusters, _ = there.nonzero(as_tuple=True)
        return self.queue[there], classes * self.count + clusters

    def known_centres(self) -> tuple[Tensor, Tensor]:
        """(B, D) centres of the classes that have some, and (B,) int64 their clusters."""
        labels = self.begun.nonzero()[:, 0]
        of = labels[:, None] * self.count + torch.arange(self.count, device=labels.device)
        return self.centres[labels].reshape(-1, self.centres.shape[2]), of.reshape(-1)
