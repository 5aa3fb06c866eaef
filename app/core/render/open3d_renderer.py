"""Open3D draws the points and meshes of a stage: one off-screen renderer for the life of a process.

Open3D is particular: its renderer must be made, used and left alone in one thread, only one may ever exist in
a process, and it holds the GIL while it draws. So this module is used by the render process alone. The one
renderer draws pictures of any size (the view's port decides, not the size it was made with) and several views
(by showing and hiding geometry).
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from app.core import lean_open3d
from app.core.errors import LidarScopeError
from app.core.render.camera import Camera, clip_planes
from app.core.render.scene import Cloud, Mesh, finite_rows
from app.core.render.stage import Stage, flat_colors

_KEY = (0.31, 0.07, 0.83)


class Open3DUnavailable(LidarScopeError):
    """Open3D cannot draw off-screen on this machine."""


class Open3DRenderer:
    """Colours of points and opaque meshes by Open3D. Made, used and dropped in one thread."""

    name = "open3d"

    def __init__(self) -> None:
        try:
            o3d = lean_open3d.load()
            from open3d.visualization import gui, rendering
        except (ImportError, OSError) as error:
            raise Open3DUnavailable(f"Open3D cannot be loaded here ({error}).") from None
        o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
        self._o3d, self._rendering = o3d, rendering
        try:
            self._renderer = rendering.OffscreenRenderer(64, 64)
        except RuntimeError as error:
            raise Open3DUnavailable(f"Open3D has no off-screen renderer here ({error}).") from None
        self._app = gui.Application.instance
        self._scene = self._renderer.scene
        self._plain(self._scene)
        # By geometry name: the version, colour version and origin it holds, its drawn rows, its point size.
        self._known: dict[str, tuple[int, int, tuple[float, ...]]] = {}
        self._drawn: dict[str, np.ndarray] = {}
        self._sizes: dict[str, float] = {}
        self._in_use: dict[str, Any] = {}
        self.blank = self._blank()

    def draw(
        self, stages: dict[str, Stage], view: str, camera: Camera, width: int, height: int, size: float
    ) -> np.ndarray:
        """(h, w, 3) uint8: points of edge ``size`` and opaque meshes of the view on ``self.blank``, unshaded."""
        stage = stages[view]
        self._update(stages, view, size)
        k = camera.matrix(width, height)
        near, far = clip_planes(camera, stage.bounds)
        self._scene.camera.set_projection(k, near, far, float(width), float(height))
        eye = camera.position - stage.origin
        ahead = eye + camera.axes[2] * 100.0  # far ahead: the direction survives float32
        self._scene.camera.look_at(
            ahead.astype(np.float32), eye.astype(np.float32), (-camera.axes[1]).astype(np.float32)
        )
        return np.array(self._app.render_to_image(self._scene, width, height))

    def speed(self) -> float:
        """Seconds for an empty 1280 × 800 picture: tells hardware from software drivers."""
        times = []
        for _ in range(3):
            begin = time.perf_counter()
            self._app.render_to_image(self._scene, 1280, 800)
            times.append(time.perf_counter() - begin)
        return min(times)

    def _plain(self, scene: Any) -> None:
        """Switch off everything that changes a colour or costs time."""
        scene.show_skybox(False)
        scene.downsample_threshold = 2**31 - 1
        scene.scene.enable_sun_light(False)
        scene.scene.enable_indirect_light(False)
        scene.view.set_post_processing(False)
        scene.view.set_sample_count(1)
        scene.view.set_antialiasing(False)
        scene.view.set_ambient_occlusion(False)

    def _blank(self) -> np.ndarray:
        """(3,) uint8 that an empty pixel has; the background goes through Open3D's own colour curve."""
        self._scene.set_background(np.array([*_KEY, 1.0]))
        image = np.asarray(self._app.render_to_image(self._scene, 8, 8))
        return np.asarray(image[4, 4]).copy()

    def _update(self, stages: dict[str, Stage], view: str, size: float) -> None:
        """Bring Open3D's scene up to what ``view`` shows; geometry of other views is hidden."""
        wanted = {f"{v}/{n}": (s, n) for v, s in stages.items() for n in (*s.clouds, *s.meshes)}
        for name in [n for n in self._known if n not in wanted]:
            self._remove(name)
        for name, (stage, item) in wanted.items():
            mine = name.startswith(f"{view}/")
            if mine:
                self._bring(name, stage, item, size)
            if self._scene.has_geometry(name):
                self._scene.show_geometry(name, mine)

    def _bring(self, name: str, stage: Stage, item: str, size: float) -> None:
        """Add, replace or recolour one geometry if it is behind the stage."""
        state = (stage.versions[item], stage.color_versions[item], tuple(stage.origin))
        known = self._known.get(name)
        thing = stage.items[item]
        if known != state:
            if isinstance(thing, Cloud):
                self._bring_cloud(
                    name, thing, stage, size, same_points=known is not None and known[::2] == state[::2]
                )
            elif isinstance(thing, Mesh):
                self._add(name, self._mesh(thing, stage.origin), 1.0)
            self._known[name] = state
        if isinstance(thing, Cloud) and self._sizes.get(name, size) != size:
            self._scene.modify_geometry_material(name, self._material(size))
            self._sizes[name] = size

    def _bring_cloud(self, name: str, cloud: Cloud, stage: Stage, size: float, *, same_points: bool) -> None:
        """Colours alone are sent alone; points that appear or vanish make a new geometry."""
        drawn = _drawn(cloud)
        before = self._drawn.get(name)
        geometry = self._cloud(cloud, drawn, stage.origin)
        if same_points and before is not None and np.array_equal(before, drawn):
            # Open3D reads these colours from our memory, and only when it draws: they must live until then.
            self._in_use[name] = geometry
            self._scene.scene.update_geometry(name, geometry, self._rendering.Scene.UPDATE_COLORS_FLAG)
            return
        self._remove(name)
        self._drawn[name] = drawn
        if drawn.any():
            self._add(name, geometry, size)

    def _cloud(self, cloud: Cloud, drawn: np.ndarray, origin: np.ndarray) -> Any:
        core = self._o3d.core
        points, colors = (cloud.points, cloud.colors) if drawn.all() else (cloud.points[drawn], cloud.colors[drawn])
        if origin.any():
            points = points.astype(np.float64) - origin
        geometry = self._o3d.t.geometry.PointCloud(core.Tensor(np.ascontiguousarray(points, np.float32)))
        geometry.point.colors = core.Tensor(np.ascontiguousarray(colors, np.float32) / np.float32(255))
        return geometry

    def _mesh(self, mesh: Mesh, origin: np.ndarray) -> Any:
        """Corners are not shared, so that each triangle is one flat colour as in the rasteriser."""
        core = self._o3d.core
        corners = (mesh.vertices[mesh.triangles].astype(np.float64) - origin).astype(np.float32).reshape(-1, 3)
        colors = np.repeat(flat_colors(mesh), 3, axis=0).astype(np.float32) / np.float32(255)
        order = np.arange(len(corners), dtype=np.int32).reshape(-1, 3)
        geometry = self._o3d.t.geometry.TriangleMesh(core.Tensor(corners), core.Tensor(order))
        geometry.vertex.colors = core.Tensor(colors)
        geometry.vertex.normals = core.Tensor(np.zeros_like(corners))
        return geometry

    def _add(self, name: str, geometry: Any, size: float) -> None:
        if self._scene.has_geometry(name):
            self._scene.remove_geometry(name)
        self._scene.add_geometry(name, geometry, self._material(size))
        self._sizes[name] = size

    def _remove(self, name: str) -> None:
        if self._scene.has_geometry(name):
            self._scene.remove_geometry(name)
        for store in (self._known, self._drawn, self._sizes, self._in_use):
            store.pop(name, None)

    def _material(self, size: float) -> Any:
        material = self._rendering.MaterialRecord()
        material.shader = "defaultUnlit"
        material.point_size = size
        return material


def _drawn(cloud: Cloud) -> np.ndarray:
    """(N,) bool: finite and shown."""
    finite = finite_rows(cloud.points)
    return finite if cloud.shown is None else finite & cloud.shown
