"""The front door: growing drives, tasks, log, settings, the saved session, and the engine process."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import errors, heard
from small_drive import SmallDrive, scan, write_small_drive

from app.core import settings as disk
from app.core.errors import DataError, UsageError
from app.core.render.camera import look_at
from app.core.session import Session
from app.core.settings import SavedSession
from app.core.state import TaskInfo
from app.core.tasks.engine import LocalEngine
from app.core.tasks.process_engine import ProcessEngine


def test_a_growing_drive_is_noticed_and_what_is_shown_stays(session: Session, drive: SmallDrive) -> None:
    session.go_to(5)
    opened, grown = heard(session.drive_changed), heard(session.sequence_grown)
    session.refresh()
    assert grown == []
    write_small_drive(drive.root, frames=9, first=6)
    session.refresh()
    assert [info.frames for info in grown] == [9]
    assert opened == []
    assert session.index == 5
    assert session.playback.last == 8
    assert session.poses.shape == (9, 4, 4)
    session.step(3)
    assert session.index == 8


def test_a_range_that_was_chosen_stays_when_the_drive_grows(session: Session, drive: SmallDrive) -> None:
    session.set_playback(last=3)
    write_small_drive(drive.root, frames=8, first=6)
    session.refresh()
    assert session.playback.last == 3


def test_tasks_are_listed_with_their_end(session: Session) -> None:
    seen: list[TaskInfo] = heard(session.task_changed)
    results: list[Any] = []
    id = session.run_task("check_data", "Check", results.append, path=session.drive.path)
    assert results[0]["format"] == "semantickitti"
    assert [info.state for info in seen if info.id == id][-1] == "done"
    session.run_task("check_data", "Check", path=Path("/nowhere/at/all"))
    assert session.tasks[-1].state == "failed"
    assert errors(session)
    session.cancel_task(id)
    session.cancel_task(12345)


def test_cancelled_tasks_are_no_errors(held: Session, engine: HeldEngine) -> None:
    failures: list[Exception] = []
    id = held.run_task("check_data", "Check", on_error=failures.append, path=Path("/x"))
    held.cancel_task(id)
    assert held.tasks[-1].state == "cancelled"
    assert errors(held) == []
    assert len(failures) == 1


def test_settings_are_stored_as_they_change(session: Session) -> None:
    said = heard(session.settings_changed)
    session.update_settings(point_size=4.0, theme="light")
    assert [s.point_size for s in said] == [4.0]
    assert disk.load_settings()[0].theme == "light"
    session.update_settings(point_size=4.0)
    assert len(said) == 1
    with pytest.raises(UsageError):
        session.update_settings(point_size=-1)


def test_settings_that_cannot_be_stored_hold_for_now(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise DataError("disk full")

    monkeypatch.setattr(disk, "save_settings", full)
    session.update_settings(fov=70.0)
    assert session.settings.fov == 70.0
    assert session.log[-1].text == "disk full"


def test_a_broken_settings_file_is_one_line(tmp_path: Path) -> None:
    disk.home().mkdir(exist_ok=True)
    (disk.home() / disk.SETTINGS_FILE).write_text("{")
    session = Session(LocalEngine())
    assert len(session.log) == 1
    assert session.log[0].level == "warning"


def test_a_session_comes_back_as_it_was(session: Session, drive: SmallDrive) -> None:
    camera = look_at(np.array([-9.0, 2, 5]), np.array([4.0, 0, 0]), fov=42)
    session.set_layer("label")
    session.toggle_class(9)
    session.set_overlay("grid", True)
    session.split(True)
    session.set_layer("intensity", "right")
    session.set_style("right", "intensity", range_mode="manual", low=0.1, high=0.4, colormap="grey")
    session.set_linked(False)
    session.set_accumulation(1, 0)
    session.set_playback(speed=2.0, loop=True)
    session.remember_camera("left", camera)
    session.remember_layout({"docks": "xyz"})
    session.go_to(3)
    session.autosave()
    saved, line = disk.load_session()
    assert line == ""
    assert saved == session.save_state()
    assert not saved.closed
    again = Session(LocalEngine())
    again.restore(saved)
    assert again.views == session.views
    assert again.index == 3
    assert again.linked is False
    assert again.accumulation == session.accumulation
    assert (again.playback.speed, again.playback.loop) == (2.0, True)
    np.testing.assert_allclose(again.remembered_camera("left").camera_from_world, camera.camera_from_world)
    assert again.layout == {"docks": "xyz"}
    assert again.save_state() == session.save_state()


def test_autosave_writes_only_changes_and_marks_an_orderly_end(session: Session) -> None:
    session.autosave()
    path = disk.home() / disk.SESSION_FILE
    path.unlink()
    session.autosave()
    assert not path.exists()
    session.autosave(closed=True)
    assert disk.load_session()[0].closed


def test_a_saved_session_of_other_layers_and_a_lost_drive(tmp_path: Path) -> None:
    saved = SavedSession.model_validate(
        {
            "path": str(tmp_path / "gone"),
            "views": {
                "left": {
                    "layer": "no_such_layer",
                    "show": ["boxes", "ghosts"],
                    "styles": {"height": {"colormap": "no"}},
                }
            },
        }
    )
    session = Session(LocalEngine())
    session.restore(saved)
    assert session.views["left"].layer == "height"
    assert session.views["left"].show == {"boxes"}
    assert session.views["left"].styles["height"].colormap is None
    assert "gone" in errors(session)[0]


def test_after_close_nothing_is_said(held: Session, engine: HeldEngine) -> None:
    frames, lines = heard(held.frame_changed), heard(held.log_added)
    held.go_to(2)
    held.close()
    assert engine.closed
    engine.answer_all()
    held.log_line("late")
    assert frames == lines == []


def pump(calls: queue.SimpleQueue[Callable[[], None]], done: Callable[[], bool]) -> None:
    """What a window's event loop does, until ``done()``."""
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until, "nothing came"
        try:
            calls.get(timeout=0.05)()
        except queue.Empty:
            continue


def test_with_the_engine_process(drive: SmallDrive) -> None:
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    session = Session(ProcessEngine(), post=calls.put)
    try:
        session.open(drive.root)
        assert session.drive is None, "nothing is waited for"
        pump(calls, lambda: session.frame_state is not None)
        session.set_layer("normals")
        session.go_to(4)
        pump(calls, lambda: session.index == 4 and session.layer_data("left") is not None)
        np.testing.assert_array_equal(session.frame_state.cloud.points, scan(4)[0][:, :3])
        session.open("/nowhere/at/all")
        pump(calls, lambda: bool(errors(session)))
        assert "/nowhere/at/all" in errors(session)[0]
    finally:
        session.close()
