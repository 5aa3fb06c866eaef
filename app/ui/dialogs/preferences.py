"""Preferences: a form made from the fields of ``Settings``, with their own titles, descriptions and bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.core.session import Session
from app.core.settings import Settings
from app.ui.listening import Listening
from app.ui.widgets.common import hint

LEFT_OUT = frozenset({"version", "recent", "recent_checkpoints"})
"""Fields that are no preference: the file's version, and what the window remembers by itself."""

FIELD_WIDTH = 130

Change = Callable[[Any], None]


class Preferences(Listening, QDialog):
    """Changes take effect at once; a new field of ``Settings`` appears here by itself."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.resize(560, 640)
        self._session = session
        self.fields: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 14, 14)
        inner = QWidget()
        form = QGridLayout(inner)
        form.setHorizontalSpacing(22)
        form.setVerticalSpacing(14)
        form.setContentsMargins(0, 0, 12, 0)
        form.setColumnStretch(0, 1)
        for name, info in Settings.model_fields.items():
            if name not in LEFT_OUT:
                self._add(form, name, info)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        column.addWidget(scroll, 1)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.RestoreDefaults | QDialogButtonBox.StandardButton.Close
        )
        buttons.rejected.connect(self.close)
        for button in buttons.buttons():
            button.setAutoDefault(False)  # type: ignore[attr-defined]
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(self._restore)
        column.addWidget(buttons)
        self.finished.connect(lambda _result: self.stop_listening())
        self.destroyed.connect(lambda _object: self.stop_listening())
        self.listen(session.settings_changed, self._show)
        self._show(session.settings)

    def _add(self, form: QGridLayout, name: str, info: FieldInfo) -> None:
        field = make_field(info, lambda value: self._session.update_settings(**{name: value}))
        field.setAccessibleName(info.title or name)
        field.setToolTip(info.description or "")
        self.fields[name] = field
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(QLabel(info.title or name))
        words.addWidget(hint(info.description or ""))
        row = form.rowCount()
        form.addLayout(words, row, 0)
        field.setMinimumWidth(FIELD_WIDTH)
        form.addWidget(field, row, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _show(self, settings: Settings) -> None:
        for name, field in self.fields.items():
            field.blockSignals(True)
            show_value(field, getattr(settings, name))
            field.blockSignals(False)

    def _restore(self) -> None:
        defaults = Settings()
        self._session.update_settings(**{name: getattr(defaults, name) for name in self.fields})


def make_field(info: FieldInfo, change: Change) -> QWidget:
    """The widget for a field by its type; ``TypeError`` for a type that has none yet."""
    kind = info.annotation
    if get_origin(kind) is Literal:
        box = QComboBox()
        for value in get_args(kind):
            box.addItem(str(value), value)
        box.activated.connect(lambda _i: change(box.currentData()))
        return box
    if kind is bool:
        tick = QCheckBox()
        tick.clicked.connect(change)
        return tick
    if kind is int or kind is float:
        return _number(info, change, whole=kind is int)
    if kind is str:
        line = QLineEdit()
        line.editingFinished.connect(lambda: change(line.text().strip()))
        return line
    if get_origin(kind) is tuple and get_args(kind) == (int, int, int):
        return ColorButton(change)
    raise TypeError(f"no preference widget for {kind}; add one to app/ui/dialogs/preferences.py")


def show_value(field: QWidget, value: Any) -> None:
    """Put a value into a widget made by ``make_field``."""
    if isinstance(field, QComboBox):
        field.setCurrentIndex(field.findData(value))
    elif isinstance(field, QCheckBox):
        field.setChecked(value)
    elif isinstance(field, QSpinBox | QDoubleSpinBox):
        if not field.hasFocus():
            field.setValue(value)
    elif isinstance(field, ColorButton):
        field.show_color(value)
    elif isinstance(field, QLineEdit) and not field.hasFocus():
        field.setText(value)


class ColorButton(QPushButton):
    """Shows a colour and lets the user choose another."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self._change = change
        self._color = QColor()
        self.setAutoDefault(False)
        self.clicked.connect(self._choose)

    def show_color(self, value: tuple[int, int, int]) -> None:
        """Three numbers 0 to 255."""
        self._color = QColor(*value)
        ink = "#000000" if self._color.lightness() > 128 else "#ffffff"
        self.setText(self._color.name())
        self.setStyleSheet(f"background: {self._color.name()}; color: {ink}")

    def _choose(self) -> None:
        dialog = QColorDialog(self._color, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda c: self._change((c.red(), c.green(), c.blue())))
        dialog.open()


def _number(info: FieldInfo, change: Change, *, whole: bool) -> QWidget:
    low, high = _bounds(info)
    if whole:
        count = QSpinBox()
        count.setRange(int(low), int(min(high, 2**31 - 1)))
        count.setGroupSeparatorShown(True)
        count.setSingleStep(max(1, int(min(high - low, 1e6) / 200)))
        count.setKeyboardTracking(False)
        count.valueChanged.connect(change)
        return count
    number = QDoubleSpinBox()
    number.setRange(low, high)
    number.setDecimals(1)
    number.setSingleStep(0.1 if high - low <= 20 else 1.0)
    number.setKeyboardTracking(False)
    number.valueChanged.connect(change)
    return number


def _bounds(info: FieldInfo) -> tuple[float, float]:
    """Lowest and highest value that the field's own checks allow."""
    low = next((m.ge for m in info.metadata if hasattr(m, "ge")), -1e9)
    high = next((m.le for m in info.metadata if hasattr(m, "le")), 1e9)
    return float(low), float(high)
