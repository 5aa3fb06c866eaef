"""The inspector in the real window: from a slider to the labels and to the picture, and stalls while it is used.

The queue is that of the demo drive's frame 12 without annotation: full scans, supervoxels, as many frames as the
inspector takes by itself, some six thousand instances. Crops are read by the demo CLIP first, which is not timed.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt, QTimer

from app.core.affinity.inspecting import QueueReport
from app.core.session import Session
from app.ui.main_window import MainWindow
from app.ui.panels.affinity_matrix import AffinityMatrixPanel
from app.ui.panels.pseudo_labels import PseudoLabelsPanel
from app.ui.tour_driver import Driver, turn
from app.ui.widgets.parameter_row import STEPS
from benchmarks.drives import demo_drive
from benchmarks.rows import Row

FRAME = 12
LIVE = 200.0
"""Milliseconds in which labels have to follow a slider."""

STALL, EVENT = 50.0, 16.0
"""Milliseconds: longest time between two turns of the event loop, and most of it that the main thread may work."""

BEAT_MS = 2
CHANGES = 12
WAIT = 600.0
SLIDERS = ("beta", "scale", "queue")


def rows() -> list[Row]:
    """A window of its own, on settings of its own; the features it reads are gone with them."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the window is started by main.py
    from app.core.settings import home_of_its_own
    from app.ui.application import window_on

    drive = demo_drive()
    with home_of_its_own(), window_on(viewport_kind="open3d") as (window, session):
        bench = InspectorBench(window, session)
        bench.start(drive)
        return [*bench.changes(), *bench.stalls()]


class InspectorBench:
    """One window whose inspector is measured."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self.driver = Driver(window, Path())
        self.session, self.affinity = session, session.affinity
        self.gaps: list[tuple[float, float, str]] = []
        self.doing = "rest"

    def start(self, drive: Path) -> None:
        """Everything read: the queue of the frame, labelled."""
        driver = self.driver
        driver.window.resize(1680, 1020)
        driver.window.show()
        self.session.open(drive)
        driver.wait(lambda: self.session.frame_state is not None, "the first frame", WAIT)
        self.session.go_to(FRAME)
        driver.wait(lambda: self.session.index == FRAME, "the frame", WAIT)
        driver.window.set_workspace("labels")
        self.affinity.turn_on()
        self.affinity.set_options(setting="annotation-free")
        self._until(self._gathered)
        turn(500)
        self._until(self._gathered)
        driver.rest(1.0)

    def changes(self) -> list[Row]:
        """Sliders and sentences, one change after the other, each seen before the next."""
        found = []
        for name in SLIDERS:
            times = [self._one_change(partial(self._slide, name, share)) for share in _shares()]
            found.append(self._row(f"slider '{name}'", times))
            self.affinity.reset_options()
            self.affinity.set_options(setting="annotation-free")
            self._until(self._gathered)
            turn(300)
        names = [entry.name for entry in self.session.language.template_sets]
        for round_ in range(2):  # of the first round CLIP reads the sentences
            times = [self._one_change(partial(self._say, name)) for name in [*names[1:], names[0]]]
            if round_:
                found.append(self._row("another set of sentences", times))
        return found

    def stalls(self) -> list[Row]:
        """The event loop's longest turns while everything of the workspace is used."""
        last, worked = time.perf_counter(), time.thread_time()

        def beat() -> None:
            nonlocal last, worked
            now, work = time.perf_counter(), time.thread_time()
            self.gaps.append((1000 * (now - last), 1000 * (work - worked), self.doing))
            last, worked = now, work

        timer = QTimer(self.driver.window)
        timer.setInterval(BEAT_MS)
        timer.timeout.connect(beat)
        timer.start()
        acts: list[tuple[str, Callable[[], None]]] = [
            ("sliders", self._drag), ("flips", self._flips), ("matrix", self._matrix), ("layers", self._layers),
            ("beside", self._beside), ("orbit", self._orbit), ("frames", self._frames), ("gather", self._gather),
        ]  # fmt: skip
        for name, act in acts * 2:
            self.doing = name
            act()
        timer.stop()
        return self._stall_rows([name for name, _act in acts])

    def _stall_rows(self, names: list[str]) -> list[Row]:
        longest = max(self.gaps)
        most = max(self.gaps, key=lambda gap: gap[1])
        worst = {name: max((gap[:2] for gap in self.gaps if gap[2] == name), default=(0.0, 0.0)) for name in names}
        busiest = {name: max((gap[1] for gap in self.gaps if gap[2] == name), default=0.0) for name in names}
        return [
            Row(
                "longest stall of the main thread, inspector in use", "ms", longest[0], reach=STALL,
                note=", ".join(f"{name} {gap:.0f}" for name, (gap, _work) in worst.items()),
            ),
            Row(
                "most work of the main thread in a turn of the event loop", "ms", most[1], reach=EVENT,
                note=", ".join(f"{name} {work:.0f}" for name, work in busiest.items()),
            ),
            Row("turns over 50 ms", "", sum(gap > STALL for gap, _w, _n in self.gaps), note=f"of {len(self.gaps)}"),
        ]  # fmt: skip

    # acts

    def _drag(self) -> None:
        for name in SLIDERS:
            slider = self._panel().controls.rows[name].slider
            first, last = np.array([[0.3, 0.5], [0.8, 0.5]]) * [slider.width(), slider.height()]
            self.driver.drag(slider, np.linspace(first, last, 40))
            turn(400)
        self.affinity.reset_options()
        self.affinity.set_options(setting="annotation-free")
        self._until(self._gathered)

    def _flips(self) -> None:
        for _ in range(12):
            self.driver.window.setFocus()
            self.driver.key(Qt.Key.Key_W)
            turn(250)
        turn(500)

    def _matrix(self) -> None:
        panel = self.driver.window.docks["affinity_matrix"].panel
        assert isinstance(panel, AffinityMatrixPanel)
        for order in ("time", "frame", "class"):
            panel.orders.buttons[order].click()
            turn(700)
        heat = panel.map
        area = heat.area()
        at = QPoint(round(area.center().x()), round(area.center().y()))
        for notch in (1, 1, 1, -1, -1, -1):
            self.driver.wheel(heat, at, notch)
            turn(200)
        self.driver.drag(heat, np.linspace([at.x(), at.y()], [at.x() + 60, at.y() + 30], 40))
        panel.map.reset()
        turn(300)

    def _layers(self) -> None:
        for _ in range(5):
            self.driver.window.setFocus()
            self.driver.key(Qt.Key.Key_D)
            turn(400)
        self.affinity.set_layer("after")
        turn(300)

    def _beside(self) -> None:
        for _ in range(2):
            self.driver.window.setFocus()
            self.driver.key(Qt.Key.Key_Z)
            turn(900)

    def _orbit(self) -> None:
        widget = self.driver.view()
        centre = np.array([widget.width() / 2, widget.height() / 2])
        self.driver.drag(widget, centre + np.linspace([-100, 0], [100, 10], 60))
        turn(300)

    def _frames(self) -> None:
        for index in (FRAME + 1, FRAME + 2, FRAME + 1, FRAME):
            self.session.go_to(index)
            turn(600)
        self._until(self._gathered)

    def _gather(self) -> None:
        """CLIP reads a frame that it never saw, and the story of a superpoint is told meanwhile."""
        report = self.affinity.report
        assert report is not None
        self.affinity.set_options(after=self.affinity.state.after + 1)
        turn(1500)
        for row in np.linspace(0, report.instances - 1, 6).astype(int).tolist():
            self.affinity.select(row)
            turn(300)
        self._until(self._gathered)

    # one change

    def _one_change(self, act: Callable[[], None]) -> tuple[float, float]:
        """Milliseconds until accuracy by the new numbers is shown, and until the view shows them."""
        told: list[float] = []
        viewport = self.driver.window.area.views["left"].viewport
        old = viewport.picture
        hook = self.affinity.report_changed.connect(lambda _r: told.append(time.perf_counter()))
        begun = time.perf_counter()
        act()
        self.driver.wait(lambda: bool(told), "labels", WAIT)
        turn(0)  # the panel shows it in the next turn of the event loop
        self.driver.wait(lambda: viewport.picture is not old, "a picture", WAIT)
        drawn = time.perf_counter()
        self.affinity.report_changed.disconnect(hook)
        turn(150)
        return 1000 * (told[0] - begun), 1000 * (drawn - begun)

    def _slide(self, name: str, share: float) -> None:
        slider = self._panel().controls.rows[name].slider
        slider.setValue(round(share * STEPS))

    def _say(self, name: str) -> None:
        self.affinity.set_options(templates=name)

    def _row(self, what: str, times: list[tuple[float, float]]) -> Row:
        report = self._report()
        labels, pictures = (list(found) for found in zip(*times, strict=True))
        return Row(
            f"{what}, {report.instances} instances: until accuracy is shown", "ms", statistics.median(labels),
            reach=LIVE,
            note=f"most {max(labels):.0f}; until the picture {statistics.median(pictures):.0f}, "
            f"most {max(pictures):.0f}",
        )  # fmt: skip

    # waiting

    def _report(self) -> QueueReport:
        report = self.affinity.report
        assert report is not None
        return report

    def _panel(self) -> PseudoLabelsPanel:
        panel = self.driver.window.docks["pseudo_labels"].panel
        assert isinstance(panel, PseudoLabelsPanel)
        return panel

    def _gathered(self) -> bool:
        report = self.affinity.report
        wanted = self.affinity.state.options.setting
        ours = report is not None and (wanted == "zero-shot" or len(report.names) > 10)
        return ours and report is not None and not report.lacking and not self.affinity.gathering.on

    def _until(self, done: Callable[[], bool]) -> None:
        turn(200)
        self.driver.wait(done, "the labels of the queue", WAIT)


def _shares() -> list[float]:
    """Places of a slider, to and fro."""
    return [0.25 + 0.5 * (place * 7 % CHANGES) / CHANGES for place in range(CHANGES)]
