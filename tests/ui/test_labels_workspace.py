"""The Labels workspace on a small drive: numbers, a superpoint's story, flips, the matrix, corrections by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QScrollArea, QWidget
from small_drive import write_small_drive
from window_helpers import MakeWindow, settle

from app.core.affinity.inspecting import LAYERS, QueueReport
from app.core.language import choosing
from app.core.language.tiny_clip import write_tiny_clip
from app.ui.main_window import MainWindow
from app.ui.panels import affinity_matrix, flips, instance, pseudo_labels
from app.ui.panels.affinity_matrix import AffinityMatrixPanel
from app.ui.panels.flips import FlipsPanel
from app.ui.panels.instance import InstancePanel
from app.ui.panels.pseudo_labels import PseudoLabelsPanel
from app.ui.tour_own_walk import own_walk
from app.ui.widgets.rows import Role


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a CLIP of random numbers."""
    source = write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")
    assert source.path is not None
    return source.path


def in_workspace(window: MainWindow, tiny: Path) -> MainWindow:
    window.session.language.set_clip(choosing.from_path(tiny))
    window.session.affinity.set_options(setting="annotation-free")
    settle()
    window.set_workspace("labels")
    window.activateWindow()
    settle()
    return window


@pytest.fixture
def window(window: MainWindow, tiny: Path) -> MainWindow:
    """A window in the workspace, with that CLIP; nothing is switched on."""
    return in_workspace(window, tiny)


@pytest.fixture
def on(window: MainWindow) -> MainWindow:
    """The same with labels of the queue in view."""
    window.desk.labelling.toggle()
    for _turn in range(6):
        settle()
    assert report(window).instances > 4 and not report(window).lacking
    return window


def report(window: MainWindow) -> QueueReport:
    found = window.session.affinity.report
    assert found is not None, window.session.affinity.problem
    return found


def panel(window: MainWindow) -> PseudoLabelsPanel:
    found = window.docks["pseudo_labels"].panel
    assert isinstance(found, PseudoLabelsPanel)
    return found


def superpoint(window: MainWindow) -> InstancePanel:
    found = window.docks["instance"].panel
    assert isinstance(found, InstancePanel)
    return found


def flip_list(window: MainWindow) -> FlipsPanel:
    found = window.docks["flips"].panel
    assert isinstance(found, FlipsPanel)
    return found


def matrix(window: MainWindow) -> AffinityMatrixPanel:
    found = window.docks["affinity_matrix"].panel
    assert isinstance(found, AffinityMatrixPanel)
    return found


def own_point(window: MainWindow) -> int:
    """A drawn point of some superpoint of the frame in view."""
    window.session.affinity.select(report(window).own[0])
    settle()
    story = window.session.affinity.story
    assert story is not None and story.frame == window.session.index
    return int(story.points[0])


def point_at(widget: QWidget, at: QPoint) -> None:
    """Move the pointer there."""
    place, none = QPointF(at), Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, QPointF(widget.mapToGlobal(at)), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)


# what is said while there is nothing


def test_every_panel_says_what_to_do_before_it_is_switched_on(window: MainWindow) -> None:
    assert panel(window).off.isVisible() and not panel(window).body.isVisible()
    assert superpoint(window).empty.text() == instance.OFF
    assert flip_list(window).empty.text() == flips.OFF
    assert matrix(window).empty.text() == affinity_matrix.OFF and not matrix(window).map.isVisible()
    assert not window.menus.actions["labels.next_flip"].isEnabled()


def test_the_key_switches_on_and_off(window: MainWindow) -> None:
    layer = window.session.views["left"].layer
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    settle()
    assert window.session.affinity.state.on and window.session.views["left"].layer == LAYERS["after"]
    assert panel(window).power.isChecked() and superpoint(window).empty.text() == instance.EMPTY
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    settle()
    off = window.session.affinity.state
    assert not off.on and window.session.views["left"].layer == layer


def test_without_ground_truth_the_other_setting_is_offered(
    make_window: MakeWindow, tmp_path: Path, tiny: Path
) -> None:
    window = in_workspace(make_window(write_small_drive(tmp_path / "bare", frames=2, labels=False).root), tiny)
    window.session.affinity.set_options(setting="zero-shot")
    window.desk.labelling.toggle()
    settle()
    assert "ground truth" in panel(window).problem.text() and panel(window).offer.isVisible()
    panel(window).offer.click()
    for _turn in range(4):
        settle()
    assert window.session.affinity.state.options.setting == "annotation-free"
    assert not panel(window).problem.isVisible() and not panel(window).offer.isVisible()
    assert panel(window).truth.text() == pseudo_labels.NO_TRUTH and not panel(window).shift.isVisible()


def test_a_drive_without_pictures_says_so(make_window: MakeWindow, tmp_path: Path, tiny: Path) -> None:
    root = write_small_drive(tmp_path / "blind", frames=2).root
    for file in (root / "sequences" / "00" / "image_2").iterdir():
        file.unlink()
    (root / "sequences" / "00" / "image_2").rmdir()
    window = in_workspace(make_window(root), tiny)
    window.desk.labelling.toggle()
    settle()
    assert panel(window).problem.isVisible() and panel(window).problem.text()
    assert superpoint(window).empty.text() == panel(window).problem.text()


# parameters


def test_accuracy_is_what_counting_gives(on: MainWindow) -> None:
    table = report(on).table
    known = table.truth >= 0
    shift = panel(on).shift.shifts[0]
    assert shift.whole == int(known.sum()) > 0
    assert shift.before == int((table.before[known] == table.truth[known]).sum())
    assert shift.after == int((table.after[known] == table.truth[known]).sum())


def test_labels_are_those_of_the_dense_formula_and_follow_the_slider(on: MainWindow) -> None:
    from app.ui.tour_seen_words import source_of

    before = report(on)
    panel(on).controls.rows["beta"].field.setValue(6.0)
    settle()
    assert on.session.affinity.state.options.beta == 6.0 and report(on) is not before
    own = own_walk(on.session, source_of(on))  # type: ignore[arg-type]
    assert (own.labels(refined=True) == report(on).table.after).mean() > 0.99
    assert panel(on).controls.rows["beta"].button.isVisible()
    on.session.undo()
    settle()
    assert on.session.affinity.state.options.beta == 2.0
    assert panel(on).controls.rows["beta"].field.value() == 2.0
    assert not panel(on).controls.rows["beta"].button.isVisible()


def test_each_number_goes_back_to_its_default_and_all_at_once(on: MainWindow) -> None:
    for key, value in (("scale", 20.0), ("walks", 3), ("queue", 200), ("margin", 0.5), ("limit", 0.6)):
        row = panel(on).controls.rows[key]
        row.field.setValue(value)
        settle()
        assert row.button.isVisible(), key
        row.button.click()
        settle()
        assert not row.button.isVisible(), key
    panel(on).controls.rows["beta"].field.setValue(4.0)
    panel(on).reset.click()
    settle()
    assert on.session.affinity.state.options.beta == 2.0


def test_the_limit_has_the_name_of_the_rule_in_use(on: MainWindow) -> None:
    controls = panel(on).controls
    on.desk.labelling.set(rule="paper")
    settle()
    assert controls.rows["limit"].title.text() == "T_D" and controls.rows["limit"].field.value() == 0.5
    on.desk.labelling.set(rule="none")
    settle()
    assert not controls.rows["limit"].isEnabled()


def test_layers_are_switched_by_buttons_and_keys(on: MainWindow) -> None:
    panel(on).shows.buttons["changed"].click()
    settle()
    assert on.session.views["left"].layer == LAYERS["changed"]
    QTest.keyClick(on, Qt.Key.Key_D)
    settle()
    assert on.session.views["left"].layer == LAYERS["wrong"]
    QTest.keyClick(on, Qt.Key.Key_Z)
    settle()
    assert {name: view.layer for name, view in on.session.views.items()} == {
        "left": LAYERS["before"],
        "right": LAYERS["after"],
    }
    assert panel(on).beside.isChecked()
    QTest.keyClick(on, Qt.Key.Key_Z)
    settle()
    assert list(on.session.views) == ["left"]


# one superpoint


def test_a_picked_point_tells_of_its_superpoint(on: MainWindow) -> None:
    row = own_point(on)
    on.session.affinity.select(None)
    settle()
    assert superpoint(on).empty.text() == instance.EMPTY
    on.session.pick(row)
    settle()
    story = on.session.affinity.story
    assert story is not None and row in story.points
    shown = superpoint(on)
    assert shown.title.text() and len(shown.neighbours.cards) == len(story.neighbours)
    assert [card.strong for card in shown.crops.cards].count(True) == 1
    assert sum(stream.share for stream in shown.flow.streams) == pytest.approx(1, abs=0.02)
    assert shown.scores.pairs[0].winner in ("after", "both")
    assert shown.sources.text()


def test_a_neighbour_is_flown_to(on: MainWindow) -> None:
    own_point(on)
    shown = superpoint(on)
    other = next(place for place, card in enumerate(shown.neighbours.cards) if card.mark != "itself")
    value = shown.neighbours.cards[other].value
    wanted = report(on).table.center[value], int(report(on).table.frame[value])
    QTest.mouseClick(
        shown.neighbours, Qt.MouseButton.LeftButton, pos=shown.neighbours.card_rect(other).center().toPoint()
    )
    for _turn in range(4):
        settle()
    story = on.session.affinity.story
    assert story is not None and on.session.index == wanted[1] == story.frame
    assert np.allclose(story.center, wanted[0], atol=1e-3)


def test_by_hand_with_undo_and_redo(on: MainWindow) -> None:
    own_point(on)
    QTest.keyClick(on, Qt.Key.Key_Y)
    settle()
    shown = superpoint(on)
    assert shown.actions_by_name["accept"].isChecked() and "Accepted" in shown.hand.text()
    assert panel(on).hand.text() == "1 by hand"
    on.session.undo()
    settle()
    assert not shown.actions_by_name["accept"].isChecked() and not shown.hand.isVisible()
    on.session.redo()
    settle()
    assert shown.actions_by_name["accept"].isChecked()
    QTest.keyClick(on, Qt.Key.Key_Y)  # the same again takes it back
    settle()
    assert on.session.affinity.correction_counts.total == 0
    QTest.keyClick(on, Qt.Key.Key_U)
    menus = [menu for menu in shown.findChildren(QMenu) if menu.isVisible()]
    assert len(menus) == 1 and len(menus[0].actions()) == 19
    menus[0].actions()[3].trigger()
    menus[0].close()
    settle()
    assert "Relabelled" in shown.hand.text()
    assert on.menus.actions["labels.relabel"].isChecked() and not on.menus.actions["labels.accept"].isChecked()


# flips


def test_flips_add_up_and_are_stepped_through(on: MainWindow) -> None:
    on.desk.labelling.set(scale=1.0)
    settle()
    table = report(on).table
    rows = np.flatnonzero(table.before != table.after)
    assert len(rows) > 1
    listed = [flip_list(on).list.item(i).data(Role.VALUE) for i in range(flip_list(on).list.count())]
    assert sum(row.count for row in listed) == len(rows)
    QTest.keyClick(on, Qt.Key.Key_W)
    for _turn in range(4):
        settle()
    assert on.session.affinity.state.selected is not None
    assert flip_list(on).place.text().startswith("1 of")
    flip_list(on).list.itemClicked.emit(flip_list(on).list.item(0))
    settle()
    assert on.session.affinity.state.pair == flip_list(on).list.item(0).data(flips.PAIR)
    assert flip_list(on).place.text().endswith(f"of {listed[0].count}")
    assert flip_list(on).all.isVisible()


# matrix


def test_the_matrix_tells_and_chooses(on: MainWindow) -> None:
    shown = matrix(on)
    heat = shown.map
    assert heat.isVisible() and heat.view.whole == report(on).instances
    cell = (1, 2)
    for _notch in range(40):  # as near as it goes, so that a cell is more than a pixel
        QTest.keyClick(heat, Qt.Key.Key_Plus)
    heat._look(heat.view.moved(-1e6, -1e6))
    at = heat.cell_rect(*cell).center().toPoint()
    point_at(heat, at)
    assert heat.under == cell and heat.weight(cell) is not None and heat.view.zoomed
    receiver, _giver = heat.rows_of(cell)
    frame = int(report(on).table.frame[receiver])
    QTest.mouseClick(heat, Qt.MouseButton.LeftButton, pos=at)
    for _turn in range(4):
        settle()
    story = on.session.affinity.story
    assert story is not None and story.frame == frame


def test_the_matrix_is_reordered_and_hidden(on: MainWindow) -> None:
    matrix(on).orders.buttons["time"].click()
    settle()
    found = on.session.affinity.matrix
    assert found is not None and found.order == "time" and matrix(on).map.coarse is found
    on.set_workspace("browse")
    settle()
    assert on.session.affinity.matrix is None


# room


@pytest.mark.parametrize("size", [(1280, 760), (1680, 1020)])
def test_nothing_is_cut_at_the_side(on: MainWindow, size: tuple[int, int]) -> None:
    on.resize(*size)
    own_point(on)
    settle()
    for name in ("pseudo_labels", "flips", "instance"):
        area = on.docks[name].widget()
        assert isinstance(area, QScrollArea)
        held = area.widget()
        assert held is not None and held.minimumSizeHint().width() <= area.viewport().width(), name
    assert on.docks["affinity_matrix"].panel.width() >= matrix(on).minimumSizeHint().width()


def test_the_superpoint_is_boxed_in_the_view(on: MainWindow) -> None:
    from window_helpers import viewport

    from app.ui.superpoint_mark import BOX, NAME

    own_point(on)
    assert {BOX, NAME} <= set(viewport(on).items)
    on.session.affinity.select(None)
    settle()
    assert not {BOX, NAME} & set(viewport(on).items)


def test_keys_of_the_cards_are_their_own(on: MainWindow) -> None:
    own_point(on)
    cards = superpoint(on).neighbours
    cards.setFocus()
    frame = on.session.index
    QTest.keyClick(cards, Qt.Key.Key_Right)
    assert on.session.index == frame
    assert cards.card_rect(0).contains(QPoint(5, 5))
