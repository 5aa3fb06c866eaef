"""What is chosen of the surface comes back with a saved session; nonsense in the file is left out and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_drive import SmallDrive

from app.core import session_surface_watch
from app.core.session import Session
from app.core.session_surface import SessionSurface
from app.core.settings import SavedSession
from app.core.surface.view import SliceOptions, SurfaceState
from app.core.tasks.engine import LocalEngine

BOX = (5.0, -4.0, -2.5, 14.0, 4.0, 1.0)


@pytest.fixture
def surface(session: Session, monkeypatch: pytest.MonkeyPatch) -> SessionSurface:
    """By lines of sight, coarse and in a box, so that it is quick."""
    monkeypatch.setattr(session_surface_watch, "shipped", tuple)
    session.surface.set_options(baseline="tsdf", step=0.4, box=BOX)
    return session.surface


def test_what_was_chosen_comes_back_with_the_saved_session(surface: SessionSurface, drive: SmallDrive) -> None:
    session = surface._host
    surface.turn_on()
    surface.set_look(opacity=0.5, wireframe=True)
    surface.set_slice(SliceOptions("along", 1.5))
    surface.set_later(2)
    saved = SavedSession.model_validate_json(session.save_state().model_dump_json())
    other = Session(LocalEngine())
    try:
        other.restore(saved)
        state = other.surface.state
        assert (state.on, state.opacity, state.wireframe, state.later) == (True, 0.5, True, 2)
        assert state.options == surface.state.options
        assert state.slice == SliceOptions("along", 1.5)
        assert surface.surface is not None
        assert other.surface.surface is not None
        np.testing.assert_array_equal(other.surface.surface.vertices, surface.surface.vertices)
        assert not other.can_undo
    finally:
        other.close()


@pytest.mark.parametrize(
    ("kept", "reason"),
    [({"options": {"threshold": 7}}, "threshold is a probability"), ({"opacity": "thick"}, "opacity")],
)
def test_saved_choices_that_make_no_sense_are_left_out_and_said(
    surface: SessionSurface, kept: dict[str, Any], reason: str
) -> None:
    other = Session(LocalEngine())
    try:
        other.restore(SavedSession(surface={"on": True, **kept}))
        assert other.surface.state == SurfaceState()
        assert reason in other.log[-1].text
    finally:
        other.close()
