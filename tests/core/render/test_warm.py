"""Nothing is compiled while somebody looks: warming up covers every loop with the types that are really used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.core.render import facets, kernels, strokes
from app.core.render.camera import Camera, look_at
from app.core.render.compositor import Compositor
from app.core.render.plain import PlainDrawer
from app.core.render.protocol import Resize, SetCamera, SetColors, SetItem, SetStyle
from app.core.render.scene import Cloud, Lines, Mesh, Style, Texts
from app.core.render.shaded import ShadedDrawer

POINTS = np.random.default_rng(2).normal(0, 4, (5000, 3)).astype(np.float32)
COLORS = np.full((5000, 3), 120, np.uint8)
FACES = np.arange(4998, dtype=np.int32).reshape(-1, 3)


def compiled() -> dict[str, int]:
    """Number of type combinations each loop has been compiled for."""
    loops = {**vars(facets), **vars(kernels), **vars(strokes)}
    return {name: len(loop.signatures) for name, loop in loops.items() if hasattr(loop, "signatures")}


def messages() -> Iterator[object]:
    for array in (POINTS, COLORS, FACES):
        array.flags.writeable = False  # as arrays are that came through a pipe or from a file
    yield SetItem("v", "cloud", Cloud(POINTS, COLORS))
    yield SetItem("v", "other", Cloud(POINTS, COLORS, np.arange(5000) % 2 == 0, pickable=False))
    yield SetItem("v", "mesh", Mesh(POINTS, FACES, COLORS))
    yield SetItem("v", "veil", Mesh(POINTS, FACES[:9], COLORS, opacity=0.3))
    yield SetItem("v", "frame", Mesh(POINTS, FACES[:9], COLORS, wireframe=True))
    yield SetItem("v", "lines", Lines(POINTS, FACES[:, :2].copy(), COLORS[: len(FACES)]))
    yield SetItem("v", "texts", Texts(POINTS[:5], tuple("abcde")))
    yield SetColors("v", "cloud", COLORS, np.arange(5000) % 3 == 0)
    yield SetStyle("v", Style(backdrop=np.zeros((20, 40, 3), np.uint8)))
    yield Resize("v", 200, 150)
    yield SetCamera("v", look_at(np.array([-20.0, 3, 9]), np.zeros(3)), False)


@pytest.mark.parametrize("other", [False, True])
def test_warming_up_compiles_all_that_pictures_need(other: bool) -> None:
    painter = (lambda *_: np.zeros((150, 200, 3), np.uint8)) if other else None
    drawer = ShadedDrawer(None, painter, np.zeros(3, np.uint8) if other else None)
    drawer.warm()
    before = compiled()
    scene = Compositor(drawer)
    for message in messages():
        scene.apply(message)
    scene.still("v", 200, 150)
    recorded = Camera(np.eye(4), np.zeros(3), 40.0, np.array([[50.0, 0, 20], [0, 50, 10], [0, 0, 1]]), (40, 20))
    scene.apply(SetCamera("v", recorded, False))
    scene.still("v", 200, 150)
    assert compiled() == before
    assert sum(before.values()) > 8


def test_plain_pictures_need_no_loop_at_all() -> None:
    """What is seen while the loops are being compiled: the other renderer's colours on the background."""
    drawn = np.zeros((150, 200, 3), np.uint8)
    drawn[40:60, 70:90] = (250, 10, 20)
    before = compiled()
    scene = Compositor(PlainDrawer(lambda *_: drawn, np.zeros(3, np.uint8)))
    for message in messages():
        scene.apply(message)
    scene.apply(SetStyle("v", Style(background=(5, 6, 7))))
    image = scene.still("v", 200, 150)
    assert tuple(image[50, 80]) == (250, 10, 20)
    assert tuple(image[0, 0]) == (5, 6, 7)
    assert not scene.drawer.whole
    assert compiled() == before
