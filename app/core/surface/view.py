"""What the window knows of a surface and of what is shown beside it: plain data between engine and session."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.core.surface.measures import Measures
from app.core.surface.names import BASELINES
from app.core.surface.result import BoxCorners, SurfaceOptions

PLANES = ("horizontal", "along", "across")
"""Planes of a slice: at a height (constant z); along the way the sensor looks (constant y); across it (constant
x)."""

MAKERS = ("network", *BASELINES)
"""What makes surfaces, in the order in which they are measured."""

NEAR, FAIR, AWAY = range(3)
"""Of a later point: within 10 cm of the surface, within 20 cm, farther."""

MOST_LATER = 50
"""Frames that scans are taken from to see whether the surface was right, at most."""


@dataclass(frozen=True)
class SliceOptions:
    """Where the field is cut. ``plane`` one of ``PLANES``; ``position`` metres on the axis it is constant on."""

    plane: str = "horizontal"
    position: float = -1.0


@dataclass(frozen=True)
class SlicePicture:
    """The field on a plane, sensor frame.

    Attributes
    ----------
    frame : index
    options : where it was cut
    step : metres between two places that were asked
    values : (H, W) float32 probability of being inside, NaN where nothing is known; row 0, column 0 is the place
        ``origin``, columns go along ``right``, rows along ``up``
    origin, right, up : (3,) float32 metres; unit vectors
    vertices, triangles, colors : the same as a mesh of small squares, four vertices each, for what is known:
        (4K, 3) float32 metres, (2K, 3) int32, (4K, 3) uint8
    evaluations, seconds : places asked, and how long that took
    """

    frame: int
    options: SliceOptions
    step: float
    values: np.ndarray
    origin: np.ndarray
    right: np.ndarray
    up: np.ndarray
    vertices: np.ndarray
    triangles: np.ndarray
    colors: np.ndarray
    evaluations: int
    seconds: float

    @property
    def known(self) -> float:
        """Share of the places of which something is known."""
        return float(np.isfinite(self.values).mean()) if self.values.size else 0.0


@dataclass(frozen=True)
class QueryView:
    """Which queries are shown: ``count`` in all, ``delta`` (δ) metres, from the sweeps of ``before`` frames before
    and ``after`` after the one in view besides its own, ``seed`` of what is left to chance."""

    count: int = 4096
    delta: float = 0.1
    before: int = 0
    after: int = 0
    seed: int = 0


@dataclass(frozen=True)
class SightQueries:
    """Queries of lines of sight, in the sensor frame of the frame in view.

    Attributes
    ----------
    frame : index
    options : how they were made
    points : (Q, 3) float32 metres
    kind : (Q,) uint8 ``app.core.geometry.sightlines``: BEHIND (full), FRONT (empty), FAR (empty)
    origins, targets : (Q, 3) float32 where each line of sight begins, and the point that it met
    sweep : (Q,) int32 index of the frame that saw it
    wrong : (Q,) bool whether the label is wrong; None where no exact surface tells
    judged : (Q,) bool lines that meet the exact surface, so that they can be judged; None as above
    seconds : time to choose them, without reading frames
    notes : sentences that whoever looks at them should know
    """

    frame: int
    options: QueryView
    points: np.ndarray
    kind: np.ndarray
    origins: np.ndarray
    targets: np.ndarray
    sweep: np.ndarray
    wrong: np.ndarray | None = None
    judged: np.ndarray | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    def wrong_share(self, kind: int | None = None) -> float | None:
        """Share of wrong labels, of one kind or of all; None where nothing tells."""
        if self.wrong is None or self.judged is None:
            return None
        counted = self.judged if kind is None else self.judged & (self.kind == kind)
        return float(self.wrong[counted].mean()) if counted.any() else None


@dataclass(frozen=True)
class Within:
    """``count`` points, and the shares of them within 10 and 20 cm of the surface; NaN for none."""

    count: int
    near: float
    fair: float


@dataclass(frozen=True)
class LaterScans:
    """Points that later frames saw, against the surface that is shown of this one; its sensor frame.

    Attributes
    ----------
    frame, later : index, and how many frames after it
    step : metres, of the surface they were compared with
    points : (P, 3) float32 metres, one in 5 cm
    distance : (P,) float32 metres to the surface
    unseen : (P,) bool farther than 25 cm from every point of the present scan
    near_seen : (P,) bool within 1 m of one, where the surface can be at all
    kind : (P,) uint8 ``NEAR``, ``FAIR`` or ``AWAY``
    every, hidden, reachable : of all points, of those unseen, of those unseen within 1 m of a present point
    about : in a line what the points are, and whether moving things are left out
    """

    frame: int
    later: int
    step: float
    points: np.ndarray
    distance: np.ndarray
    unseen: np.ndarray
    near_seen: np.ndarray
    kind: np.ndarray
    every: Within
    hidden: Within
    reachable: Within
    about: str


@dataclass(frozen=True)
class MeasuredSurface:
    """One row of the table of measures.

    ``maker`` one of ``MAKERS``; ``title`` what it is called; ``measures`` None where it could not be measured, and
    ``problem`` says why.
    """

    maker: str
    title: str
    step: float
    triangles: int
    seconds: float
    measures: Measures | None = None
    problem: str = ""


CHOSEN = ("options", "opacity", "wireframe", "visible", "points", "slice", "queries", "later")
"""Fields of :class:`SurfaceState` that are the user's choice, can be undone, and are remembered."""


@dataclass(frozen=True)
class SurfaceState:
    """What is chosen, and how far it is.

    Attributes
    ----------
    on : whether surfaces are made of the frame in view
    options : by what, how fine, where
    opacity, wireframe, visible, points : how it is drawn: 0 to 1; edges alone; at all; the scan's points with it
    slice, queries : what is shown beside it; None: not
    later : frames after this one whose points are compared with it; 0: none
    watch : folder of the run whose newest weights make it; None: of none
    working : whether a surface is under way
    level : what is being done, in words
    done, total : levels that are there, of how many
    asked, seconds : of the last level: places the field was asked at, seconds since the beginning
    problem : why there is nothing, or nothing finer, one sentence; "" where all is well
    remedy : what would help: "finest" (step), "everywhere" (no box), "browse" (another checkpoint), "threshold"; ""
        where nothing known does
    finest : metres, the finest step that fits into memory, where the chosen one does not
    between : least and greatest value of the field, where no surface lies at the threshold
    notes : sentences about the surface that is shown
    slice_problem, queries_problem, later_problem, measures_problem : the same of what is beside it
    measuring : whether a measurement is under way
    watched_step : step of training of the weights that the surface shown was made by, None if not watched
    """

    on: bool = False
    options: SurfaceOptions = field(default_factory=SurfaceOptions)
    opacity: float = 1.0
    wireframe: bool = False
    visible: bool = True
    points: bool = True
    slice: SliceOptions | None = None
    queries: QueryView | None = None
    later: int = 0
    watch: Path | None = None
    working: bool = False
    level: str = ""
    done: int = 0
    total: int = 0
    asked: int = 0
    seconds: float = 0.0
    problem: str = ""
    remedy: str = ""
    finest: float | None = None
    between: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    slice_problem: str = ""
    queries_problem: str = ""
    later_problem: str = ""
    measures_problem: str = ""
    measuring: bool = False
    watched_step: int | None = None

    @property
    def box(self) -> BoxCorners | None:
        """Where it is made; None: everywhere near points."""
        return self.options.box
