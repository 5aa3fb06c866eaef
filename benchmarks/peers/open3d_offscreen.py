"""Open3D's ``OffscreenRenderer`` with everything optional switched off: its fastest picture."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from benchmarks.peers.scene import FOV, POINT_SIZE, TARGET, Job, eye, run


def draw(job: Job) -> Callable[[int], object]:
    import open3d as o3d
    from open3d.visualization import rendering

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    renderer = rendering.OffscreenRenderer(job.width, job.height)
    scene = renderer.scene
    scene.show_skybox(False)
    scene.scene.enable_sun_light(False)
    scene.scene.enable_indirect_light(False)
    scene.view.set_post_processing(False)
    scene.view.set_sample_count(1)
    scene.view.set_antialiasing(False)
    scene.view.set_ambient_occlusion(False)
    points, colors = o3d.core.Tensor(job.points), o3d.core.Tensor(job.colors.astype(np.float32) / 255)
    if job.triangles is None:
        thing = o3d.t.geometry.PointCloud(points)
        thing.point.colors = colors
    else:
        thing = o3d.t.geometry.TriangleMesh(points, o3d.core.Tensor(job.triangles))
        thing.vertex.colors = colors
        thing.vertex.normals = o3d.core.Tensor(np.zeros_like(job.points))
    material = rendering.MaterialRecord()
    material.shader, material.point_size = "defaultUnlit", POINT_SIZE
    scene.add_geometry("thing", thing, material)

    def show(step: int) -> object:
        renderer.setup_camera(FOV, TARGET.astype(np.float32), eye(step).astype(np.float32), [0, 0, 1])
        return np.asarray(renderer.render_to_image())

    return show


if __name__ == "__main__":
    run(draw)
    os._exit(0)  # its engine aborts when the interpreter takes it apart
