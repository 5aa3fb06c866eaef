"""Where two layers of the same kind differ: signed for scalars, an angle for vectors, same or not for ids."""

from __future__ import annotations

import numpy as np

from app.core.errors import UsageError
from app.core.labels import UNKNOWN, ClassInfo, LabelSet
from app.core.layers import colormaps
from app.core.layers.base import Kind, LayerData

SAME, DIFFERENT = 0, 1
AGREEMENT = LabelSet(
    name="agreement",
    classes=(
        ClassInfo(SAME, "same", (74, 110, 136), (SAME,)),
        ClassInfo(DIFFERENT, "different", (242, 96, 66), (DIFFERENT,)),
    ),
    ignore=UNKNOWN,
)


def difference(a: LayerData, b: LayerData) -> LayerData:
    """The difference layer ``a − b``, one value per point.

    Scalars: a − b (NaN where either is unknown), drawn with a diverging map about 0. Vectors: the angle
    between them in degrees. Colours: the largest channel difference. Classes, instances and masks:
    same, different, or unknown where either point carries no class.

    Raises
    ------
    UsageError
        The two layers are of different kinds or have different numbers of points.
    """
    if a.kind is not b.kind:
        raise UsageError(
            f"{a.title} ({a.kind.value}) and {b.title} ({b.kind.value}) are of different kinds; "
            "compare two layers of one kind."
        )
    if len(a.values) != len(b.values):
        raise UsageError(f"{a.title} has {len(a.values)} values and {b.title} has {len(b.values)}.")
    if a.kind is Kind.SCALAR:
        return _scalar(a, b)
    if a.kind is Kind.VECTOR:
        return _magnitude(a, b, _angles(a.values, b.values), "°", 180.0)
    if a.kind is Kind.COLOR:
        return _magnitude(a, b, _channel_difference(a, b), "", 255.0)
    return _agreement(a, b)


def _scalar(a: LayerData, b: LayerData) -> LayerData:
    with np.errstate(invalid="ignore"):  # infinity − infinity is unknown, which NaN says
        values = np.subtract(a.values, b.values, dtype=np.float32)
    absolute = None
    if a.absolute_range is not None and b.absolute_range is not None:
        reach = max(abs(a.absolute_range[1] - b.absolute_range[0]), abs(b.absolute_range[1] - a.absolute_range[0]))
        absolute = (-reach, reach)
    return _described(a, b, Kind.SCALAR, values, unit=a.unit if a.unit == b.unit else "", absolute_range=absolute)


def _magnitude(a: LayerData, b: LayerData, values: np.ndarray, unit: str, most: float) -> LayerData:
    return _described(a, b, Kind.SCALAR, values, unit=unit, colormap="magma", absolute_range=(0.0, most))


def _agreement(a: LayerData, b: LayerData) -> LayerData:
    values = np.where(a.values == b.values, np.uint8(SAME), np.uint8(DIFFERENT))
    if a.kind is Kind.CLASS:
        values[_classless(a) | _classless(b)] = UNKNOWN
    return _described(a, b, Kind.CLASS, values, label_set=AGREEMENT)


def _classless(data: LayerData) -> np.ndarray:
    """(N,) bool: points that carry no class, or a raw id that the label set does not list."""
    ignore = UNKNOWN if data.label_set is None else data.label_set.ignore
    return np.asarray((data.values == UNKNOWN) | (data.values == ignore))


def _angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    cosine = np.einsum("nc,nc->n", a.astype(np.float64), b.astype(np.float64))
    lengths = np.linalg.norm(a.astype(np.float64), axis=1) * np.linalg.norm(b.astype(np.float64), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.degrees(np.arccos(np.clip(cosine / lengths, -1, 1))).astype(np.float32)


def _channel_difference(a: LayerData, b: LayerData) -> np.ndarray:
    values = np.abs(a.values.astype(np.int16) - b.values.astype(np.int16)).max(axis=1, initial=0)
    result = values.astype(np.float32)
    for data in (a, b):
        if data.known is not None:
            result[~data.known] = np.nan
    return result


def _described(
    a: LayerData,
    b: LayerData,
    kind: Kind,
    values: np.ndarray,
    *,
    unit: str = "",
    colormap: str = colormaps.DIVERGING,
    absolute_range: tuple[float, float] | None = None,
    label_set: LabelSet | None = None,
) -> LayerData:
    return LayerData(
        name=f"{a.name} − {b.name}",
        title=f"{a.title} − {b.title}",
        kind=kind,
        values=values,
        unit=unit,
        colormap=colormap,
        absolute_range=absolute_range,
        label_set=label_set,
        provenance=f"difference of {a.title.lower()} and {b.title.lower()}, point by point",
    )
