"""Widgets of the Labels workspace that need plain data alone."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.core.affinity.inspecting import MatrixPicture, Span
from app.ui.widgets.accuracy_shift import Shift
from app.ui.widgets.flip_rows import FlipRow
from app.ui.widgets.heat_map import HeatMap
from app.ui.widgets.heat_view import CLOSEST, HeatView
from app.ui.widgets.parameter_row import STEPS, ParameterRow, Reach
from app.ui.widgets.picture_cards import PictureCard, PictureCards


def test_zooming_keeps_the_place_under_the_pointer_and_stays_inside() -> None:
    view = HeatView.of(400)
    near = view.zoom(4, 0.25, 0.5)
    assert near.span == 100 and near.top + 0.25 * near.span == pytest.approx(100)
    assert near.left + 0.5 * near.span == pytest.approx(200)
    assert near.moved(1e6, -1e6).windows == ((300, 400), (0, 100))
    assert near.zoom(1e9, 0, 0).span == CLOSEST
    assert near.zoom(1e-9, 0.5, 0.5) == view and not view.zoomed


def test_a_cell_outside_is_brought_into_view() -> None:
    near = HeatView.of(400).zoom(8, 0, 0)
    shown = near.showing(300, 10)
    assert shown.top <= 300 and shown.top + shown.span >= 301 and shown.left == near.left


@pytest.mark.parametrize("reach", [Reach(0.25, 8), Reach(0.5, 60, 1, even_factors=True), Reach(1, 5, 0)])
def test_positions_and_values_belong_together(reach: Reach) -> None:
    assert reach.value(0) == reach.low and reach.value(STEPS) == reach.high
    values = [reach.value(position) for position in range(0, STEPS + 1, 20)]
    assert values == sorted(values)
    for value in values:
        assert reach.value(reach.position(value)) == pytest.approx(value, rel=0.02, abs=0.01)
    assert reach.position(1e9) == STEPS and reach.position(-5) == 0


def test_a_number_is_marked_when_it_is_not_its_default(qtbot: QtBot) -> None:
    said: list[float] = []
    row = ParameterRow("β", Reach(0.25, 8), said.append, lambda: said.append(-1), "tip")
    qtbot.addWidget(row)
    row.show()
    row.show_value(2.0, 2.0)
    assert not said and not row.button.isVisible()
    row.slider.setValue(STEPS)
    assert said == [8.0] and row.field.value() == 8.0 and row.button.isVisible()
    row.field.setValue(3.25)
    assert said == [8.0, 3.25] and row.slider.value() == Reach(0.25, 8).position(3.25)
    row.button.click()
    assert said[-1] == -1 and "2.00" in row.toolTip()


def test_cards_wrap_to_the_width_and_give_what_they_stand_for(qtbot: QtBot) -> None:
    chosen: list[object] = []
    cards = PictureCards("cards", lambda card: chosen.append(card.value))
    qtbot.addWidget(cards)
    image = np.zeros((20, 30, 3), np.uint8)
    cards.show_cards(tuple(PictureCard(image if i else None, str(i), "", "tip", value=i) for i in range(5)))
    cards.resize(280, 400)
    assert cards.columns(280) == 3 and cards.heightForWidth(280) > cards.heightForWidth(500)
    cards.show()
    QTest.mouseClick(cards, Qt.MouseButton.LeftButton, pos=cards.card_rect(4).center().toPoint())
    assert chosen == [4]


def picture(values: np.ndarray, window: tuple[int, int], columns: tuple[int, int], block: int) -> MatrixPicture:
    rows = np.arange(40, dtype=np.int32)[::-1].copy()
    spans = (Span(0, 25, 1, "car"), Span(25, 40, 9, "road"))
    return MatrixPicture("class", rows, window, columns, values, block, spans, float(values.max()), 0.0, "d")


def test_a_finer_part_goes_before_the_coarse_whole(qtbot: QtBot) -> None:
    heat = HeatMap(lambda _cell: None, lambda _cell: None, lambda _view: None, lambda _span: (9, 9, 9))
    qtbot.addWidget(heat)
    heat.resize(300, 300)
    coarse = np.full((20, 20), 0.25, np.float32)
    heat.show_picture(picture(coarse, (0, 40), (0, 40), 2))
    assert heat.weight((10, 30)) == (0.25, 2) and heat.rows_of((0, 39)) == (39, 0)
    fine = np.arange(100, dtype=np.float32).reshape(10, 10)
    heat.show_picture(picture(fine, (10, 20), (30, 40), 1))
    assert heat.weight((11, 32)) == (12.0, 1), "the finer one where it reaches"
    assert heat.weight((0, 0)) == (0.25, 2), "the coarse one elsewhere"
    assert not heat.grab().isNull()
    heat.show_picture(None)
    assert heat.coarse is None and heat.weight((0, 0)) is None


def test_the_gain_is_in_points_of_a_hundred() -> None:
    assert Shift("s", 50, 57, 100).gain == pytest.approx(7) and Shift("s", 0, 0, 0).gain == 0


def test_a_flip_says_what_is_known() -> None:
    known = FlipRow("truck", "car", (0, 0, 0), (0, 0, 0), 14, 9, 3, True)
    assert "14" in known.words and "9 to the better" in known.words and "2 neither" in known.words
    assert "Nothing is known" in FlipRow("a", "b", (0, 0, 0), (0, 0, 0), 1, 0, 0, False).words
