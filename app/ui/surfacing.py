"""Making surfaces, as panels, menus, keys and views of the window do it: what they share beside the session."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from app.core.render.camera import Camera
from app.core.session_surface import SessionSurface
from app.core.surface.result import BoxCorners
from app.core.surface.view import QueryView, SliceOptions
from app.ui import surface_region
from app.ui.attempts import Attempts

if TYPE_CHECKING:
    from app.ui.desk import Desk

TOOL = "region"
"""The tool with which a drag in a view becomes the region box."""

COLORS = (
    ("height", "Height", "How high each place is"),
    ("class", "Class", "The class of the nearest observed point; needs labels"),
    ("intensity", "Intensity", "What the network says the intensity would be"),
    ("latent", "Latent", "Three principal components of what the network knows of the nearest point"),
    ("uncertainty", "Uncertainty", "4p(1 − p), the mean of two places 0.1 m before and behind the surface"),
    ("normal", "Normal", "The direction that each place faces"),
)
"""What a surface is coloured by: name, words, tooltip."""

PLANES = (
    ("", "Off", "No slice"),
    ("horizontal", "Level", "A plane at one height"),
    ("along", "Along", "A plane along the way the sensor looks"),
    ("across", "Across", "A plane across the way the sensor looks"),
)
MIDDLE = {"horizontal": -1.0, "along": 0.0, "across": 5.0}
"""Where a slice lies first: below the sensor above the street; through it; before it."""

LATER_FRAMES = 10

NOTHING_INSIDE = "No points lie in what was drawn; draw the box round some points, or press Esc."


class Surfacing(Attempts):
    """One per desk; main thread only. What is made is the session's, what is drawn of it is decided here."""

    rays_changed = Signal(bool)
    """Whether lines of sight are drawn with the queries."""
    browse_requested = Signal()
    """Let the user choose a checkpoint."""
    export_requested = Signal()
    """Let the user choose a file for the surface."""
    drag_ended = Signal()
    """A drag of the region box is to end, and the box goes back to where it was."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rays = True
        self.dragging = False
        """Whether the region box is being dragged by a handle."""

    @property
    def surface(self) -> SessionSurface:
        """The session's part."""
        return self._desk.session.surface

    # on and off

    def toggle(self) -> None:
        """Make surfaces of the frames in view, or no longer."""
        self.attempt(self.surface.turn_off if self.surface.state.on else self.surface.turn_on)

    @property
    def hides_points(self) -> bool:
        """Whether the scan's own points are left out so that the surface is seen alone."""
        state = self.surface.state
        return state.on and not state.points

    # options

    def set(self, **changes: Any) -> None:
        """Change how it is made."""
        self.attempt(lambda: self.surface.set_options(**changes))

    def look(self, **changes: Any) -> None:
        """Change how it is drawn."""
        self.attempt(lambda: self.surface.set_look(**changes))

    def next_color(self, by: int = 1) -> None:
        """The next colour that what is chosen can give, round and round."""
        from app.core.surface.names import OF_NETWORK

        options = self.surface.state.options
        names = [name for name, _words, _tip in COLORS if options.checkpoint is not None or name not in OF_NETWORK]
        place = names.index(options.color) if options.color in names else -by
        self.set(color=names[(place + by) % len(names)])

    # the region box

    def set_box(self, box: BoxCorners | None) -> None:
        """Make it in a box alone, or everywhere."""
        self.attempt(lambda: self.surface.set_box(box))

    def toggle_tool(self) -> None:
        """Draw a box with the next drag, or look around again."""
        self._desk.set_tool("navigate" if self._desk.tool == TOOL else TOOL)

    def take_region(self, polygon: np.ndarray, camera: Camera, size: tuple[int, int]) -> None:
        """A rectangle (4, 2) pixels was drawn in a view (width, height): make the surface there, then look around.

        Where no points are inside, it is said and the tool stays.
        """
        state = self._desk.session.frame_state
        box = surface_region.drawn(state.frame.points, camera, polygon, size) if state is not None else None
        if box is None:
            self.refused.emit(NOTHING_INSIDE)
            return
        self._desk.set_tool("navigate")
        if not self.surface.state.on:
            self.attempt(self.surface.turn_on)
        self.set_box(box)

    def end_drag(self) -> bool:
        """Take the drag of the box back that is under way; False where there is none."""
        if not self.dragging:
            return False
        self.drag_ended.emit()
        return True

    # beside it

    def cut(self, plane: str, position: float | None = None) -> None:
        """Cut the field by a plane ("": not); without a position, where such a plane lies first."""
        if not plane:
            self.attempt(lambda: self.surface.set_slice(None))
            return
        options = SliceOptions(plane, MIDDLE[plane] if position is None else position)
        self.attempt(lambda: self.surface.set_slice(options))

    def toggle_slice(self) -> None:
        """A level slice, or none."""
        self.cut("" if self.surface.state.slice is not None else "horizontal")

    def ask(self, on: bool, **changes: Any) -> None:
        """Show queries, with fields of :class:`QueryView` changed, or not."""
        now = self.surface.state.queries or QueryView()
        view = replace(now, **changes) if on else None
        self.attempt(lambda: self.surface.set_queries(view))

    @property
    def rays(self) -> bool:
        """Whether lines of sight are drawn with the queries."""
        return self._rays

    def set_rays(self, on: bool) -> None:
        """Draw lines of sight with the queries, or not."""
        if on != self._rays:
            self._rays = on
            self.rays_changed.emit(on)

    def toggle_later(self) -> None:
        """Compare with scans of later frames, or not."""
        frames = 0 if self.surface.state.later else LATER_FRAMES
        self.attempt(lambda: self.surface.set_later(frames))
