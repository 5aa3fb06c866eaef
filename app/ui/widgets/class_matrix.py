"""The classes of a frame with their IoU, and the confusion matrix: hover tells, click or Enter chooses a cell."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme
from app.ui.score_table import ScoreTable, percent
from app.ui.widgets.class_matrix_paint import Shape, least_size, paint_table, shape_of

Cell = tuple[int, int]
NAME = "Confusion matrix: rows are what was predicted, columns what is labelled"

STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
DIMMED = 0.45
"""How strongly figures of another frame are drawn while those of this one are made."""

CHOOSE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ClassMatrix(QWidget):
    """``on_hover(sentence)`` is called with what is under the pointer or the keys ("" for nothing),
    ``on_cell(predicted, true)`` with the train ids of a chosen cell. With the focus, the arrow keys move."""

    def __init__(self, on_hover: Callable[[str], None], on_cell: Callable[[int, int], None]) -> None:
        super().__init__()
        self._on_hover, self._on_cell = on_hover, on_cell
        self.table: ScoreTable | None = None
        self.by_truth = True
        self._chosen: Cell | None = None
        self._under: Cell | None = None
        self._cached: tuple[object, QPixmap] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(NAME)

    # what is shown

    def show_table(self, table: ScoreTable | None, *, by_truth: bool) -> None:
        """Show another table, its cells as shares of the labelled class or of what was called so."""
        self.table, self.by_truth = table, by_truth
        self._chosen = self._under = None
        said = "; ".join(f"{words} {percent(value)}" for value, words in table.means) if table is not None else ""
        self.setAccessibleName(f"{NAME}. {said}" if said else NAME)
        least = least_size(table) if table is not None else (0, 0)
        self.setMinimumSize(*least)
        self.update()

    def choose(self, ids: tuple[int, int] | None) -> None:
        """Mark the cell of these train ids (predicted, true), or none."""
        cell = self.table.cell_of(*ids) if self.table is not None and ids is not None else None
        if cell != self._chosen:
            self._chosen = cell
            self.update()

    def sizeHint(self) -> QSize:
        """Room for rows that are easy to read."""
        return QSize(760, 400)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where a cell stands (for tests and the tour)."""
        return self._shape().cell_rect(row, column)

    def _shape(self) -> Shape:
        if self.table is None:
            raise ValueError("there is no table")
        return shape_of(self.table, self.width(), self.height())

    # pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer."""
        self._point_at(self._cell_at(event.position()), event.position())

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._point_at(None, None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a cell."""
        cell = self._cell_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and cell is not None:
            self._take(cell)

    def event(self, event: QEvent) -> bool:
        """While the matrix has the focus, arrows and Enter are its own and not the window's."""
        asks = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asks and isinstance(event, QKeyEvent) and event.key() in (*STEPS, *CHOOSE) and not event.modifiers():
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from cell to cell, Enter chooses."""
        key = Qt.Key(event.key())
        if self.table is None or (key not in STEPS and key not in CHOOSE):
            super().keyPressEvent(event)
            return
        cell = self._under or self._chosen or (0, 0)
        if key in CHOOSE:
            self._take(cell)
            return
        down, right = STEPS[key]
        rows, columns = len(self.table) - 1, len(self.table.columns) - 1
        moved = min(max(cell[0] + down, 0), rows), min(max(cell[1] + right, 0), columns)
        self._point_at(moved, None)

    def _take(self, cell: Cell) -> None:
        if self.table is not None:
            self._chosen = cell
            self._on_cell(*self.table.cell_ids(*cell))
            self.update()

    def _point_at(self, cell: Cell | None, at: QPointF | None) -> None:
        if self.table is None:
            return
        words = self.table.cell(*cell) if cell is not None else ""
        if cell is None and at is not None:
            row = self._row_at(at)
            words = self.table.row(row) if row is not None else ""
        self._on_hover(words)
        self.setAccessibleDescription(words)
        if cell != self._under:
            self._under = cell
            self.update()

    def _row_at(self, at: QPointF) -> int | None:
        shape = self._shape()
        row = int((at.y() - shape.head) // shape.row)
        return row if self.table is not None and 0 <= row < len(self.table) and at.x() < shape.left else None

    def _cell_at(self, at: QPointF) -> Cell | None:
        if self.table is None:
            return None
        shape = self._shape()
        row, column = int((at.y() - shape.head) // shape.row), int((at.x() - shape.left) // shape.cell)
        inside = 0 <= row < len(self.table) and 0 <= column < len(self.table.columns)
        return (row, column) if inside else None

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The table from its picture, and over it what is pointed at and what is chosen."""
        if self.table is None:
            return
        shape = self._shape()
        painter = QPainter(self)
        painter.setOpacity(1.0 if self.isEnabled() else DIMMED)
        painter.drawPixmap(0, 0, self._picture(self.table, shape))
        now = theme.current()
        if self._under is not None:
            row, column = self._under
            band = QColor(now.color("text"))
            band.setAlpha(22)
            whole = len(self.table.columns) * shape.cell
            painter.fillRect(QRectF(0, shape.head + row * shape.row, shape.left + whole, shape.row), band)
            high = shape.head + len(self.table) * shape.row
            painter.fillRect(QRectF(shape.left + column * shape.cell, 0, shape.cell, high), band)
            painter.setPen(QPen(now.color("soft"), 1))
            painter.drawRect(shape.cell_rect(row, column).adjusted(0, 0, -1, -1))
        if self._chosen is not None:
            painter.setPen(QPen(now.color("text"), 2))
            painter.drawRect(shape.cell_rect(*self._chosen).adjusted(0, 0, -1, -1))
        painter.end()

    def _picture(self, table: ScoreTable, shape: Shape) -> QPixmap:
        """The table painted once for its size, theme and figures; moving the pointer costs next to nothing."""
        ratio = self.devicePixelRatioF()
        key = (table, shape, self.by_truth, theme.current().name, ratio, self.width(), self.height())
        if self._cached is not None and _same(self._cached[0], key):
            return self._cached[1]
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        paint_table(painter, table, shape, self.by_truth)
        painter.end()
        self._cached = (key, picture)
        return picture


def _same(one: object, other: object) -> bool:
    """Whether two keys are equal, the tables being one and the same object."""
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return False
    return one[0] is other[0] and one[1:] == other[1:]
