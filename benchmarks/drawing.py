"""Drawing: orbiting, still pictures, recolouring, picking and selecting, beside other libraries on the same points.

Ours is measured through the real view, off-screen: from the camera handed to the view until the picture it
asked for has been painted on the widget. The peers' figures are a draw with read-back of the picture, each in a
program of its own (``benchmarks/peers``), with the interpreter in ``LIDARSCOPE_PEERS_PYTHON`` if that is set (for
libraries that are no requirements of ours) and this one otherwise.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peers.scene import FOV, POINT_SIZE, TARGET, cloud, eye, surface
from benchmarks.rows import Row, median_ms

SIZE = (1280, 800)
ROOT = Path(__file__).resolve().parent.parent
PEERS = {
    "open3d_offscreen": "Open3D OffscreenRenderer",
    "open3d_visualizer": "Open3D Visualizer",
    "pyvista_plotter": "pyvista",
    "vispy_markers": "vispy",
    "pyqtgraph_gl": "pyqtgraph GL",
}
NEED_DISPLAY = ("open3d_visualizer", "vispy_markers", "pyqtgraph_gl", "pyvista_plotter")


class View:
    """Our view on its render processes, with waiting."""

    def __init__(self) -> None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from PySide6.QtWidgets import QApplication

        from app.core.render.client import RenderClient
        from app.core.render.scene import Style
        from app.ui.viewer.process_viewport import ProcessViewport

        self.app = QApplication.instance() or QApplication([])
        self.client = RenderClient(on_log=lambda line: print(line, file=sys.stderr))
        self.view = ProcessViewport(self.client, "left")
        self.view.widget.resize(*SIZE)
        self.view.widget.show()
        self.view.set_style(Style(point_size=POINT_SIZE))
        for renderer in ("raster", "open3d"):
            self.client.wait_ready(renderer, 60)

    def until(self, happened: Callable[[], object], timeout: float = 60) -> None:
        """Turn the event loop until ``happened()``, then paint what has come."""
        end = time.monotonic() + timeout
        while not happened():
            if time.monotonic() > end:
                raise TimeoutError("no picture came")
            self.app.processEvents()
            time.sleep(0.0002)
        self.view.widget.repaint()

    def show(self, step: int, *, moving: bool) -> None:
        """Look from a step of the orbit and wait for that picture."""
        from app.core.render.camera import look_at

        camera = look_at(eye(step), TARGET, fov=FOV)
        self.view.set_camera(camera, moving=moving)
        self.until(lambda: self._shown(camera.camera_from_world) and (moving or self._final("raster")))

    def wait_for(self, renderer: str) -> None:
        """Wait until the resting picture of a renderer is on the screen."""
        self.until(lambda: self._final(renderer))

    def newer(self, before: object) -> bool:
        """Whether a picture at full detail has come after ``before``."""
        picture = self.view.picture
        return picture is not None and picture is not before and picture.final

    def close(self) -> None:
        """End the processes."""
        self.view.close()
        self.client.close()

    def _shown(self, pose: np.ndarray) -> bool:
        picture = self.view.picture
        return picture is not None and np.array_equal(picture.camera.camera_from_world, pose)

    def _final(self, renderer: str) -> bool:
        picture = self.view.picture
        best = picture is not None and picture.renderer == "open3d"
        return picture is not None and picture.final and (best or picture.renderer == renderer)


def ours(view: View, count: int) -> dict[str, float]:
    """Medians in milliseconds for a cloud of ``count`` points."""
    from app.core.render.scene import Cloud

    points, colors = cloud(count)
    begin = time.perf_counter()
    view.view.set_item("cloud", Cloud(points, colors))
    handed = 1000 * (time.perf_counter() - begin)
    view.show(0, moving=False)
    view.wait_for("open3d")
    figures = {"hand over": handed, "moving": _orbit(view)}
    figures["still"], figures["open3d"] = _rest(view)
    figures["recolour"] = _recolor(view, points, colors)
    figures["pick"], figures["select"] = _pick(view, points)
    return figures


def surface_rows(view: View, count: int) -> list[Row]:
    """Turning about a surface of ``count`` triangles, solid and as edges, with nothing else in the picture."""
    from app.core.render.scene import Mesh

    vertices, colors, triangles = surface(count)
    view.view.remove_item("cloud")
    figures = []
    for wireframe in (False, True):
        view.view.set_item("surface", Mesh(vertices, triangles, colors, wireframe=wireframe))
        view.show(0, moving=False)
        figures.append(_orbit(view))
    view.view.remove_item("surface")
    said = "Open3D OffscreenRenderer"
    value, missing = peer("open3d_offscreen", count, "triangles")
    return [
        Row(f"{count // 1000} 000 triangles: orbit", "ms", figures[0], said, value, 50, note=missing),
        Row(f"{count // 1000} 000 triangles: orbit, edges alone", "ms", figures[1]),
    ]


def _orbit(view: View, steps: int = 60) -> float:
    times = []
    for step in range(steps):
        begin = time.perf_counter()
        view.show(step, moving=True)
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times[10:])


def _rest(view: View, repeats: int = 7) -> tuple[float, float]:
    """From the moment the camera rests: to the picture at full detail, and to Open3D's."""
    full, drawn = [], []
    for step in range(repeats):
        view.show(100 + 3 * step, moving=True)
        before = view.view.picture
        begin = time.perf_counter()
        view.view.set_camera(view.view.camera, moving=False)
        view.until(lambda before=before: view.newer(before))  # type: ignore[misc]
        full.append(time.perf_counter() - begin)
        view.wait_for("open3d")
        drawn.append(time.perf_counter() - begin)
    return 1000 * statistics.median(full[2:]), 1000 * statistics.median(drawn[2:])


def _recolor(view: View, points: np.ndarray, colors: np.ndarray, repeats: int = 9) -> float:
    """From new colours (mapped from another scalar) to the painted picture."""
    times = []
    for k in range(repeats):
        before = view.view.picture
        begin = time.perf_counter()
        view.view.set_colors("cloud", np.roll(colors, k + 1, axis=1).copy())
        view.until(lambda before=before: view.view.picture is not before)  # type: ignore[misc]
        times.append(time.perf_counter() - begin)
        view.wait_for("open3d")
    return 1000 * statistics.median(times[2:])


def _pick(view: View, points: np.ndarray) -> tuple[float, float]:
    from app.core.render.selection import select

    picture = view.view.picture
    assert picture is not None
    rows, columns = np.nonzero(picture.index >= 0)
    taken = np.random.default_rng(0).integers(0, len(rows), 400)
    places = iter(np.column_stack([columns[taken] + 0.7, rows[taken] + 0.2]).tolist())
    picked = median_ms(lambda: view.view.pick(*next(places)), repeats=200)
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    lasso = np.column_stack([640 + 400 * np.cos(turn), 400 + 300 * np.sin(turn) * (1 + 0.3 * np.sin(7 * turn))])
    selected = median_ms(lambda: select(points, view.view.camera, *SIZE, lasso))
    return picked, selected


def peer(name: str, count: int, what: str = "points") -> tuple[float | None, str]:
    """A peer's milliseconds, or why there are none."""
    python = os.environ.get("LIDARSCOPE_PEERS_PYTHON", sys.executable)
    if name.startswith("open3d") or name == "pyqtgraph_gl":
        python = sys.executable
    command = [python, "-m", f"benchmarks.peers.{name}", f"--{what}", str(count), "--size", "{}x{}".format(*SIZE)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYQTGRAPH_QT_LIB": "PySide6"}
    if name in NEED_DISPLAY:
        if not shutil.which("xvfb-run"):
            return None, "needs xvfb-run"
        command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", *command]
        environment["QT_QPA_PLATFORM"] = "xcb"
    try:
        ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        return None, "no answer in 180 s"
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return None, f"failed with status {ended.returncode}"
    answer = json.loads(lines[-1])
    return answer.get("ms"), answer.get("missing", "")


def rows_for(count: int, figures: dict[str, float], reach: dict[str, float]) -> list[Row]:
    """The table's part for one number of points."""
    title = f"{count // 1000} 000 points"
    plain = [
        ("moving", "orbit, a shown frame"),
        ("still", "still picture after rest"),
        ("open3d", "Open3D's still picture after rest"),
        ("recolour", "recolour to new picture"),
        ("pick", "pick under the pointer"),
        ("select", "lasso of 120 corners"),
    ]
    rows = [Row(f"{title}: {what}", "ms", figures[key], reach=reach.get(key)) for key, what in plain]
    for name, said in PEERS.items():
        value, missing = peer(name, count)
        rows.append(Row(f"{title}: orbit against {said}", "ms", figures["moving"], said, value, note=missing))
    logged, missing = peer("rerun_viewer", count)
    note = missing or "logging alone: its viewer has no call that draws and waits"
    rows.append(Row(f"{title}: handing the cloud over", "ms", figures["hand over"], "Rerun log", logged, note=note))
    return rows


def rows() -> list[Row]:
    """Measure at 120 000 points and at a million."""
    view = View()
    try:
        small = ours(view, 120_000)
        large = ours(view, 1_000_000)
        meshes = surface_rows(view, 300_000)
    finally:
        view.close()
    measured = rows_for(120_000, small, {"moving": 33, "still": 150, "recolour": 100, "pick": 20})
    return measured + rows_for(1_000_000, large, {"moving": 50, "pick": 20}) + meshes
