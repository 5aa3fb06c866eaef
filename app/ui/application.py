"""Starts the window with everything it needs, and ends it so that nothing is left behind."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from app.core import settings as disk
from app.core.session import Session
from app.core.state import OpenOptions
from app.core.tasks.engine import Engine
from app.ui import theme
from app.ui.autosave import crashed
from app.ui.collecting import long_lived
from app.ui.main_window import MainWindow
from app.ui.qt_post import QtPost

if TYPE_CHECKING:
    from app.core.render.client import RenderClient

log = logging.getLogger(__name__)

DEMO_FRAMES = 40

RENDERERS = {"open3d": ("raster", "open3d"), "pyqtgraph": ("raster",)}
"""Render processes a kind of view needs; views drawn by OpenGL pick from the rasteriser's pictures."""


def application() -> QApplication:
    """The one ``QApplication``, made if there is none, in the window's own style."""
    found = QApplication.instance()
    # Later they would hold up the window: at the first percentile (50 ms) and the first autosave (100 ms).
    import numpy.ma  # noqa: F401
    import psutil  # noqa: F401

    app = found if isinstance(found, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("lidarscope")
    app.setApplicationDisplayName("LidarScope")
    app.setDesktopFileName("lidarscope")
    return app


def create_window(
    session: Session, *, viewport_kind: str = "open3d", client: RenderClient | None = None
) -> MainWindow:
    """A window on a session, not yet shown. ``open3d`` views need the client whose processes draw."""
    from app.ui.viewer.factory import make_viewport

    app = application()
    theme.apply(app, session.settings.theme)
    return MainWindow(session, lambda view: make_viewport(viewport_kind, client, view))


@contextlib.contextmanager
def window_on(
    engine: Engine | None = None, *, viewport_kind: str | None = None
) -> Iterator[tuple[MainWindow, Session]]:
    """A whole window with its engine and render processes, closed at the end of the ``with`` block.

    ``engine`` None: the engine process; ``viewport_kind`` None: the user's setting.
    """
    from app.core.render.client import RenderClient

    application()
    post = QtPost()
    engine = engine or _engine_process()
    session = Session(engine, post=post)
    kind = viewport_kind or session.settings.viewport
    client = None
    if kind in RENDERERS:
        client = RenderClient(
            renderers=RENDERERS[kind], on_log=lambda line: post(lambda: session.log_line(line, "warning"))
        )
    window = create_window(session, viewport_kind=kind, client=client)
    previous = sys.excepthook
    sys.excepthook = _calm(session, post)
    try:
        with long_lived(window):
            yield window, session
    finally:
        window.close()
        sys.excepthook = previous
        post.close()
        if client is not None:
            client.close()
        session.close()
        window.deleteLater()
        QApplication.sendPostedEvents(window, 0)


def run(
    path: Path | None = None,
    *,
    frame: int = 0,
    options: OpenOptions | None = None,
    demo_seed: int | None = None,
    demo_frames: int = DEMO_FRAMES,
    viewport_kind: str | None = None,
) -> int:
    """Open the window and stay in it until it is closed; returns the exit status.

    ``path`` is opened at once, with what ``options`` state; ``demo_seed`` opens the demo drive of that seed, in
    ``path`` if that is given too. With neither, what a crash left on the screen comes back.
    """
    app = application()
    with window_on(viewport_kind=viewport_kind) as (window, session):
        begin(window, session, path, frame=frame, options=options, demo_seed=demo_seed, demo_frames=demo_frames)
        window.show()
        status: int = app.exec()
    return status


def begin(
    window: MainWindow,
    session: Session,
    path: Path | None = None,
    *,
    frame: int = 0,
    options: OpenOptions | None = None,
    demo_seed: int | None = None,
    demo_frames: int = DEMO_FRAMES,
) -> None:
    """Bring into the window what it is to start with; see :func:`run`.

    At the very first start that is the built-in network, later the one that was chosen last, if any.
    """
    saved, problem = disk.load_session()
    if problem:
        session.log_line(problem, "warning")
    if saved is None:
        session.use_built_in_network()
    else:
        session.restore_methods(saved)
        if saved.layout:
            window.restore_layout(saved.layout)
    if demo_seed is not None:
        session.open_demo(path, frames=demo_frames, seed=demo_seed)
    elif path is not None:
        session.open(path, options, frame=frame)
    elif saved is not None and crashed(saved):
        window.opening.bring_back(saved)
    elif saved is not None and saved.closed and saved.path is not None:
        window.opening.offer(saved)


def _engine_process() -> Engine:
    from app.core.tasks.process_engine import ProcessEngine

    return ProcessEngine()


def _calm(
    session: Session, post: QtPost
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """An exception hook: the traceback goes to the log file of the process, one sentence to the window."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        log.error("unexpected", exc_info=(kind, error, trace))
        sentence = (
            f"A fault of LidarScope's own: {kind.__name__}: {error}. The window goes on; details are in the log."
        )
        post(lambda: session.log_line(sentence, "error"))

    return hook
