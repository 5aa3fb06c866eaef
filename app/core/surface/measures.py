"""How near a surface is to what is there: Chamfer distance, F-scores, completeness of the unseen, closedness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from app.core import lean_open3d


class Reference(Protocol):
    """What a surface is measured against, in the frame of the surface, metres.

    ``places`` (S, 3) float32 lie evenly on it; ``about`` says in one line what it is.
    """

    @property
    def places(self) -> np.ndarray: ...
    @property
    def about(self) -> str: ...

    def distance(self, places: np.ndarray) -> np.ndarray:
        """(M,) metres from (M, 3) places to it."""


@dataclass(frozen=True)
class MeasureOptions:
    """How a surface is measured.

    ``samples`` places on each surface; ``seed`` of them; ``within`` metres of the F-scores; ``reach`` metres from
    an observed point within which the reference counts; ``unseen`` metres from every observed point from which a
    place counts as not seen; ``found`` metres within which such a place counts as told.
    """

    samples: int = 30_000
    seed: int = 0
    within: tuple[float, ...] = (0.1, 0.2)
    reach: float = 1.0
    unseen: float = 0.25
    found: float = 0.2


@dataclass(frozen=True)
class Measures:
    """One surface against one reference; figures are NaN where one of them is empty.

    Attributes
    ----------
    to_reference : mean metres from the surface to the reference (accuracy)
    from_reference : mean metres from the reference to the surface (completeness)
    chamfer : the mean of both (Occupancy Networks, CVPR 2019, §4: Chamfer-L1)
    f_score, precision, recall : shares by metres: of the surface near the reference (precision), of the reference
        near the surface (recall), and 2PR/(P+R)
    unseen_found : share of the reference's unseen places that lie near the surface
    unseen_share : share of the reference's places that no observed point is near
    paired_edges : share of edges that have two triangles
    closed : whether every edge has two, passed in both directions
    samples : places on the surface, and on the reference
    reference : what it was
    """

    to_reference: float
    from_reference: float
    chamfer: float
    f_score: Mapping[float, float]
    precision: Mapping[float, float]
    recall: Mapping[float, float]
    unseen_found: float
    unseen_share: float
    paired_edges: float
    closed: bool
    samples: tuple[int, int]
    reference: str


def measure(
    vertices: np.ndarray,
    triangles: np.ndarray,
    reference: Reference,
    observed: np.ndarray,
    options: MeasureOptions | None = None,
) -> Measures:
    """Measure a surface against a reference.

    Parameters
    ----------
    vertices, triangles : (V, 3) float32 metres, (T, 3) int32
    reference : in the same frame; its places farther than ``reach`` from every observed point do not count
    observed : (N, 3) float32 finite, the points that the surface was made from
    """
    from scipy.spatial import cKDTree

    options = options or MeasureOptions()
    on_surface = sampled(vertices, triangles, options.samples, np.random.default_rng(options.seed))
    away = cKDTree(observed).query(reference.places, distance_upper_bound=options.reach, workers=2)[0]
    counted = away <= options.reach
    places, away = reference.places[counted], away[counted]
    there = reference.distance(on_surface) if len(on_surface) and len(places) else np.zeros(0)
    back = distance_to(vertices, triangles, places) if len(on_surface) and len(places) else np.zeros(0)
    precision = {within: _share(there <= within) for within in options.within}
    recall = {within: _share(back <= within) for within in options.within}
    unseen = away > options.unseen
    accuracy, completeness = _mean(there), _mean(back)
    paired, closed = watertight(triangles)
    return Measures(
        accuracy,
        completeness,
        (accuracy + completeness) / 2,
        {within: _harmonic(precision[within], recall[within]) for within in options.within},
        precision,
        recall,
        _share(back[unseen] <= options.found) if len(back) else float("nan"),
        _share(unseen),
        paired,
        closed,
        (len(on_surface), len(places)),
        reference.about,
    )


def sampled(vertices: np.ndarray, triangles: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 3) float32 places spread evenly over triangles by area; none where they have no area."""
    corner = vertices[triangles].astype(np.float64)
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1)
    total = area.sum()
    if not total > 0:
        return np.zeros((0, 3), np.float32)
    chosen = rng.choice(len(area), count, p=area / total)
    # the square root makes places as dense near a corner as elsewhere (Osada et al., Shape Distributions, 2002)
    root, along = np.sqrt(rng.random(count))[:, None], rng.random(count)[:, None]
    a, b, c = corner[chosen].transpose(1, 0, 2)
    return np.asarray((1 - root) * a + root * (1 - along) * b + root * along * c, np.float32)


def scene_of(vertices: np.ndarray, triangles: np.ndarray) -> Any:
    """Open3D's scene of a mesh, for rays and distances."""
    o3d = lean_open3d.load()
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(vertices, np.float32)),
        o3d.core.Tensor(np.ascontiguousarray(triangles, np.uint32)),
    )
    return scene


def distance_to(vertices: np.ndarray, triangles: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(M,) float32 metres from (M, 3) places to the nearest triangle, exactly."""
    return distance_in(scene_of(vertices, triangles), places)


def distance_in(scene: Any, places: np.ndarray) -> np.ndarray:
    """:func:`distance_to` of a scene."""
    o3d = lean_open3d.load()
    given = o3d.core.Tensor(np.ascontiguousarray(places, np.float32))
    return np.asarray(scene.compute_distance(given).numpy())


def watertight(triangles: np.ndarray) -> tuple[float, bool]:
    """Share of edges that two triangles have, and whether all have two that pass them in both directions.

    (NaN, False) for no triangles.
    """
    if not len(triangles):
        return float("nan"), False
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    low, high = edges.min(axis=1), edges.max(axis=1)
    order = np.argsort(low * (int(high.max()) + 1) + high, kind="stable")
    key = (low * (int(high.max()) + 1) + high)[order]
    forth = (edges[:, 0] < edges[:, 1])[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    count = np.diff(np.append(starts, len(key)))
    balance = np.add.reduceat(np.where(forth, 1, -1), starts)
    return float((count == 2).mean()), bool(((count == 2) & (balance == 0)).all())


@dataclass(frozen=True)
class ExactSurface:
    """A known mesh as a reference: its evenly spread places, and exact distances to all of it."""

    places: np.ndarray
    about: str
    scene: Any = field(repr=False)

    def distance(self, places: np.ndarray) -> np.ndarray:
        """See :meth:`Reference.distance`."""
        return distance_in(self.scene, places)


@dataclass(frozen=True)
class Scans:
    """Points of several scans as a reference; a distance is that to the nearest point, so never exactly 0."""

    places: np.ndarray
    about: str

    def distance(self, places: np.ndarray) -> np.ndarray:
        """See :meth:`Reference.distance`."""
        from scipy.spatial import cKDTree

        return np.asarray(cKDTree(self.places).query(places, workers=2)[0])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other > 0 else (0.0 if one + other == 0 else float("nan"))
