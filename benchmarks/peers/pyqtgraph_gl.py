"""pyqtgraph's ``GLViewWidget`` with its scatter item, shown and read back; needs a display (Xvfb is one)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.peers.scene import FOV, POINT_SIZE, TARGET, Job, run


def draw(job: Job) -> Callable[[int], object]:
    import pyqtgraph
    from pyqtgraph.opengl import GLScatterPlotItem, GLViewWidget

    app = pyqtgraph.mkQApp()
    widget = GLViewWidget()
    widget.resize(job.width, job.height)
    colors = np.concatenate([job.colors / 255.0, np.ones((len(job.colors), 1))], axis=1).astype(np.float32)
    item = GLScatterPlotItem(pos=job.points, color=colors, size=POINT_SIZE, pxMode=True, glOptions="opaque")
    widget.addItem(item)
    widget.setCameraParams(fov=FOV, distance=30, elevation=30, center=pyqtgraph.Vector(*TARGET))
    widget.show()
    app.processEvents()
    if not widget.isValid():
        raise ImportError("no GL context", name="an OpenGL display")

    def show(step: int) -> object:
        widget.setCameraPosition(azimuth=step * 3.0)
        app.processEvents()
        return widget.grabFramebuffer()

    return show


if __name__ == "__main__":
    run(draw)
