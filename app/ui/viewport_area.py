"""The middle of the window: one or two 3D views, their cameras linked if the user wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QToolButton, QVBoxLayout, QWidget

from app.core.language.queries import Hit
from app.core.render.camera import Camera
from app.ui import icons, theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.scene_feed import SceneFeed
from app.ui.view_frame import ViewFrame
from app.ui.viewer.viewport import Viewport

if TYPE_CHECKING:
    from app.ui.recorder import Recorder, Recording

SETTLE_MS = 140
"""After this long without a move the linked view is drawn at full detail."""

MakeViewport = Callable[[str], Viewport]


class ViewportArea(Listening, QWidget):
    """Owns the views; ``make`` builds a viewport for a view's name."""

    def __init__(self, desk: Desk, make: MakeViewport) -> None:
        super().__init__()
        self.desk, self.session = desk, desk.session
        self._make = make
        self.views: dict[str, ViewFrame] = {}
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.splitterMoved.connect(lambda *_: self._place_link())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._splitter)
        self._link = self._make_link()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._settled)
        self._leader = "left"
        self._awaited: Hit | None = None
        self._recorder: Recorder | None = None
        self.camera_moved: Callable[[], None] | None = None
        self.listen(self.session.views_changed, self._on_views)
        self.listen(desk.fit_requested, lambda: self.feed.fit())
        self.listen(desk.focus_requested, lambda row: self.feed.focus(row))
        self.listen(desk.camera_requested, self._look_through)
        self.listen(desk.asking.hit_changed, self._on_hit)
        self.listen(desk.labelling.affinity.fly_requested, self._fly_soon)
        self.listen(self.session.frame_changed, lambda _state: self._on_hit(self._awaited))
        self._on_views()

    @property
    def feed(self) -> SceneFeed:
        """That of the active view."""
        return self.views[self.desk.active].feed

    def camera(self, name: str) -> Camera:
        """Where a view's camera stands."""
        return self.views[name].viewport.camera

    def record(self, plan: Recording) -> Recorder:
        """Record the active view; one recording at a time, a newer one ends the older."""
        from app.ui.recorder import Recorder

        if self._recorder is not None:
            self._recorder.cancel()
        recorder = Recorder(self.views[self.desk.active], plan)
        recorder.finished.connect(lambda _good: self._recorded(recorder))
        self._recorder = recorder
        return recorder

    def _recorded(self, recorder: Recorder) -> None:
        if self._recorder is recorder:
            self._recorder = None

    def close_views(self) -> None:
        """Close every view with its viewport."""
        if self._recorder is not None:
            self._recorder.close()
        self._settle.stop()
        self.stop_listening()
        for frame in self.views.values():
            frame.close_view()
        self.views.clear()

    def retheme(self) -> None:
        """Repaint what is painted by hand."""
        for frame in self.views.values():
            frame.retheme()

    def _on_views(self) -> None:
        """Make the number of views what the session says."""
        for name in list(self.views):
            if name not in self.session.views:
                frame = self.views.pop(name)
                frame.close_view()
                frame.hide()
                frame.setParent(None)
                frame.deleteLater()
        for name in self.session.views:
            if name not in self.views:
                self._add(name)
        self._link.setVisible(len(self.views) > 1)
        self._link.setChecked(self.session.linked)
        icons.bind(self._link, "link" if self.session.linked else "unlink")
        self._link.setText("linked" if self.session.linked else "not linked")
        if len(self.views) > 1 and self.session.linked:
            self._lead(self.desk.active, self.camera(self.desk.active), settled=True)
        self._place_link()

    def _add(self, name: str) -> None:
        frame = ViewFrame(self.desk, self._make(name), name)
        frame.viewport.on_camera = lambda camera: self._moved_by_user(name, camera)
        frame.feed.on_moved = lambda camera, settled: self._lead(name, camera, settled=settled)
        self.views[name] = frame
        self._splitter.addWidget(frame)
        self._splitter.setSizes([1000] * self._splitter.count())
        if name != "left":  # a second view starts where the first one stands
            frame.feed.follow_camera(self.camera("left"), settled=True)

    def _moved_by_user(self, name: str, camera: Camera) -> None:
        frame = self.views.get(name)
        if frame is None:
            return
        frame.feed.moved_by_user(camera)
        self._lead(name, camera, settled=False)
        self._settle.start()

    def _lead(self, name: str, camera: Camera, *, settled: bool) -> None:
        """One camera moved: the other follows where they are linked."""
        self._leader = name
        if self.session.linked:
            for other, frame in self.views.items():
                if other != name and not self._held(other):
                    frame.feed.follow_camera(camera, settled=settled)
        if settled and self.camera_moved is not None:
            self.camera_moved()

    def _held(self, name: str) -> bool:
        """Whether a view looks through a recorded camera while the leader does not: it then stays there."""
        views = self.session.views
        held = name in views and views[name].camera_mode.startswith("camera:")
        return held and views[self._leader].camera_mode != views[name].camera_mode

    def _settled(self) -> None:
        if self._leader in self.views:
            self._lead(self._leader, self.camera(self._leader), settled=True)

    def _on_hit(self, hit: Hit | None) -> None:
        """Fly to a found region once its frame is there, and pick the point in its middle."""
        self._awaited = hit
        state = self.session.frame_state
        if hit is None or state is None:
            return
        if state.frame.index != hit.frame:
            if self.session.target != hit.frame:
                self._awaited = None  # the user has gone elsewhere
            return
        self._awaited = None
        self.feed.visit(np.asarray(hit.center, np.float64))
        if len(state.cloud):
            away = np.linalg.norm(state.cloud.points - np.asarray(hit.center, np.float32), axis=1)
            self.session.pick(int(np.nanargmin(away)) if np.isfinite(away).any() else None)

    def _fly_soon(self, place: np.ndarray) -> None:
        """Fly to a superpoint, once the views have taken its frame over."""
        QTimer.singleShot(0, self, lambda: self._fly(place))

    def _fly(self, place: np.ndarray) -> None:
        if self.views:
            self.feed.visit(np.asarray(place, np.float64))

    def _look_through(self, camera: str) -> None:
        """Fly the active view into a recorded camera; back to a free one if it is there already."""
        mode = f"camera:{camera}"
        free = self.desk.view.camera_mode == mode
        self.session.set_camera_mode("orbit" if free else mode, self.desk.active)
        if free:
            self.feed.overview()

    def _make_link(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("ViewChip")
        button.setFont(theme.font(12))
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(14, 14))
        button.setToolTip("Both views share one camera (Ctrl+L)")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(self.session.set_linked)
        button.hide()
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The link chip stays with the second view."""
        QTimer.singleShot(0, self, self._place_link)

    def _place_link(self) -> None:
        self._link.adjustSize()
        last = list(self.views.values())[-1] if self.views else self
        corner = last.mapTo(self, QPoint(10, 46))  # below the second view's title, where nothing else stands
        self._link.move(corner)
        self._link.raise_()
