"""Panel: the recorded pictures, with the points over them in the colours of the active view's layer."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton

from app.core.language.queries import Hit
from app.core.state import FrameState, Hover
from app.core.types import CameraView
from app.core.visibility_view import PictureSuperpixels
from app.ui import icons, text, theme, visibility_paint, visibility_words
from app.ui.desk import Desk
from app.ui.hover_text import describe
from app.ui.image_points import OPAQUE, ImagePoints, packed, paint, project
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.camera_strip import CameraStrip, frontmost
from app.ui.widgets.image_canvas import ImageCanvas

DOT, LARGEST_DOT = 1.25, 6
"""Width of a point on the screen, and the most picture pixels it may take."""

ROOMY = 640
"""Width of the panel from which the small pictures have their usual size."""

CHIP_SIDES, LEAST_TITLE = 18, 30

LOOKER = "cameras"
NO_EDGES = np.zeros((0, 4), np.float32)

REACH = 12.0
"""Screen pixels within which a hovered pixel takes the nearest point."""


class CamerasPanel(Panel):
    """One picture large; several cameras stand beside it as small pictures to choose from."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.canvas = ImageCanvas()
        self.canvas.on_hover = self._on_hover
        self.canvas.on_click = self._on_click
        self.canvas.on_resized = self._place_chips
        self.canvas.on_box = self._on_box
        self._strip = CameraStrip(self.choose)
        row.addWidget(self.canvas, 1)
        row.addWidget(self._strip)
        self.column.addLayout(row)
        self._said = ""
        self._make_chips()
        self.camera = ""
        self._points: ImagePoints | None = None
        self._seen: ImagePoints | None = None
        """Those of them whose class is switched on: what is painted, hovered and picked."""
        self._dot = 0
        self._packed: tuple[np.ndarray, np.ndarray] | None = None
        self._buffer = np.empty((0, 0), np.uint32)
        """What is painted into and shown: kept, because fresh memory of this size costs more than the painting."""
        self._bordered = visibility_paint.BorderPainter()
        self._pointer: tuple[float, float] | None = None
        self._outlined: tuple[object, int | None] = (None, None)
        self._stale = False
        self._unpainted = False
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self.settle)
        self._show_points = True
        session = self.session
        self.listen(session.frame_changed, self._on_frame)
        self.listen(session.drive_changed, lambda _drive: self._on_frame(None))
        self.listen(session.view_changed, self._on_view)
        self.listen(session.hover_changed, lambda _hover: self._mark())
        self.listen(session.picked_changed, lambda _row: self._mark())
        self.listen(session.selection_changed, lambda _rows: self._paint_soon())
        self.listen(desk.active_changed, lambda _name: self._paint_soon())
        self.listen(desk.asking.box_tool_changed, self._on_box_tool)
        self.listen(desk.asking.hit_changed, self._on_hit)
        self.listen(session.language.query_changed, lambda _query: self._frame())
        self.listen(session.visibility.picture_changed, lambda _picture: self._on_visibility())
        self.listen(session.visibility.look_changed, self._on_look)
        self._on_frame(session.frame_state)

    def _make_chips(self) -> None:
        self.title = QLabel(self.canvas)
        self.title.setObjectName("ViewChip")
        self.title.setFont(theme.font(12))
        self.title.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.tools = QFrame(self.canvas)
        self.tools.setObjectName("ViewBar")
        row = QHBoxLayout(self.tools)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(1)
        self.points_button = self._chip_button(row, "layers", "Points over the picture (P)")
        self.points_button.setChecked(True)
        self.points_button.clicked.connect(self.set_points_shown)
        self.box_button = self._chip_button(
            row, "box_select", "Ask by a box: drag one over the picture (Shift+drag)"
        )
        self.box_button.clicked.connect(self.desk.asking.set_box_tool)
        visibility = self.session.visibility
        self.eye_button = self._chip_button(row, "eye", "Colour the points by what this camera sees (Shift+V)")
        self.eye_button.clicked.connect(lambda on: visibility.set_show("visibility" if on else "layer"))
        self.borders_button = self._chip_button(row, "grid", "Borders of superpixels over the picture (Shift+B)")
        self.borders_button.clicked.connect(visibility.set_borders)
        self.through = self._chip_button(row, "camera", "Look through this camera in the 3D view (Ctrl+4)")
        self.through.setCheckable(False)
        self.through.clicked.connect(lambda: self.desk.camera_requested.emit(self.camera))

    def _chip_button(self, row: QHBoxLayout, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        icons.bind(button, icon)
        button.setIconSize(QSize(15, 15))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.addWidget(button)
        return button

    def set_points_shown(self, on: bool) -> None:
        """Points over the picture, or the picture alone."""
        self._show_points = on
        self.points_button.setChecked(on)
        self._paint_soon()

    def close_panel(self) -> None:
        """Nobody looks any more."""
        self.session.visibility.look(LOOKER, False)
        super().close_panel()

    def showEvent(self, event: QShowEvent) -> None:
        """Whoever sees the panel sees what the camera sees, if that is shown."""
        super().showEvent(event)
        self._on_look()

    def hideEvent(self, event: QHideEvent) -> None:
        """A hidden panel needs nothing."""
        super().hideEvent(event)
        self._on_look()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Points keep their size on the screen; small pictures leave the large one room."""
        self._strip.set_compact(event.size().width() < ROOMY)
        self._place_chips()
        camera = self._view()
        if camera is not None and self._dot_size(camera) != self._dot:
            self._paint_soon()

    def _place_chips(self) -> None:
        self.tools.adjustSize()
        self.tools.move(self.canvas.width() - self.tools.width() - 10, 10)
        room = self.tools.x() - 20 - CHIP_SIDES if self.tools.isVisible() else self.canvas.width() - 20 - CHIP_SIDES
        shown = self.title.fontMetrics().elidedText(self._said, Qt.TextElideMode.ElideRight, max(room, 0))
        self.title.setText(shown)
        self.title.setToolTip(self._said)
        self.title.setVisible(bool(self._said) and room > LEAST_TITLE)
        self.title.adjustSize()
        self.title.move(10, 10)

    # frame

    def _on_frame(self, state: FrameState | None) -> None:
        cameras = state.frame.cameras if state is not None else ()
        heading = state.frame.heading if state is not None else 0.0
        if self.camera not in [camera.name for camera in cameras]:
            self.camera = frontmost(cameras, heading)
        self.session.visibility.set_camera(self.camera)
        self._strip.show_cameras(cameras, state.images if state is not None else {}, self.camera, heading)
        self._stale = True
        self._paint_soon()

    def _paint_soon(self) -> None:
        """Paint in a turn of its own: a new frame is much work already, and several changes are painted once."""
        self._unpainted = True
        self._due.start()

    def settle(self) -> None:
        """Paint now what is still to be painted."""
        if not self._unpainted and not self._stale:
            return
        self._unpainted = False
        self._due.stop()
        if self._stale:
            self._project()
        self._paint()
        self._place_chips()

    def _view(self) -> CameraView | None:
        state = self.session.frame_state
        if state is None or not self.camera:
            return None
        return next((c for c in state.frame.cameras if c.name == self.camera), None)

    def _project(self) -> None:
        state, camera = self.session.frame_state, self._view()
        self._points = project(state, camera) if state is not None and camera is not None else None
        self._stale = False

    def _on_view(self, name: str) -> None:
        if name == self.desk.active:
            self._paint_soon()

    def _paint(self) -> None:
        """Picture and points in one buffer, once per frame or colour change; never while the pointer moves."""
        state, camera, points = self.session.frame_state, self._view(), self._points
        self.tools.setVisible(camera is not None)
        if state is None or camera is None or points is None:
            self.canvas.set_image(None)
            self._seen = None
            self._say(self._why_empty(state))
            return
        image = state.images.get(self.camera)
        ground = self._ground(image, camera)
        cut = self._cut
        if cut is not None:
            ground = self._bordered.over(ground, image, cut, max(self._dot_size(camera) // 2, 1))
        colors, shown = self.session.colors(self.desk.active)
        tested = visibility_paint.tested(self.session.visibility, state.cloud, points.rows)
        if tested is not None:
            colors, shown = tested.colors, None  # whatever classes are switched off, all points are tested
        self._seen = points.only(shown)
        if self._show_points and len(points):
            self._dot = self._dot_size(camera)
            if self._buffer.shape != ground.shape:
                self._buffer = np.empty_like(ground)
            np.copyto(self._buffer, ground)
            colors = self._tinted(colors)
            paint(self._buffer, self._seen, colors, self._dot)
            if tested is not None:
                paint(self._buffer, self._seen.only(tested.rare), colors, self._dot + 1)
            ground = self._buffer
        self.canvas.set_image(ground)
        part = f" (every {points.thinned}th)" if points.thinned > 1 else ""
        missing = "" if image is not None else " · picture missing"
        self._frame()
        self._say(f"{self.camera} · {text.plural(len(points), 'point')} inside{part}{missing}")
        self._mark()

    def _dot_size(self, camera: CameraView) -> int:
        """Picture pixels of a point, so that it is about two pixels wide on the screen."""
        shrunk = max(camera.size[0] / max(self.canvas.width(), 1), camera.size[1] / max(self.canvas.height(), 1))
        return int(min(max(round(DOT * shrunk), 2), LARGEST_DOT))

    def _tinted(self, colors: np.ndarray) -> np.ndarray:
        """Selected points stand out here as they do in the views."""
        rows = self.session.selection
        if not len(rows):
            return colors
        tinted = colors.copy()
        tinted[rows] = theme.DARK.rgb("accent")
        return tinted

    def _ground(self, image: np.ndarray | None, camera: CameraView) -> np.ndarray:
        """The picture packed for painting, once per picture; black where it is missing."""
        if image is None:
            return np.full((camera.size[1], camera.size[0]), OPAQUE)
        if self._packed is None or self._packed[0] is not image:
            self._packed = (image, packed(image, None if self._packed is None else self._packed[1]))
        return self._packed[1]

    def _why_empty(self, state: FrameState | None) -> str:
        return "" if state is None else "This drive has no camera images"

    def _say(self, sentence: str) -> None:
        self._said = sentence
        self._place_chips()

    def choose(self, name: str) -> None:
        """Show another camera."""
        self.camera = name
        self.session.visibility.set_camera(name)
        self._strip.mark(name)
        self._stale = True
        self.settle()

    # both ways between picture and points

    def _on_hover(self, x: float | None, y: float | None) -> None:
        self.settle()
        self._pointer = None if x is None or y is None else (x, y)
        if self._seen is None or x is None or y is None:
            self.session.set_hover(None, self.camera)
        else:
            reach = REACH * self.canvas.pixels_per_dot()
            self.session.set_hover(self._seen.nearest(x, y, reach), self.camera)
        if self._tests:
            self._mark()  # the superpixel may be another one though the point is not

    def _on_click(self, x: float, y: float) -> None:
        self.settle()
        if self._seen is not None:
            self.session.pick(self._seen.nearest(x, y, REACH * self.canvas.pixels_per_dot()))

    def _on_box(self, box: tuple[float, float, float, float]) -> None:
        self.desk.asking.box(self.camera, box)

    def _on_box_tool(self, on: bool) -> None:
        self.box_button.setChecked(on)
        self.canvas.box_tool = on
        self.canvas.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def _on_hit(self, hit: Hit | None) -> None:
        """The picture that shows the found region."""
        if hit is not None and hit.camera != self.camera and self._view_of(hit.camera):
            self.choose(hit.camera)
        self._frame()

    def _view_of(self, name: str) -> bool:
        state = self.session.frame_state
        return state is not None and name in [camera.name for camera in state.frame.cameras]

    def _frame(self) -> None:
        """Frame the region that is looked at, else the box that is asked by, where this picture shows it."""
        query, hit = self.session.language.query, self.desk.asking.hit
        active = query.prompts[query.active] if query.active < len(query.prompts) else None
        box, color = None, theme.current().color("accent")
        if hit is not None and (hit.frame, hit.camera) == (self.session.index, self.camera):
            box = hit.box
        elif active is not None and active.box is not None and active.box[:2] == (self.session.index, self.camera):
            box, color = active.box[2:], QColor(*active.color)
        self.canvas.set_frame(box, color)

    def _mark(self) -> None:
        if self._due.isActive():
            return  # painting marks too
        hover: Hover | None = self.session.hover
        ring = self._pixel(hover.index if hover is not None else None)
        lines: tuple[str, ...] = ()
        swatch = None
        own = hover.index if hover is not None and hover.source == self.camera else None
        if self._tests:
            lines, swatch = visibility_words.pointer_lines(self.session.visibility, own, self._pointer)
        elif own is not None:
            lines, color = describe(self.session, own)
            swatch = QColor(*color) if color is not None else None
        self.canvas.set_marks(ring, self._pixel(self.session.picked), lines, swatch, self._pointer)
        self._outline()

    # visibility

    @property
    def _tests(self) -> bool:
        """Whether what the camera sees is shown, in points or in borders."""
        visibility = self.session.visibility
        return visibility.show != "layer" or visibility.borders

    @property
    def _cut(self) -> PictureSuperpixels | None:
        """Superpixels whose borders are to be drawn over this picture."""
        picture = self.session.visibility.picture
        shown = picture is not None and self.session.visibility.borders and picture.camera == self.camera
        return picture.superpixels if shown and picture is not None else None

    def _on_visibility(self) -> None:
        if self._tests:
            self._paint_soon()

    def _on_look(self) -> None:
        visibility = self.session.visibility
        self.eye_button.setChecked(visibility.show != "layer")
        self.borders_button.setChecked(visibility.borders)
        visibility.look(LOOKER, self._tests and self.isVisible())
        self._paint_soon()

    def _outline(self) -> None:
        """Outline the superpixel under the pointer, found anew only when it is another one."""
        cut = self._cut
        number = cut.at(*self._pointer) if cut is not None and self._pointer is not None else None
        key = (None if cut is None else cut.border, number)
        if key[0] is not self._outlined[0] or key[1] != self._outlined[1]:
            self._outlined = key
            self.canvas.set_outline(NO_EDGES if cut is None or number is None else cut.outline(number))

    def _pixel(self, row: int | None) -> tuple[float, float] | None:
        return self._points.pixel_of(row) if self._points is not None and row is not None else None


ENTRY = PanelInfo("Camera images", "centre", 10, CamerasPanel, titled=False, share=210)
