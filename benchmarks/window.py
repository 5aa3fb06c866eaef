"""The real window, off-screen: stalls of its main thread, key press to picture, playback, memory."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from benchmarks.drives import demo_drive, long_drive
from benchmarks.rows import Row

STALL_SECONDS = 60.0
BEAT_MS = 2
"""The event loop's pulse is felt this often; at 0 the feeling itself would keep a core busy."""
SCRUBBED = 1000


def rows() -> list[Row]:
    """Measure everything on the demo drive, whose scans are as large as real ones."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.core.settings import home_of_its_own
    from app.ui.application import window_on

    drive = demo_drive()
    with tempfile.TemporaryDirectory(prefix="lidarscope-", dir=drive.parent) as folder, home_of_its_own():
        long = long_drive(Path(folder) / "long drive", SCRUBBED + 60, drive)
        with window_on(viewport_kind="open3d") as (window, session):
            bench = WindowBench(window, session)
            bench.start(drive)
            result = [bench.recolour(), bench.next_frame(), bench.playback(), *bench.stalls(drive, long)]
            result.append(bench.memory(long))
    return result


class WindowBench:
    """One window being measured."""

    def __init__(self, window: object, session: object) -> None:
        from app.ui.tour_driver import Driver

        self.driver = Driver(window, Path())  # type: ignore[arg-type]
        self.session = self.driver.session

    def start(self, drive: Path) -> None:
        self.driver.window.resize(1680, 1020)
        self.driver.window.show()
        self.open(drive)
        self.driver.rest(1.5)

    def open(self, drive: Path) -> None:
        before = self.session.frame_state
        self.session.open(drive)
        self.driver.wait(lambda: self.session.frame_state is not before, "the first frame")

    def until_picture(self, act: Callable[[], None]) -> float:
        """Milliseconds from ``act`` to the next picture in the left view."""
        viewport = self.driver.window.area.views["left"].viewport
        old = viewport.picture  # type: ignore[attr-defined]
        start = time.perf_counter()
        act()
        self.driver.wait(lambda: viewport.picture is not old, "a picture", 10)  # type: ignore[attr-defined]
        return 1000 * (time.perf_counter() - start)

    def recolour(self) -> Row:
        from PySide6.QtCore import Qt

        times = []
        for index in range(20):
            key = (Qt.Key.Key_2, Qt.Key.Key_1)[index % 2]  # height is shown first
            times.append(self.until_picture(lambda key=key: self.driver.key(key)))  # type: ignore[misc]
            self.driver.rest()
        return Row(
            "recolour by another scalar layer, key press to picture", "ms", statistics.median(times), reach=100
        )

    def next_frame(self) -> Row:
        from PySide6.QtCore import Qt

        times = []
        self.session.go_to(0)
        self.driver.rest(1.0)
        for _ in range(12):
            shown: list[float] = []
            hook = self.session.frame_changed.connect(lambda _s, shown=shown: shown.append(0.0))
            start = time.perf_counter()
            self.driver.key(Qt.Key.Key_Right)
            self.driver.wait(lambda shown=shown: bool(shown), "the next frame")
            self.until_picture(lambda: None)
            times.append(1000 * (time.perf_counter() - start))
            self.session.frame_changed.disconnect(hook)
            self.driver.rest()
        return Row("next frame, prefetch on, key press to picture", "ms", statistics.median(times), reach=100)

    def playback(self) -> Row:
        """Frames that were not shown in five seconds at ten a second, looping."""
        arrived: list[int] = []
        hook = self.session.frame_changed.connect(lambda state: arrived.append(state.frame.index))
        self.session.go_to(0)
        self.driver.rest()
        arrived.clear()
        self.session.set_playback(loop=True)
        self.session.play()
        start = time.monotonic()
        self.driver.wait(lambda: time.monotonic() - start > 5.0, "the end", 10)
        self.session.pause()
        self.session.frame_changed.disconnect(hook)
        length = self.session.sequence.frames if self.session.sequence is not None else 1
        steps = np.diff(arrived) % length
        return Row("frames dropped in 5 s of playback at 10 Hz", "", float(np.maximum(steps - 1, 0).sum()), reach=0,
                   note=f"{len(arrived)} shown")  # fmt: skip

    def stalls(
        self, drive: Path, other: Path, *, seconds: float = STALL_SECONDS, while_also: str = ""
    ) -> list[Row]:
        """The longest time between two turns of the event loop while everything is used."""
        from PySide6.QtCore import QTimer

        gaps: list[tuple[float, float, str]] = []
        doing = "rest"
        last, worked = time.perf_counter(), time.thread_time()

        def beat() -> None:
            nonlocal last, worked
            now, work = time.perf_counter(), time.thread_time()
            gaps.append((1000 * (now - last), 1000 * (work - worked), doing))
            last, worked = now, work

        timer = QTimer(self.driver.window)
        timer.setInterval(BEAT_MS)
        timer.timeout.connect(beat)
        timer.start()
        begun = time.perf_counter()
        acts: list[tuple[str, Callable[[], None]]] = [
            ("play", self._play), ("orbit", self._orbit), ("recolour", self._recolour),
            ("open", lambda: self._open_again(other)), ("open", lambda: self._open_again(drive)),
        ]  # fmt: skip
        while time.perf_counter() - begun < seconds:
            for name, act in acts:
                doing = name
                act()
        timer.stop()
        gaps.sort(reverse=True)
        worst = {name: max((gap for gap, _, what in gaps if what == name), default=0.0) for name, _act in acts}
        note = ", ".join(f"{name} {value:.0f}" for name, value in worst.items())
        over = [gap for gap in gaps if gap[0] > 50]
        return [
            Row(
                f"longest stall of the main thread in {seconds:.0f} s of use{while_also}",
                "ms",
                gaps[0][0],
                reach=50,
                note=f"{note}; the thread itself worked {gaps[0][1]:.0f} ms of it",
            ),
            Row("turns of the event loop over 50 ms", "", len(over), note=f"of {len(gaps)}"),
        ]

    def _play(self) -> None:
        self.session.play()
        start = time.perf_counter()
        self.driver.wait(lambda: time.perf_counter() - start > 2.5, "the end", 5)
        self.session.pause()

    def _orbit(self) -> None:
        widget = self.driver.view()
        centre = np.array([widget.width() / 2, widget.height() / 2])
        self.driver.drag(widget, centre + np.linspace([-100, 0], [100, 10], 100))

    def _recolour(self) -> None:
        for name in ("height", "range", "intensity", "label"):
            self.session.set_layer(name)
            start = time.perf_counter()
            self.driver.wait(lambda start=start: time.perf_counter() - start > 0.3, "the end", 5)  # type: ignore[misc]

    def _open_again(self, drive: Path) -> None:
        self.open(drive)
        start = time.perf_counter()
        self.driver.wait(lambda: time.perf_counter() - start > 0.5, "the end", 5)

    def memory(self, drive: Path) -> Row:
        """Growth of window, engine and renderers together between 10 and 1000 scrubbed frames."""
        self.open(drive)
        after_ten = 0.0
        for index in range(SCRUBBED):
            self.session.go_to(index)
            self.driver.wait(lambda index=index: self.session.index == index, f"frame {index}")  # type: ignore[misc]
            if index == 9:
                self.driver.rest(1.0)
                after_ten = _megabytes()
        self.driver.rest(1.0)
        return Row("memory grown from 10 to 1000 scrubbed frames", "MB", _megabytes() - after_ten, reach=200,
                   note=f"{after_ten:.0f} MB after 10")  # fmt: skip


def _megabytes() -> float:
    """Memory of this process and its children, shared pages counted once."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(process.memory_full_info().pss for process in family) / 1e6
