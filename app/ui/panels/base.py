"""What a panel is: one dock, one file; listing this folder is the whole registration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.desk import Desk
from app.ui.listening import Listening

Area = Literal["left", "right", "bottom", "centre"]


class Panel(Listening, QWidget):
    """Base of every panel: a vertical column that listens to the session through ``listen``.

    Panels read the session and call its methods; they never hold on to another panel.
    """

    hint: str = ""
    """A few words beside the title: how the panel is used."""

    least_width: int = 0
    """Width of the dock, at least, where that is more than the panel itself insists on; its scroll bar included."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.session = desk.session
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 2, 10, 8)
        self.column.setSpacing(4)

    def close_panel(self) -> None:
        """Called once, before the dock is destroyed: let go of everything outside the widget itself."""
        self.stop_listening()


@dataclass(frozen=True)
class PanelInfo:
    """A panel's ``ENTRY``: dock title, where it first stands, its order there, and how to make it.

    ``titled`` False: a strip without a title bar (the timeline). ``share``: its part of the column's or
    row's length relative to its neighbours. ``beside``: name of the panel it shares a place with, as tabs, where
    both are shown.
    """

    title: str
    area: Area
    order: int
    factory: Callable[[Desk], Panel]
    titled: bool = True
    share: int = 100
    beside: str = ""
