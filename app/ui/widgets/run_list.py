"""The list of training runs: name, best score, how far each is; a dot for the curves, an eye if watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.core.tasks.follow_runs import SeenRun
from app.ui import icons, run_look, text, theme

Index = QModelIndex | QPersistentModelIndex

HEIGHT = 46
SIDE = 12
DOT = 10
ROW = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True)
class RunRow:
    """What one row shows: ``slot`` of its colour on the curves or None, newest known ``step``, whether watched."""

    run: SeenRun
    slot: int | None
    step: int
    watched: bool


class RunList(QListWidget):
    """Calls ``on_chosen(path)`` for the row that becomes current and ``on_dot(path)`` where its dot is pressed, or
    the space bar."""

    def __init__(self, on_chosen: Callable[[Path], None], on_dot: Callable[[Path], None]) -> None:
        super().__init__()
        self._on_chosen, self._on_dot = on_chosen, on_dot
        self.setItemDelegate(_RunDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Training runs")
        self.currentItemChanged.connect(self._changed)

    def show_rows(self, rows: list[RunRow], chosen: Path | None) -> None:
        """Show these runs; rows that stay the same are not touched."""
        self.blockSignals(True)
        while self.count() > len(rows):
            self.takeItem(self.count() - 1)
        while self.count() < len(rows):
            self.addItem(QListWidgetItem())
        for place, row in enumerate(rows):
            item = self.item(place)
            if item.data(ROW) != row:
                item.setData(ROW, row)
                item.setText(row.run.name)
                item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, run_look.progress(row.run, row.step))
                item.setToolTip(_tooltip(row.run))
            if row.run.path == chosen:
                self.setCurrentItem(item)
        if chosen is None:
            self.setCurrentRow(-1)
        self.blockSignals(False)

    def row_of(self, item: QListWidgetItem | None) -> RunRow | None:
        """What an item shows."""
        found = None if item is None else item.data(ROW)
        return found if isinstance(found, RunRow) else None

    def _changed(self, now: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        row = self.row_of(now)
        if row is not None:
            self._on_chosen(row.run.path)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on the dot puts the run on the curves or takes it off; anywhere else chooses the row."""
        item = self.itemAt(event.position().toPoint())
        row = self.row_of(item)
        if row is not None and item is not None and on_dot(event.position(), self.visualItemRect(item).top()):
            self._on_dot(row.run.path)
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is the dot of the current row."""
        row = self.row_of(self.currentItem())
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self._on_dot(row.run.path)
            return
        super().keyPressEvent(event)


def on_dot(at: QPointF, top: float) -> bool:
    """Whether a place is on the dot of the row that begins at ``top``."""
    return at.x() < SIDE + DOT + 5 and at.y() - top < HEIGHT


def _tooltip(run: SeenRun) -> str:
    lines = [str(run.path), run_look.progress(run), run.status.message]
    return "\n".join([*(line for line in lines if line), "Press the dot to show it on the curves."])


class _RunDelegate(QStyledItemDelegate):
    """Two lines a run, and a bar of its progress along the bottom while it goes on."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Fixed height."""
        return QSize(80, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        row = index.data(ROW)
        if not isinstance(row, RunRow):
            return
        now = theme.current()
        rect = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, now.color("row"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("raised"))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _dot(painter, rect, row.slot)
        inner = rect.adjusted(SIDE + DOT + 9, 6, -10, -7)
        upper = QRectF(inner.left(), inner.top(), inner.width(), inner.height() / 2)
        lower = upper.translated(0, inner.height() / 2 + 1)
        upper.setRight(_right(painter, upper, row))
        painter.setFont(theme.font(bold=True))
        painter.setPen(now.color("text"))
        _text(painter, upper, row.run.name)
        icon, role = run_look.MARKS[row.run.status.state]
        picture = icons.pixmap(icon, getattr(now, role), 13, painter.device().devicePixelRatioF())
        painter.drawPixmap(round(lower.left()) - 2, round(lower.center().y() - 6.5), picture)
        painter.setFont(theme.font(12))
        bad = row.run.status.state in ("failed", "crashed")
        painter.setPen(now.color("error" if bad else "soft"))
        _text(painter, lower.adjusted(16, 0, 0, 0), run_look.progress(row.run, row.step))
        _bar(painter, rect, row)
        painter.restore()

    def helpEvent(self, event: QEvent, view: object, option: QStyleOptionViewItem, index: Index) -> bool:
        """Tooltips as usual."""
        return super().helpEvent(event, view, option, index)  # type: ignore[arg-type]


def _dot(painter: QPainter, rect: QRectF, slot: int | None) -> None:
    box = QRectF(rect.left() + SIDE, rect.top() + 9, DOT, DOT)
    color = QColor(theme.current().color("faint")) if slot is None else run_look.run_color(slot)
    painter.setPen(color)
    painter.setBrush(Qt.BrushStyle.NoBrush if slot is None else color)
    painter.drawEllipse(box)


def _right(painter: QPainter, rect: QRectF, row: RunRow) -> float:
    """Best score at the right end, and the eye of a watched run; returns where the name must end."""
    now, right = theme.current(), rect.right()
    if row.run.best is not None:
        words = run_look.percent(row.run.best)
        painter.setFont(theme.font(12))
        painter.setPen(now.color("soft"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)
        right -= QFontMetrics(theme.font(12)).horizontalAdvance(words) + 8
    if row.watched:
        picture = icons.pixmap("eye", now.accent, 15, painter.device().devicePixelRatioF())
        painter.drawPixmap(round(right - 15), round(rect.center().y() - 7.5), picture)
        right -= 15 + 8
    return right


def _bar(painter: QPainter, rect: QRectF, row: RunRow) -> None:
    status = row.run.status
    if not row.run.live or not status.max_steps:
        return
    now = theme.current()
    groove = QRectF(rect.left() + SIDE + DOT + 9, rect.bottom() - 4, rect.width() - SIDE - DOT - 19, 2)
    painter.fillRect(groove, now.color("control"))
    groove.setWidth(groove.width() * min(max(row.step, status.step) / status.max_steps, 1.0))
    painter.fillRect(groove, now.color("warning" if status.state == "paused" else "accent"))


def _text(painter: QPainter, rect: QRectF, words: str) -> None:
    shown = QFontMetrics(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, int(rect.width()))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


def spoken(run: SeenRun) -> str:
    """A run in one sentence, for those who listen to the window."""
    best = f", best mIoU {run_look.percent(run.best)}" if run.best is not None else ""
    return text.typeset(f"{run.name}: {run_look.progress(run)}{best}")
