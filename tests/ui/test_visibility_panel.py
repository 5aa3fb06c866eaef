"""The visibility view in the window: rule and threshold live, points and borders over the picture, matches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from small_drive import SmallDrive, write_small_drive, write_truth
from window_helpers import MakeWindow, settle

from app.core.geometry.visibility_measures import KEPT, LOST, REMOVED
from app.core.layers.match import MATCHES
from app.core.layers.visible import STATES
from app.core.session_visibility import DEFAULT, NO_CAMERA
from app.ui.image_points import packed
from app.ui.main_window import MainWindow
from app.ui.panels.cameras import CamerasPanel
from app.ui.panels.visibility import NOTHING, UNKNOWN, VisibilityPanel

SHIFT = Qt.KeyboardModifier.ShiftModifier
GREEN, RED = (int(packed(STATES.colors[k][None])[0]) for k in (1, 2))


@pytest.fixture
def window(make_window: MakeWindow, tmp_path: Path) -> MainWindow:
    """A window that shows both panels, on a drive whose truth is known."""
    drive = write_small_drive(tmp_path / "known", frames=3)
    write_truth(drive)
    return looking(make_window(drive.root))


def looking(window: MainWindow) -> MainWindow:
    for name in ("visibility", "cameras"):
        window.docks[name].setVisible(True)
    window.docks["visibility"].raise_()
    settle()
    return window


def panel(window: MainWindow) -> VisibilityPanel:
    found = window.docks["visibility"].panel
    assert isinstance(found, VisibilityPanel)
    return found


def cameras(window: MainWindow) -> CamerasPanel:
    found = window.docks["cameras"].panel
    assert isinstance(found, CamerasPanel)
    return found


def pixels(window: MainWindow) -> np.ndarray:
    """What the picture shows now."""
    cameras(window).settle()
    array = cameras(window).canvas._array
    assert array is not None
    return array


def point_at(window: MainWindow, place: int) -> QPoint:
    """Where a point of the picture stands in the widget."""
    picture, seen = window.session.visibility.picture, cameras(window)
    assert picture is not None and seen._points is not None
    at = seen._points.pixel_of(int(picture.rows[place]))
    assert at is not None
    return seen.canvas.to_widget(*at).toPoint()


def test_the_panel_tells_what_the_camera_sees(window: MainWindow) -> None:
    picture = window.session.visibility.picture
    assert picture is not None and panel(window).body.isVisible()
    values = {row.name: row.value for row in panel(window).counts.rows}
    assert values["Hidden"] == str(picture.own.hidden) and values["Visible"].startswith(str(picture.own.visible))
    scores = {row.name: row.value for row in panel(window).scores.rows}
    assert picture.own.score is not None
    assert scores["F1"] == f"{100 * picture.own.score.f1:.1f} %"
    assert panel(window).truth.isVisible() and not panel(window).unknown.isVisible()
    assert not panel(window).rule.reset.isEnabled() and not panel(window).state.isVisible()


def test_rule_and_threshold_are_live_and_can_be_undone(window: MainWindow) -> None:
    visibility, shown = window.session.visibility, panel(window)
    QTest.mouseClick(shown.rule.rules.buttons["paper"], Qt.MouseButton.LeftButton)
    settle()
    assert visibility.options.rule == "paper" and shown.rule.threshold.title.text() == "T_D"
    assert shown.rule.threshold.value.text() == "0.50 m" and not shown.rule.threshold.value.font().bold()
    assert not shown.rule.share.isVisible() and shown.rule.reset.isEnabled()
    before = visibility.picture
    shown.rule.threshold.slider.setValue(shown.rule.threshold.place_of(2.0))
    settle()
    now = visibility.picture
    assert before is not None and now is not None and now.own.visible > before.own.visible
    assert visibility.options.threshold == 2.0 and shown.rule.threshold.value.font().bold()
    values = {row.name: row.value for row in shown.counts.rows}
    assert values["Hidden"] == str(now.own.hidden)
    window.session.undo()
    settle()
    assert shown.rule.threshold.value.text() == "0.50 m"
    QTest.mouseClick(shown.rule.reset, Qt.MouseButton.LeftButton)
    settle()
    assert visibility.options == DEFAULT and shown.rule.share.isVisible()
    visibility.set_options(tolerance=0.123)
    settle()
    assert shown.rule.threshold.value.text() == "0.12 m", "what is not on offer is shown as it is"


def test_each_rule_has_its_own_numbers(window: MainWindow) -> None:
    rule = panel(window).rule
    parts = {"share": rule.share, "radius": rule.radius}
    wanted = {"slope": {"share"}, "paper": set(), "zbuffer": {"share", "radius"}, "depth_ratio": {"radius"}}
    for name, there in wanted.items():
        QTest.mouseClick(rule.rules.buttons[name], Qt.MouseButton.LeftButton)
        settle()
        assert {key for key, row in parts.items() if row.isVisible()} == there
    assert rule.threshold.value.text() == "10 %"
    rule.radius.slider.setValue(rule.radius.place_of(4.0))
    settle()
    assert window.session.visibility.options.radius == 4.0


def test_the_curves_show_each_rule_and_a_drag_moves_the_threshold(window: MainWindow) -> None:
    curves, visibility = panel(window).curves, window.session.visibility
    picture = visibility.picture
    assert picture is not None and picture.own.score is not None
    slope = picture.curves[0]
    assert curves.present_value(slope) == pytest.approx(picture.own.score.f1)
    assert curves.threshold_at(curves.x_of(2.0)) == 2.0
    panel(window).measure.setCurrentIndex(panel(window).measure.findData("removed"))
    assert curves.present_value(slope) == pytest.approx(picture.own.score.removed)
    QTest.mouseClick(curves, Qt.MouseButton.LeftButton, pos=QPoint(round(curves.x_of(4.0)), curves.height() // 2))
    settle()
    assert visibility.options.tolerance == 4.0
    visibility.set_options(rule="depth_ratio")
    settle()
    curves.grab()
    assert curves.threshold_at(curves.x_of(0.2)) == 0.2, "another unit, another axis"


def test_points_and_borders_over_the_picture(window: MainWindow) -> None:
    visibility = window.session.visibility
    visibility.set_options(rule="paper", superpixels="grid", segments=40)
    plain = pixels(window).copy()
    assert not np.isin(plain, (GREEN, RED)).any()
    QTest.keyClick(window, Qt.Key.Key_V, SHIFT)
    settle()
    assert cameras(window).eye_button.isChecked() and panel(window).shows.buttons["visibility"].isChecked()
    tested = pixels(window).copy()
    assert (tested == GREEN).any() and (tested == RED).any()
    QTest.keyClick(window, Qt.Key.Key_B, SHIFT)
    settle()
    assert panel(window).borders.isChecked() and cameras(window).borders_button.isChecked()
    bordered = pixels(window).copy()
    picture = visibility.picture
    assert picture is not None and picture.superpixels is not None
    changed = np.flatnonzero(bordered != tested)
    assert len(changed) and np.isin(changed, np.flatnonzero(~np.isin(tested, (GREEN, RED)))).all(), "points stay"
    assert np.isin(picture.superpixels.border, changed).mean() > 0.3
    cameras(window).set_points_shown(False)
    assert not np.isin(pixels(window), (GREEN, RED)).any()
    QTest.keyClick(window, Qt.Key.Key_B, SHIFT)
    QTest.keyClick(window, Qt.Key.Key_V, SHIFT)
    cameras(window).set_points_shown(True)
    settle()
    np.testing.assert_array_equal(pixels(window), plain)


def test_the_plate_beside_the_pointer_tells_both_depths(window: MainWindow) -> None:
    visibility, canvas = window.session.visibility, cameras(window).canvas
    visibility.set_show("visibility")
    visibility.set_borders(True)
    visibility.set_options(rule="paper", superpixels="grid", segments=40)
    settle()
    picture = visibility.picture
    assert picture is not None and picture.superpixels is not None
    place = int(np.flatnonzero(~picture.visible)[0])
    at = canvas.to_picture(point_at(window, place).toPointF())
    assert at is not None
    cameras(window)._on_hover(*at)
    hover = window.session.hover.index
    assert hover is not None
    place = visibility.place(hover)
    assert place is not None
    depth, surface = float(picture.depth[place]), float(picture.surface[place])
    assert canvas.said[0].endswith(f"D {depth:.2f} m · D_sp {surface:.2f} m")
    sign = "<" if picture.visible[place] else "≥"
    assert canvas.said[1] == f"D − D_sp = {depth - surface:.2f} m {sign} T_D 0.50 m"
    number = picture.superpixels.at(*at)
    assert number is not None and f"superpixel {number} here" in canvas.said[2] and "in truth" in canvas.said[3]
    assert len(canvas._edges) == len(picture.superpixels.outline(number)) > 3
    cameras(window)._on_hover(1.0, 1.0)  # sky: no point, but a superpixel
    assert len(canvas.said) == 1 and "no point falls into it" in canvas.said[0]
    visibility.set_options(rule="slope")
    settle()
    cameras(window)._on_hover(*at)
    assert "limit" in canvas.said[1] and "D_sp" not in canvas.said[0], "the slope rule knows no D_sp"
    cameras(window)._on_hover(None, None)
    assert canvas.said == () and not len(canvas._edges)
    canvas.grab()


def test_the_matches_of_a_kind_are_selected_and_coloured(window: MainWindow) -> None:
    shown, session = panel(window), window.session
    session.visibility.set_options(rule="paper", superpixels="grid", segments=40)
    settle()
    picture = session.visibility.picture
    assert picture is not None
    for kind in (REMOVED, KEPT, LOST):
        rows = picture.matching(kind)
        assert str(len(rows)) in shown.groups[kind].text() and shown.groups[kind].isEnabled() == bool(len(rows))
        if len(rows):
            QTest.mouseClick(shown.groups[kind], Qt.MouseButton.LeftButton)
            np.testing.assert_array_equal(session.selection, rows)
    session.select(np.zeros(0, np.int64))
    shown.in_3d.click()
    QTest.mouseClick(shown.shows.buttons["match"], Qt.MouseButton.LeftButton)
    settle()
    assert session.views["left"].layer == "match" and shown.in_3d.isChecked()
    inks = [int(packed(MATCHES.colors[kind][None])[0]) for kind in (REMOVED, LOST)]
    assert all((pixels(window) == ink).any() for ink in inks)
    shown.in_3d.click()
    settle()
    assert session.views["left"].layer == "height"


def test_on_a_recorded_drive_it_says_what_is_not_known(make_window: MakeWindow, drive: Path) -> None:
    window = make_window()
    window.docks["visibility"].setVisible(True)
    assert panel(window).state.text() == NOTHING and not panel(window).body.isVisibleTo(panel(window))
    window.session.open(drive)
    looking(window)
    assert panel(window).unknown.text() == UNKNOWN and not panel(window).truth.isVisible()
    assert not panel(window).shows.buttons["match"].isEnabled()


def test_what_cannot_be_is_said_in_the_panel(make_window: MakeWindow, tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path / "odd", frames=2)
    (drive.root / "sequences/00/image_2/000000.png").write_bytes(b"no picture")
    window = looking(make_window(drive.root))
    assert "is not a whole image" in panel(window).state.text(), "no superpixels, but the test goes on"
    assert panel(window).counts.rows and panel(window).body.isVisible()
    window.session.visibility.set_show("visibility")
    window.session.visibility.set_options(rule="paper")
    settle()
    assert "is not a whole image" in panel(window).state.text()
    cameras(window).settle()
    window.session.visibility.set_options(superpixels="grid", threshold=0.0)
    settle()
    assert panel(window).counts.rows[0].value.startswith("0 · 0.0 %"), "all points hidden"
    _without_calibration(window, write_small_drive(tmp_path / "bare", frames=1))


def _without_calibration(window: MainWindow, drive: SmallDrive) -> None:
    (drive.root / "sequences/00/calib.txt").unlink()
    window.session.open(drive.root)
    settle()
    assert panel(window).state.text() == NO_CAMERA and not panel(window).body.isVisible()


def test_a_hidden_panel_asks_for_nothing(window: MainWindow) -> None:
    assert window.session.visibility.picture is not None
    window.docks["visibility"].setVisible(False)
    settle()
    assert window.session.visibility.picture is None
    window.session.visibility.set_borders(True)
    settle()
    assert window.session.visibility.picture is not None, "the pictures need it now"
    window.docks["cameras"].setVisible(False)
    settle()
    assert window.session.visibility.picture is None
