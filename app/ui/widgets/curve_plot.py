"""One plot of growing curves: a title with the values under the pointer, lines thinned to what can be seen."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPicture, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.core.curves import thinned
from app.ui import text, theme
from app.ui.widgets.common import heading

FEW = 40
"""A line with fewer points shows each of them."""

GAP = 14
"""Pixels that a value beside the title takes besides its words."""

LEAST_BINS = 100


@dataclass(frozen=True)
class Line:
    """A curve: ``x`` (n,) ascending, ``y`` (n,). ``faint``: in the background, not told; ``strong``: in front."""

    x: np.ndarray
    y: np.ndarray
    color: QColor
    faint: bool = False
    strong: bool = False
    spoken: bool = True
    name: str = ""


@dataclass
class _Drawn:
    line: Line
    item: Any = field(repr=False)


class CurvePlot(QWidget):
    """Wheel zooms, a drag pans, a double click shows everything again. ``on_hover(x)`` is told where the pointer
    is, None when it has gone; ``write`` says a value in words."""

    def __init__(self, title: str, write: Callable[[float], str], on_hover: Callable[[float | None], None]) -> None:
        super().__init__()
        self._write, self._on_hover = write, on_hover
        self._drawn: dict[Hashable, _Drawn] = {}
        self._at: float | None = None
        self.write_x: Callable[[float], str] | None = None
        self.few = FEW
        self.leader = self
        self._follows = True
        self._log = False
        self._bottom, self._top = 0.0, 0.0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 10, 0)
        row.setSpacing(10)
        self.title, self.values = heading(""), QLabel()
        self.title.setText(title)
        self.values.setFont(theme.font(12))
        self.values.setTextFormat(Qt.TextFormat.RichText)
        self.values.setMinimumWidth(10)
        self.values.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.title)
        row.addWidget(self.values, 1)
        column.addLayout(row)
        self.plot: Any = pg.PlotWidget(axisItems={side: _Axis(side) for side in ("left", "bottom")})
        self.plot.setAccessibleName(title)
        self.plot.setMinimumSize(120, 90)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        self.box: Any = self.plot.getViewBox()
        self.box.setMouseEnabled(x=True, y=False)
        self.box.disableAutoRange()
        self.box.setDefaultPadding(0)
        self.box.sigRangeChangedManually.connect(lambda *_: self._let_go())
        self.cursor: Any = pg.InfiniteLine(angle=90, movable=False)
        self.cursor.setZValue(10)
        self.cursor.hide()
        self.plot.addItem(self.cursor, ignoreBounds=True)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self.plot.viewport().installEventFilter(self)
        self.box.sigXRangeChanged.connect(lambda *_: self._moved_along())
        column.addWidget(self.plot, 1)
        self.retheme()

    # lines

    def show_lines(self, lines: dict[Hashable, Line]) -> None:
        """Show exactly these lines by key; those that are the same arrays of the same length stay as they are."""
        for key in [key for key in self._drawn if key not in lines]:
            self.plot.removeItem(self._drawn.pop(key).item)
        for key, line in lines.items():
            self.show_line(key, line)
        self._drawn = {key: self._drawn[key] for key in lines}
        self._tell()
        self.fit(tight=True)

    def show_line(self, key: Hashable, line: Line) -> None:
        """Show one line, new or longer than before."""
        drawn = self._drawn.get(key)
        if drawn is None:
            item = pg.PlotDataItem(antialias=not line.faint, skipFiniteCheck=True)
            item.curve.setSegmentedLineMode("on")  # joining the pieces of a noisy line would take 30 ms a picture
            self.plot.addItem(item)
            drawn = self._drawn[key] = _Drawn(line, item)
        drawn.line = line
        self._style(drawn)
        self._thin(drawn)

    def shown(self, key: Hashable) -> tuple[np.ndarray, np.ndarray]:
        """x and y of a line as they are drawn; empty where there is none."""
        drawn = self._drawn.get(key)
        if drawn is None or drawn.item.xData is None:
            return np.zeros(0), np.zeros(0)
        return np.asarray(drawn.item.xData), np.asarray(drawn.item.yData)

    @property
    def keys(self) -> set[Hashable]:
        """Of the lines that are shown."""
        return set(self._drawn)

    def set_log(self, on: bool) -> None:
        """Logarithmic y, or linear."""
        self._log = on
        self.plot.setLogMode(y=on)
        self.fit(tight=True)

    def follow(self, leader: CurvePlot) -> None:
        """Show always the same range of x as another plot."""
        self.leader = leader
        self.box.setXLink(leader.box)

    def show_all(self) -> None:
        """Everything is seen again, and stays so while lines grow."""
        self.leader._follows = True
        self.leader.fit(tight=True)
        self.fit(tight=True)

    def fit(self, *, tight: bool = False) -> None:
        """Have all in the picture, and some room beyond, so that not every new row moves the axes (which costs more
        than to draw it). ``tight``: also where there is plenty of room."""
        if self.leader is self and self._follows:
            last = max((float(d.line.x[-1]) for d in self._drawn.values() if len(d.line.x)), default=0.0)
            right = self.box.viewRange()[0][1]
            if last > 0 and (last > right or last < 0.6 * right or tight):
                self.box.setXRange(0, last * (1.02 if tight else 1.2), padding=0)
        self._fit_y(tight)

    def _fit_y(self, tight: bool) -> None:
        left, right = self.box.viewRange()[0]
        ends = []
        for drawn in self._drawn.values():
            x, y = drawn.line.x, drawn.line.y
            seen = y[np.searchsorted(x, left) : np.searchsorted(x, right, "right")]
            seen = seen[np.isfinite(seen) & (seen > 0)] if self._log else seen[np.isfinite(seen)]
            if len(seen):
                ends += [float(seen.min()), float(seen.max())]
        if not ends:
            return
        low, high = (float(np.log10(end)) if self._log else end for end in (min(ends), max(ends)))
        span = max(high - low, 1e-9 + 0.02 * abs(high))
        outside = low < self._bottom or high > self._top
        if outside or tight or span < 0.5 * (self._top - self._bottom):
            self._bottom, self._top = low - 0.06 * span, low + 1.1 * span
            self.box.setYRange(self._bottom, self._top, padding=0)

    def _let_go(self) -> None:
        self.leader._follows = False

    def _moved_along(self) -> None:
        self._thin_all()
        self._fit_y(tight=True)

    def _style(self, drawn: _Drawn) -> None:
        line, color = drawn.line, QColor(drawn.line.color)
        color.setAlpha(70 if line.faint else 255)
        pen = pg.mkPen(color, width=2.0 if line.strong else 1.0)  # wider ones cost Qt ten times as much
        drawn.item.setPen(pen)
        drawn.item.setZValue(-1 if line.faint else 2 if line.strong else 1)
        few = not line.faint and len(line.x) <= self.few
        drawn.item.setSymbol("o" if few else None)
        if few:
            drawn.item.setSymbolSize(6 if line.strong else 4.5)
            drawn.item.setSymbolBrush(color)
            drawn.item.setSymbolPen(None)

    def _thin(self, drawn: _Drawn) -> None:
        low, high = self.box.viewRange()[0]
        bins = max(int(self.box.width()) // 2, LEAST_BINS)
        if len(drawn.line.x) <= 2 * bins:
            low, high = -np.inf, np.inf
        drawn.item.setData(*thinned(drawn.line.x, drawn.line.y, low, high, bins))

    def _thin_all(self) -> None:
        for drawn in self._drawn.values():
            if len(drawn.line.x) > 2 * LEAST_BINS:
                self._thin(drawn)

    # pointer

    def _moved(self, at: QPointF) -> None:
        if self.box.sceneBoundingRect().contains(at):
            self._on_hover(float(self.box.mapSceneToView(at).x()))
        else:
            self._on_hover(None)

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Leaving ends the hover; a double click shows everything."""
        if event.type() == QEvent.Type.Leave:
            self._on_hover(None)
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.show_all()
            return True
        return False

    def show_cursor(self, x: float | None) -> None:
        """Mark ``x`` and tell the values there; None tells the newest."""
        self._at = x
        self.cursor.setVisible(x is not None)
        if x is not None:
            self.cursor.setValue(x)
        self._tell()

    def _tell(self) -> None:
        told = self.told()
        if self._at is not None and self.write_x is not None and told:
            told.insert(0, (theme.current().faint, self.write_x(self._at)))
        metrics, room, shown = QFontMetrics(self.values.font()), self.values.width(), []
        for color, words in told:
            room -= metrics.horizontalAdvance(words) + GAP
            if room < 0:
                break
            shown.append(f'<span style="color:{color}">{words}</span>')
        self.values.setText("&nbsp;&nbsp; ".join(shown))
        names = [f"{d.line.name}: {self._write(value)}" for d, value in self._values() if d.line.name]
        self.values.setToolTip("\n".join(names))

    def told(self) -> list[tuple[str, str]]:
        """Values at the cursor, or the newest, in words, each after the colour of its line."""
        return [(drawn.line.color.name(), self._write(value)) for drawn, value in self._values()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other values fit beside the title."""
        super().resizeEvent(event)
        self._tell()

    def _values(self) -> list[tuple[_Drawn, float]]:
        found = []
        for drawn in self._drawn.values():
            line = drawn.line
            if line.faint or not line.spoken or not len(line.x):
                continue
            place = len(line.x) - 1 if self._at is None else nearest(line.x, self._at)
            if np.isfinite(line.y[place]):
                found.append((drawn, float(line.y[place])))
        return found

    # looks

    def changeEvent(self, event: QEvent) -> None:
        """The plot follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self.retheme()

    def retheme(self) -> None:
        """Take the colours of the theme in use."""
        now = theme.current()
        self.plot.setBackground(now.panel)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(pg.mkPen(now.line))
            axis.setTextPen(pg.mkPen(now.faint))
            axis.setStyle(tickFont=theme.font(11), tickLength=-3, maxTickLevel=0)
            axis.setGrid(28)
        self.plot.getAxis("left").setWidth(44)
        self.cursor.setPen(pg.mkPen(now.faint, width=1, style=Qt.PenStyle.DashLine))


class _Axis(pg.AxisItem):  # type: ignore[misc]  # the library has no types
    """An axis that is drawn at once: as a recorded picture, which is the library's way, its numbers cost thrice."""

    picture: Any
    _specs: Any = None

    def paint(self, painter: QPainter, _option: Any, _widget: Any) -> None:
        """Lines and numbers; where they stand is worked out anew only when ``picture`` has been dropped."""
        painter.setFont(self.style["tickFont"])
        if self.picture is None:
            self._specs, self.picture = self.generateDrawSpecs(painter), QPicture()
        if self._specs is not None:
            painter.save()
            self.drawPicture(painter, *self._specs)
            painter.restore()


def nearest(x: np.ndarray, at: float) -> int:
    """Row of the value of ``x`` (n,), ascending and not empty, that is nearest to ``at``."""
    right = int(np.clip(np.searchsorted(x, at), 1, max(len(x) - 1, 1)))
    return right if right < len(x) and abs(x[right] - at) < abs(x[right - 1] - at) else right - 1


def number(value: float) -> str:
    """A loss or a rate in a few figures."""
    if abs(value) < 1e-9:
        return "0"
    return text.number(value, 4) if abs(value) < 10 else text.number(value, 2)


def step(value: float) -> str:
    """A place on an axis of steps."""
    return f"step {text.count(round(value))}"


def minutes(value: float) -> str:
    """A place on an axis of minutes."""
    return f"{text.number(value, 1)} min"


def percent(value: float) -> str:
    """A share that is given in percent."""
    return f"{value:.1f} %"
