"""Mouse and wheel turned into camera moves, clicks, hovers and regions; works on any widget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.core.render import camera as moves
from app.core.render.camera import Camera, look_at
from app.core.render.picking import Pick
from app.core.render.viewpoints import between
from app.ui.viewer.overlay import ViewOverlay

REST_MS = 120
"""Without a move for so long the camera rests and the picture is refined."""
FLIGHT_SECONDS = 0.2
_HOVER_MS = 25
_CLICK_PIXELS = 4.0
_SAME_ZOOM_SECONDS = 0.6
_TURN = 0.008  # radians a pixel
_TOOLS = ("navigate", "box", "lasso", "region")


@dataclass
class Handlers:
    """What a viewport does when the user acts; all on the main thread."""

    moved: Callable[[Camera, bool], None]
    """The camera is here now; True while it goes on moving."""
    pick: Callable[[float, float], Pick | None]
    hovered: Callable[[Pick | None], None]
    clicked: Callable[[Pick | None, set[str]], None]
    region: Callable[[np.ndarray, set[str]], None]


class Navigation(QObject):
    """Listens to a widget's events. Left drag turns, right or middle drag pans, the wheel comes nearer to what is
    under the pointer, a double click sets the pivot; with the other tools a left drag draws: a rectangle, or with
    ``lasso`` any shape."""

    def __init__(self, widget: QWidget, overlay: ViewOverlay, handlers: Handlers) -> None:
        super().__init__(widget)
        self.camera = look_at(np.array([-22.0, 0.0, 13.0]), np.zeros(3))
        self._widget, self._overlay, self._do = widget, overlay, handlers
        self._tool = "navigate"
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragged = False
        self._band: list[tuple[float, float]] = []
        self._pointer = QPointF()
        self._flight: tuple[Camera, Camera, float] | None = None
        self._zoomed: tuple[float, QPointF, np.ndarray] | None = None
        self._rest = self._timer(REST_MS, self._rested, once=True)
        self._hover = self._timer(_HOVER_MS, self._hover_now, once=True)
        self._tick = self._timer(15, self._fly)
        widget.setMouseTracking(True)
        widget.installEventFilter(self)

    def set_tool(self, tool: str) -> None:
        """``navigate``, ``box``, ``lasso`` or ``region``."""
        if tool not in _TOOLS:
            raise ValueError(f"no tool '{tool}'; there are: {', '.join(_TOOLS)}")
        self._tool = tool
        self._band = []
        self._overlay.set_band([])
        cross = Qt.CursorShape.CrossCursor if tool != "navigate" else Qt.CursorShape.ArrowCursor
        self._widget.setCursor(cross)

    def jump_to(self, camera: Camera, *, moving: bool = False) -> None:
        """Be there at once."""
        self._flight = None
        self._tick.stop()
        self.camera = camera
        self._rest.stop()
        if moving:
            self._rest.start()
        self._do.moved(camera, moving)

    def fly_to(self, camera: Camera, seconds: float = FLIGHT_SECONDS) -> None:
        """Go there smoothly."""
        self._flight = (self.camera, camera, time.monotonic())
        self._seconds = seconds
        self._tick.start()

    def close(self) -> None:
        """Stop listening and all timers."""
        for timer in (self._rest, self._hover, self._tick):
            timer.stop()
        self._widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QMouseEvent):
            if kind == QEvent.Type.MouseButtonPress:
                self._press(event)
            elif kind == QEvent.Type.MouseMove:
                self._move(event)
            elif kind == QEvent.Type.MouseButtonRelease:
                self._release(event)
            elif kind == QEvent.Type.MouseButtonDblClick:
                self._double(event)
        elif isinstance(event, QWheelEvent):
            self._wheel(event)
            return True
        elif kind == QEvent.Type.Leave:
            self._hover.stop()
            self._do.hovered(None)
        return False

    def _press(self, event: QMouseEvent) -> None:
        self._pressed = self._last = event.position()
        self._dragged = False
        self._hover.stop()
        if self._drawing(event.buttons()):
            self._band = [(event.position().x(), event.position().y())]

    def _move(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None or event.buttons() == Qt.MouseButton.NoButton:
            self._pointer = at
            if not self._hover.isActive():
                self._hover.start()
            return
        step = at - self._last
        if not self._dragged and (at - self._pressed).manhattanLength() < _CLICK_PIXELS:
            return
        self._dragged = True
        self._last = at
        if self._drawing(event.buttons()):
            self._extend_band(at)
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self._go(moves.orbit(self.camera, -step.x() * _TURN, step.y() * _TURN))
        else:
            self._go(moves.pan(self.camera, step.x(), step.y(), self._widget.height()))

    def _release(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.buttons() != Qt.MouseButton.NoButton:
            return
        self._pressed = None
        modifiers = names(event.modifiers())
        if self._band and self._dragged:
            self._do.region(np.array(self._polygon(), np.float64), modifiers)
        elif not self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self._do.clicked(self._do.pick(event.position().x(), event.position().y()), modifiers)
        self._band = []
        self._overlay.set_band([])

    def _double(self, event: QMouseEvent) -> None:
        found = self._do.pick(event.position().x(), event.position().y())
        if found is not None:
            self.fly_to(moves.aim(self.camera, found.point))

    def _wheel(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if not notches:
            return
        self._go(moves.zoom(self.camera, 0.88**notches, self._zoom_target(event.position())))

    def _zoom_target(self, at: QPointF) -> np.ndarray:
        """(3,) what is under the pointer. It stays there while one zooms, so a turning wheel keeps its target."""
        turning = self._zoomed is not None and time.monotonic() - self._zoomed[0] < _SAME_ZOOM_SECONDS
        if turning and self._zoomed is not None and (at - self._zoomed[1]).manhattanLength() < _CLICK_PIXELS:
            target = self._zoomed[2]
        elif (found := self._do.pick(at.x(), at.y())) is not None:
            target = found.point.astype(np.float64)
        else:
            target = moves.under(self.camera, at.x(), at.y(), self._widget.width(), self._widget.height())
        self._zoomed = (time.monotonic(), at, target)
        return target

    def _go(self, camera: Camera) -> None:
        """A step of a move by hand: it rests by itself after a moment."""
        self._flight = None
        self._tick.stop()
        self.camera = camera
        self._rest.start()
        self._do.hovered(None)
        self._do.moved(camera, True)

    def _rested(self) -> None:
        self._do.moved(self.camera, False)

    def _fly(self) -> None:
        if self._flight is None:
            self._tick.stop()
            return
        start, end, begin = self._flight
        t = min((time.monotonic() - begin) / max(self._seconds, 1e-6), 1.0)
        self.camera = between(start, end, t * t * (3 - 2 * t))
        if t >= 1:
            self._flight = None
            self._tick.stop()
        self._do.moved(self.camera, t < 1)

    def _hover_now(self) -> None:
        self._do.hovered(self._do.pick(self._pointer.x(), self._pointer.y()))

    def _drawing(self, buttons: Qt.MouseButton) -> bool:
        return self._tool != "navigate" and bool(buttons & Qt.MouseButton.LeftButton)

    def _extend_band(self, at: QPointF) -> None:
        point = (at.x(), at.y())
        self._band = [*self._band, point] if self._tool == "lasso" else [self._band[0], point]
        self._overlay.set_band(self._polygon())

    def _polygon(self) -> list[tuple[float, float]]:
        if self._tool == "lasso":
            return self._band
        (x0, y0), (x1, y1) = self._band[0], self._band[-1]
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]

    def _timer(self, milliseconds: int, work: Callable[[], None], *, once: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(milliseconds)
        timer.setSingleShot(once)
        timer.timeout.connect(work)
        return timer


def names(modifiers: Qt.KeyboardModifier) -> set[str]:
    """``shift``, ``ctrl``, ``alt``: those that are held."""
    known = {
        "shift": Qt.KeyboardModifier.ShiftModifier,
        "ctrl": Qt.KeyboardModifier.ControlModifier,
        "alt": Qt.KeyboardModifier.AltModifier,
    }
    return {name for name, flag in known.items() if modifiers & flag}
