"""Steps of the guided tour: what a camera sees, the threshold that decides it, the wrong matches it removes.

Each is held against the equations written out here once more, point by point, and against the exact truth.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt

from app.core.geometry.visibility_measures import KEPT, LOST, REMOVED, TRUTH
from app.core.session_visibility import SessionVisibility
from app.core.types import CameraView, Frame
from app.core.visibility_view import PictureSuperpixels, VisibilityPicture
from app.ui.panels.cameras import CamerasPanel
from app.ui.panels.visibility import VisibilityPanel
from app.ui.tour_driver import Driver, TourError, turn
from app.ui.tour_seen_words import shows, state_now
from app.ui.widgets.marked_slider import HANDLE, MarkedSlider

SECONDS = 60.0
WANTED = 2.0
"""T_D in metres that the slider is dragged to."""

SAME = 0.999
"""Share of points that must agree: single ones lie on an edge of a pixel or a threshold, and rounding decides."""


def visibility(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """All steps, or a line in ``tour.json`` that says why there are none."""
    session = driver.session
    session.go_to(0)
    driver.wait(lambda: session.index == 0, "the first frame")
    if not state_now(driver).images:
        driver.leave_out("Visibility: the steps begin with camera pictures, and this drive has none.")
        return
    driver.window.set_workspace("labels")
    for name in ("affinity_matrix", "pseudo_labels", "flips"):
        driver.window.docks[name].setVisible(False)
    driver.window.docks["visibility"].raise_()
    turn(100)
    _picture(driver)
    _threshold(driver)
    if TRUTH in state_now(driver).frame.extra:
        _wrong_matches(driver)
    else:
        driver.leave_out("Wrong matches: what the camera really sees is known on demo drives alone.")
    _put_back(driver)


def _put_back(driver: Driver) -> None:
    seen = driver.session.visibility
    driver.session.select(np.zeros(0, np.int64))
    seen.set_show("layer")
    seen.set_borders(False)
    seen.reset_options()
    driver.session.set_layer("height")
    driver.window.reset_layout()
    driver.window.set_workspace("browse")


def _picture(driver: Driver) -> None:
    """Borders of superpixels, points by the test, and what stands beside the pointer."""
    seen = driver.session.visibility

    def work() -> None:
        driver.window.setFocus()
        shift = Qt.KeyboardModifier.ShiftModifier
        driver.key(Qt.Key.Key_V, shift)
        driver.key(Qt.Key.Key_B, shift)
        _looked(driver)
        driver.check(seen.show == "visibility" and seen.borders, "Shift+V and Shift+B show what the camera sees")
        picture, cut = _now(seen)
        segments = cut.segments
        border = np.zeros(segments.shape, bool)
        border[:, :-1] |= np.diff(segments, axis=1) != 0
        border[:-1] |= np.diff(segments, axis=0) != 0
        same = bool(np.array_equal(np.flatnonzero(border), cut.border))
        driver.check(same, f"the borders of {len(cut)} superpixels lie where neighbouring pixels differ")
        frame = state_now(driver).frame
        pixel, depth, inside = projected(frame, frame.camera(picture.camera))
        driver.check(
            abs(int(inside.sum()) - len(picture.rows)) <= 2, f"{len(picture.rows)} points fall into the picture"
        )
        own = segments[pixel[inside, 1].astype(int), pixel[inside, 0].astype(int)]
        for number in np.unique(own)[::40]:
            least = float(depth[inside][own == number].min())
            if abs(least - float(cut.depth[number])) > 1e-3:
                raise TourError(f"Superpixel {number} is {least:.3f} m deep by searching, not what is told.")
        driver.check(True, "the depth of a superpixel is that of the nearest point in it")
        _hover(driver, picture, ~picture.visible)

    driver.take("visibility in the picture", work)


def _hover(driver: Driver, picture: VisibilityPicture, wanted: np.ndarray) -> None:
    """The plate beside the pointer, at that of the ``wanted`` (M,) bool points that is nearest the middle."""
    panel = driver.window.docks["cameras"].panel
    if not isinstance(panel, CamerasPanel):
        return
    rows = picture.rows[wanted]
    if not len(rows):
        driver.note("no such point is in this picture")
        return
    frame = state_now(driver).frame
    camera = frame.camera(picture.camera)
    pixel = projected(frame, camera)[0][rows]
    at = panel.canvas.to_widget(*pixel[np.abs(pixel - np.array(camera.size) / 2).sum(axis=1).argmin()])
    driver.move(panel.canvas, QPoint(round(at.x()), round(at.y())))
    turn(100)
    lines = panel.canvas.said
    driver.check(bool(lines) and " · D " in lines[0], f"beside the pointer: {'; '.join(lines)}")


def _threshold(driver: Driver) -> None:
    """The paper's rule, and its T_D on the slider."""
    seen, panel = driver.session.visibility, _panel(driver)

    def work() -> None:
        button = panel.rule.rules.buttons["paper"]
        driver.click(button, button.rect().center())
        _looked(driver)
        before = int(_now(seen)[0].visible.sum())
        row = panel.rule.threshold
        start, end = (_x_of(row, value) for value in (0.5, WANTED))
        y = row.slider.height() // 2
        driver.drag(row.slider, np.linspace([start, y], [end, y], 12), pause_ms=60)
        _looked(driver)
        picture, cut = _now(seen)
        options = seen.options
        driver.check(options.threshold > 1.0, f"the slider was dragged to T_D = {options.threshold:g} m")
        frame = state_now(driver).frame
        _pixel, depth, inside = projected(frame, frame.camera(picture.camera))
        wanted = by_the_paper(frame, frame.camera(picture.camera), cut.segments, options.threshold)
        shown = np.zeros(len(frame), bool)
        shown[picture.rows] = picture.visible
        share = float((shown == wanted)[inside].mean())
        driver.check(share > SAME, f"equations 9 and 10 written out again agree on {100 * share:.2f} % of points")
        driver.note(f"visible: {before} at T_D 0.5 m, {int(picture.visible.sum())} at {options.threshold:g} m")
        driver.note(f"median depth of the hidden {float(np.median(depth[inside & ~wanted])):.1f} m")
        if picture.own.score is not None:
            _check_scores(driver, picture, frame.extra[TRUTH][picture.rows])

    driver.take("visibility threshold", work)


def _check_scores(driver: Driver, picture: VisibilityPicture, truth: np.ndarray) -> None:
    """Figures and curves against counting."""
    score = picture.own.score
    assert score is not None
    kept = picture.visible
    precision, recall = float((truth[kept] == 1).mean()), float(kept[truth == 1].mean())
    f1 = 2 * precision * recall / (precision + recall)
    driver.check(abs(f1 - score.f1) < 1e-9, f"F1 {f1:.3f} by counting is what is shown")
    curve = next(one for one in picture.curves if one.rule == "paper")
    at = curve.thresholds.index(picture.options.threshold)
    driver.check(abs(curve.scores[at].f1 - f1) < 1e-9, "and what the curve has at this threshold")


def _wrong_matches(driver: Driver) -> None:
    """Back to the usual rule; the wrong matches that it removes, selected and coloured."""
    session, seen, panel = driver.session, driver.session.visibility, _panel(driver)

    def work() -> None:
        driver.click(panel.rule.reset, panel.rule.reset.rect().center())
        button = panel.shows.buttons["match"]
        driver.click(button, button.rect().center())
        driver.click(panel.borders, QPoint(8, panel.borders.height() // 2))
        driver.click(panel.in_3d, QPoint(8, panel.in_3d.height() // 2))
        _looked(driver)
        driver.wait(lambda: shows(driver, "match") and not driver.busy("left"), "the matches in the view", SECONDS)
        picture = _now(seen)[0]
        turn(50)
        group = panel.groups[REMOVED]
        driver.click(group, group.rect().center())
        turn(50)
        truth = state_now(driver).frame.extra[TRUTH]
        hidden = np.zeros(len(truth), bool)
        hidden[picture.rows] = ~picture.visible
        wanted = np.flatnonzero((truth == 2) & hidden)
        driver.check(
            bool(np.array_equal(session.selection, wanted)),
            f"a click selects the {len(wanted)} points that are hidden in truth and by the rule",
        )
        values = state_now(driver).cloud.layers["match"].values
        counts = {kind: int((values == kind).sum()) for kind in (REMOVED, KEPT, LOST)}
        driver.check(
            all(len(picture.matching(kind)) == count for kind, count in counts.items()),
            f"{counts[REMOVED]} wrong matches are removed, {counts[KEPT]} kept; {counts[LOST]} right ones are lost",
        )
        _hover(driver, picture, np.isin(picture.rows, picture.matching(REMOVED)))

    driver.take("wrong matches", work)


def projected(frame: Frame, camera: CameraView) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels (N, 2), depths (N,) and whether each point is in the picture (N,), written out in float64."""
    with np.errstate(all="ignore"):
        points = np.hstack([frame.points.astype(np.float64), np.ones((len(frame), 1))])
        x, y, z = (points @ camera.camera_from_sensor.T)[:, :3].T
        k = camera.intrinsics
        pixel = np.stack([k[0, 0] * x / z + k[0, 1] * y / z + k[0, 2], k[1, 1] * y / z + k[1, 2]], axis=1)
        width, height = camera.size
        inside = (z > 0.1) & (pixel >= 0).all(axis=1) & (pixel < (width, height)).all(axis=1)
    return pixel, z, inside


def by_the_paper(frame: Frame, camera: CameraView, segments: np.ndarray, t_d: float) -> np.ndarray:
    """(N,) bool: Affinity3D's equations 9 and 10, superpixel by superpixel."""
    pixel, depth, inside = projected(frame, camera)
    rows = np.flatnonzero(inside)
    own = segments[pixel[rows, 1].astype(int), pixel[rows, 0].astype(int)]
    visible = np.zeros(len(frame), bool)
    for number in np.unique(own):
        members = rows[own == number]
        visible[members] = depth[members] - depth[members].min() < t_d
    return visible


def _looked(driver: Driver) -> None:
    """Wait until the view shows what is chosen now, superpixels included."""
    seen = driver.session.visibility

    def done() -> bool:
        if seen.problem:
            raise TourError(seen.problem)
        picture = seen.picture
        return picture is not None and picture.options == seen.options and not seen.looking

    driver.wait(done, "what the camera sees", SECONDS)
    turn(100)


def _now(seen: SessionVisibility) -> tuple[VisibilityPicture, PictureSuperpixels]:
    picture = seen.picture
    if picture is None or picture.superpixels is None:
        raise TourError(f"There are no superpixels. {'' if picture is None else picture.no_superpixels}".strip())
    return picture, picture.superpixels


def _panel(driver: Driver) -> VisibilityPanel:
    panel = driver.window.docks["visibility"].panel
    assert isinstance(panel, VisibilityPanel)
    return panel


def _x_of(row: MarkedSlider, value: float) -> float:
    """Where a slider's handle stands at a value, in its pixels."""
    return HANDLE / 2 + row.place_of(value) / row.slider.maximum() * (row.slider.width() - HANDLE)
