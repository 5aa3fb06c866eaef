"""What the window's parts share beside the session: which view is active, and requests to the views.

Panels get the desk and never each other. It holds no data of the drive: that is the session's.
"""

from __future__ import annotations

from psygnal import Signal

from app.core.session import Session
from app.core.state import ViewState
from app.ui.asking import Asking
from app.ui.labelling import Labelling
from app.ui.model_choice import ModelChoice
from app.ui.surfacing import TOOL as REGION
from app.ui.surfacing import Surfacing

TOOLS = ("navigate", "box", "lasso", REGION)


class Desk:
    """One per window; main thread only."""

    active_changed = Signal(str)  # name of the view that panels speak of
    tool_changed = Signal(str)  # one of TOOLS
    open_requested = Signal(str)  # "folder", "file" or "demo"
    path_requested = Signal(object)  # Path to open
    camera_requested = Signal(str)  # fly into this recorded camera
    fit_requested = Signal()
    focus_requested = Signal(int)  # row of the drawn cloud to look at

    def __init__(self, session: Session) -> None:
        self.session = session
        self.models = ModelChoice(self)
        self.asking = Asking(self)
        self.labelling = Labelling(self)
        self.surfacing = Surfacing(self)
        self._active = "left"
        self._tool = "navigate"

    @property
    def active(self) -> str:
        """Name of the active view; always one that exists."""
        return self._active if self._active in self.session.views else "left"

    @property
    def view(self) -> ViewState:
        """State of the active view."""
        return self.session.views[self.active]

    def activate(self, name: str) -> None:
        """Make a view the one that panels and layer keys speak of."""
        if name != self._active and name in self.session.views:
            self._active = name
            self.active_changed.emit(name)

    @property
    def tool(self) -> str:
        """What a left drag in a view does."""
        return self._tool

    def set_tool(self, tool: str) -> None:
        """Choose what a left drag in a view does: one of ``TOOLS``."""
        if tool not in TOOLS:
            raise ValueError(f"no tool '{tool}'; there are: {', '.join(TOOLS)}")
        if tool != self._tool:
            self._tool = tool
            self.tool_changed.emit(tool)
