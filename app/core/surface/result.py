"""What is asked of a surface and what comes back: plain data that travels between processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.layers.base import LayerData
from app.core.state import LayerStyle, RangeMode
from app.core.surface.measures import Measures

BoxCorners = tuple[float, float, float, float, float, float]
"""x, y, z of the low corner, then of the high one; metres, sensor frame."""

STYLE = LayerStyle(range_mode=RangeMode.ABSOLUTE)
"""How surfaces are coloured: by a layer's own range where it has one, else by what most vertices have."""


@dataclass(frozen=True)
class SurfaceOptions:
    """How a surface is made.

    Attributes
    ----------
    checkpoint : a run's folder or a checkpoint with an occupancy head; None with a baseline
    baseline : "poisson", "tsdf" or "voxels" instead of a network; "" with a checkpoint
    step : metres, edge of the finest cells; coarser ones come before, each twice the next, up to 0.8 m
    threshold : the probability on the surface
    radius : metres from an observed point within which a surface can be; None: the head's own, 1 m for baselines
    neighbours : points that a place is told from, 1 to 32; the number the head was trained with is the most
        faithful, fewer are faster
    box : where to look; None: everywhere near points
    color : a name of ``app.core.surface.names.COLORS``
    device, precision : of the network, as for predictions
    """

    checkpoint: Path | None = None
    baseline: str = ""
    step: float = 0.1
    threshold: float = 0.5
    radius: float | None = None
    neighbours: int = 5
    box: BoxCorners | None = None
    color: str = "height"
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True)
class Reconstruction:
    """The surface of a frame at one step, sensor frame.

    Attributes
    ----------
    step : metres, edge of its cells
    vertices, triangles, normals : (V, 3) float32 metres, (T, 3) int32, (V, 3) float32 outward, NaN where unknown
    colors : (V, 3) uint8
    layer : the values at the vertices that the colours show
    evaluations : places that the field has been asked at until now; 0 for Poisson
    seconds : since the beginning
    source : what it was made by
    notes : sentences that whoever looks at it should know
    measures : where they were asked for, of the last level
    path : where it was written, None if nowhere
    frame : index of the frame it is of
    weights_step : step of training of the network's weights; None without a network
    between : where there is no surface at the threshold, the least and the greatest value the field was found to
        have; None otherwise
    """

    step: float
    vertices: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    layer: LayerData
    evaluations: int
    seconds: float
    source: str
    notes: tuple[str, ...] = ()
    measures: Measures | None = None
    path: Path | None = None
    frame: int = -1
    weights_step: int | None = None
    between: tuple[float, float] | None = None
