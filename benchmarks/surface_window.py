"""Surfaces in the real window: from the switch to the first picture of a coarse one, and to the finest picture.

First as somebody meets them who opens the window, the workspace, looks at the panel for a moment and switches the
surface on; then with everything in memory, on the next frame. On the demo drive, and on a real one where there is
one: a program of its own may call :func:`measured` with its folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.core.render.protocol import Picture
from app.core.session import Session
from app.core.surface.result import Reconstruction
from app.ui.main_window import MainWindow
from app.ui.tour_driver import Driver, turn
from benchmarks.drives import demo_drive
from benchmarks.rows import Row

FRAME = 10
STEP = 0.1
READING = 3000
"""Milliseconds between opening the workspace and switching the surface on: the panel has to be read and met."""
COARSE, FINE = 1.0, 10.0
"""Seconds in which the first and the finest surface have to be seen."""
WAIT = 300.0


def rows() -> list[Row]:
    """The demo drive's frame in a window of its own, on settings of its own."""
    return measured(demo_drive(), FRAME)


def measured(drive: Path, frame: int) -> list[Row]:
    """Rows for two frames of any drive, ``frame`` and the next one."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the window is started by main.py
    from app.core.settings import home_of_its_own
    from app.ui.application import window_on

    with home_of_its_own(), window_on(viewport_kind="open3d") as (window, session):
        bench = _Bench(window, session)
        bench.start(drive, frame)
        found = bench.rows("first", bench.switch_on)
        return found + bench.rows("next frame", lambda: session.go_to(frame + 1))


@dataclass
class _Seen:
    """When what came: levels and pictures, each with the clock's time."""

    began: float
    pictures: list[tuple[float, Picture]]
    levels: list[tuple[float, Reconstruction]] = field(default_factory=list)

    def shown(self, number: int) -> float:
        """Seconds until a level was seen: the first picture after it. Nothing else changes meanwhile."""
        came = self.levels[number][0]
        return next((at for at, _picture in self.pictures if at > came), float("nan")) - self.began


class _Bench:
    def __init__(self, window: MainWindow, session: Session) -> None:
        self._driver = Driver(window, Path())
        self._session = session

    def start(self, drive: Path, frame: int) -> None:
        """The workspace, open and read."""
        driver, session = self._driver, self._session
        driver.window.resize(1680, 1020)
        driver.window.show()
        session.open(drive)
        driver.wait(lambda: session.frame_state is not None, "the first frame", WAIT)
        if frame:
            session.go_to(frame)
            driver.wait(lambda: session.index == frame, "the frame", WAIT)
        driver.rest(1.5)
        driver.window.set_workspace("surface")
        session.surface.set_options(step=STEP)
        turn(READING)

    def switch_on(self) -> None:
        """The switch."""
        self._session.surface.turn_on()

    def rows(self, what: str, begin: Callable[[], None]) -> list[Row]:
        """One whole surface, coarse to fine."""
        surface = self._session.surface
        with self._watched() as seen, _processors() as worked:
            begin()
            self._driver.wait(
                lambda: bool(seen.levels) and seen.levels[-1][1].step == STEP and not surface.state.working,
                "the finest surface", WAIT,
            )  # fmt: skip
            self._driver.wait(lambda: seen.shown(-1) > 0, "its picture")  # not a number until it is there
        levels = ", ".join(f"{made.step:g} m {seen.shown(k):.2f} s" for k, (_at, made) in enumerate(seen.levels))
        note = f"{len(seen.levels[-1][1].triangles)} triangles; levels seen: {levels}"
        busy = ", ".join(f"{name} {seconds:.1f}" for name, seconds in worked.items())
        return [
            Row(f"window, {what}: coarse surface seen", "s", seen.shown(0), reach=COARSE),
            Row(f"window, {what}: surface at {STEP:g} m seen", "s", seen.shown(-1), reach=FINE, note=note),
            Row(f"window, {what}: processor seconds", "s", sum(worked.values()), note=busy),
        ]

    @contextmanager
    def _watched(self) -> Iterator[_Seen]:
        seen = _Seen(time.perf_counter(), self._driver.watch_pictures())

        def came(made: Reconstruction | None) -> None:
            if made is not None:
                seen.levels.append((time.perf_counter(), made))

        self._session.surface.surface_changed.connect(came)
        try:
            yield seen
        finally:
            self._session.surface.surface_changed.disconnect(came)
            self._driver.stop_watching(seen.pictures)


@contextmanager
def _processors() -> Iterator[dict[str, float]]:
    """Processor seconds of this process and of each that it has started, filled in at the end."""
    told: dict[str, float] = {}
    before = {process.pid: _used(process) for process in _all()}
    yield told
    for process in _all():
        name = "window" if process.pid == os.getpid() else _name(process)
        told[name] = told.get(name, 0.0) + _used(process) - before.get(process.pid, 0.0)


def _all() -> list[psutil.Process]:
    me = psutil.Process()
    return [me, *me.children(recursive=True)]


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    words = " ".join(process.cmdline())
    for name in ("interactive", "background", "raster", "open3d"):
        if name in words:
            return name
    return process.name()
