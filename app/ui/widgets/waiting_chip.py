"""Says over a view what it waits for, or why it cannot show what it should."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui import theme

PATIENCE_MS = 150
"""What comes within this time is not announced: a chip that flashes up tells nobody anything."""

SIDE, HEIGHT, GROOVE = 10, 27, 3


class WaitingChip(QWidget):
    """Hidden while there is nothing to say. ``stop`` before the view goes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFont(theme.font(12))
        self.words = ""
        self._share: float | None = None
        self._warning = False
        self._room = 400
        self._late = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._late.timeout.connect(self._appear)
        self.hide()

    def wait_for(self, words: str, share: float | None, room: int) -> None:
        """Say what is waited for, after a moment; ``share`` (0 to 1) of it is done, None: nobody knows."""
        self._set(words, share, False, room)
        if not self.isVisible() and not self._late.isActive():
            self._late.start()

    def warn(self, words: str, room: int) -> None:
        """Say at once why nothing can be shown."""
        self._late.stop()
        self._set(words, None, True, room)
        self._appear()

    def clear(self) -> None:
        """There is nothing to say."""
        self._late.stop()
        self.words = ""
        self.hide()

    def stop(self) -> None:
        """The view goes."""
        self._late.stop()

    def _set(self, words: str, share: float | None, warning: bool, room: int) -> None:
        if (words, share, warning, room) != (self.words, self._share, self._warning, self._room):
            self.words, self._share, self._warning, self._room = words, share, warning, room
            self.setAccessibleName(words)
            self.adjustSize()
            self.update()

    def _appear(self) -> None:
        self.adjustSize()
        self.show()
        self.raise_()

    def sizeHint(self) -> QSize:
        """As wide as its words, within the view."""
        wanted = QFontMetrics(self.font()).horizontalAdvance(self.words) + 2 * SIDE + 4
        return QSize(min(wanted, max(self._room, 80)), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A chip like the view's others; how far it is stands as a line at its foot."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(now.color("warning" if self._warning else "line"))
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(area, 6, 6)
        painter.setPen(now.color("text" if self._warning else "soft"))
        painter.setFont(self.font())
        room = self.width() - 2 * SIDE
        shown = QFontMetrics(self.font()).elidedText(self.words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(SIDE, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        if self._share is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accent"))
            done = max(room * self._share, GROOVE)
            painter.drawRoundedRect(QRectF(SIDE, self.height() - GROOVE - 2, done, GROOVE), 1.5, 1.5)
        painter.end()
