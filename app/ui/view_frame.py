"""One 3D view with what lies over it: title chip, camera strip, colour bar, point count, marks."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QToolButton

from app.core.render.picking import Pick
from app.core.render.protocol import Picture
from app.core.session_selection import Mode
from app.core.state import Hover, LogLine
from app.ui import icons, theme, view_words
from app.ui.desk import Desk
from app.ui.hover_text import describe
from app.ui.listening import Listening
from app.ui.markers import MarkerLayer
from app.ui.scene_feed import CLOUD, SceneFeed, drawn_as
from app.ui.superpoint_mark import SuperpointMark
from app.ui.surface_handles import BoxHandles
from app.ui.surface_scene import SurfaceScene
from app.ui.surfacing import TOOL as REGION
from app.ui.view_bar import ViewBar
from app.ui.viewer.viewport import Viewport
from app.ui.widgets.color_bar import ColorBar
from app.ui.widgets.notes_chip import NotesChip
from app.ui.widgets.waiting_chip import WaitingChip

MARGIN = 10
QUIET_SECONDS = 0.2
"""A finished picture that no other follows for so long is the last one."""

TITLE_FRAME = 46
"""Pixels of the title's chip beside its words: padding and the arrow."""

STATS_FROM = 400
"""Pixels of width from which the number of points has room beside the colour bar."""


class ViewFrame(Listening, QFrame):
    """Holds a viewport; clicks pick, hovering shows what is there, regions select."""

    def __init__(self, desk: Desk, viewport: Viewport, name: str) -> None:
        super().__init__()
        self.setObjectName("ViewFrame")
        self.setMinimumSize(220, 160)
        self.desk, self.session = desk, desk.session
        self.viewport, self.name = viewport, name
        viewport.widget.setParent(self)
        self.marks = MarkerLayer(self)
        self.title = self._make_title()
        self.bar = ViewBar(desk, name, self)
        self.color_bar = ColorBar(self)
        self.stats = QLabel(self)
        self.stats.setObjectName("ViewChip")
        self.stats.setFont(theme.font(12))
        self.stats.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.stats.hide()
        self.notes = NotesChip(self)
        self.waiting = WaitingChip(self)
        self.feed = SceneFeed(desk, viewport, name)
        self.superpoint = SuperpointMark(desk, viewport)
        self.surface = SurfaceScene(desk, viewport)
        self.handles = BoxHandles(desk, viewport, self)
        self._pictured = 0.0
        self._connect()
        self._on_view(name)

    def _connect(self) -> None:
        view, session = self.viewport, self.session
        view.on_hover = self._on_hover
        view.on_click = self._on_click
        view.on_region = self._on_region
        view.on_picture = self._on_picture
        view.set_tool(self.desk.tool)
        view.widget.installEventFilter(self)
        self.listen(self.desk.tool_changed, view.set_tool)
        self.listen(self.desk.active_changed, lambda _name: self._show_title())
        self.listen(session.view_changed, self._on_view)
        self.listen(session.frame_changed, lambda _state: self._on_frame())
        self.listen(session.views_changed, self._show_title)
        self.listen(session.methods_changed, self._show_title)
        self.listen(session.language.query_changed, lambda _query: self._show_title())
        self.listen(session.scores_changed, lambda _scores: self._show_title())
        self.listen(session.task_changed, lambda _task: self._show_pending())
        self.listen(session.drive_changed, lambda _drive: self._show_waiting())
        self.listen(session.drive_changed, lambda _drive: self._show_notes())
        self.listen(session.sequence_changed, lambda _sequence: self._show_waiting())
        self.listen(session.surface.state_changed, lambda _state: self._on_surface())
        self.listen(session.log_added, self._on_log)
        self.listen(session.hover_changed, self._show_hover)
        self.listen(session.picked_changed, lambda _row: self._show_picked())

    @property
    def moving(self) -> bool:
        """Whether the camera flies somewhere, or the picture is not yet from where it is."""
        picture = self.viewport.picture
        if picture is None or self.feed.flying:
            return True
        return not np.array_equal(picture.camera.camera_from_world, self.viewport.camera.camera_from_world)

    @property
    def settled(self) -> bool:
        """Whether the view shows a finished picture of what it was told last (for the tour and for tests)."""
        picture, state = self.viewport.picture, self.session.frame_state
        if picture is None or state is None or not picture.final or self.moving:
            return False
        same = picture.points is state.cloud.points
        return same and self._pictured > self.feed.changed and time.monotonic() - self._pictured > QUIET_SECONDS

    def close_view(self) -> None:
        """Let go of the session, the drawing and its processes."""
        self.feed.close()
        self.superpoint.stop_listening()
        self.surface.stop_listening()
        self.handles.stop()
        self.bar.stop_listening()
        self.waiting.stop()
        self.stop_listening()
        self.viewport.close()

    # layout

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Chips keep their corners."""
        self._arrange()

    def _arrange(self) -> None:
        area = self.rect()
        self.viewport.widget.setGeometry(area)
        self.marks.setGeometry(area)
        self.handles.setGeometry(area)
        self.bar.set_room(area.width())
        for chip in (self.bar, self.stats):
            chip.adjustSize()
        right, bottom = area.width() - MARGIN, area.height() - MARGIN
        self.title.move(MARGIN, MARGIN)
        self.bar.move(right - self.bar.width(), MARGIN)
        self._show_title()
        self.color_bar.resize(self.color_bar.sizeHint())
        self.color_bar.move(right - self.color_bar.width(), bottom - self.color_bar.height())
        self.stats.move(MARGIN, bottom - self.stats.height())
        self._show_notes()
        for part in (
            self.handles,
            self.marks,
            self.title,
            self.bar,
            self.color_bar,
            self.stats,
            self.notes,
            self.waiting,
        ):
            part.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A press in the view makes it the active one; leaving it ends the hover."""
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            self.desk.activate(self.name)
        elif event.type() == QEvent.Type.Leave:
            self.session.set_hover(None, self.name)
        return False

    # title and colour bar

    def _make_title(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("ViewChip")
        button.setFont(theme.font(12, bold=True))
        button.setToolTip("Layer of this view; click to choose another")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.bind(button, "chevron_down")
        button.setIconSize(QSize(12, 12))
        button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        button.clicked.connect(self._choose_layer)
        return button

    def _choose_layer(self) -> None:
        self.desk.activate(self.name)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for layer in self.session.layers():
            entry = menu.addAction(layer.title)
            entry.setCheckable(True)
            entry.setChecked(layer.name == self.session.views[self.name].layer)
            entry.setEnabled(layer.available)
            entry.setToolTip(layer.why)
            entry.triggered.connect(lambda _on=False, n=layer.name: self.session.set_layer(n, self.name))
        menu.popup(self.title.mapToGlobal(self.title.rect().bottomLeft()))

    def _show_title(self) -> None:
        if self.name not in self.session.views:
            return
        title = view_words.title(self.session, self.name)
        several = len(self.session.views) > 1
        active = several and self.desk.active == self.name
        words = f"● {title}" if active else title
        room = self.bar.x() - 2 * MARGIN - TITLE_FRAME
        self.title.setText(self.title.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, max(room, 60)))
        self.title.setToolTip(f"{title}; click to choose another layer for this view")
        self.title.adjustSize()
        self._show_pending()

    def _show_pending(self) -> None:
        """What the view waits for, or why it cannot show its layer, stands below the title."""
        if self.name not in self.session.views or self.session.frame_state is None:
            self.waiting.clear()
            return
        room = self.width() - 2 * MARGIN
        awaited, why = view_words.waiting(self.session, self.name), view_words.missing(self.session, self.name)
        if awaited is not None:
            self.waiting.wait_for(*awaited, room)
        elif why:
            self.waiting.warn(why, room)
        else:
            self.waiting.clear()
        self.waiting.move(MARGIN, MARGIN + self.title.height() + 6)

    def _on_view(self, name: str) -> None:
        if name != self.name or name not in self.session.views:
            return
        self._show_title()
        data, bounds = self.session.layer_data(name), self.session.resolved_range(name)
        if data is None or bounds is None or self.desk.surfacing.hides_points:
            self.color_bar.hide()
        else:
            style = self.session.views[name].style
            self.color_bar.show_range(style.colormap or data.colormap, *bounds, data.unit)
            self.color_bar.show()

    def _on_surface(self) -> None:
        """No colour bar for points that are left out beside a surface."""
        if self.desk.surfacing.hides_points == self.color_bar.isVisibleTo(self):
            self._on_view(self.name)

    # pictures, hover, pick, regions

    def _show_notes(self) -> None:
        """What is odd in this frame, above the number of points; the second view would only say it again."""
        state, drive = self.session.frame_state, self.session.drive
        notes = state.frame.notes if state is not None and self.name == "left" else ()
        self.notes.show_notes(notes, drive.path if drive is not None else None, self.width() - 2 * MARGIN)
        self.notes.move(MARGIN, self.height() - MARGIN - self.stats.height() - 6 - self.notes.height())

    def _show_waiting(self) -> None:
        """Say in the empty view that a frame is on its way."""
        sequence = self.session.sequence
        waiting = self.session.frame_state is None and sequence is not None
        words = "Reading the first frame …" if sequence is not None and sequence.frames else "No frames here."
        self.viewport.overlay.set_message(words if waiting else "")
        self.color_bar.setVisible(not waiting and self.session.resolved_range(self.name) is not None)

    def _on_log(self, line: LogLine) -> None:
        """A first frame that cannot be read leaves the view empty: say why it is."""
        if line.level == "error" and self.session.frame_state is None and self.session.sequence is not None:
            self.viewport.overlay.set_message(line.text)

    def _on_frame(self) -> None:
        self.viewport.overlay.set_message("")
        self._show_notes()
        self._on_view(self.name)
        self._show_picked()
        self.marks.set_hover(None)

    def _on_picture(self, picture: Picture) -> None:
        self._pictured = time.monotonic()
        self.marks.set_camera(picture.camera)
        self.handles.set_camera(picture.camera)
        if picture.total:
            self.stats.setText(drawn_as(picture))
            self.stats.adjustSize()
            self.stats.move(MARGIN, self.height() - MARGIN - self.stats.height())
        self.stats.setVisible(bool(picture.total) and self.width() >= STATS_FROM)

    def _on_hover(self, pick: Pick | None) -> None:
        if self.session.settings.hover:
            self.session.set_hover(pick.index if pick is not None and pick.cloud == CLOUD else None, self.name)

    def _on_click(self, pick: Pick | None, _modifiers: set[str]) -> None:
        self.desk.activate(self.name)
        self.session.pick(pick.index if pick is not None and pick.cloud == CLOUD else None)

    def _show_hover(self, hover: Hover) -> None:
        state = self.session.frame_state
        if hover.index is None or state is None or hover.index >= len(state.cloud.points):
            self.marks.set_hover(None)
            return
        lines, color = describe(self.session, hover.index) if hover.source == self.name else ((), None)
        self.marks.set_hover(state.cloud.points[hover.index], lines, QColor(*color) if color else None)

    def _show_picked(self) -> None:
        state, row = self.session.frame_state, self.session.picked
        known = state is not None and row is not None and row < len(state.cloud.points)
        self.marks.set_picked(state.cloud.points[row] if known and state is not None else None)

    def _on_region(self, polygon: np.ndarray, modifiers: set[str]) -> None:
        """Have the engine find the points inside; Ctrl takes only those that can be seen in the picture."""
        if len(polygon) < 3:
            return
        if self.desk.tool == REGION:
            self.desk.surfacing.take_region(polygon, self.viewport.camera, (self.width(), self.height()))
            return
        mode: Mode = "add" if "shift" in modifiers else "subtract" if "alt" in modifiers else "replace"
        if {"shift", "alt"} <= modifiers:
            mode = "intersect"
        size = (max(self.width(), 1), max(self.height(), 1))
        picture = self.viewport.picture
        visible = picture.index if "ctrl" in modifiers and picture is not None and picture.index.size else None
        self.session.select_region(self.viewport.camera, size, polygon, mode, self.name, visible=visible)

    def retheme(self) -> None:
        """Repaint what is painted by hand."""
        for part in (self.handles, self.marks, self.color_bar, self.waiting):
            part.update()
