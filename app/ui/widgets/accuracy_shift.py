"""How right labels are before and after, and the difference: one line of figures and a bar for each count."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.ui import text, theme

ROW, BAR = 44, 6
NEVER = "–"


@dataclass(frozen=True)
class Shift:
    """``right`` of ``whole`` things before and after; ``whole`` 0: nothing is known of any."""

    name: str
    before: int
    after: int
    whole: int

    @property
    def gain(self) -> float:
        """Percentage points by which it got better."""
        return 100 * (self.after - self.before) / self.whole if self.whole else 0.0


class AccuracyShift(QWidget):
    """A row per :class:`Shift`. ``show_shifts(…, stale=True)``: figures of before the last change, drawn dimly."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.shifts: tuple[Shift, ...] = ()
        self._stale = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.setFixedHeight(1)

    def show_shifts(self, shifts: tuple[Shift, ...], *, stale: bool = False) -> None:
        """Show these."""
        self.shifts, self._stale = shifts, stale
        self.setAccessibleDescription("; ".join(self._tip(place) for place in range(len(shifts))))
        self.setFixedHeight(max(len(shifts) * ROW, 1))
        self.update()

    def sizeHint(self) -> QSize:
        """As high as its rows."""
        return QSize(200, max(len(self.shifts) * ROW, 1))

    def event(self, event: QEvent) -> bool:
        """The counts as a tooltip."""
        if isinstance(event, QHelpEvent):
            place = event.pos().y() // ROW
            QToolTip.showText(event.globalPos(), self._tip(place) if place < len(self.shifts) else "", self)
            return True
        return super().event(event)

    def _tip(self, place: int) -> str:
        shift = self.shifts[place]
        if not shift.whole:
            return f"{shift.name}: none has ground truth."
        return (
            f"{shift.name}: {text.count(shift.before)} of {text.count(shift.whole)} right before affinity, "
            f"{text.count(shift.after)} after."
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, before › after, difference; below it the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.5 if self._stale or not self.isEnabled() else 1.0)
        for place, shift in enumerate(self.shifts):
            self._row(painter, QRectF(0, place * ROW, self.width(), ROW), shift)
        painter.end()

    def _row(self, painter: QPainter, row: QRectF, shift: Shift) -> None:
        now = theme.current()
        line = QRectF(row.left(), row.top() + 4, row.width(), 22)
        middle, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
        painter.setFont(theme.font(12))
        painter.setPen(now.color("soft"))
        painter.drawText(line, middle, shift.name)
        if not shift.whole:
            painter.drawText(line, middle | right, NEVER)
            return
        gain = shift.gain
        role = "good" if gain > 0 else "error" if gain < 0 else "soft"
        parts = (
            (text.number(100 * shift.before / shift.whole, 1), theme.font(13), "soft", 6.0),
            ("›", theme.font(12), "faint", 6.0),
            (f"{text.number(100 * shift.after / shift.whole, 1)} %", theme.font(15, bold=True), "text", 8.0),
            (f"{'+' if gain > 0 else ''}{text.number(gain, 1)}", theme.font(13, bold=True), role, 0.0),
        )
        left = row.right() - sum(
            QFontMetrics(font).horizontalAdvance(words) + gap for words, font, _r, gap in parts
        )
        for words, font, color, gap in parts:
            wide = QFontMetrics(font).horizontalAdvance(words)
            painter.setFont(font)
            painter.setPen(now.color(color))
            painter.drawText(QRectF(left, line.top(), wide + 2, line.height()), middle, words)
            left += wide + gap
        self._bar(painter, QRectF(row.left(), row.top() + 31, row.width(), BAR), shift)

    @staticmethod
    def _bar(painter: QPainter, groove: QRectF, shift: Shift) -> None:
        """What was right stays quiet; what was won or lost is drawn over its end."""
        now = theme.current()
        before, after = (groove.width() * value / shift.whole for value in (shift.before, shift.after))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("control"))
        painter.drawRoundedRect(groove, BAR / 2, BAR / 2)
        painter.save()
        painter.setClipRect(QRectF(groove.left(), groove.top(), max(before, after), groove.height()))
        painter.setBrush(QColor(now.color("faint")))
        painter.drawRoundedRect(groove, BAR / 2, BAR / 2)
        painter.restore()
        if after != before:
            low, high = sorted((before, after))
            painter.setBrush(now.color("good" if after > before else "error"))
            painter.drawRect(QRectF(groove.left() + low, groove.top() - 1, max(high - low, 2), BAR + 2))
