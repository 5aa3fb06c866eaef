"""The first thing a render process runs; its own file so that the window never loads what only they need."""

from __future__ import annotations

from multiprocessing.connection import Connection


def launch(connection: Connection, renderer: str) -> None:
    """Serve one renderer over ``connection`` until the window goes."""
    from app.core.render.process import serve

    serve(connection, renderer)
