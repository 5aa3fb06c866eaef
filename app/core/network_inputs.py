"""From a frame to what a network takes: voxels, one point's features each; the way back is ``inverse``.

As the public networks were trained (mit-han-lab/spvnas): coordinates are rounded, the scan's minimum is taken
off, and a voxel has the features of the first point in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.core.errors import DataError
from app.core.model_card import ModelCard
from app.core.types import Frame

AXES = ("x", "y", "z")
MOST_CELLS = 1 << 21
"""Voxels along one axis: three such numbers make one 63-bit key."""


@dataclass(frozen=True)
class NetworkInput:
    """One scan as voxels.

    Attributes
    ----------
    coords : (V, 4) int32 batch (0), x, y, z in voxels from the scan's minimum; distinct, sorted by x, y, z
    feats : (V, C) float32 features of the first point in each voxel
    first : (V,) int64 row of that point
    inverse : (N,) int64 voxel of each point, −1 for points with a coordinate that is not finite
    """

    coords: np.ndarray
    feats: np.ndarray
    first: np.ndarray
    inverse: np.ndarray


def network_input(
    points: np.ndarray, columns: Mapping[str, np.ndarray], wanted: tuple[str, ...], voxel_size: float
) -> NetworkInput:
    """Voxelise points (N, 3) float32, metres; ``columns`` (N,) each, ``wanted`` names the features in order.

    Raises
    ------
    DataError
        A wanted column is missing, or the points are spread over more voxels than coordinates can count.
    """
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"points are (N, 3); got {points.shape}")
    features = _features(points, columns, wanted)
    rows = np.flatnonzero(np.isfinite(points).all(axis=1))
    cells = np.rint(points[rows].astype(np.float32, copy=False) / np.float32(voxel_size)).astype(np.float64)
    if len(cells):
        cells -= cells.min(axis=0)
        _check_spread(cells, voxel_size)
    grid = cells.astype(np.int64)
    keys = (grid[:, 0] << 42) | (grid[:, 1] << 21) | grid[:, 2]
    _, first, voxel = np.unique(keys, return_index=True, return_inverse=True)
    coords = np.zeros((len(first), 4), np.int32)
    coords[:, 1:] = grid[first]
    inverse = np.full(len(points), -1, np.int64)
    inverse[rows] = voxel.reshape(-1)
    return NetworkInput(coords, features[rows[first]], rows[first], inverse)


def frame_columns(frame: Frame) -> dict[str, np.ndarray]:
    """Columns (N,) of a frame that may be features, by name: intensity, ring, time and all extra ones.

    Intensity is the share of the recording's full intensity, so that a network sees of nuScenes (0 to 255) what it
    saw of KITTI (0 to 1).
    """
    intensity = frame.intensity
    if intensity is not None and frame.full_intensity != 1.0:
        intensity = (intensity / np.float32(frame.full_intensity)).astype(np.float32)
    found = {"intensity": intensity, "ring": frame.ring, "time": frame.time, **frame.extra}
    return {name: column for name, column in found.items() if column is not None}


def frame_input(frame: Frame, card: ModelCard) -> NetworkInput:
    """A frame as the network of this card takes it; ``DataError`` naming a column that the frame lacks."""
    return network_input(frame.points, frame_columns(frame), card.columns, card.voxel_size)


def collate(inputs: Sequence[NetworkInput]) -> tuple[np.ndarray, np.ndarray]:
    """Scans as one batch: coords (V, 4) int32 with the scan's number in column 0, feats (V, C) float32."""
    if not inputs:
        raise ValueError("a batch has at least one scan")
    coords = np.concatenate([entry.coords for entry in inputs])
    coords[:, 0] = np.repeat(np.arange(len(inputs)), [len(entry.coords) for entry in inputs])
    return coords, np.concatenate([entry.feats for entry in inputs])


def _features(points: np.ndarray, columns: Mapping[str, np.ndarray], wanted: tuple[str, ...]) -> np.ndarray:
    """(N, C) float32, columns as wanted; values that are not finite become 0, so that they spoil no others."""
    features = np.zeros((len(points), len(wanted)), np.float32)
    for number, name in enumerate(wanted):
        if name in AXES:
            features[:, number] = points[:, AXES.index(name)]
        elif name in columns:
            features[:, number] = columns[name]
        else:
            there = ", ".join([*AXES, *columns])
            raise DataError(f"The network needs the column '{name}', which this frame lacks; it has: {there}.")
    return np.nan_to_num(features, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _check_spread(cells: np.ndarray, voxel_size: float) -> None:
    widest = float(cells.max())
    if widest >= MOST_CELLS:
        raise DataError(
            f"The points are spread over {widest * voxel_size / 1000:.3g} km, more than {MOST_CELLS} voxels of "
            f"{voxel_size:g} m; expected one scan in metres round its sensor."
        )
