"""What each pixel of the demo camera's picture shows: the camera's own rays, asked what they met.

``picture_truth`` gives raw facts of surfaces; :mod:`~app.core.demo.picture_words` turns them into words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.calibration import Calibration
from app.core.demo.labels import train_ids
from app.core.demo.mesh import Array
from app.core.demo.raycast import Caster, Hits
from app.core.demo.streetline import StreetLine
from app.core.demo.world import PERIOD, World

NOTHING = 255
"""Material of pixels that show the sky."""


@dataclass(frozen=True)
class PictureTruth:
    """The truth behind a picture of H × W pixels; each pixel is what the ray through its middle meets.

    Attributes
    ----------
    label : (H, W) uint16, raw SemanticKITTI id, 0 for the sky
    instance : (H, W) uint16, 0 none
    material : (H, W) uint8, a :class:`~app.core.demo.materials.Material`, ``NOTHING`` for the sky
    code : (H, W) int16, the material's variant
    color : (H, W, 3) float32, linear base colour of the mesh, before its texture; 0 for the sky
    distance : (H, W) float32, metres from the camera, infinite for the sky
    street : (H, W, 3) float32, street coordinates (s, d, h) in metres, NaN for the sky
    tall : metres from foot to head, by instance, of what has an instance
    """

    label: Array
    instance: Array
    material: Array
    code: Array
    color: Array
    distance: Array
    street: Array
    tall: dict[int, float]

    @property
    def classes(self) -> Array:
        """(H, W) uint8: the class that is evaluated, 1 to 19; 0 carries none."""
        return train_ids(self.label)


def picture_truth(world: World, frame: int) -> PictureTruth:
    """The truth behind ``world.picture(frame)``."""
    caster, _ = world.caster(frame)
    return truth_of(
        caster, world.calibration, world.ego_pose(frame * PERIOD), world.line, world.traffic.ego_s(frame * PERIOD)
    )


def truth_of(
    caster: Caster, calibration: Calibration, world_from_sensor: Array, line: StreetLine, ego_s: float
) -> PictureTruth:
    """The truth behind a picture taken from a pose (4, 4), the ego car being at ``ego_s`` along the street."""
    width, height = calibration.size
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    pixels: Array = np.stack([u.ravel(), v.ravel()], axis=1)
    turn = world_from_sensor[:3, :3]
    eye = np.asarray(turn @ calibration.center + world_from_sensor[:3, 3], np.float32)
    directions = calibration.rays(pixels, turn)
    hits = caster.cast(eye, directions)
    met = np.flatnonzero(hits.met)
    length = np.linalg.norm(directions, axis=1)
    points = eye + directions[met] * hits.distance[met, None]
    street = np.full((len(pixels), 3), np.nan, np.float32)
    street[met] = street_coordinates(line, points, ego_s)
    shape = (height, width)
    instance = _looked_up(caster, hits, met, "instance", 0).reshape(shape)
    return PictureTruth(
        label=_looked_up(caster, hits, met, "label", 0).reshape(shape),
        instance=instance,
        material=_looked_up(caster, hits, met, "material", NOTHING).reshape(shape),
        code=_looked_up(caster, hits, met, "code", 0).reshape(shape),
        color=_looked_up(caster, hits, met, "color", 0).reshape(*shape, 3),
        distance=(hits.distance * length).astype(np.float32).reshape(shape),
        street=street.reshape(*shape, 3),
        tall=_heights(caster, np.unique(instance)),
    )


def _looked_up(caster: Caster, hits: Hits, met: Array, name: str, other: int) -> Array:
    """A per-triangle attribute at all rays, ``other`` where nothing was met."""
    found = caster.surfaces.per_triangle(name, hits.triangle[met])
    values = np.full((len(hits.triangle), *found.shape[1:]), other, found.dtype)
    values[met] = found
    return values


def _heights(caster: Caster, instances: Array) -> dict[int, float]:
    """Metres from foot to head of instances."""
    found: dict[int, float] = {}
    for mesh in (caster.surfaces.standing, caster.surfaces.moving):
        rows = np.flatnonzero((mesh.instance > 0) & np.isin(mesh.instance, instances))
        if not len(rows):
            continue
        number = np.repeat(mesh.instance[rows], 3)
        z = mesh.vertices[mesh.triangles[rows].ravel(), 2]
        order = np.argsort(number, kind="stable")
        names, starts = np.unique(number[order], return_index=True)
        span = np.maximum.reduceat(z[order], starts) - np.minimum.reduceat(z[order], starts)
        found |= {int(name): float(value) for name, value in zip(names, span, strict=True)}
    return found


def street_coordinates(line: StreetLine, points: Array, near: float, reach: float = 200.0) -> Array:
    """Street coordinates (N, 3) float32 of (N, 3) world points within ``reach`` of ``near`` along the street.

    The foot on the line is looked for among places 0.25 m apart, then moved along the tangent, which leaves
    millimetres.
    """
    from scipy.spatial import cKDTree

    at = np.arange(near - reach, near + reach, 0.25)
    places, heading = line.position(at), line.heading(at)
    _, foot = cKDTree(places).query(points[:, :2])
    away = points[:, :2] - places[foot]
    cosine, sine = np.cos(heading[foot]), np.sin(heading[foot])
    s = at[foot] + away[:, 0] * cosine + away[:, 1] * sine
    d = away[:, 1] * cosine - away[:, 0] * sine
    return np.stack([s, d, points[:, 2] - line.height(s)], axis=1).astype(np.float32)
