"""What is shown beside the surface: slice, queries, later scans, measures, and a run that is watched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import heard
from small_drive import write_small_drive
from surface_models import write_tiny_surface_model

from app.core import session_surface_watch
from app.core.errors import UsageError
from app.core.geometry.sightlines import BEHIND, FAR, FRONT
from app.core.session import Session
from app.core.session_surface import SessionSurface
from app.core.session_surface_beside import NO_FIELD, NO_POSES, NOT_WHOLE
from app.core.session_training import WATCHED
from app.core.surface.view import QueryView, SliceOptions
from app.core.tasks.base import Partial
from app.core.tasks.engine import LocalEngine
from app.core.tasks.follow_runs import SeenRun
from app.core.tasks.show_sight_queries import ALONE
from app.core.training.folder import RUNNING, Status

BOX = (5.0, -4.0, -2.5, 14.0, 4.0, 1.0)


@pytest.fixture(autouse=True)
def _none_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_surface_watch, "shipped", tuple)


@pytest.fixture
def surface(session: Session) -> SessionSurface:
    """Switched on, by lines of sight, coarse and in a box, so that it is quick."""
    session.surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    session.surface.turn_on()
    return session.surface


def names(engine: HeldEngine) -> list[str]:
    return [request.name for request in engine.waiting]


# slice


def test_a_slice_follows_surface_plane_and_frame(session: Session, surface: SessionSurface) -> None:
    pictures = heard(surface.slice_changed)
    surface.set_slice(SliceOptions("across", 10.0))
    picture = surface.slice
    assert picture is not None and picture.frame == 0 and 0 < picture.known < 1
    assert np.nanmin(picture.values) < 0.5 < np.nanmax(picture.values)
    assert np.allclose(picture.vertices[:, 0], 10.0)
    surface.set_slice(SliceOptions("across", 11.0))
    session.go_to(1)
    assert surface.slice is not None and surface.slice.frame == 1 and surface.slice.options.position == 11.0
    surface.set_slice(None)
    assert surface.slice is None and pictures[-1] is None
    session.undo()
    assert surface.slice is not None
    surface.turn_off()
    assert surface.slice is None


def test_poisson_has_no_field(surface: SessionSurface) -> None:
    surface.set_slice(SliceOptions())
    surface.set_options(baseline="poisson")
    assert surface.slice is None and surface.state.slice_problem == NO_FIELD
    surface.set_options(baseline="tsdf")
    assert surface.slice is not None and surface.state.slice_problem == ""


def test_a_slice_waits_for_the_first_level_and_the_newest_counts(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    surface.turn_on()
    surface.set_slice(SliceOptions("along", 0.0))
    assert names(engine) == ["make_surface"]
    engine.answer()
    for y in (0.5, 1.0):
        surface.set_slice(SliceOptions("along", y))
    assert names(engine) == ["slice_surface"]
    engine.answer_all()
    assert surface.slice is not None and surface.slice.options.position == 1.0


def test_a_slice_does_not_outlive_its_surface(surface: SessionSurface) -> None:
    surface.set_slice(SliceOptions("across", 10.0))
    surface.set_box((5.0, 5.0, 1.0, 5.5, 5.5, 1.5))
    assert surface.state.problem and surface.slice is None
    surface.set_box(BOX)
    assert surface.slice is not None


@pytest.mark.parametrize(
    "options", [SliceOptions("askew"), SliceOptions("along", 1e4), SliceOptions("along", np.nan)]
)
def test_planes_that_are_not_there(surface: SessionSurface, options: SliceOptions) -> None:
    with pytest.raises(UsageError):
        surface.set_slice(options)
    assert surface.state.slice is None


# queries


def test_queries_need_no_surface(session: Session) -> None:
    surface = session.surface
    surface.set_queries(QueryView(count=300, delta=0.2))
    queries = surface.queries
    assert queries is not None and len(queries) == 300 and not surface.state.on
    assert all((queries.kind == kind).sum() == 100 for kind in (BEHIND, FRONT, FAR))
    assert not queries.origins.any() and set(queries.sweep) == {0}
    reach = np.linalg.norm(queries.points - queries.targets, axis=1)
    assert reach[queries.kind == BEHIND].max() <= 0.2 + 1e-4 and queries.wrong_share() is None
    session.go_to(1)
    assert surface.queries is not None and surface.queries.frame == 1
    surface.set_queries(None)
    assert surface.queries is None


def test_stacked_sweeps_have_their_own_origins(session: Session) -> None:
    surface = session.surface
    session.go_to(1)
    surface.set_queries(QueryView(count=300, before=1, after=2))
    queries = surface.queries
    assert queries is not None and set(queries.sweep) == {0, 1, 2, 3}
    for index in range(4):
        np.testing.assert_allclose(
            queries.origins[queries.sweep == index], [[1.5 * (index - 1), 0, 0]] * 75, atol=1e-3
        )


def test_queries_without_poses_say_so_and_nonsense_is_refused(tmp_path: Path) -> None:
    session = Session(LocalEngine())
    session.open(write_small_drive(tmp_path, frames=2, poses=False).root)
    session.surface.set_queries(QueryView(count=30, after=1))
    assert session.surface.queries is not None and session.surface.queries.notes == (ALONE,)
    for view in (
        QueryView(count=1),
        QueryView(delta=0),
        QueryView(before=11),
        QueryView(after=-1),
        QueryView(seed=-1),
    ):
        with pytest.raises(UsageError):
            session.surface.set_queries(view)


# later scans


def test_later_scans_are_held_against_the_surface(session: Session, surface: SessionSurface) -> None:
    surface.set_later(2)
    later = surface.later
    assert later is not None and later.frame == 0 and later.later == 2 and later.every.count == len(later.points)
    assert 0 < later.every.near <= later.every.fair < 1 and np.isfinite(later.distance).all()
    assert (later.points >= np.array(BOX[:3])).all() and (later.points <= np.array(BOX[3:])).all()
    assert later.hidden.count == int(later.unseen.sum()) >= later.reachable.count
    first = later
    surface.set_options(threshold=0.6)
    assert surface.later is not None and surface.later is not first
    surface.set_options(threshold=0.5)
    assert surface.later is not None, "what was dropped is asked for again"
    session.go_to(5)
    assert surface.later is None and "is the last one" in surface.state.later_problem
    surface.set_later(0)
    assert surface.state.later_problem == ""


def test_later_scans_wait_for_the_finest_level(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    surface.set_later(1)
    surface.turn_on()
    assert names(engine) == ["make_surface"]
    engine.answer()
    assert names(engine) == ["later_scans"]
    surface.set_options(threshold=0.6)
    assert names(engine) == ["make_surface"]


def test_later_scans_of_a_stopped_surface_are_a_sentence(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    surface.turn_on()
    engine.answer_all()
    surface.set_later(1)
    engine.answer_all()
    assert surface.later is not None and surface.surface is not None
    surface.set_options(threshold=0.6)
    engine.event(Partial(surface.surface))
    surface.stop()
    assert surface.later is None and surface.state.later_problem == NOT_WHOLE and not engine.waiting
    surface.again()
    engine.answer_all()
    assert surface.later is not None and surface.state.later_problem == ""


def test_later_scans_need_poses(tmp_path: Path) -> None:
    session = Session(LocalEngine())
    session.open(write_small_drive(tmp_path, frames=2, poses=False).root)
    session.surface.set_options(baseline="tsdf", step=0.8)
    session.surface.turn_on()
    session.surface.set_later(1)
    assert session.surface.later is None and session.surface.state.later_problem == NO_POSES


# measures


def test_measures_come_row_by_row_and_end_with_what_they_measured(
    session: Session, surface: SessionSurface
) -> None:
    tables = heard(surface.measures_changed)
    surface.measure()
    assert [row.maker for row in surface.measures] == ["poisson", "tsdf", "voxels"]
    assert [len(table) for table in tables] == [1, 2, 3] and not surface.state.measuring
    measures = surface.measures[1].measures
    assert measures is not None and 0 < measures.chamfer < 2
    surface.set_options(color="normal")
    assert len(surface.measures) == 3
    surface.set_options(threshold=0.6)
    assert surface.measures == ()


def test_what_cannot_be_measured_is_a_sentence(tmp_path: Path) -> None:
    session = Session(LocalEngine())
    with pytest.raises(UsageError, match="no surface to measure"):
        session.surface.measure()
    session.open(write_small_drive(tmp_path, frames=1, poses=False).root)
    session.surface.set_options(baseline="tsdf", step=0.8)
    session.surface.turn_on()
    session.surface.measure()
    assert "not measured" in session.surface.state.measures_problem and not session.surface.state.measuring


# watching


def run_of(session: Session, folder: Path, *, stamp: tuple[int, int] | None, recipe: str = "also") -> None:
    """Let the session see one run with such weights."""
    seen = SeenRun(folder, recipe, Path(), Status(RUNNING, step=5), watch=stamp)
    session.training._runs, session.training._looked = (seen,), True
    session.training.runs_changed.emit()


def test_the_newest_weights_of_a_run_make_it(
    session: Session, surface: SessionSurface, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.training, "poll", lambda: None)
    folder = tmp_path / "also-1"
    surface.set_options(baseline="tsdf", device="cpu", precision="fp32")
    run_of(session, folder, stamp=None)
    assert surface.choices() == (("run also-1", folder),)
    surface.watch(folder)
    assert "has not written weights" in surface.state.problem and surface.surface is None
    made = heard(surface.surface_changed)
    for number in (1, 2):
        weights = write_tiny_surface_model(folder, seed=number)
        weights.replace(folder / WATCHED)
        run_of(session, folder, stamp=(number, 1))
        run_of(session, folder, stamp=(number, 1))
    assert len(made) == 2 and made[0].source != made[1].source, "once for each"
    assert surface.state.watched_step == 0 and surface.state.options.baseline == "tsdf"
    surface.watch(None)
    assert surface.state.watch is None and "lines of sight" in made[-1].source
    surface.watch(folder)
    surface.set_options(baseline="poisson")
    assert surface.state.watch is None, "another choice ends it"


def test_a_fast_run_does_not_keep_its_surface_from_showing(
    held: Session, engine: HeldEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held.training, "poll", lambda: None)
    surface = held.surface
    surface.set_options(step=0.8, box=BOX, device="cpu", precision="fp32")
    write_tiny_surface_model(tmp_path).replace(tmp_path / WATCHED)
    run_of(held, tmp_path, stamp=(1, 1))
    surface.watch(tmp_path)
    first = engine.waiting[-1]
    run_of(held, tmp_path, stamp=(2, 1))
    assert engine.waiting == [first], "what is under way shows something first"
    engine.answer_all()
    assert surface.surface is not None and not surface.state.working
    assert surface._making.wanted is not None and surface._making.wanted.weights == (2, 1)  # type: ignore[attr-defined]


def test_other_runs_cannot_be_watched_and_deleted_ones_end(
    session: Session, surface: SessionSurface, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.training, "poll", lambda: None)
    run_of(session, tmp_path, stamp=(1, 1), recipe="supervised")
    with pytest.raises(UsageError, match="which has no surface"):
        surface.watch(tmp_path)
    assert surface.choices() == ()
    write_tiny_surface_model(tmp_path).replace(tmp_path / WATCHED)
    run_of(session, tmp_path, stamp=(1, 1))
    surface.watch(tmp_path)
    assert surface.state.watch == tmp_path
    session.training._runs = ()
    session.training.runs_changed.emit()
    assert surface.state.watch is None and surface.surface is not None


def test_state_is_told_once_for_each_change(surface: SessionSurface) -> None:
    said = heard(surface.state_changed)
    surface.set_look(opacity=0.5)
    surface.set_look(opacity=0.5)
    assert said == [replace(surface.state)]
