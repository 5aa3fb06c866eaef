"""The inspector of pseudo-labels in a session: options, stories, flips, corrections, undo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive

from app.core.affinity.corrections import load
from app.core.affinity.inspecting import LAYERS, METHOD, QueueOptions
from app.core.datasets._examples import write_kitti_raw
from app.core.errors import UsageError
from app.core.geometry.superpoints import SuperpointOptions
from app.core.label_sets import SEMANTIC_KITTI
from app.core.session import Session
from app.core.session_affinity import SessionAffinity
from app.core.session_affinity_options import CLASSES
from app.core.session_language import SessionLanguage
from app.core.tasks.engine import LocalEngine
from app.models.clip.source import ClipSource

CAR, BUILDING = 1, 13
GROUPING = SuperpointOptions("dbscan", eps=1.0, least=2)


@pytest.fixture
def labels(language: SessionLanguage, session: Session) -> SessionAffinity:
    """On, over two frames, for the two classes that the small drive has."""
    session.affinity.set_options(
        unseen=("car", "building"), superpoints=GROUPING, templates="plain", device="cpu", before=0, after=1
    )
    session.affinity.turn_on()
    return session.affinity


def test_turning_on_shows_labels_and_gathers_the_queue(labels: SessionAffinity, session: Session) -> None:
    assert session.views["left"].layer == LAYERS["after"]
    assert labels.problem == ""
    assert labels.report is not None
    assert labels.report.frames == (0, 1) == labels.state.queue_frames
    assert labels.report.lacking == ()
    assert not labels.gathering.on


def test_turning_off_shows_what_was_shown_before(labels: SessionAffinity, session: Session) -> None:
    labels.turn_off()
    assert session.views["left"].layer == "height"
    assert METHOD not in session.methods
    assert labels.report is None


def test_options_are_made_anew_and_undone(labels: SessionAffinity, session: Session) -> None:
    seen = []
    labels.report_changed.connect(seen.append)
    labels.set_options(beta=5.0)
    labels.set_options(beta=6.0)
    assert [report.beta for report in seen] == [5.0, 6.0]
    session.undo()
    assert labels.state.options.beta == 2.0
    assert labels.report.beta == 2.0
    session.redo()
    assert labels.report.beta == 6.0
    labels.reset_options()
    assert labels.state.options.beta == 2.0
    assert labels.state.options.clip == session.language.clip


@pytest.mark.parametrize("change", [{"beta": -1}, {"queue": 0}, {"dragon": 1}, {"before": -1}, {"rule": "luck"}])
def test_nonsense_is_refused_and_changes_nothing(labels: SessionAffinity, change: dict) -> None:
    before = labels.state
    with pytest.raises(UsageError):
        labels.set_options(**change)
    assert labels.state == before


def test_short_names_reach_the_options_they_stand_for(labels: SessionAffinity) -> None:
    labels.set_options(rule="paper", threshold=0.9, superpixels="grid", segments=30, kind="supervoxels")
    options = labels.state.options
    assert (options.visibility.rule, options.visibility.threshold, options.visibility.segments) == (
        "paper",
        0.9,
        30,
    )
    assert options.grouping.kind == "supervoxels"


def test_a_story_tells_where_the_label_comes_from(labels: SessionAffinity) -> None:
    labels.select(0)
    story = labels.story
    assert story is not None
    assert (story.row, story.frame) == (0, 0)
    assert story.crops[0].used
    assert story.crops[0].image.size
    assert np.isclose(sum(share for _, share in story.flow), 1, atol=1e-4)
    assert np.isclose(sum(one.weight for one in story.neighbours) + story.rest, 1, atol=1e-4)
    assert sum(one.itself for one in story.neighbours) == 1
    assert story.sightings[0].visible.any()
    assert len(story.provenance) == 6


def test_a_picked_point_is_told_of(labels: SessionAffinity, session: Session) -> None:
    labels.select(0)
    points = labels.story.points
    labels.select(None)
    assert labels.story is None
    session.pick(int(points[0]))
    assert labels.state.selected == 0
    told = []
    labels.story_changed.connect(told.append)
    behind = int(np.flatnonzero(session.frame_state.frame.points[:, 0] < 0)[0])
    session.pick(behind)
    assert told == [None]
    assert "no pseudo-label" in labels.story_problem


def test_a_choice_stays_with_its_superpoint(labels: SessionAffinity, session: Session) -> None:
    table = labels.report.table
    row = int(np.flatnonzero(table.frame == 1)[0])
    labels.select(row)
    center = labels.story.center
    labels.set_options(beta=4.0)
    assert labels.state.selected == row
    session.go_to(1)
    assert labels.report.frames == (1, 2)
    assert labels.story.frame == 1
    assert np.allclose(labels.story.center, center)
    session.go_to(4)
    assert labels.story is None


def test_flying_holds_the_queue_until_it_is_left(labels: SessionAffinity, session: Session) -> None:
    places = []
    labels.fly_requested.connect(places.append)
    digest = labels.report.digest
    row = int(np.flatnonzero(labels.report.table.frame == 1)[0])
    labels.fly_to(row)
    assert session.index == 1
    assert labels.report.digest == digest
    assert np.allclose(places[0], labels.report.table.center[row])
    session.go_to(3)
    assert labels.report.frames == (3, 4)
    session.go_to(1)
    assert labels.report.frames[0] in (0, 1)


def test_flips_are_stepped_through_round_and_round(labels: SessionAffinity) -> None:
    table = replace(labels.report.table, before=labels.report.table.after.copy())
    table.before[0] = BUILDING if table.after[0] == CAR else CAR
    labels._report = replace(labels.report, table=table)
    assert labels.flips().tolist() == [0]
    assert labels.step_flip(1) == 0
    assert labels.step_flip(-1) == 0
    pair = int(table.before[0]), int(table.after[0])
    labels.set_pair(pair[::-1])
    assert labels.step_flip(1) is None


def test_the_matrix_follows_until_it_is_hidden(labels: SessionAffinity) -> None:
    drawn = []
    labels.matrix_changed.connect(drawn.append)
    count = len(labels.report.table)
    labels.show_matrix("time")
    assert labels.matrix.values.shape == (count, count)
    assert np.allclose(labels.matrix.values.sum(axis=1), 1, atol=1e-4)
    labels.show_matrix("class", (0, 2))
    assert labels.matrix.values.shape == (2, 2)
    labels.set_options(beta=4.0)
    assert labels.matrix.window == (0, 2)
    assert len(drawn) >= 3
    labels.hide_matrix()
    assert drawn[-1] is None
    with pytest.raises(UsageError, match="luck"):
        labels.show_matrix("luck")


def test_corrections_are_kept_undone_and_come_back(
    labels: SessionAffinity, session: Session, drive: SmallDrive
) -> None:
    labels.select(0)
    labels.correct("relabel", CAR)
    assert labels.story.correction.label == CAR
    assert labels.correction_counts.relabelled == 1
    labels.set_layer("corrected")
    shown = session.frame_state.cloud.layers[LAYERS["corrected"]].values
    assert (shown[labels.story.points] == CAR).all()
    session.undo()
    assert labels.correction_counts.total == 0
    assert labels.story.correction is None
    session.redo()
    labels.finish_saving()
    assert load(drive.root, "00")[0].counts.relabelled == 1
    again = Session(LocalEngine())
    again.open(drive.root)
    assert again.affinity.correction_counts.relabelled == 1
    again.close()


def test_a_correction_outlives_other_superpoints(labels: SessionAffinity) -> None:
    labels.select(0)
    labels.correct("reject")
    center = labels.story.center
    labels.set_options(superpoints=replace(GROUPING, eps=1.2))
    row = int(np.linalg.norm(labels.report.table.center - center, axis=1).argmin())
    labels.select(row)
    assert labels.story.correction.action == "reject"
    labels.uncorrect()
    assert labels.correction_counts.total == 0


def test_corrections_that_make_no_sense_are_refused(labels: SessionAffinity) -> None:
    with pytest.raises(UsageError, match="Choose"):
        labels.correct("accept")
    labels.select(0)
    for action, label in (("praise", None), ("relabel", None), ("accept", CAR), ("relabel", 0), ("relabel", 99)):
        with pytest.raises(UsageError):
            labels.correct(action, label)
    assert labels.correction_counts.total == 0


def test_a_frame_without_truth_offers_the_other_setting(tmp_path: Path, clip: ClipSource) -> None:
    from small_drive import write_small_drive

    bare = write_small_drive(tmp_path / "bare", frames=2, labels=False)
    made = Session(LocalEngine())
    made.open(bare.root)
    made.language.set_clip(clip)
    made.affinity.turn_on()
    assert "ground truth" in made.affinity.problem
    assert made.affinity.offer == "annotation-free"
    made.affinity.set_options(setting=made.affinity.offer, templates="plain", before=0, after=0)
    assert made.affinity.problem == ""
    assert made.affinity.report is not None
    assert not made.affinity.report.truth_known
    made.close()


def test_a_drive_without_class_names_can_be_given_some(tmp_path: Path) -> None:
    session = Session(LocalEngine())
    session.open(write_kitti_raw(tmp_path))
    session.affinity.set_options(setting="annotation-free")
    session.affinity.turn_on()
    assert "--label-map" in session.affinity.problem
    assert session.affinity.offer == CLASSES
    session.step(1)
    session.name_classes(Path("semantickitti"))
    assert session.label_set is SEMANTIC_KITTI
    assert session.index == 1
    assert session.affinity.offer == ""
    assert "--label-map" not in session.affinity.problem
    assert session.save_state().options.label_map == Path("semantickitti")
    session.name_classes(None)
    assert session.label_set is None
    session.close()


def test_a_saved_session_comes_back_to_its_labels(labels: SessionAffinity, session: Session) -> None:
    labels.set_options(beta=7.0)
    saved = session.save_state()
    again = Session(LocalEngine())
    again.restore(saved)
    assert again.affinity.state.on
    assert again.affinity.state.options.beta == 7.0
    assert isinstance(again.methods[METHOD], QueueOptions)
    assert again.affinity.report is not None
    again.close()


def test_written_labels_carry_what_was_said(labels: SessionAffinity, session: Session, tmp_path: Path) -> None:
    labels.select(0)
    points = labels.story.points
    labels.correct("relabel", CAR)
    labels.write(tmp_path / "out", (0, 2))
    folder = tmp_path / "out/zero-shot/sequences/00"
    raw = np.fromfile(folder / "labels/000000.label", "<u4")
    assert (raw[points] == session.label_set.inverse[CAR]).all()
    assert '"relabel": 1' in (folder / "report.json").read_text()
    from app.core.affinity import sidecar

    said = sidecar.read(folder / "instances/000000.npz").corrections
    assert [(one["action"], one["name"], one["points"]) for one in said] == [("relabel", "car", len(points))]
    labels.uncorrect()
    labels.write(tmp_path / "out", (0, 2))
    assert (np.fromfile(folder / "labels/000000.label", "<u4") == raw).mean() >= 0.5
    assert sidecar.read(folder / "instances/000000.npz").corrections == ()
    assert not any(line.level == "error" for line in session.log)
