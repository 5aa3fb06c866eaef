"""What holds for every layer, found by listing the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from docs_example import load_example
from PIL import Image

from app.core import layers
from app.core.label_sets import SEMANTIC_KITTI
from app.core.layers.base import Kind, Layer, LayerData, MethodLayer
from app.core.layers.coloring import colorize, legend, resolve_range
from app.core.layers.colormaps import NAMES
from app.core.layers.frame_age import AGE_COLUMN
from app.core.state import LayerStyle, RangeMode
from app.core.types import CameraView, Frame

SHAPES = {Kind.COLOR: (3,), Kind.VECTOR: (3,)}
TYPES = {
    Kind.SCALAR: np.float32,
    Kind.CLASS: np.uint8,
    Kind.INSTANCE: np.uint32,
    Kind.COLOR: np.uint8,
    Kind.MASK: np.bool_,
    Kind.VECTOR: np.float32,
}


def full_frame(folder: Path, count: int, *, bad: bool = False) -> Frame:
    """A frame that has everything any layer may need; ``bad``: some values are NaN or infinite."""
    rng = np.random.default_rng(count)
    points = rng.uniform([2, -5, -2], [30, 5, 2], (count, 3)).astype(np.float32)
    intensity = rng.uniform(0, 1, count).astype(np.float32)
    if bad:
        points[:3] = [[np.nan] * 3, [np.inf, 0, 0], [0, 0, 0]]
        intensity[:2] = np.nan, np.inf
    path = folder / "image.png"
    Image.fromarray(rng.integers(0, 255, (40, 80, 3), dtype=np.uint8)).save(path)
    sensor = np.array([[0, -1.0, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    camera = CameraView("front", (80, 40), sensor, np.array([[50.0, 0, 40], [0, 50, 20], [0, 0, 1]]), path)
    return Frame(
        index=3,
        name="000003",
        points=points,
        intensity=intensity,
        ring=rng.integers(0, 64, count).astype(np.int16),
        time=rng.uniform(-0.1, 0, count).astype(np.float32),
        labels=rng.choice(np.array([0, 10, 40, 252, 999], np.uint16), count),
        instances=rng.integers(0, 5, count).astype(np.uint32),
        colors=rng.integers(0, 255, (count, 3), dtype=np.uint8),
        extra={AGE_COLUMN: rng.integers(-2, 3, count).astype(np.int16)},
        cameras=(camera,),
    )


OWN = [layer for layer in layers.all_layers() if not isinstance(layer, MethodLayer)]
"""Layers that need nothing but a frame; those that show a method's result are in ``test_methods.py``."""

ALL = pytest.mark.parametrize("layer", OWN, ids=lambda layer: layer.name)


def check(layer: Layer, data: LayerData, count: int) -> None:
    assert data.name == layer.name
    assert data.kind is layer.kind
    assert data.values.shape == (count, *SHAPES.get(layer.kind, ()))
    assert data.values.dtype == TYPES[layer.kind]
    assert data.provenance
    assert data.title
    assert data.colormap in NAMES
    if data.absolute_range is not None:
        assert data.absolute_range[0] <= data.absolute_range[1]
    if layer.kind is Kind.CLASS:
        assert data.label_set is not None
    if data.known is not None:
        assert data.known.shape == (count,)
        assert data.known.dtype == np.bool_


@ALL
@pytest.mark.parametrize("count", [1, 3, 500])
def test_one_value_per_point(layer: Layer, count: int, tmp_path: Path) -> None:
    frame = full_frame(tmp_path, count)
    if layer.missing(frame, SEMANTIC_KITTI) is None:
        check(layer, layer.compute(frame, SEMANTIC_KITTI), count)


@ALL
def test_every_layer_is_there_when_the_frame_has_everything(layer: Layer, tmp_path: Path) -> None:
    assert layer.missing(full_frame(tmp_path, 500), SEMANTIC_KITTI) is None


@ALL
def test_missing_is_one_sentence_on_a_bare_frame(layer: Layer) -> None:
    for points in (np.empty((0, 3), np.float32), np.ones((5, 3), np.float32)):
        bare = Frame(0, "0", points)
        reason = layer.missing(bare, None)
        if reason is None:
            check(layer, layer.compute(bare, None), len(points))
        else:
            assert reason.endswith(".")
            assert "\n" not in reason


@ALL
def test_bad_values_become_unknown_and_colours_still_come(layer: Layer, tmp_path: Path) -> None:
    frame = full_frame(tmp_path, 300, bad=True)
    data = layer.compute(frame, SEMANTIC_KITTI)
    check(layer, data, 300)
    for mode in RangeMode:
        colors, shown = colorize(data, LayerStyle(range_mode=mode, low=0.0, high=2.0))
        assert colors.shape == (300, 3)
        assert colors.dtype == np.uint8
        assert shown is None
        bounds = resolve_range(data, LayerStyle(range_mode=mode, low=0.0, high=2.0))
        assert (bounds is not None) == (layer.kind is Kind.SCALAR)
        assert bounds is None or np.isfinite(bounds).all()


@ALL
def test_steps_give_what_compute_gives(layer: Layer, tmp_path: Path) -> None:
    frame = full_frame(tmp_path, 200)
    steps = layer.steps(frame, SEMANTIC_KITTI)
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as stop:
            values = stop.value.values
            break
    assert seen, "a layer yields at least once, so that it can be cancelled"
    assert all(0 <= done <= total for done, total in seen)
    np.testing.assert_array_equal(values, layer.compute(frame, SEMANTIC_KITTI).values)


@ALL
def test_the_frame_is_left_as_it_was(layer: Layer, tmp_path: Path) -> None:
    frame = full_frame(tmp_path, 100, bad=True)
    before = frame.points.copy(), frame.intensity.copy(), frame.labels.copy()
    layer.compute(frame, SEMANTIC_KITTI)
    for now, then in zip((frame.points, frame.intensity, frame.labels), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_order_and_names_are_unique() -> None:
    found = layers.all_layers()
    assert len({layer.order for layer in found}) == len(found) == len({layer.title for layer in found})
    assert [layer.order for layer in found] == sorted(layer.order for layer in found)
    assert {"height", "range", "intensity", "ring", "azimuth", "time", "label", "instance"} <= {
        layer.name for layer in found
    }


def test_legend_counts_every_point(tmp_path: Path) -> None:
    frame = full_frame(tmp_path, 500)
    entries = legend(layers.find("label").compute(frame, SEMANTIC_KITTI))
    assert sum(entry.count for entry in entries) == 500
    assert entries[-1].name == "unknown"
    counts = [entry.count for entry in entries[:-1]]
    assert counts == sorted(counts, reverse=True)


def test_the_example_of_the_page_is_a_layer(tmp_path: Path) -> None:
    module = load_example("add_a_layer.md", tmp_path)
    layer = module.ENTRY
    assert isinstance(layer, Layer)
    frame = full_frame(tmp_path, 50, bad=True)
    check(layer, layer.compute(frame, None), 50)
    assert layer.order not in {other.order for other in layers.all_layers()}
