"""How far one prediction is from another that it learns from."""

from __future__ import annotations

from torch import Tensor


def divergence(own: Tensor, teacher: Tensor, scans: Tensor, num_scans: int) -> Tensor:
    """() float32 mean over scans of the mean of KL(teacher ‖ own) over their rows; the teacher learns nothing.

    Affinity3D, equations 15 and 16. It writes KL(Y_3D, Y_2D3D) and leaves the order open; this is 2DPASS's, on
    whose program it builds: ``kl_div(log_softmax(3D), softmax(fused))``. 2DPASS then divides by the number of
    classes too, the paper by the number of visible points alone, as here.

    Parameters
    ----------
    own, teacher : (M, C) logits
    scans : (M,) int64 which scan each row is of; a scan without rows counts 0
    """
    log_own = own.float().log_softmax(1)
    log_teacher = teacher.detach().float().log_softmax(1)
    rows = (log_teacher.exp() * (log_teacher - log_own)).sum(1)
    sums = rows.new_zeros(num_scans).index_add(0, scans, rows)
    counts = scans.bincount(minlength=num_scans).clamp_(min=1)
    return (sums / counts).sum() / num_scans
