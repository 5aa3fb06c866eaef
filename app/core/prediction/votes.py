"""Test-time augmentation: copies of a frame, turned, mirrored and scaled, whose predictions are averaged.

After X. Yan et al., 2DPASS, ECCV 2022, who report 12 votes. Their augmentations are rotation about z by U(0, 2π),
one of the four mirrorings of x and y, a scale of x and y of U(0.95, 1.05), and a shift; their program votes with
rotation and shift and adds up logits. Here rotation, mirroring and scale vote, and the softmax is averaged, so that
a vote that is very sure counts as one. The first vote is the frame as it is: one vote is the plain prediction.
"""

from __future__ import annotations

import numpy as np

PUBLISHED = 12
MOST = 64
SCALES = (0.95, 1.05)


def matrix(vote: int, seed: int = 0) -> np.ndarray:
    """(3, 3) float32, turned_from_sensor of a vote; the identity for vote 0. The same for the same numbers."""
    if vote == 0:
        return np.eye(3, dtype=np.float32)
    rng = np.random.default_rng((seed, vote))
    angle = rng.uniform(0, 2 * np.pi)
    flip = int(rng.integers(4))
    scale = rng.uniform(*SCALES)
    turn = np.eye(3)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    mirror = np.diag([-1.0 if flip & 1 else 1.0, -1.0 if flip & 2 else 1.0, 1.0])
    return np.asarray(np.diag([scale, scale, 1.0]) @ mirror @ turn, np.float32)


def turned(points: np.ndarray, vote: int, seed: int = 0) -> np.ndarray:
    """(N, 3) float32 points as a vote sees them; points that are not finite stay so."""
    if vote == 0:
        return points
    with np.errstate(invalid="ignore"):
        return points @ matrix(vote, seed).T
