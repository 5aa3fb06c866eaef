"""What the session knows, as frozen plain data: views, styles, the drawn frame, tasks, the opened drive.

Nothing here computes or waits; panels and tests read these values and never change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

import numpy as np

from app.core.datasets.base import OpenOptions as OpenOptions  # the window takes it from here
from app.core.layers.base import Kind, LayerData
from app.core.types import Frame

OVERLAYS = ("boxes", "trajectory", "frustums", "grid", "axes", "labels")
"""Names of everything that can be drawn over the points."""

DEFAULT_OVERLAYS = frozenset({"boxes", "axes"})


class RangeMode(str, Enum):
    """Where the colours of a scalar layer begin and end."""

    RELATIVE = "relative"  # 1st to 99th percentile of this cloud's finite values
    ABSOLUTE = "absolute"  # the layer's own range, so that frames compare
    MANUAL = "manual"  # what the user set


@dataclass(frozen=True)
class LayerStyle:
    """How one layer is coloured in one view.

    ``colormap`` None: the layer's own. ``low`` and ``high`` hold in manual mode, in the layer's unit.
    ``hidden``: train ids (class layers) that are switched off.
    """

    colormap: str | None = None
    range_mode: RangeMode = RangeMode.RELATIVE
    low: float = 0.0
    high: float = 1.0
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ViewState:
    """One 3D view, "left" or "right".

    ``compare``: name of a second layer; the view then shows the difference ``layer`` against it.
    ``camera_mode``: orbit, top, ego or ``camera:<name>``. ``show``: overlays that are switched on.
    """

    name: str
    layer: str = "height"
    compare: str | None = None
    styles: Mapping[str, LayerStyle] = field(default_factory=dict)
    camera_mode: str = "orbit"
    show: frozenset[str] = DEFAULT_OVERLAYS

    @property
    def shown_layer(self) -> str:
        """Name under which the style of what is shown is kept: the layer's, or ``a − b`` of a difference."""
        return self.layer if self.compare is None else f"{self.layer} − {self.compare}"

    @property
    def style(self) -> LayerStyle:
        """Style of what is shown."""
        return self.styles.get(self.shown_layer, LayerStyle())


@dataclass(frozen=True)
class Accumulation:
    """How many frames before and after the current one are drawn with it, and how many points at most."""

    before: int = 0
    after: int = 0
    budget: int = 2_000_000

    @property
    def on(self) -> bool:
        """Whether any other frame is drawn."""
        return self.before > 0 or self.after > 0


@dataclass(frozen=True)
class Playback:
    """``speed`` 0.1 to 10; ``first`` and ``last`` inclusive; ``rate`` of the sensor in sweeps a second."""

    playing: bool = False
    speed: float = 1.0
    loop: bool = False
    first: int = 0
    last: int = 0
    rate: float = 10.0


@dataclass(frozen=True)
class DrawnCloud:
    """What is drawn for the current frame: the frame alone, or frames accumulated around it.

    Attributes
    ----------
    points : (N, 3) float32, metres, in the current frame's sensor coordinates
    frame_of : (N,) int32 index of the frame each point is from; None: all of the current frame
    row_of : (N,) int32 row of each point in its own frame; None: the row itself
    layers : layers the views need, one value per drawn point
    """

    points: np.ndarray
    frame_of: np.ndarray | None = None
    row_of: np.ndarray | None = None
    layers: Mapping[str, LayerData] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True)
class FrameState:
    """All that is shown of one frame, delivered at once: points, colours and pictures belong together.

    Attributes
    ----------
    frame : the current frame
    cloud : what is drawn
    images : camera name to (h, w, 3) uint8, those that could be read
    missing_layers : layer name to why it cannot be shown
    label_counts : train id to number of drawn points
    unknown_labels : raw id that the label set does not list to number of points
    stage_motion : (4, 4) float64 current_sensor_from_previous_sensor, None without poses or a previous frame
    seconds : time the engine took
    reports : method name to what it says of the current frame as a whole, where it has worked on it
    unprepared : methods that are switched on and of which it is not known yet for which layers they will do
    """

    frame: Frame
    cloud: DrawnCloud
    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    missing_layers: Mapping[str, str] = field(default_factory=dict)
    label_counts: Mapping[int, int] = field(default_factory=dict)
    unknown_labels: Mapping[int, int] = field(default_factory=dict)
    stage_motion: np.ndarray | None = None
    seconds: float = 0.0
    reports: Mapping[str, object] = field(default_factory=dict)
    unprepared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LayerInfo:
    """One row of the layer list. ``key``: "1" to "9" or None; ``why`` says what is missing; ``method``: name of
    the method whose result it shows, or ""."""

    name: str
    title: str
    kind: Kind
    order: int
    unit: str
    key: str | None
    available: bool
    why: str
    method: str = ""


@dataclass(frozen=True)
class TaskInfo:
    """One piece of long work. ``total`` 0: unknown; ``remaining``: estimated seconds left, None: nobody can say.

    ``state``: queued, running, done, failed, cancelled (by the user), or replaced (by newer work of the same kind,
    which is no news to anybody).
    """

    id: int
    title: str
    state: str
    done: int = 0
    total: int = 0
    text: str = ""
    seconds: float = 0.0
    remaining: float | None = None


@dataclass(frozen=True)
class LogLine:
    """One line of the log; ``level``: info, warning or error."""

    time: datetime
    level: str
    text: str


@dataclass(frozen=True)
class Hover:
    """The point under the pointer: ``index`` is a row of the drawn cloud, ``source`` the view or camera."""

    index: int | None
    source: str


@dataclass(frozen=True)
class SequenceInfo:
    """A sequence in the data tree; ``problems`` are sentences."""

    name: str
    frames: int
    cameras: tuple[str, ...]
    has_labels: bool
    has_poses: bool
    rate: float
    problems: tuple[str, ...]


@dataclass(frozen=True)
class DriveInfo:
    """An opened folder or file; ``format`` is the reader's short name."""

    path: Path
    format: str
    title: str
    sequences: tuple[SequenceInfo, ...]
    problems: tuple[str, ...]
    options: OpenOptions

    def sequence(self, name: str) -> SequenceInfo:
        """The sequence of that name; ``KeyError`` with the names there are."""
        for entry in self.sequences:
            if entry.name == name:
                return entry
        raise KeyError(f"no sequence '{name}'; there are: {', '.join(s.name for s in self.sequences)}")
