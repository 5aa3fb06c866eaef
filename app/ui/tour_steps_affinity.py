"""Steps of the guided tour: why a superpoint is called what it is called, and what can be said against it.

Each is held against the random walk written out densely, and against counting superpoint by superpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
from PySide6.QtCore import QPoint, Qt

from app.core.affinity.inspecting import LAYERS, InstanceStory, QueueReport
from app.core.language import choosing
from app.core.session_affinity import SessionAffinity
from app.ui.panels.affinity_matrix import AffinityMatrixPanel
from app.ui.panels.flips import FlipsPanel
from app.ui.panels.instance import InstancePanel
from app.ui.panels.pseudo_labels import PseudoLabelsPanel
from app.ui.tour_driver import Driver, TourError, turn
from app.ui.tour_own_walk import OwnWalk, own_walk
from app.ui.tour_seen_words import source_of, state_now
from app.ui.widgets.parameter_row import HANDLE, STEPS

SECONDS = 240.0
FRAME = 12
"""Of the demo drive: several classes that CLIP mixes up are in its queue."""

CLOSE = 2e-3
Found = TypeVar("Found")
SHIFT = Qt.KeyboardModifier.ShiftModifier


def affinity(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """All steps, or a line in ``tour.json`` that says why there are none."""
    source = choosing.demo()
    if source.path is None or not source.path.exists():
        driver.leave_out("Labels explained: the demo CLIP (assets/clip/demo_clip) is not in this copy.")
        return
    session = driver.session
    sequence = session.sequence
    wanted = min(FRAME, sequence.frames - 1) if sequence is not None else 0
    session.go_to(wanted)
    driver.wait(lambda: session.index == wanted, "the frame")
    if not state_now(driver).images:
        driver.leave_out("Labels explained: the steps begin with camera pictures, and this drive has none.")
        return
    driver.window.set_workspace("labels")
    _parameters(driver)
    if not _report(driver).flips:
        driver.leave_out("Flips: affinity changes no label of this queue.")
        _put_back(driver)
        return
    _story(driver)
    _flips(driver)
    _matrix(driver)
    _beside(driver)
    _changed_only(driver)
    _by_hand(driver)
    _put_back(driver)


def _put_back(driver: Driver) -> None:
    inspector = driver.session.affinity
    inspector.set_pair(None)
    inspector.reset_options()
    inspector.turn_off()
    driver.session.pick(None)
    driver.session.set_layer("height")
    driver.window.set_workspace("browse")


def _parameters(driver: Driver) -> None:
    """Switched on, all is read, accuracy is counted; then a number is changed and everything follows."""
    panel = _panel(driver, "pseudo_labels", PseudoLabelsPanel)

    def work() -> None:
        driver.window.setFocus()
        driver.key(Qt.Key.Key_E, SHIFT)
        took = _settled(driver)
        if not len(_report(driver).table):
            empty = _report(driver)
            driver.desk.labelling.set(setting="annotation-free")
            took += _settled(driver, empty)
        report = _report(driver)
        driver.note(f"{report.instances} superpoints of {len(report.frames)} frames are read in {took:.1f} s")
        _count(driver, report)
        before = report.scale
        slider = panel.controls.rows["scale"].slider
        middle = slider.height() // 2
        handle = HANDLE / 2 + (slider.width() - HANDLE) * slider.value() / STEPS
        driver.drag(slider, np.linspace([handle, middle], [slider.width() * 0.3, middle], 6))
        chosen = driver.session.affinity.state.options.scale or before
        driver.check(chosen < before, f"the slider takes the scale from {before:.1f} to {chosen:.1f}")
        driver.wait(lambda: abs(_report(driver).scale - chosen) < 1e-6, "labels by that scale", SECONDS)
        after = _report(driver)
        own = own_walk(driver.session, source_of(driver))
        same = float((own.labels(refined=True) == after.table.after).mean())
        driver.check(same > 0.995, f"{100 * same:.1f} % of the labels are those of the dense formula")
        _count(driver, after)
        driver.note(f"the walk took {1000 * after.seconds:.0f} ms")
        panel.controls.rows["scale"].button.click()
        driver.wait(lambda: abs(_report(driver).scale - before) < 1e-6, "labels by the default", SECONDS)
        driver.check(driver.session.affinity.state.options.scale is None, "a click brings the default back")

    driver.take("label parameters", work)


def _count(driver: Driver, report: QueueReport) -> None:
    """The accuracy in the panel against counting."""
    table = report.table
    known = table.truth >= 0
    for words, labels, told in (("before", table.before, report.before), ("after", table.after, report.after)):
        right = int((labels[known] == table.truth[known]).sum())
        same = (right, int(known.sum())) == (told.instances_right, told.instances)
        driver.check(same, f"{right} of {int(known.sum())} superpoints are right {words} affinity")


def _story(driver: Driver) -> None:
    """A click on a superpoint that affinity changed."""

    def work() -> None:
        driver.window.setFocus()
        row = _largest_flip(driver)
        driver.desk.labelling.visit(row)
        _told(driver, row)
        story = _story_now(driver)
        state = state_now(driver)
        middle = np.linalg.norm(state.frame.points[story.points] - story.center, axis=1)
        driver.session.pick(int(story.points[int(middle.argmin())]))
        turn(50)
        _told(driver, row)
        own = own_walk(driver.session, source_of(driver))
        _check_story(driver, _story_now(driver), own)

    driver.take("why this label", work)


def _check_story(driver: Driver, story: InstanceStory, own: OwnWalk) -> None:
    after = own.after[story.row]
    driver.check(bool(np.abs(after - story.after).max() < CLOSE), "its scores are those of the dense formula")
    best = np.sort(after)[::-1]
    if len(best) > 1:
        same = abs(float(best[0] - best[1]) - story.margin_after) < CLOSE
        driver.check(same, f"it won by {story.margin_after:.3f}, best minus second")
    weights = own.weights[story.row]
    for one in story.neighbours:
        if abs(float(weights[one.row]) - one.weight) > CLOSE:
            raise TourError(f"Row {one.row} has the weight {weights[one.row]:.4f}, not {one.weight:.4f}.")
    driver.check(bool(story.neighbours), f"{len(story.neighbours)} neighbours have the weights of T")
    mass = float(sum(share for _id, share in story.flow))
    driver.check(abs(mass - 1) < 1e-3, "the label mass that flows in adds up to 1")
    labels = own.labels(refined=False)
    for train_id, share in story.flow:
        if abs(float(weights[labels == train_id].sum()) - share) > CLOSE:
            raise TourError(f"Class {train_id} gives {weights[labels == train_id].sum():.4f}, not {share:.4f}.")
    driver.check(True, "what each class gives is the sum of its instances' weights")


def _flips(driver: Driver) -> None:
    """The keys go through the flips one by one, round and round."""
    inspector, panel = driver.session.affinity, _panel(driver, "flips", FlipsPanel)

    def work() -> None:
        driver.window.docks["flips"].raise_()
        report = _report(driver)
        table = report.table
        rows = np.flatnonzero(table.before != table.after)
        told = sum(pair.count for pair in report.flips)
        driver.check(told == len(rows), f"the pairs add up to {told} flips, as many as labels differ")
        driver.check(panel.list.count() == len(report.flips), f"{panel.list.count()} pairs of classes are listed")
        driver.window.setFocus()
        inspector.select(None)
        seen = []
        for _step in range(min(len(rows), 3)):
            driver.key(Qt.Key.Key_W)
            row = inspector.state.selected
            if row is None:
                raise TourError("W chose no superpoint.")
            _told(driver, row)
            seen.append(row)
        driver.check(seen == rows[: len(seen)].tolist(), f"W goes through them in order: {len(seen)} seen")
        driver.key(Qt.Key.Key_W, SHIFT)
        row = int(rows[len(seen) - 2])
        _told(driver, row)
        driver.check(inspector.state.selected == row, "Shift+W goes back")
        driver.check(state_now(driver).frame.index == int(table.frame[row]), "its frame is in view")

    driver.take("flips one by one", work)


def _matrix(driver: Driver) -> None:
    """The matrix, zoomed with the wheel; what is under the pointer is a cell of T."""
    inspector, panel = driver.session.affinity, _panel(driver, "affinity_matrix", AffinityMatrixPanel)

    def work() -> None:
        driver.wait(lambda: inspector.matrix is not None and panel.map.coarse is not None, "the matrix", 20)
        heat = panel.map
        own = own_walk(driver.session, source_of(driver))
        area = heat.area()
        at = QPoint(round(area.left() + 0.3 * area.width()), round(area.top() + 0.3 * area.height()))
        for _notch in range(2):
            driver.wheel(heat, at, 1)
        driver.wait(lambda: heat.fine is not None, "the finer picture", 20)
        driver.check(heat.view.zoomed, f"the wheel zooms to {heat.view.span:.0f} of {heat.view.whole} superpoints")
        driver.move(heat, at)
        turn(50)
        if heat.under is None:
            raise TourError("Nothing is told of the cell under the pointer.")
        receiver, giver = heat.rows_of(heat.under)
        known = heat.weight(heat.under)
        if known is None:
            raise TourError("The weight under the pointer is not known.")
        if known[1] == 1:
            truth = float(own.weights[receiver, giver])
            driver.check(abs(known[0] - truth) < CLOSE, f"the cell under the pointer is {truth:.5f} of T")
        sums = own.weights.sum(axis=1)
        driver.check(bool(np.allclose(sums, 1)), "every row of T adds up to 1")
        driver.click(heat, at)
        _told(driver, receiver)
        driver.check(inspector.state.selected == receiver, "a click tells of the row")

    driver.take("affinity matrix", work)
    panel.map.reset()


def _beside(driver: Driver) -> None:
    """Labels before and after in two linked views."""
    session = driver.session

    def work() -> None:
        row = _largest_flip(driver)
        driver.desk.labelling.visit(row)
        _told(driver, row)
        driver.window.setFocus()
        driver.key(Qt.Key.Key_Z)
        driver.wait(lambda: len(session.views) == 2, "two views")
        for view, name in (("left", "before"), ("right", "after")):
            driver.wait(lambda v=view: not driver.busy(v), f"labels {name} affinity", 30)  # type: ignore[misc]
            driver.check(session.views[view].layer == LAYERS[name], f"the {view} view shows labels {name} affinity")
        left, right = session.layer_data("left"), session.layer_data("right")
        if left is None or right is None:
            raise TourError("A view has no labels.")
        report = _report(driver)
        first, end = report.own
        table = report.table
        flipped = int((table.before[first:end] != table.after[first:end]).sum())
        differ = int((left.values != right.values).sum())
        driver.check(
            (differ > 0) == (flipped > 0), f"superpoints that changed class here: {flipped}; their points: {differ}"
        )

    driver.take("before and after side by side", work)
    driver.desk.labelling.side_by_side()
    driver.wait(lambda: len(session.views) == 1, "one view")


def _changed_only(driver: Driver) -> None:
    session, panel = driver.session, _panel(driver, "pseudo_labels", PseudoLabelsPanel)

    def work() -> None:
        panel.shows.buttons["changed"].click()
        driver.wait(lambda: not driver.busy("left") and session.layer_data("left") is not None, "the layer", 30)
        driver.check(session.views["left"].layer == LAYERS["changed"], "only what affinity changed is lit")
        driver.wait(lambda: session.layer_data("left") is not None, "its values")

    driver.take("only what changed", work)


def _by_hand(driver: Driver) -> None:
    """Relabelled by hand, taken back, done again, taken back."""
    inspector, panel = driver.session.affinity, _panel(driver, "instance", InstancePanel)

    def work() -> None:
        row = _largest_flip(driver)
        driver.desk.labelling.visit(row)
        _told(driver, row)
        story = _story_now(driver)
        held = inspector.correction_counts.total
        wanted = story.truth if story.truth > 0 else story.label_before
        driver.desk.labelling.correct("relabel", wanted)
        _said(driver, "relabel")
        driver.check(inspector.correction_counts.total == held + 1, "relabelling by hand is kept")
        driver.session.undo()
        _said(driver, "")
        driver.check(inspector.correction_counts.total == held, "undo takes it back")
        driver.session.redo()
        _said(driver, "relabel")
        name = driver.desk.labelling.name(wanted)
        driver.check(name in panel.hand.text(), f"the panel says: {panel.hand.text()}")

    driver.take("relabelled by hand", work)
    driver.session.undo()
    _said(driver, "")


# seeing and waiting


def _largest_flip(driver: Driver) -> int:
    """Of what affinity changed the superpoint with the most points: there is something to look at."""
    rows = driver.session.affinity.flips()
    return int(rows[_report(driver).table.points[rows].argmax()])


def _panel(driver: Driver, name: str, kind: type[Found]) -> Found:
    panel = driver.window.docks[name].panel
    if not isinstance(panel, kind):
        raise TourError(f"There is no panel {name}.")
    return panel


def _report(driver: Driver) -> QueueReport:
    report = driver.session.affinity.report
    if report is None:
        raise TourError(f"There are no labels. {driver.session.affinity.problem}")
    return report


def _story_now(driver: Driver) -> InstanceStory:
    story = driver.session.affinity.story
    if story is None:
        raise TourError(f"Nothing is told. {driver.session.affinity.story_problem}")
    return story


def _settled(driver: Driver, outdated: QueueReport | None = None) -> float:
    """Wait until all frames of the queue are read and its labels are those of the chosen numbers; seconds.

    ``outdated`` is a report of other numbers, which may be there for a while still."""
    inspector: SessionAffinity = driver.session.affinity

    def still() -> bool:
        if inspector.problem:
            raise TourError(inspector.problem)
        report = inspector.report
        if report is None or report is outdated:
            return False
        return not report.lacking and not inspector.gathering.on

    turn(200)
    took = driver.wait(still, "the labels of the queue", SECONDS)
    turn(200)
    return took + driver.wait(still, "the labels of the queue", SECONDS)


def _told(driver: Driver, row: int) -> None:
    inspector = driver.session.affinity

    def there() -> bool:
        report, story = inspector.report, inspector.story
        if report is None or story is None or row >= len(report.table):
            return False
        same_frame = driver.session.index == int(report.table.frame[row])
        return story.row == row and (same_frame or inspector.state.selected == row)

    driver.wait(there, f"what is told of superpoint {row}", SECONDS)
    driver.wait(lambda: not driver.busy("left"), "the labels of its frame", SECONDS)
    turn(60)


def _said(driver: Driver, action: str) -> None:
    def there() -> bool:
        story = driver.session.affinity.story
        mark = story.correction if story is not None else None
        return story is not None and (mark.action if mark is not None else "") == action

    driver.wait(there, f"the correction '{action}'", 30)
    turn(60)
