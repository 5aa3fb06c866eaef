"""The session's surface: made at every change, the newest wins, nothing is made twice, errors are one sentence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import heard
from small_drive import write_small_drive
from surface_models import write_tiny_surface_model

from app.core import session_surface_watch
from app.core.errors import UsageError
from app.core.session import Session
from app.core.session_surface import NOTHING_CHOSEN, SessionSurface
from app.core.surface import limits
from app.core.surface.names import TooFine
from app.core.surface.result import Reconstruction
from app.core.surface.view import SliceOptions
from app.core.tasks import surface_steps
from app.core.tasks.base import Partial
from app.core.tasks.engine import LocalEngine

BOX = (5.0, -4.0, -2.5, 14.0, 4.0, 1.0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_surface_model(tmp_path_factory.mktemp("net"))


@pytest.fixture(autouse=True)
def _none_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_surface_watch, "shipped", tuple)


@pytest.fixture
def surface(session: Session) -> SessionSurface:
    """Switched off, by lines of sight, coarse and in a box, so that it is quick."""
    session.surface.set_options(baseline="tsdf", step=0.4, box=BOX)
    return session.surface


def shown(surface: SessionSurface) -> Reconstruction:
    assert surface.surface is not None
    return surface.surface


def of_network(surface: SessionSurface, weights: Path) -> None:
    """By the tiny network, at a threshold at which its random head has a surface."""
    surface.set_options(checkpoint=weights, threshold=0.999, device="cpu", precision="fp32")
    surface.turn_on()
    (note,) = surface.state.notes
    low, high = (float(part) for part in note.split("lie between ")[1].split(";")[0].split(" and "))
    surface.set_options(threshold=(low + high) / 2)
    assert len(shown(surface).triangles)


def names(engine: HeldEngine) -> list[str]:
    return [request.name for request in engine.waiting]


def test_levels_come_while_it_is_on(surface: SessionSurface) -> None:
    levels = heard(surface.surface_changed)
    surface.turn_on()
    assert [level.step for level in levels] == [0.8, 0.4]
    state = surface.state
    assert (state.working, state.problem, state.done, state.total) == (False, "", 2, 2)
    assert state.asked == shown(surface).evaluations > 0
    surface.turn_off()
    assert surface.surface is None and levels[-1] is None and not surface.state.done


def test_without_a_choice_lines_of_sight_make_it(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.surface.set_options(step=0.8)
    session.surface.turn_on()
    assert session.surface.state.options.baseline == "tsdf"
    comes_along = (Path("demo_also.safetensors"),)
    monkeypatch.setattr(session_surface_watch, "shipped", lambda: comes_along)
    assert session.surface.choices()[0][1] == comes_along[0]
    session.surface.set_options(baseline="")
    assert session.surface.state.problem == NOTHING_CHOSEN and session.surface.surface is None
    session.surface.turn_off()
    session.surface.turn_on()
    assert session.surface.state.options.checkpoint == comes_along[0]


def test_latents_and_field_are_not_asked_again_without_need(
    surface: SessionSurface, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latents, asked = [], []
    real, ask = surface_steps.latent_steps, surface_steps.NetworkField.__call__
    monkeypatch.setattr(surface_steps, "latent_steps", lambda *a, **k: (latents.append(1), real(*a, **k))[1])
    monkeypatch.setattr(surface_steps.NetworkField, "__call__", lambda self, p: (asked.append(1), ask(self, p))[1])
    of_network(surface, weights)
    surface.set_options(box=(5.0, -3.0, -2.5, 14.0, 4.0, 1.0))
    surface.set_slice(SliceOptions("horizontal", -1.5))
    assert latents == [1] and surface.slice is not None
    before, shape = len(asked), shown(surface).vertices
    surface.set_options(color="latent")
    assert shown(surface).layer.name == "latent" and len(np.unique(shown(surface).colors, axis=0)) > 1
    surface.set_look(opacity=0.5, wireframe=True, visible=False, points=False)
    assert len(asked) == before and np.array_equal(shown(surface).vertices, shape)
    assert (surface.state.opacity, surface.state.wireframe, surface.state.points) == (0.5, True, False)
    cut = surface.slice
    surface.set_options(threshold=surface.state.options.threshold + 0.001)
    assert surface.slice is cut, "the threshold is no part of the field"
    surface.set_options(radius=0.7)
    assert surface.slice is not cut and latents == [1]


def test_drags_are_one_step_and_looks_ask_nothing(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    held._history.forget("surface")
    surface.turn_on()
    engine.answer_all()
    for threshold in (0.4, 0.45, 0.6):
        surface.set_options(threshold=threshold)
    assert names(engine).count("make_surface") == 1, "the newest alone counts"
    surface.set_box((5.0, -4.0, -2.5, 14.5, 4.0, 1.0))
    surface.set_box((5.0, -4.0, -2.5, 15.0, 4.0, 1.0))
    surface.set_look(opacity=0.3)
    held.undo()
    assert surface.state.opacity == 1 and surface.state.box != BOX
    held.undo()
    assert surface.state.box == BOX and surface.state.options.threshold == 0.6
    held.undo()
    assert surface.state.options.threshold == 0.5
    held.redo()
    assert surface.state.options.threshold == 0.6
    engine.answer_all()
    engine.waiting.clear()
    surface.set_look(opacity=0.3, visible=False)
    assert not engine.waiting


def test_what_comes_late_is_not_shown_and_stop_keeps_what_is(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.4, box=BOX)
    surface.turn_on()
    first = engine.waiting[-1]
    surface.set_options(threshold=0.6)
    engine.waiting.append(first)
    engine.answer(first)
    assert surface.surface is None and surface.state.working
    engine.answer_all()
    before = shown(surface)
    surface.set_options(threshold=0.4)
    engine.event(Partial(replace(before, step=0.8)))
    assert shown(surface).step == 0.8 and surface.state.working
    surface.stop()
    assert shown(surface).step == 0.8 and not surface.state.working and "make_surface" not in names(engine)
    surface.again()
    engine.answer_all()
    assert shown(surface).step == 0.4


def test_a_colour_chosen_on_the_way_does_not_begin_anew(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.4, box=BOX)
    surface.turn_on()
    engine.answer_all()
    coarse = replace(shown(surface), step=0.8)
    surface.set_options(threshold=0.6)
    engine.event(Partial(coarse))
    surface.set_options(color="normal")
    assert names(engine) == ["make_surface", "recolor_surface"]
    coarse_paint = engine.waiting[1]
    engine.answer()
    assert shown(surface).step == 0.4 and names(engine) == ["recolor_surface"] and surface.state.working
    assert engine.waiting != [coarse_paint], "the finer level is coloured in place of the coarse one"
    engine.answer_all()
    assert shown(surface).layer.name == "normal" and shown(surface).step == 0.4 and not surface.state.working


def test_a_colour_chosen_before_the_first_level_waits_for_it(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.4, box=BOX)
    surface.turn_on()
    engine.answer_all()
    surface.set_options(threshold=0.6)
    surface.set_options(color="normal")
    assert names(engine) == ["make_surface"]
    engine.answer_all()
    assert shown(surface).layer.name == "normal"
    surface.set_options(color="class")
    surface.set_options(color="normal")
    assert not engine.waiting and not surface.state.working, "changed back before it came"


def test_another_frame_has_another_surface(session: Session, surface: SessionSurface) -> None:
    surface.turn_on()
    seen = heard(surface.surface_changed)
    session.go_to(2)
    assert seen[0] is None and seen[-1].frame == 2
    session.close_drive()
    assert surface.surface is None and surface.state.problem == ""


def test_while_playing_the_coarsest_alone_is_made_one_at_a_time(held: Session, engine: HeldEngine) -> None:
    surface = held.surface
    surface.set_options(baseline="tsdf", step=0.4, box=BOX)
    surface.turn_on()
    engine.answer_all()
    held.play()
    (coarse,) = [request for request in engine.waiting if request.name == "make_surface"]
    assert coarse.params["options"].step == 0.8
    held._go_to(1)
    for request in [request for request in engine.waiting if request.name == "show_frame"]:
        engine.answer(request)
    assert held.index == 1 and coarse in engine.waiting, "it is not cancelled by the next frame"
    engine.answer(coarse)
    moved = shown(surface)
    assert moved.frame == 0 and moved.step == 0.8
    wall = moved.vertices[:, 0].max()
    engine.answer(next(request for request in engine.waiting if request.name == "make_surface"))
    assert shown(surface).frame == 1
    assert wall == pytest.approx(coarse_wall(held) - 1.5, abs=1e-3), "as it lies from where the vehicle is now"
    held.pause()
    engine.answer_all()
    assert shown(surface).step == 0.4 and shown(surface).frame == held.index


def coarse_wall(session: Session) -> float:
    """Where the surface of frame 0 ends, as seen from there."""
    other = Session(LocalEngine())
    other.open(session._source.path)  # type: ignore[union-attr]
    other.surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    other.surface.turn_on()
    return float(shown(other.surface).vertices[:, 0].max())


BAD: list[tuple[dict[str, Any], str]] = [
    ({"mood": 1}, "no option 'mood'"),
    ({"threshold": 1.0}, "between 0 and 1"),
    ({"step": 0.001}, "step is between"),
    ({"radius": 0.0}, "radius"),
    ({"neighbours": 33}, "between 1 and 32"),
    ({"baseline": "alpha"}, "poisson, tsdf"),
    ({"color": "latent"}, "comes from a network"),
    ({"box": (0, 0, 0, 0, 1, 1)}, "low corner below its high one"),
]


@pytest.mark.parametrize(("changes", "said"), BAD)
def test_nonsense_is_refused_and_changes_nothing(
    surface: SessionSurface, changes: dict[str, Any], said: str
) -> None:
    before = surface.state
    with pytest.raises(UsageError, match=said) as error:
        surface.set_options(**changes)
    assert surface.state == before and "\n" not in str(error.value)


def test_other_nonsense_is_refused(surface: SessionSurface, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Opacity"):
        surface.set_look(opacity=1.5)
    with pytest.raises(UsageError, match="low corner below"):
        surface.set_box((1, 0, 0, 0, 1, 1))
    with pytest.raises(UsageError, match="0 to 50 later frames"):
        surface.set_later(51)
    with pytest.raises(UsageError, match=r"must end in \.ply"):
        surface.export(tmp_path / "mesh.stl")


def test_boxes_without_points_are_one_sentence(surface: SessionSurface) -> None:
    surface.turn_on()
    surface.set_box((5.0, 5.0, 1.0, 5.5, 5.5, 1.5))
    assert "No points lie in the box" in surface.state.problem and surface.surface is None
    surface.set_box((0.0, 0.0, 400.0, 1.0, 1.0, 401.0))
    assert "outside the frame" in surface.state.problem and not surface.state.working
    surface.set_box(BOX)
    assert surface.state.problem == "" and len(shown(surface).triangles)


def test_too_fine_for_memory_offers_the_finest_that_fits(
    surface: SessionSurface, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 40 << 20)
    surface.turn_on()
    surface.set_options(step=0.02)
    offered = surface.state.finest
    assert offered is not None and offered > 0.02
    assert f"the finest that fits is {offered:g} m" in surface.state.problem
    surface.take_finest()
    assert surface.state.options.step == offered and surface.state.finest is None and shown(surface).step == offered


def test_a_level_that_does_not_fit_keeps_those_that_do(
    surface: SessionSurface, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BYTES", 0)
    monkeypatch.setattr(
        limits, "check_next", lambda _c, step, _f: (_ for _ in ()).throw(TooFine("Too fine.", step))
    )
    surface.turn_on()
    assert shown(surface).step == 0.8 == surface.state.finest and surface.state.problem == "Too fine."


def test_checkpoints_that_tell_no_surface(surface: SessionSurface, tmp_path: Path) -> None:
    from app.core.methods.predict import write_tiny

    surface.turn_on()
    surface.set_options(checkpoint=write_tiny(tmp_path / "plain.safetensors"), device="cpu")
    assert "plain.safetensors has no occupancy head" in surface.state.problem and surface.surface is None
    surface.set_options(checkpoint=tmp_path / "gone.safetensors")
    assert "does not exist" in surface.state.problem


def test_latents_that_are_not_numbers(surface: SessionSurface, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from app.models import checkpoints

    path = write_tiny_surface_model(tmp_path)
    metadata = checkpoints.read(path).metadata
    state = {n: torch.full_like(t, torch.nan) if t.is_floating_point() else t for n, t in load_file(path).items()}
    save_file(state, path, metadata)
    surface.set_options(checkpoint=path, device="cpu")
    surface.turn_on()
    assert "latents that are not numbers" in surface.state.problem and surface.surface is None


def test_no_surface_at_the_threshold_is_empty_and_a_sentence(surface: SessionSurface, weights: Path) -> None:
    surface.set_options(checkpoint=weights, threshold=0.999, device="cpu", precision="fp32")
    surface.turn_on()
    assert len(shown(surface).triangles) == 0 and surface.state.problem == ""
    assert "no surface at the threshold 0.999" in surface.state.notes[0]


def test_a_colour_that_is_not_there(tmp_path: Path) -> None:
    session = Session(LocalEngine())
    session.open(write_small_drive(tmp_path, frames=1, labels=False).root)
    surface = session.surface
    surface.set_options(baseline="tsdf", step=0.8)
    surface.turn_on()
    surface.set_options(color="class")
    assert "cannot be coloured by class" in surface.state.problem
    surface.set_options(color="normal")
    assert surface.state.problem == "" and shown(surface).layer.name == "normal"


def test_export_writes_what_is_shown(session: Session, surface: SessionSurface, tmp_path: Path) -> None:
    import trimesh

    surface.turn_on()
    surface.export(tmp_path / "mesh.ply", world=True)
    assert session.tasks[-1].state == "done"
    assert len(trimesh.load(tmp_path / "mesh.ply", force="mesh", process=False).faces) == len(
        shown(surface).triangles
    )


def test_the_session_is_there_without_what_surfaces_take_long_to_import() -> None:
    heavy = ("torch", "numba", "scipy", "open3d")
    code = f"import sys, app.core.session; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_threshold_without_a_surface_offers_one_that_has(surface: SessionSurface, weights: Path) -> None:
    surface.set_options(checkpoint=weights, threshold=0.999, device="cpu", precision="fp32")
    surface.turn_on()
    state = surface.state
    assert (state.remedy, len(shown(surface).triangles)) == ("threshold", 0)
    assert state.between is not None
    assert state.between[0] < state.between[1] < 0.999
    surface.take_middle()
    assert len(shown(surface).triangles)
    assert (surface.state.remedy, surface.state.between) == ("", None)
