"""The GL view draws the same picture as the rasteriser. Needs a GL context: its own process under Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import sys
import time
import numpy as np
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from app.core.render.camera import Camera, look_at
from app.core.render.scene import Cloud, Lines, Mesh, Style, Texts
from app.ui.viewer.factory import make_viewport

rng = np.random.default_rng(1)
points = (rng.normal(0, 1, (60000, 3)) * [9, 6, 1.5]).astype(np.float32)
points[::50] = np.nan
colors = rng.integers(30, 255, (60000, 3), dtype=np.uint8)
corners = np.array([[3, 3, 3], [3, -3, -3], [-3, 3, -3], [-3, -3, 3]], np.float32)
faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32)
HOME = look_at(np.array([-24.0, 4, 12]), np.zeros(3))
FAR = np.array([524288.0, 262144.0, 0])
PLAIN = Style(point_size=2.0, background=(12, 14, 18))


def put(view, shift):
    move = lambda p: (np.round(p.astype(float) * 8) / 8 + shift).astype(np.float32)
    view.set_item("cloud", Cloud(move(points), colors))
    view.set_item("mesh", Mesh(move(corners), faces, np.array([[240, 90, 60]] * 4, np.uint8)))
    view.set_item("veil", Mesh(move(corners + [6, -5, 0]), faces, np.array([[60, 90, 240]] * 4, np.uint8), 0.5))
    ends = move(np.array([[-12, -8, 2.0], [12, 8, 2.0]]))
    view.set_item("line", Lines(ends, np.array([[0, 1]], np.int32), np.array([[255, 255, 0]], np.uint8), 2.0, 0.3))
    view.set_camera(look_at(HOME.position + shift, shift))


def plain(view):
    view.set_style(PLAIN)
    put(view, np.zeros(3))


def recoloured(view):
    view.set_colors("cloud", colors[::-1].copy(), np.arange(len(points)) % 3 > 0)


def recorded(view):
    photo = np.full((200, 500, 3), 90, np.uint8)
    view.set_style(Style(point_size=3.0, background=(12, 14, 18), backdrop=photo))
    intrinsics = np.array([[400.0, 0, 240], [0, 410, 90], [0, 0, 1]])
    view.set_camera(Camera(HOME.camera_from_world, HOME.pivot, 40.0, intrinsics, (500, 200)))


def far(view):
    view.set_style(PLAIN)
    put(view, FAR)


def grab(view):
    image = view.widget.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)


def settle(app, view):
    # until the rasteriser's picture of what was sent last has come
    newest, quiet, end = view.picture, time.monotonic() + 0.6, time.monotonic() + 40
    while time.monotonic() < min(quiet, end) or view.picture is None:
        app.processEvents()
        time.sleep(0.01)
        if view.picture is not newest:
            newest, quiet = view.picture, time.monotonic() + 0.6


if __name__ == "__main__":
    app = QApplication([])
    view = make_viewport("pyqtgraph", None, "left")
    view.widget.resize(500, 320)
    view.widget.show()
    for step in (plain, recoloured, recorded, far):
        step(view)
        settle(app, view)
        Image.fromarray(grab(view)).save(f"{sys.argv[1]}/{step.__name__}_gl.png")
        Image.fromarray(view.picture.image).save(f"{sys.argv[1]}/{step.__name__}_raster.png")
        rows, columns = np.nonzero(view.picture.index >= 0)
        assert view.pick(columns[len(columns) // 2], rows[len(rows) // 2]) is not None
    view.close()
"""


@pytest.mark.xvfb
def test_gl_and_raster_pictures_agree(tmp_path: Path) -> None:
    if shutil.which("xvfb-run") is None:
        pytest.skip("xvfb-run is not installed, and OpenGL needs an X server")
    script = tmp_path / "gl_view.py"
    script.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "xcb", "PYQTGRAPH_QT_LIB": "PySide6"}
    command = ["xvfb-run", "-a", "-s", "-screen 0 1280x1024x24", sys.executable, str(script), str(tmp_path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110)
    assert ended.returncode == 0, ended.stderr[-2000:]
    seen = set()
    for variant, most in (("plain", 0.02), ("recoloured", 0.02), ("recorded", 0.02), ("far", 0.06)):
        gl, raster = (np.asarray(Image.open(tmp_path / f"{variant}_{n}.png"), int) for n in ("gl", "raster"))
        different = (np.abs(gl - raster).max(axis=2) > 12).mean()
        assert different < most, variant
        assert np.abs(gl - raster).mean() < 2.5, variant
        assert len(np.unique(raster.reshape(-1, 3), axis=0)) > 1000
        seen.add(raster.tobytes())
    assert len(seen) == 4  # four different scenes were compared
