"""The Surface workspace on a small drive: what is drawn, the region box by dragging, what is held against it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from window_helpers import MakeWindow, settle, viewport

from app.core import session_surface_watch
from app.core.errors import UsageError
from app.core.render.camera import look_at
from app.core.render.scene import Cloud, Lines, Mesh
from app.core.surface.result import SurfaceOptions
from app.core.surface.view import QueryView
from app.ui import surface_items, surface_region, surfacing
from app.ui.main_window import MainWindow
from app.ui.panels import surface as surface_panel
from app.ui.panels.surface import SurfacePanel
from app.ui.panels.surface_beside import NEEDS_SURFACE, SurfaceBesidePanel

BOX = (5.0, -4.0, -2.5, 14.0, 4.0, 1.0)


@pytest.fixture
def window(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """A window in the workspace, coarse and by lines of sight so that it is quick; nothing is switched on."""
    monkeypatch.setattr(session_surface_watch, "shipped", tuple)
    window.session.surface.set_options(baseline="tsdf", step=0.8, box=BOX)
    window.set_workspace("surface")
    window.activateWindow()
    settle()
    return window


@pytest.fixture
def on(window: MainWindow) -> MainWindow:
    """The same with the surface of the frame in view."""
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert window.session.surface.state.on and not window.session.surface.state.problem
    return window


def panel(window: MainWindow) -> SurfacePanel:
    found = window.docks["surface"].panel
    assert isinstance(found, SurfacePanel)
    return found


def beside(window: MainWindow) -> SurfaceBesidePanel:
    found = window.docks["surface_beside"].panel
    assert isinstance(found, SurfaceBesidePanel)
    return found


def mesh(window: MainWindow) -> Mesh:
    item = viewport(window).items[surface_items.SURFACE]
    assert isinstance(item, Mesh)
    return item


def mouse(widget: QWidget, kind: QEvent.Type, at: QPointF, *, down: bool) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(
        kind,
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        button,
        left if down else none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


# what is said and drawn


def test_it_says_what_to_do_before_it_is_switched_on(window: MainWindow) -> None:
    assert panel(window).off.text() == surface_panel.OFF and not panel(window).how.isVisible()
    assert beside(window).measures.told.text() == NEEDS_SURFACE
    assert not window.menus.actions["surface.measure"].isEnabled()
    assert surface_items.SURFACE not in viewport(window).items


def test_nothing_is_loaded_for_surfaces_before_their_panel_is_seen(
    make_window: MakeWindow, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_surface_watch, "shipped", tuple)
    asked: list[SurfaceOptions] = []
    window = make_window(drive)
    surface = window.session.surface
    monkeypatch.setattr(surface._warming, "ask", lambda _key, *_heard, options, **_: asked.append(options))
    settle()
    assert asked == []
    window.set_workspace("surface")
    settle()
    assert {options.baseline for options in asked} == {"tsdf"}


def test_the_key_draws_the_surface_and_takes_it_away(on: MainWindow) -> None:
    made = on.session.surface.surface
    assert made is not None and mesh(on).vertices is made.vertices
    assert panel(on).power.isChecked() and f"{len(made.triangles)}" in panel(on).made.text().replace("\u2009", "")
    assert surface_items.BOX in viewport(on).items
    QTest.keyClick(on, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert not {surface_items.SURFACE, surface_items.BOX} & set(viewport(on).items)


def test_pictures_that_take_long_wait_while_finer_levels_come(window: MainWindow) -> None:
    window.session.surface.set_options(baseline="tsdf", step=0.2, box=BOX)
    window.session.surface.turn_on()
    calls = [(name, given) for name, given in viewport(window).calls if name in ("hold", "set_item")]
    drawn = [k for k, (name, given) in enumerate(calls) if name == "set_item" and given[0] == surface_items.SURFACE]
    assert len(drawn) > 1
    assert ("hold", (True,)) in calls[: drawn[0]]
    assert [name for name, _given in calls[drawn[0] : drawn[-1]]].count("hold") == 0
    assert calls[-1] == ("hold", (False,))


def test_a_second_view_has_it_too(on: MainWindow) -> None:
    on.session.split(True)
    settle()
    assert surface_items.SURFACE in viewport(on, "right").items


def test_its_look_changes_and_nothing_is_made(on: MainWindow) -> None:
    made = on.session.surface.surface
    panel(on).look.opacity.field.setValue(0.5)
    panel(on).look.edges.click()
    settle()
    assert mesh(on).opacity == 0.5 and mesh(on).wireframe
    panel(on).look.visible.click()
    settle()
    assert surface_items.SURFACE not in viewport(on).items
    assert on.session.surface.surface is made
    panel(on).look.points.click()
    settle()
    cloud = viewport(on).items["cloud"]
    assert isinstance(cloud, Cloud) and cloud.shown is not None and not cloud.shown.any()
    QTest.keyClick(on, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    settle()
    cloud = viewport(on).items["cloud"]
    assert isinstance(cloud, Cloud) and (cloud.shown is None or cloud.shown.all())


def test_a_number_makes_it_anew_and_undo_brings_the_old_one_back(on: MainWindow) -> None:
    before = on.session.surface.surface
    panel(on).how.rows["threshold"].field.setValue(0.3)
    settle()
    after = on.session.surface.surface
    assert after is not None and before is not None and on.session.surface.state.options.threshold == 0.3
    assert not np.array_equal(after.vertices, before.vertices)
    assert panel(on).how.rows["threshold"].button.isVisible()
    on.session.undo()
    settle()
    assert panel(on).how.rows["threshold"].field.value() == 0.5


def test_colours_of_a_network_are_not_on_offer_for_lines_of_sight(on: MainWindow) -> None:
    combo = panel(on).look.colors
    enabled = [bool(combo.itemData(i, Qt.ItemDataRole.UserRole - 1)) for i in range(combo.count())]
    assert enabled == [True, True, False, False, False, True]
    QTest.keyClick(on, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert on.session.surface.state.options.color == "class" and combo.currentText() == "Class"


def test_a_box_without_points_is_a_sentence(on: MainWindow) -> None:
    on.desk.surfacing.set_box((5.0, 60.0, -2.0, 9.0, 64.0, 2.0))
    settle()
    assert panel(on).problem.isVisible() and "box" in panel(on).problem.text()
    assert surface_items.SURFACE not in viewport(on).items and surface_items.BOX in viewport(on).items
    panel(on).offer.click()
    settle()
    assert not panel(on).problem.isVisible() and on.session.surface.state.box is None


def test_what_does_not_fit_offers_what_does(on: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.surface import limits

    real = limits.free_memory
    monkeypatch.setattr(limits, "free_memory", lambda: 400_000)
    on.session.surface.set_options(step=0.05)
    settle()
    state = on.session.surface.state
    assert state.finest is not None and panel(on).offer.isVisible() and "memory" in panel(on).problem.text()
    monkeypatch.setattr(limits, "free_memory", real)
    panel(on).offer.click()
    settle()
    assert on.session.surface.state.options.step == state.finest and not panel(on).offer.isVisible()


def test_a_checkpoint_without_a_head_offers_to_choose_another(on: MainWindow, tiny_network: Path) -> None:
    on.session.surface.set_options(checkpoint=tiny_network)
    settle()
    assert "head" in panel(on).problem.text() and panel(on).offer.text() == "Choose a checkpoint…"


# the region box


def test_a_rectangle_drawn_from_above_is_the_box(window: MainWindow) -> None:
    view = viewport(window)
    frame = window.session.frame_state
    assert frame is not None and view.on_region is not None
    view.camera = look_at(np.array([10.0, 0.0, 40.0]), np.array([10.0, 0.01, 0.0]))
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    assert window.desk.tool == surfacing.TOOL and view.tool == surfacing.TOOL
    size = (window.area.views["left"].width(), window.area.views["left"].height())
    wanted = np.array([[6.0, -3.0, -1.7], [14.0, 5.0, -1.7]])
    corners = view.camera.project(wanted, *size)[0]
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    view.on_region(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), set())
    settle()
    state = window.session.surface.state
    assert state.on and state.box is not None and window.desk.tool == "navigate"
    assert np.allclose(state.box[:2] + state.box[3:5], (6, -3, 14, 5), atol=0.1)
    inside = frame.frame.points[(np.abs(frame.frame.points[:, :2] - [10, 1]) < 4).all(axis=1), 2]
    assert state.box[2] <= np.percentile(inside, 2) and state.box[5] >= np.percentile(inside, 98)
    assert panel(window).where.fields[0].value() == state.box[0]


def test_an_empty_rectangle_is_told_and_escape_puts_the_tool_away(window: MainWindow) -> None:
    view = viewport(window)
    window.desk.surfacing.toggle_tool()
    assert panel(window).where.drag is not None and view.on_region is not None
    view.on_region(np.array([[0.0, 0], [2, 0], [2, 2], [0, 2]]), set())
    settle()
    assert panel(window).problem.text() == surfacing.NOTHING_INSIDE and window.desk.tool == surfacing.TOOL
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.desk.tool == "navigate"


def test_a_side_is_dragged_and_escape_takes_it_back(on: MainWindow) -> None:
    handles, widget = on.area.views["left"].handles, viewport(on).widget
    camera = look_at(np.array([9.5, 0.0, 30.0]), np.array([9.5, 0.01, 0.0]))
    handles.set_camera(camera)
    assert np.isnan(handles.pixels()[4:6]).all(), "from above nobody can drag up and down"
    start = QPointF(*handles.pixels()[1])  # the high side of x
    size = (handles.width(), handles.height())
    end = QPointF(*camera.project(np.array([[17.0, 0.0, -0.75]]), *size)[0][0])
    mouse(widget, QEvent.Type.MouseButtonPress, start, down=True)
    mouse(widget, QEvent.Type.MouseMove, end, down=True)
    settle()
    box = on.session.surface.state.box
    assert box is not None and box[3] == pytest.approx(17.0, abs=0.1) and box[:3] == BOX[:3]
    QTest.keyClick(on, Qt.Key.Key_Escape)
    settle()
    assert on.session.surface.state.box == BOX
    mouse(widget, QEvent.Type.MouseButtonRelease, end, down=False)
    mouse(widget, QEvent.Type.MouseButtonPress, start, down=True)
    mouse(widget, QEvent.Type.MouseMove, end, down=True)
    mouse(widget, QEvent.Type.MouseButtonRelease, end, down=False)
    settle()
    on.session.undo()
    settle()
    assert on.session.surface.state.box == BOX, "a drag is one change"


def test_the_middle_moves_the_box_at_its_height() -> None:
    camera = look_at(np.array([0.0, 0.0, 30.0]), np.array([0.0, 0.01, 0.0]))
    ray = camera.ray(*camera.project(np.array([[12.5, 1.0, -0.75]]), 800, 600)[0][0], 800, 600)
    moved = surface_region.dragged(BOX, surface_region.MIDDLE, *ray)
    assert np.allclose(np.array(moved) - BOX, [3, 1, 0, 3, 1, 0], atol=0.02)


def test_from_the_side_what_lies_far_behind_is_left_out() -> None:
    rng = np.random.default_rng(0)
    near, far = (rng.uniform(-1, 1, (500, 3)) + np.array([x, 0, 0]) for x in (10, 60))
    camera = look_at(np.array([0.0, 0.0, 0.5]), np.array([10.0, 0.0, 0.0]))
    rectangle = np.array([[200.0, 100], [600, 100], [600, 500], [200, 500]])
    box = surface_region.drawn(np.concatenate([near, far]).astype(np.float32), camera, rectangle, (800, 600))
    assert box is not None and 8 < box[0] < 9.2 and 10.8 < box[3] < 12


# beside it


def test_queries_are_shown_without_a_surface_and_counted(window: MainWindow) -> None:
    window.session.surface.set_queries(QueryView(count=300))
    settle()
    queries = window.session.surface.queries
    assert queries is not None and beside(window).queries.body.isVisible()
    assert sum(row.count for row in beside(window).queries.counts.rows[:3]) == len(queries) == 300
    marks, rays = (viewport(window).items[name] for name in (surface_items.QUERIES, surface_items.RAYS))
    assert isinstance(marks, Mesh) and len(marks.vertices) == 6 * 300 and isinstance(rays, Lines)
    beside(window).queries.rays.click()
    settle()
    assert surface_items.RAYS not in viewport(window).items
    QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert surface_items.QUERIES not in viewport(window).items


def test_very_many_queries_are_points(window: MainWindow) -> None:
    window.session.surface.set_queries(QueryView(count=surface_items.MOST_MARKS + 1))
    settle()
    assert isinstance(viewport(window).items[surface_items.QUERIES], Cloud)


def test_a_slice_is_drawn_and_moved(on: MainWindow) -> None:
    beside(on).cut.planes.buttons["along"].click()
    settle()
    picture = on.session.surface.slice
    assert picture is not None and surface_items.SLICE in viewport(on).items
    assert np.isfinite(picture.values).any() and beside(on).cut.told.text()
    beside(on).cut.rows["along"].field.setValue(2.0)
    settle()
    moved = on.session.surface.slice
    assert moved is not None and moved.options.position == 2.0
    beside(on).cut.planes.buttons[""].click()
    settle()
    assert surface_items.SLICE not in viewport(on).items


def test_later_scans_are_counted_as_they_are_drawn(on: MainWindow) -> None:
    beside(on).later.frames.field.setValue(2)
    settle()
    scans = on.session.surface.later
    assert scans is not None, on.session.surface.state.later_problem
    cloud = viewport(on).items[surface_items.LATER]
    assert isinstance(cloud, Cloud) and not cloud.pickable
    for kind, row in zip(surface_items.LATER_COLORS, beside(on).later.counts.rows, strict=True):
        same = (cloud.colors == surface_items.LATER_COLORS[kind]).all(axis=1)
        assert row.count == int(same.sum()) == int((scans.kind == kind).sum())


def test_export_says_what_it_writes(on: MainWindow, tmp_path: Path) -> None:
    on.session.surface.export(tmp_path / "made.ply")
    settle()
    assert (tmp_path / "made.ply").stat().st_size > 500
    with pytest.raises(UsageError):
        on.session.surface.export(tmp_path / "made.stl")


# room


@pytest.mark.parametrize("size", [(1280, 800), (1680, 1020)])
def test_nothing_is_cut_at_the_side(on: MainWindow, size: tuple[int, int]) -> None:
    on.resize(*size)
    on.desk.surfacing.ask(True, count=300)
    on.desk.surfacing.cut("horizontal")
    settle()
    for name in ("surface", "surface_beside"):
        area = on.docks[name].widget()
        assert isinstance(area, QScrollArea)
        held = area.widget()
        assert held is not None and held.minimumSizeHint().width() <= area.viewport().width(), name
