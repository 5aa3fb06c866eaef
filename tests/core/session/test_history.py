"""Undo and redo: the way back is exact, a drag is one step, a lost cloud takes its steps with it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.history import LIMIT, MERGE_SECONDS, History


class Editor:
    """A number that is edited, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.value = 0
        self.now = 0.0
        self.calls = 0
        self.history = History(self._changed, lambda: self.now)

    def _changed(self) -> None:
        self.calls += 1

    def set(self, value: int, **about: object) -> None:
        before, self.value = self.value, value
        self.history.record(f"set {value}", lambda: self._put(before), lambda: self._put(value), **about)  # type: ignore[arg-type]

    def _put(self, value: int) -> None:
        self.value = value


@given(st.lists(st.integers(), max_size=20), st.data())
def test_undo_and_redo_walk_the_same_way(values: list[int], data: st.DataObject) -> None:
    editor = Editor()
    trail = [0]
    for value in values:
        editor.set(value)
        trail.append(value)
    place = len(values)
    for back in data.draw(st.lists(st.booleans(), max_size=40)):
        if back:
            editor.history.undo()
            place = max(place - 1, 0)
        else:
            editor.history.redo()
            place = min(place + 1, len(values))
        assert editor.value == trail[place]
        assert (editor.history.undo_name is None) == (place == 0)
        assert (editor.history.redo_name is None) == (place == len(values))


def test_a_new_change_forgets_what_was_undone() -> None:
    editor = Editor()
    editor.set(1)
    editor.history.undo()
    editor.set(2)
    assert editor.history.redo_name is None
    editor.history.undo()
    assert editor.value == 0


def test_the_steps_of_a_drag_are_one_change() -> None:
    editor = Editor()
    for step in range(1, 6):
        editor.now += MERGE_SECONDS / 2
        editor.set(step, merge="slider")
    editor.now += MERGE_SECONDS * 2
    editor.set(99, merge="slider")
    editor.history.undo()
    assert editor.value == 5
    editor.history.undo()
    assert editor.value == 0
    editor.history.redo()
    assert editor.value == 5


def test_another_thing_is_another_change() -> None:
    editor = Editor()
    editor.set(1, merge="a")
    editor.set(2, merge="b")
    editor.set(3)
    editor.set(4)
    for expected in (3, 2, 1, 0):
        editor.history.undo()
        assert editor.value == expected


def test_a_drag_after_an_undo_is_a_new_change() -> None:
    editor = Editor()
    editor.set(1, merge="a")
    editor.set(2, merge="b")
    editor.history.undo()
    editor.set(5, merge="a")
    editor.history.undo()
    assert editor.value == 1
    editor.history.undo()
    assert editor.value == 0


def test_a_scope_is_forgotten_alone() -> None:
    editor = Editor()
    editor.set(1, scope="cloud")
    editor.set(2, scope="style")
    editor.set(3, scope="cloud")
    editor.history.undo()
    before = editor.calls
    editor.history.forget("cloud")
    assert editor.calls == before + 1
    assert editor.history.undo_name == "set 2"
    assert editor.history.redo_name is None
    editor.history.forget("cloud")
    assert editor.calls == before + 1, "nothing has changed, so nothing is said"


def test_memory_is_bounded() -> None:
    editor = Editor()
    for value in range(LIMIT + 50):
        editor.set(value)
    steps = 0
    while editor.history.undo_name is not None:
        editor.history.undo()
        steps += 1
    assert steps == LIMIT
