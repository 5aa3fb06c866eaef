"""Labels, headings and labelled rows in the window's style."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from app.ui import icons, theme


def heading(text: str) -> QLabel:
    """A section title: small spaced capitals."""
    label = QLabel(text.upper())
    label.setObjectName("Heading")
    label.setFont(theme.font(11, bold=True, spaced=True))
    return label


def hint(text: str, *, wrap: bool = True, inset: bool = False) -> QLabel:
    """A quiet sentence; ``inset``: it stands where the rows of a list would."""
    label = _Sentence(text) if wrap else QLabel(text)
    label.setObjectName("InsetHint" if inset else "Hint")
    label.setFont(theme.font(12))
    label.setWordWrap(wrap)
    if wrap:
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        policy.setHeightForWidth(True)
        label.setSizePolicy(policy)
    return label


class _Sentence(QLabel):
    """A wrapped label that wants the height its own width needs; Qt's wants that of a width it makes up."""

    def sizeHint(self) -> QSize:
        """As high as all lines."""
        wanted = super().sizeHint()
        if self.testAttribute(Qt.WidgetAttribute.WA_Resized) and self.wordWrap():
            wanted.setHeight(max(self.heightForWidth(self.width()), 0))
        return wanted

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width needs another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


def tool_button(
    icon: str, tip: str, call: Callable[[], object] | None = None, *, quiet: bool = True
) -> QToolButton:
    """A small square button with an icon."""
    button = QToolButton()
    icons.bind(button, icon)
    button.setIconSize(QSize(16, 16))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setProperty("quiet", quiet)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if call is not None:
        button.clicked.connect(lambda *_: call())
    return button


def keeps_escape(event: QEvent) -> bool:
    """Whether an event asks if Escape is a field's own key; it is accepted then, and the window's Escape sleeps."""
    if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
        return False
    if event.key() != Qt.Key.Key_Escape:
        return False
    event.accept()
    return True


class ElidedLabel(QLabel):
    """A label that shortens its text to its width and gives the whole text as its tooltip."""

    def __init__(self, text: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__(text)
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        shown = QFontMetrics(self.font()).elidedText(self.text(), self._mode, self.width())
        self.setToolTip(self.text() if shown != self.text() else "")
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


class SliderRow(QWidget):
    """``name ——o—— value``: a slider over ``steps`` positions with its value written out.

    ``changed`` is called with the position while the user drags; setting it from code calls nobody.
    """

    NAME_WIDTH = 104
    VALUE_WIDTH = 44

    def __init__(
        self,
        name: str,
        low: int,
        high: int,
        changed: Callable[[int], None],
        write: Callable[[int], str] = str,
        tip: str = "",
    ) -> None:
        super().__init__()
        self._write = write
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        label = self.title = QLabel(name)
        label.setFixedWidth(self.NAME_WIDTH)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(low, high)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.setAccessibleName(name)
        self.value = QLabel()
        self.value.setObjectName("Soft")
        self.value.setFixedWidth(self.VALUE_WIDTH)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for part in (label, self.slider, self.value):
            row.addWidget(part)
        self.setToolTip(tip)
        self.setFixedHeight(24)
        self.slider.valueChanged.connect(lambda v: self.value.setText(write(v)))
        self.slider.valueChanged.connect(changed)

    def set_position(self, position: int) -> None:
        """Show a value that came from elsewhere."""
        self.slider.blockSignals(True)
        self.slider.setValue(position)
        self.slider.blockSignals(False)
        self.value.setText(self._write(position))
