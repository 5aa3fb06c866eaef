"""The main window: puts panels round the views, menus above them, and carries out what actions ask of it."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from app.core.session import Session
from app.core.settings import Settings
from app.core.state import DriveInfo, LogLine, Playback
from app.ui import icons, theme, workspaces
from app.ui.autosave import Autosave
from app.ui.banner import Banner
from app.ui.desk import Desk
from app.ui.docks import Docks
from app.ui.drop import DropTarget
from app.ui.header import Header
from app.ui.listening import Listening
from app.ui.menus import Menus
from app.ui.opening import Opening
from app.ui.panels.cameras import CamerasPanel
from app.ui.panels.inspector import InspectorPanel
from app.ui.start_page import StartPage, brand_icon
from app.ui.viewport_area import MakeViewport, ViewportArea

TICK_MS = 8
"""Playback is asked this often which frame is due; the session decides."""

SIZE = (1680, 1020)
SMALLEST = (900, 560)


class MainWindow(Listening, QMainWindow):
    """One per application. ``make`` builds a viewport for a view's name."""

    def __init__(self, session: Session, make: MakeViewport) -> None:
        super().__init__()
        self.session = session
        self.desk = Desk(session)
        self.setWindowTitle("LidarScope")
        self.setWindowIcon(QIcon(brand_icon()))
        self.resize(*SIZE)
        self.setMinimumSize(*SMALLEST)
        self._dialogs: list[QWidget] = []
        self.workspace = workspaces.WORKSPACES[0].name
        self._layouts: dict[str, str] = {}
        self._build(make)
        self.opening = Opening(self, self.desk, self.banner)
        self.drop = DropTarget(self, self.open_path)
        self._tick = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._tick.timeout.connect(lambda: session.tick(time.monotonic()))
        self.autosave = Autosave(self)
        self._connect()
        self._show_settings(session.settings)
        self._on_drive(session.drive)

    def _build(self, make: MakeViewport) -> None:
        self.header = Header(self.desk, self.set_workspace, self.show_palette)
        self.setMenuWidget(self.header)
        self.banner = Banner()
        self.area = ViewportArea(self.desk, make)
        self.inner = QMainWindow()
        self.inner.setWindowFlags(Qt.WindowType.Widget)
        self.inner.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.inner.setCentralWidget(self.area)
        self.start = StartPage(self.desk)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.stack.addWidget(self.inner)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.stack, 1)
        self.setCentralWidget(middle)
        self.docks = Docks(self, self.inner, self.desk)
        self.menus = Menus(self, self.header.menu_bar)
        for dock in self.docks.all.values():
            self.menus.panels.addAction(dock.toggleViewAction())

    def _connect(self) -> None:
        session, desk = self.session, self.desk
        self.listen(session.drive_changed, self._on_drive)
        self.listen(session.playback_changed, self._on_playback)
        self.listen(session.settings_changed, self._show_settings)
        self.listen(session.log_added, self._on_log)
        self.listen(desk.path_requested, self.open_path)
        self.listen(desk.open_requested, self._open_what)

    # session

    def _on_drive(self, drive: DriveInfo | None) -> None:
        """Start page without a drive, views and panels with one."""
        working = drive is not None
        was_working = self.stack.currentWidget() is self.inner
        self.header.set_working(working)
        if working and not was_working:
            self.stack.setCurrentWidget(self.inner)
            self._restore_layout(self.workspace)
        elif not working:
            if was_working:
                self._layouts[self.workspace] = self.docks.state()
            self.docks.show_only(frozenset())
            self.stack.setCurrentWidget(self.start)
        self.setWindowTitle(f"{drive.path.name} · LidarScope" if drive is not None else "LidarScope")
        if drive is not None and self.banner.level == "error":
            self.banner.hide()

    def _on_playback(self, playback: Playback) -> None:
        if playback.playing != self._tick.isActive():
            if playback.playing:
                self._tick.start()
            else:
                self._tick.stop()

    def _on_log(self, line: LogLine) -> None:
        """Errors are told once, calmly; everything is in the log panel anyway."""
        if line.level == "error":
            self.banner.say(line.text, "error")

    def _show_settings(self, settings: Settings) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication) and settings.theme != theme.current().name:
            theme.apply(app, settings.theme)
            self._retheme()

    def _retheme(self) -> None:
        icons.rebind(self)
        for part in (self.header, self.banner, self.area):
            part.retheme()
        self.menus.refresh_soon()

    # workspaces

    def set_workspace(self, name: str) -> None:
        """Switch to another workspace; each remembers its own layout."""
        if self.stack.currentWidget() is self.inner:
            self._layouts[self.workspace] = self.docks.state()
        self.workspace = workspaces.by_name(name).name
        self._restore_layout(self.workspace)
        self.autosave.soon()

    def _restore_layout(self, name: str) -> None:
        space = workspaces.by_name(name)
        self.header.show_workspace(space.name)
        if self.session.drive is None:
            return
        if space.split is not None:
            self.session.split(space.split)
        stored = self._layouts.get(space.name)
        if stored is None or not self.docks.restore(stored):
            self.docks.arrange(space.panels)
        self.menus.refresh_soon()

    def reset_layout(self) -> None:
        """Forget how the user arranged this workspace."""
        self._layouts.pop(self.workspace, None)
        self._restore_layout(self.workspace)

    def layout_state(self) -> dict[str, str]:
        """All that the session file keeps of the window."""
        if self.stack.currentWidget() is self.inner:
            self._layouts[self.workspace] = self.docks.state()
        kept = {f"docks.{name}": state for name, state in self._layouts.items()}
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        return kept | {"workspace": self.workspace, "geometry": geometry}

    def restore_layout(self, kept: dict[str, str]) -> None:
        """Put the window back; unknown or broken parts are left out."""
        for name, state in kept.items():
            if name.startswith("docks."):
                self._layouts[name.removeprefix("docks.")] = state
        if "geometry" in kept:
            self.restoreGeometry(QByteArray.fromBase64(kept["geometry"].encode()))
        self.workspace = workspaces.by_name(kept.get("workspace", "")).name
        self._restore_layout(self.workspace)

    # what actions ask for

    def open_path(self, path: Path) -> None:
        """Open a folder or file; what cannot be opened is said in the banner."""
        self.opening.open(path)

    def _open_what(self, what: str) -> None:
        {"demo": self.open_demo, "folder": self.ask_folder, "file": self.ask_file}[what]()

    def open_demo(self) -> None:
        """Write or reuse the demo drive, and open it."""
        self.opening.demo()

    def ask_folder(self) -> None:
        """Let the user choose a folder."""
        self.opening.ask_folder()

    def ask_file(self) -> None:
        """Let the user choose a file."""
        self.opening.ask_file()

    def ask_columns(self) -> None:
        """Let the user choose raw scans and state their columns."""
        self.opening.ask_columns()

    def ask_picture(self) -> None:
        """Save the active view."""
        from app.ui.dialogs.save_picture import SavePicture

        self._show_dialog(SavePicture(self, self.desk, self.area))

    def ask_playback(self) -> None:
        """Save the played range."""
        from app.ui.dialogs.save_playback import SavePlayback

        self._show_dialog(SavePlayback(self, self.desk, self.area))

    def ask_preferences(self) -> None:
        """Change settings."""
        from app.ui.dialogs.preferences import Preferences

        self._show_dialog(Preferences(self, self.session))

    def show_shortcuts(self) -> None:
        """Every key and what it does."""
        from app.ui.dialogs.shortcuts import Shortcuts

        self._show_dialog(Shortcuts(self))

    def show_about(self) -> None:
        """Version and libraries."""
        from app.ui.dialogs.about import About

        self._show_dialog(About(self))

    def show_palette(self) -> None:
        """Type to find anything."""
        from app.ui.palette import Palette

        Palette(self).open_at(self)

    def _show_dialog(self, dialog: QWidget) -> None:
        """Dialogs never block the window: they are shown beside it and delete themselves."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def copy_point(self) -> None:
        """Values of the picked point to the clipboard."""
        panel = self.docks["inspector"].panel
        if isinstance(panel, InspectorPanel):
            panel.copy_all()
            self.banner.say("The point's values are on the clipboard.")

    def cancel(self) -> None:
        """The nearest thing that can be cancelled or cleared."""
        session, desk = self.session, self.desk
        running = [t for t in session.tasks if t.state in ("queued", "running")]
        if desk.surfacing.end_drag():
            return
        if self.banner.isVisible():
            self.banner.hide()
        elif desk.tool != "navigate":
            desk.set_tool("navigate")
        elif session.playback.playing:
            session.pause()
        elif len(session.selection):
            session.select(session.selection[:0], "replace")
        elif session.picked is not None:
            session.pick(None)
        elif running:
            session.cancel_task(running[-1].id)

    @property
    def _cameras(self) -> CamerasPanel | None:
        panel = self.docks["cameras"].panel
        return panel if isinstance(panel, CamerasPanel) else None

    @property
    def image_points_shown(self) -> bool:
        """Whether points are painted over the pictures."""
        return self._cameras is not None and self._cameras.points_button.isChecked()

    def toggle_image_points(self) -> None:
        """Points over the pictures, or not."""
        if self._cameras is not None:
            self._cameras.set_points_shown(not self.image_points_shown)

    def shown_camera(self) -> str:
        """Name of the camera whose picture is large."""
        return self._cameras.camera if self._cameras is not None else ""

    def toggle_full_screen(self) -> None:
        """The window alone on the screen, or back."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    # the end

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save what is on the screen, then let go of everything."""
        self.autosave.close()
        self._tick.stop()
        self.banner.stop()
        self.stop_listening()
        self.menus.close()
        self.header.stop_listening()
        self.start.close_page()
        self.docks.close()
        self.area.close_views()
        self.session.close()
        event.accept()
