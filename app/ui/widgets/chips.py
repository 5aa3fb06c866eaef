"""Words as small round buttons that flow over as many lines as they need: to choose from, or a list to edit."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QToolButton, QWidget

from app.ui import icons, theme
from app.ui.widgets.common import keeps_escape

GAP = 5
CHIP_HEIGHT = 24
FIELD_WIDTH = 84
MOST = 60
"""Characters a chip shows; the tooltip has the rest."""


class Chips(QWidget):
    """Words side by side. ``on_word(word)``: one was clicked. ``on_words(words)``: the list was edited, by a click
    on a word (which takes it away) or by the field behind the words; give one of the two."""

    def __init__(
        self,
        name: str,
        *,
        on_word: Callable[[str], object] | None = None,
        on_words: Callable[[tuple[str, ...]], object] | None = None,
        add: str = "add …",
    ) -> None:
        super().__init__()
        self._on_word, self._on_words = on_word, on_words
        self.words: tuple[str, ...] = ()
        self.chips: list[QToolButton] = []
        self.setAccessibleName(name)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.field: QLineEdit | None = None
        if on_words is not None:
            self.field = _Field(add, name, self)
            self.field.returnPressed.connect(self._add)

    def show_words(self, words: tuple[str, ...]) -> None:
        """Show these words in place of the others."""
        if words == self.words:
            return
        self.words = words
        for chip in self.chips:
            chip.hide()
            chip.deleteLater()
        self.chips = [self._chip(word) for word in words]
        self._place(self.width())
        self.updateGeometry()

    def _chip(self, word: str) -> QToolButton:
        chip = QToolButton(self)
        chip.setObjectName("WordChip")
        chip.setFont(theme.font(12))
        chip.setText(word if len(word) <= MOST else f"{word[: MOST - 1]}…")
        chip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        chip.setFixedHeight(CHIP_HEIGHT)
        if self._on_words is not None:
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            chip.setIconSize(QSize(9, 9))
            icons.bind(chip, "close", "faint")
            chip.setToolTip(f"Take “{word}” away")
            chip.clicked.connect(lambda *_: self._remove(word))
        else:
            chip.setToolTip(f"Ask for “{word}”")
            chip.clicked.connect(lambda *_: self._on_word(word) if self._on_word is not None else None)
        chip.setAccessibleName(chip.toolTip())
        chip.ensurePolished()  # its width is asked for before it is seen
        chip.show()
        return chip

    def _remove(self, word: str) -> None:
        if self._on_words is not None:
            self._on_words(tuple(one for one in self.words if one != word))

    def _add(self) -> None:
        if self.field is None or self._on_words is None:
            return
        parts = [part.strip() for part in self.field.text().split(",")]
        new = tuple(dict.fromkeys(part for part in parts if part and part not in self.words))
        self.field.clear()
        if new:
            self._on_words((*self.words, *new))

    # layout

    def hasHeightForWidth(self) -> bool:
        """A narrow column needs more lines."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Lines as high as chips."""
        return self._flow(width)[1]

    def sizeHint(self) -> QSize:
        """As wide as a panel, as high as that needs."""
        width = self.width() if self.width() > 40 else 240
        return QSize(width, self._flow(width)[1])

    def minimumSizeHint(self) -> QSize:
        """Never lower than what the width at hand needs."""
        return QSize(60, self._flow(max(self.width(), 60))[1] if self.width() > 40 else CHIP_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Flow anew."""
        self._place(event.size().width())

    def _parts(self) -> list[QWidget]:
        return [*self.chips, *([self.field] if self.field is not None else [])]

    def _flow(self, width: int) -> tuple[list[QRect], int]:
        """Where each part stands, and the height of all."""
        at = QPoint(0, 0)
        found: list[QRect] = []
        for part in self._parts():
            needed = FIELD_WIDTH if part is self.field else min(part.sizeHint().width(), width)
            if at.x() > 0 and at.x() + needed > width:
                at = QPoint(0, at.y() + CHIP_HEIGHT + GAP)
            found.append(QRect(at.x(), at.y(), needed, CHIP_HEIGHT))
            at.setX(at.x() + needed + GAP)
        return found, (found[-1].bottom() + 1 if found else 1)

    def _place(self, width: int) -> None:
        for part, rect in zip(self._parts(), self._flow(width)[0], strict=True):
            part.setGeometry(rect)


class _Field(QLineEdit):
    """The field behind the words; Escape lets it go."""

    def __init__(self, words: str, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("ChipField")
        self.setFont(theme.font(12))
        self.setPlaceholderText(words)
        self.setAccessibleName(f"{name}: {words}")
        self.setToolTip("Type a word and press Enter; commas part several")
        self.ensurePolished()

    def event(self, event: QEvent) -> bool:
        """Escape is the field's own while it has the focus."""
        return keeps_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives the keys back to the window."""
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.clearFocus()
            return
        super().keyPressEvent(event)
