"""What a surface is coloured by: values at its vertices, as layers, so that they get the colour maps of points."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from app.core.errors import UsageError
from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData
from app.core.layers.coloring import relative_range
from app.core.layers.features import principal_colors
from app.core.layers.label import ENTRY as LABEL
from app.core.surface.names import check_color
from app.core.surface.network_field import Latents, NetworkField
from app.core.types import Frame

DEPTH = 0.1
"""Metres before and behind the surface where uncertainty is looked at: δ, within which queries of training lie.
On the surface itself the probability is the threshold, and 4p(1 − p) says nothing."""

Steps = Generator[None, None, LayerData]


@dataclass(frozen=True)
class Told:
    """What the field knows: the frame, its label set, and of a network the field and its latents."""

    frame: Frame
    label_set: LabelSet | None
    field: NetworkField | None = None
    latents: Latents | None = None


def check(name: str, told: Told | None, *, network: bool) -> None:
    """``UsageError`` where there is no such colour, or it needs what is not there."""
    check_color(name, network=network)
    if name == "class" and told is not None:
        why = LABEL.missing(told.frame, told.label_set)
        if why is not None:
            raise UsageError(f"The surface cannot be coloured by class: {why}")


def vertex_layer(name: str, vertices: np.ndarray, normals: np.ndarray, told: Told) -> Steps:
    """The values of a colour at (V, 3) vertices with (V, 3) normals, yielding between two questions to the field.

    ``height`` z, metres; ``class`` that of the nearest observed point; ``intensity`` as the head predicts it;
    ``latent`` the three principal components of the nearest point's latent, fitted to the frame; ``uncertainty``
    the mean of 4p(1 − p) ``DEPTH`` before and behind the surface, 1 where the field does not know which side is
    which; ``normal`` its direction. Those with an ``absolute_range`` are coloured by it: heights by that of the
    frame's points, so that a colour means the same height on both.
    """
    check(name, told, network=told.field is not None)
    if name == "height":
        return LayerData(
            name, "Height", Kind.SCALAR, vertices[:, 2].copy(), "m",
            absolute_range=relative_range(told.frame.points[told.frame.valid, 2]), provenance="z of the vertices",
        )  # fmt: skip
    if name == "normal":
        return LayerData(
            name, "Normal", Kind.VECTOR, normals, provenance="against the field's gradient, from its grid"
        )
    if name == "class":
        return _classes(vertices, told)
    assert told.field is not None
    assert told.latents is not None
    if name == "latent":
        colors = principal_colors(told.latents.values)[told.field.nearest(vertices)]
        return LayerData(
            name, "Latent (principal components)", Kind.COLOR, colors,
            provenance=f"three principal components of {told.latents.values.shape[1]} values of the nearest point",
        )  # fmt: skip
    if name == "intensity":
        values = yield from _asked(told.field.intensity, vertices, told.field.most)
        return LayerData(name, "Intensity (predicted)", Kind.SCALAR, values, colormap="viridis",
                         provenance="predicted by the head at the vertices")  # fmt: skip
    return (yield from _uncertainty(vertices, normals, told.field))


def _uncertainty(vertices: np.ndarray, normals: np.ndarray, field: NetworkField) -> Steps:
    away = np.nan_to_num(normals) * np.float32(DEPTH)
    sides = np.empty((2, len(vertices)), np.float32)
    for side, sign in enumerate((-1, 1)):
        p = yield from _asked(field, vertices + sign * away, field.most)
        sides[side] = 4 * p * (1 - p)
    # a side without support is as unknown as can be
    values = np.nan_to_num(sides, nan=1.0).mean(axis=0)
    return LayerData(
        "uncertainty", "Uncertainty", Kind.SCALAR, values.astype(np.float32), colormap="magma",
        provenance=f"mean of 4p(1 − p) {DEPTH:g} m before and behind the surface",
    )  # fmt: skip


def _asked(
    ask: Callable[[np.ndarray], np.ndarray], places: np.ndarray, most: int
) -> Generator[None, None, np.ndarray]:
    values = np.empty(len(places), np.float32)
    for start in range(0, len(places), most):
        values[start : start + most] = ask(places[start : start + most])
        yield
    return values


def _classes(vertices: np.ndarray, told: Told) -> LayerData:
    from scipy.spatial import cKDTree

    layer = LABEL.compute(told.frame, told.label_set)
    rows = np.flatnonzero(told.frame.valid)
    values = np.zeros(len(vertices), np.uint8)
    if len(vertices):
        near = cKDTree(told.frame.points[rows]).query(vertices, workers=2)[1]
        values = layer.values[rows[near]]
    return LayerData(
        "class", "Class of the nearest point", Kind.CLASS, values, label_set=told.label_set,
        provenance="label of the nearest observed point",
    )  # fmt: skip
