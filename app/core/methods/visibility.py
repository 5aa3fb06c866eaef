"""Which points the cameras see: what hides a point from a camera need not hide it from the LiDAR."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from app.core.errors import DataError
from app.core.geometry.superpixels import grid, superpixels
from app.core.geometry.visibility import Sight, VisibilityOptions, check, describe, sight
from app.core.geometry.visibility_measures import VisibilityScore, score
from app.core.labels import LabelSet
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.prediction.aside import aside
from app.core.types import CameraView, Frame

TRUTH = "truth_visible"
"""Column of demo drives: 0 outside the first camera's picture, 1 seen there, 2 hidden."""


@dataclass(frozen=True)
class Visibility:
    """What the C cameras of a frame see of its N points.

    Attributes
    ----------
    visible, inside : (N, C) bool; inside: in the picture; visible: inside and not hidden
    pixel : (N, C, 2) float32, NaN behind the camera
    depth : (N, C) float32 metres along the optical axis
    surface, limit : (N, C) float32 depth of the nearest surface there, and the depth beyond which a point is hidden
        by it; NaN outside
    finite : (N,) bool: whether a point is one at all
    cameras : names
    options : the rule and its numbers
    """

    visible: np.ndarray
    inside: np.ndarray
    pixel: np.ndarray
    depth: np.ndarray
    surface: np.ndarray
    limit: np.ndarray
    finite: np.ndarray
    cameras: tuple[str, ...]
    options: VisibilityOptions

    @property
    def rule(self) -> str:
        """Name of the rule."""
        return self.options.rule

    @property
    def state(self) -> np.ndarray:
        """(N,) uint8: 0 outside all pictures, 1 seen by a camera, 2 in a picture but hidden, 255 not a point."""
        values = np.where(self.inside.any(axis=1), np.uint8(2), np.uint8(0))
        values[self.visible.any(axis=1)] = 1
        values[~self.finite] = 255
        return values

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = (self.visible, self.inside, self.pixel, self.depth, self.surface, self.limit, self.finite)
        return sum(array.nbytes for array in arrays)


@dataclass(frozen=True)
class CameraReport:
    """Numbers of one camera: points ``visible``, ``hidden`` and ``outside`` its picture, and how that compares with
    the truth (``score``), where it is known."""

    camera: str
    visible: int
    hidden: int
    outside: int
    score: VisibilityScore | None = None


@dataclass(frozen=True)
class VisibilityReport:
    """What a panel shows of a frame: a :class:`CameraReport` a camera, and ``origin``, the rule in one line."""

    cameras: tuple[CameraReport, ...]
    origin: str


class VisibilityMethod(Method[VisibilityOptions, Visibility]):
    """The visibility test of every camera of a frame."""

    name: ClassVar[str] = "visibility"
    title: ClassVar[str] = "Visibility"
    options_type = VisibilityOptions
    default: ClassVar[Hashable | None] = VisibilityOptions()

    def missing(self, frame: Frame, label_set: LabelSet | None, options: VisibilityOptions | None) -> str | None:
        """Needs a camera that is calibrated, and for superpixels of a picture that picture."""
        if not frame.cameras:
            return "This frame has no calibrated camera that could see its points."
        if options is None:
            return "Choose a visibility rule."
        if options.needs_image:
            for camera in frame.cameras:
                if camera.image_path is None:
                    return f"Camera {camera.name} has no image to cut into superpixels; choose the grid."
        return None

    def steps(self, given: Given, options: VisibilityOptions) -> Steps[Visibility]:
        """Camera by camera."""
        check(options)
        frame, cameras = given.frame, given.frame.cameras
        seen: list[Sight] = []
        for done, camera in enumerate(cameras):
            yield done, len(cameras), f"visibility in {camera.name}"
            segments = None
            if options.rule == "paper":
                segments = yield from _segments(camera, options, done, len(cameras))
            seen.append(sight(frame.points, camera, options, segments))
        return Visibility(
            visible=np.stack([one.visible for one in seen], axis=1),
            inside=np.stack([one.inside for one in seen], axis=1),
            pixel=np.stack([one.pixel for one in seen], axis=1),
            depth=np.stack([one.depth for one in seen], axis=1),
            surface=np.stack([one.surface for one in seen], axis=1),
            limit=np.stack([one.limit for one in seen], axis=1),
            finite=frame.valid,
            cameras=tuple(camera.name for camera in cameras),
            options=options,
        )

    def bytes(self, result: Visibility) -> int:
        """All of its arrays."""
        return result.nbytes

    def tell(self, result: Visibility, row: int) -> tuple[Fact, ...]:
        """The test of every camera in whose picture the point falls, with both depths."""
        origin = describe(result.options)
        if not result.finite[row]:
            return (Fact("Visible", "unknown", "the point is not finite", "visible"),)
        places = np.flatnonzero(result.inside[row])
        if not len(places):
            return (Fact("Visible", "outside all pictures", origin, "visible"),)
        return tuple(
            Fact(f"Visible in {result.cameras[place]}", _test_line(result, row, int(place)), origin, "visible")
            for place in places
        )

    def report(self, result: Visibility, frame: Frame, label_set: LabelSet | None) -> VisibilityReport:
        """Counts of every camera, and how good the rule is where the truth is known."""
        truth = frame.extra.get(TRUTH)
        reports = []
        for place, name in enumerate(result.cameras):
            visible, inside = result.visible[:, place], result.inside[:, place]
            kept, there = int(np.count_nonzero(visible)), int(np.count_nonzero(inside))
            known = score(visible, truth) if truth is not None and place == 0 else None
            outside = int(np.count_nonzero(result.finite)) - there
            reports.append(CameraReport(name, kept, there - kept, outside, known))
        return VisibilityReport(tuple(reports), describe(result.options))

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """The paper's rule, which does the most."""
        return {self.name: VisibilityOptions(rule="paper", segments=20)}


def _segments(camera: CameraView, options: VisibilityOptions, done: int, total: int) -> Steps[np.ndarray]:
    """Superpixels of a camera's picture; ``DataError`` where it is gone or not of the size that was calibrated."""
    if not options.needs_image:
        return grid(camera.size, segments=options.segments)
    image = camera.load_image()
    if image.shape[:2] != camera.size[::-1]:
        found, wanted = f"{image.shape[1]} × {image.shape[0]}", f"{camera.size[0]} × {camera.size[1]}"
        raise DataError(f"{camera.image_path} is {found} pixels, the calibration of {camera.name} says {wanted}.")
    work = aside(lambda _stop: superpixels(image, way=options.superpixels, segments=options.segments))
    try:
        while True:
            next(work)
            yield done, total, f"superpixels of {camera.name}"
    except StopIteration as stop:
        found_segments: np.ndarray = stop.value
        return found_segments
    finally:
        work.close()


def _test_line(result: Visibility, row: int, place: int) -> str:
    depth, surface, limit = (float(part[row, place]) for part in (result.depth, result.surface, result.limit))
    word = "yes" if result.visible[row, place] else "hidden"
    if not np.isfinite(limit):
        return f"{word}: at {depth:.2f} m, not tested"
    return f"{word}: at {depth:.2f} m, surface at {surface:.2f} m, limit {limit:.2f} m"


ENTRY = VisibilityMethod()
