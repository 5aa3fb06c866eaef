"""MaskCLIP's two refinements of a map of prompt scores: key smoothing and prompt denoising."""

from __future__ import annotations

import numpy as np

SCALE = 100.0
"""By how much MaskCLIP multiplies cosines before the softmax over prompts."""

DROPPED = -1.0
"""Score of a prompt that is not in the picture: no cosine is lower."""


def softmax(logits: np.ndarray, scale: float = SCALE) -> np.ndarray:
    """(…, P) shares of the prompts from (…, P) cosines, float32."""
    scaled = scale * (logits - logits.max(axis=-1, keepdims=True))
    shares = np.exp(scaled, dtype=np.float32)
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def smooth_by_keys(logits: np.ndarray, keys: np.ndarray, threshold: float, block: int = 1024) -> np.ndarray:
    """Shares of the prompts, averaged by likeness of keys where no prompt is sure.

    Parameters
    ----------
    logits : (h, w, P) cosines to the prompts
    keys : (h, w, C) unit length, as ``DenseMap.keys``
    threshold : places whose largest share is below it become the mean of the shares of all places, weighted by
        the cosine of their keys; 0: none, 1 (MaskCLIP's suggestion): practically all

    Returns
    -------
    (h, w, P) float32 shares. MaskCLIP adds the weighted shares up; here they are divided by the sum of the
    weights' sizes, which changes no winner and keeps values of one picture comparable with another's.
    """
    shares = softmax(np.asarray(logits, np.float32))
    height, width, prompts = shares.shape
    flat, keys = shares.reshape(-1, prompts), np.asarray(keys, np.float32).reshape(height * width, -1)
    unsure = np.flatnonzero(flat.max(axis=1) < threshold)
    smoothed = flat.copy()
    for start in range(0, len(unsure), block):  # a block of rows at a time bounds the memory
        rows = unsure[start : start + block]
        alike = keys[rows] @ keys.T
        smoothed[rows] = alike @ flat / np.maximum(np.abs(alike).sum(axis=1, keepdims=True), 1e-12)
    return smoothed.reshape(height, width, prompts)


def denoise(logits: np.ndarray, threshold: float) -> np.ndarray:
    """Scores with those prompts dropped that are nowhere in the picture.

    A prompt whose largest share anywhere is below ``threshold`` (MaskCLIP suggests 0.5) gets ``DROPPED``
    everywhere; the surest of all prompts stays in any case. (h, w, P) float32 in and out.
    """
    logits = np.array(logits, np.float32)
    best = softmax(logits).reshape(-1, logits.shape[-1]).max(axis=0)
    dropped = best < threshold
    dropped[int(best.argmax())] = False
    logits[..., dropped] = DROPPED
    return logits
