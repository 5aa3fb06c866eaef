"""How far features are from those of CLIP."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cosine_loss(features: Tensor, wanted: Tensor, batch: Tensor, num_scans: int) -> Tensor:
    """() mean over scans of the mean of 1 − cos over their rows (OpenScene eq. 2).

    Parameters
    ----------
    features, wanted : (M, D), of any length; compared in float32
    batch : (M,) int64 which scan each row is of; a scan without rows counts 0
    """
    distance = 1 - F.cosine_similarity(features.float(), wanted.float(), dim=1)
    sums = distance.new_zeros(num_scans).index_add_(0, batch, distance)
    counts = torch.bincount(batch, minlength=num_scans).clamp_(min=1)
    return (sums / counts).mean()
