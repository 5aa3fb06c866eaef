"""The prompts of a query, one row each: colour, words that can be edited in place, how much they find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.widgets.common import ElidedLabel, keeps_escape, tool_button
from app.ui.widgets.swatch_menu import Rgb, Swatch, ask_color

HEIGHT = 30
BAR = QSize(58, 5)
VALUE_WIDTH = 52


@dataclass(frozen=True)
class PromptLine:
    """What a row shows: ``bar`` 0 to 1 or None while unknown, ``value`` what stands right, ``tip`` all of it.

    ``editable`` False: an example (a point, a box), which has no words to edit. ``warning``: a sentence."""

    words: str
    color: Rgb
    bar: float | None = None
    value: str = ""
    tip: str = ""
    editable: bool = True
    warning: str = ""


@dataclass(frozen=True)
class PromptCalls:
    """What the user does with rows: place of the row first."""

    activate: Callable[[int], object]
    edit: Callable[[int, str], object]
    recolor: Callable[[int, Rgb], object]
    remove: Callable[[int], object]


class PromptRows(QWidget):
    """Rows are kept while their number stays, so that an edit in place is never interrupted."""

    def __init__(self, calls: PromptCalls) -> None:
        super().__init__()
        self._calls = calls
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)
        self.rows: list[PromptRow] = []
        self.setAccessibleName("Prompts")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_lines(self, lines: tuple[PromptLine, ...], active: int) -> None:
        """Show these prompts, one of them marked."""
        while len(self.rows) > len(lines):
            row = self.rows.pop()
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        while len(self.rows) < len(lines):
            row = PromptRow(len(self.rows), self._calls)
            self.rows.append(row)
            self._column.addWidget(row)
        for place, (row, line) in enumerate(zip(self.rows, lines, strict=True)):
            row.show_line(line, place == active)


class PromptRow(QWidget):
    """Swatch, words, bar, number and a cross; a click makes it the active one, a double click edits its words."""

    def __init__(self, place: int, calls: PromptCalls) -> None:
        super().__init__()
        self.place, self._calls = place, calls
        self.line = PromptLine("", (255, 255, 255))
        self.setObjectName("PromptRow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 0, 2, 0)
        row.setSpacing(6)
        self.swatch = Swatch((255, 255, 255), "Change the colour")
        self.swatch.clicked.connect(self._recolor)
        self.words = ElidedLabel()
        self.field = QLineEdit()
        self.field.setAccessibleName("Words of the prompt")
        self.field.installEventFilter(self)
        self.field.textEdited.connect(self._edited)
        self.field.editingFinished.connect(self._end_edit)
        self.field.hide()
        self.bar = _Bar()
        self.value = ElidedLabel()
        self.value.setObjectName("Soft")
        self.value.setFont(theme.font(12))
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.value.setFixedWidth(VALUE_WIDTH)
        self.value.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.cross = tool_button("close", "Remove this prompt", self._remove)
        self.cross.setFixedSize(22, 22)
        self.cross.setIconSize(QSize(10, 10))
        self.cross.setStyleSheet("padding: 0")
        row.addWidget(self.swatch)
        row.addWidget(self.words, 1)
        row.addWidget(self.field, 1)
        row.addWidget(self.bar)
        row.addWidget(self.value)
        row.addWidget(self.cross)

    def show_line(self, line: PromptLine, active: bool) -> None:
        """Show another prompt or other figures."""
        self.line = line
        self.swatch.show_color(line.color)
        self.words.setText(line.words)
        self.words.setFont(theme.font(bold=active))
        self.bar.show_share(line.bar, line.color)
        self.value.setText(line.value)
        self.setToolTip(f"{line.tip}\n{line.warning}".strip())
        self.setAccessibleName(f"Prompt {line.words}: {line.value}".rstrip(": "))
        if self.property("active") != active:
            self.setProperty("active", active)
            self.style().unpolish(self)
            self.style().polish(self)
        if self.words.property("wrong") != bool(line.warning):
            self.words.setProperty("wrong", bool(line.warning))
            self.words.setObjectName("Warning" if line.warning else "")
            self.words.style().unpolish(self.words)
            self.words.style().polish(self.words)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make this the active prompt."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._calls.activate(self.place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit the words where they stand."""
        self.begin_edit()

    def begin_edit(self) -> None:
        """Open the field; examples have no words."""
        if not self.line.editable:
            return
        self.field.setText(self.line.words)
        self.words.hide()
        self.field.show()
        self.field.setFocus()
        self.field.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape ends the edit as Enter does: what was typed is seen already, undo takes it back."""
        if keeps_escape(event):
            return True
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if pressed and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            self._end_edit()
            return True
        return False

    def _edited(self, words: str) -> None:
        if words.strip():
            self._calls.edit(self.place, words)

    def _end_edit(self) -> None:
        if self.field.isVisible():
            self.field.hide()
            self.words.show()

    def _remove(self) -> None:
        self._calls.remove(self.place)

    def _recolor(self) -> None:
        ask_color(self.swatch, self.line.color, lambda color: self._calls.recolor(self.place, color))


class _Bar(QWidget):
    """A share as a short bar; an empty groove while it is unknown."""

    def __init__(self) -> None:
        super().__init__()
        self._share: float | None = None
        self._color = QColor("white")
        self.setFixedSize(BAR.width(), HEIGHT)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_share(self, share: float | None, color: Rgb) -> None:
        """0 to 1, or None."""
        self._share, self._color = share, QColor(*color)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Groove and bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        groove = QRectF(0, (self.height() - BAR.height()) / 2, BAR.width(), BAR.height())
        painter.setBrush(theme.current().color("control"))
        painter.drawRoundedRect(groove, 2.5, 2.5)
        if self._share is not None and self._share > 0:
            done = QRectF(groove)
            done.setWidth(max(groove.width() * min(self._share, 1.0), BAR.height()))
            painter.setBrush(self._color)
            painter.drawRoundedRect(done, 2.5, 2.5)
        painter.end()
