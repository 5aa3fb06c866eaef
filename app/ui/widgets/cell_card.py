"""One cell of the affinity matrix in words: who receives, who gives, and how much."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.widgets.rows import draw_swatch
from app.ui.widgets.swatch_menu import Rgb

WIDTH, HEIGHT, PART = 208, 176, 58


@dataclass(frozen=True)
class Party:
    """An instance: its label, what it was called before ("" where the same), where it stands."""

    label: str
    color: Rgb
    before: str
    place: str


class CellCard(QWidget):
    """Empty while no cell is pointed at."""

    def __init__(self) -> None:
        super().__init__()
        self._parties: tuple[Party, Party] | None = None
        self._weight = self._mean = ""
        self.setFixedWidth(WIDTH)
        self.setMinimumHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The cell under the pointer")

    def show_cell(self, parties: tuple[Party, Party] | None, weight: str = "", mean: str = "") -> None:
        """Receiver and giver, the weight and of how many cells it is the mean; None: no cell."""
        if (parties, weight, mean) != (self._parties, self._weight, self._mean):
            self._parties, self._weight, self._mean = parties, weight, mean
            self.update()

    def sizeHint(self) -> QSize:
        """Room for both."""
        return QSize(WIDTH, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Receiver, weight, giver, from top to bottom."""
        if self._parties is None:
            return
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        receiver, giver = self._parties
        self._party(painter, 0, "RECEIVES", receiver)
        box = QRectF(0, PART, WIDTH, 50)
        painter.setFont(theme.font(22, bold=True))
        painter.setPen(now.color("text"))
        painter.drawText(box.adjusted(0, 4, 0, -16), Qt.AlignmentFlag.AlignVCenter, self._weight)
        painter.setFont(theme.font(11))
        painter.setPen(now.color("soft"))
        painter.drawText(
            box.adjusted(0, 32, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._mean or "of its label, from"
        )
        self._party(painter, PART + 58, "GIVES", giver)
        painter.end()

    @staticmethod
    def _party(painter: QPainter, top: float, title: str, party: Party) -> None:
        now = theme.current()
        painter.setFont(theme.font(11, bold=True, spaced=True))
        painter.setPen(now.color("faint"))
        painter.drawText(QRectF(0, top, WIDTH, 16), Qt.AlignmentFlag.AlignVCenter, title)
        draw_swatch(painter, QRectF(0, top + 21, 11, 11), QColor(*party.color))
        font = theme.font(13, bold=True)
        painter.setFont(font)
        painter.setPen(now.color("text"))
        words = party.label if not party.before else f"{party.before} → {party.label}"
        shown = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideMiddle, WIDTH - 20)
        painter.drawText(QRectF(19, top + 17, WIDTH - 19, 19), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.setFont(theme.font(12))
        painter.setPen(now.color("soft"))
        painter.drawText(QRectF(19, top + 36, WIDTH - 19, 17), Qt.AlignmentFlag.AlignVCenter, party.place)
