"""How open to the sky each seen place is: short rays in random directions, smoothed over the picture.

Corners, gaps under cars and the insides of crowns get less of the sky's light; this is what makes
things stand on the ground instead of floating over it.
"""

from __future__ import annotations

import numpy as np

from app.core.demo.mesh import Array, cross, rgb
from app.core.demo.noise import hashed
from app.core.demo.raycast import Caster, Hits

_RAYS = 3
_NEAR = 1.8
"""Only what stands within this distance darkens, metres; the rest is the sky's own level."""
_DEEPEST = 0.22


def sky_openness(caster: Caster, eye: Array, directions: Array, hits: Hits, shape: tuple[int, int]) -> Array:
    """(H·W,) float32 in 0.22..1 for the (H·W,) hits of a picture of ``shape`` (height, width).

    Worked out for every second pixel both ways, then spread to neighbours of the same distance.
    """
    height, width = shape
    rows = np.arange(0, height, 2)[:, None] * width + np.arange(0, width, 2)
    small = rows.shape
    chosen = rows.ravel()
    met = np.flatnonzero(hits.met[chosen])
    value = np.ones(len(chosen), np.float32)
    if len(met):
        at = chosen[met]
        value[met] = _one_by_one(caster, eye, directions[at], hits.take(at), at)
    depth = np.where(hits.met, hits.distance, np.float32(1e4))
    smooth = _smoothed(value.reshape(small), depth[chosen].reshape(small))
    return _spread(smooth, depth[chosen].reshape(small), depth.reshape(shape)).ravel()


def _one_by_one(caster: Caster, eye: Array, directions: Array, hits: Hits, number: Array) -> Array:
    normal = caster.surfaces.at("normals", hits)
    facing = np.einsum("ij,ij->i", normal, directions)
    normal *= np.where(facing > 0, np.float32(-1), np.float32(1))[:, None]
    place = eye + directions * hits.distance[:, None] + normal * (0.01 + 0.0008 * hits.distance)[:, None]
    side = cross(normal, np.where(np.abs(normal[:, :1]) > 0.8, rgb(0, 1, 0), rgb(1, 0, 0)))
    side /= np.maximum(np.sqrt(np.einsum("ij,ij->i", side, side)), 1e-6)[:, None]
    other = cross(normal, side)
    free = np.zeros(len(number), np.float32)
    for k in range(_RAYS):
        turn = 2 * np.pi * (hashed(number, np.full_like(number, k), 23) + np.float32(k / _RAYS))
        out = np.sqrt((k + hashed(number, np.full_like(number, k), 29)) / _RAYS)
        up = np.sqrt(1 - np.minimum(out, 0.995) ** 2)
        ray = (
            side * (out * np.cos(turn))[:, None] + other * (out * np.sin(turn))[:, None] + normal * up[:, None]
        ) * np.float32(_NEAR)
        free += ~caster.blocked(place, ray, far=1.0)
    return np.asarray(_DEEPEST + (1 - _DEEPEST) * free / _RAYS)


def _smoothed(value: Array, depth: Array) -> Array:
    """Mean over 7 × 7 (a row, then a column), counting neighbours at about the same distance."""
    for axis in (1, 0):
        total, weight = value.copy(), np.ones_like(value)
        for step in (1, 2, 3):
            here = (slice(None),) * axis + (slice(step, None),)
            there = (slice(None),) * axis + (slice(None, -step),)
            alike = (np.abs(depth[here] - depth[there]) < 0.05 * depth[here]).astype(np.float32)
            total[here] += alike * value[there]
            weight[here] += alike
            total[there] += alike * value[here]
            weight[there] += alike
        value = total / weight
    return value


def _spread(value: Array, near: Array, depth: Array) -> Array:
    """To full size: each pixel takes the mean of the samples around it that lie at its distance."""
    height, width = depth.shape
    rows, columns = np.arange(height), np.arange(width)
    total, weight = np.zeros_like(depth), np.full_like(depth, 1e-4)
    for up in (0, 1):
        i = np.minimum((rows + up) // 2, value.shape[0] - 1)
        for across in (0, 1):
            j = np.minimum((columns + across) // 2, value.shape[1] - 1)
            alike = np.abs(near[i][:, j] - depth) < 0.08 * depth
            share = np.where(alike, np.float32(1), np.float32(0.001))
            total += share * value[i][:, j]
            weight += share
    return np.asarray(total / weight, np.float32)
