"""What the GL view draws: points, triangles and smooth lines in buffers on the graphics card."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from OpenGL import GL
from pyqtgraph.opengl.GLGraphicsItem import GLGraphicsItem

from app.core.render.scene import Cloud, finite_rows
from app.core.render.stage import PackedLines


class SolidItem(GLGraphicsItem):  # type: ignore[misc]
    """Points or triangles of one colour each. ``positions`` (N, 3) float32, ``colors`` (N, 3) uint8 per vertex."""

    def __init__(self, positions: np.ndarray, colors: np.ndarray, *, points: bool, opacity: float = 1.0) -> None:
        super().__init__()
        self.points, self.opacity = points, opacity
        self._positions: np.ndarray | None = np.ascontiguousarray(positions, np.float32)
        self._colors: np.ndarray | None = np.ascontiguousarray(colors, np.uint8)
        self._count = len(positions)
        self._vao = 0
        self._buffers: list[int] = []

    def set_colors(self, colors: np.ndarray) -> None:
        """Send other colours at the next painting."""
        self._colors = np.ascontiguousarray(colors, np.uint8)

    def paint(self) -> None:
        """Draw with the program in use; uploads what is new."""
        if not self._count:
            return
        if not self._vao:
            self._vao = GL.glGenVertexArrays(1)
            self._buffers = [int(b) for b in GL.glGenBuffers(2)]
        GL.glBindVertexArray(self._vao)
        if self._positions is not None:
            attribute(0, self._buffers[0], self._positions, GL.GL_FLOAT, normalized=False)
            self._positions = None
        if self._colors is not None:
            attribute(1, self._buffers[1], self._colors, GL.GL_UNSIGNED_BYTE, normalized=True)
            self._colors = None
        GL.glDrawArrays(GL.GL_POINTS if self.points else GL.GL_TRIANGLES, 0, self._count)
        GL.glBindVertexArray(0)

    def release(self) -> None:
        """Free the card's memory; the context must be current."""
        if self._vao:
            GL.glDeleteBuffers(len(self._buffers), self._buffers)
            GL.glDeleteVertexArrays(1, [self._vao])
            self._vao = 0


class LinesItem(GLGraphicsItem):  # type: ignore[misc]
    """Segments drawn as strips of four corners each, widened in the vertex shader."""

    def __init__(self, lines: PackedLines) -> None:
        super().__init__()
        self.width, self.hidden = lines.width, lines.hidden
        self._lines: PackedLines | None = lines
        self._count = len(lines.segments)
        self._vao = 0
        self._buffers: list[int] = []

    def paint(self) -> None:
        """Draw with the line program in use."""
        if not self._count:
            return
        if not self._vao:
            self._vao = GL.glGenVertexArrays(1)
            self._buffers = [int(b) for b in GL.glGenBuffers(3)]
        GL.glBindVertexArray(self._vao)
        if self._lines is not None:
            for end in range(2):
                points = np.ascontiguousarray(self._lines.xyz.T[self._lines.segments[:, end]])
                attribute(end, self._buffers[end], points, GL.GL_FLOAT, normalized=False, each=1)
            colors = np.ascontiguousarray(self._lines.colors)
            attribute(2, self._buffers[2], colors, GL.GL_UNSIGNED_BYTE, normalized=True, each=1)
            self._lines = None
        GL.glDrawArraysInstanced(GL.GL_TRIANGLE_STRIP, 0, 4, self._count)
        GL.glBindVertexArray(0)

    def release(self) -> None:
        """Free the card's memory; the context must be current."""
        if self._vao:
            GL.glDeleteBuffers(len(self._buffers), self._buffers)
            GL.glDeleteVertexArrays(1, [self._vao])
            self._vao = 0


def attribute(place: int, buffer: int, array: np.ndarray, kind: Any, *, normalized: bool, each: int = 0) -> None:
    """Upload (N, 3) values as attribute ``place`` of the bound vertex array; with ``each`` 1 one per instance."""
    GL.glBindBuffer(GL.GL_ARRAY_BUFFER, buffer)
    GL.glBufferData(GL.GL_ARRAY_BUFFER, array.nbytes, array, GL.GL_DYNAMIC_DRAW)
    GL.glEnableVertexAttribArray(place)
    GL.glVertexAttribPointer(place, 3, kind, normalized, 0, ctypes.c_void_p(0))
    GL.glVertexAttribDivisor(place, each)
    GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)


def drawn_rows(cloud: Cloud) -> np.ndarray:
    """Rows of the points that are finite and shown."""
    finite = finite_rows(cloud.points)
    return np.flatnonzero(finite if cloud.shown is None else finite & cloud.shown)
