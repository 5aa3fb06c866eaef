"""What the inspector of pseudo-labels tells: plain data between the engine, the session and the window.

Rows are places of instances in the queue in view: frame by frame in their order, within a frame by superpoint.
Everything is numpy and plain values, frozen, and travels between processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.core.affinity.options import PseudoLabelOptions

METHOD = "pseudo_labels"
LAYERS = {
    "before": "pseudo_before",
    "after": "pseudo_after",
    "difference": "pseudo_difference",
    "changed": "pseudo_changed",
    "wrong": "pseudo_wrong",
    "corrected": "pseudo_corrected",
}
"""What the inspector shows in a view, and the name of the layer that shows it."""

ORDERS = ("class", "time", "frame")
"""By label after the walk, then the label before; by frame; by frame, within it by label after the walk."""

ACTIONS = ("accept", "reject", "relabel")

BEFORE, AFTER = 4, 4
"""Frames on each side of the one in view that its queue may reach; the queue's size ends it earlier."""


@dataclass(frozen=True)
class QueueOptions:
    """Options of the method ``pseudo_labels``.

    Attributes
    ----------
    labels : how pseudo-labels are made; its ``queue`` ends the queue in view as it ends those of a written sequence
    before, after : frames on each side that the queue may reach
    anchor : index of the frame that the queue is gathered around, as long as the frame in view is in that queue;
        None: around the frame in view
    gathered : counts how often features were gathered: a new number looks for them again
    corrected : counts how often somebody corrected by hand: a new number reads the corrections again
    """

    labels: PseudoLabelOptions
    before: int = BEFORE
    after: int = AFTER
    anchor: int | None = None
    gathered: int = 0
    corrected: int = 0


@dataclass(frozen=True)
class InspectorState:
    """What is chosen. ``before``, ``after``: frames the queue may reach; ``layer``: one of ``LAYERS``;
    ``selected``: row in the queue; ``pair``: train ids (before, after) of the flips that are stepped through,
    None: all; ``queue_frames``: indices of the frames in the queue."""

    options: PseudoLabelOptions
    on: bool = False
    before: int = BEFORE
    after: int = AFTER
    layer: str = "after"
    selected: int | None = None
    pair: tuple[int, int] | None = None
    queue_frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class Accuracy:
    """``instances_right`` of ``instances`` with ground truth have the class of most of their points;
    ``points_right`` of ``points`` that get a label and carry ground truth have theirs."""

    instances_right: int
    instances: int
    points_right: int
    points: int

    @property
    def of_instances(self) -> float | None:
        """Share 0 to 1; None without ground truth."""
        return self.instances_right / self.instances if self.instances else None

    @property
    def of_points(self) -> float | None:
        """Share 0 to 1; None without ground truth."""
        return self.points_right / self.points if self.points else None


@dataclass(frozen=True)
class FlipPair:
    """Instances that the walk moved from class ``before`` to class ``after`` (train ids): ``count``; ``better``:
    was wrong and is right; ``worse``: was right and is wrong."""

    before: int
    after: int
    count: int
    better: int
    worse: int


@dataclass(frozen=True)
class QueueTable:
    """One line each for the n instances of the queue.

    ``frame`` (n,) int32 index; ``superpoint`` (n,) int32; ``center`` (n, 3) float32 metres in the sensor frame of
    its own frame; ``points`` (n,) int32 that the camera of its crop sees; ``before``, ``after`` (n,) uint8 train
    ids; ``truth`` (n,) int16 train id, −1 unknown; ``margin_before``, ``margin_after`` (n,) float32 best share
    minus the second best.
    """

    frame: np.ndarray
    superpoint: np.ndarray
    center: np.ndarray
    points: np.ndarray
    before: np.ndarray
    after: np.ndarray
    truth: np.ndarray
    margin_before: np.ndarray
    margin_after: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def flips(self) -> np.ndarray:
        """(k,) int64 rows that the walk gave another label, ascending."""
        return np.flatnonzero(self.before != self.after)

    def find(self, frame: int, superpoint: int) -> int | None:
        """Row of a superpoint of a frame; None if it is none of the queue's instances."""
        rows = np.flatnonzero((self.frame == frame) & (self.superpoint == superpoint))
        return int(rows[0]) if len(rows) else None


@dataclass(frozen=True)
class QueueReport:
    """What the panel shows of the queue in view.

    Attributes
    ----------
    frames : indices of the frames in the queue; ``lacking``: those in reach whose features are not there yet
    center : index of the frame that the queue is gathered around
    instances : in the queue; ``own``: first row of the frame in view, and one more than its last
    names : of the C classes by train id
    truth_known : whether ``before`` and ``after`` say anything
    flips : by pair, the most frequent first
    by_class : train id → instances with that ground truth, right before, right after
    seconds : of the walk; ``total_seconds``: with looking up features and predictions
    scale : the one that was used; 0 without affinity
    notes : sentences on frames that are left out
    table : of all instances
    digest : differs as soon as rows mean other instances
    """

    frames: tuple[int, ...]
    lacking: tuple[int, ...]
    center: int
    instances: int
    own: tuple[int, int]
    names: Mapping[int, str]
    truth_known: bool
    before: Accuracy
    after: Accuracy
    flips: tuple[FlipPair, ...]
    by_class: Mapping[int, tuple[int, int, int]]
    seconds: float
    total_seconds: float
    scale: float
    beta: float
    notes: tuple[str, ...]
    table: QueueTable
    digest: str


@dataclass(frozen=True)
class Crop:
    """A piece of a picture that shows the instance: ``box`` x0, y0, x1, y1 pixels of ``camera`` in frame ``frame``;
    ``image`` (h, w, 3) uint8; ``points`` of it seen there; ``used``: this crop gave the feature (False: another
    camera sees it too); ``row``: of the instance in the queue, another one where the same thing is seen in
    another frame; ``label`` train id before the walk of that row, −1 where it has none."""

    frame: int
    camera: str
    box: tuple[int, int, int, int]
    image: np.ndarray
    points: int
    used: bool
    row: int
    label: int


@dataclass(frozen=True)
class Neighbour:
    """An instance whose prediction flows into the one that is told of: ``weight`` of T; ``label`` train id before
    the walk; ``truth`` train id or −1; ``center`` (3,) metres, sensor frame of ``frame``; ``image`` its crop (h,
    w, 3) uint8; ``itself``: the instance told of."""

    row: int
    frame: int
    superpoint: int
    weight: float
    label: int
    truth: int
    center: np.ndarray
    image: np.ndarray
    itself: bool


@dataclass(frozen=True)
class Sighting:
    """The visibility test of the instance's n points in one camera.

    ``pixel`` (n, 2) float32 of those that fall into the picture, ``depth`` (n,) float32 theirs, ``surface`` (n,)
    float32 depth of the surface there (``paper``: of the superpixel), ``limit`` (n,) float32 the depth beyond
    which they are hidden, ``visible`` (n,) bool. ``rule`` in one line, ``threshold`` T_D (``paper`` alone decides
    by it). ``image`` (h, w, 3) uint8 the picture about the instance, its upper left corner at pixel ``corner``;
    empty without a picture.
    """

    camera: str
    pixel: np.ndarray
    depth: np.ndarray
    surface: np.ndarray
    limit: np.ndarray
    visible: np.ndarray
    rule: str
    threshold: float
    image: np.ndarray
    corner: tuple[int, int]


@dataclass(frozen=True)
class CorrectionMark:
    """What somebody said of an instance by hand: one of ``ACTIONS``, the ``label`` that its points get (train id;
    −1: none, they are ignored), its ``name``, and ``when`` (ISO 8601, UTC)."""

    action: str
    label: int
    name: str
    when: str


@dataclass(frozen=True)
class InstanceStory:
    """Why an instance has its label.

    Attributes
    ----------
    row, frame, superpoint : which; ``name`` of the frame, ``size`` its points
    center : (3,) float32 metres, sensor frame; ``points`` (n,) int32 rows of the frame that get its label,
        ascending
    truth : train id of most of its points, −1 unknown
    classes : (C,) uint8 train ids; ``names`` of them
    before, after : (C,) float32 shares: equation 4, and after the walk
    label_before, label_after : train ids; ``margin_…``: best share minus the second best
    crops : the one used first, then other cameras, then adjacent frames
    neighbours : the k strongest, descending
    flow : (train id, share): label mass that flows in, by the neighbours' own labels, descending; adds up to 1
    rest : weight of all instances that are not among ``neighbours``
    sightings : a visibility test for each camera into whose picture it falls
    provenance : lines on CLIP, superpoints, visibility, words, walk
    correction : what was said of it by hand
    """

    row: int
    frame: int
    name: str
    size: int
    superpoint: int
    center: np.ndarray
    points: np.ndarray
    truth: int
    classes: np.ndarray
    names: tuple[str, ...]
    before: np.ndarray
    after: np.ndarray
    label_before: int
    label_after: int
    margin_before: float
    margin_after: float
    crops: tuple[Crop, ...]
    neighbours: tuple[Neighbour, ...]
    flow: tuple[tuple[int, float], ...]
    rest: float
    sightings: tuple[Sighting, ...]
    provenance: tuple[str, ...]
    digest: str
    correction: CorrectionMark | None = None


@dataclass(frozen=True)
class Span:
    """A run of one class (train id) or frame (index) along the axes: places ``start`` to ``end`` − 1 of the
    order."""

    start: int
    end: int
    value: int
    name: str


@dataclass(frozen=True)
class MatrixPicture:
    """A window of the affinity matrix T of the queue, in an order.

    Attributes
    ----------
    order : one of ``ORDERS``
    rows : (n,) int32 queue rows in that order
    window, columns : places of the order that are shown (first, one more than the last), down and across
    values : (m, k) float32, mean of T over blocks of ``block`` × ``block`` instances; row: who receives
    spans : along the whole order: classes for "class", frames for "time" and "frame"
    largest : of ``values``
    seconds : it took
    digest : of the queue it belongs to
    """

    order: str
    rows: np.ndarray
    window: tuple[int, int]
    columns: tuple[int, int]
    values: np.ndarray
    block: int
    spans: tuple[Span, ...]
    largest: float
    seconds: float
    digest: str


@dataclass(frozen=True)
class CorrectionCounts:
    """How many instances of the sequence were corrected by hand, by action, and how many ``frames`` have some."""

    accepted: int = 0
    rejected: int = 0
    relabelled: int = 0
    frames: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.accepted + self.rejected + self.relabelled


@dataclass(frozen=True)
class Gathering:
    """Features of the queue's frames are being read: ``done`` of ``total`` frames; ``on``: now."""

    on: bool = False
    done: int = 0
    total: int = 0
