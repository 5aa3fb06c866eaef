"""What the cameras of a sequence see, rule by rule: counts, how right they are where that is known, and masks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.geometry.visibility import VisibilityOptions, check, depths_of
from app.core.geometry.visibility_measures import VisibilityScore
from app.core.methods.base import Given, pinned
from app.core.methods.visibility import ENTRY as METHOD
from app.core.methods.visibility import Visibility, superpixels_of
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.cloud_layers import result_steps
from app.core.tasks.context import Context, Source
from app.core.visibility_view import VisibilityReport

TOLD = 3
"""Frames without an answer that are named one by one."""


@dataclass(frozen=True)
class CameraSum:
    """One camera under one rule, over frames: points ``visible``, ``hidden`` and ``outside``; ``score`` against the
    truth, None where that is not known."""

    visible: int
    hidden: int
    outside: int
    score: VisibilityScore | None


@dataclass(frozen=True)
class RuleMeasure:
    """One rule: its ``options``, what it does in each camera by name, ``frames`` it was used on, and median
    ``milliseconds`` a frame, superpixels left out."""

    options: VisibilityOptions
    cameras: Mapping[str, CameraSum]
    frames: int
    milliseconds: float


@dataclass(frozen=True)
class MeasuredVisibility:
    """``rules`` in the order asked for; ``notes``: a sentence for frames left out; ``written``: files of masks."""

    rules: tuple[RuleMeasure, ...]
    notes: tuple[str, ...]
    written: tuple[Path, ...]


@dataclass
class _Sum:
    """Counts that grow frame by frame."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    scores: dict[str, VisibilityScore] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    times: list[float] = field(default_factory=list)

    def add(self, report: VisibilityReport, milliseconds: float) -> None:
        """Count one more frame."""
        self.times.append(milliseconds)
        for entry in report.cameras:
            held = self.counts.setdefault(entry.camera, [0, 0, 0])
            for place, value in enumerate((entry.visible, entry.hidden, entry.outside)):
                held[place] += value
            if entry.score is None:
                self.unknown.add(entry.camera)
            else:
                self.scores[entry.camera] = self.scores.get(entry.camera, VisibilityScore(0, 0, 0, 0)) + entry.score

    def of(self, camera: str) -> CameraSum:
        """The sum of one camera; its score is known only where it is in every frame."""
        visible, hidden, outside = self.counts[camera]
        score = None if camera in self.unknown else self.scores.get(camera)
        return CameraSum(visible, hidden, outside, score)


def measure_visibility(
    context: Context,
    *,
    source: Source,
    frames: tuple[int, int],
    rules: tuple[VisibilityOptions, ...],
    out: Path | None = None,
) -> TaskEvents[MeasuredVisibility]:
    """Test the points of frames ``frames[0]`` to ``frames[1]`` − 1 by each of ``rules``.

    ``out``: an .npz for one frame, a folder for several, each file named after its frame; masks of the first rule.
    Frames that cannot be tested are left out and noted.

    Raises
    ------
    UsageError
        There are no such frames, a rule makes no sense, or ``out`` does not fit.
    DataError
        None of the frames can be tested (the first one's reason), or a file cannot be written.
    """
    for options in rules:
        check(options)
    total = len(context.sequence(source))
    first, end = frames
    if not 0 <= first < end <= total:
        raise UsageError(f"The sequence has frames 0 to {total - 1}; {first} to {end - 1} were asked for.")
    if out is not None and end - first == 1 and out.suffix.lower() != ".npz":
        raise UsageError(f"{out} must end in .npz: masks of one frame are written as one file.")
    if out is not None and end - first > 1 and out.suffix:
        raise UsageError(f"{out} must be a folder: masks of several frames are a file each.")
    _load(rules)
    sums = tuple(_Sum() for _ in rules)
    lacking: dict[int, str] = {}
    written: list[Path] = []
    for index in range(first, end):
        yield Progress(index - first, end - first, f"frame {index}")
        try:
            for place, options in enumerate(rules):
                given = _given(context, source, index, options)
                result, milliseconds = yield from _tested(given, options)
                sums[place].add(METHOD.report(result, given.frame, given.label_set), milliseconds)
                if out is not None and place == 0:
                    path = out if end - first == 1 else out / f"{given.frame.name}.npz"
                    _write(path, result)
                    written.append(path)
        except _Nothing as why:
            lacking[index] = str(why)
    if len(lacking) == end - first:
        raise DataError(f"Visibility cannot be tested on {source.path}: {lacking[first]}")
    measured = tuple(
        RuleMeasure(
            options, {name: one.of(name) for name in one.counts}, len(one.times), float(np.median(one.times))
        )
        for options, one in zip(rules, sums, strict=True)
    )
    return MeasuredVisibility(measured, _notes(lacking), tuple(written))


class _Nothing(Exception):
    """A frame that cannot be tested, and why."""


def _load(rules: tuple[VisibilityOptions, ...]) -> None:
    """Have the compiled loops loaded, which would count as a second of the first frame."""
    size, pixel = (16, 16), np.array([[2, 2], [9, 9]], np.float32)
    for options in rules:
        depths_of(pixel, np.array([1, 2], np.float32), size, options, np.zeros(size, np.int32))


def _given(context: Context, source: Source, index: int, options: VisibilityOptions) -> Given:
    """What the method works on; ``_Nothing`` where it has nothing to say."""
    try:
        frame = context.frame(source, index)
    except DataError as error:
        raise _Nothing(str(error)) from None
    given = Given(context, source, frame, context.sequence(source).label_set, pinned(((METHOD.name, options),)))
    why = given.missing(METHOD.name)
    if why is not None:
        raise _Nothing(why)
    return given


def _tested(given: Given, options: VisibilityOptions) -> TaskEvents[tuple[Visibility, float]]:
    """The result and its milliseconds; superpixels are cut before the clock starts, and kept."""
    try:
        if options.rule == "paper":
            for camera in given.frame.cameras:
                work = superpixels_of(given.context, camera, options)
                for done, total, text in work:
                    yield Progress(done, total, text)
        started = time.perf_counter()
        result = yield from result_steps(given, METHOD.name)
    except DataError as error:
        raise _Nothing(str(error)) from None
    return result, 1000 * (time.perf_counter() - started)


def _write(path: Path, result: Visibility) -> None:
    """``visible`` (N,) bool, seen by a camera; ``state`` (N,) uint8; and for each camera CAMERA ``visible_CAMERA``
    (N,) bool, ``depth_CAMERA``, ``surface_CAMERA``, ``limit_CAMERA`` (N,) float32 metres."""
    seen = np.asarray(result.visible.any(axis=1))
    arrays: dict[str, np.ndarray] = {"visible": seen, "state": result.state}
    for place, name in enumerate(result.cameras):
        arrays[f"visible_{name}"] = result.visible[:, place]
        for what in ("depth", "surface", "limit"):
            arrays[f"{what}_{name}"] = getattr(result, what)[:, place]
    if result.match is not None:
        arrays["match"] = result.match
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be made ({error.strerror}); name another place.") from None
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


def _notes(lacking: Mapping[int, str]) -> tuple[str, ...]:
    named = [f"Frame {index} is left out: {why}" for index, why in sorted(lacking.items())[:TOLD]]
    more = len(lacking) - len(named)
    return (*named, *([f"{more} more frames are left out."] if more else []))


ENTRY = measure_visibility
