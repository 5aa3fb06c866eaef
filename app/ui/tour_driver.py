"""Drives the real window as a user would: keys and mouse events in, pictures of the window out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPixmap, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.core.errors import LidarScopeError
from app.core.render.camera import Camera
from app.core.render.protocol import Picture
from app.ui import view_words
from app.ui.main_window import MainWindow


class TourError(LidarScopeError):
    """Something the tour waited for did not come, or was not as it must be."""


@dataclass
class Step:
    """What one step of the tour did: its picture, how long it took, what was checked."""

    name: str
    picture: str = ""
    seconds: float = 0.0
    checked: list[str] = field(default_factory=list)


def turn(milliseconds: int) -> None:
    """Run the event loop for a while. Unlike ``QTest.qWait`` this lets other threads have the interpreter."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop, loop.quit)
    loop.exec()


class Driver:
    """Hands and eyes on one window."""

    def __init__(self, window: MainWindow, out: Path, *, checkpoint: Path | None = None) -> None:
        """``checkpoint``: of the network that the steps with a network use; None leaves them out."""
        self.window, self.out = window, out
        self.session, self.desk = window.session, window.desk
        self.checkpoint = checkpoint
        self.steps: list[Step] = []
        self.left_out: list[str] = []
        self._before: Callable[[Picture], None] | None = None

    # waiting

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 30.0) -> float:
        """Run the window until ``done()``; seconds it took. ``TourError`` when it takes too long."""
        start = time.perf_counter()
        while not done():
            if time.perf_counter() - start > seconds:
                raise TourError(f"{what} did not happen within {seconds:.0f} s.")
            turn(5)
        return time.perf_counter() - start

    def rest(self, quiet: float = 0.35) -> None:
        """Wait until every view shows a finished picture and none has followed for ``quiet`` seconds."""
        seen: dict[str, Picture | None] = {}
        since = time.perf_counter()

        def still() -> bool:
            nonlocal since
            for name, frame in self.window.area.views.items():
                picture: Picture | None = getattr(frame.viewport, "picture", None)
                if picture is None or picture is not seen.get(name) or not picture.final or frame.moving:
                    seen[name] = picture
                    since = time.perf_counter()
            return time.perf_counter() - since > quiet

        self.wait(still, "a finished picture in every view")

    # looking

    def check(self, true: bool, what: str) -> None:
        """Note what was checked; ``TourError`` when it does not hold."""
        if not true:
            raise TourError(f"Step '{self.steps[-1].name}': it does not hold that {what}.")
        self.steps[-1].checked.append(what)

    def note(self, text: str) -> None:
        """Note something measured."""
        self.steps[-1].checked.append(text)

    def leave_out(self, why: str) -> None:
        """Note steps that cannot be taken here, and why: one sentence for ``tour.json``."""
        self.left_out.append(why)

    def busy(self, view: str) -> bool:
        """Whether a view waits for values. ``TourError`` with the reason if they cannot come."""
        why = view_words.missing(self.session, view)
        if why:
            raise TourError(why)
        return view_words.waiting(self.session, view) is not None

    def take(self, name: str, work: Callable[[], None]) -> None:
        """Run one step and save a picture of the window after it."""
        self.steps.append(Step(name))
        start = time.perf_counter()
        work()
        self.rest()
        step = self.steps[-1]
        step.seconds = round(time.perf_counter() - start, 3)
        file = self.out / f"{len(self.steps):02d}_{name.replace(' ', '_')}.png"
        if not self.grab().save(str(file)):
            raise TourError(f"{file} could not be written; check the folder and the free space.")
        step.picture = file.name

    def grab(self) -> QPixmap:
        """The window as it is seen, with the menus and the palette that stand over it."""
        pixmap = self.window.grab()
        painter = QPainter(pixmap)
        for popup in QApplication.topLevelWidgets():
            if popup is not self.window and popup.isVisible():
                painter.drawPixmap(popup.pos() - self.window.pos(), popup.grab())
        painter.end()
        return pixmap

    def picture(self, name: str = "left") -> Picture:
        """The picture a view shows."""
        picture: Picture | None = getattr(self.window.area.views[name].viewport, "picture", None)
        if picture is None:
            raise TourError(f"The {name} view shows no picture.")
        return picture

    def camera(self, name: str = "left") -> Camera:
        """Where a view looks from."""
        return self.window.area.camera(name)

    def watch_pictures(self, name: str = "left") -> list[tuple[float, Picture]]:
        """A list that fills with (time, picture) as a view shows them, until :meth:`stop_watching`."""
        viewport = self.window.area.views[name].viewport
        seen: list[tuple[float, Picture]] = []
        self._before = viewport.on_picture

        def arrived(picture: Picture) -> None:
            seen.append((time.perf_counter(), picture))
            if self._before is not None:
                self._before(picture)

        viewport.on_picture = arrived
        return seen

    def stop_watching(self, seen: list[tuple[float, Picture]], name: str = "left") -> list[tuple[float, Picture]]:
        """Stop filling the list, and return it."""
        self.window.area.views[name].viewport.on_picture = self._before
        return seen

    # hands

    def view(self, name: str = "left") -> QWidget:
        """The widget that takes the mouse in a view."""
        return self.window.area.views[name].viewport.widget

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press and release a key with the window in focus."""
        target = QApplication.focusWidget() or self.window
        QTest.keyClick(target, key, modifiers)

    def drag(
        self,
        widget: QWidget,
        path: np.ndarray,
        *,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
        pause_ms: int = 16,
    ) -> None:
        """Press at the first of ``path`` (K, 2) pixels, move along it, release at the last."""
        points = [QPoint(int(x), int(y)) for x, y in path]
        QTest.mousePress(widget, button, Qt.KeyboardModifier.NoModifier, points[0])
        for point in points[1:]:
            self.move(widget, point, buttons=button)
            turn(pause_ms)
        QTest.mouseRelease(widget, button, Qt.KeyboardModifier.NoModifier, points[-1])

    def move(self, widget: QWidget, point: QPoint, *, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
        """Move the pointer; unlike ``QTest.mouseMove`` this carries the pressed buttons."""
        position, scene = QPointF(point), QPointF(widget.mapToGlobal(point))
        event = QMouseEvent(
            QEvent.Type.MouseMove, position, scene, Qt.MouseButton.NoButton, buttons, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(widget, event)

    def click(self, widget: QWidget, point: QPoint) -> None:
        """Press and release the left button on a point."""
        self.move(widget, point)
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)

    def type(self, widget: QWidget, text: str) -> None:
        """Type into the field of ``widget`` that has the focus, or its first one."""
        field = widget.focusWidget() or widget.findChild(QLineEdit) or widget
        QTest.keyClicks(field, text)

    def wheel(self, widget: QWidget, point: QPoint, notches: int) -> None:
        """Turn the wheel over a point; positive comes nearer."""
        event = QWheelEvent(
            QPointF(point), QPointF(widget.mapToGlobal(point)), QPoint(), QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)
