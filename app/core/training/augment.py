"""Changes made to a training scan at random; every number comes from the generator that is passed in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.training.recipe import Recipe


@dataclass(frozen=True)
class Motion:
    """How a scan was moved as a whole: ``matrix`` (3, 3) float32, then ``shift`` (3,) float32, metres."""

    matrix: np.ndarray
    shift: np.ndarray

    def of(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) float32 points moved alike."""
        # einsum, not BLAS: its sums do not depend on how many threads there are
        moved = np.einsum("nj,ij->ni", points, self.matrix)
        if self.shift.any():
            moved += self.shift
        return np.asarray(moved)


STILL = Motion(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
"""What leaves a scan as it was recorded."""


def augmented(
    points: np.ndarray, recipe: Recipe, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, Motion]:
    """A scan (N, 3) float32 metres after the recipe's augmentations.

    Returns
    -------
    points : (M, 3) float32, those that were kept, in their order
    rows : (M,) int64, which they were
    motion : how all were moved, before the jitter of each
    """
    rows = np.arange(len(points))
    if recipe.keep_points < 1:
        rows = np.flatnonzero(rng.random(len(points)) < recipe.keep_points)
    matrix = np.eye(3)
    if recipe.rotate:
        turn = rng.uniform(0, 2 * np.pi)
        matrix[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    if recipe.flip:
        matrix = np.diag([*rng.choice([-1.0, 1.0], 2), 1.0]) @ matrix
    if recipe.scale:
        matrix *= rng.uniform(1 - recipe.scale, 1 + recipe.scale)
    shift = np.zeros(3, np.float32)
    if recipe.translate:
        shift = rng.uniform(-recipe.translate, recipe.translate, 3).astype(np.float32)
    motion = Motion(matrix.astype(np.float32), shift)
    moved = motion.of(points[rows])
    if recipe.jitter:
        moved += rng.normal(0, recipe.jitter, moved.shape).astype(np.float32)
    return moved, rows, motion


def chosen_voxels(count: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """(min(count, most),) int64 rows of a scan's voxels, a random choice in rising order; ``most`` 0: all."""
    if most == 0 or count <= most:
        return np.arange(count)
    return np.sort(rng.choice(count, most, replace=False))
