"""CLIP's features at every place of a picture, and reading them at pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

EPSILON = 1e-12
"""Keeps a vector of zeros from being divided by its length."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """The (…, D) vectors at length one, float32."""
    vectors = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, EPSILON))


@dataclass(frozen=True)
class DenseMap:
    """MaskCLIP's features of one picture: h × w cells over it.

    Attributes
    ----------
    features : (h, w, D) float32, unit length, in CLIP's joint space
    keys : (h, w, C) float32, unit length: the last attention's keys, which say what looks alike
    size : (width, height) of the picture in pixels
    cell : (width, height) of a cell in pixels of the picture; cell (row r, column c) covers
        [c·width, (c+1)·width) × [r·height, (r+1)·height), the last ones reach past the border
    """

    features: np.ndarray
    keys: np.ndarray
    size: tuple[int, int]
    cell: tuple[float, float]

    def sample(self, pixels: np.ndarray) -> np.ndarray:
        """(n, D) float32 unit features at (n, 2) pixels u, v: bilinear between cell centres.

        (0, 0) is the picture's upper left corner. Outside the outermost centres the border's value holds.
        """
        height, width = self.features.shape[:2]
        pixels = np.asarray(pixels, np.float64).reshape(-1, 2)
        left, right, x = _between(pixels[:, 0] / self.cell[0] - 0.5, width)
        above, below, y = _between(pixels[:, 1] / self.cell[1] - 0.5, height)
        flat = self.features.reshape(height * width, -1)
        found = np.zeros((len(pixels), flat.shape[1]), np.float32)
        for row, share_y in ((above, 1 - y), (below, y)):
            for column, share_x in ((left, 1 - x), (right, x)):
                found += flat[row * width + column] * (share_y * share_x)[:, None]
        return unit(found)

    def smoothed(self, block: int = 1024) -> DenseMap:
        """The map with every feature averaged over the picture by the likeness of keys.

        MaskCLIP's key smoothing with its suggested threshold of 1 averages every place, whatever is asked for:
        the average can then be taken once, of the features. Cosines of keys below 0 count as 0.
        """
        height, width, size = self.features.shape
        keys = self.keys.reshape(height * width, -1)
        flat = self.features.reshape(height * width, size)
        averaged = np.empty_like(flat)
        for start in range(0, len(keys), block):  # the full matrix of likeness would be (hw)² large
            alike = np.maximum(keys[start : start + block] @ keys.T, 0)
            averaged[start : start + block] = alike @ flat
        return replace(self, features=unit(averaged).reshape(height, width, size))


def _between(position: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two cells a position lies between, and how far it is from the first, (n,) each."""
    position = np.clip(position, 0, count - 1)
    first = np.minimum(position.astype(np.int64), max(count - 2, 0))
    return first, np.minimum(first + 1, count - 1), (position - first).astype(np.float32)
