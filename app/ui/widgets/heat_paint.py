"""Paints the affinity matrix's colours, the bands of its axes, and the scale below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen

from app.core.affinity.inspecting import MatrixPicture, Span
from app.core.layers import colormaps
from app.ui import text, theme
from app.ui.widgets.heat_view import HeatView
from app.ui.widgets.swatch_menu import Rgb

MAP = "magma"
BAND, NAME_FROM = 8.0, 15.0
"""Width of the bands along the axes, and from which height a span has room for its name."""

SCALE_WIDTH, SCALE_HIGH = 120.0, 7.0


def image_of(picture: MatrixPicture) -> QImage:
    """(mr, mc) pixels: colours grow with the square root of the weight, so that small ones are seen beside the
    large."""
    top = max(picture.largest, 1e-12)
    levels = np.sqrt(np.clip(picture.values / top, 0, 1)) * (colormaps.LEVELS - 1)
    rgb = np.ascontiguousarray(colormaps.table(MAP)[levels.astype(np.int32)])
    high, wide = rgb.shape[:2]
    return QImage(rgb.data, wide, high, 3 * wide, QImage.Format.Format_RGB888).copy()


def draw_cells(painter: QPainter, area: QRectF, image: QImage, picture: MatrixPicture, view: HeatView) -> None:
    """The part of a picture that the view shows, where it belongs; cells stay sharp squares."""
    (top, _end), (left, _right) = picture.window, picture.columns
    scale = area.width() / view.span
    block = picture.block
    target = QRectF(
        area.left() + (left - view.left) * scale,
        area.top() + (top - view.top) * scale,
        image.width() * block * scale,
        image.height() * block * scale,
    )
    painter.save()
    painter.setClipRect(area)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, image.width() * block > view.span * 4)
    shown = target.intersected(area)
    if not shown.isEmpty():
        size = block * scale
        source = QRectF(
            (shown.left() - target.left()) / size,
            (shown.top() - target.top()) / size,
            shown.width() / size,
            shown.height() / size,
        )
        painter.drawImage(shown, image, source)
    painter.restore()


def draw_bands(
    painter: QPainter,
    area: QRectF,
    spans: Sequence[Span],
    view: HeatView,
    color: Callable[[Span], Rgb],
    room: float,
) -> None:
    """Bands of the classes or frames down the left side and along the top, with names where there is room, and
    fine lines where one ends."""
    now = theme.current()
    scale = area.width() / view.span
    painter.setFont(theme.font(11))
    metrics = QFontMetrics(painter.font())
    lines = QColor(now.color("text"))
    lines.setAlpha(60)
    for span in spans:
        shade = QColor(*color(span))
        low, high = (area.top() + (place - view.top) * scale for place in (span.start, span.end))
        low, high = max(low, area.top()), min(high, area.bottom())
        if high > low:
            painter.fillRect(QRectF(area.left() - BAND - 2, low, BAND, max(high - low - 0.5, 0.6)), shade)
            if high - low >= NAME_FROM and room > 30:
                box = QRectF(area.left() - BAND - 8 - room, low, room, high - low)
                words = metrics.elidedText(span.name, Qt.TextElideMode.ElideRight, int(room))
                painter.setPen(now.color("soft"))
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        left, right = (area.left() + (place - view.left) * scale for place in (span.start, span.end))
        left, right = max(left, area.left()), min(right, area.right())
        if right > left:
            painter.fillRect(QRectF(left, area.top() - BAND - 2, max(right - left - 0.5, 0.6), BAND), shade)
        painter.setPen(QPen(lines, 0.6))
        y, x = area.top() + (span.end - view.top) * scale, area.left() + (span.end - view.left) * scale
        if area.top() < y < area.bottom():
            painter.drawLine(round(area.left()), round(y), round(area.right()), round(y))
        if area.left() < x < area.right():
            painter.drawLine(round(x), round(area.top()), round(x), round(area.bottom()))


def draw_scale(painter: QPainter, box: QRectF, largest: float) -> None:
    """The colours with the weights they stand for: 0, a quarter of the greatest in the middle, the greatest."""
    now = theme.current()
    rgb = np.ascontiguousarray(colormaps.table(MAP)[: colormaps.LEVELS])
    bar = QImage(rgb.data, colormaps.LEVELS, 1, 3 * colormaps.LEVELS, QImage.Format.Format_RGB888)
    painter.drawImage(QRectF(box.left(), box.top(), box.width(), SCALE_HIGH), bar)
    painter.setFont(theme.font(11))
    painter.setPen(now.color("soft"))
    row = QRectF(box.left(), box.top() + SCALE_HIGH + 1, box.width(), 16)
    for value, align in (
        (0.0, Qt.AlignmentFlag.AlignLeft),
        (largest / 4, Qt.AlignmentFlag.AlignHCenter),
        (largest, Qt.AlignmentFlag.AlignRight),
    ):
        words = "0" if value == 0 else text.number(value, 3)
        painter.drawText(row, align | Qt.AlignmentFlag.AlignVCenter, words)
