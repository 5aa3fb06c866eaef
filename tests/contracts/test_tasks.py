"""What holds for every task, found by listing the folder."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest
from docs_example import load_example
from small_drive import write_small_drive

from app import discovery
from app.core import tasks
from app.core.errors import UsageError
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source

ALL = pytest.mark.parametrize("name", tasks.names())


@ALL
def test_it_is_a_generator_function_of_a_context_and_keywords(name: str) -> None:
    function = tasks.entry(name)
    assert inspect.isgeneratorfunction(function)
    context, *others = inspect.signature(function).parameters.values()
    assert context.name == "context"
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in others)
    assert not {"name", "key", "on_event", "on_result", "on_error"} & {p.name for p in others}


@ALL
def test_it_says_what_it_does_and_is_typed(name: str) -> None:
    function = tasks.entry(name)
    assert inspect.getdoc(function)
    assert "return" in function.__annotations__
    assert len(function.__annotations__) == len(inspect.signature(function).parameters) + 1


@ALL
def test_its_lane_and_priority_are_real(name: str) -> None:
    assert tasks.lane(name) in tasks.LANES
    assert -1 <= tasks.priority(name) <= 9


@ALL
def test_it_can_be_dropped_before_it_begins(name: str) -> None:
    function = tasks.entry(name)
    needed = {
        parameter.name: None
        for parameter in list(inspect.signature(function).parameters.values())[1:]
        if parameter.default is inspect.Parameter.empty
    }
    function(Context(), **needed).close()


def test_support_modules_are_there_and_are_no_tasks() -> None:
    assert set(discovery.module_names("app.core.tasks")) >= tasks.SUPPORT
    assert not tasks.SUPPORT & set(tasks.names())
    with pytest.raises(UsageError, match="show_frame"):
        tasks.entry("engine")


def test_errors_travel_between_processes() -> None:
    from app.core import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in kinds:
        again = pickle.loads(pickle.dumps(kind("one sentence")))
        assert type(again) is kind
        assert str(again) == "one sentence"


def test_the_example_of_the_page_is_a_task(tmp_path: Path) -> None:
    module = load_example("add_a_task.md", tmp_path)
    assert module.LANE in tasks.LANES
    drive = write_small_drive(tmp_path, frames=3)
    (drive.root / "sequences/00/velodyne/000001.bin").write_bytes(b"12")
    counts = run(module.ENTRY(Context(), source=Source(drive.root, "00")))
    assert counts.tolist() == [drive.points, 0, drive.points]
