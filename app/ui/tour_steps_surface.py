"""Steps of the guided tour: the surface that a network imagines, coarse to fine, and what it is held against.

Each is held against counting, or against the definition written out here once more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PySide6.QtCore import QPoint, Qt

from app.core.geometry.sightlines import BEHIND, FAR, FRONT
from app.core.geometry.visibility_measures import TRUTH
from app.core.session_surface import SessionSurface
from app.core.surface.result import Reconstruction
from app.core.surface.view import SightQueries
from app.ui.panels.surface import SurfacePanel
from app.ui.panels.surface_beside import SurfaceBesidePanel
from app.ui.surface_items import LATER_COLORS, SURFACE
from app.ui.surface_words import later_rows, query_rows
from app.ui.tour_driver import Driver, TourError, turn
from app.ui.tour_seen_words import near, state_now

Found = TypeVar("Found")

SECONDS = 240.0
SHIFT = Qt.KeyboardModifier.ShiftModifier
FRAME = 10
STEP = 0.2
"""Metres: as fine as the tour makes a whole frame, which takes seconds on a small machine; the box goes on."""

BOX_STEP = 0.1
LATER = 5
EDGE = 0.0101
"""Metres: boxes are told in whole centimetres."""


def surface(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """All steps; those that watch a pretraining stand with the steps of training."""
    session = driver.session
    sequence = session.sequence
    wanted = min(FRAME, sequence.frames // 2) if sequence is not None else 0
    session.go_to(wanted)
    driver.wait(lambda: session.index == wanted, "the frame")
    driver.window.set_workspace("surface")
    driver.window.setFocus()
    driver.key(Qt.Key.Key_H)  # the steps before have flown to somewhere
    driver.rest()
    session.surface.set_options(step=STEP)
    _queries(driver)
    _coarse_to_fine(driver)
    _slice(driver)
    _colored(driver)
    _later(driver)
    _region(driver)
    _export(driver)
    _put_back(driver)


def _put_back(driver: Driver) -> None:
    made = driver.session.surface
    made.set_box(None)
    made.reset_options()
    made.turn_off()
    driver.window.set_workspace("browse")


def _queries(driver: Driver) -> None:
    """What a pretraining is asked: empty and full along lines of sight."""
    part = driver.session.surface
    judged = TRUTH in state_now(driver).frame.extra  # a demo drive, whose exact surface judges the labels

    def work() -> None:
        driver.window.setFocus()
        driver.key(Qt.Key.Key_Q, SHIFT)

        def there() -> bool:
            _no_problem(part.state.queries_problem)
            return part.queries is not None and (part.queries.wrong is not None or not judged)

        driver.wait(there, "queries", SECONDS)
        queries = _found(part.queries)
        driver.check(len(queries) == 4096, "Shift+Q shows 4096 queries")
        counts = {kind: int((queries.kind == kind).sum()) for kind in (BEHIND, FRONT, FAR)}
        driver.check(
            [row.count for row in query_rows(queries)[:3]] == list(counts.values()),
            f"{counts[BEHIND]} are full, {counts[FRONT]} empty just in front, {counts[FAR]} empty on the way",
        )
        _along_the_lines(driver, queries)
        wrong = queries.wrong_share()
        if wrong is not None:
            driver.note(f"{100 * wrong:.1f} % of the labels are wrong by the exact surface")

    driver.take("surface queries", work)
    driver.key(Qt.Key.Key_Q, SHIFT)
    turn(100)


def _along_the_lines(driver: Driver, queries: SightQueries) -> None:
    """Every query lies on its line of sight, where its kind says."""
    line = queries.targets.astype(np.float64) - queries.origins
    length = np.linalg.norm(line, axis=1)
    step = queries.points.astype(np.float64) - queries.origins
    along = (step * line).sum(axis=1) / length
    aside = np.linalg.norm(step - line * (along / length)[:, None], axis=1)
    delta = queries.options.delta
    behind, front, far = (queries.kind == kind for kind in (BEHIND, FRONT, FAR))
    right = np.zeros(len(queries), bool)
    right[behind] = (along - length)[behind] <= delta + 1e-3
    right[front] = (length - along)[front] <= delta + 1e-3
    right[far] = along[far] <= length[far] + 1e-3
    driver.check(bool((aside < 2e-3).all()), "each lies on the line from the sensor to its point")
    driver.check(bool(right.all()), f"full and empty ones within δ = {delta:g} m of it, the others before it")


def _coarse_to_fine(driver: Driver) -> None:
    """Switched on: each level as it comes, the same surface finer and finer."""
    part = driver.session.surface
    levels: list[Reconstruction] = []

    def came(made: Reconstruction | None) -> None:
        if made is not None:
            levels.append(made)

    def work() -> None:
        part.surface_changed.connect(came)
        try:
            driver.window.setFocus()
            driver.key(Qt.Key.Key_F, SHIFT)
            took = _made(driver, STEP)
        finally:
            part.surface_changed.disconnect(came)
        steps = [level.step for level in levels]
        driver.check(steps == sorted(steps, reverse=True) and len(set(steps)) > 1, f"levels come at {steps} m")
        made = _now(part)
        driver.note(f"{len(made.triangles)} triangles at {made.step:g} m after {took:.1f} s, by {made.source}")
        driver.check(part.state.asked == made.evaluations, f"{made.evaluations} places were asked")
        driver.check(SURFACE in driver.window.area.views["left"].surface.drawn, "the view has it")
        inside = made.triangles.min(initial=0) >= 0 and made.triangles.max(initial=0) < len(made.vertices)
        driver.check(inside, "and each corner of a triangle is a vertex")

    driver.take("surface coarse to fine", work)


def _slice(driver: Driver) -> None:
    """The field on a plane through the middle of what is seen."""
    part, panel = driver.session.surface, _beside(driver)

    def work() -> None:
        driver.desk.surfacing.look(visible=False)
        button = panel.cut.planes.buttons["horizontal"]
        driver.click(button, button.rect().center())

        def there() -> bool:
            _no_problem(part.state.slice_problem)
            return part.slice is not None

        driver.wait(there, "the slice", SECONDS)
        turn(200)
        picture = _found(part.slice)
        known = picture.values[np.isfinite(picture.values)]
        driver.check(len(known) > 0 and known.min() >= 0 and known.max() <= 1, "its values are probabilities")
        driver.check(len(picture.vertices) == 4 * len(known), f"{len(known)} squares, one for each known place")
        height = picture.options.position
        driver.check(bool(np.allclose(picture.vertices[:, 2], height)), f"all of them lie at {height:g} m")

    driver.take("surface slice", work)
    driver.desk.surfacing.cut("")
    driver.desk.surfacing.look(visible=True)


def _colored(driver: Driver) -> None:
    """Another colour paints what is there; nothing is made anew."""
    part = driver.session.surface

    def work() -> None:
        before = _now(part)
        driver.desk.surfacing.look(points=False)
        network = part.state.options.checkpoint is not None
        color = "uncertainty" if network else "normal"
        driver.desk.surfacing.set(color=color)
        driver.wait(lambda: _now(part).layer.name == color and not part.state.working, "the colour", SECONDS)
        after = _now(part)
        driver.check(
            np.array_equal(before.triangles, after.triangles), f"the same triangles are coloured by {color}"
        )
        driver.check(not np.array_equal(before.colors, after.colors), "in other colours")
        if network:
            values = after.layer.values
            driver.check(bool(np.nanmin(values) >= 0 and np.nanmax(values) <= 1), "4p(1 − p) lies between 0 and 1")

    driver.take("surface coloured", work)
    driver.desk.surfacing.look(points=True)
    driver.desk.surfacing.set(color="height")


def _later(driver: Driver) -> None:
    """Does it predict what is seen only later?"""
    part, panel = driver.session.surface, _beside(driver)
    if driver.session.poses is None:
        driver.leave_out("Later scans: without poses they cannot be placed beside this one.")
        return

    def work() -> None:
        driver.desk.surfacing.look(points=False)
        panel.later.frames.field.setValue(LATER)

        def there() -> bool:
            _no_problem(part.state.later_problem)
            return part.later is not None

        driver.wait(there, "the comparison", SECONDS)
        turn(200)
        scans = _found(part.later)
        near, fair = (float((scans.distance <= reach).mean()) for reach in (0.1, 0.2))
        same = abs(near - scans.every.near) < 1e-6 and abs(fair - scans.every.fair) < 1e-6
        driver.check(same, f"{100 * near:.0f} % of {len(scans.points)} later points lie within 10 cm of it")
        counts = [int((scans.kind == kind).sum()) for kind in LATER_COLORS]
        driver.check([row.count for row in later_rows(scans)] == counts, "the panel counts what is drawn")
        own = state_now(driver).frame.points
        rows = np.flatnonzero(scans.unseen)[:: max(1, int(scans.unseen.sum()) // 60)]
        apart = [np.sqrt(np.nanmin(((own - scans.points[row]) ** 2).sum(axis=1))) for row in rows]
        driver.check(min(apart, default=1.0) > 0.249, "those called unseen are 25 cm from every point of this scan")
        driver.note(f"of {scans.hidden.count} unseen ones {100 * scans.hidden.fair:.0f} % lie within 20 cm")

    driver.take("surface later scans", work)
    panel.later.frames.field.setValue(0)
    driver.desk.surfacing.look(points=True)


def _region(driver: Driver) -> None:
    """A rectangle drawn from above, finer inside; then a side is dragged, and Escape takes it back."""
    part = driver.session.surface

    def work() -> None:
        driver.key(Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        driver.rest()
        part.set_options(step=BOX_STEP)
        driver.window.setFocus()
        driver.key(Qt.Key.Key_R, SHIFT)
        middle = _something(driver)
        driver.drag(driver.view(), middle + np.linspace([-70, -70], [70, 70], 8))
        driver.check(driver.desk.tool == "navigate", "after the rectangle the mouse looks around again")
        box = part.state.box
        if box is None:
            raise TourError("No box came of the rectangle.")
        _made(driver, BOX_STEP)
        made = _now(part)
        low, high = made.vertices.min(axis=0), made.vertices.max(axis=0)
        cell = made.step + EDGE
        fits = (low >= np.array(box[:3]) - cell).all() and (high <= np.array(box[3:]) + cell).all()
        driver.check(bool(fits), f"the surface at {made.step:g} m lies in {tuple(round(v, 1) for v in box)}")
        _drag_a_side(driver, box)

    driver.take("surface region box", work)
    driver.key(Qt.Key.Key_H)
    driver.rest()


def _something(driver: Driver) -> np.ndarray:
    """(2,) the pixel of a car near by, where labels tell of one, else of the nearest point."""
    points = state_now(driver).frame.points
    row = near(driver, np.isfinite(points).all(axis=1) & (np.linalg.norm(points[:, :2], axis=1) > 4))
    view = driver.view()
    found = driver.camera().project(points[row : row + 1], view.width(), view.height())[0][0]
    edge = np.array([80, 80])
    return np.asarray(np.clip(found, edge, np.array([view.width(), view.height()]) - edge))


def _drag_a_side(driver: Driver, box: tuple[float, ...]) -> None:
    handles = driver.window.area.views["left"].handles
    part, view = driver.session.surface, driver.view()
    at = handles.pixels()[1]
    driver.drag(view, np.linspace(at, at - np.array([0, 40]), 5))
    turn(50)
    moved = part.state.box
    driver.check(
        moved is not None and moved[3] > box[3] and moved[:3] == box[:3], "a side is dragged by its handle"
    )
    driver.session.undo()
    driver.check(part.state.box == box, "and undo brings it back, as one change")
    _made(driver, BOX_STEP)


def _export(driver: Driver) -> None:
    """Written and read again."""
    part = driver.session.surface

    def work() -> None:
        import trimesh

        made = _now(part)
        file = driver.out / "surface.ply"
        file.unlink(missing_ok=True)
        part.export(file)
        driver.wait(file.exists, "the file", SECONDS)
        turn(200)
        read: Any = trimesh.load(file, process=False)
        driver.check(
            len(read.faces) == len(made.triangles), f"{file.name} has the {len(made.triangles)} triangles in view"
        )
        apart = float(np.abs(np.asarray(read.vertices) - made.vertices).max())
        driver.check(apart < 1e-3, "where they are in view")
        same = np.array_equal(np.asarray(read.visual.vertex_colors)[:, :3], made.colors)
        driver.check(same, "and in the same colours")
        panel = _panel(driver)
        panel.world.setChecked(False)
        driver.move(panel.export, QPoint(8, 8))

    driver.take("surface export", work)


# waiting and looking


def _made(driver: Driver, step: float) -> float:
    part = driver.session.surface

    def done() -> bool:
        _no_problem(part.state.problem)
        made = part.surface
        return made is not None and not part.state.working and abs(made.step - step) < 1e-6

    took = driver.wait(done, "the surface", SECONDS)
    turn(100)
    return took


def _no_problem(problem: str) -> None:
    if problem:
        raise TourError(problem)


def _now(part: SessionSurface) -> Reconstruction:
    return _found(part.surface)


def _found(value: Found | None) -> Found:
    if value is None:
        raise TourError("It is not there any more.")
    return value


def _panel(driver: Driver) -> SurfacePanel:
    found = driver.window.docks["surface"].panel
    assert isinstance(found, SurfacePanel)
    return found


def _beside(driver: Driver) -> SurfaceBesidePanel:
    found = driver.window.docks["surface_beside"].panel
    assert isinstance(found, SurfaceBesidePanel)
    return found
