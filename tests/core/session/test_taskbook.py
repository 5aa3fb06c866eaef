"""The list of tasks: states in order, an estimate from the pace, old entries forgotten."""

from __future__ import annotations

import pytest

from app.core.state import TaskInfo
from app.core.taskbook import FINISHED_KEPT, TaskBook


class Watch:
    """A book, its reports, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.seen: list[TaskInfo] = []
        self.book = TaskBook(self.seen.append, lambda: self.now)


def test_a_task_from_start_to_end() -> None:
    watch = Watch()
    id = watch.book.add("Normals")
    watch.book.started(id, 77)
    assert watch.book.engine_id(id) == 77
    watch.now += 2
    watch.book.progress(id, 1, 4, "first quarter")
    assert watch.seen[-1] == TaskInfo(id, "Normals", "running", 1, 4, "first quarter", 2.0, 6.0)
    watch.now += 1
    assert watch.book.all[-1].seconds == 3.0
    watch.book.finish(id, "done")
    assert [info.state for info in watch.seen] == ["queued", "running", "done"]
    assert watch.seen[-1].done == 4
    assert watch.seen[-1].remaining is None
    assert watch.book.engine_id(id) is None
    watch.now += 50
    assert watch.book.all[-1].seconds == 3.0


@pytest.mark.parametrize(("done", "total"), [(0, 10), (3, 0), (5, 4)])
def test_no_estimate_without_a_pace(done: int, total: int) -> None:
    watch = Watch()
    id = watch.book.add("x")
    watch.now += 1
    watch.book.progress(id, done, total, "")
    assert watch.seen[-1].remaining is None


def test_reports_after_the_end_are_ignored() -> None:
    watch = Watch()
    id = watch.book.add("x")
    watch.book.finish(id, "cancelled")
    watch.book.progress(id, 1, 2, "late")
    watch.book.finish(id, "done")
    assert watch.book.all[-1].state == "cancelled"
    assert not watch.book.is_active(id)
    watch.book.progress(999, 1, 2, "")
    watch.book.finish(999, "done")


def test_finished_tasks_are_forgotten_in_time_and_running_ones_never() -> None:
    watch = Watch()
    running = watch.book.add("long")
    for _ in range(FINISHED_KEPT + 30):
        watch.book.finish(watch.book.add("short"), "done")
    assert len(watch.book.all) <= FINISHED_KEPT + 2
    assert watch.book.all[0].id == running


def test_replaced_work_is_told_and_not_kept() -> None:
    told: list[TaskInfo] = []
    book = TaskBook(told.append)
    first, second = book.add("Look"), book.add("Look")
    book.finish(first, "replaced", "Replaced by a newer request.")
    assert (told[-1].id, told[-1].state) == (first, "replaced")
    assert [task.id for task in book.all] == [second]
    book.progress(first, 1, 2, "late news")
    assert not book.is_active(first)
