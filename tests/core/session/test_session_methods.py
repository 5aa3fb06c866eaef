"""Methods in a session: points first and their layers after, playback that keeps up, facts, memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import errors, heard
from slow_method import Slow, SlowOptions, installed
from small_drive import SmallDrive, write_small_drive

from app.core.errors import DataError, UsageError
from app.core.layers.colormaps import UNKNOWN_COLOR
from app.core.methods.predict import PredictOptions
from app.core.methods.similarity import SimilarityOptions
from app.core.session import Session
from app.core.settings import SavedSession, SavedView
from app.core.tasks.engine import LocalEngine


@pytest.fixture
def slow() -> Iterator[Slow]:
    with installed() as method:
        yield method


def grey(session: Session) -> bool:
    return bool((session.colors("left")[0] == UNKNOWN_COLOR).all())


def info(session: Session, name: str = "slow"):
    return next(row for row in session.layers() if row.name == name)


def test_a_layer_says_what_to_do_until_its_method_is_switched_on(slow: Slow, session: Session) -> None:
    assert info(session).why == "Switch it on."
    assert info(session).method == "slow"
    assert info(session, "height").method == ""
    session.set_layer("slow")
    assert grey(session)
    assert session.pending("left") == ""
    said = heard(session.methods_changed)
    session.set_method("slow", SlowOptions(3))
    assert said
    assert info(session).available
    assert (session.layer_data("left").values == 3).all()
    assert session.frame_state.reports == {"slow": 3.0}
    session.set_method("slow", None)
    assert info(session).why == "Switch it on."
    assert grey(session)
    assert dict(session.methods) == {}


def test_wrong_options_are_refused(slow: Slow, session: Session) -> None:
    with pytest.raises(UsageError, match="SlowOptions"):
        session.set_method("slow", SimilarityOptions((0, 0)))
    with pytest.raises(UsageError, match="no method 'nope'"):
        session.set_method("nope", SlowOptions())


def test_points_come_first_and_are_grey_until_the_method_has_worked(
    slow: Slow, held: Session, engine: HeldEngine
) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions())
    engine.answer_all()
    assert not grey(held)
    assert held.pending("left") == ""
    held.go_to(1)
    engine.answer()
    assert held.index == 1
    assert held.layer_data("left") is None
    assert held.pending("left") == "Slow layer"
    assert grey(held), "the old frame's colours are not those of the new points"
    assert slow.worked == [0]
    assert [r.name for r in engine.waiting] == ["compute_layer"]
    engine.answer()
    assert held.pending("left") == ""
    assert not grey(held)
    held.go_to(0)
    engine.answer()
    assert engine.waiting == [], "what was worked out before comes with the frame"
    assert not grey(held)
    assert slow.worked == [0, 1]


def test_a_method_that_has_to_get_ready_holds_up_no_frame(
    slow: Slow, engine: HeldEngine, drive: SmallDrive
) -> None:
    slow.ready = False
    session = Session(engine)
    session.restore(
        SavedSession(path=drive.root, methods={"slow": {"value": 2}}, views={"left": SavedView(layer="slow")})
    )
    engine.answer()
    engine.answer()
    assert session.index == 0
    assert session.frame_state is not None
    assert not slow.ready
    assert session.views["left"].layer == "slow", "nobody knows yet that it could not be shown"
    assert session.pending("left") == "Slow layer"
    assert [r.name for r in engine.waiting] == ["compute_layer"]
    engine.answer_all()
    assert (session.layer_data("left").values == 2).all()
    assert session.frame_state.unprepared == frozenset()


def test_nothing_gets_ready_before_a_view_shows_it(slow: Slow, engine: HeldEngine, drive: SmallDrive) -> None:
    slow.ready = False
    session = Session(engine)
    session.set_method("slow", SlowOptions(3))
    session.open(drive.root)
    engine.answer_all()
    assert session.index == 0
    assert not slow.ready
    assert info(session).available
    session.set_layer("slow")
    engine.answer_all()
    assert slow.ready
    assert (session.layer_data("left").values == 3).all()


def test_the_built_in_network_is_used_unless_another_is_chosen(
    drive: SmallDrive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core import session_methods

    def absent() -> Path:
        raise DataError("missing")

    monkeypatch.setattr(session_methods, "built_in", absent)
    session = Session(LocalEngine())
    assert not session.use_built_in_network()
    assert not session.methods
    monkeypatch.setattr(session_methods, "built_in", lambda: tmp_path / "own.safetensors")
    assert session.use_built_in_network()
    assert session.methods["predict"] == PredictOptions(tmp_path / "own.safetensors")
    other = PredictOptions(tmp_path / "other.safetensors")
    session.set_method("predict", other)
    assert not session.use_built_in_network()
    assert session.methods["predict"] == other


def test_a_result_larger_than_the_cache_is_worked_out_once(slow: Slow, session: Session) -> None:
    session.set_layer("slow")
    session._engine._context.cache.limit = 100
    session.set_method("slow", SlowOptions())
    session.pick(3)
    assert session.facts
    assert session.frame_state.reports
    assert slow.worked == [0]


def test_new_options_leave_the_old_picture_until_theirs_has_come(
    slow: Slow, held: Session, engine: HeldEngine
) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions(1))
    engine.answer_all()
    before = held.colors("left")[0]
    held.pick(5)
    held.set_method("slow", SlowOptions(2))
    assert held.colors("left")[0] is before
    assert held.pending("left") == "Slow layer"
    engine.answer_all()
    assert (held.layer_data("left").values == 2).all()
    assert held.picked == 5, "the points are the same"


def test_playback_drops_frames_rather_than_lags(slow: Slow, engine: HeldEngine, tmp_path: Path) -> None:
    session = Session(engine)
    session.open(write_small_drive(tmp_path / "long", frames=40, points=20).root)
    engine.answer_all()
    session.set_layer("slow")
    session.set_method("slow", SlowOptions())
    engine.answer_all()
    seconds, clock = 0.35, 100.0  # the method takes as long as three and a half frames of the sensor
    shown = heard(session.frame_changed)
    session.play()
    session.tick(clock)
    lags = []
    while session.playback.playing and clock < 120:
        for _ in range(7):
            clock += seconds / 7
            session.tick(clock)
        assert len(engine.waiting) <= 1, "nothing queues up"
        if engine.waiting:
            engine.answer()
            state = shown[-1]
            assert "slow" in state.cloud.layers, "points and their layer come together"
            lags.append(min(int((clock - 100) * 10), 39) - state.frame.index)
    engine.answer_all()
    indices = [state.frame.index for state in shown]
    assert indices == sorted(indices)
    assert indices[-1] == 39
    assert 8 <= len(indices) <= 16, "some three of four frames are dropped"
    assert max(lags) <= 5, "what is shown is at most one answer old"
    assert slow.worked == [0, *indices]


def test_a_frame_asked_for_while_a_layer_is_made_does_not_wait_for_it(
    slow: Slow, held: Session, engine: HeldEngine
) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions())
    assert [r.name for r in engine.waiting] == ["compute_layer"]
    held.go_to(3)
    assert [r.name for r in engine.waiting] == ["show_frame"]
    engine.answer_all()
    assert slow.worked == [3]
    assert errors(held) == []


def test_the_list_of_tasks_names_layers_by_their_titles_and_not_what_is_dropped(
    slow: Slow, held: Session, engine: HeldEngine
) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions())
    assert [task.title for task in held.tasks if task.state == "queued"] == ["Compute Slow layer"]
    held.go_to(3)  # what is made for the frame before is of no use any more
    assert [request.name for request in engine.waiting] == ["show_frame"], "it is given up in the engine too"
    assert [task.title for task in held.tasks if task.title.startswith("Compute")] == []


def test_options_changed_while_a_frame_is_under_way(slow: Slow, held: Session, engine: HeldEngine) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions(1))
    engine.answer_all()
    held.go_to(2)
    held.set_method("slow", SlowOptions(7))
    engine.answer()
    assert held.index == 2
    assert held.layer_data("left") is None
    engine.answer_all()
    assert (held.layer_data("left").values == 7).all()


def test_a_method_that_fails_says_so_and_the_frame_stays(slow: Slow, session: Session) -> None:
    session.set_layer("slow")
    session.set_method("slow", SlowOptions(fails=True))
    assert info(session).why == "It broke."
    assert session.pending("left") == ""
    assert errors(session) == ["It broke."]
    session.play()
    session.go_to(1)
    assert session.index == 1
    assert info(session).why == "It broke."
    session.set_method("slow", SlowOptions())
    assert not grey(session)


def test_what_the_user_cancels_is_not_waited_for(slow: Slow, held: Session, engine: HeldEngine) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions())
    running = next(task for task in held.tasks if task.state == "queued")
    held.cancel_task(running.id)
    assert held.pending("left") == ""
    assert "cancelled" in info(held).why
    held.go_to(1)
    engine.answer_all()
    assert not grey(held)


def test_a_changed_file_is_seen_when_asked_to_look(slow: Slow, session: Session) -> None:
    session.set_layer("slow")
    session.set_method("slow", SlowOptions(1))
    session.refresh_methods()
    assert slow.worked == [0]
    slow.stamp = 1
    session.refresh_methods()
    assert (session.layer_data("left").values == 101).all()
    assert slow.worked == [0, 0]
    session.refresh_methods()
    assert slow.worked == [0, 0]


def test_looking_waits_while_something_is_made(slow: Slow, held: Session, engine: HeldEngine) -> None:
    held.set_layer("slow")
    held.set_method("slow", SlowOptions())
    engine.answer()
    slow.stamp = 1
    held.refresh_methods()
    assert [r.name for r in engine.waiting] == ["compute_layer"], "a run that writes often starves nobody"
    engine.answer_all()
    slow.stamp = 2
    held.refresh_methods()
    engine.answer_all()
    assert (held.layer_data("left").values == 201).all()


def test_facts_about_the_picked_point(slow: Slow, held: Session, engine: HeldEngine) -> None:
    said = heard(held.facts_changed)
    held.set_layer("slow")
    held.set_method("slow", SlowOptions(4))
    engine.answer_all()
    held.pick(6)
    assert held.facts == ()
    engine.answer_all()
    assert said == [6]
    assert held.facts[0].value == "4 at 6"
    assert ("Slow", "4 at 6") in held.inspect(6)
    assert ("Slow", "4 at 6") not in held.inspect(7)
    held.set_method("slow", SlowOptions(5))
    assert held.facts == ()
    engine.answer_all()
    assert held.facts[0].value == "5 at 6", "told anew once the new result is there"
    held.go_to(1)
    engine.answer_all()
    assert held.facts == ()
    assert held.picked is None


def test_facts_of_accumulated_frames_are_of_the_points_own_frame(slow: Slow, session: Session) -> None:
    session.set_layer("slow")
    session.set_method("slow", SlowOptions())
    session.set_accumulation(1, 1)
    assert len(session.layer_data("left").values) == len(session.frame_state.cloud)
    row = int(np.flatnonzero(session.frame_state.cloud.frame_of == 1)[3])
    session.pick(row)
    assert session.facts[0].value == f"1 at {session.frame_state.cloud.row_of[row]}"


def test_methods_come_back_with_the_session(tmp_path: Path, drive: SmallDrive) -> None:
    first = Session(LocalEngine())
    first.open(drive.root)
    options = PredictOptions(tmp_path / "some.safetensors", votes=12)
    first.set_method("predict", options)
    first.set_method("similarity", SimilarityOptions((1, 5)))
    text = first.save_state().model_dump_json()
    assert (
        "stamp" not in json.loads(text)["methods"]["predict"] or not json.loads(text)["methods"]["predict"]["stamp"]
    )
    again = Session(LocalEngine())
    again.restore(SavedSession.model_validate_json(text))
    assert dict(again.methods) == dict(first.methods)
    assert any("some.safetensors" in row.why for row in again.layers() if row.method == "predict")


def test_saved_methods_that_do_not_fit_are_left_out_with_a_line(drive: SmallDrive) -> None:
    session = Session(LocalEngine())
    methods = {"gone": {}, "predict": {"checkpoint": "x", "votes": "many"}, "similarity": {"anchor": [0, 3]}}
    session.restore(SavedSession(path=drive.root, methods=methods))
    assert dict(session.methods) == {"similarity": SimilarityOptions((0, 3))}
    lines = [line.text for line in session.log if line.level == "warning"]
    assert any("'gone'" in line for line in lines)
    assert any("'predict'" in line and "votes" in line for line in lines)
