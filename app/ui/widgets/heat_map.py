"""The affinity matrix: wheel zooms, drag moves, hover tells, a click chooses; with the keyboard too."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.affinity.inspecting import MatrixPicture, Span
from app.ui import theme
from app.ui.widgets import heat_paint
from app.ui.widgets.heat_view import HeatView
from app.ui.widgets.swatch_menu import Rgb

Cell = tuple[int, int]

NAMES, NAMES_FROM = 84.0, 280
"""Room for names beside the bands, and the widget's width from which they are written."""

REST_MS = 120
"""So long after the last zoom a finer picture is asked for."""

NOTCH = 1.25
DRAG = 4.0
STEPS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
CHOOSE = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
ZOOM = {Qt.Key.Key_Plus: NOTCH, Qt.Key.Key_Equal: NOTCH, Qt.Key.Key_Minus: 1 / NOTCH}
OWN = (*STEPS, *CHOOSE, *ZOOM, Qt.Key.Key_0)


class HeatMap(QWidget):
    """``on_cell(row, column)`` with places under the pointer or the keys, None for none; ``on_choose(row, column)``
    with queue rows for a click; ``on_view(view)`` a moment after another part came into view."""

    def __init__(
        self,
        on_cell: Callable[[Cell | None], None],
        on_choose: Callable[[Cell], None],
        on_view: Callable[[HeatView], None],
        color: Callable[[Span], Rgb],
    ) -> None:
        super().__init__()
        self._on_cell, self._on_choose, self._on_view, self._color = on_cell, on_choose, on_view, color
        self.coarse: MatrixPicture | None = None
        self.fine: MatrixPicture | None = None
        self._images: dict[int, QImage] = {}
        self.view = HeatView.of(1)
        self.under: Cell | None = None
        self._chosen: int | None = None
        self._grip: QPointF | None = None
        self._dragged = False
        self._later = QTimer(self, singleShot=True, interval=REST_MS)
        self._later.timeout.connect(lambda: self._on_view(self.view))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(140, 90)
        self.setAccessibleName("Affinity matrix: rows receive, columns give")

    def stop(self) -> None:
        """The panel goes."""
        self._later.stop()

    # what is shown

    def show_picture(self, picture: MatrixPicture | None) -> None:
        """A picture has come: of all of the queue, or of a part. One of another queue or order begins anew."""
        if picture is None:
            self.coarse = self.fine = None
            self._images.clear()
            self._point_at(None)
            self.update()
            return
        whole = len(picture.rows)
        complete = picture.window == (0, whole) and picture.columns == (0, whole)
        if self.coarse is None or self.coarse.order != picture.order or whole != self.view.whole:
            self.view, self.fine = HeatView.of(whole), None
            self._point_at(None)
        if complete:
            self.coarse, self.fine = picture, None
        else:
            self.fine = picture
        kept = [id(held) for held in (self.coarse, self.fine)]
        self._images = {key: image for key, image in self._images.items() if key in kept}
        self._images[id(picture)] = heat_paint.image_of(picture)
        self.update()

    def choose(self, row: int | None) -> None:
        """Mark the line of a queue row, or none."""
        if row != self._chosen:
            self._chosen = row
            self.update()

    def reset(self) -> None:
        """Show all of it."""
        self._look(HeatView.of(self.view.whole))

    def sizeHint(self) -> QSize:
        """A square and its names."""
        return QSize(420, 320)

    def area(self) -> QRectF:
        """The square of the cells (for tests and the tour)."""
        side = NAMES if self.width() >= NAMES_FROM else 0.0
        left, top, foot = side + heat_paint.BAND + 8, heat_paint.BAND + 4, 30.0
        edge = max(min(self.width() - left - 4, self.height() - top - foot), 20.0)
        return QRectF(left, top, edge, edge)

    def cell_rect(self, row: int, column: int) -> QRectF:
        """Where the cell of two places of the order stands."""
        area, size = self.area(), self.area().width() / self.view.span
        return QRectF(
            area.left() + (column - self.view.left) * size, area.top() + (row - self.view.top) * size, size, size
        )

    @property
    def _picture(self) -> MatrixPicture | None:
        return self.fine or self.coarse

    def rows_of(self, cell: Cell) -> Cell:
        """Queue rows of two places."""
        picture = self._picture
        if picture is None:
            raise ValueError("there is no matrix")
        return int(picture.rows[cell[0]]), int(picture.rows[cell[1]])

    def weight(self, cell: Cell) -> tuple[float, int] | None:
        """Weight of a cell of places as far as it is known, and of how many instances a side it is the mean."""
        for picture in (self.fine, self.coarse):
            if picture is None:
                continue
            row, column = cell[0] - picture.window[0], cell[1] - picture.columns[0]
            high, wide = (edge * picture.block for edge in picture.values.shape)
            if 0 <= row < high and 0 <= column < wide:
                return float(picture.values[row // picture.block, column // picture.block]), picture.block
        return None

    # pointer and keys

    def _at(self, point: QPointF) -> Cell | None:
        area = self.area()
        if self.coarse is None or not area.contains(point):
            return None
        size = area.width() / self.view.span
        row = int(self.view.top + (point.y() - area.top()) / size)
        column = int(self.view.left + (point.x() - area.left()) / size)
        last = self.view.whole - 1
        return min(row, last), min(column, last)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the map, or tell what is under the pointer."""
        if self._grip is not None and event.buttons() & Qt.MouseButton.LeftButton:
            moved = event.position() - self._grip
            if self._dragged or moved.manhattanLength() > DRAG:
                self._dragged = True
                size = self.area().width() / self.view.span
                self._grip = event.position()
                self._look(self.view.moved(-moved.y() / size, -moved.x() / size))
            return
        self._point_at(self._at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the map."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip, self._dragged = event.position(), False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click that moved nothing chooses."""
        cell = self._at(event.position())
        if self._grip is not None and not self._dragged and cell is not None:
            self._on_choose(self.rows_of(cell))
        self._grip, self._dragged = None, False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """All of it again."""
        self.reset()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nearer or farther, about the pointer."""
        area, at = self.area(), event.position()
        if self.coarse is None or not area.contains(at):
            event.ignore()
            return
        down, across = (at.y() - area.top()) / area.height(), (at.x() - area.left()) / area.width()
        self._look(self.view.zoom(NOTCH ** (event.angleDelta().y() / 120), down, across))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._point_at(None)

    def event(self, event: QEvent) -> bool:
        """While the map has the focus, arrows, Enter, plus, minus and 0 are its own."""
        asks = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asks and isinstance(event, QKeyEvent) and event.key() in OWN and not _held(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from cell to cell, plus and minus zoom, 0 shows all, Enter chooses."""
        key = Qt.Key(event.key())
        if self.coarse is None or key not in OWN:
            super().keyPressEvent(event)
            return
        cell = self.under or self._middle()
        if key in CHOOSE:
            self._on_choose(self.rows_of(cell))
        elif key in ZOOM:
            self._look(self.view.zoom(ZOOM[key], 0.5, 0.5))
        elif key == Qt.Key.Key_0:
            self.reset()
        else:
            down, right = STEPS[key]
            step = max(int(self.view.span / 60), 1)
            last = self.view.whole - 1
            cell = min(max(cell[0] + down * step, 0), last), min(max(cell[1] + right * step, 0), last)
            self._look(self.view.showing(*cell))
            self._point_at(cell)

    def _middle(self) -> Cell:
        return int(self.view.top + self.view.span / 2), int(self.view.left + self.view.span / 2)

    def _look(self, view: HeatView) -> None:
        if view != self.view:
            self.view = view
            self._later.start()
            self.update()

    def _point_at(self, cell: Cell | None) -> None:
        if cell != self.under:
            self.under = cell
            self._on_cell(cell)
            self.update()

    # painting

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size shows the same part."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Cells, bands, scale; over them what is pointed at and what is chosen."""
        coarse, shown = self.coarse, self._picture
        if coarse is None or shown is None:
            return
        painter = QPainter(self)
        painter.setOpacity(1.0 if self.isEnabled() else 0.45)
        area = self.area()
        painter.fillRect(area, theme.current().color("control"))
        for picture in (coarse, self.fine):
            if picture is not None:
                heat_paint.draw_cells(painter, area, self._images[id(picture)], picture, self.view)
        room = NAMES if self.width() >= NAMES_FROM else 0.0
        heat_paint.draw_bands(painter, area, coarse.spans, self.view, self._color, room - 4)
        wide = min(heat_paint.SCALE_WIDTH, area.width())
        scale = QRectF(area.left(), area.bottom() + 6, wide, 24)
        heat_paint.draw_scale(painter, scale, shown.largest)
        self._paint_marks(painter, area)
        painter.end()

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        picture = self.coarse
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        size = area.width() / self.view.span
        if self._chosen is not None and picture is not None:
            for place in (picture.rows == self._chosen).nonzero()[0]:
                line = QColor(theme.DARK.color("accent"))
                painter.setPen(QPen(line, 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                y = area.top() + (place - self.view.top) * size
                painter.drawRect(QRectF(area.left(), y - 0.5, area.width(), max(size, 1.0) + 1))
        if self.under is not None:
            cell = self.cell_rect(*self.under)
            cross = QColor("white")
            cross.setAlpha(120)
            painter.setPen(QPen(cross, 1))
            middle = cell.center()
            painter.drawLine(QPointF(area.left(), middle.y()), QPointF(area.right(), middle.y()))
            painter.drawLine(QPointF(middle.x(), area.top()), QPointF(middle.x(), area.bottom()))


def _held(event: QKeyEvent) -> bool:
    """Whether a modifier makes a key another one."""
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier))
