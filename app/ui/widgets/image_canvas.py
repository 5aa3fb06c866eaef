"""A picture one can zoom and pan, with marks on it; painting it again costs one copy of the screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui import theme
from app.ui.markers import draw_tooltip

MAX_ZOOM = 24.0
CLICK_SLACK = 4
"""Pixels a press may wander and still be a click."""


class ImageCanvas(QWidget):
    """Callbacks get picture pixels: ``on_hover(x, y)`` or ``on_hover(None, None)``, ``on_click(x, y)``.

    Wheel zooms about the pointer, a drag pans, a double click shows the whole picture again. With Shift, or while
    ``box_tool`` is on, a drag draws a box: ``on_box(x0, y0, x1, y1)`` in picture pixels.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_hover: Callable[[float | None, float | None], None] | None = None
        self.on_click: Callable[[float, float], None] | None = None
        self.on_resized: Callable[[], None] | None = None
        self._array: np.ndarray | None = None
        self._image: QImage | None = None
        self._scaled: QPixmap | None = None
        self._zoom = 1.0
        self._middle = QPointF(0.5, 0.5)  # what stands in the widget's middle, as a share of the picture
        self._pressed: QPointF | None = None
        self._moved = False
        self._ring: tuple[float, float] | None = None
        self._cross: tuple[float, float] | None = None
        self._lines: tuple[str, ...] = ()
        self._swatch: QColor | None = None
        self._said_at: tuple[float, float] | None = None
        self._edges: np.ndarray = np.zeros((0, 4), np.float32)
        self.on_box: Callable[[tuple[float, float, float, float]], None] | None = None
        self.box_tool = False
        self._band: tuple[QPointF, QPointF] | None = None
        self._frame: tuple[tuple[float, float, float, float], QColor] | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(120, 60)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        """A picture's usual shape at a modest size."""
        return QSize(600, 190)

    def set_image(self, array: np.ndarray | None) -> None:
        """Show a packed picture (h, w) uint32, without copying it; None: nothing.

        Zoom stays unless the size changes.
        """
        shape = None if self._array is None else self._array.shape
        self._array = None if array is None else np.ascontiguousarray(array)
        if self._array is None:
            self._image = None
        else:
            height, width = self._array.shape
            self._image = QImage(self._array.data, width, height, 4 * width, QImage.Format.Format_RGB32)
            if shape != self._array.shape:
                self._zoom, self._middle = 1.0, QPointF(0.5, 0.5)
        self._scaled = None
        self.update()

    def set_marks(
        self,
        ring: tuple[float, float] | None,
        cross: tuple[float, float] | None,
        lines: tuple[str, ...] = (),
        swatch: QColor | None = None,
        said_at: tuple[float, float] | None = None,
    ) -> None:
        """Ring the hovered and the picked pixel; ``lines`` stand beside the hovered one, or at ``said_at``."""
        if (ring, cross, lines, said_at) != (self._ring, self._cross, self._lines, self._said_at):
            self._ring, self._cross, self._lines, self._swatch = ring, cross, lines, swatch
            self._said_at = said_at
            self.update()

    @property
    def said(self) -> tuple[str, ...]:
        """What is written beside the hovered pixel."""
        return self._lines

    def set_outline(self, edges: np.ndarray) -> None:
        """Outline a part of the picture: (K, 4) edges x0, y0, x1, y1 in its pixels; none: nothing."""
        if len(edges) or len(self._edges):
            self._edges = edges
            self.update()

    def set_frame(self, box: tuple[float, float, float, float] | None, color: QColor) -> None:
        """Frame a part of the picture (x0, y0, x1, y1 in its pixels), or nothing."""
        frame = None if box is None else (box, color)
        if frame != self._frame:
            self._frame = frame
            self.update()

    def picture_rect(self) -> QRectF:
        """Where the whole picture lies in the widget (parts of it may stick out)."""
        if self._image is None:
            return QRectF()
        scale = self._scale()
        width, height = self._image.width() * scale, self._image.height() * scale
        left = self.width() / 2 - self._middle.x() * width
        top = self.height() / 2 - self._middle.y() * height
        return QRectF(left, top, width, height)

    def to_picture(self, at: QPointF) -> tuple[float, float] | None:
        """Picture pixel under a widget position, or None beside the picture."""
        rect = self.picture_rect()
        if self._image is None or not rect.contains(at):
            return None
        scale = self._scale()
        return (at.x() - rect.left()) / scale, (at.y() - rect.top()) / scale

    def to_widget(self, x: float, y: float) -> QPointF:
        """Widget position of a picture pixel."""
        rect, scale = self.picture_rect(), self._scale()
        return QPointF(rect.left() + x * scale, rect.top() + y * scale)

    def pixels_per_dot(self) -> float:
        """Picture pixels that one widget pixel spans."""
        return 1 / max(self._scale(), 1e-6)

    def _scale(self) -> float:
        if self._image is None:
            return 1.0
        fit = min(self.width() / self._image.width(), self.height() / self._image.height())
        return max(fit, 1e-6) * self._zoom

    # events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scale anew."""
        self._scaled = None
        if self.on_resized is not None:
            self.on_resized()

    def changeEvent(self, event: QEvent) -> None:
        """The ground beside the picture follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._scaled = None
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        before = self.to_picture(event.position())
        if before is None or self._image is None:
            return
        factor = 1.2 ** (event.angleDelta().y() / 120)
        self._zoom = min(max(self._zoom * factor, 1.0), MAX_ZOOM)
        after = self.to_widget(*before)
        self._shift(event.position() - after)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, a drag or a box."""
        self._pressed, self._moved = event.position(), False
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if (shift or self.box_tool) and self.on_box is not None and self.to_picture(event.position()) is not None:
            self._band = (event.position(), event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw the box or pan while pressed, else hover."""
        if self._band is not None:
            self._band = (self._band[0], event.position())
            self.update()
            return
        if self._pressed is not None:
            delta = event.position() - self._pressed
            if self._moved or delta.manhattanLength() > CLICK_SLACK:
                self._moved, self._pressed = True, event.position()
                self._shift(delta)
            return
        found = self.to_picture(event.position())
        if self.on_hover is not None:
            self.on_hover(*(found or (None, None)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not move is a click; a box is done."""
        band, self._band = self._band, None
        if band is not None:
            self._pressed = None
            self.update()
            if (band[1] - band[0]).manhattanLength() > CLICK_SLACK and self.on_box is not None:
                (x0, y0), (x1, y1) = (self._inside(at) for at in band)
                self.on_box((x0, y0, x1, y1))
            return
        found = self.to_picture(event.position())
        if self._pressed is not None and not self._moved and found is not None and self.on_click is not None:
            self.on_click(*found)
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The whole picture again."""
        self._zoom, self._middle, self._scaled = 1.0, QPointF(0.5, 0.5), None
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered any more."""
        if self.on_hover is not None:
            self.on_hover(None, None)

    def _inside(self, at: QPointF) -> tuple[float, float]:
        """Picture pixel nearest to a widget position."""
        rect, scale = self.picture_rect(), self._scale()
        x = min(max(at.x(), rect.left()), rect.right())
        y = min(max(at.y(), rect.top()), rect.bottom())
        return (x - rect.left()) / scale, (y - rect.top()) / scale

    def _shift(self, delta: QPointF) -> None:
        """Move the picture by widget pixels; its middle never leaves it."""
        if self._image is None:
            return
        scale = self._scale()
        x = self._middle.x() - delta.x() / (self._image.width() * scale)
        y = self._middle.y() - delta.y() / (self._image.height() * scale)
        if self._zoom <= 1.0:
            x = y = 0.5
        self._middle = QPointF(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0))
        self._scaled = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The scaled picture is kept: moving a mark does not scale it again."""
        now = theme.current()
        painter = QPainter(self)
        if self._scaled is None:
            self._scaled = self._draw_scaled()
        painter.drawPixmap(0, 0, self._scaled)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._paint_outline(painter)
        for mark, color in ((self._cross, QColor("white")), (self._ring, now.color("accent"))):
            if mark is not None:
                at = self.to_widget(*mark)
                for ink, width in ((QColor(0, 0, 0, 180), 4.0), (color, 2.0)):
                    painter.setPen(QPen(ink, width))
                    painter.drawEllipse(at, 8, 8)
        self._paint_boxes(painter)
        said_at = self._ring or self._said_at
        if said_at is not None and self._lines:
            draw_tooltip(painter, self.to_widget(*said_at), self._lines, self._swatch, QRectF(self.rect()))
        painter.end()

    def _paint_outline(self, painter: QPainter) -> None:
        """What is outlined, light on dark so that it shows on every picture."""
        if not len(self._edges):
            return
        lines = [QLineF(self.to_widget(x0, y0), self.to_widget(x1, y1)) for x0, y0, x1, y1 in self._edges.tolist()]
        for ink, width in ((QColor(0, 0, 0, 190), 4.0), (theme.current().color("accent"), 2.0)):
            painter.setPen(QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLines(lines)

    def _paint_boxes(self, painter: QPainter) -> None:
        """What is framed, and the box that is being drawn."""
        boxes: list[tuple[QRectF, QColor]] = []
        if self._frame is not None:
            (x0, y0, x1, y1), color = self._frame
            boxes.append((QRectF(self.to_widget(x0, y0), self.to_widget(x1, y1)), color))
        if self._band is not None:
            boxes.append((QRectF(*self._band).normalized(), theme.current().color("accent")))
        for rect, color in boxes:
            for ink, width in ((QColor(0, 0, 0, 170), 4.0), (color, 2.0)):
                painter.setPen(QPen(ink, width))
                painter.drawRect(rect)

    def _draw_scaled(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(theme.current().color("view" if theme.current().name == "dark" else "control"))
        if self._image is not None:
            painter = QPainter(picture)
            enlarged = self._scale() * ratio > 2.5  # single pixels are what one zooms in for
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not enlarged)
            painter.drawImage(self.picture_rect(), self._image)
            painter.end()
        return picture
