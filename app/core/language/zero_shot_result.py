"""Known classes found by their words on one frame, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.core.language import scoring
from app.core.language.class_words import ClassWords
from app.core.language.comparing import softmax
from app.core.language.features import PointFeatures
from app.core.language.query_result import region_fact
from app.core.methods.base import Fact

TOLD = 3


@dataclass(frozen=True)
class ClassRows:
    """K rows against W words of C classes.

    ``cosine`` (K, W) float32; ``share`` (K,) float32 greatest share of the softmax over classes, each standing for
    its best word; ``word`` (K,) int16 place of the best word; ``row`` (N,) int32 row of each point, −1 nothing
    known; ``starts``: first row of each table.
    """

    cosine: np.ndarray
    share: np.ndarray
    word: np.ndarray
    row: np.ndarray
    starts: tuple[int, ...]


@dataclass(frozen=True)
class ZeroShotReport:
    """What a panel shows of the known classes of one frame.

    Attributes
    ----------
    confusion : (C + 1, C + 1) int64 by train id, rows found, columns truth, over points of which something is
    known; None without labels
    why : why there is no confusion, one sentence, or ""
    classes : names by train id
    identity : by what scores are added up: CLIP, way, words and templates
    clip, origin : what read the words, and where the features come from, one line each
    known : of ``points`` points something is known
    drove : word and number of points it decided, most first
    seconds : reading the words and comparing
    """

    confusion: np.ndarray | None
    why: str
    classes: tuple[str, ...]
    identity: str
    clip: str
    origin: str
    known: int
    points: int
    drove: tuple[tuple[str, int], ...]
    seconds: float
    votes: int = 1
    precision: str = ""
    device: str = ""


def classified(
    features: PointFeatures, vectors: np.ndarray, words: ClassWords, scale: float, denoise: float
) -> ClassRows:
    """The best word of each row of a table; ``vectors`` (W, D) float32 of the words in their order."""
    cosine = scoring.cosines(features.table, vectors)
    if denoise > 0 and len(cosine):
        cosine = _denoised(cosine, scoring.row_weights(features.row, len(cosine)), scale, denoise)
    owner = np.array([train for train, _ in words.asked])
    best = np.stack([cosine[:, owner == train].max(axis=1) for train in np.unique(owner)], axis=1)
    share = softmax(best, scale).max(axis=1) if len(best) else np.zeros(0, np.float32)
    word = cosine.argmax(axis=1).astype(np.int16) if len(cosine) else np.zeros(0, np.int16)
    return ClassRows(cosine, share, word, features.row, (0,))


def _denoised(cosine: np.ndarray, weight: np.ndarray, scale: float, threshold: float) -> np.ndarray:
    """Cosines with words nobody is sure of anywhere set to −1; the surest word stays in any case."""
    shares = softmax(cosine, scale)[weight > 0]
    if not len(shares):
        return cosine
    best = shares.max(axis=0)
    dropped = best < threshold
    dropped[int(best.argmax())] = False
    kept = cosine.copy()
    kept[:, dropped] = -1
    return kept


def joined(parts: Sequence[ClassRows]) -> ClassRows:
    """One part as it is; of two OpenScene's ensemble: each point takes the part with the larger greatest cosine."""
    if len(parts) == 1:
        return parts[0]
    first, second = parts
    row = scoring.surer(first.row, first.cosine, second.row, second.cosine)
    return ClassRows(
        cosine=np.concatenate([first.cosine, second.cosine]),
        share=np.concatenate([first.share, second.share]),
        word=np.concatenate([first.word, second.word]),
        row=row,
        starts=(0, len(first.cosine)),
    )


@dataclass(frozen=True)
class ZeroShotResult:
    """Classes of a frame of N points; ``words`` in their order; ``features`` one or (ensemble) two; ``clip``: what
    read the words; ``identity``: by what scores are added up; ``seconds``: reading the words and comparing."""

    rows: ClassRows
    words: ClassWords
    features: tuple[PointFeatures, ...]
    templates: str
    clip: str
    identity: str
    seconds: float

    @property
    def nbytes(self) -> int:
        """Memory of the scores."""
        rows = self.rows
        return rows.cosine.nbytes + rows.share.nbytes + rows.word.nbytes + rows.row.nbytes + 1

    @property
    def known(self) -> np.ndarray:
        """(N,) bool."""
        return np.asarray(self.rows.row >= 0)

    @property
    def classes(self) -> np.ndarray:
        """(N,) uint8 train ids, 0 where nothing is known."""
        owner = np.array([train for train, _ in self.words.asked], np.uint8)
        return scoring.spread(self.rows.row, owner[self.rows.word], 0)

    @property
    def confidence(self) -> np.ndarray:
        """(N,) float32 share of the class in the softmax over classes, NaN where nothing is known."""
        return scoring.spread(self.rows.row, self.rows.share)

    @property
    def word(self) -> np.ndarray:
        """(N,) int16 place among ``words.asked`` of the word that drove the choice, −1 where nothing is known."""
        return scoring.spread(self.rows.row, self.rows.word, -1)

    @property
    def origin(self) -> str:
        """In one line, where the features come from."""
        return " and ".join(one.origin for one in self.features)

    @property
    def source(self) -> str:
        """In one line, what found the classes."""
        count = len(self.words.asked)
        return f"{count} words in the sentences “{self.templates}” read by {self.clip}, against {self.origin}"

    def drove(self) -> tuple[tuple[str, int], ...]:
        """Words and how many points each decided, most first."""
        counts = np.bincount(self.word[self.known], minlength=len(self.words.asked))
        order = np.argsort(-counts, kind="stable")
        return tuple((self.words.asked[i][1], int(counts[i])) for i in order if counts[i])

    def tell(self, point: int) -> tuple[Fact, ...]:
        """The class, the word that drove it, its runners-up, and where the feature comes from."""
        row = int(self.rows.row[point])
        if row < 0:
            return (
                Fact("Class in words", "unknown", f"no feature reaches this point; {self.origin}", "zero_shot"),
            )
        asked, scores = self.words.asked, self.rows.cosine[row]
        names = {entry.id: entry.name for entry in self.words.words}
        best = np.argsort(-scores, kind="stable")[:TOLD]
        listed = ", ".join(f"{asked[i][1]} {scores[i]:.3f}" for i in best)
        part = sum(row >= start for start in self.rows.starts) - 1
        features, inside = self.features[part], row - self.rows.starts[part]
        facts = [
            Fact("Class in words", names[asked[best[0]][0]], self.source, "zero_shot"),
            Fact("Word that drove it", f"“{asked[best[0]][1]}”", f"greatest cosine; {self.source}"),
            Fact("Most alike", listed, f"cosines of single words; {self.source}"),
            Fact(
                "Share",
                f"{100 * self.rows.share[row]:.1f} %",
                "of the softmax over classes",
                "zero_shot_confidence",
            ),
        ]
        if features.regions is not None:
            facts.append(region_fact(features.regions, inside, features.origin))
        return tuple(facts)
