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
from app.core.geometry.visibility_measures import TRUTH as TRUTH
from app.core.geometry.visibility_measures import matches, score
from app.core.labels import LabelSet
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.prediction.aside import aside
from app.core.tasks.context import Context
from app.core.types import CameraView, Frame
from app.core.visibility_view import CameraReport, VisibilityReport

EXACT = "a ray from the camera to the surface that the beam met, written with the demo drive"


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
    truth : (N,) uint8, whether the first camera sees a point (see ``TRUTH``); None on recorded drives
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
    truth: np.ndarray | None = None

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
    def match(self) -> np.ndarray | None:
        """(N,) uint8: how the first camera's test compares with the truth, as
        :func:`app.core.geometry.visibility_measures.matches` says it; None where the truth is not known."""
        return None if self.truth is None else matches(self.visible[:, 0], self.truth)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        arrays = (self.visible, self.inside, self.pixel, self.depth, self.surface, self.limit, self.finite)
        return sum(array.nbytes for array in arrays)


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
                work = superpixels_of(given.context, camera, options)
                segments = yield from _told(work, done, len(cameras))
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
            truth=frame.extra.get(TRUTH),
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
        facts = [
            Fact(f"Visible in {result.cameras[place]}", _test_line(result, row, int(place)), origin, "visible")
            for place in places
        ]
        if result.truth is not None and places[0] == 0:
            facts.append(Fact(f"Match in {result.cameras[0]}", _match_line(result, row), EXACT, "match"))
        return tuple(facts)

    def report(self, result: Visibility, frame: Frame, label_set: LabelSet | None) -> VisibilityReport:
        """Counts of every camera, and how good the rule is where the truth is known."""
        truth = result.truth
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


def superpixels_of(context: Context, camera: CameraView, options: VisibilityOptions) -> Steps[np.ndarray]:
    """(height, width) int32 superpixels of a camera's picture, of the options' kind and number; kept in memory, so
    that another threshold does not cut the picture again.

    ``DataError`` where the picture is gone, cannot be read, or is not of the size that was calibrated.
    """
    if options.superpixels == "grid":
        return grid(camera.size, segments=options.segments)
    image = context.image(camera)
    if image.shape[:2] != camera.size[::-1]:
        found, wanted = f"{image.shape[1]} × {image.shape[0]}", f"{camera.size[0]} × {camera.size[1]}"
        raise DataError(f"{camera.image_path} is {found} pixels, the calibration of {camera.name} says {wanted}.")
    key = ("superpixels", camera.image_path, options.superpixels, options.segments)
    held: np.ndarray | None = context.cache.get(key)
    if held is None:
        held = yield from _cut(image, camera.name, options)
        context.cache.put(key, held, held.nbytes)
    return held


def _cut(image: np.ndarray, name: str, options: VisibilityOptions) -> Steps[np.ndarray]:
    work = aside(lambda _stop: superpixels(image, way=options.superpixels, segments=options.segments))
    try:
        while True:
            next(work)
            yield 0, 0, f"superpixels of {name}"
    except StopIteration as stop:
        found: np.ndarray = stop.value
        return found
    finally:
        work.close()


def _told(work: Steps[np.ndarray], done: int, total: int) -> Steps[np.ndarray]:
    """The steps of one camera as steps of all."""
    try:
        while True:
            yield done, total, next(work)[2]
    except StopIteration as stop:
        found: np.ndarray = stop.value
        return found
    finally:
        work.close()


def _test_line(result: Visibility, row: int, place: int) -> str:
    depth, surface, limit = (float(part[row, place]) for part in (result.depth, result.surface, result.limit))
    word = "yes" if result.visible[row, place] else "hidden"
    if not np.isfinite(limit):
        return f"{word}: at {depth:.2f} m, not tested"
    if result.rule == "paper":
        behind, most = depth - surface, result.options.threshold
        return f"{word}: D {depth:.2f} m, D_sp {surface:.2f} m, {behind:.2f} m behind it, T_D {most:.2f} m"
    return f"{word}: at {depth:.2f} m, surface at {surface:.2f} m, limit {limit:.2f} m"


def _match_line(result: Visibility, row: int) -> str:
    right = result.truth is not None and result.truth[row] == 1
    kept = bool(result.visible[row, 0])
    if right:
        return "right, and kept" if kept else "right, but lost"
    return "wrong, but kept" if kept else "wrong, and removed"


ENTRY = VisibilityMethod()
