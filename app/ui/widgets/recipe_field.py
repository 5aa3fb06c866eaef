"""One field of a recipe as a row of a form: a widget by its type, its meaning, a reset button, its own error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_origin

from pydantic.fields import FieldInfo
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from app import discovery
from app.core.errors import UsageError
from app.core.training.recipe import Recipe, bounds, checked, choices, parsed
from app.ui import theme
from app.ui.widgets.common import hint, tool_button

WIDTH, BUTTON = 200, 36
PATHS = {"init": "any", "val_data": "folder", "label_list": "file"}
"""Text fields that name something on the disk, and what."""

ALONE = "The field "
"""How a sentence about one field begins; others are about fields together."""

LARGEST = 2**31 - 1


class RecipeField(QWidget):
    """Holds one value. ``changed()`` is called whenever the user has changed it."""

    def __init__(self, kind: type[Recipe], name: str, changed: Callable[[], None]) -> None:
        super().__init__()
        self.kind, self.name = kind, name
        self.info: FieldInfo = kind.model_fields[name]
        self._changed = changed
        self._usual: Any = None
        self.problem = ""
        self.title = QLabel(title_of(name))
        self.words = hint(self.info.description or "")
        self.error = hint("")
        self.error.setObjectName("Error")
        self.error.hide()
        self.reset = tool_button("undo", "Back to the recipe's own value", self.put_back)
        self.editor, part = self._make_editor()
        limits = bounds(kind, name)
        told = f"{self.info.description} ({name}{f': {limits}' if limits else ''})"
        for widget in (self.editor, self.title):
            widget.setToolTip(told)
        self.editor.setAccessibleName(self.title.text())
        self.editor.setAccessibleDescription(self.info.description or "")
        self.editor.setFixedWidth(WIDTH if part is self.editor else WIDTH - BUTTON)
        part.setFixedWidth(WIDTH)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 5, 0, 5)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self.title, 0, 0)
        grid.addWidget(self.words, 1, 0)
        grid.addWidget(self.error, 2, 0)
        grid.addWidget(self.reset, 0, 1, 2, 1)
        grid.addWidget(part, 0, 2, 2, 1)

    # the value

    def show_value(self, value: Any, usual: Any) -> None:
        """Show a value; ``usual`` is the recipe's own, which the reset button brings back."""
        self._usual = plain(usual)
        self._put(plain(value))
        self.check()

    def put_back(self) -> None:
        """Show the recipe's own value again."""
        self._put(self._usual)
        self._edited()

    def value(self) -> Any:
        """What the widget holds, as the recipe takes it; ``UsageError`` for text that is no such value."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QComboBox):
            return editor.currentText() if editor.isEditable() else editor.currentData()
        if isinstance(editor, QSpinBox):
            return editor.value()
        assert isinstance(editor, QLineEdit)
        return self._of_text(editor.text().strip())

    def _of_text(self, words: str) -> Any:
        annotation = self.info.annotation
        if get_origin(annotation) is dict:
            pairs = [part.partition("=") for part in words.split(",") if part.strip()]
            if any(not equals or not key.strip() for key, equals, _ in pairs):
                raise UsageError(f"{ALONE}{self.name} takes key=value, as in cr=0.5; found '{words}'.")
            settings = {f"{self.name}.{key.strip()}": value.strip() for key, _, value in pairs}
            return parsed(self.kind, settings, {self.name: {}}).get(self.name, {})
        return parsed(self.kind, {self.name: words}, {})[self.name]

    @property
    def differs(self) -> bool:
        """Whether it holds another value than the recipe's own, or none that can be read."""
        try:
            return bool(plain(self.value()) != self._usual)
        except UsageError:
            return True

    def check(self) -> str:
        """One sentence on why the value does not fit, or "": shown below the field. What differs is bold."""
        sentence = ""
        try:
            checked(self.kind, {self.name: self.value()})
        except UsageError as error:
            sentence = str(error) if str(error).startswith(ALONE) else ""
        self.show_error(sentence)
        self.reset.setVisible(self.differs)
        self.title.setFont(theme.font(bold=self.differs))
        self.problem = sentence
        return sentence

    def show_error(self, sentence: str) -> None:
        """Say below the field what is wrong with it."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    def matches(self, words: str) -> bool:
        """Whether every word of a search stands in the name or the description."""
        text = f"{self.name} {self.title.text()} {self.info.description}".casefold()
        return all(word in text for word in words.casefold().split())

    # the widget

    def _edited(self) -> None:
        self.check()
        self._changed()

    def _put(self, value: Any) -> None:
        editor = self.editor
        editor.blockSignals(True)
        if isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QComboBox):
            if editor.isEditable():
                editor.setEditText(str(value))
            else:
                editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QSpinBox):
            editor.setValue(int(value))
        elif isinstance(editor, QLineEdit):
            editor.setText(written(value))
        editor.blockSignals(False)

    def _make_editor(self) -> tuple[QWidget, QWidget]:
        """The widget that holds the value, and the one to put into the row (with a button beside, for paths)."""
        annotation, allowed = self.info.annotation, choices(self.kind, self.name)
        if annotation is bool:
            tick = QCheckBox()
            tick.toggled.connect(lambda _on: self._edited())
            return tick, tick
        if allowed or self.name == "network":
            box = self._make_choice(allowed)
            return box, box
        if annotation is int:
            spin = self._make_count()
            return spin, spin
        line = QLineEdit()
        line.textChanged.connect(lambda _text: self._edited())
        if get_origin(annotation) is tuple:
            line.setPlaceholderText("a, b, c")
        elif get_origin(annotation) is dict:
            line.setPlaceholderText("cr=0.5")
        return line, self._with_button(line) if self.name in PATHS else line

    def _make_choice(self, allowed: tuple[Any, ...]) -> QComboBox:
        box = QComboBox()
        for value in allowed or discovery.module_names("app.models.backbones"):
            box.addItem(str(value), value)
        box.currentIndexChanged.connect(lambda _i: self._edited())
        return box

    def _make_count(self) -> QSpinBox:
        spin = QSpinBox()
        low = next((entry.ge for entry in self.info.metadata if hasattr(entry, "ge")), -LARGEST)
        high = next((entry.le for entry in self.info.metadata if hasattr(entry, "le")), LARGEST)
        spin.setRange(int(low), int(min(high, LARGEST)))
        spin.lineEdit().setTextMargins(5, 0, 0, 0)  # as far in as the text of the other fields
        spin.setKeyboardTracking(True)
        spin.valueChanged.connect(lambda _v: self._edited())
        return spin

    def _with_button(self, line: QLineEdit) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(line)
        row.addWidget(tool_button("folder", f"Choose for {self.title.text().lower()}", self._choose))
        return holder

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.title.text())
        folder = PATHS[self.name] != "file"
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        editor = self.editor
        assert isinstance(editor, QLineEdit)
        dialog.fileSelected.connect(editor.setText)
        dialog.open()


def title_of(name: str) -> str:
    """``max_steps`` as Max steps; short names of losses and the like keep their form."""
    words = name.replace("_", " ").replace(" mb", " (MB)")
    known = {"ema": "EMA of the weights", "init": "Begin with", "lovasz": "Lovász-softmax"}
    return known.get(name, words[:1].upper() + words[1:])


def plain(value: Any) -> Any:
    """Values that mean the same, the same: lists for tuples."""
    return json.loads(json.dumps(value, default=lambda v: str(v) if isinstance(v, Path) else list(v)))


def written(value: Any) -> str:
    """A value as its line of text shows it."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
