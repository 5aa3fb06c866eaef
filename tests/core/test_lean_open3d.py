"""Open3D is loaded without the web server it brings, and nothing else notices."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from app.core import lean_open3d
o3d = lean_open3d.load()
assert o3d is lean_open3d.load() is sys.modules["open3d"]
assert not {"dash", "flask", "plotly"} & set(sys.modules), "a web server was loaded"
from open3d.visualization import rendering
scene = o3d.t.geometry.RaycastingScene()
scene.add_triangles(o3d.core.Tensor([[0, 0, 1], [1, 0, 1], [0, 1, 1]], o3d.core.float32),
                    o3d.core.Tensor([[0, 1, 2]], o3d.core.uint32))
hit = scene.cast_rays(o3d.core.Tensor([[0.2, 0.2, 0, 0, 0, 1]], o3d.core.float32))
assert abs(float(hit["t_hit"][0].item()) - 1.0) < 1e-5
import dash, plotly.graph_objects
assert dash.Dash is not None and plotly.graph_objects.Figure is not None, "the real modules come when asked for"
"""


def test_no_web_server_is_loaded_and_the_real_one_still_can_be() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
