"""Differences of two layers, kind by kind."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.errors import UsageError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN
from app.core.layers.base import Kind, LayerData
from app.core.layers.colormaps import DIVERGING
from app.core.layers.difference import AGREEMENT, DIFFERENT, SAME, difference


def layer(name: str, kind: Kind, values: object, dtype: object, **about: object) -> LayerData:
    return LayerData(name, name.title(), kind, np.array(values, dtype), **about)  # type: ignore[arg-type]


def test_scalars_are_signed_and_unknown_where_either_is() -> None:
    a = layer("a", Kind.SCALAR, [3, 1, np.nan, np.inf], np.float32, unit="m", absolute_range=(0.0, 10.0))
    b = layer("b", Kind.SCALAR, [1, 3, 0, np.inf], np.float32, unit="m", absolute_range=(-2.0, 5.0))
    found = difference(a, b)
    np.testing.assert_array_equal(found.values, [2, -2, np.nan, np.nan])
    assert found.unit == "m"
    assert found.colormap == DIVERGING
    assert found.absolute_range == (-12.0, 12.0)
    np.testing.assert_array_equal(difference(b, a).values, -found.values)
    assert "A" in found.title
    assert "B" in found.title


def test_units_that_differ_are_not_claimed() -> None:
    a = layer("a", Kind.SCALAR, [1], np.float32, unit="m")
    b = layer("b", Kind.SCALAR, [1], np.float32, unit="°")
    assert difference(a, b).unit == ""
    assert difference(a, b).absolute_range is None


def test_classes_agree_differ_or_are_unknown() -> None:
    a = layer("a", Kind.CLASS, [1, 1, 0, UNKNOWN, 5], np.uint8, label_set=SEMANTIC_KITTI)
    b = layer("b", Kind.CLASS, [1, 9, 9, 1, 0], np.uint8, label_set=SEMANTIC_KITTI)
    found = difference(a, b)
    assert found.values.tolist() == [SAME, DIFFERENT, UNKNOWN, UNKNOWN, UNKNOWN]
    assert found.label_set is AGREEMENT
    assert AGREEMENT.class_name(DIFFERENT) == "different"


def test_instances_and_masks() -> None:
    a = layer("a", Kind.INSTANCE, [1, 2], np.uint32)
    b = layer("b", Kind.INSTANCE, [1, 3], np.uint32)
    assert difference(a, b).values.tolist() == [SAME, DIFFERENT]
    m, n = layer("m", Kind.MASK, [True], bool), layer("n", Kind.MASK, [False], bool)
    assert difference(m, n).values.tolist() == [DIFFERENT]


def test_vectors_differ_by_an_angle() -> None:
    a = layer("a", Kind.VECTOR, [[1, 0, 0], [1, 0, 0], [1, 0, 0], [np.nan] * 3], np.float32)
    b = layer("b", Kind.VECTOR, [[1, 0, 0], [0, 2, 0], [-1, 0, 0], [1, 0, 0]], np.float32)
    found = difference(a, b)
    np.testing.assert_allclose(found.values, [0, 90, 180, np.nan], atol=1e-4)
    assert found.unit == "°"


def test_colours_differ_by_their_largest_channel() -> None:
    a = layer("a", Kind.COLOR, [[0, 10, 20], [255, 0, 0]], np.uint8, known=np.array([True, False]))
    b = layer("b", Kind.COLOR, [[5, 10, 250], [0, 0, 0]], np.uint8)
    np.testing.assert_array_equal(difference(a, b).values, [230, np.nan])


def test_what_cannot_be_compared_is_said() -> None:
    a = layer("a", Kind.SCALAR, [1], np.float32)
    with pytest.raises(UsageError, match="different kinds"):
        difference(a, layer("b", Kind.MASK, [True], bool))
    with pytest.raises(UsageError, match="1 values"):
        difference(a, layer("b", Kind.SCALAR, [1, 2], np.float32))
