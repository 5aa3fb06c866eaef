"""Handles of the region box in one view: small discs on its sides and in its middle that can be dragged.

Qt paints them over the finished picture, where its camera puts them; they take the mouse before the view does.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.core.render.camera import Camera
from app.core.surface.result import BoxCorners
from app.ui import surface_region, theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.viewer.viewport import Viewport

RADIUS, REACH = 6.0, 10.0
"""Pixels of a disc, and from its middle within which a press takes it."""


STRAIGHT = 0.97
"""Cosine of the angle between a line of sight and an axis from which that axis cannot be dragged along."""


class BoxHandles(Listening, QWidget):
    """Lies over a view and lets mouse events through; what it needs of them it takes from the view's widget."""

    def __init__(self, desk: Desk, viewport: Viewport, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._desk, self._surfacing = desk, desk.surfacing
        self._viewport = viewport
        self._camera: Camera | None = None
        self._held: tuple[int, BoxCorners] | None = None
        """The handle that is dragged, and the box before."""
        self._under: int | None = None
        viewport.widget.installEventFilter(self)
        self.listen(self._surfacing.surface.state_changed, lambda _state: self.update())
        self.listen(self._surfacing.drag_ended, self._take_back)

    def stop(self) -> None:
        """Let go of the session and of the view's events."""
        self._viewport.widget.removeEventFilter(self)
        self.stop_listening()

    def set_camera(self, camera: Camera) -> None:
        """The camera of the picture below."""
        self._camera = camera
        if self.box is not None:
            self.update()

    @property
    def box(self) -> BoxCorners | None:
        """The region, while there is something to drag."""
        state = self._surfacing.surface.state
        return state.box if state.on and self._desk.tool == "navigate" else None

    def pixels(self) -> np.ndarray:
        """(7, 2) where the handles are in the picture; (0, 2) without a box.

        NaN for those that cannot be dragged: behind the camera, or looked at along their axis.
        """
        box = self.box
        if box is None or self._camera is None:
            return np.zeros((0, 2))
        places = surface_region.handles(box)
        found, depth = self._camera.project(places, self.width(), self.height())
        found[depth <= 0] = np.nan
        sides = places[: surface_region.MIDDLE]
        sight = np.abs(sides - self._camera.position)
        straight = sight.max(axis=1) > STRAIGHT * np.linalg.norm(sight, axis=1)
        along = sight.argmax(axis=1) == np.arange(surface_region.MIDDLE) // 2
        found[: surface_region.MIDDLE][straight & along] = np.nan
        return found

    def at(self, x: float, y: float) -> int | None:
        """The handle within reach of a pixel."""
        found = self.pixels()
        if not len(found):
            return None
        away = np.hypot(found[:, 0] - x, found[:, 1] - y)
        if not np.isfinite(away).any():
            return None
        best = int(np.nanargmin(away))
        return best if away[best] <= REACH else None

    # the mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Presses on a handle, and what follows until it is let go, are not the view's."""
        if not isinstance(event, QMouseEvent):
            return False
        place = event.position()
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            return self._press(place)
        if event.type() == QEvent.Type.MouseMove:
            return self._move(place, event.buttons())
        if event.type() == QEvent.Type.MouseButtonRelease and self._held is not None:
            self._let_go()
            return True
        return False

    def _press(self, place: QPointF) -> bool:
        handle, box = self.at(place.x(), place.y()), self.box
        if handle is None or box is None:
            return False
        self._held = handle, box
        self._surfacing.dragging = True
        self.update()
        return True

    def _move(self, place: QPointF, buttons: Qt.MouseButton) -> bool:
        if self._held is None:
            if buttons == Qt.MouseButton.NoButton:
                self._hover(self.at(place.x(), place.y()))
            return False
        if not buttons & Qt.MouseButton.LeftButton or self._camera is None:
            self._let_go()
            return True
        handle, before = self._held
        ray = self._camera.ray(place.x(), place.y(), self.width(), self.height())
        self._surfacing.set_box(surface_region.dragged(before, handle, *ray))
        return True

    def _hover(self, handle: int | None) -> None:
        if handle != self._under:
            self._under = handle
            self._viewport.widget.setCursor(
                Qt.CursorShape.ArrowCursor if handle is None else Qt.CursorShape.SizeAllCursor
            )
            self.update()

    def _let_go(self) -> None:
        self._held = None
        self._surfacing.dragging = False
        self.update()

    def _take_back(self) -> None:
        """Escape: the box is where it was before the drag."""
        if self._held is not None:
            _handle, before = self._held
            self._let_go()
            self._surfacing.set_box(before)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """A disc for each handle; the one that is held or under the pointer is filled."""
        found = self.pixels()
        if not len(found):
            return
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lively = self._held[0] if self._held is not None else self._under
        for number, (x, y) in enumerate(found):
            if not np.isfinite(x):
                continue
            full = number == lively
            painter.setPen(QPen(QColor(0, 0, 0, 150), 3.5))
            painter.setBrush(now.color("accent") if full else QColor(255, 255, 255))
            painter.drawEllipse(QPointF(x, y), RADIUS - 1, RADIUS - 1)
            painter.setPen(QPen(now.color("accent"), 1.8))
            painter.drawEllipse(QPointF(x, y), RADIUS - 1, RADIUS - 1)
        painter.end()
