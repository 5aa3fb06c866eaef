"""From values to colours: ranges, maps, unknown values, hidden classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import UsageError
from app.core.labels import UNKNOWN, ClassInfo, LabelSet
from app.core.layers import coloring, colormaps
from app.core.layers.base import Kind, LayerData
from app.core.state import LayerStyle, RangeMode

SET = LabelSet("two", (ClassInfo(1, "car", (10, 20, 30), (10,)), ClassInfo(2, "road", (40, 50, 60), (40,))))


def scalar(values: object, **about: object) -> LayerData:
    return LayerData("s", "S", Kind.SCALAR, np.asarray(values, np.float32), **about)  # type: ignore[arg-type]


def manual(low: float, high: float, colormap: str | None = None) -> LayerStyle:
    return LayerStyle(colormap=colormap, range_mode=RangeMode.MANUAL, low=low, high=high)


@pytest.mark.parametrize("name", colormaps.NAMES)
def test_maps_begin_and_end_at_their_anchors_and_change_smoothly(name: str) -> None:
    table, anchors = colormaps.table(name), colormaps.anchors(name)
    np.testing.assert_array_equal(table[[0, 255]], anchors[[0, -1]])
    steps = np.abs(np.diff(table[:256].astype(int), axis=0))
    assert steps.max() <= 12
    assert tuple(table[256]) == colormaps.UNKNOWN_COLOR


@pytest.mark.parametrize("name", ["viridis", "magma", "cividis", "grey"])
def test_sequential_maps_get_lighter_all_the_way(name: str) -> None:
    light = colormaps.table(name)[:256].astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > -0.8).all()  # rounding to whole numbers may step back a little
    assert light[255] > light[0] + 100


def test_diverging_map_is_neutral_in_the_middle() -> None:
    middle = colormaps.table(colormaps.DIVERGING)[127:129].astype(int)
    assert (middle.max(axis=1) - middle.min(axis=1) < 12).all()


def test_unknown_map_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="turbo"):
        colormaps.table("rainbow")


@given(st.lists(st.floats(width=32), max_size=40), st.floats(-10, 10), st.floats(0.1, 10))
@settings(max_examples=100)
def test_every_value_gets_the_colour_of_its_level(values: list[float], low: float, width: float) -> None:
    data = scalar(values)
    colors, _ = coloring.colorize(data, manual(low, low + width, "turbo"))
    table = colormaps.table("turbo")
    for value, color in zip(data.values, colors, strict=True):
        if np.isnan(value):
            assert tuple(color) == colormaps.UNKNOWN_COLOR
        else:
            level = np.clip((float(value) - low) / width * 255, 0, 255)
            nearest = table[[int(np.floor(level)), int(np.ceil(level)), min(int(np.ceil(level)) + 1, 255)]]
            assert any((color == row).all() for row in nearest)


def test_a_reversed_manual_range_reverses_the_colours() -> None:
    data = scalar(np.linspace(0, 1, 11))
    forward, _ = coloring.colorize(data, manual(0, 1, "viridis"))
    backward, _ = coloring.colorize(data, manual(1, 0, "viridis"))
    np.testing.assert_array_equal(forward, backward[::-1])


def test_chunks_join(monkeypatch: pytest.MonkeyPatch) -> None:
    data = scalar(np.random.default_rng(0).normal(size=1000))
    whole, _ = coloring.colorize(data, LayerStyle())
    monkeypatch.setattr(coloring, "CHUNK", 33)
    np.testing.assert_array_equal(coloring.colorize(data, LayerStyle())[0], whole)


def test_relative_range_is_the_percentiles_of_what_is_finite() -> None:
    values = np.concatenate([np.arange(1001), [np.nan, np.inf, -np.inf]]).astype(np.float32)
    assert coloring.resolve_range(scalar(values), LayerStyle()) == pytest.approx((10, 990))


def test_relative_range_of_many_values_is_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).permutation(100_000).astype(np.float32)
    monkeypatch.setattr(coloring, "SAMPLE", 20_000)
    low, high = coloring.resolve_range(scalar(values), LayerStyle())
    assert low == pytest.approx(1000, abs=400)
    assert high == pytest.approx(99_000, abs=400)


def test_absolute_range_and_its_fallback() -> None:
    style = LayerStyle(range_mode=RangeMode.ABSOLUTE)
    assert coloring.resolve_range(scalar([0, 1], absolute_range=(-3.0, 6.0)), style) == (-3.0, 6.0)
    assert coloring.resolve_range(scalar(np.arange(101)), style) == pytest.approx((1, 99))


def test_constant_and_empty_and_unknown_layers() -> None:
    low, high = coloring.resolve_range(scalar([4.0, 4.0]), LayerStyle())
    assert low < 4 < high
    middle, _ = coloring.colorize(scalar([4.0, 4.0]), LayerStyle(colormap="grey"))
    assert 120 < middle[0, 0] < 220
    assert coloring.resolve_range(scalar([np.nan]), LayerStyle()) is None
    unknown, _ = coloring.colorize(scalar([np.nan]), LayerStyle())
    assert tuple(unknown[0]) == colormaps.UNKNOWN_COLOR
    assert coloring.colorize(scalar([]), LayerStyle())[0].shape == (0, 3)


def test_signed_differences_are_centred_on_zero() -> None:
    data = scalar(np.linspace(-1, 5, 601), colormap=colormaps.DIVERGING)
    low, high = coloring.resolve_range(data, LayerStyle())
    assert low == -high
    assert high == pytest.approx(4.94, abs=0.03)


def classes(values: list[int]) -> LayerData:
    return LayerData("c", "C", Kind.CLASS, np.array(values, np.uint8), label_set=SET)


def test_classes_have_the_colours_of_their_label_set_and_switches() -> None:
    colors, shown = coloring.colorize(classes([1, 2, UNKNOWN]), LayerStyle())
    assert colors[:2].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert shown is None
    _, shown = coloring.colorize(classes([1, 2, UNKNOWN]), LayerStyle(hidden=frozenset({2, UNKNOWN})))
    assert shown is not None
    assert shown.tolist() == [True, False, False]


def test_legend_is_sorted_and_names_unknown_ids_last() -> None:
    entries = coloring.legend(classes([2, UNKNOWN, 2, 1, UNKNOWN, UNKNOWN, UNKNOWN]))
    assert [(e.name, e.count) for e in entries] == [("road", 2), ("car", 1), ("unknown", 4)]
    assert coloring.legend(scalar([1])) == []


def test_instances_differ_from_their_neighbours_and_none_is_grey() -> None:
    colors = coloring.instance_colors(np.arange(0, 60, dtype=np.uint32))
    assert tuple(colors[0]) == coloring.NO_INSTANCE_COLOR
    apart = np.abs(np.diff(colors[1:].astype(int), axis=0)).sum(axis=1)
    assert (apart > 60).all()
    again = coloring.instance_colors(np.array([7, 7, 0, 7], np.uint32))
    assert (again[0] == again[1]).all()
    assert (again[0] == colors[7]).all()


def test_vectors_masks_and_colours() -> None:
    vectors = LayerData("v", "V", Kind.VECTOR, np.array([[1, 0, -1], [np.nan] * 3], np.float32))
    assert coloring.colorize(vectors, LayerStyle())[0].tolist() == [[255, 128, 0], list(colormaps.UNKNOWN_COLOR)]
    mask = LayerData("m", "M", Kind.MASK, np.array([True, False]))
    assert coloring.colorize(mask, LayerStyle())[0].tolist() == [list(c) for c in coloring.MASK_COLORS[::-1]]
    values = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    seen = LayerData("k", "K", Kind.COLOR, values, known=np.array([True, False]))
    colors, _ = coloring.colorize(seen, LayerStyle())
    assert colors[0].tolist() == [1, 2, 3]
    assert colors[1].tolist() != [4, 5, 6]
    assert values.tolist() == [[1, 2, 3], [4, 5, 6]]
