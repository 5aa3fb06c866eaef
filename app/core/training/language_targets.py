"""What a CLIP teaches a network: features of each scan's points, and the words that classes are asked by."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.core.datasets.base import OpenOptions
from app.core.errors import Cancelled, DataError, UsageError
from app.core.labels import LabelSet
from app.core.methods.base import Given, drain, pinned
from app.core.tasks.context import Context, Source
from app.core.training.recipes.distill import Distill
from app.core.training.split import Scan
from app.models.clip.source import source_of

if TYPE_CHECKING:
    from app.core.language.features import PointFeatures
    from app.models.clip.info import ClipInfo

log = logging.getLogger(__name__)

LOG_SECONDS = 10.0
FRAME_MEMORY = 96 << 20
"""For frames and pictures; the features themselves are stored on the disk after the first pass."""


@dataclass(frozen=True)
class Readout:
    """Turns features into classes: ``words`` (W, D) float32 unit text features, ``channels`` (W,) int64 the class
    channel that each stands for; a point's class is that of the word with the greatest cosine."""

    words: np.ndarray
    channels: np.ndarray


class LanguageTargets:
    """The point features of a recipe's CLIP, computed once for each scan and then read from the feature store.

    Parameters
    ----------
    paths : the recordings that scans are of, the one trained on first
    scans : all scans that will be asked for

    Raises
    ------
    DataError, UsageError
        There is no such CLIP, or it cannot be used here; one sentence.
    """

    def __init__(self, paths: tuple[Path, ...], recipe: Distill, scans: tuple[Scan, ...]) -> None:
        from app.core.language import clips

        self._recipe = recipe
        self._paths = paths
        self._scans = scans
        self._ready: set[tuple[int, str]] = set()
        self._stopped = threading.Event()
        self._source = source_of(recipe.clip)
        self._context = Context(FRAME_MEMORY)
        self._options = pinned(((self._way, self._way_options()),))
        why = clips.why_not(clips.stamped(self._source))
        if why is not None:
            raise DataError(why)
        self.info: ClipInfo = clips.info_of(clips.stamped(self._source))

    def close(self) -> None:
        """Stop what :meth:`of` is doing in another thread, as soon as a frame is done."""
        self._stopped.set()

    def of(self, scan: Scan) -> PointFeatures | None:
        """Features of a scan's points; None where no picture shows any of them.

        Where frames are fused, the first call computes those of all scans of its sequence, in their order: each
        picture is then looked at once, not once for each frame around it.
        """
        whole = (scan.data, scan.sequence)
        if whole not in self._ready and (self._recipe.frames_before or self._recipe.frames_after):
            self._in_order([other for other in self._scans if (other.data, other.sequence) == whole])
        self._ready.add(whole)
        return self._features(scan)

    def _in_order(self, scans: list[Scan]) -> None:
        started = said = time.monotonic()
        for done, scan in enumerate(sorted(scans, key=lambda scan: scan.index)):
            if self._stopped.is_set():
                raise Cancelled
            self._features(scan)
            if time.monotonic() - said > LOG_SECONDS:
                said = time.monotonic()
                left = (said - started) / (done + 1) * (len(scans) - done - 1)
                log.info(
                    "Features of sequence %s: %d of %d scans, %.0f min left.",
                    scan.sequence, done + 1, len(scans), left / 60,
                )  # fmt: skip

    def _features(self, scan: Scan) -> PointFeatures | None:
        source = Source(self._paths[scan.data], scan.sequence, OpenOptions())
        sequence = self._context.sequence(source)
        frame = self._context.frame(source, scan.index)
        given = Given(self._context, source, frame, sequence.label_set, self._options)
        if given.missing(self._way) is not None:
            return None
        features: PointFeatures = drain(given.result(self._way))
        return features if len(features.table) else None

    def why_none(self, scan: Scan) -> str:
        """Why a scan has no features."""
        source = Source(self._paths[scan.data], scan.sequence, OpenOptions())
        frame = self._context.frame(source, scan.index)
        given = Given(self._context, source, frame, None, self._options)
        return given.missing(self._way) or "No picture shows any of its points."

    def readout(self, label_set: LabelSet) -> Readout:
        """What the classes of a label set are asked by: the words that come along, of which the CLIP knows some."""
        from app.core.language import class_words, clips, prompts

        asked = class_words.defaults(label_set).known_to(self.info.vocabulary).asked
        clip = drain(clips.loading(self._context, clips.stamped(self._source), "cpu"))
        vectors = prompts.text_features(clip, [word for _, word in asked], self._recipe.templates)
        return Readout(vectors, np.array([number - 1 for number, _ in asked], np.int64))

    @property
    def _way(self) -> str:
        return self._recipe.way

    def _way_options(self) -> object:
        before, after = self._recipe.frames_before, self._recipe.frames_after
        if self._way == "pixels":
            from app.core.methods.pixels import PixelOptions

            return PixelOptions(self._source, before=before, after=after, device=self._recipe.device)
        if before or after:
            raise UsageError("Only pixels are fused over frames; leave frames_before and frames_after at 0.")
        from app.core.methods.regions import RegionOptions

        return RegionOptions(self._source, device=self._recipe.device)
