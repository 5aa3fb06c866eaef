"""Step of the guided tour: the surface of the frame in view while a tiny pretraining learns it."""

from __future__ import annotations

from pathlib import Path

from app.ui.dialogs.new_run import NewRun
from app.ui.panels.surface import SurfacePanel
from app.ui.panels.training import TrainingPanel
from app.ui.tour_driver import Driver, TourError, turn
from app.ui.tour_steps_training import PATIENCE, cared_for, fill

TINY = {
    "network_fields": "cr=0.1", "voxel_size": "0.5", "max_points": 6000, "batch_size": 1, "max_steps": 400,
    "epochs": 0, "checkpoint_every": 50, "validate_every": 200, "validate_scans": 1, "watch_every": 5,
    "hold_out": 3, "precision": "32", "threads": 1, "latent": 16, "queries": 300,
}  # fmt: skip
"""A pretraining so small that its weights change every few seconds anywhere; it is stopped after a few of them."""

MOST = 8
"""Later weights that are waited for until one of them has a surface: the first know nothing yet."""

COARSE = 0.8
APART = 0.01
"""A field whose values lie nearer together than this has learnt nothing yet."""

BOX = (2.0, -8.0, -3.0, 18.0, 8.0, 3.0)


def watch(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """The step, or a line in ``tour.json`` that says why there is none."""
    sequence = driver.session.sequence
    if sequence is None or sequence.frames < 3:
        driver.leave_out("Watching a pretraining: the sequence has fewer than 3 frames to learn from.")
        return
    made = driver.session.surface
    with cared_for(driver) as training:
        driver.take("surface watched", lambda: _watched(driver))
        path = made.state.watch
        if path is None:
            raise TourError("Nothing is watched any more.")
        training.stop(path)

        def ended() -> bool:
            now = training.run(path)
            return now is not None and not now.live

        driver.wait(ended, "the run's end", PATIENCE)
    _panel(driver).watch.watch.click()
    driver.check(made.state.watch is None, "the button ends the watching")
    made.set_box(None)
    made.reset_options()
    made.set_look(points=True)
    made.turn_off()
    driver.window.set_workspace("browse")


def _watched(driver: Driver) -> None:
    """Start it, watch it, and wait until the surface has followed it."""
    made = driver.session.surface
    name = _started(driver)

    def listed() -> bool:
        return any(run.name == name for run in made.runs())

    driver.window.set_workspace("surface")
    driver.wait(listed, "the run in the panel's list", PATIENCE)
    run = next(run for run in made.runs() if run.name == name)
    made.set_options(step=COARSE, box=BOX)
    made.set_look(points=False)
    shown = _panel(driver).watch
    turn(100)
    shown.runs.setCurrentIndex(shown.runs.findData(run.path))
    shown.watch.click()
    driver.check(made.state.watch == run.path, f"{name} is watched")
    first = later = _step_after(driver, 0)
    for _more in range(MOST):
        later = _step_after(driver, later)
        if made.surface is not None and len(made.surface.triangles):
            break
        _take_the_advice(driver)
    turn(100)
    driver.check(later > first and f" {later} " in shown.told.text(), f"the panel says: {shown.told.text()}")
    found = 0 if made.surface is None else len(made.surface.triangles)
    driver.note(f"the surface in view was by step {first}, then by step {later}: {found} triangles")


def _take_the_advice(driver: Driver) -> None:
    """Where there is no surface the panel says between which values the field lies: a threshold between them."""
    made = driver.session.surface
    if made.state.between is not None and made.state.between[1] - made.state.between[0] > APART:
        made.take_middle()


def _started(driver: Driver) -> str:
    """A tiny pretraining from the form; its name."""
    panel = driver.window.docks["training"].panel
    assert isinstance(panel, TrainingPanel)
    panel.ask_new("also")
    form = driver.window.findChildren(NewRun)[-1]
    fill(form, TINY)
    driver.check(form.start.isEnabled(), f"a tiny pretraining can be started: {form.verdict.text()}")
    name = form.name.text()
    form.start.click()
    return name


def _panel(driver: Driver) -> SurfacePanel:
    found = driver.window.docks["surface"].panel
    assert isinstance(found, SurfacePanel)
    return found


def _step_after(driver: Driver, before: int) -> int:
    """Wait for a surface by weights of a later step."""
    made = driver.session.surface

    def there() -> bool:
        if made.state.problem and "not written weights" not in made.state.problem:
            raise TourError(made.state.problem)
        return made.surface is not None and (made.state.watched_step or 0) > before

    driver.wait(there, f"a surface by weights after step {before}", PATIENCE)
    return made.state.watched_step or 0
