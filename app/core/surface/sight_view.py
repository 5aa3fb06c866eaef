"""Queries of lines of sight for whoever looks at them, and whether their labels are right where that is known.

A query is truly empty where its line of sight has met no surface before it, and truly full where it lies behind the
first surface and before the next one (a leaf or a sign is thinner than δ may be).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core import lean_open3d
from app.core.geometry import transforms
from app.core.types import Frame


@dataclass(frozen=True)
class Sweeps:
    """Points of several sweeps in the sensor frame of one of them.

    ``points`` (N, 3) float32 metres; ``sweep`` (N,) int64 row of ``origins``; ``origins`` (S, 3) float64 metres;
    ``frames`` (S,) int32 indices of their frames.
    """

    points: np.ndarray
    sweep: np.ndarray
    origins: np.ndarray
    frames: np.ndarray


def stacked(frame: Frame, others: Iterable[Frame]) -> Sweeps:
    """A frame's points and those of others, each with the origin it was seen from; others without a pose are left
    out."""
    points, origins, frames = [frame.points], [np.zeros(3)], [frame.index]
    for other in others:
        if frame.world_from_sensor is None or other.world_from_sensor is None:
            continue
        motion = transforms.relative(frame.world_from_sensor, other.world_from_sensor)
        points.append(np.asarray(transforms.apply(motion, other.points), np.float32))
        origins.append(motion[:3, 3])
        frames.append(other.index)
    sweep = np.repeat(np.arange(len(points)), [len(part) for part in points])
    return Sweeps(np.concatenate(points), sweep, np.array(origins), np.array(frames, np.int32))


def truly_full(
    scene: Any, world_from_sensor: np.ndarray, places: np.ndarray, origins: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether queries lie within something, by the exact surface.

    Parameters
    ----------
    scene : of the exact surface in the world, by :func:`app.core.surface.measures.scene_of`
    world_from_sensor : (4, 4) of the frame in whose sensor coordinates the rest is
    places, origins, targets : (Q, 3) metres: the query, where its line of sight begins, and the point it met

    Returns
    -------
    full : (Q,) bool
    judged : (Q,) bool, lines of sight that meet the surface; the others do not tell
    """
    o3d = lean_open3d.load()
    line = targets.astype(np.float64) - origins
    line /= np.maximum(np.linalg.norm(line, axis=1, keepdims=True), 1e-9)
    begin = transforms.apply(world_from_sensor, np.broadcast_to(origins, line.shape))
    rays = np.concatenate([begin, line @ world_from_sensor[:3, :3].T], axis=1).astype(np.float32)
    met = scene.list_intersections(o3d.core.Tensor(rays))
    starts, distances = met["ray_splits"].numpy().astype(np.int64), met["t_hit"].numpy()
    first, second = np.full(len(rays), np.inf), np.full(len(rays), np.inf)
    owner = np.repeat(np.arange(len(rays)), np.diff(starts))
    distances = distances[np.lexsort((distances, owner))]
    some, more = np.diff(starts) > 0, np.diff(starts) > 1
    first[some] = distances[starts[:-1][some]]
    second[more] = distances[starts[:-1][more] + 1]
    along = np.einsum("ij,ij->i", places - origins, line)
    return (along > first) & (along < second), some
