"""What the first surface needs is loaded before it is asked for, once, and not while surfaces are made."""

from __future__ import annotations

from pathlib import Path

from held_engine import HeldEngine
from surface_models import write_tiny_surface_model

from app.core.errors import UsageError
from app.core.session import Session


def test_what_the_first_surface_needs_is_loaded_once_before_it_is_switched_on(
    held: Session, engine: HeldEngine, tmp_path: Path
) -> None:
    weights = write_tiny_surface_model(tmp_path)
    surface = held.surface
    engine.answer_all()
    surface.set_options(baseline="tsdf")
    assert not engine.waiting
    surface.warm()
    surface.warm()
    (first,) = engine.waiting
    assert (first.name, first.params["options"].baseline) == ("warm_surfaces", "tsdf")
    surface.set_options(checkpoint=weights)
    surface.warm()
    (second,) = engine.waiting
    assert second.params["options"].checkpoint == weights
    before = surface.state
    engine.fail(UsageError("nothing to load"))
    surface.warm()
    assert not engine.waiting
    assert surface.state == before
    surface.turn_on()
    surface.set_options(baseline="tsdf")
    surface.warm()
    assert "warm_surfaces" not in [request.name for request in engine.waiting]
