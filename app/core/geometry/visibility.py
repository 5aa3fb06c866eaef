"""Which points a camera sees: a LiDAR sits elsewhere, and sees over what hides things from the camera.

A rule names for every point in the picture the depth of the surface that the camera sees there (``surface``) and
how deep a point may lie to be on it (``limit``). ``paper`` is Affinity3D's (equations 9 and 10), ``depth_ratio``
OpenScene's, ``zbuffer`` what renderers do; ``slope`` asks for a nearer surface on both sides of a point, because
that is what a hidden point has and inclined ground has not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.errors import UsageError
from app.core.geometry.projection import in_image, project
from app.core.geometry.superpixels import WAYS
from app.core.types import CameraView

RULES = ("slope", "zbuffer", "depth_ratio", "paper", "none")
THRESHOLD = {"slope": "tolerance", "zbuffer": "tolerance", "depth_ratio": "ratio", "paper": "threshold"}
"""Which of the options is the threshold of a rule; ``none`` has none. A share of the depth in ``depth_ratio``,
metres in the others (T_D in the paper's)."""
_SAMPLE = 600
"""Points whose spacing is looked at."""


@dataclass(frozen=True)
class VisibilityOptions:
    """Which rule, and its numbers; those of other rules do nothing.

    Attributes
    ----------
    rule : one of ``RULES``; ``none`` calls all visible that falls into the picture
    radius : ``zbuffer``, ``depth_ratio``: pixels about a point that it covers
    tolerance : ``zbuffer``, ``slope``: metres by which a point may lie behind the surface
    share : ``zbuffer``, ``slope``: the same as a share of the point's own depth; both are added
    ratio : ``depth_ratio``: greatest |surface − depth| as a share of the surface's depth
    across, along : ``slope``: pixels to the side and up or down within which a surface is looked for; 0: from the
        spacing of the points in the picture
    superpixels : ``paper``: "slic", "felzenszwalb" or "grid"
    segments : ``paper``: superpixels of a picture
    threshold : ``paper``: T_D, metres
    """

    rule: str = "slope"
    radius: float = 2.0
    tolerance: float = 0.3
    share: float = 0.1
    ratio: float = 0.1
    across: float = 0.0
    along: float = 0.0
    superpixels: str = "slic"
    segments: int = 700
    threshold: float = 0.5

    @property
    def needs_image(self) -> bool:
        """Whether the rule looks at the picture itself."""
        return self.rule == "paper" and self.superpixels != "grid"


@dataclass(frozen=True)
class Sight:
    """What one camera sees of N points.

    ``pixel`` (N, 2) float32, NaN behind the camera; ``depth`` (N,) float32 metres along the optical axis;
    ``inside`` (N,) bool, in the picture; ``visible`` (N,) bool, inside and not hidden; ``surface`` (N,) float32
    depth of the nearest surface there by the rule, and ``limit`` (N,) float32 the depth beyond which a point is
    hidden by it; both NaN outside.
    """

    pixel: np.ndarray
    depth: np.ndarray
    inside: np.ndarray
    visible: np.ndarray
    surface: np.ndarray
    limit: np.ndarray


def check(options: VisibilityOptions) -> None:
    """``UsageError`` with one sentence where the options make no sense."""
    if options.rule not in RULES:
        raise UsageError(f"There is no visibility rule '{options.rule}'; there are: {', '.join(RULES)}.")
    if options.superpixels not in WAYS:
        raise UsageError(f"There are no superpixels '{options.superpixels}'; there are: {', '.join(WAYS)}.")
    for name in ("radius", "tolerance", "share", "ratio", "across", "along", "threshold"):
        value = getattr(options, name)
        if not 0 <= value < 1e6:
            raise UsageError(f"'{name}' of a visibility rule must be 0 or more and finite; it is {value}.")
    if options.segments < 1:
        raise UsageError(f"'segments' of a visibility rule must be 1 or more; it is {options.segments}.")


def sight(
    points: np.ndarray, camera: CameraView, options: VisibilityOptions, segments: np.ndarray | None = None
) -> Sight:
    """What a camera sees of a scan.

    Parameters
    ----------
    points : (N, 3) float32, metres, sensor frame; bad ones (NaN, infinity) are in no picture
    camera : where it stands and how it projects
    segments : (height, width) int32 superpixels of its picture; for the rule ``paper`` alone

    Raises
    ------
    UsageError
        The options make no sense, or ``paper`` was given no superpixels.
    """
    check(options)
    pixel, depth = project(points, camera.camera_from_sensor, camera.intrinsics)
    inside = in_image(pixel, depth, camera.size)
    rows = np.flatnonzero(inside)
    near, far = depths_of(pixel[rows], depth[rows], camera.size, options, segments)
    surface, limit = np.full((2, len(points)), np.nan, np.float32)
    surface[rows], limit[rows] = near, far
    visible = inside.copy()
    visible[rows] = passes(depth[rows], far, options)
    return Sight(pixel, depth, inside, visible, surface, limit)


def depths_of(
    pixel: np.ndarray,
    depth: np.ndarray,
    size: tuple[int, int],
    options: VisibilityOptions,
    segments: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Surface and limit, each (M,) float32, of M points that all lie in a picture of ``size`` (width, height)."""
    near = surfaces(pixel, depth, size, options, segments)
    return near, limits(near, depth, options)


def surfaces(
    pixel: np.ndarray,
    depth: np.ndarray,
    size: tuple[int, int],
    options: VisibilityOptions,
    segments: np.ndarray | None = None,
) -> np.ndarray:
    """(M,) float32: how deep the surface lies by the rule, whatever its threshold; as :func:`depths_of`."""
    if options.rule == "none" or not len(depth):
        return depth
    from app.core.geometry import visibility_loops as loops  # compiled; the window needs the options alone

    if options.rule == "paper":
        if segments is None:
            raise UsageError("The visibility rule 'paper' needs the superpixels of the picture.")
        own = segments[pixel[:, 1].astype(np.intp), pixel[:, 0].astype(np.intp)]
        near: np.ndarray = loops.least_of_segment(own.astype(np.int32), depth, int(segments.max()) + 1)
    elif options.rule == "slope":
        across, along = window(pixel, size, options)
        near = loops.enclosing(pixel, depth, *size, across, along)
    else:
        near = loops.nearest_around(pixel, depth, *size, float(options.radius))
    return near


def limits(near: np.ndarray, depth: np.ndarray, options: VisibilityOptions) -> np.ndarray:
    """(M,) float32: how deep points of ``depth`` may lie where the surface lies at ``near``, to be on it."""
    if options.rule == "none":
        return np.full(len(depth), np.inf, np.float32)
    if options.rule == "paper":
        return near + np.float32(options.threshold)
    if options.rule == "depth_ratio":
        return near * np.float32(1 + options.ratio)
    return near + np.float32(options.tolerance) + np.float32(options.share) * depth


def window(pixel: np.ndarray, size: tuple[int, int], options: VisibilityOptions) -> tuple[float, float]:
    """Pixels to the side and up or down within which ``slope`` looks for a surface: as the options say, or from the
    points in the picture (M, 2): nine tenths of their spacing in a scan line, and 1.6 of that between lines."""
    across, along = float(options.across), float(options.along)
    if across and along:
        return across, along
    from app.core.geometry import visibility_loops as loops

    beside, lines = loops.spacings(pixel, *size, max(1, len(pixel) // _SAMPLE))
    return across or _middle(beside, 2.2, 0.9), along or _middle(lines, 5.0, 1.6)


def _middle(found: np.ndarray, otherwise: float, factor: float) -> float:
    """The median of what is finite times a factor; where nothing is, that of a 64-beam LiDAR in KITTI's camera."""
    finite = found[np.isfinite(found)]
    return factor * (float(np.median(finite)) if len(finite) else otherwise)


def passes(depth: np.ndarray, limit: np.ndarray, options: VisibilityOptions) -> np.ndarray:
    """(M,) bool. The paper asks for less than T_D, strictly; the others take the limit in."""
    return np.asarray(depth < limit if options.rule == "paper" else depth <= limit)


def describe(options: VisibilityOptions) -> str:
    """One line on the rule and its numbers, for provenances."""
    if options.rule == "none":
        return "no test: all that falls into the picture"
    if options.rule == "paper":
        pieces = f"{options.segments} {options.superpixels} superpixels"
        return (
            f"Affinity3D: less than {options.threshold:g} m behind the nearest point of its superpixel ({pieces})"
        )
    if options.rule == "depth_ratio":
        share = f"{100 * options.ratio:g} %"
        return f"depth ratio: within {share} of the nearest depth within {options.radius:g} pixels"
    behind = f"{options.tolerance:g} m + {100 * options.share:g} % of its depth"
    if options.rule == "zbuffer":
        return f"z-buffer: at most {behind} behind the nearest point within {options.radius:g} pixels"
    return f"slope: at most {behind} behind a surface that lies on both sides of it"
