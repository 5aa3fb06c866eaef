"""From the session to one 3D view: points, colours, overlays, style and the camera that goes with them."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from app.core.render import viewpoints
from app.core.render.camera import Camera, aim, look_at
from app.core.render.protocol import Picture
from app.core.render.scene import Cloud, Style
from app.core.state import FrameState, ViewState
from app.ui import camera_poses, overlay_items, theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.viewer.viewport import Viewport

CLOUD = "cloud"
FLIGHT_MS = 320
FLIGHT_STEP_MS = 16
VISIT_PITCH = 24.0
NEAR, FAR, VISIT_SHARE = 16.0, 34.0, 0.5
"""Metres from which a thing of the street is seen whole, with what is around it; what is far away has few points,
and is seen from farther off, this share of its distance."""

AT_SENSOR = frozenset({"axes", "frustums"})
"""Overlays that would stand in the way of a camera that is where they are."""

SELECTED_MIX = 0.72
"""How much of the accent colour a selected point takes on: its own colour still shows through."""


class SceneFeed(Listening, QObject):
    """Listens to the session and keeps one viewport up to date.

    ``on_moved(camera, settled)`` is called whenever this view's camera changed for any reason but
    ``follow_camera``; ``settled`` False while it is on its way.
    """

    def __init__(self, desk: Desk, viewport: Viewport, name: str) -> None:
        super().__init__()
        self.desk, self.session = desk, desk.session
        self.viewport, self.name = viewport, name
        self.on_moved: Callable[[Camera, bool], None] | None = None
        self._placed = False
        self._restoring = True
        self._overlays: set[str] = set()
        self._overlay_key: tuple[object, ...] = ()
        self._pointless = False
        """Whether points were left out when the viewport was told last."""
        self._mode = "orbit"
        self._style: tuple[object, ...] = ()
        self.changed = 0.0
        """Monotonic seconds of the last thing the viewport was told."""
        self._flight: tuple[Camera, Camera] | None = None
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=FLIGHT_STEP_MS)
        self._timer.timeout.connect(self._fly_on)
        self._listen()
        if self.session.frame_state is not None:
            self._on_frame(self.session.frame_state)

    def _listen(self) -> None:
        session = self.session
        self.listen(session.drive_changed, self._on_drive)
        self.listen(session.sequence_changed, self._on_drive)
        self.listen(session.frame_changed, self._on_frame)
        self.listen(session.view_changed, self._on_view)
        self.listen(session.selection_changed, lambda _rows: self._recolor())
        self.listen(session.settings_changed, lambda _settings: self._on_settings())
        self.listen(session.surface.state_changed, lambda _state: self._on_surface())

    @property
    def view(self) -> ViewState | None:
        """State of this view; None while it is being taken away."""
        return self.session.views.get(self.name)

    @property
    def flying(self) -> bool:
        """Whether the camera is on its way."""
        return self._flight is not None

    def close(self) -> None:
        """Let go of the session and the timer; the viewport is closed by its owner."""
        self._timer.stop()
        self.stop_listening()

    # cameras

    def place(self, camera: Camera) -> None:
        """Stand here at once (a restored session, the first look at a drive)."""
        self._placed = True
        self._stop_flight()
        self._set_camera(camera, settled=True)

    def fly_to(self, camera: Camera) -> None:
        """Move there in a third of a second; a camera with its own calibration takes over at the end."""
        self._placed = True
        self._flight = (self.viewport.camera, camera)
        self._clock.start()
        self._timer.start()

    def follow_camera(self, camera: Camera, *, settled: bool) -> None:
        """Take over the camera of the linked view."""
        self._stop_flight()
        self._placed = True
        self.changed = time.monotonic()
        self.viewport.set_camera(camera, moving=not settled)

    def overview(self) -> None:
        """Fly to the first look at this scene."""
        state = self.session.frame_state
        if state is not None:
            self._leave_mode()
            self.fly_to(camera_poses.overview(state, self._fov))

    def fit(self) -> None:
        """Fly back until all of the scene is in the picture."""
        state = self.session.frame_state
        if state is not None:
            self._leave_mode()
            size = max(self.viewport.widget.width(), 1), max(self.viewport.widget.height(), 1)
            self.fly_to(viewpoints.fit_points(state.cloud.points, self._free(), *size))

    def focus(self, row: int) -> None:
        """Fly to a drawn point and turn about it."""
        state = self.session.frame_state
        if state is not None and row < len(state.cloud.points):
            self._leave_mode()
            self.fly_to(aim(self._free(), state.cloud.points[row]))

    def visit(self, place: np.ndarray) -> None:
        """Fly to a place (3,) metres, sensor frame: near enough to see what stands there, and on the sensor's side,
        which is the one that has points."""
        self._leave_mode()
        away = float(np.hypot(place[0], place[1]))
        yaw = float(np.degrees(np.arctan2(-place[1], -place[0]))) if away > 0 else 180.0
        eye = place + viewpoints.direction(yaw, VISIT_PITCH) * min(max(away * VISIT_SHARE, NEAR / 2), FAR)
        self.fly_to(look_at(eye, place, fov=self._fov))

    def moved_by_user(self, camera: Camera) -> None:
        """The user dragged: whatever held the camera lets go, unless only the distance changed in top view."""
        self._stop_flight()
        self._placed = True
        held = self._mode == "top" and abs(float(camera.axes[2, 2])) > 0.999
        if self._mode != "orbit" and not held:
            self._leave_mode()

    @property
    def _fov(self) -> float:
        return float(self.session.settings.fov)

    def _leave_mode(self) -> None:
        if self._mode != "orbit":
            self._mode = "orbit"
            self.session.set_camera_mode("orbit", self.name)
            self._restyle()

    def _set_camera(self, camera: Camera, *, settled: bool) -> None:
        self.changed = time.monotonic()
        self.viewport.set_camera(camera, moving=not settled)
        if self.on_moved is not None:
            self.on_moved(camera, settled)

    def _fly_on(self) -> None:
        if self._flight is None:
            self._timer.stop()
            return
        start, end = self._flight
        share = self._clock.elapsed() / FLIGHT_MS
        if share >= 1:
            self._stop_flight()
            self._set_camera(end, settled=True)
        else:
            eased = share * share * (3 - 2 * share)
            self._set_camera(viewpoints.between(start, end, eased), settled=False)

    def _stop_flight(self) -> None:
        self._flight = None
        self._timer.stop()

    def _free(self) -> Camera:
        """The camera as it is, without a recorded camera's calibration."""
        now = self.viewport.camera
        return viewpoints.look_along(now.position, now.axes, now.pivot, self._fov)

    def _first_camera(self, mode: str, state: FrameState) -> Camera:
        """A held mode's own, else the one that was saved with this drive, else the overview."""
        held = camera_poses.of_mode(mode, state, self._fov)
        if held is not None:
            return held
        remembered = self.session.remembered_camera(self.name) if self._restoring else None
        self._restoring = False
        return remembered or camera_poses.overview(state, self._fov)

    def _move_with_frame(self, state: FrameState) -> None:
        view = self.view
        mode = view.camera_mode if view is not None else "orbit"
        if not self._placed:
            self._mode = mode
            self.place(self._first_camera(mode, state))
            return
        if mode.startswith("camera:"):  # calibration, and for some drives the motion between shots, is per frame
            camera = camera_poses.of_mode(mode, state, self._fov)
            if camera is not None and self._flight is None:
                self._set_camera(camera, settled=True)
        elif mode != "ego" and not self.session.settings.follow and state.stage_motion is not None:
            self._stop_flight()
            self._set_camera(viewpoints.carried(self.viewport.camera, state.stage_motion), settled=True)

    # what is drawn

    def _on_drive(self, info: object) -> None:
        self._placed = False
        self._stop_flight()
        if info is None:
            self.viewport.remove_item(CLOUD)
            self._clear_overlays()

    def _on_frame(self, state: FrameState) -> None:
        view = self.view
        if view is None:
            return
        colors, shown = self._colors()
        self._move_with_frame(state)
        self._restyle()
        self.changed = time.monotonic()
        self.viewport.set_item(CLOUD, Cloud(state.cloud.points, colors, shown))
        self._update_overlays(state)

    def _on_view(self, name: str) -> None:
        view, state = self.view, self.session.frame_state
        if name != self.name or view is None or state is None:
            return
        if view.camera_mode != self._mode:
            self._mode = view.camera_mode
            camera = camera_poses.of_mode(self._mode, state, self._fov)
            self._restyle()
            if camera is not None:
                self.fly_to(camera)
        self._recolor()
        self._update_overlays(state)

    def _on_settings(self) -> None:
        self._restyle()
        state, camera = self.session.frame_state, self.viewport.camera
        if state is not None:
            self._update_overlays(state)
        if camera.intrinsics is None and abs(camera.fov - self._fov) > 1e-6 and self._placed:
            self._set_camera(self._free(), settled=True)

    def _colors(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The session's colours with the selected points tinted; no point where a surface is to be seen alone."""
        colors, shown = self.session.colors(self.name)
        self._pointless = self.desk.surfacing.hides_points
        if self._pointless:
            shown = np.zeros(len(colors), bool)
        rows = self.session.selection
        if len(rows):
            colors = colors.copy()
            accent = np.array(theme.DARK.rgb("accent"), np.float32) * SELECTED_MIX
            colors[rows] = (colors[rows] * np.float32(1 - SELECTED_MIX) + accent).astype(np.uint8)
        return colors, shown

    def _on_surface(self) -> None:
        """Points come and go with the wish to see a surface alone."""
        if self.desk.surfacing.hides_points != self._pointless:
            self._recolor()

    def _recolor(self) -> None:
        if self.session.frame_state is not None and self.view is not None:
            self.changed = time.monotonic()
            self.viewport.set_colors(CLOUD, *self._colors())

    def _update_overlays(self, state: FrameState) -> None:
        view = self.view
        if view is None:
            return
        dark = sum(self.session.settings.background) < 380
        at_sensor = view.camera_mode == "ego" or view.camera_mode.startswith("camera:")
        show = view.show - AT_SENSOR if at_sensor else view.show
        key = (id(state.frame), show, dark)
        if key == self._overlay_key:
            return  # a dragged colour range changes the view many times a second, the overlays never
        self._overlay_key = key
        self.changed = time.monotonic()
        items = overlay_items.build(
            state.frame, show, label_set=self.session.label_set, poses=self.session.poses, dark=dark
        )
        for name in self._overlays - set(items):
            self.viewport.remove_item(name)
        for name, item in items.items():
            self.viewport.set_item(name, item)
        self._overlays = set(items)

    def _clear_overlays(self) -> None:
        for name in self._overlays:
            self.viewport.remove_item(name)
        self._overlays, self._overlay_key = set(), ()

    def _restyle(self) -> None:
        """Send the style if anything of it changed; a backdrop is compared by identity."""
        settings = self.session.settings
        backdrop = self._backdrop()
        key = (settings.point_size, settings.depth_shading, settings.background, id(backdrop))
        if key != self._style:
            self._style = key
            self.changed = time.monotonic()
            self.viewport.set_style(
                Style(settings.point_size, settings.depth_shading, settings.background, backdrop)
            )

    def _backdrop(self) -> np.ndarray | None:
        """The recorded picture while the view looks through its camera."""
        state, view = self.session.frame_state, self.view
        if state is None or view is None or not view.camera_mode.startswith("camera:"):
            return None
        return state.images.get(view.camera_mode.partition(":")[2])


def drawn_as(picture: Picture) -> str:
    """One line about a picture: how much of the cloud it shows and who drew it."""
    from app.ui import text

    share = "" if picture.drawn >= picture.total else f"{text.count(picture.drawn)} of "
    return f"{share}{text.plural(picture.total, 'point')} · {picture.seconds * 1e3:.0f} ms"
