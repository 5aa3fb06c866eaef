"""HDBSCAN over the graph of nearest neighbours: clusters of whatever density, without a radius to choose.

Campello, Moulavi and Sander's way: mutual reachability, minimum spanning tree, condensed tree, excess of mass. The
spanning tree is taken of each point's nearest neighbours instead of all pairs, which is what makes it fast; two
clusters that no neighbour joins are apart whatever their distance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from app.core.geometry.neighbours import Neighbourhoods, neighbourhoods

_jit: Any = njit(nogil=True, cache=True, error_model="numpy")
LEAST_DISTANCE = 1e-3
"""Metres; points nearer to each other are one spot, so that densities stay finite."""


def hdbscan(
    points: np.ndarray, *, least: int = 20, samples: int = 4, neighbours: int = 16, never_within: float = 0.0
) -> np.ndarray:
    """Cluster a cloud.

    Parameters
    ----------
    points : (M, 3) float32, metres, all finite
    least : points of a cluster, at least
    samples : the point itself included, how many neighbours have to be near for a place to count as dense
    neighbours : edges a point gives to the graph, ``samples`` or more
    never_within : metres; parts whose gap is smaller are never cut apart

    Returns
    -------
    (M,) int32 clusters 0, 1, 2 …; −1 noise
    """
    if len(points) < max(least, 2):
        return np.full(len(points), -1, np.int32)
    hoods = neighbourhoods(points, count=max(neighbours, samples))
    return hoods.given(_clusters(hoods, least, samples, never_within))


def _clusters(hoods: Neighbourhoods, least: int, samples: int, never_within: float) -> np.ndarray:
    one, two, weight = edges(hoods.index, hoods.squared, min(samples, hoods.index.shape[1]))
    sorting = np.argsort(weight, kind="stable")
    left, right, distance, size = merges(one, two, weight, sorting, len(hoods.points))
    return select(left, right, distance, size, len(hoods.points), max(least, 2), never_within)


@_jit
def edges(index, squared, samples):  # type: ignore[no-untyped-def]
    """Pairs of neighbours, each once: (E,) int32 both ends and (E,) float32 mutual reachability, metres."""
    count, k = index.shape
    one, two = np.empty(count * k, np.int32), np.empty(count * k, np.int32)
    weight = np.empty(count * k, np.float32)
    found = 0
    for i in range(count):
        for n in range(k):
            j = index[i, n]
            if j == i:
                continue
            if j < i:
                mutual = False
                for m in range(k):
                    mutual |= index[j, m] == i
                if mutual:  # seen from the other end already
                    continue
            reach = max(squared[i, n], squared[i, samples - 1], squared[j, samples - 1])
            one[found], two[found], weight[found] = i, j, np.sqrt(reach)
            found += 1
    return one[:found], two[:found], weight[:found]


@_jit
def merges(one, two, weight, sorting, count):  # type: ignore[no-untyped-def]
    """The single-linkage forest: merge m makes node ``count + m`` of two earlier nodes, at a distance.

    Returns (M,) int32 ``left`` and ``right``, (M,) float32 ``distance``, and (count + M,) int32 ``size`` of nodes.
    """
    parent = np.arange(count).astype(np.int32)
    node = np.arange(count).astype(np.int32)  # of each set's representative: the newest node of its set
    left, right = np.empty(count, np.int32), np.empty(count, np.int32)
    distance = np.empty(count, np.float32)
    size = np.ones(2 * count, np.int32)
    made = 0
    for e in sorting:
        a, b = root(parent, one[e]), root(parent, two[e])
        if a == b:
            continue
        left[made], right[made], distance[made] = node[a], node[b], weight[e]
        size[count + made] = size[node[a]] + size[node[b]]
        if size[node[a]] < size[node[b]]:
            a, b = b, a
        parent[b] = a
        node[a] = count + made
        made += 1
    return left[:made], right[:made], distance[:made], size[: count + made]


@_jit
def root(parent, i):  # type: ignore[no-untyped-def]
    """Representative of a set, halving the path to it."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@_jit
def select(left, right, distance, size, count, least, never_within):  # type: ignore[no-untyped-def]
    """Clusters of greatest excess of mass: (count,) int32, −1 noise.

    From the top of each tree: a part too small falls off as noise, a cut into two parts that are both large enough
    begins two candidates. From the bottom: a candidate is kept where it is more stable than those within it.
    """
    made, nodes = len(left), len(size)
    of_node = np.full(nodes, np.int32(-1), np.int32)  # candidate in which a node lies
    above = np.full(nodes, np.int32(-1), np.int32)  # candidate around a candidate
    birth, stability = np.zeros(nodes), np.zeros(nodes)
    candidates = 0
    is_child = np.zeros(nodes, np.bool_)
    for m in range(made):
        is_child[left[m]] = is_child[right[m]] = True
    for m in range(made - 1, -1, -1):
        me = count + m
        density = 1.0 / max(float(distance[m]), LEAST_DISTANCE)
        if not is_child[me] and size[me] >= least:
            of_node[me] = candidates
            candidates += 1
        own = of_node[me]
        if own < 0:
            continue
        both = size[left[m]] >= least and size[right[m]] >= least and distance[m] >= never_within
        for child in (left[m], right[m]):
            if both:
                of_node[child], above[candidates], birth[candidates] = candidates, own, density
                stability[own] += size[child] * (density - birth[own])
                candidates += 1
            elif size[child] >= least:
                of_node[child] = own
            elif distance[m] >= never_within:
                stability[own] += size[child] * (density - birth[own])
            else:
                of_node[child] = own
    return _keep(left, right, distance, size, of_node, above, birth, stability, candidates, count)


@_jit
def _keep(left, right, distance, size, of_node, above, birth, stability, candidates, count):  # type: ignore[no-untyped-def]
    # Points that stay in a candidate to its end leave it where they are joined themselves.
    for m in range(len(left)):
        density = 1.0 / max(float(distance[m]), LEAST_DISTANCE)
        for child in (left[m], right[m]):
            if child < count and of_node[child] >= 0 and of_node[child] == of_node[count + m]:
                stability[of_node[child]] += density - birth[of_node[child]]
    within = np.zeros(candidates)
    kept = np.ones(candidates, np.bool_)
    for c in range(candidates - 1, -1, -1):  # inner ones have greater numbers
        if within[c] > stability[c]:
            kept[c] = False
        if above[c] >= 0:
            within[above[c]] += max(within[c], stability[c])
    top, number = np.full(candidates, np.int32(-1), np.int32), np.int32(0)
    for c in range(candidates):
        outer = top[above[c]] if above[c] >= 0 else np.int32(-1)
        if outer >= 0:
            top[c] = outer
        elif kept[c]:
            top[c] = number
            number += 1
    labels = np.full(count, np.int32(-1), np.int32)
    inside = np.full(len(size), np.int32(-1), np.int32)
    for m in range(len(left) - 1, -1, -1):
        me = count + m
        if of_node[me] >= 0 and inside[me] < 0:
            inside[me] = top[of_node[me]]
        for child in (left[m], right[m]):
            # What falls off a kept candidate lies outside of all clusters below, but was never a cluster itself.
            if of_node[child] >= 0:
                inside[child] = top[of_node[child]]
            elif inside[me] >= 0:
                inside[child] = inside[me]
    for i in range(count):
        labels[i] = inside[i]
    return labels
