"""Every panel found in the folder: opens, survives whatever the session says, closes, leaves nobody listening."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from small_drive import write_small_drive

from app import discovery
from app.core.session import Session
from app.core.tasks.engine import LocalEngine
from app.ui import theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.rows import Role

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ui"))
from window_helpers import listeners, settle

NAMES = discovery.module_names("app.ui.panels")


@pytest.fixture
def session() -> Session:
    return Session(LocalEngine())


@pytest.fixture(params=NAMES)
def panel(request: pytest.FixtureRequest, qtbot: QtBot, qapp: QApplication, session: Session) -> Panel:
    theme.apply(qapp, "dark")
    info = discovery.load("app.ui.panels", request.param).ENTRY
    made: Panel = info.factory(Desk(session))
    qtbot.addWidget(made)
    made.resize(320, 400)
    made.show()
    return made


def test_the_expected_panels_are_found() -> None:
    assert {"data", "layers", "legend", "cameras", "inspector", "view", "timeline", "tasks", "log"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_entry_says_title_area_and_order(name: str) -> None:
    info = discovery.load("app.ui.panels", name).ENTRY
    assert isinstance(info, PanelInfo)
    assert info.title and info.area in ("left", "right", "bottom", "centre")
    assert issubclass(info.factory, Panel) if isinstance(info.factory, type) else callable(info.factory)


def test_no_two_panels_want_the_same_place() -> None:
    places = [(info.area, info.order) for info in discovery.entries("app.ui.panels").values()]  # type: ignore[attr-defined]
    assert len(set(places)) == len(places)


def test_panel_survives_the_life_of_a_session(panel: Panel, session: Session, tmp_path: Path) -> None:
    with_labels = write_small_drive(tmp_path / "one", frames=4).root
    without = write_small_drive(tmp_path / "two", frames=2, labels=False, poses=False).root
    session.open(tmp_path / "nowhere")
    for drive in (with_labels, without):
        session.open(drive)
        assert session.frame_state is not None
        for layer in session.layers():
            session.set_layer(layer.name)
            panel.grab()
        session.set_layer("height")
        session.set_compare("range")
        session.set_style("left", session.views["left"].shown_layer, range_mode="manual", low=1.0, high=2.0)
        session.split(True)
        panel.desk.activate("right")
        session.set_layer("label", "right")
        session.toggle_class(9, "right")
        session.isolate_class(1, "right")
        session.pick(5)
        session.select(np.arange(7))
        session.set_hover(3, "left")
        session.set_accumulation(1, 1)
        session.step(1)
        panel.grab()
        session.undo()
        session.split(False)
        session.set_accumulation(0, 0)
        session.play()
        session.tick(0.0)
        session.pause()
        task = session.track("Something", lambda: None)
        session.tracked_progress(task, 1, 3, "a step")
        session.tracked_end(task, "failed", "it broke")
        for level in ("info", "warning", "error"):
            session.log_line("A line.", level)
        session.update_settings(theme="light", point_size=3.0, fov=70.0)
        settle()
        panel.grab()
    session.close_drive()
    settle()
    panel.grab()


def test_panel_opens_on_a_session_that_is_already_under_way(
    qtbot: QtBot, qapp: QApplication, session: Session, tmp_path: Path
) -> None:
    theme.apply(qapp, "light")
    session.open(write_small_drive(tmp_path / "one", frames=3).root)
    session.pick(2)
    session.set_layer("label")
    session.log_line("Said before.")
    for info in discovery.entries("app.ui.panels").values():
        made: Panel = info.factory(Desk(session))  # type: ignore[attr-defined]
        qtbot.addWidget(made)
        made.resize(300, 300)
        made.show()
        made.grab()
        made.close_panel()
    assert listeners(session) == {}


def test_closed_panel_listens_to_nobody(panel: Panel, session: Session, tmp_path: Path) -> None:
    assert listeners(session), "a panel that listens to nothing would show nothing"
    panel.close_panel()
    assert listeners(session) == {}
    panel.close()
    session.open(write_small_drive(tmp_path / "late", frames=2).root)  # and nothing happens to the panel
    panel.close_panel()  # once more does no harm


def test_the_example_in_the_documentation_works(
    qtbot: QtBot, qapp: QApplication, session: Session, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "add_a_panel.md").read_text("utf-8")
    file = tmp_path / "range_histogram.py"
    file.write_text(page.split("```python\n")[1].split("```")[0], "utf-8")
    spec = importlib.util.spec_from_file_location("range_histogram", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.ENTRY.factory(Desk(session))
    qtbot.addWidget(made)
    session.open(write_small_drive(tmp_path / "one", frames=2).root)
    assert sum(int(made.list.item(i).data(Role.NOTE)) for i in range(made.list.count())) == 900
    made.close_panel()
    assert listeners(session) == {}
