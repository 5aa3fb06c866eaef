"""Only the newest of each kind of message counts, and nothing that matters is lost."""

from __future__ import annotations

import threading
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.core.render.camera import look_at
from app.core.render.mailbox import Mailbox, coalesce
from app.core.render.protocol import (
    CloseView,
    Hold,
    Release,
    RemoveItem,
    Resize,
    SetCamera,
    SetColors,
    SetItem,
    SetStyle,
    TakePicture,
)
from app.core.render.scene import Cloud, Style

CAMERAS = [look_at(np.array([-10.0 - i, 0, 5]), np.zeros(3)) for i in range(3)]


def a_cloud(value: int) -> Cloud:
    return Cloud(np.full((2, 3), value, np.float32), np.full((2, 3), value, np.uint8))


def a_message(kind: int, view: str, value: int) -> object:
    return [
        SetItem(view, "a", a_cloud(value)),
        SetColors(view, "a", np.full((2, 3), value, np.uint8)),
        RemoveItem(view, "a"),
        SetCamera(view, CAMERAS[value % 3], False),
        SetStyle(view, Style(point_size=1 + value)),
        Resize(view, 10 + value, 10),
        CloseView(view),
        Release(view, str(value)),
        TakePicture(view, value, 5, 5),
        Hold(view, value % 2 == 0),
    ][kind]


OF_VIEWS = (0, 1, 2, 3, 4, 5, 9)
"""Kinds of which only the newest counts."""


def final_state(messages: list[object]) -> dict[tuple[str, str], object]:
    """What a renderer would hold after these messages."""
    state: dict[tuple[str, str], object] = {}
    for m in messages:
        if isinstance(m, SetItem) and isinstance(m.item, Cloud):
            state[m.view, "points"], state[m.view, "colors"] = m.item.points.sum(), m.item.colors.sum()
        elif isinstance(m, SetColors) and (m.view, "points") in state:
            state[m.view, "colors"] = m.colors.sum()
        elif isinstance(m, RemoveItem):
            state.pop((m.view, "points"), None)
            state.pop((m.view, "colors"), None)
        elif isinstance(m, SetCamera):
            state[m.view, "camera"] = id(m.camera)
        elif isinstance(m, SetStyle):
            state[m.view, "style"] = m.style.point_size
        elif isinstance(m, Resize):
            state[m.view, "size"] = m.width
        elif isinstance(m, Hold):
            state[m.view, "held"] = m.held
        elif isinstance(m, CloseView):
            for key in [k for k in state if k[0] == m.view]:
                del state[key]
    return state


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("lr"), st.integers(0, 9)), max_size=40))
def test_coalesced_messages_end_in_the_same_scene(script: list[tuple[int, str, int]]) -> None:
    messages = [a_message(*step) for step in script]
    waiting: list[tuple[int, object]] = []
    for serial, message in enumerate(messages):
        coalesce(waiting, serial, message)
    kept = [m for _, m in waiting]
    assert final_state(kept) == final_state(messages)
    assert [s for s, _ in waiting] == sorted(s for s, _ in waiting) or any(isinstance(m, SetItem) for m in kept)
    for once in (TakePicture, Release):  # these are never dropped, unless their view is closed
        wanted = [m for m in messages if isinstance(m, once)]
        if not any(isinstance(m, CloseView) for m in messages):
            assert [m for m in kept if isinstance(m, once)] == wanted


@given(st.lists(st.tuples(st.sampled_from(OF_VIEWS), st.sampled_from("lr"), st.integers(0, 9)), max_size=60))
def test_at_most_one_message_of_a_kind_waits_for_a_view(script: list[tuple[int, str, int]]) -> None:
    waiting: list[tuple[int, object]] = []
    for serial, step in enumerate(script):
        coalesce(waiting, serial, a_message(*step))
    kinds = [(type(m).__name__, m.view) for _, m in waiting]  # type: ignore[attr-defined]
    assert len(kinds) == len(set(kinds))


def test_nothing_moves_across_a_picture_that_was_asked_for() -> None:
    waiting: list[tuple[int, object]] = []
    for serial, message in enumerate([a_message(3, "l", 0), a_message(8, "l", 1), a_message(3, "l", 1)]):
        coalesce(waiting, serial, message)
    assert [type(m).__name__ for _, m in waiting] == ["SetCamera", "TakePicture", "SetCamera"]


def test_colours_fold_into_the_cloud_that_still_waits() -> None:
    waiting: list[tuple[int, object]] = []
    coalesce(waiting, 1, SetItem("l", "a", a_cloud(1)))
    coalesce(waiting, 2, SetColors("l", "a", np.full((2, 3), 9, np.uint8), np.array([True, False])))
    ((serial, message),) = waiting
    assert serial == 2
    assert isinstance(message, SetItem)
    assert isinstance(message.item, Cloud)
    assert message.item.colors.max() == 9
    assert message.item.shown is not None


def test_taking_waits_for_a_message_and_closing_wakes() -> None:
    box = Mailbox()
    assert box.take(0.01) == []
    threading.Timer(0.05, box.put, (7, "hello")).start()
    assert box.take(5) == [(7, "hello")]
    threading.Timer(0.05, box.close).start()
    begin = time.monotonic()
    assert box.take(30) == []
    assert time.monotonic() - begin < 20
    assert box.closed
