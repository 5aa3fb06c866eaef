"""Menus and shortcuts, built from the action table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from app.ui import commands, icons
from app.ui.action_info import ActionInfo
from app.ui.actions import ACTIONS, MENUS
from app.ui.actions_model import MENU as MODEL_MENU
from app.ui.actions_model import fill_recent
from app.ui.listening import Listening

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

RECENT_SHOWN = 8


class Menus(Listening):
    """Owns every ``QAction`` of the window, by name, and keeps them enabled and ticked as they should be."""

    def __init__(self, window: MainWindow, bar: QMenuBar) -> None:
        super().__init__()
        self.window, self.bar = window, bar
        self.actions: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        does = commands.handlers(window)
        for info in ACTIONS:
            self.actions[info.name] = self._make(info, does[info.name])
        for title in MENUS:
            self._menu(title)
        self._fill()
        self.recent = self._recent_menu()
        self.checkpoints = QMenu("Recent checkpoints", self._menus[MODEL_MENU])
        self._menus[MODEL_MENU].insertMenu(self.actions["model.built_in"], self.checkpoints)
        self.checkpoints.aboutToShow.connect(lambda: fill_recent(self.checkpoints, window.desk.models))
        self.panels = self._menu("Window/Panels")
        self._later = QTimer(window, singleShot=True, interval=0)
        self._later.timeout.connect(self.refresh)
        self._listen()
        self.refresh()

    def _make(self, info: ActionInfo, call: object) -> QAction:
        action = QAction(info.text, self.window)
        action.setObjectName(info.name)
        action.setShortcuts([QKeySequence(keys) for keys in info.shortcuts])
        keys = " · ".join(s.toString(QKeySequence.SequenceFormat.NativeText) for s in action.shortcuts())
        action.setToolTip(f"{info.tip} ({keys})" if keys else info.tip)
        action.setStatusTip(info.tip)
        action.setCheckable(info.checkable)
        if info.icon:
            icons.bind(action, info.icon)
        action.triggered.connect(lambda *_: self._run(call))
        self.window.addAction(action)  # shortcuts work while the menu is closed
        return action

    def _run(self, call: object) -> None:
        call()  # type: ignore[operator]
        self.refresh_soon()

    def _menu(self, path: str) -> QMenu:
        if path not in self._menus:
            parent, _, title = path.rpartition("/")
            owner = self._menu(parent) if parent else self.bar
            menu = QMenu(title, owner)
            menu.setToolTipsVisible(True)
            owner.addMenu(menu)
            self._menus[path] = menu
        return self._menus[path]

    def _fill(self) -> None:
        group: dict[str, int] = {}
        for info in ACTIONS:
            menu = self._menu(info.menu)
            if info.group != group.get(info.menu, info.group):
                menu.addSeparator()
            group[info.menu] = info.group
            menu.addAction(self.actions[info.name])

    def _recent_menu(self) -> QMenu:
        menu = QMenu("Open recent", self._menus["File"])
        self._menus["File"].insertMenu(self.actions["save.picture"], menu)
        menu.aboutToShow.connect(self._fill_recent)
        return menu

    def _fill_recent(self) -> None:
        self.recent.clear()
        for path in self.window.session.settings.recent[:RECENT_SHOWN]:
            entry = self.recent.addAction(f"{path.parent.name}/{path.name}")
            entry.setToolTip(str(path))
            entry.triggered.connect(lambda _on=False, p=path: self.window.open_path(p))

    def _listen(self) -> None:
        session, desk = self.window.session, self.window.desk
        language = session.language
        for signal in (
            language.query_changed,
            language.index_changed,
            language.zero_shot_changed,
            language.scores_changed,
            desk.asking.box_tool_changed,
            session.visibility.look_changed,
            session.affinity.state_changed,
            session.affinity.report_changed,
            session.affinity.story_changed,
            session.affinity.gathering_changed,
            session.affinity.corrections_changed,
            session.surface.state_changed,
            desk.surfacing.rays_changed,
            session.drive_changed,
            session.sequence_changed,
            session.frame_changed,
            session.view_changed,
            session.views_changed,
            session.picked_changed,
            session.playback_changed,
            session.settings_changed,
            session.history_changed,
            session.training.runs_changed,
            session.training.chosen_changed,
            session.training.compared_changed,
            session.training.watch_changed,
            desk.active_changed,
            session.methods_changed,
            session.scores_changed,
            desk.tool_changed,
        ):
            self.listen(signal, self.refresh_soon)

    def refresh_soon(self) -> None:
        """Refresh once for all that happens in this turn of the event loop."""
        if not self._later.isActive():
            self._later.start()

    def refresh(self) -> None:
        """Enable and tick every action as things stand."""
        layers = {layer.key: layer for layer in self.window.session.layers() if layer.key}
        for info in ACTIONS:
            action = self.actions[info.name]
            if info.needs.startswith("layer."):
                layer = layers.get(info.needs[6:])
                action.setText(layer.title if layer is not None else info.text)
                action.setVisible(layer is not None)
                action.setEnabled(layer is not None and layer.available)
                action.setChecked(layer is not None and layer.name == self.window.desk.view.layer)
                continue
            if info.needs:
                action.setEnabled(commands.enabled(self.window, info.needs))
            if info.checkable:
                action.setChecked(commands.ticked(self.window, info.name))
        self.recent.setEnabled(bool(self.window.session.settings.recent))
        self.checkpoints.setEnabled(bool(self.window.session.settings.recent_checkpoints))

    def close(self) -> None:
        """Let go of the session."""
        self._later.stop()
        self.stop_listening()
