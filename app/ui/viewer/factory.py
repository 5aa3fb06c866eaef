"""Makes 3D views by kind."""

from __future__ import annotations

from app.core.render.client import RenderClient
from app.ui.viewer.viewport import Viewport

KINDS = ("open3d", "pyqtgraph", "null")


def make_viewport(kind: str, client: RenderClient | None, view: str) -> Viewport:
    """A 3D view called ``view``. ``open3d`` needs the client, whose processes draw; ``pyqtgraph`` uses it for
    picking and saved pictures, or a rasteriser of its own where there is none.

    Raises
    ------
    ValueError
        The kind is unknown, or ``open3d`` was asked for without a client.
    """
    if kind == "open3d":
        from app.ui.viewer.process_viewport import ProcessViewport

        if client is None:
            raise ValueError("a view of kind 'open3d' needs a RenderClient")
        return ProcessViewport(client, view)
    if kind == "pyqtgraph":
        from app.ui.viewer.gl_viewport import GLViewport

        return GLViewport(client, view)
    if kind == "null":
        from app.ui.viewer.null_viewport import NullViewport

        return NullViewport()
    raise ValueError(f"no viewport '{kind}'; there are: {', '.join(KINDS)}")
