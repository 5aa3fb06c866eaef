"""What each action does, whether it can be done now, and whether it is ticked; names as in the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from app.core.layers.base import Kind
from app.core.session import Session
from app.core.state import OVERLAYS, RangeMode
from app.ui import actions_labels, actions_model, actions_surface, actions_text, actions_train
from app.ui.panels.timeline import SPEEDS
from app.ui.workspaces import WORKSPACES

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

LIGHT_GROUND = (250, 251, 252)
DARK_GROUND = (13, 15, 19)
POINT_SIZES = (1.0, 12.0)


def handlers(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Action name to what it does."""
    session, desk = window.session, window.desk
    result: dict[str, Callable[[], object]] = {
        "open.folder": window.ask_folder,
        "classes.semantickitti": lambda: window.opening.name_classes("semantickitti"),
        "classes.nuscenes": lambda: window.opening.name_classes("nuscenes"),
        "classes.file": lambda: window.opening.ask_classes(),
        "classes.own": lambda: window.opening.name_classes(""),
        "open.file": window.ask_file,
        "open.columns": window.ask_columns,
        "open.demo": window.open_demo,
        "save.picture": window.ask_picture,
        "save.playback": window.ask_playback,
        "app.preferences": window.ask_preferences,
        "app.quit": window.close,
        "edit.undo": session.undo,
        "edit.redo": session.redo,
        "edit.copy": window.copy_point,
        "edit.cancel": window.cancel,
        "camera.recorded": lambda: _recorded(window),
        "camera.follow": lambda: session.update_settings(follow=not session.settings.follow),
        "camera.overview": lambda: window.area.feed.overview(),
        "camera.fit": desk.fit_requested.emit,
        "camera.focus": lambda: desk.focus_requested.emit(session.picked),
        "view.split": lambda: session.split(len(session.views) == 1),
        "view.link": lambda: session.set_linked(not session.linked),
        "view.other": lambda: desk.activate("right" if desk.active == "left" else "left"),
        "show.image_points": window.toggle_image_points,
        "show.visibility": lambda: _visibility(session),
        "show.borders": lambda: session.visibility.set_borders(not session.visibility.borders),
        "points.larger": lambda: _point_size(session, 0.5),
        "points.smaller": lambda: _point_size(session, -0.5),
        "points.light": lambda: _ground(session),
        "layer.same_range": lambda: _same_range(window),
        "layer.all_classes": lambda: session.show_all_classes(desk.active),
        "window.palette": window.show_palette,
        "window.reset": window.reset_layout,
        "window.theme": lambda: _theme(session),
        "window.full_screen": window.toggle_full_screen,
        "help.shortcuts": window.show_shortcuts,
        "help.about": window.show_about,
    }
    for tool in ("navigate", "box", "lasso"):
        result[f"tool.{tool}"] = partial(desk.set_tool, tool)
    for mode in ("orbit", "top", "ego"):
        result[f"camera.{mode}"] = partial(_camera_mode, window, mode)
    for name in OVERLAYS:
        result[f"show.{name}"] = partial(_overlay, window, name)
    for key in range(1, 10):
        result[f"layer.{key}"] = partial(_layer, window, str(key))
    for workspace in WORKSPACES:
        result[f"window.{workspace.name}"] = partial(window.set_workspace, workspace.name)
    result |= _playback(session) | actions_model.handlers(window) | actions_train.handlers(window)
    result |= actions_text.handlers(window) | actions_labels.handlers(window)
    return result | actions_surface.handlers(window)


def _playback(session: Session) -> dict[str, Callable[[], object]]:
    def frames() -> int:
        return session.sequence.frames if session.sequence is not None else 0

    return {
        "play.toggle": session.toggle_play,
        "play.next": lambda: session.step(1),
        "play.previous": lambda: session.step(-1),
        "play.next_ten": lambda: session.step(10),
        "play.previous_ten": lambda: session.step(-10),
        "play.first": lambda: session.go_to(0),
        "play.last": lambda: session.go_to(frames() - 1),
        "play.faster": lambda: _speed(session, 1),
        "play.slower": lambda: _speed(session, -1),
        "play.loop": lambda: session.set_playback(loop=not session.playback.loop),
        "play.range_first": lambda: session.set_playback(
            first=session.index, last=max(session.playback.last, session.index)
        ),
        "play.range_last": lambda: session.set_playback(
            first=min(session.playback.first, session.index), last=session.index
        ),
        "play.range_all": lambda: session.set_playback(first=0, last=max(frames() - 1, 0)),
    }


def enabled(window: MainWindow, need: str) -> bool:
    """Whether what an action needs is there."""
    session = window.session
    state = session.frame_state
    if need in actions_train.NEEDS:
        return actions_train.enabled(window, need)
    if need in actions_labels.NEEDS:
        return actions_labels.enabled(window, need)
    if need in actions_surface.NEEDS:
        return actions_surface.enabled(window, need)
    if need in actions_text.NEEDS:
        return actions_text.enabled(window, need)
    if need in actions_model.NEEDS:
        return actions_model.enabled(window, need)
    match need:
        case "frame":
            return state is not None
        case "cameras":
            return state is not None and bool(state.frame.cameras)
        case "poses":
            return session.poses is not None
        case "picked":
            return session.picked is not None
        case "undo":
            return session.can_undo
        case "redo":
            return session.can_redo
        case "split":
            return len(session.views) > 1
        case "scalar":
            data = session.layer_data(window.desk.active)
            return data is not None and data.kind is Kind.SCALAR and data.absolute_range is not None
        case "hidden":
            return bool(window.desk.view.style.hidden)
    return True


NEEDS = (
    "frame", "cameras", "poses", "picked", "undo", "redo", "split", "scalar", "hidden",
    *actions_labels.NEEDS, *actions_model.NEEDS, *actions_surface.NEEDS, *actions_text.NEEDS, *actions_train.NEEDS,
)  # fmt: skip
"""Everything ``needs`` may say, besides ``layer.1`` to ``layer.9``, which the menus decide themselves."""


def ticked(window: MainWindow, name: str) -> bool:
    """Whether a checkable action shows a tick."""
    session, desk = window.session, window.desk
    part, _, rest = name.partition(".")
    view = desk.view
    match part:
        case "train":
            return actions_train.ticked(window, name)
        case "tool":
            return desk.tool == rest
        case "camera":
            if rest == "follow":
                return bool(session.settings.follow)
            return view.camera_mode.partition(":")[0] == {"recorded": "camera"}.get(rest, rest)
        case "show":
            seen = session.visibility
            shown = {
                "image_points": window.image_points_shown,
                "visibility": seen.show != "layer",
                "borders": seen.borders,
            }
            return shown.get(rest, rest in view.show)
        case "layer":
            return view.style.range_mode is RangeMode.ABSOLUTE
        case "view":
            several = len(session.views) > 1
            return several and (rest == "split" or session.linked)
        case "play":
            return session.playback.playing if rest == "toggle" else session.playback.loop
        case "model":
            return actions_model.ticked(window, name)
        case "labels":
            return actions_labels.ticked(window, name)
        case "surface":
            return actions_surface.ticked(window, name)
        case "text":
            return actions_text.ticked(window, name)
        case "points":
            return sum(session.settings.background) > 380
    if name == "window.theme":
        return session.settings.theme == "light"
    if name == "window.full_screen":
        return window.isFullScreen()
    return window.workspace == rest


def _recorded(window: MainWindow) -> None:
    """Through the camera the pictures panel shows; again: out of it."""
    state = window.session.frame_state
    if state is not None and state.frame.cameras:
        window.desk.camera_requested.emit(window.shown_camera() or state.frame.cameras[0].name)


def _camera_mode(window: MainWindow, mode: str) -> None:
    window.session.set_camera_mode(mode, window.desk.active)


def _overlay(window: MainWindow, name: str) -> None:
    window.session.set_overlay(name, name not in window.desk.view.show, window.desk.active)


def _layer(window: MainWindow, key: str) -> None:
    for layer in window.session.layers():
        if layer.key == key:
            window.session.set_layer(layer.name, window.desk.active)


def _visibility(session: Session) -> None:
    """Points over the pictures by what the camera sees, or by the view's layer again."""
    seen = session.visibility
    seen.set_show("visibility" if seen.show == "layer" else "layer")


def _point_size(session: Session, change: float) -> None:
    low, high = POINT_SIZES
    session.update_settings(point_size=min(max(session.settings.point_size + change, low), high))


def _ground(session: Session) -> None:
    light = sum(session.settings.background) > 380
    session.update_settings(background=DARK_GROUND if light else LIGHT_GROUND)


def _theme(session: Session) -> None:
    session.update_settings(theme="dark" if session.settings.theme == "light" else "light")


def _same_range(window: MainWindow) -> None:
    view = window.desk.view
    absolute = view.style.range_mode is RangeMode.ABSOLUTE
    mode = RangeMode.RELATIVE if absolute else RangeMode.ABSOLUTE
    window.session.set_style(window.desk.active, view.shown_layer, range_mode=mode)


def _speed(session: Session, step: int) -> None:
    """The next speed of the list up or down."""
    now = session.playback.speed
    faster = [s for s in SPEEDS if s > now + 1e-9]
    slower = [s for s in SPEEDS if s < now - 1e-9]
    chosen = (faster[0] if faster else now) if step > 0 else (slower[-1] if slower else now)
    session.set_playback(speed=chosen)
