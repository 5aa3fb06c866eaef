"""What the visibility view shows of one camera of one frame: plain data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.geometry.superpixels import outline
from app.core.geometry.visibility import VisibilityOptions
from app.core.geometry.visibility_curves import RuleCurve
from app.core.geometry.visibility_measures import VisibilityScore

CURVED = ("slope", "paper", "zbuffer", "depth_ratio")
"""Rules that are held beside each other."""


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


@dataclass(frozen=True)
class PictureSuperpixels:
    """The superpixels of a picture.

    Attributes
    ----------
    way, asked : kind, and how many there should be
    segments : (height, width) int32, numbered from 0
    border : (K,) int32 pixels, counted row by row, where one superpixel ends
    depth : (S,) float32 metres, D_sp: the least depth of the points in each; NaN where none falls
    points : (S,) int32 points in each
    """

    way: str
    asked: int
    segments: np.ndarray
    border: np.ndarray
    depth: np.ndarray
    points: np.ndarray

    def __len__(self) -> int:
        return len(self.depth)

    def at(self, x: float, y: float) -> int | None:
        """The superpixel under a pixel, or None outside the picture."""
        height, width = self.segments.shape
        column, row = int(np.floor(x)), int(np.floor(y))
        return int(self.segments[row, column]) if 0 <= column < width and 0 <= row < height else None

    def outline(self, number: int) -> np.ndarray:
        """(K, 4) float32 edges x0, y0, x1, y1 round one superpixel, in pixels."""
        return outline(self.segments, number)


@dataclass(frozen=True)
class VisibilityPicture:
    """What one camera sees, point by point and as a whole.

    Attributes
    ----------
    frame, camera, options : of what
    report : counts of every camera
    rows : (M,) int64, ascending: rows of the frame that fall into the camera's picture
    depth, surface, limit : (M,) float32 metres along the optical axis, as in :class:`Visibility`
    visible : (M,) bool
    match : (M,) uint8 of :mod:`app.core.geometry.visibility_measures`, None where the truth is not known
    superpixels : None until they are cut, or where they cannot be
    no_superpixels : why they cannot be, one sentence, or ""
    curves : each rule against its threshold, where the truth is known; () until they are made
    seconds : time of the test, superpixels and curves left out
    """

    frame: int
    camera: str
    options: VisibilityOptions
    report: VisibilityReport
    rows: np.ndarray
    depth: np.ndarray
    surface: np.ndarray
    limit: np.ndarray
    visible: np.ndarray
    match: np.ndarray | None
    superpixels: PictureSuperpixels | None = None
    no_superpixels: str = ""
    curves: tuple[RuleCurve, ...] = ()
    seconds: float = 0.0

    @property
    def own(self) -> CameraReport:
        """Counts of this camera."""
        return next(entry for entry in self.report.cameras if entry.camera == self.camera)

    def place(self, row: int) -> int | None:
        """Where row ``row`` of the frame stands in the arrays; None if it is not in the picture."""
        at = int(np.searchsorted(self.rows, row))
        return at if at < len(self.rows) and self.rows[at] == row else None

    def matching(self, kind: int) -> np.ndarray:
        """(K,) int64: rows of the frame whose match is of one kind; none where the truth is not known."""
        return self.rows[:0] if self.match is None else self.rows[self.match == kind]
