"""What the panels say of a drive: problems, absences, counts, tasks, values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QTreeWidgetItem
from small_drive import write_small_drive
from window_helpers import MakeWindow

from app.core.layers.base import Kind
from app.core.state import RangeMode
from app.ui.main_window import MainWindow
from app.ui.panels.data import DataPanel
from app.ui.panels.inspector import InspectorPanel
from app.ui.panels.layers import LayersPanel
from app.ui.panels.legend import LegendPanel
from app.ui.panels.log import LogPanel
from app.ui.panels.tasks import TasksPanel
from app.ui.panels.view import ViewPanel
from app.ui.text import shortened
from app.ui.widgets.rows import Role


def texts(rows: QListWidget) -> list[str]:
    return [rows.item(i).text() for i in range(rows.count())]


def children(row: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    return [row.child(i) for i in range(row.childCount())]


def panel(window: MainWindow, name: str, kind: type) -> object:
    found = window.docks[name].panel
    assert isinstance(found, kind)
    return found


def test_the_tree_says_what_is_missing(make_window: MakeWindow, tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path / "bare", frames=3, labels=False, poses=False).root
    (drive / "sequences" / "00" / "times.txt").unlink()
    window = make_window(drive)
    tree = panel(window, "data", DataPanel).tree  # type: ignore[attr-defined]
    sequence = children(tree.topLevelItem(0))[0]
    assert sequence.text(0) == "00" and sequence.data(0, Role.NOTE) == "3 frames"
    said = " ".join(row.toolTip(0) for row in children(sequence))
    assert "times.txt" in said and "label" in said and "pose" in said


def test_a_click_on_a_sequence_shows_it(make_window: MakeWindow, tmp_path: Path) -> None:
    root = write_small_drive(tmp_path / "two", frames=2).root
    (root / "sequences" / "00").rename(root / "sequences" / "05")
    write_small_drive(root, frames=4)
    window = make_window(root)
    data = panel(window, "data", DataPanel)
    data._activate(data._sequences["05"])  # type: ignore[attr-defined]
    assert window.session.sequence is not None and window.session.sequence.name == "05"
    assert data._sequences["05"].isSelected() and not data._sequences["00"].isSelected()  # type: ignore[attr-defined]


def test_sentences_in_the_tree_leave_out_the_folder_everybody_sees() -> None:
    sentence = "/data/kitti/sequences/00/times.txt is missing; sweeps play at 10 a second."
    assert shortened(sentence, Path("/data/kitti")) == "times.txt is missing; sweeps play at 10 a second."
    assert shortened("Something else.", Path("/data/kitti")) == "Something else."
    sums = "/data/kitti/poses.txt has 3 m/s at 1/2 of its lines."
    assert shortened(sums, Path("/data/kitti")) == "poses.txt has 3 m/s at 1/2 of its lines."


def test_layers_that_cannot_be_shown_say_why_and_are_not_chosen(window: MainWindow) -> None:
    layers = panel(window, "layers", LayersPanel)
    assert isinstance(layers, LayersPanel)
    missing = next(layer for layer in window.session.layers() if not layer.available)
    row = next(r for r in map(layers.list.item, range(layers.list.count())) if r.data(Role.VALUE) == missing.name)
    assert row.data(Role.DIM) and row.toolTip() == missing.why
    before = window.session.views["left"].layer
    layers._choose(row)
    assert window.session.views["left"].layer == before


def test_the_layer_form_speaks_of_the_shown_layer(window: MainWindow) -> None:
    layers, session = panel(window, "layers", LayersPanel), window.session
    assert isinstance(layers, LayersPanel)
    layers.colormap.setCurrentIndex(layers.colormap.findData("viridis"))
    layers.colormap.activated.emit(layers.colormap.currentIndex())
    assert session.views["left"].style.colormap == "viridis"
    layers.range._on_slider((250, 750))
    style = session.views["left"].style
    assert style.range_mode is RangeMode.MANUAL and style.low < style.high
    assert session.resolved_range("left") == (style.low, style.high)
    session.set_layer("label")
    assert not layers.colormap.isVisible() and not layers.range.isVisible()
    session.set_layer("height")
    assert layers.colormap.currentData() == "viridis" and layers.range_mode.currentData() == "manual"


def test_layers_of_one_kind_can_be_compared(window: MainWindow) -> None:
    layers, session = panel(window, "layers", LayersPanel), window.session
    assert isinstance(layers, LayersPanel)
    offered = [layers.compare.itemData(i) for i in range(layers.compare.count())]
    kinds = {layer.name: layer.kind for layer in session.layers()}
    assert offered[0] is None and len(offered) > 2
    assert all(kinds[name] is Kind.SCALAR for name in offered[1:])
    layers.compare.setCurrentIndex(layers.compare.findData("range"))
    layers.compare.activated.emit(layers.compare.currentIndex())
    assert session.views["left"].compare == "range"


def test_the_legend_counts_hides_and_isolates(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    legend, session = panel(window, "legend", LegendPanel), window.session
    assert isinstance(legend, LegendPanel)
    assert legend.empty.isVisible()
    session.set_layer("label")
    rows = {legend.list.item(i).text(): legend.list.item(i) for i in range(legend.list.count())}
    assert rows["road"].data(Role.NOTE) == "399" and rows["car"].data(Role.NOTE) == "100"
    assert "unknown" in rows and rows["raw id 123"].data(Role.NOTE) == "1"
    # keys that other tests have sent leave their modifiers behind
    monkeypatch.setattr(QApplication, "keyboardModifiers", lambda: Qt.KeyboardModifier.NoModifier)
    legend._on_clicked(rows["road"])
    assert session.views["left"].style.hidden == {9} and rows["road"].data(Role.DIM)
    session.undo()
    assert not rows["road"].data(Role.DIM)
    monkeypatch.setattr(QApplication, "keyboardModifiers", lambda: Qt.KeyboardModifier.ShiftModifier)
    legend._on_clicked(rows["car"])
    shown = session.colors("left")[1]
    assert shown is not None and np.count_nonzero(shown) == 100
    legend._on_clicked(rows["car"])
    assert session.colors("left")[1] is None


def test_the_inspector_shows_and_copies_every_value(window: MainWindow) -> None:
    inspector, session = panel(window, "inspector", InspectorPanel), window.session
    assert isinstance(inspector, InspectorPanel)
    assert inspector.empty.isVisible()
    session.pick(850)
    names = [name for name, _value in inspector.rows()]
    assert {"Position", "Range", "Intensity", "Class", "Instance"} <= set(names)
    assert dict(inspector.rows())["Class"] == "car"
    swatch = next(inspector.list.item(i) for i in range(inspector.list.count()) if names[i] == "Class")
    assert swatch.data(Role.SWATCH).getRgb()[:3] == (100, 150, 245)
    inspector.copy_all()
    copied = QApplication.clipboard().text().splitlines()
    assert len(copied) == len(names) and all("\t" in line for line in copied)
    session.step(1)
    assert inspector.empty.isVisible() and session.picked is None


def test_tasks_that_go_on_stand_above_those_that_ended(window: MainWindow) -> None:
    tasks, session = panel(window, "tasks", TasksPanel), window.session
    assert isinstance(tasks, TasksPanel)
    cancelled: list[int] = []
    first = session.track("First", lambda: cancelled.append(1))
    second = session.track("Second", lambda: None)
    session.tracked_progress(first, 1, 4, "a step")
    session.tracked_end(second, "done")
    order = [tasks._stack.itemAt(i).widget() for i in range(tasks._stack.count() - 1)]
    titles = [row.title.text() for row in order]  # type: ignore[union-attr]
    assert titles.index("First") < titles.index("Second")
    row = tasks._rows[first]
    assert row.bar.value() == 1 and row.bar.maximum() == 4 and row.rest.text().startswith("25 %")
    row.cancel.click()
    assert cancelled == [1]
    session.tracked_end(first, "cancelled")
    assert row.rest.text() == "cancelled" and not row.cancel.isVisible()


def test_work_that_newer_work_replaced_is_not_listed(window: MainWindow) -> None:
    tasks, session = panel(window, "tasks", TasksPanel), window.session
    assert isinstance(tasks, TasksPanel)
    one = session.track("Look at the methods", lambda: None)
    assert one in tasks._rows
    session.tracked_end(one, "replaced")
    assert one not in tasks._rows and one not in [task.id for task in session.tasks]


def test_the_log_keeps_its_end_in_sight_and_marks_errors(window: MainWindow) -> None:
    log = panel(window, "log", LogPanel)
    assert isinstance(log, LogPanel)
    for i in range(60):
        window.session.log_line(f"line {i}", "error" if i == 59 else "info")
    bar = log.list.verticalScrollBar()
    assert texts(log.list)[-1] == "line 59" and bar.value() == bar.maximum()
    assert log.list.item(log.list.count() - 1).data(Role.ICON) == "error:error"


def test_view_sliders_change_settings_and_follow_them(window: MainWindow) -> None:
    view, session = panel(window, "view", ViewPanel), window.session
    assert isinstance(view, ViewPanel)
    view.point_size.slider.setValue(35)
    assert session.settings.point_size == 3.5
    session.update_settings(point_size=5.0)
    assert view.point_size.slider.value() == 50
    view.before.slider.setValue(2)
    assert session.accumulation.before == 2
    view.ticks["grid"].click()
    assert "grid" in session.views["left"].show
    session.set_overlay("grid", False)
    assert not view.ticks["grid"].isChecked()


def test_without_poses_frames_cannot_be_laid_over_each_other(make_window: MakeWindow, tmp_path: Path) -> None:
    window = make_window(write_small_drive(tmp_path / "bare", frames=3, poses=False).root)
    view = panel(window, "view", ViewPanel)
    assert isinstance(view, ViewPanel)
    assert not view.before.isEnabled() and not view.ticks["trajectory"].isEnabled()


def test_panels_speak_of_the_active_view(window: MainWindow) -> None:
    layers, session = panel(window, "layers", LayersPanel), window.session
    assert isinstance(layers, LayersPanel)
    session.split(True)
    session.set_layer("intensity", "right")
    QTest.mouseClick(window.area.views["right"].viewport.widget, Qt.MouseButton.LeftButton)
    assert window.desk.active == "right"
    marked = [r.text() for r in map(layers.list.item, range(layers.list.count())) if r.data(Role.DOT)]
    assert marked == ["Intensity"]
    QTest.keyClick(window, Qt.Key.Key_2)
    assert session.views["right"].layer == "range" and session.views["left"].layer == "height"


def test_what_is_odd_in_a_frame_is_said_over_the_view(make_window: MakeWindow, tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path / "holes", frames=3).root
    (drive / "sequences" / "00" / "labels" / "000001.label").write_bytes(b"\0" * 40)
    (drive / "sequences" / "00" / "image_2" / "000001.png").write_bytes(b"no picture")
    window = make_window(drive)
    chip = window.area.views["left"].notes
    assert "000001" not in chip.toolTip(), "the first frame has a label that nobody lists, and no more"
    window.session.step(1)
    assert chip.isVisible() and "(+" in chip.text()
    assert "000001.label" in chip.toolTip() and "000001.png" in chip.toolTip()
    assert chip.width() < window.area.views["left"].width()
    window.session.step(1)
    assert "000001" not in chip.toolTip()
    window.session.close_drive()
    assert not chip.isVisible()
