"""Rules against their thresholds as curves, with the present threshold marked; a drag moves it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.geometry.visibility_curves import RuleCurve, ladder, unit_of
from app.ui import text, theme

HEIGHT, TOP, FOOT, LEFT, RIGHT = 172, 6, 20, 30, 8
LEGEND, LINE, IN_LINE = 34, 16, 2

INKS = {
    "dark": {"slope": "#58c4ff", "paper": "#f2b04a", "zbuffer": "#7bd88f", "depth_ratio": "#c79bff"},
    "light": {"slope": "#0a6fc2", "paper": "#a85f00", "zbuffer": "#1d7f43", "depth_ratio": "#7a3fc4"},
}
NAMES = {"slope": "slope", "paper": "paper", "zbuffer": "z-buffer", "depth_ratio": "ratio"}

TIP = (
    "Each rule against its own threshold, of all points in this picture; the scale is stretched towards 0. Rules "
    "whose threshold has another unit are level lines at their present value. Drag to move the threshold."
)


class RuleCurves(QWidget):
    """``on_threshold(value)`` is called while the user drags through the curves."""

    def __init__(self, on_threshold: Callable[[float], None]) -> None:
        super().__init__()
        self._on_threshold = on_threshold
        self._curves: tuple[RuleCurve, ...] = ()
        self._rule = ""
        self._present = 0.0
        self._measure = "f1"
        self._dragged = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setToolTip(TIP)
        self.setAccessibleName("Rules against their thresholds")
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(260, HEIGHT)

    def show_curves(self, curves: tuple[RuleCurve, ...], rule: str, present: float, measure: str) -> None:
        """``rule`` is in use with the threshold ``present``; ``measure`` is a figure of ``VisibilityScore``."""
        self._curves, self._rule, self._present, self._measure = curves, rule, present, measure
        told = ", ".join(f"{NAMES[one.rule]} {text.number(self.present_value(one), 3)}" for one in curves)
        self.setAccessibleDescription(told)
        self.update()

    def values(self, curve: RuleCurve) -> np.ndarray:
        """(K,) float64: the shown figure at each threshold of a curve; NaN where it means nothing."""
        return np.array([getattr(score, self._measure) for score in curve.scores], np.float64)

    def present_value(self, curve: RuleCurve) -> float:
        """The shown figure at the curve's own present threshold (of the rule in use: the one that is dragged)."""
        at = self._present if curve.rule == self._rule else curve.present
        return float(np.interp(at, curve.thresholds, self.values(curve)))

    # geometry

    @property
    def _area(self) -> QRectF:
        return QRectF(LEFT, LEGEND + TOP, self.width() - LEFT - RIGHT, self.height() - LEGEND - TOP - FOOT)

    def x_of(self, threshold: float) -> float:
        """Where a threshold stands, in pixels: by its square root."""
        share = (threshold / ladder(self._rule)[-1]) ** 0.5
        return float(self._area.left() + self._area.width() * min(max(share, 0.0), 1.0))

    def threshold_at(self, x: float) -> float:
        """The threshold on offer nearest to a pixel."""
        share = min(max((x - self._area.left()) / max(self._area.width(), 1), 0.0), 1.0)
        steps = np.array(ladder(self._rule))
        return float(steps[np.abs(steps - steps[-1] * share**2).argmin()])

    def _y_of(self, value: float) -> float:
        return float(self._area.bottom() - self._area.height() * min(max(value, 0.0), 1.0))

    # mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the threshold."""
        if event.button() is Qt.MouseButton.LeftButton and self._curves and self._rule in NAMES:
            self._dragged = True
            self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it."""
        if self._dragged:
            self._move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dragged = False

    def _move(self, event: QMouseEvent) -> None:
        """The mark follows at once; what the threshold does comes when the session has it."""
        self._present = self.threshold_at(event.position().x())
        self.update()
        self._on_threshold(self._present)

    def changeEvent(self, event: QEvent) -> None:
        """Other colours in another theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, lines of the grid, curves, marks, names."""
        now = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("raised" if now.name == "dark" else "control"))
        painter.drawRoundedRect(self._area.adjusted(-2, -2, 2, 2), 4, 4)
        if self._curves:
            self._paint_grid(painter)
            for curve in self._curves:
                if curve.rule != self._rule:
                    self._paint_curve(painter, curve)
            self._paint_mark(painter)
            for curve in self._curves:
                if curve.rule == self._rule:
                    self._paint_curve(painter, curve)
            self._paint_legend(painter)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        now = theme.current()
        painter.setFont(theme.font(11))
        for value in (0.0, 0.25, 0.5, 0.75, 1.0):
            y = self._y_of(value)
            painter.setPen(QPen(now.color("line"), 1))
            painter.drawLine(QPointF(self._area.left(), y), QPointF(self._area.right(), y))
            if value in (0.0, 0.5, 1.0):
                painter.setPen(now.color("faint"))
                box = QRectF(0, y - 8, LEFT - 6, 16)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}")
        metres = unit_of(self._rule) == "m"
        for at in (0.0, 0.5, 2.0, 4.0, 8.0) if metres else (0.0, 0.05, 0.1, 0.2, 0.5):
            x = self.x_of(at)
            last = at == ladder(self._rule)[-1]
            words = (f"{at:g} m" if last else f"{at:g}") if metres else f"{100 * at:g}" + (" %" if last else "")
            box = QRectF(x - 20, self._area.bottom() + 4, 40, FOOT - 5)
            flag = Qt.AlignmentFlag.AlignHCenter
            if last:
                box, flag = QRectF(x - 36, box.top(), 40, box.height()), Qt.AlignmentFlag.AlignRight
            painter.drawText(box, flag | Qt.AlignmentFlag.AlignVCenter, words)

    def _ink(self, rule: str) -> QColor:
        return QColor(INKS[theme.current().name][rule])

    def _paint_curve(self, painter: QPainter, curve: RuleCurve) -> None:
        """A curve, or a level line for a rule whose threshold has another unit."""
        chosen = curve.rule == self._rule
        ink = self._ink(curve.rule)
        here = self.present_value(curve)
        if curve.unit != unit_of(self._rule):
            painter.setPen(QPen(ink, 1.4, Qt.PenStyle.DashLine))
            y = self._y_of(here)
            if here == here:
                painter.drawLine(QPointF(self._area.left(), y), QPointF(self._area.right(), y))
            return
        points = [
            QPointF(self.x_of(at), self._y_of(value))
            for at, value in zip(curve.thresholds, self.values(curve), strict=True)
            if value == value
        ]
        painter.setPen(QPen(ink, 2.4 if chosen else 1.4))
        painter.drawPolyline(QPolygonF(points))
        if here == here:
            at = self._present if chosen else curve.present
            painter.setPen(QPen(theme.current().color("panel"), 1.5))
            painter.setBrush(ink)
            radius = 4.5 if chosen else 3.0
            painter.drawEllipse(QPointF(self.x_of(at), self._y_of(here)), radius, radius)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_mark(self, painter: QPainter) -> None:
        if self._rule not in NAMES:
            return
        x = self.x_of(self._present)
        painter.setPen(QPen(theme.current().color("soft"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))

    def _paint_legend(self, painter: QPainter) -> None:
        """Names with the figure at the present thresholds, in the curves' order, in two lines."""
        now = theme.current()
        room = (self._area.width() + 4) / IN_LINE
        for place, curve in enumerate(self._curves):
            left, top = self._area.left() + place % IN_LINE * room, place // IN_LINE * LINE
            chosen = curve.rule == self._rule
            painter.setPen(QPen(self._ink(curve.rule), 3))
            painter.drawLine(QPointF(left, top + LINE / 2), QPointF(left + 10, top + LINE / 2))
            painter.setFont(theme.font(11, bold=chosen))
            painter.setPen(now.color("text" if chosen else "soft"))
            value = self.present_value(curve)
            words = f"{NAMES[curve.rule]} {value:.3f}" if value == value else NAMES[curve.rule]
            painter.drawText(QRectF(left + 16, top, room - 16, LINE), Qt.AlignmentFlag.AlignVCenter, words)
