"""pyvista's off-screen ``Plotter`` with flat points."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.peers.scene import FOV, POINT_SIZE, TARGET, Job, eye, run


def draw(job: Job) -> Callable[[int], object]:
    import pyvista

    plotter = pyvista.Plotter(off_screen=True, window_size=(job.width, job.height))
    plotter.add_points(
        pyvista.PolyData(job.points), scalars=job.colors, rgb=True, point_size=POINT_SIZE, lighting=False
    )
    plotter.set_background("black")
    plotter.show(auto_close=False)

    def show(step: int) -> object:
        plotter.camera.position, plotter.camera.focal_point = tuple(eye(step)), tuple(TARGET)
        plotter.camera.up, plotter.camera.view_angle = (0, 0, 1), FOV
        plotter.render()
        return plotter.screenshot(return_img=True)

    return show


if __name__ == "__main__":
    run(draw)
