"""The model panel, the scores and the Model menu: every state says what is so and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_helpers import model, scores, values
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from small_drive import write_small_drive
from window_helpers import MakeWindow, settle

from app.core.methods.predict import PredictOptions
from app.core.methods.similarity import SimilarityOptions
from app.core.prediction.scores import Scores
from app.ui import view_words
from app.ui.main_window import MainWindow
from app.ui.model_facts import checkpoint_name, work_rows
from app.ui.panels.model import NOTHING, SWITCHED_OFF, UNSEEN
from app.ui.widgets.rows import Role

# states


def test_without_a_checkpoint_the_panels_say_what_to_do(window: MainWindow) -> None:
    window.set_workspace("predict")
    panel = model(window)
    assert panel.state.text() == NOTHING and panel.choose.isVisible() and not panel.options.isVisible()
    assert not panel.power.isVisible() and not panel.similar_title.isVisible()
    assert "Model panel" in scores(window).empty.text() and not scores(window).body.isVisible()
    assert not window.menus.actions["model.predict"].isEnabled()


def test_a_chosen_checkpoint_predicts_and_tells_about_itself(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel, session = model(window), window.session
    assert session.views["left"].layer == "prediction"
    assert panel.name.text() == "tiny net" and panel.power.isChecked() and not panel.state.isVisible()
    shown = values(panel)
    assert shown["Network"] == "minkunet cr 0.07" and shown["Sees"] == "50 cm voxels"
    assert shown["Classes"] == "19 of SemanticKITTI" and "mIoU here" in shown
    assert session.scores.report is not None
    rate = len(session.frame_state.frame) / session.scores.report.seconds  # type: ignore[union-attr]
    assert int(shown["Points a second"].replace("\u2009", "")) == round(rate)
    assert session.settings.recent_checkpoints == (tiny_network,)
    assert window.area.views["left"].title.text() == "Class (predicted) · tiny net"


def test_a_broken_checkpoint_is_said_in_one_sentence(
    window: MainWindow, tmp_path: Path, tiny_network: Path
) -> None:
    window.set_workspace("predict")
    bad = tmp_path / "broken.safetensors"
    bad.write_bytes(b"12345")
    window.desk.models.use(bad)
    settle()
    panel = model(window)
    assert "broken.safetensors" in panel.state.text() and panel.state.objectName() == "Error"
    assert not panel.card.isVisible() and not panel.work.isVisible()
    assert window.session.settings.recent_checkpoints == ()
    assert "broken.safetensors" in scores(window).empty.text()
    assert "broken.safetensors" in window.area.views["left"].waiting.words
    window.desk.models.use(tiny_network)
    settle()
    assert not panel.state.isVisible() and panel.card.isVisible()
    assert window.area.views["left"].waiting.words == ""


def test_switching_off_and_on_brings_back_what_was_there(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    session, panel = window.session, model(window)
    session.set_layer("intensity")
    window.desk.models.use(tiny_network)
    window.desk.models.change(votes=4)
    window.activateWindow()
    settle()
    QTest.keyClick(window, Qt.Key.Key_M)
    assert "predict" not in session.methods and session.views["left"].layer == "intensity"
    assert panel.state.text() == SWITCHED_OFF and not panel.card.isVisible()
    window.desk.models.change(votes=12)
    assert "predict" not in session.methods, "options chosen while it is off switch nothing on"
    settle()
    QTest.keyClick(window, Qt.Key.Key_M)
    assert session.methods["predict"] == PredictOptions(tiny_network, votes=12)
    assert session.views["left"].layer == "prediction"


def test_a_network_that_no_view_shows_says_so(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.session.set_method("predict", PredictOptions(tiny_network))
    settle()
    panel = model(window)
    assert panel.state.text() == UNSEEN and panel.show_it.isVisible() and scores(window).show_it.isVisible()
    panel.show_it.click()
    assert window.session.scores.report is not None and panel.state.text() == ""


def test_a_drive_without_labels_says_why_there_are_no_scores(
    make_window: MakeWindow, tmp_path: Path, tiny_network: Path
) -> None:
    window = make_window(write_small_drive(tmp_path / "bare", frames=2, labels=False).root)
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    assert "no labels" in scores(window).empty.text() and not scores(window).body.isVisible()
    assert "no labels" in model(window).no_labels.text() and "mIoU here" not in values(model(window))
    assert "Time per frame" in values(model(window))


def test_options_in_the_panel_and_the_menu_are_the_same(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    panel, session = model(window), window.session
    window.desk.models.use(tiny_network)
    panel.votes.buttons[4].click()
    panel.precision.setCurrentIndex(panel.precision.findData("fp32"))
    panel.precision.activated.emit(panel.precision.currentIndex())
    assert session.methods["predict"] == PredictOptions(tiny_network, votes=4, precision="fp32")
    assert session.scores.report is not None and session.scores.report.votes == 4
    window.menus.refresh()
    assert window.menus.actions["model.votes_4"].isChecked()
    window.menus.actions["model.votes_1"].trigger()
    assert panel.votes.buttons[1].isChecked() and not panel.votes.buttons[4].isChecked()


# what else looks like this


def test_what_else_looks_like_the_picked_point(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    panel, session = model(window), window.session
    window.desk.models.use(tiny_network)
    settle()
    assert not panel.find_button.isEnabled()
    session.pick(7)
    settle()
    assert "Point 7, predicted" in panel.similar.text() and panel.find_button.isEnabled()
    panel.find_button.click()
    settle()
    assert session.methods["similarity"] == SimilarityOptions((0, 7))
    data = session.layer_data("left")
    assert data is not None and data.name == "feature_similarity" and data.values[7] == pytest.approx(1, abs=1e-3)
    assert "point 7 of frame 0" in panel.similar.text() and panel.end_button.isVisible()
    panel.end_button.click()
    assert "similarity" not in session.methods and session.views["left"].layer == "prediction"
    panel.find_button.click()
    panel.power.click()
    assert not session.methods and session.views["left"].layer == "height", "both steps are taken back"


# around the view


def test_a_view_says_why_it_cannot_show_its_layer(window: MainWindow) -> None:
    window.session.set_layer("prediction")
    chip = window.area.views["left"].waiting
    assert chip.isVisible() and "checkpoint" in chip.words
    window.session.set_layer("height")
    assert not chip.isVisible()


def test_the_inspector_says_where_a_prediction_came_from(window: MainWindow, tiny_network: Path) -> None:
    from app.ui.panels.inspector import InspectorPanel

    window.desk.models.use(tiny_network)
    window.session.pick(11)
    settle()
    panel = window.docks["inspector"].panel
    assert isinstance(panel, InspectorPanel)
    rows = {panel.list.item(i).text(): panel.list.item(i) for i in range(panel.list.count())}
    assert "tiny net.safetensors" in rows["Prediction"].toolTip()
    assert rows["Checkpoint"].data(Role.NOTE) == "tiny net.safetensors"


def test_names_of_checkpoints() -> None:
    assert checkpoint_name(Path("/x/runs/first/checkpoints/best.safetensors")) == "first · best"
    assert checkpoint_name(Path("/x/runs/first/watch.safetensors")) == "first · watch"
    assert checkpoint_name(Path("/x/SPVCNN.pt")) == "SPVCNN"
    assert work_rows(Scores(), 10) == ()


def test_the_title_names_nobody_where_nothing_is_predicted(window: MainWindow) -> None:
    assert view_words.author(window.session) == ""
    assert view_words.title(window.session, "left") == "Height"


def test_the_picture_of_the_table_follows_the_theme(window: MainWindow, tiny_network: Path) -> None:
    window.set_workspace("predict")
    window.desk.models.use(tiny_network)
    settle()
    panel = scores(window)
    dark = panel.matrix.grab().toImage()
    window.session.update_settings(theme="light")
    settle()
    light = panel.matrix.grab().toImage()
    assert dark.pixelColor(QPoint(3, 3)).lightness() < 100 < light.pixelColor(QPoint(3, 3)).lightness()
