"""Queues of instances of adjacent frames (Affinity3D §3.4): full ones are emptied as a whole."""

from __future__ import annotations

from collections.abc import Sequence


def queues(counts: Sequence[int], size: int) -> list[range]:
    """Which frames come into which queue, in their order.

    A frame's instances enter together; once there are ``size`` or more, all are popped and refined together. What
    is left when the frames end is refined as it is: the paper says nothing of it, and those frames need labels too.

    Parameters
    ----------
    counts : instances of each frame
    size : number of instances at which a queue is emptied
    """
    found: list[range] = []
    start = held = 0
    for place, count in enumerate(counts):
        held += count
        if held >= size:
            found.append(range(start, place + 1))
            start, held = place + 1, 0
    if start < len(counts):
        found.append(range(start, len(counts)))
    return found
