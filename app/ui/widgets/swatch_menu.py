"""A menu of colours that can be told apart on points, and any other colour besides."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QColorDialog, QGridLayout, QMenu, QToolButton, QWidget, QWidgetAction

from app.core.language.queries import COLORS
from app.ui import theme
from app.ui.widgets.rows import draw_swatch

Rgb = tuple[int, int, int]

NAMES = ("orange", "sky", "green", "pink", "violet", "yellow", "teal", "coral")
MORE: tuple[tuple[str, Rgb], ...] = (
    ("red", (244, 67, 54)),
    ("lime", (174, 213, 60)),
    ("blue", (104, 122, 255)),
    ("white", (236, 236, 236)),
)
COLORS_OFFERED: tuple[tuple[str, Rgb], ...] = (*zip(NAMES, COLORS, strict=True), *MORE)
"""The colours that new prompts get, and four more; all differ on a dark and on a light ground."""

COLUMNS = 6


class Swatch(QToolButton):
    """A small square of one colour; a click is the owner's business."""

    def __init__(self, color: Rgb, tip: str, size: int = 22) -> None:
        super().__init__()
        self.color = color
        self.setFixedSize(QSize(size, size))
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_color(self, color: Rgb) -> None:
        """Another colour."""
        if color != self.color:
            self.color = color
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The square alone, ringed while the pointer is over it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = QRectF(self.rect()).center()
        side = 13.0
        square = QRectF(middle.x() - side / 2, middle.y() - side / 2, side, side)
        draw_swatch(painter, square, QColor(*self.color))
        if self.underMouse():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme.current().color("soft"))
            painter.drawRoundedRect(square.adjusted(-2.5, -2.5, 2.5, 2.5), 4.5, 4.5)
        painter.end()


def ask_color(anchor: QWidget, now: Rgb, chosen: Callable[[Rgb], object]) -> None:
    """Open the menu of colours below ``anchor``; ``chosen`` is called with what the user takes."""
    menu = QMenu(anchor)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    board = QWidget()
    grid = QGridLayout(board)
    grid.setContentsMargins(8, 4, 8, 4)
    grid.setSpacing(2)
    for place, (name, color) in enumerate(COLORS_OFFERED):
        swatch = Swatch(color, name.capitalize(), 26)
        swatch.clicked.connect(lambda _on=False, c=color: _take(menu, c, chosen))
        grid.addWidget(swatch, place // COLUMNS, place % COLUMNS)
    held = QWidgetAction(menu)
    held.setDefaultWidget(board)
    menu.addAction(held)
    menu.addSeparator()
    menu.addAction("Another colour…").triggered.connect(lambda *_: _any_color(anchor, now, chosen))
    menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))


def _take(menu: QMenu, color: Rgb, chosen: Callable[[Rgb], object]) -> None:
    menu.close()
    chosen(color)


def _any_color(anchor: QWidget, now: Rgb, chosen: Callable[[Rgb], object]) -> None:
    """Qt's own dialog, beside the window, which goes on meanwhile."""
    dialog = QColorDialog(QColor(*now), anchor.window())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Colour of the prompt")
    dialog.colorSelected.connect(lambda color: chosen((color.red(), color.green(), color.blue())))
    dialog.show()
