"""Open3D's older ``Visualizer`` with a hidden window and read-back; needs an X server."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers.scene import POINT_SIZE, TARGET, Job, eye, run


def draw(job: Job) -> Callable[[int], object]:
    import open3d as o3d

    window = o3d.visualization.Visualizer()
    if not window.create_window(width=job.width, height=job.height, visible=False):
        raise ImportError("no window", name="a display")
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(job.points))
    cloud.colors = o3d.utility.Vector3dVector(job.colors / 255.0)
    window.add_geometry(cloud)
    window.get_render_option().point_size = POINT_SIZE
    control = window.get_view_control()
    parameters = control.convert_to_pinhole_camera_parameters()

    def show(step: int) -> object:
        forward = TARGET - eye(step)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3, :3] = [right, np.cross(forward, right), forward]
        pose[:3, 3] = -pose[:3, :3] @ eye(step)
        parameters.extrinsic = pose
        control.convert_from_pinhole_camera_parameters(parameters, allow_arbitrary=True)
        window.poll_events()
        window.update_renderer()
        return np.asarray(window.capture_screen_float_buffer(do_render=False))

    return show


if __name__ == "__main__":
    run(draw)
