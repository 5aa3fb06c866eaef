"""Rows of features against what is asked: cosines, the rival of each row, relevancy; ensemble and denoising."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app.core.errors import UsageError
from app.core.language import scoring
from app.core.language.features import PointFeatures

if TYPE_CHECKING:
    from app.core.language.asking import Asked
    from app.models.clip import ClipInfo

ON_AVERAGE = "what the frame shows on average"


@dataclass(frozen=True)
class Compared:
    """Scores of K rows for P prompts, of one table or of two that stand one after the other.

    Attributes
    ----------
    cosine, relevancy : (K, P) float32
    order : (K, P) float32, by which the winner among the prompts is chosen
    row : (N,) int32 row of each point, −1 where nothing is known; weight : (K,) int64 points of each row
    negatives : (K, Q) float32 cosines with the negatives
    average : (K,) float32 cosine with what the frame shows on average; zeros where no prompt is an example
    starts : first row of each table
    dropped : (P,) bool prompts that denoising found nowhere
    """

    cosine: np.ndarray
    relevancy: np.ndarray
    order: np.ndarray
    row: np.ndarray
    weight: np.ndarray
    negatives: np.ndarray
    average: np.ndarray
    starts: tuple[int, ...]
    dropped: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = (self.cosine, self.relevancy, self.order, self.row, self.weight, self.negatives, self.average)
        return sum(array.nbytes for array in arrays)

    @property
    def known(self) -> int:
        """Points of which something is known."""
        return int(self.weight.sum())


def check_same_clip(features: PointFeatures, info: ClipInfo) -> None:
    """``UsageError`` where features were made with another CLIP than the one that reads the words."""
    if features.clip != info.identity:
        raise UsageError(
            f"The features ({features.origin}) were made with another CLIP than {info.title} ({info.identity}), "
            "which reads the words; choose the same one for both."
        )


def compared(features: PointFeatures, asked: Asked) -> Compared:
    """Scores of a table's rows.

    Relevancy is LERF's: against the negative most like the row. Prompts that are a point or a box compare pictures
    with pictures, which are more alike than words and pictures ever are; what the frame shows on average is their
    negative. So where examples are among the prompts the winner is the one whose lead over its rival is greatest;
    among words alone it is the greatest cosine.
    """
    prompts, count = len(asked.vectors), len(asked.negatives)
    mean = [scoring.mean_direction(features)[None]] if asked.example.any() else []
    every = scoring.cosines(features.table, np.concatenate([asked.vectors, asked.negatives, *mean]))
    cosine = np.ascontiguousarray(every[:, :prompts])
    negatives = every[:, prompts : prompts + count]
    average = every[:, -1] if mean else np.zeros(len(every), np.float32)
    rival = scoring.rivals(negatives, asked.allowed)
    rival[:, asked.example] = average[:, None]
    relevant = scoring.relevancy(cosine, rival, asked.scale)
    order = cosine
    if asked.example.any():
        order = cosine - np.where(np.isneginf(rival), average[:, None], rival)
    weight = scoring.row_weights(features.row, len(features.table))
    dropped = np.zeros(prompts, bool)
    return Compared(cosine, relevant, order, features.row, weight, negatives, average, (0,), dropped)


def joined(parts: Sequence[Compared]) -> Compared:
    """One part as it is; of two OpenScene's ensemble: each point takes the part in which its greatest cosine over
    the prompts is larger, and where one part knows nothing of it the other."""
    if len(parts) == 1:
        return parts[0]
    first, second = parts
    row = scoring.surer(first.row, first.cosine, second.row, second.cosine)
    names = ("cosine", "relevancy", "order", "negatives", "average")
    tables = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    weight = scoring.row_weights(row, len(tables["cosine"]))
    return Compared(**tables, row=row, weight=weight, starts=(0, len(first.cosine)), dropped=first.dropped)


def shares_of(found: Compared, asked: Asked) -> np.ndarray:
    """(K, P + Q) float32 softmax of rows over prompts and negatives, with CLIP's logit scale."""
    return softmax(np.concatenate([found.cosine, found.negatives], axis=1), asked.scale)


def softmax(cosine: np.ndarray, scale: float) -> np.ndarray:
    """(K, C) float32 shares of (K, C) cosines, times ``scale``."""
    if not cosine.shape[1]:
        return cosine
    shares = np.exp(np.float32(scale) * (cosine - cosine.max(axis=1, keepdims=True)))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def denoised(found: Compared, asked: Asked, threshold: float) -> Compared:
    """MaskCLIP's prompt denoising: prompts whose best share, over all points, is below the threshold match nowhere.

    The surest prompt stays in any case, as in MaskCLIP.
    """
    if threshold <= 0 or not found.known:
        return found
    shares = shares_of(found, asked)[:, : found.cosine.shape[1]]
    best = shares[found.weight > 0].max(axis=0)
    dropped = best < threshold
    dropped[int(best.argmax())] = False
    if not dropped.any():
        return found
    relevant = found.relevancy.copy()
    relevant[:, dropped] = 0
    order = found.order.copy()
    order[:, dropped] = -np.inf
    return replace(found, relevancy=relevant, order=order, dropped=dropped)
