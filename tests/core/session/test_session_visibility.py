"""The session's visibility: asked only while somebody looks, undone like other changes, followed by labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from held_engine import HeldEngine
from small_drive import SmallDrive, write_small_drive, write_truth

from app.core.errors import UsageError
from app.core.geometry.visibility import VisibilityOptions
from app.core.geometry.visibility_measures import KEPT, LOST
from app.core.session import Session
from app.core.session_visibility import DEFAULT, NO_CAMERA
from app.core.tasks.engine import LocalEngine
from app.core.visibility_view import VisibilityPicture
from app.models.clip.source import ClipSource

SQUARES = {"rule": "paper", "superpixels": "grid", "segments": 40}


def seen(session: Session) -> VisibilityPicture:
    picture = session.visibility.picture
    assert picture is not None
    return picture


def test_nothing_is_asked_until_somebody_looks(held: Session, engine: HeldEngine) -> None:
    names = lambda: [request.name for request in engine.waiting]  # noqa: E731 - looked at several times
    held.visibility.set_options(rule="zbuffer")
    assert "tell_visibility" not in names()
    held.visibility.look("panel", True)
    assert names().count("tell_visibility") == 1 and held.visibility.looking
    held.visibility.set_threshold(1.0)
    assert names().count("tell_visibility") == 1, "the newest alone counts"
    engine.answer_all()
    assert seen(held).options == VisibilityOptions(rule="zbuffer", tolerance=1.0) and not held.visibility.looking
    held.visibility.look("panel", False)
    assert held.visibility.picture is None and not engine.waiting


def test_what_comes_late_is_not_shown(held: Session, engine: HeldEngine) -> None:
    held.visibility.look("panel", True)
    request = engine.waiting.pop()
    held.visibility.look("panel", False)
    engine.waiting.append(request)
    engine.answer(request)
    assert held.visibility.picture is None


def test_what_nobody_looks_at_any_more_is_given_up(held: Session, engine: HeldEngine) -> None:
    held.visibility.look("panel", True)
    held.visibility.look("panel", False)
    assert not engine.waiting and not held.visibility.looking
    held.visibility.look("panel", True)
    assert [request.name for request in engine.waiting] == ["tell_visibility"], "asked for anew"


def test_changes_are_undone_and_a_drag_is_one_of_them(session: Session) -> None:
    visibility = session.visibility
    visibility.look("panel", True)
    visibility.set_options(**SQUARES)
    for threshold in (0.6, 1.0, 2.0):
        visibility.set_threshold(threshold)
    assert visibility.options.threshold == 2.0 and seen(session).options.threshold == 2.0
    session.undo()
    assert visibility.options.threshold == 0.5 and visibility.options.rule == "paper"
    session.undo()
    assert visibility.options == DEFAULT and session.methods.get("visibility") is None
    session.redo()
    session.redo()
    assert visibility.options.threshold == 2.0 and seen(session).options.threshold == 2.0
    visibility.reset_options()
    assert visibility.options == DEFAULT and seen(session).options == DEFAULT
    assert session.undo_name == "Reset visibility"


def test_nonsense_is_refused_and_changes_nothing(session: Session) -> None:
    with pytest.raises(UsageError, match="'tolerance' of a visibility rule"):
        session.visibility.set_threshold(-1)
    with pytest.raises(UsageError, match="no visibility rule 'guess'"):
        session.visibility.set_options(rule="guess")
    with pytest.raises(UsageError, match="not 'rainbow'"):
        session.visibility.set_show("rainbow")
    assert session.visibility.options == DEFAULT and not session.can_undo


def test_frames_and_methods_from_elsewhere_are_followed(session: Session) -> None:
    session.visibility.look("panel", True)
    assert seen(session).frame == 0
    session.go_to(3)
    assert seen(session).frame == 3
    told: list[VisibilityOptions] = []
    session.visibility.options_changed.connect(told.append)
    session.set_method("visibility", VisibilityOptions(rule="none"))
    assert told == [VisibilityOptions(rule="none")] and seen(session).own.hidden == 0
    session.close_drive()
    assert session.visibility.picture is None and session.visibility.camera == ""


def test_rows_of_the_drawn_cloud_are_found_among_those_of_the_frame(session: Session) -> None:
    session.visibility.look("panel", True)
    rows = seen(session).rows
    assert session.visibility.place(int(rows[3])) == 3
    session.set_accumulation(1, 1)
    state = session.frame_state
    assert state is not None and state.cloud.row_of is not None
    drawn = session.visibility.drawn(rows)
    np.testing.assert_array_equal(np.sort(state.cloud.row_of[drawn]), rows)
    assert (state.cloud.frame_of[drawn] == 0).all()
    assert session.visibility.place(int(drawn[0])) == np.searchsorted(rows, state.cloud.row_of[drawn[0]])
    other = int(np.flatnonzero(state.cloud.frame_of != 0)[0])
    assert session.visibility.place(other) is None


def test_wrong_matches_are_selected_where_the_truth_is_known(drive: SmallDrive) -> None:
    write_truth(drive)
    session = Session(LocalEngine())
    session.open(drive.root)
    session.visibility.look("panel", True)
    session.visibility.set_options(**SQUARES)
    session.visibility.select_matches(KEPT)
    state = session.frame_state
    assert state is not None
    visible = np.zeros(len(state.frame), bool)
    visible[seen(session).rows] = seen(session).visible
    truth = state.frame.extra["truth_visible"]
    np.testing.assert_array_equal(session.selection, np.flatnonzero((truth == 2) & visible))
    session.visibility.select_matches(LOST)
    np.testing.assert_array_equal(session.selection, np.flatnonzero((truth == 1) & ~visible))
    session.set_layer("match")
    assert session.frame_state is not None
    values = session.frame_state.cloud.layers["match"].values
    assert int((values == KEPT).sum()) == len(seen(session).matching(KEPT))
    session.pick(int(session.selection[0]))
    facts = {fact.name: fact.value for fact in session.facts}
    assert facts["Match in image_2"] == "right, but lost" and "T_D 0.50 m" in facts["Visible in image_2"]


def test_without_a_truth_or_a_camera_it_is_said(session: Session, tmp_path: Path) -> None:
    session.visibility.look("panel", True)
    with pytest.raises(UsageError, match="demo drives know it"):
        session.visibility.select_matches(KEPT)
    missing = {layer.name: layer.why for layer in session.layers()}
    assert "demo drives know it" in missing["match"] and not missing["visible"]
    bare = write_small_drive(tmp_path / "bare", frames=1)
    (bare.root / "sequences/00/calib.txt").unlink()
    session.open(bare.root)
    assert session.visibility.problem == NO_CAMERA and session.visibility.picture is None


def test_a_rule_that_cannot_work_says_why(session: Session, drive: SmallDrive) -> None:
    session.visibility.look("panel", True)
    (drive.root / "sequences/00/image_2/000001.png").write_bytes(b"no picture")
    session.go_to(1)
    assert "is not a whole image" in seen(session).no_superpixels and not session.visibility.problem
    session.visibility.set_options(rule="paper")
    assert "is not a whole image" in session.visibility.problem and session.visibility.picture is None
    session.visibility.set_options(superpixels="grid")
    assert not session.visibility.problem and seen(session).own.hidden > 0


def test_labels_are_made_by_the_rule_in_use(session: Session) -> None:
    labels = session.affinity
    session.visibility.set_options(rule="zbuffer")
    assert labels.state.options.visibility.rule == "zbuffer"
    session.undo()
    assert labels.state.options.visibility == DEFAULT
    session.redo()
    session.visibility.reset_options()
    assert labels.state.options.visibility == DEFAULT == session.visibility.options


def test_a_rule_chosen_for_the_labels_is_everybodys(session: Session, clip: ClipSource) -> None:
    labels, visibility = session.affinity, session.visibility
    session.language.set_clip(clip)
    visibility.look("panel", True)
    labels.set_options(setting="annotation-free", kind="ground_hdbscan")
    labels.turn_on()
    labels.set_options(rule="paper", superpixels="grid", segments=40, threshold=2.0)
    assert visibility.options == VisibilityOptions(rule="paper", superpixels="grid", segments=40, threshold=2.0)
    assert seen(session).options == visibility.options
    visibility.set_threshold(4.0)
    assert labels.state.options.visibility.threshold == 4.0
    session.undo()
    assert labels.state.options.visibility.threshold == visibility.options.threshold == 2.0
    session.undo()
    assert labels.state.options.visibility == visibility.options == DEFAULT
    assert labels.state.on
