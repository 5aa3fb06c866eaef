"""MaskCLIP's key smoothing of a query: unsure pixels take over from pixels that look alike."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from app.core.language import clips, scoring
from app.core.language.asking import Asked
from app.core.language.comparing import Compared
from app.core.language.features import PointFeatures
from app.core.language.stored import pictures
from app.core.methods.base import Given, Steps
from app.core.prediction.aside import aside

if TYPE_CHECKING:
    from app.core.methods.pixels import PixelOptions
    from app.models.clip import ClipModel
    from app.models.clip.dense_map import DenseMap

VISIBILITY = "visibility"


def smoothed_steps(
    given: Given, model: ClipModel, features: PointFeatures, asked: Asked, found: Compared, threshold: float
) -> Steps[Compared]:
    """The scores with relevancy and winner taken from smoothed shares, for points that the frame's own pictures
    show.

    The shares are those of the softmax over prompts and negatives; LERF's relevancy is a quotient of two of them.
    The cosines stay as they are. Several pictures of a point are averaged.
    """
    seen = yield from given.result(VISIBILITY)
    words = np.concatenate([asked.vectors, asked.negatives])
    total = np.zeros((len(features.table), len(words)), np.float32)
    views = np.zeros(len(features.table), np.float32)
    images = pictures(given.context, given.frame)
    for place, image in enumerate(images):
        rows = np.flatnonzero(seen.visible[:, place] & (features.row >= 0))
        if image is None or not len(rows):
            continue
        dense = yield from _dense(given, model, place, image)
        sampling = partial(_sampled, dense, seen.pixel[rows, place], words, threshold)
        shares = yield from clips.waiting(aside(sampling), "smooth by keys")
        np.add.at(total, features.row[rows], shares)
        np.add.at(views, features.row[rows], 1)
    there = np.flatnonzero(views)
    total[there] /= views[there, None]
    return _with_shares(found, asked, there, total[there])


def _with_shares(found: Compared, asked: Asked, rows: np.ndarray, shares: np.ndarray) -> Compared:
    prompts = len(asked.vectors)
    mine, theirs = shares[:, :prompts], shares[:, prompts:]
    rival = scoring.rivals(theirs, asked.allowed)
    quotient = mine / np.maximum(mine + np.maximum(rival, 0), 1e-12)
    words = ~asked.example
    relevant, order = found.relevancy.copy(), found.order.copy()
    relevant[np.ix_(rows, words)] = np.where(np.isneginf(rival), 1, quotient)[:, words]
    if words.all():
        order = order.copy()
        order[rows] = mine
    return replace(found, relevancy=relevant, order=order)


def _sampled(
    dense: DenseMap, pixels: np.ndarray, words: np.ndarray, threshold: float, _stop: threading.Event
) -> np.ndarray:
    """(n, C) float32 smoothed shares at (n, 2) pixels, bilinear between cells."""
    from app.models.clip.refine import smooth_by_keys

    shares = smooth_by_keys(dense.features @ words.T, dense.keys, threshold)
    height, width = shares.shape[:2]
    across = np.clip(pixels[:, 0] / dense.cell[0] - 0.5, 0, width - 1)
    down = np.clip(pixels[:, 1] / dense.cell[1] - 0.5, 0, height - 1)
    left, above = np.floor(across).astype(np.int64), np.floor(down).astype(np.int64)
    right, below = np.minimum(left + 1, width - 1), np.minimum(above + 1, height - 1)
    x, y = (across - left)[:, None], (down - above)[:, None]
    top = shares[above, left] * (1 - x) + shares[above, right] * x
    bottom = shares[below, left] * (1 - x) + shares[below, right] * x
    return np.asarray(top * (1 - y) + bottom * y, np.float32)


def _dense(given: Given, model: ClipModel, place: int, image: np.ndarray) -> Steps[DenseMap]:
    """The dense map of a picture, from memory where the method "pixels" has just made it."""
    options: PixelOptions = given.options["pixels"]  # type: ignore[assignment]
    camera = given.frame.cameras[place]
    key = ("dense", camera.image_path, options.clip, options.device, options.scale)
    held: DenseMap | None = given.context.cache.get(key)
    if held is None:
        work = aside(lambda stop: model.dense(image, scale=options.scale, stopped=stop.is_set))
        held = yield from clips.waiting(work, f"CLIP on {camera.name}")
        given.context.cache.put(key, held, held.features.nbytes + held.keys.nbytes)
    return held
