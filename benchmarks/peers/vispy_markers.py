"""vispy's ``Markers`` visual on an off-screen canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers.scene import FOV, POINT_SIZE, TARGET, Job, run


def draw(job: Job) -> Callable[[int], object]:
    from vispy import scene as vispy_scene

    canvas = vispy_scene.SceneCanvas(size=(job.width, job.height), show=False, bgcolor="black")
    view = canvas.central_widget.add_view()
    view.camera = vispy_scene.TurntableCamera(fov=FOV, distance=30, elevation=30, center=tuple(TARGET))
    colors = np.concatenate([job.colors / 255.0, np.ones((len(job.colors), 1))], axis=1).astype(np.float32)
    vispy_scene.visuals.Markers(
        pos=job.points, face_color=colors, size=POINT_SIZE, edge_width=0, symbol="square", parent=view.scene
    )

    def show(step: int) -> object:
        view.camera.azimuth = step * 3.0
        return canvas.render()

    return show


if __name__ == "__main__":
    run(draw)
