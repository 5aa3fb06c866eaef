"""What is asked, and what answers look like: plain frozen data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.language.features import WAYS

Color = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of an image, half open."""

MODES = ("similarity", "winner", "relevancy", "match")
"""What the view shows of a query."""

KEPT_CLASSES = "kept_classes"
"""The layer of all queries that are kept as classes."""

KEPT_PREFIX = "kept:"
"""Begins the name of the layer of a kept query."""

LAYER_OF = {mode: f"text_{mode}" for mode in MODES}

ENSEMBLE = "ensemble"
WAYS_OF_QUERIES = (*WAYS, ENSEMBLE)
"""Where the features come from; the ensemble takes, per point, the better one of "pixels" and "network"."""

METHOD_OF: dict[str, tuple[str, ...]] = {
    "regions": ("regions",),
    "pixels": ("pixels",),
    "network": ("network_features",),
    ENSEMBLE: ("pixels", "network_features"),
}
"""Methods that give the features of each way."""

NEGATIVES = ("object", "things", "stuff", "texture")
"""What a prompt has to be more like than, to be relevant (LERF's canonical phrases)."""

THRESHOLD = 0.5
"""Relevancy from which a point matches, unless another one is chosen: more like the prompt than any negative."""

TEMPLATES = "street"
MOST_PROMPTS = 32
LONGEST = 500
"""Characters of a prompt that are kept: CLIP reads 77 tokens at most."""

COLORS: tuple[Color, ...] = (
    (255, 183, 77),
    (79, 195, 247),
    (129, 199, 132),
    (240, 98, 146),
    (186, 104, 200),
    (255, 241, 118),
    (77, 208, 196),
    (255, 138, 101),
)
"""Colours of new prompts, one after the other."""


@dataclass(frozen=True)
class Prompt:
    """One thing to look for: exactly one of words, a point and a box in an image.

    Attributes
    ----------
    text : words
    color : R, G, B it is drawn in
    point : frame and row of a point; looked for is what has a feature like it
    box : frame, name of the camera, x0, y0, x1, y1 in its pixels; looked for is what the crop shows
    """

    text: str = ""
    color: Color = COLORS[0]
    point: tuple[int, int] | None = None
    box: tuple[int, str, int, int, int, int] | None = None

    @property
    def title(self) -> str:
        """What lists and legends call it."""
        if self.point is not None:
            return f"like point {self.point[1]} of frame {self.point[0]}"
        if self.box is not None:
            return f"like the box in {self.box[1]}, frame {self.box[0]}"
        return self.text.strip()

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing (yet)."""
        return self.point is None and self.box is None and not self.text.strip()


@dataclass(frozen=True)
class QueryState:
    """All that the user has asked for and how it is to be shown.

    Attributes
    ----------
    prompts : what is looked for; empty ones are being typed and count nowhere
    active : place of the prompt whose scores are shown and thresholded
    mode : one of ``MODES``; way : one of ``WAYS_OF_QUERIES``; templates : name of a template set
    negatives : what relevancy is measured against
    threshold : relevancy from which a point matches, 0 to 1; None: ``THRESHOLD``
    smooth : below this confidence, 0 to 1, a pixel's scores are averaged over pixels with like keys (MaskCLIP's key
        smoothing; way "pixels" alone); 0: off
    denoise : prompts whose best confidence in the frame is below this, 0 to 1, are found nowhere; 0: off
    """

    prompts: tuple[Prompt, ...] = ()
    active: int = 0
    mode: str = "similarity"
    way: str = "regions"
    templates: str = TEMPLATES
    negatives: tuple[str, ...] = NEGATIVES
    threshold: float | None = None
    smooth: float = 0.0
    denoise: float = 0.0

    @property
    def asked(self) -> tuple[Prompt, ...]:
        """The prompts that ask for something."""
        return tuple(prompt for prompt in self.prompts if not prompt.empty)

    @property
    def active_asked(self) -> int:
        """Place of the active prompt among those that ask for something; 0 if it is an empty one."""
        if not 0 <= self.active < len(self.prompts) or self.prompts[self.active].empty:
            return 0
        return sum(not prompt.empty for prompt in self.prompts[: self.active])


@dataclass(frozen=True)
class PromptSet:
    """Prompts that the user has saved under a name, with what they are measured against."""

    name: str
    prompts: tuple[Prompt, ...]
    negatives: tuple[str, ...] = NEGATIVES
    templates: str = TEMPLATES


@dataclass(frozen=True)
class Hit:
    """An image region that answers a prompt.

    ``frame``; ``camera`` by name; ``box`` in its pixels; ``score`` cosine with the prompt, ``relevancy`` 0 to 1;
    ``center`` metres, sensor frame of that frame; ``segment`` number of its superpoint there; ``prompt`` place
    among those asked; ``points`` of it in the image.
    """

    frame: int
    camera: str
    box: Box
    score: float
    relevancy: float
    center: tuple[float, float, float]
    segment: int
    prompt: int
    points: int = 0


@dataclass(frozen=True)
class Histogram:
    """How the scores of the active prompt are spread over the points of a frame that something is known of.

    ``counts`` (B,) int64 of points in B equal bins from ``low`` to ``high``; ``threshold`` on that axis, None where
    the shown score has none (cosines); ``above``: points that match; ``known``: points in all.
    """

    counts: np.ndarray
    low: float
    high: float
    threshold: float | None
    above: int
    known: int
    axis: str


@dataclass(frozen=True)
class PromptReport:
    """One prompt on one frame: how many points match, its best cosine and relevancy (NaN: nothing is known), and
    whether prompt denoising has dropped it."""

    title: str
    points: int
    best: float
    best_relevancy: float
    dropped: bool = False


@dataclass(frozen=True)
class QueryReport:
    """What a panel shows of a query on one frame.

    ``prompts`` in their order; ``similarity`` and ``relevancy``: histograms of the active one; ``hits``: its best
    regions, best first (way "regions" alone); ``known`` of ``points`` points have a feature; ``seconds``: reading
    the words and comparing; ``text_seconds``: reading the words alone; ``notes``: sentences; ``origin``: one line
    on where the features come from.
    """

    prompts: tuple[PromptReport, ...]
    active: int
    threshold: float
    similarity: Histogram
    relevancy: Histogram
    hits: tuple[Hit, ...]
    known: int
    points: int
    seconds: float
    text_seconds: float
    notes: tuple[str, ...]
    origin: str
    clip: str


@dataclass(frozen=True)
class SearchResults:
    """A query over a whole sequence.

    ``scores`` (P, M) float32: the best cosine of each prompt in each of M frames, NaN where a frame is not indexed
    or nothing is known of it; ``relevancy`` (P, M) likewise; ``top``: the best regions, best first, of all prompts;
    ``indexed`` frames; ``seconds`` the search took; ``notes``: sentences about the words.
    """

    prompts: tuple[str, ...]
    scores: np.ndarray
    relevancy: np.ndarray
    top: tuple[Hit, ...]
    indexed: int
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """M."""
        return int(self.scores.shape[1])


@dataclass(frozen=True)
class KeptInfo:
    """A query that was kept: its ``name``, the ``layer`` that shows it, whether it is one of "My classes"."""

    name: str
    color: Color
    layer: str
    as_class: bool
