"""What holds for every method, and for every layer that shows one, found by listing the folders."""

from __future__ import annotations

import pickle
from collections.abc import Hashable, Mapping
from pathlib import Path

import numpy as np
import pytest
from docs_example import load_example
from small_drive import scan, write_small_drive, write_truth
from test_layers import check

from app.core import layers, methods
from app.core.layers.base import MethodLayer
from app.core.layers.coloring import colorize, legend
from app.core.methods.base import Fact, Given, Method, drain, pinned
from app.core.state import LayerStyle, RangeMode
from app.core.tasks.context import Context, Source
from app.core.types import Frame

ALL = pytest.mark.parametrize("method", methods.all_methods(), ids=lambda method: method.name)
SHOWN = [layer for layer in layers.all_layers() if isinstance(layer, MethodLayer)]
LAYERS = pytest.mark.parametrize("layer", SHOWN, ids=lambda layer: layer.name)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Frame 0 is good, frame 1 holds points that are not finite, frame 2 holds nothing else."""
    drive = write_small_drive(tmp_path_factory.mktemp("drive"), frames=3, points=120)
    write_truth(drive)
    for index, bad in ((1, slice(0, 4)), (2, slice(None))):
        cloud, _ = scan(index, 120)
        cloud[bad, :3] = np.nan
        cloud.tofile(drive.root / f"sequences/00/velodyne/{index:06d}.bin")
    return Source(drive.root, "00")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Hashable]]:
    folder = tmp_path_factory.mktemp("examples")
    return {method.name: method.example(folder) for method in methods.all_methods()}


def given_for(source: Source, options: Mapping[str, Hashable], index: int = 0) -> Given:
    context = Context()
    chosen = tuple(sorted(options.items()))
    return Given(context, source, context.frame(source, index), context.sequence(source).label_set, pinned(chosen))


@ALL
def test_it_says_what_is_missing_before_it_is_switched_on(method: Method) -> None:
    bare = Frame(0, "0", np.ones((5, 3), np.float32))
    why = method.missing(bare, None, None)
    assert why.endswith(".")
    assert "\n" not in why


@ALL
@pytest.mark.parametrize("index", [0, 1, 2])
def test_it_works_on_frames_of_all_kinds_and_keeps_its_result(
    method: Method, index: int, source: Source, examples: Mapping
) -> None:
    given = given_for(source, examples[method.name], index)
    before = given.frame.points.copy()
    assert given.missing(method.name) is None
    assert given.held(method.name) is None
    steps = given.result(method.name)
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as stop:
            result = stop.value
            break
    assert seen, "a method yields at least once, so that it can be cancelled"
    assert all(total == 0 or 0 <= done <= total for done, total, _ in seen)
    assert all(isinstance(text, str) for *_, text in seen)
    assert given.held(method.name) is result
    assert method.bytes(result) > 0
    np.testing.assert_array_equal(given.frame.points, before)
    facts = method.tell(result, 0)
    assert all(isinstance(fact, Fact) and fact.name and fact.value and fact.origin for fact in facts)
    assert {fact.layer for fact in facts} - {""} <= {layer.name for layer in layers.all_layers()}
    report = method.report(result, given.frame, given.label_set)
    assert type(pickle.loads(pickle.dumps(report))) is type(report)


@ALL
def test_its_options_are_keys_and_travel(method: Method, examples: Mapping) -> None:
    for name, options in examples[method.name].items():
        wanted = methods.find(name)
        assert isinstance(options, wanted.options_type)
        assert pickle.loads(pickle.dumps(options)) == options
        now = wanted.pinned(options)
        assert hash(now) == hash(wanted.pinned(now))
        assert wanted.pinned(now) == now
    assert set(examples[method.name]) == {method.name, *method.uses}


@ALL
def test_it_can_be_dropped_before_it_begins(method: Method, source: Source, examples: Mapping) -> None:
    given = given_for(source, examples[method.name])
    steps = given.result(method.name)
    next(steps)
    steps.close()
    assert given.held(method.name) is None


@LAYERS
@pytest.mark.parametrize("index", [0, 1, 2])
def test_layers_show_every_point(layer: MethodLayer, index: int, source: Source, examples: Mapping) -> None:
    given = given_for(source, examples[layer.method], index)
    method = methods.find(layer.method)
    assert layer.missing(given.frame, given.label_set) is None
    assert layer.lacks(method.about(given.options[layer.method]), given.label_set) is None
    data = layer.view(drain(given.result(layer.method)), given.frame, given.label_set)
    check(layer, data, len(given.frame))
    for mode in RangeMode:
        colors, _ = colorize(data, LayerStyle(range_mode=mode))
        assert colors.shape == (len(given.frame), 3)
    assert sum(entry.count for entry in legend(data)) in (0, len(given.frame))


@LAYERS
def test_layers_say_that_they_need_their_method(layer: MethodLayer) -> None:
    assert layer.heavy
    assert layer.method in {method.name for method in methods.all_methods()}
    frame = Frame(0, "0", np.ones((5, 3), np.float32))
    with pytest.raises(TypeError, match=layer.method):
        layer.compute(frame, None)


def test_the_example_of_the_page_is_a_method(source: Source, tmp_path: Path) -> None:
    method = load_example("add_a_method.md", tmp_path).ENTRY
    assert isinstance(method, Method)
    options = method.example(tmp_path)[method.name]
    given = given_for(source, {}, 1)
    result = drain(method.steps(given, options))
    assert method.missing(given.frame, None, options) is None
    assert method.bytes(result) > 0
    assert method.tell(result, 7)[0].value
