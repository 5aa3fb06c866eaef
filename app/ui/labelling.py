"""Looking into labels, as panels, menus and keys of the window do it: what they share beside the session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from app.core.affinity.inspecting import LAYERS
from app.core.session_affinity import SessionAffinity
from app.core.session_affinity_options import CLASSES
from app.ui.attempts import Attempts

if TYPE_CHECKING:
    from app.ui.desk import Desk
    from app.ui.widgets.swatch_menu import Rgb

UNKNOWN: Rgb = (128, 134, 142)

SHOWS = (
    ("before", "Before", "What CLIP alone calls each superpoint"),
    ("after", "After", "What it is called once similar superpoints have corrected each other"),
    ("difference", "Difference", "Each change by the classes it went from and to"),
    ("changed", "Changed", "The superpoints that affinity gave another class, and nothing else"),
    ("wrong", "Wrong", "Right, wrong, mended and spoilt by affinity, where ground truth is known"),
)
"""Layers of the inspector: name, words, tooltip."""


class Labelling(Attempts):
    """One per desk; main thread only. How labels are made is the session's, what shows them is decided here."""

    relabel_requested = Signal()
    """Let the user choose a class for the superpoint that is told of."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def affinity(self) -> SessionAffinity:
        """The session's part."""
        found: SessionAffinity = self._desk.session.affinity
        return found

    # names and colours

    def name(self, train_id: int) -> str:
        """Name of a class; "unknown" for none."""
        labels = self._desk.session.label_set
        return labels.class_name(train_id) if labels is not None and train_id >= 0 else "unknown"

    def color(self, train_id: int) -> Rgb:
        """Its colour; grey for none."""
        labels = self._desk.session.label_set
        if labels is None or not 0 <= train_id < len(labels.colors):
            return UNKNOWN
        red, green, blue = (int(value) for value in labels.colors[train_id])
        return red, green, blue

    # on and off, and what is shown

    def toggle(self) -> None:
        """Look into labels, or no longer."""
        if self.affinity.state.on:
            self.attempt(self.affinity.turn_off)
        else:
            self.attempt(lambda: self.affinity.turn_on(self._desk.active))

    @property
    def shown(self) -> str:
        """Which of the inspector's layers the active view shows; "" for none."""
        layer = self._desk.view.layer
        return next((name for name, known in LAYERS.items() if known == layer), "")

    def show(self, name: str) -> None:
        """Show one of the inspector's layers in the active view."""
        view = self._desk.active

        def shown() -> None:
            if not self.affinity.state.on:
                self.affinity.turn_on(view)
            self.affinity.set_layer(name, view)

        self.attempt(shown)

    def step_layer(self, by: int) -> None:
        """The next of the layers, round and round."""
        names = [name for name, _words, _tip in SHOWS]
        now = self.shown or self.affinity.state.layer
        place = names.index(now) + by if now in names else 0
        self.show(names[place % len(names)])

    @property
    def beside(self) -> bool:
        """Whether labels before and after stand side by side."""
        views = self._desk.session.views
        return {view.layer for view in views.values()} == {LAYERS["before"], LAYERS["after"]}

    def side_by_side(self) -> None:
        """Before on the left and after on the right; again: one view."""
        if self.beside:
            self._desk.session.split(False)
            self.show("after")
        else:
            self.attempt(self.affinity.side_by_side)

    # options

    def set(self, **changes: Any) -> None:
        """Change how labels are made."""
        self.attempt(lambda: self.affinity.set_options(**changes))

    def take_offer(self) -> None:
        """Do what would help where there are no labels."""
        if self.affinity.offer == CLASSES:
            self._desk.session.name_classes(Path("semantickitti"))
        else:
            self.set(setting=self.affinity.offer)

    # one superpoint

    def step_flip(self, by: int) -> None:
        """Go to the next or previous superpoint whose class affinity changed."""
        self.attempt(lambda: self.affinity.step_flip(by))

    def flip_place(self) -> tuple[int, int]:
        """Which of the flips the chosen superpoint is, from 1 on (0: none of them), and how many there are."""
        rows = self.affinity.flips()
        now = self.affinity.state.selected
        at = int(np.searchsorted(rows, now)) if now is not None else len(rows)
        return (at + 1 if at < len(rows) and int(rows[at]) == now else 0), len(rows)

    def visit(self, row: int) -> None:
        """Tell of an instance of the queue, and fly there."""

        def there() -> None:
            self.affinity.select(row)
            self.affinity.fly_to(row)

        self.attempt(there)

    def correct(self, action: str, train_id: int | None = None) -> None:
        """Accept, reject or relabel the superpoint that is told of; what was said before the same is taken back."""
        story = self.affinity.story
        said = story.correction if story is not None else None
        same = said is not None and said.action == action and (train_id is None or said.label == train_id)
        if same:
            self.attempt(self.affinity.uncorrect)
        else:
            self.attempt(lambda: self.affinity.correct(action, train_id))

    def relabel(self) -> None:
        """Let the user choose a class."""
        self.relabel_requested.emit()
