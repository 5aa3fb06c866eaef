"""A pyqtgraph GL widget that draws a stage as the other renderers do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from OpenGL import GL
from OpenGL.GL import shaders
from pyqtgraph.opengl import GLViewWidget
from PySide6.QtGui import QMatrix4x4, QMouseEvent, QResizeEvent, QSurfaceFormat, QWheelEvent

from app.core.render.backdrop import Backdrop
from app.core.render.camera import Camera, clip_planes, look_at
from app.core.render.scene import Cloud, Item, Mesh
from app.core.render.stage import Stage, flat_colors
from app.ui.viewer import gl_shaders
from app.ui.viewer.gl_items import LinesItem, SolidItem, drawn_rows
from app.ui.viewer.gl_targets import Target, texture
from app.ui.viewer.overlay import ViewOverlay


class GLWidget(GLViewWidget):  # type: ignore[misc]
    """Draws clouds, meshes and lines with the camera of :mod:`app.core.render.camera`."""

    def __init__(self) -> None:
        super().__init__()
        form = QSurfaceFormat()
        form.setVersion(3, 3)
        form.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
        form.setSamples(0)
        self.setFormat(form)
        self.setMinimumSize(80, 60)
        self.overlay = ViewOverlay(self)
        self.stage = Stage()
        self.camera: Camera = look_at(np.array([-22.0, 0.0, 13.0]), np.zeros(3))
        self.on_resize: Callable[[], None] | None = None
        self._drawn: dict[str, SolidItem | LinesItem] = {}
        self._programs: dict[str, int] = {}
        self._target, self._front = Target(), Target()
        self._behind_texture = 0
        self._behind: np.ndarray | None = None
        self._backdrop = Backdrop()
        self._empty_vao = 0

    def set_item(self, name: str, item: Item) -> None:
        """Add or replace an item; texts are the overlay's affair."""
        self.remove_item(name)
        origin = self.stage.origin
        self.stage.set_item(name, item)
        if not np.array_equal(origin, self.stage.origin):
            for other, known in list(self.stage.items.items()):
                self._make(other, known)
        else:
            self._make(name, item)
        self.update()

    def set_colors(self, name: str, colors: np.ndarray, shown: np.ndarray | None) -> None:
        """Recolour a cloud."""
        before = self.stage.items.get(name)
        self.stage.set_colors(name, colors, shown)
        item, drawn = self.stage.items.get(name), self._drawn.get(name)
        if not isinstance(item, Cloud) or not isinstance(before, Cloud) or not isinstance(drawn, SolidItem):
            return
        rows = drawn_rows(item)
        if np.array_equal(rows, drawn_rows(before)):
            drawn.set_colors(item.colors if len(rows) == len(item.points) else item.colors[rows])
        else:
            self._make(name, item)
        self.update()

    def remove_item(self, name: str) -> None:
        """Take an item out."""
        self.stage.remove_item(name)
        self._drop(name)
        self.update()

    def initializeGL(self) -> None:
        super().initializeGL()
        screen = gl_shaders.SCREEN_VERTEX
        sources = {
            "solid": (gl_shaders.SOLID_VERTEX, gl_shaders.SOLID_FRAGMENT),
            "shade": (screen, gl_shaders.SHADE_FRAGMENT),
            "veil": (screen, gl_shaders.VEIL_FRAGMENT),
            "line": (gl_shaders.LINE_VERTEX, gl_shaders.LINE_FRAGMENT),
        }
        self._empty_vao = GL.glGenVertexArrays(1)
        GL.glBindVertexArray(self._empty_vao)  # a core profile refuses to validate a program without one
        for name, (vertex, fragment) in sources.items():
            self._programs[name] = shaders.compileProgram(
                shaders.compileShader(vertex, GL.GL_VERTEX_SHADER),
                shaders.compileShader(fragment, GL.GL_FRAGMENT_SHADER),
                validate=False,
            )

    def projectionMatrix(self, region: object, viewport: object) -> QMatrix4x4:
        width, height = self.deviceWidth(), self.deviceHeight()
        k = self.camera.matrix(width, height)
        near, far = clip_planes(self.camera, self.stage.bounds)
        rows = [
            [2 * k[0, 0] / width, 0, 2 * k[0, 2] / width - 1, 0],
            [0, -2 * k[1, 1] / height, 1 - 2 * k[1, 2] / height, 0],
            [0, 0, (far + near) / (far - near), -2 * far * near / (far - near)],
            [0, 0, 1, 0],
        ]
        return QMatrix4x4(np.array(rows, np.float32).ravel().tolist())

    def viewMatrix(self) -> QMatrix4x4:
        pose = self.camera.camera_from_world.copy()
        pose[:3, 3] += pose[:3, :3] @ self.stage.origin
        return QMatrix4x4(pose.astype(np.float32).ravel().tolist())

    def paintGL(self) -> None:
        width, height = self.deviceWidth(), self.deviceHeight()
        matrix = np.array((self.projectionMatrix(None, None) * self.viewMatrix()).data(), np.float32)
        GL.glDisable(GL.GL_BLEND)
        opaque = [d for d in self._drawn.values() if isinstance(d, SolidItem) and d.opacity >= 1]
        self._solid(self._target, opaque, matrix, width, height)
        self._to_screen(width, height)
        self._shade(width, height)
        GL.glEnable(GL.GL_BLEND)
        # The picture itself stays opaque, or Qt would let the window shine through it.
        GL.glBlendFuncSeparate(GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA, GL.GL_ONE, GL.GL_ONE)
        for item in self._drawn.values():
            if isinstance(item, SolidItem) and item.opacity < 1:
                self._veil(item, matrix, width, height)
        self._lines(matrix, width, height)
        GL.glDisable(GL.GL_BLEND)
        GL.glUseProgram(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.overlay.setGeometry(self.rect())
        if self.on_resize is not None:
            self.on_resize()

    def release(self) -> None:
        """Free the card's memory."""
        if not self.isValid():
            return
        self.makeCurrent()
        for item in self._drawn.values():
            item.release()
        self._drawn.clear()
        self._target.release()
        self._front.release()
        self.doneCurrent()

    # Moving is the navigation's affair: pyqtgraph's own handlers would move its own, unused camera.
    def mousePressEvent(self, ev: QMouseEvent) -> None:
        ev.accept()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        ev.accept()

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        ev.accept()

    def wheelEvent(self, ev: QWheelEvent) -> None:
        ev.accept()

    def _make(self, name: str, item: Item) -> None:
        """The drawable for an item, from what the stage has packed."""
        self._drop(name)
        made: SolidItem | LinesItem | None = None
        if isinstance(item, Cloud):
            rows = drawn_rows(item)
            points = (item.points[rows].astype(np.float64) - self.stage.origin).astype(np.float32)
            made = SolidItem(points, item.colors[rows], points=True)
        elif name in self.stage.lines:
            made = LinesItem(self.stage.lines[name])
        elif isinstance(item, Mesh):
            packed = self.stage.meshes.get(name) or self.stage.veils[name]
            colors = np.repeat(flat_colors(item), 3, axis=0)
            made = SolidItem(
                packed.xyz.T[packed.triangles].reshape(-1, 3), colors, points=False, opacity=item.opacity
            )
        if made is not None:
            self._drawn[name] = made
            self.addItem(made)

    def _drop(self, name: str) -> None:
        old = self._drawn.pop(name, None)
        if old is None:
            return
        self.removeItem(old)
        if self.isValid():
            self.makeCurrent()
            old.release()
            self.doneCurrent()

    def _solid(self, target: Target, items: list[SolidItem], matrix: np.ndarray, width: int, height: int) -> None:
        """Draw items into a target's colour and depth."""
        target.begin(width, height)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LESS)
        GL.glEnable(GL.GL_PROGRAM_POINT_SIZE)
        program = self._use("solid")
        GL.glUniformMatrix4fv(GL.glGetUniformLocation(program, "u_mvp"), 1, False, matrix)
        size = max(self.stage.style.point_size * self.devicePixelRatioF(), 1.0)
        GL.glUniform1f(GL.glGetUniformLocation(program, "u_size"), size)
        for item in items:
            item.paint()
        GL.glDisable(GL.GL_DEPTH_TEST)

    def _to_screen(self, width: int, height: int) -> None:
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.defaultFramebufferObject())
        GL.glViewport(0, 0, width, height)

    def _shade(self, width: int, height: int) -> None:
        style = self.stage.style
        program = self._use("shade")
        spread = style.point_size * self.devicePixelRatioF() / 2
        behind = self._backdrop.behind(style, self.camera, width, height)
        photo = behind.shape[0] > 1
        if photo and behind is not self._behind:
            self._behind_texture = texture(self._behind_texture, behind[::-1])
            self._behind = behind
        self._textures(
            program, u_color=self._target.color, u_depth=self._target.depth, u_behind=self._behind_texture
        )
        GL.glUniform1i(GL.glGetUniformLocation(program, "u_photo"), int(photo))
        red, green, blue = (c / 255 for c in style.background)
        GL.glUniform3f(GL.glGetUniformLocation(program, "u_background"), red, green, blue)
        GL.glUniform1f(GL.glGetUniformLocation(program, "u_strength"), style.depth_shading)
        GL.glUniform1i(GL.glGetUniformLocation(program, "u_inner"), int(np.clip(round(spread), 1, 8)))
        GL.glUniform1i(GL.glGetUniformLocation(program, "u_outer"), int(np.clip(round(spread * 1.5), 1, 8)))
        self._cover()

    def _veil(self, item: SolidItem, matrix: np.ndarray, width: int, height: int) -> None:
        GL.glDisable(GL.GL_BLEND)
        self._solid(self._front, [item], matrix, width, height)
        self._to_screen(width, height)
        GL.glEnable(GL.GL_BLEND)
        program = self._use("veil")
        self._textures(program, u_color=self._front.color, u_depth=self._target.depth, u_front=self._front.depth)
        GL.glUniform1f(GL.glGetUniformLocation(program, "u_opacity"), item.opacity)
        self._cover()

    def _lines(self, matrix: np.ndarray, width: int, height: int) -> None:
        program = self._use("line")
        self._textures(program, u_depth=self._target.depth)
        GL.glUniformMatrix4fv(GL.glGetUniformLocation(program, "u_mvp"), 1, False, matrix)
        GL.glUniform2f(GL.glGetUniformLocation(program, "u_view"), width, height)
        for item in self._drawn.values():
            if isinstance(item, LinesItem):
                half = max(item.width * self.devicePixelRatioF() / 2, 0.5)
                GL.glUniform1f(GL.glGetUniformLocation(program, "u_half"), half)
                GL.glUniform1f(GL.glGetUniformLocation(program, "u_hidden"), item.hidden)
                item.paint()

    def _use(self, name: str) -> int:
        GL.glUseProgram(self._programs[name])
        return self._programs[name]

    def _textures(self, program: int, **names: int) -> None:
        for unit, (name, number) in enumerate(names.items()):
            GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
            GL.glBindTexture(GL.GL_TEXTURE_2D, number)
            GL.glUniform1i(GL.glGetUniformLocation(program, name), unit)

    def _cover(self) -> None:
        """One triangle over the whole picture."""
        GL.glBindVertexArray(self._empty_vao)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)
        GL.glBindVertexArray(0)
