"""The 3D view drawn by OpenGL in the window, through pyqtgraph: for machines with a graphics card."""

from __future__ import annotations

import numpy as np

from app.core.render.camera import Camera
from app.core.render.client import RenderClient
from app.core.render.lettering import place
from app.core.render.scene import Item, Style
from app.ui.viewer.client_viewport import ClientViewport
from app.ui.viewer.gl_widget import GLWidget


class GLViewport(ClientViewport):
    """Draws in the window; the client's rasteriser draws what rests too, for picking and for saved pictures."""

    def __init__(self, client: RenderClient | None, name: str) -> None:
        self._own = None if client is not None else RenderClient(renderers=("raster",))
        client = client or self._own
        assert client is not None
        self._gl = GLWidget()
        super().__init__(client, name, self._gl, self._gl.overlay)
        self._gl.camera = self.camera
        self._gl.on_resize = self._resized

    def set_item(self, name: str, item: Item) -> None:
        super().set_item(name, item)
        self._gl.set_item(name, item)
        self._letter()

    def set_colors(self, name: str, colors: np.ndarray, shown: np.ndarray | None = None) -> None:
        super().set_colors(name, colors, shown)
        self._gl.set_colors(name, colors, shown)

    def remove_item(self, name: str) -> None:
        super().remove_item(name)
        self._gl.remove_item(name)
        self._letter()

    def set_style(self, style: Style) -> None:
        super().set_style(style)
        self._gl.stage.style = style
        self._gl.update()

    def close(self) -> None:
        super().close()
        self._gl.release()
        if self._own is not None:
            self._own.close()

    def _moved(self, camera: Camera, moving: bool) -> None:
        self._gl.camera = camera
        self._gl.update()
        self._letter()
        super()._moved(camera, moving)

    def _send_camera(self, camera: Camera, moving: bool) -> None:
        """Only what rests is drawn for picking: while it moves nobody picks."""
        if not moving:
            super()._send_camera(camera, moving)

    def _resized(self) -> None:
        super()._resized()
        self._letter()

    def _letter(self) -> None:
        """Place the labels of the scene; the overlay paints them."""
        width, height, ratio = self._gl.deviceWidth(), self._gl.deviceHeight(), self._gl.devicePixelRatioF()
        labels = [
            label for texts in self._gl.stage.texts for label in place(texts, self.camera, ratio, width, height)
        ]
        self.overlay.set_labels(labels)
