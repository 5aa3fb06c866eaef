"""The actions of the Surface menu, and what each does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from app.ui.action_info import ActionInfo, action
from app.ui.surfacing import COLORS, PLANES, TOOL

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

MENU = "Surface"

NEEDS = ("surface", "surface_work", "surface_box")

SURFACE_ACTIONS: tuple[ActionInfo, ...] = (
    action("surface.make", "Make surfaces", "Make the surface of the frame in view, coarse to fine", MENU,
           "Shift+F", icon="eye", check=True, needs="frame"),
    action("surface.stop", "Stop refining", "Make it no finer; what is shown stays", MENU, icon="stop",
           needs="surface_work"),
    action("surface.again", "Make it again", "After it was stopped, or could not be made", MENU, icon="refresh",
           needs="surface"),
    action("surface.box", "Drag a region box", "Draw a rectangle in a view: the surface is made there alone", MENU,
           "Shift+R", icon="box_select", check=True, needs="frame", group=1),
    action("surface.whole", "Everywhere", "Take the region box away", MENU, needs="surface_box", group=1),
    *(action(f"surface.color_{name}", f"Colour: {words.lower()}", tip, f"{MENU}/Colour", check=True,
             needs="surface") for name, words, tip in COLORS),
    action("surface.next_color", "Next colour", "The next of these, and round again", f"{MENU}/Colour", "Shift+C",
           needs="surface", group=1),
    action("surface.wireframe", "Edges alone", "Draw the edges of its triangles", MENU, "Shift+K", check=True,
           needs="surface", group=2),
    action("surface.hide", "Hide the surface", "Keep it, and do not draw it", MENU, "Shift+U", check=True,
           needs="surface", group=2),
    action("surface.points", "Points with it", "Draw the scan's own points with the surface", MENU, "Shift+P",
           check=True, needs="surface", group=2),
    *(action(f"surface.slice_{name}" if name else "surface.no_slice", f"Slice: {words.lower()}", tip,
             f"{MENU}/Slice", check=True, needs="frame") for name, words, tip in PLANES),
    action("surface.slice", "Level slice", "Cut the field by a level plane, or not", f"{MENU}/Slice", "Shift+L",
           check=True, needs="frame", group=1),
    action("surface.queries", "Queries", "Where lines of sight say that something is, or nothing", MENU, "Shift+Q",
           check=True, needs="frame", group=3),
    action("surface.rays", "Lines of sight", "Draw some of the lines of sight with the queries", MENU, check=True,
           needs="frame", group=3),
    action("surface.later", "Later scans", "Hold the surface against what the next frames see", MENU, "Shift+H",
           check=True, needs="frame", group=3),
    action("surface.measure", "Measure", "Hold ours, Poisson and lines of sight against what is there", MENU,
           needs="surface", group=4),
    action("surface.reset", "Reset how it is made", "Every number as it usually is", MENU, icon="undo",
           needs="surface", group=4),
    action("surface.export", "Write the surface…", "As PLY, OBJ or GLB, with its colours", MENU, icon="file",
           needs="frame", group=4),
)  # fmt: skip


def handlers(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Action name to what it does."""
    part = window.desk.surfacing
    surface = part.surface
    return {
        "surface.make": part.toggle,
        "surface.stop": surface.stop,
        "surface.again": surface.again,
        "surface.box": part.toggle_tool,
        "surface.whole": partial(part.set_box, None),
        **{f"surface.color_{name}": partial(part.set, color=name) for name, _words, _tip in COLORS},
        "surface.next_color": part.next_color,
        "surface.wireframe": lambda: part.look(wireframe=not surface.state.wireframe),
        "surface.hide": lambda: part.look(visible=not surface.state.visible),
        "surface.points": lambda: part.look(points=not surface.state.points),
        **{_of_plane(name): partial(part.cut, name) for name, _words, _tip in PLANES},
        "surface.slice": part.toggle_slice,
        "surface.queries": lambda: part.ask(surface.state.queries is None),
        "surface.rays": lambda: part.set_rays(not part.rays),
        "surface.later": part.toggle_later,
        "surface.measure": lambda: part.attempt(surface.measure),
        "surface.reset": lambda: part.attempt(surface.reset_options),
        "surface.export": part.export_requested.emit,
    }


def _of_plane(name: str) -> str:
    return f"surface.slice_{name}" if name else "surface.no_slice"


def enabled(window: MainWindow, need: str) -> bool:
    """Whether what an action of this menu needs is there."""
    state = window.session.surface.state
    on = state.on and window.session.frame_state is not None
    match need:
        case "surface_work":
            return on and state.working
        case "surface_box":
            return state.box is not None
    return on


def ticked(window: MainWindow, name: str) -> bool:
    """Whether a checkable action of this menu shows a tick."""
    part = window.desk.surfacing
    state = part.surface.state
    plane = state.slice.plane if state.slice is not None else ""
    match name.partition(".")[2]:
        case "make":
            return state.on
        case "box":
            return window.desk.tool == TOOL
        case "wireframe":
            return state.wireframe
        case "hide":
            return not state.visible
        case "points":
            return state.points
        case "slice":
            return bool(plane)
        case "queries":
            return state.queries is not None
        case "rays":
            return part.rays
        case "later":
            return bool(state.later)
    return name in (f"surface.color_{state.options.color}", _of_plane(plane))
