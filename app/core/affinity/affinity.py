"""Affinity between instances and the random walk over it (Affinity3D, equations 5 to 8).

As the paper writes it, for N instances with unit features F (N, D) and predictions Y (N, C):

    W = softmax(scale · F Fᵀ) by rows        T = D⁻¹ W^∘β with D the row sums of W^∘β        Y' = T · Y

The denominators of the softmax cancel in T, so T_ij = exp(β · scale · (f_i·f_j − f_i·f_i)) over its row sum; the
subtracted term keeps numbers near 1. N × N is never held: tiles of T are made, used, and forgotten. One
pass of exp over a tile is all there is beside the two matrix products, because both the subtraction and the row
sums ride along in them, as one more column of F and of Y.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from app.core.errors import UsageError

ROWS, COLUMNS = 512, 1024
"""Instances of a tile of T: its 2 MB stay near the processor between the two products and exp."""

Walk = Generator[tuple[int, int], None, np.ndarray]
"""Yields done and total tiles; cancelled between two."""


@dataclass(frozen=True)
class AffinityOptions:
    """The numbers of the random walk.

    Attributes
    ----------
    scale : "amplify factor" of equation 5, for features of unit length; what is large depends on the CLIP
    beta : β of equation 7
    walks : how often the predictions are propagated; the paper: once
    """

    scale: float
    beta: float = 2.0
    walks: int = 1


@dataclass(frozen=True)
class Neighbours:
    """The instances that one instance takes most from: ``rows`` (k,) int64, ``weights`` (k,) float32 of T,
    descending, itself among them; ``rest``: the weight of all others together."""

    rows: np.ndarray
    weights: np.ndarray
    rest: float


def check(options: AffinityOptions) -> None:
    """``UsageError`` with one sentence where the options make no sense."""
    for name, most in (("scale", 1000.0), ("beta", 100.0)):
        value = getattr(options, name)
        if not 0 <= value <= most:
            raise UsageError(f"'{name}' of the affinity must be 0 to {most:g}; it is {value}.")
    if not 1 <= options.walks <= 100:
        raise UsageError(f"'walks' of the affinity must be 1 to 100; it is {options.walks}.")


def propagate(features: np.ndarray, predictions: np.ndarray, options: AffinityOptions) -> np.ndarray:
    """(N, C) float32 T · Y, once a walk; see :func:`propagating`."""
    work = propagating(features, predictions, options)
    try:
        while True:
            next(work)
    except StopIteration as stop:
        result: np.ndarray = stop.value
        return result


def propagating(features: np.ndarray, predictions: np.ndarray, options: AffinityOptions) -> Walk:
    """Refine predictions by those of similar instances, a tile of T at a time.

    Parameters
    ----------
    features : (N, D) float16 or float32, rows of unit length
    predictions : (N, C) float32, Y
    options : scale, β, walks

    Returns
    -------
    (N, C) float32 Y'; memory beside arguments and result: a tile and the features of its rows and columns

    Raises
    ------
    ValueError
        The shapes do not fit.
    """
    if features.ndim != 2 or predictions.ndim != 2 or len(features) != len(predictions):
        raise ValueError(f"found features {features.shape} and predictions {predictions.shape}")
    count = len(features)
    tiles = -(-count // ROWS) * -(-count // COLUMNS) * options.walks
    values = np.asarray(predictions, np.float32)
    done = 0
    for _ in range(options.walks):
        beside = np.concatenate([values, np.ones((count, 1), np.float32)], axis=1)
        found = np.empty_like(values)
        for start in range(0, count, ROWS):
            left = _amplified(features[start : start + ROWS], options)
            total = np.zeros((len(left), beside.shape[1]), np.float32)
            for column in range(0, count, COLUMNS):
                tile = left @ _with_one(features[column : column + COLUMNS]).T
                np.exp(tile, out=tile)
                total += tile @ beside[column : column + COLUMNS]
                done += 1
                yield done, tiles
            found[start : start + ROWS] = total[:, :-1] / total[:, -1:]
        values = found
    return values


def weights_of(features: np.ndarray, row: int, options: AffinityOptions) -> np.ndarray:
    """(N,) float32 row ``row`` of T: how much of each instance's prediction goes into that one's."""
    left = _amplified(features[row : row + 1], options)
    weights = np.empty(len(features), np.float32)
    for column in range(0, len(features), COLUMNS):
        part = slice(column, column + COLUMNS)
        weights[part] = np.exp(left @ _with_one(features[part]).T)[0]
    return np.asarray(weights / weights.sum(dtype=np.float64), np.float32)


def neighbours(features: np.ndarray, row: int, options: AffinityOptions, most: int = 8) -> Neighbours:
    """The ``most`` instances with the greatest weights for instance ``row``; of equal ones the earlier."""
    weights = weights_of(features, row, options)
    best = np.argsort(-weights, kind="stable")[:most]
    return Neighbours(best, weights[best], max(0.0, 1.0 - float(weights[best].sum(dtype=np.float64))))


def _amplified(features: np.ndarray, options: AffinityOptions) -> np.ndarray:
    """(n, D + 1) float32 β · scale · f, and last −β · scale · f·f: products with (f, 1) are at most about 0."""
    plain = np.asarray(features, np.float32)
    sharpness = np.float32(options.beta * options.scale)
    own = np.einsum("ij,ij->i", plain, plain)
    return np.concatenate([sharpness * plain, -sharpness * own[:, None]], axis=1)


def _with_one(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features.astype(np.float32), np.ones((len(features), 1), np.float32)], axis=1)
