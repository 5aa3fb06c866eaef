"""Makes 3D views by kind."""

from __future__ import annotations

from app.core.render.client import RenderClient
from app.ui.viewer.viewport import Viewport

KINDS = ("open3d", "pyqtgraph", "null")


def make_viewport(kind: str, client: RenderClient | None, view: str) -> Viewport:
    """A 3D view called ``view``. All but ``null`` need the client, whose processes draw or serve picking.

    Raises
    ------
    ValueError
        The kind is unknown, or the client is missing.
    """
    if kind in ("open3d", "pyqtgraph") and client is None:
        raise ValueError(f"a view of kind '{kind}' needs a RenderClient")
    if kind == "open3d" and client is not None:
        from app.ui.viewer.process_viewport import ProcessViewport

        return ProcessViewport(client, view)
    if kind == "pyqtgraph" and client is not None:
        from app.ui.viewer.gl_viewport import GLViewport

        return GLViewport(client, view)
    if kind == "null":
        from app.ui.viewer.null_viewport import NullViewport

        return NullViewport()
    raise ValueError(f"no viewport '{kind}'; there are: {', '.join(KINDS)}")
