"""A form for all fields of a recipe, made from the recipe itself: grouped, searchable, changes in bold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.core.errors import UsageError
from app.core.training.recipe import Recipe, checked
from app.ui.widgets.common import heading, hint
from app.ui.widgets.recipe_field import RecipeField

OWN, OTHERS = "This recipe", "Others"
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Length and steps", ("max_steps", "epochs", "batch_size", "accumulate", "seed")),
    ("Network", ("network", "network_fields", "init", "columns", "standardise", "voxel_size", "max_points")),
    ("Optimiser", ("optimizer", "learning_rate", "schedule", "warmup_steps", "momentum", "weight_decay",
                   "clip_norm", "ema")),
    (OWN, ()),
    ("Data", ("train_sequences", "val_sequences", "val_data", "hold_out", "label_fraction", "label_protocol",
              "label_list")),
    ("Augmentation", ("rotate", "flip", "scale", "translate", "jitter", "keep_points")),
    ("Validation and checkpoints", ("validate_every", "validate_scans", "checkpoint_every", "keep_checkpoints",
                                    "watch_every")),
    ("Machine", ("device", "precision", "threads", "workers", "cache_mb")),
)  # fmt: skip
"""Where each field stands; fields that only one recipe has stand under ``OWN``."""


def grouped(kind: type[Recipe]) -> list[tuple[str, list[str]]]:
    """All fields of a recipe under their headings, in order; headings without any are left out."""
    placed = {name for _, names in GROUPS for name in names}
    own = [name for name in kind.model_fields if name not in Recipe.model_fields]
    groups = [
        (title, own if title == OWN else [n for n in names if n in kind.model_fields]) for title, names in GROUPS
    ]
    groups.append((OTHERS, [name for name in kind.model_fields if name not in placed and name not in own]))
    return [(title, names) for title, names in groups if names]


class RecipeForm(QScrollArea):
    """Calls ``changed()`` whenever a value is another one."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self.kind: type[Recipe] = Recipe
        self.fields: dict[str, RecipeField] = {}
        self._groups: list[tuple[QWidget, list[str]]] = []
        self._filter = ("", False)
        self._left: list[tuple[str, list[str]]] = []
        self._maker = QTimer(self, interval=0)
        self._maker.timeout.connect(self._make_group)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Fields of the recipe")

    def show_recipe(self, kind: type[Recipe], usual: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Show every field of a recipe; ``usual`` are its own values, ``values`` what is to be seen at first."""
        self.kind, self._usual, self._values = kind, usual, values
        self.fields, self._groups = {}, []
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 12, 0)
        self._column.setSpacing(0)
        self._nothing = hint("")
        self._nothing.hide()
        self._column.addWidget(self._nothing)
        self._column.addStretch(1)
        self.setWidget(inner)
        self._left = grouped(kind)
        self._make_group()
        self._maker.start()

    @property
    def whole(self) -> bool:
        """Whether all fields are there."""
        return not self._left

    def finish(self) -> None:
        """Make at once what is still missing."""
        while self._left:
            self._make_group()

    def _make_group(self) -> None:
        """One group of fields a turn: all of them would hold up the window for a fifth of a second."""
        title, names = self._left.pop(0)
        place = self._column.count() - 2
        head = self._heading(title)
        self._column.insertWidget(place, head)
        for offset, name in enumerate(names, 1):
            field = self.fields[name] = RecipeField(self.kind, name, self._edited)
            field.show_value(self._values.get(name, self._usual[name]), self._usual[name])
            self._column.insertWidget(place + offset, field)
        self._groups.append((head, names))
        if not self._left:
            self._maker.stop()
        self.show_only(*self._filter)
        if not self._left:
            self._changed()

    def _heading(self, title: str) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 14, 0, 3)
        column.setSpacing(5)
        column.addWidget(heading(title))
        line = QFrame()
        line.setObjectName("Rule")
        line.setFixedHeight(1)
        column.addWidget(line)
        return holder

    def show_only(self, words: str, changed_only: bool) -> None:
        """Show the fields that a search finds, and of these only changed ones if asked for."""
        self._filter = (words, changed_only)
        shown = {
            name
            for name, field in self.fields.items()
            if field.matches(words) and (field.differs or not changed_only)
        }
        for name, field in self.fields.items():
            field.setVisible(name in shown)
        for head, names in self._groups:
            head.setVisible(not shown.isdisjoint(names))
        self._nothing.setVisible(not shown)
        self._nothing.setText(
            "Every field has the recipe's own value." if changed_only and not words else "Nothing found."
        )

    def changes(self) -> list[str]:
        """Names of the fields with another value than the recipe's own."""
        return [name for name, field in self.fields.items() if field.differs]

    def put_back(self) -> None:
        """The recipe's own values everywhere."""
        for field in self.fields.values():
            if field.differs:
                field.put_back()

    def recipe(self) -> Recipe:
        """What the form says; ``UsageError`` in one sentence where it does not fit, or is not whole yet."""
        if self._left:
            raise UsageError("The fields are being laid out.")
        for field in self.fields.values():
            if field.problem:
                raise UsageError(field.problem)
        return checked(self.kind, {name: field.value() for name, field in self.fields.items()})

    def _edited(self) -> None:
        self._changed()
