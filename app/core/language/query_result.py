"""The answer to a query on one frame, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core.labels import ClassInfo, LabelSet
from app.core.language import scoring
from app.core.language.asking import Asked
from app.core.language.comparing import ON_AVERAGE, Compared
from app.core.language.features import PointFeatures, Regions
from app.core.language.queries import Histogram, Hit, Prompt, PromptReport, QueryReport
from app.core.methods.base import Fact

HITS = 24
"""Regions of a frame that are told."""

TOLD = 3
"""Prompts that the inspector names."""

UNKNOWN_COLOR = (44, 47, 54)
ELSE_COLOR = (96, 101, 110)


@dataclass(frozen=True)
class QueryResult:
    """Scores of P prompts for a frame of N points.

    Attributes
    ----------
    compared : scores of the rows that points share
    prompts, active, threshold : as asked; ``active`` prompt is the one that layers of one prompt show
    features : where the rows come from, one or (ensemble) two
    asked : what was compared with
    frame : its index; ``clip``: what read the words, in one line
    seconds : reading the words and comparing; 0 where nothing had to be done anew
    """

    compared: Compared
    prompts: tuple[Prompt, ...]
    active: int
    threshold: float
    features: tuple[PointFeatures, ...]
    asked: Asked
    frame: int
    clip: str
    seconds: float

    @property
    def nbytes(self) -> int:
        """Memory of the scores."""
        return self.compared.nbytes + 1

    @property
    def origin(self) -> str:
        """In one line, where the features come from."""
        return " and ".join(one.origin for one in self.features)

    @property
    def similarity(self) -> np.ndarray:
        """(N, P) float32 cosines, NaN where nothing is known."""
        return self._spread(self.compared.cosine)

    @property
    def relevancy(self) -> np.ndarray:
        """(N, P) float32 from 0 to 1, NaN where nothing is known."""
        return self._spread(self.compared.relevancy)

    @property
    def matches(self) -> np.ndarray:
        """(N, P) bool."""
        return self._spread(self.compared.relevancy >= self.threshold, fill=False)

    @property
    def winner(self) -> np.ndarray:
        """(N,) uint8: 0 nothing is known, 1 … P the prompt that suits best, P + 1 none of them matches."""
        found = scoring.winners(self.compared.relevancy, self.compared.order, self.threshold)
        return self._spread(found, fill=scoring.UNKNOWN_ID)

    def of_prompt(self, values: np.ndarray, place: int | None = None, fill: float = np.nan) -> np.ndarray:
        """(N,) values of points from (K, P) values of rows, for one prompt; None: the active one."""
        return self._spread(np.ascontiguousarray(values[:, self.active if place is None else place]), fill)

    def label_set(self) -> LabelSet:
        """Classes of ``winner``: the prompts in their colours, by the words they were asked in."""
        entries = [ClassInfo(scoring.UNKNOWN_ID, "nothing known", UNKNOWN_COLOR, (scoring.UNKNOWN_ID,))]
        entries += [
            ClassInfo(i, prompt.title, prompt.color, (i,)) for i, prompt in enumerate(self.prompts, start=1)
        ]
        last = len(self.prompts) + 1
        entries.append(ClassInfo(last, "something else", ELSE_COLOR, (last,)))
        return LabelSet(name="prompts", classes=tuple(entries))

    def about(self, place: int | None = None) -> str:
        """One line for the provenance of a layer that shows a prompt, or all of them."""
        told = self.prompts if place is None else (self.prompts[place],)
        words = ", ".join(f"“{prompt.title}”" for prompt in told)
        return f"{words} read by {self.clip}, against features of {self.origin}"

    # what is told

    def tell(self, point: int) -> tuple[Fact, ...]:
        """Scores of the prompts at a point, the negative that came closest, and the region they come from."""
        row = int(self.compared.row[point])
        if row < 0:
            return (Fact("Query", "unknown", f"no feature reaches this point; {self.origin}"),)
        best = np.argsort(-self.compared.order[row], kind="stable")[:TOLD]
        told = dict.fromkeys([self.active, *(int(i) for i in best)])
        facts = [self._score(place, row) for place in told]
        part, features = self._part(row)
        inside = row - self.compared.starts[part]
        if features.regions is not None:
            facts.append(region_fact(features.regions, inside, features.origin))
        else:
            views = f"{int(features.views[inside])}"
            facts.append(Fact("Feature from", f"{features.way}, {views} views", features.origin))
        return tuple(facts)

    def report(self) -> QueryReport:
        """Counts and histograms of all points, and the best regions of the active prompt."""
        found, weight = self.compared, self.compared.weight
        matching = found.relevancy >= self.threshold
        above = weight @ matching
        seen = weight > 0
        prompts = tuple(
            PromptReport(
                title=prompt.title,
                points=int(above[place]),
                best=_best(found.cosine[seen, place]),
                best_relevancy=_best(found.relevancy[seen, place]),
                dropped=bool(found.dropped[place]),
            )
            for place, prompt in enumerate(self.prompts)
        )
        cosine, relevant = found.cosine[:, self.active], found.relevancy[:, self.active]
        low, high = _bounds(cosine[seen])
        notes = [f"“{p.title}” is found nowhere in this frame (denoising)." for p in prompts if p.dropped]
        return QueryReport(
            prompts=prompts,
            active=self.active,
            threshold=self.threshold,
            similarity=self._histogram(cosine, low, high, None, prompts[self.active].points, "cosine"),
            relevancy=self._histogram(relevant, 0, 1, self.threshold, prompts[self.active].points, "relevancy"),
            hits=self.hits(self.active),
            known=found.known,
            points=len(found.row),
            seconds=self.seconds,
            text_seconds=self.asked.seconds,
            notes=(*self.asked.notes, *notes),
            origin=self.origin,
            clip=self.clip,
        )

    def hits(self, place: int, count: int = HITS) -> tuple[Hit, ...]:
        """The regions most like a prompt, best first; none where the features are not of regions."""
        regions = self.features[0].regions
        if regions is None or len(self.features) > 1:
            return ()
        scores = self.compared.order[: len(regions), place]
        best = np.argsort(-scores, kind="stable")[:count]
        return tuple(self._hit(regions, int(row), place) for row in best if np.isfinite(scores[row]))

    # under the hood

    def _spread(self, values: np.ndarray, fill: float = np.nan) -> np.ndarray:
        return scoring.spread(self.compared.row, values, fill)

    def _part(self, row: int) -> tuple[int, PointFeatures]:
        part = sum(row >= start for start in self.compared.starts) - 1
        return part, self.features[part]

    def _score(self, place: int, row: int) -> Fact:
        cosine, relevant = self.compared.cosine[row, place], self.compared.relevancy[row, place]
        rival = self._rival(place, row)
        against = f"; closest rival {rival}" if rival else ""
        value = f"{cosine:.3f} cosine, {100 * relevant:.0f} % relevant"
        layer = "text_similarity" if place == self.active else ""
        return Fact(f"“{self.prompts[place].title}”", value, f"{self.about(place)}{against}", layer)

    def _rival(self, place: int, row: int) -> str:
        """The negative that came closest to a row among those that count for a prompt."""
        if self.asked.example[place]:
            return f"{ON_AVERAGE} ({self.compared.average[row]:.3f})"
        counts = np.flatnonzero(self.asked.allowed[place])
        if not len(counts):
            return ""
        closest = int(counts[self.compared.negatives[row, counts].argmax()])
        return f"“{self.asked.rivals[closest]}” ({self.compared.negatives[row, closest]:.3f})"

    def _histogram(
        self, values: np.ndarray, low: float, high: float, threshold: float | None, above: int, axis: str
    ) -> Histogram:
        counts = scoring.histogram(values, self.compared.weight, low, high)
        return Histogram(counts, low, high, threshold, above, self.compared.known, axis)

    def _hit(self, regions: Regions, row: int, place: int) -> Hit:
        return Hit(
            frame=self.frame,
            score=float(self.compared.cosine[row, place]),
            relevancy=float(self.compared.relevancy[row, place]),
            prompt=place,
            **described(regions, row),
        )


def described(regions: Regions, row: int) -> dict[str, Any]:
    """What a hit says of its region."""
    camera = int(regions.camera[row])
    x0, y0, x1, y1 = (int(edge) for edge in regions.box[row])
    x, y, z = (float(value) for value in regions.center[row])
    return {
        "camera": regions.cameras[camera] if 0 <= camera < len(regions.cameras) else "",
        "box": (x0, y0, x1, y1),
        "center": (x, y, z),
        "segment": int(regions.segment[row]),
        "points": int(regions.points[row]),
    }


def region_fact(regions: Regions, row: int, origin: str) -> Fact:
    """The region that a point's feature is of."""
    about = described(regions, row)
    x0, y0, x1, y1 = regions.box[row]
    where = f"{about['camera'] or 'no picture'}, {x0}, {y0} to {x1}, {y1}"
    count = f"superpoint {about['segment']}, {about['points']} points in that image"
    return Fact("Feature from", where, f"{count}; {origin}")


def _bounds(values: np.ndarray) -> tuple[float, float]:
    """Ends of a histogram of cosines, in steps of 0.05 so that it does not jump while one types."""
    if not len(values):
        return 0.0, 1.0
    low = np.floor(float(values.min()) * 20) / 20
    return float(low), float(max(np.ceil(float(values.max()) * 20) / 20, low + 0.05))


def _best(values: np.ndarray) -> float:
    return float(values.max()) if len(values) else float("nan")
