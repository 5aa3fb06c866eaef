"""Textures to draw into: colour, and depth in metres."""

from __future__ import annotations

import numpy as np
from OpenGL import GL


class Target:
    """A frame buffer with ``color`` RGBA8 and ``depth`` R32F (metres, 0 where nothing is drawn)."""

    def __init__(self) -> None:
        self.color = self.depth = 0
        self._frame = self._buffer = 0
        self._size = (0, 0)

    def begin(self, width: int, height: int) -> None:
        """Make it that size, bind it and clear it; the context must be current."""
        if self._size != (width, height):
            self.release()
            self._make(width, height)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._frame)
        GL.glDrawBuffers(2, [GL.GL_COLOR_ATTACHMENT0, GL.GL_COLOR_ATTACHMENT1])
        GL.glViewport(0, 0, width, height)
        GL.glClearColor(0, 0, 0, 0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)

    def release(self) -> None:
        """Free the memory; the context must be current."""
        if self._frame:
            GL.glDeleteFramebuffers(1, [self._frame])
            GL.glDeleteRenderbuffers(1, [self._buffer])
            GL.glDeleteTextures(2, [self.color, self.depth])
        self._frame, self._size = 0, (0, 0)

    def _make(self, width: int, height: int) -> None:
        self._frame = GL.glGenFramebuffers(1)
        self.color, self.depth = (int(t) for t in GL.glGenTextures(2))
        self._buffer = GL.glGenRenderbuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._frame)
        forms = (
            (self.color, GL.GL_RGBA8, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE),
            (self.depth, GL.GL_R32F, GL.GL_RED, GL.GL_FLOAT),
        )
        for number, (name, inner, outer, kind) in enumerate(forms):
            GL.glBindTexture(GL.GL_TEXTURE_2D, name)
            GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, inner, width, height, 0, outer, kind, None)
            _nearest()
            GL.glFramebufferTexture2D(
                GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0 + number, GL.GL_TEXTURE_2D, name, 0
            )
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, self._buffer)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_DEPTH_COMPONENT32F, width, height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, self._buffer)
        self._size = (width, height)


def texture(name: int, image: np.ndarray) -> int:
    """Put (h, w, 3) uint8 into a texture, a new one where ``name`` is 0."""
    name = name or int(GL.glGenTextures(1))
    height, width = image.shape[:2]
    GL.glBindTexture(GL.GL_TEXTURE_2D, name)
    GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
    data = np.ascontiguousarray(image)
    GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_RGB8, width, height, 0, GL.GL_RGB, GL.GL_UNSIGNED_BYTE, data)
    _nearest()
    return name


def _nearest() -> None:
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, GL.GL_NEAREST)
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MAG_FILTER, GL.GL_NEAREST)
