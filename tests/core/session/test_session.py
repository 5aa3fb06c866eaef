"""The front door: opening, frames in order, playback, accumulation, layers that take long."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import errors, heard
from small_drive import STEP, SmallDrive, write_small_drive

from app.core import session_frames
from app.core import settings as disk
from app.core.errors import ProcessDied, UsageError
from app.core.session import Session
from app.core.tasks.base import Progress
from app.core.tasks.engine import LocalEngine


def test_opening_tells_everything_once(drive: SmallDrive) -> None:
    session = Session(LocalEngine())
    said = {name: heard(getattr(session, name)) for name in ("drive_changed", "sequence_changed", "frame_changed")}
    session.open(str(drive.root), frame=2)
    assert [len(values) for values in said.values()] == [1, 1, 1]
    assert session.drive is said["drive_changed"][0]
    assert session.sequence.frames == 6
    assert session.label_set.class_name(1) == "car"
    assert session.poses.shape == (6, 4, 4)
    assert session.index == session.target == 2
    assert session.frame_state.stage_motion is None
    assert session.playback.last == 5
    assert session.settings.recent[0] == drive.root
    assert disk.load_settings()[0].recent[0] == drive.root
    assert session.tasks[-1].state == "done"


def test_what_cannot_be_opened_is_said_and_what_is_open_stays(session: Session, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nowhere", tmp_path / "empty"):
        before = len(errors(session))
        session.open(path)
        assert str(path) in errors(session)[before]
        assert session.tasks[-1].state == "failed"
    assert session.frame_state.frame.index == 0
    session.step(1)
    assert session.index == 1


def test_navigation_clamps(session: Session) -> None:
    frames = heard(session.frame_changed)
    session.go_to(99)
    session.step(5)
    session.go_to(-3)
    assert [state.frame.index for state in frames] == [5, 0]


def test_motion_between_frames_is_the_ego_motion(session: Session) -> None:
    session.go_to(3)
    motion = session.frame_state.stage_motion
    np.testing.assert_allclose(motion[:3, :3], np.eye(3), atol=1e-9)
    np.testing.assert_allclose(motion[:3, 3], [-3 * STEP, 0, 0], atol=1e-6)


def test_a_broken_scan_is_one_line_and_the_next_frame_comes(session: Session, drive: SmallDrive) -> None:
    (drive.root / "sequences/00/velodyne/000002.bin").write_bytes(b"123")
    session.go_to(2)
    assert len(errors(session)) == 1
    assert "000002.bin" in errors(session)[0]
    assert session.index == 0
    session.step(1)
    assert session.index == 3


def test_a_file_that_vanishes_after_listing(session: Session, drive: SmallDrive) -> None:
    (drive.root / "sequences/00/velodyne/000004.bin").unlink()
    session.go_to(4)
    assert "000004.bin" in errors(session)[0]


def test_nothing_open_nothing_breaks() -> None:
    session = Session(LocalEngine())
    session.step(1)
    session.play()
    session.tick(1.0)
    session.set_accumulation(1, 1)
    session.pick(3)
    session.select(np.array([1, 2]))
    session.select_sequence("00")
    session.refresh()
    assert session.colors("left")[0].shape == (0, 3)
    assert session.inspect(0) == []
    assert session.layer_data("left") is None
    assert session.resolved_range("left") is None
    assert all(not info.available for info in session.layers())
    session.close_drive()
    assert session.drive is None


# while a frame is under way


def test_the_newest_request_wins_and_nothing_queues_up(held: Session, engine: HeldEngine) -> None:
    frames = heard(held.frame_changed)
    for index in (1, 2, 3, 5):
        held.go_to(index)
    assert engine.frames == [1]
    assert held.target == 5
    engine.answer()
    assert engine.frames == [5]
    engine.answer()
    assert [state.frame.index for state in frames] == [1, 5]
    assert engine.waiting == []


def test_going_back_to_what_is_under_way_asks_for_nothing_more(held: Session, engine: HeldEngine) -> None:
    held.go_to(1)
    held.go_to(4)
    held.go_to(1)
    engine.answer()
    assert engine.frames == []
    assert held.index == 1


def test_a_slow_frame_is_replaced_by_a_newer_request(
    held: Session, engine: HeldEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_frames, "PATIENCE", -1.0)
    held.go_to(1)
    held.go_to(2)
    assert engine.frames == [2]
    monkeypatch.setattr(session_frames, "STARVED", -1.0)
    held.go_to(3)
    assert engine.frames == [2], "after a long time without any picture one is let through"


def test_a_slow_frame_is_listed_and_can_be_cancelled(
    held: Session, engine: HeldEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_frames, "SLOW_FRAME", -1.0)
    tasks = heard(held.task_changed)
    held.go_to(1)
    engine.event(Progress(1, 4, "frame 7"))
    assert tasks[-1].state == "running"
    assert tasks[-1].text == "frame 7"
    held.cancel_task(tasks[-1].id)
    assert tasks[-1].state == "cancelled"
    assert held.index == 0
    assert errors(held) == []
    held.go_to(2)
    engine.answer()
    assert held.index == 2


def test_a_late_frame_of_the_old_drive_is_not_shown(held: Session, engine: HeldEngine, tmp_path: Path) -> None:
    other = write_small_drive(tmp_path / "other", frames=2, points=50)
    held.go_to(3)
    old = engine.waiting[0]
    held.open(other.root)
    frames = heard(held.frame_changed)
    engine.answer(engine.waiting[1])
    if old in engine.waiting:
        engine.answer(old)
    engine.answer_all()
    assert [len(state.cloud) for state in frames] == [other.points]


def test_an_engine_that_dies_is_asked_once_more(held: Session, engine: HeldEngine) -> None:
    held.go_to(2)
    engine.fail(ProcessDied("killed"))
    assert engine.frames == [2]
    assert errors(held) == []
    engine.answer()
    assert held.index == 2
    held.go_to(3)
    engine.fail(ProcessDied("killed"))
    engine.fail(ProcessDied("killed again"))
    assert engine.frames == [], "a frame that kills the engine every time must not loop"
    assert errors(held) == ["killed again"]


def test_the_engine_is_told_where_the_user_is_heading(held: Session, engine: HeldEngine) -> None:
    held.go_to(3)
    assert engine.waiting[0].params["direction"] == 1
    engine.answer()
    held.go_to(2)
    assert engine.waiting[0].params["direction"] == -1
    assert engine.waiting[0].params["prefetch"] == held.settings.prefetch


# playback


def test_playing_shows_every_frame_at_sensor_rate_and_stops_at_the_end(session: Session) -> None:
    frames, states = heard(session.frame_changed), heard(session.playback_changed)
    session.play()
    for k in range(80):
        session.tick(100 + k * 0.01)
    assert [state.frame.index for state in frames] == [1, 2, 3, 4, 5]
    assert [state.playing for state in states] == [True, False]
    session.toggle_play()
    assert session.playback.playing
    assert session.index == 0


def test_playing_drops_frames_rather_than_lagging(held: Session, engine: HeldEngine) -> None:
    held.play()
    held.tick(100.0)
    held.tick(100.1)
    held.tick(100.4)
    assert engine.frames == [1], "one is under way, the clock goes on"
    engine.answer()
    assert engine.frames == [4]


def test_going_elsewhere_while_playing_goes_on_from_there(session: Session) -> None:
    session.set_playback(speed=1.0, loop=True)
    session.play()
    session.tick(10.0)
    session.tick(10.1)
    session.go_to(4)
    session.tick(10.15)
    session.tick(10.25)
    assert session.index == 5
    session.pause()
    session.tick(99.0)
    assert session.index == 5


def test_the_range_and_loop(session: Session) -> None:
    session.set_playback(first=1, last=3, loop=True)
    session.play()
    shown = heard(session.frame_changed)
    for k in range(8):
        session.tick(50 + k * 0.1)
    assert session.index in (1, 2, 3)
    assert {state.frame.index for state in shown} == {1, 2, 3}
    with pytest.raises(UsageError):
        session.set_playback(speed=50)


# accumulation and layers


def test_accumulation_draws_the_frames_around(session: Session, drive: SmallDrive) -> None:
    session.go_to(2)
    said = heard(session.accumulation_changed)
    session.set_accumulation(1, 2)
    assert [(a.before, a.after) for a in said] == [(1, 2)]
    assert len(session.frame_state.cloud) == 4 * drive.points
    session.set_layer("frame_age")
    assert session.resolved_range("left") == pytest.approx((-2, 2)), "the current frame is the neutral middle"
    assert len(session.colors("left")[0]) == 4 * drive.points
    session.set_accumulation(0, 0)
    assert len(session.frame_state.cloud) == drive.points
    with pytest.raises(UsageError):
        session.set_accumulation(-1, 0)


def test_a_heavy_layer_comes_from_the_engine_and_the_view_keeps_its_colours(
    held: Session, engine: HeldEngine
) -> None:
    before = held.colors("left")[0]
    changes = heard(held.view_changed)
    held.set_layer("normals")
    assert changes == ["left"]
    assert held.layer_data("left") is None
    assert held.colors("left")[0] is before
    assert [r.name for r in engine.waiting] == ["compute_layer"]
    engine.answer()
    assert changes == ["left", "left"]
    assert held.layer_data("left").name == "normals"
    assert not np.array_equal(held.colors("left")[0], before)
    held.set_layer("height")
    held.set_layer("normals")
    assert engine.waiting == [], "it is computed once for a frame"


def test_a_layer_that_comes_too_late_is_dropped(held: Session, engine: HeldEngine) -> None:
    held.set_layer("normals")
    late = engine.waiting[0]
    held.go_to(1)
    assert late not in engine.waiting, "nobody waits for a layer over the old frame"
    engine.waiting.append(late)  # its answer was already on the way
    engine.answer(engine.waiting[0])
    assert "normals" in held.frame_state.cloud.layers, "the next frame brings what its view needs"
    changes = heard(held.view_changed)
    engine.answer(late)
    assert changes == []
    assert len(held.layer_data("left").values) == len(held.frame_state.cloud)


def test_light_layers_are_computed_here(held: Session, engine: HeldEngine) -> None:
    for name in ("range", "intensity", "label", "azimuth"):
        held.set_layer(name)
        assert held.layer_data("left").name == name
    assert engine.waiting == []


def test_a_new_drive_without_the_layer_shows_the_height_and_says_so(session: Session, tmp_path: Path) -> None:
    session.set_layer("label")
    session.open(write_small_drive(tmp_path / "bare", labels=False).root)
    assert session.views["left"].layer == "height"
    assert any("no labels" in line.text for line in session.log)


def test_within_a_drive_a_missing_layer_stays_chosen_and_is_grey(session: Session, drive: SmallDrive) -> None:
    (drive.root / "sequences/00/labels/000001.label").unlink()
    session.set_layer("label")
    session.go_to(1)
    assert session.views["left"].layer == "label"
    assert session.layer_data("left") is None
    assert len(np.unique(session.colors("left")[0], axis=0)) == 1
    info = next(row for row in session.layers() if row.name == "label")
    assert not info.available
    assert info.why
    session.go_to(2)
    assert session.layer_data("left") is not None
