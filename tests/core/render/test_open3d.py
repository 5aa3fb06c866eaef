"""Open3D's pictures against the rasteriser's: the switch between them must not be seen. One process for all."""

from __future__ import annotations

import numpy as np
from delivered import Start

from app.core.render.camera import Camera, look_at
from app.core.render.protocol import CloseView, Hold, Picture, Resize, SetCamera, SetColors, SetItem, SetStyle
from app.core.render.scene import Cloud, Item, Lines, Mesh, Style, Texts
from app.core.render.still import render_still

CAMERA = look_at(np.array([-24.0, 4.0, 12.0]), np.array([4.0, 0, -1]))
Street = tuple[np.ndarray, np.ndarray]


def tetrahedron(center: tuple[float, float, float], opacity: float = 1.0) -> Mesh:
    corners = np.array([[3, 3, 3], [3, -3, -3], [-3, 3, -3], [-3, -3, 3]], np.float32) + np.float32(center)
    faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], np.int32)
    return Mesh(corners, faces, np.array([[240, 90, 60]] * 4, np.uint8), opacity)


def scene(street: Street) -> dict[str, Item]:
    ends = np.array([[-20, 0, 0], [30, 3, 1]], np.float32)
    return {
        "cloud": Cloud(*street),
        "mesh": tetrahedron((10, 3, 1)),
        "veil": tetrahedron((2, -4, 1), 0.4),
        "line": Lines(ends, np.array([[0, 1]], np.int32), np.array([[255, 255, 0]], np.uint8), 2.0),
        "label": Texts(ends, ("near", "far")),
    }


def share_of_different(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the pixels in which two pictures differ by more than can be seen."""
    return float((np.abs(a.astype(int) - b).max(axis=2) > 8).mean())


def differs(picture: Picture, items: dict[str, Item], camera: Camera, style: Style) -> float:
    height, width = picture.image.shape[:2]
    return share_of_different(picture.image, render_still(items, camera, style, width, height))


def test_both_renderers_draw_the_same(start: Start, street: Street) -> None:
    """Points, meshes, lines, sizes, views, recolouring, hiding, all through one Open3D renderer."""
    client, got = start("open3d")
    items, style = scene(street), Style()
    for name, item in items.items():
        client.send(SetItem("v", name, item))
    client.send(Resize("v", 400, 260))
    client.send(SetCamera("v", CAMERA, False))
    got.wait(lambda: got.pictures)
    picture = got.pictures[-1]
    assert picture.renderer == "open3d"
    assert picture.final
    assert not picture.index.size  # picking comes from the rasteriser
    assert differs(picture, items, CAMERA, style) < 0.004
    assert len(np.unique(picture.image.reshape(-1, 3), axis=0)) > 30

    for size, points in (((653, 377), 3.0), ((211, 120), 1.5), ((1031, 640), 2.5)):
        style = Style(point_size=points, background=(20, 24, 30))
        client.send(SetStyle("v", style))
        client.send(Resize("v", *size))
        got.wait(lambda size=size: got.pictures[-1].image.shape[1::-1] == size)  # type: ignore[misc]
        assert differs(got.pictures[-1], items, CAMERA, style) < 0.004

    count = len(got.pictures)
    blue = np.full_like(street[1], (40, 90, 250))
    shown = np.arange(len(blue)) % 2 == 0
    client.send(SetColors("v", "cloud", blue, shown))
    got.wait(lambda: len(got.pictures) > count)
    items["cloud"] = Cloud(street[0], blue, shown)
    assert differs(got.pictures[-1], items, CAMERA, style) < 0.004

    other: list[Picture] = []
    client.listen("w", other.append)
    above = look_at(np.array([0.0, 0, 60]), np.zeros(3), up=np.array([1.0, 0, 0]))
    client.send(SetItem("w", "cloud", Cloud(*street)))
    client.send(Resize("w", 300, 300))
    client.send(SetCamera("w", above, False))
    got.wait(lambda: other)
    assert differs(other[-1], {"cloud": Cloud(*street)}, above, Style()) < 0.004
    count = len(got.pictures)
    side = look_at(np.array([5.0, -40, 8]), np.zeros(3))
    client.send(SetCamera("v", side, False))
    got.wait(lambda: len(got.pictures) > count)
    assert differs(got.pictures[-1], items, side, style) < 0.004

    client.send(CloseView("w"))
    count = len(got.pictures)
    client.send(SetCamera("v", CAMERA, False))
    got.wait(lambda: len(got.pictures) > count)
    assert differs(got.pictures[-1], items, CAMERA, style) < 0.004
    assert got.lines == []


def same_pose(one: Picture, other: Picture) -> bool:
    return np.array_equal(one.camera.camera_from_world, other.camera.camera_from_world)


def test_open3d_takes_over_from_the_rasteriser_and_keeps_its_index(start: Start, street: Street) -> None:
    client, got = start("raster", "open3d")
    assert client.wait_ready("raster", 60)
    assert client.wait_ready("open3d", 60)
    client.send(SetItem("v", "cloud", Cloud(*street)))
    client.send(Resize("v", 320, 200))
    client.send(SetCamera("v", CAMERA, False))
    got.wait(lambda: got.pictures and got.pictures[-1].renderer == "open3d" and got.pictures[-1].index.size)
    last = got.pictures[-1]
    # Messages may be drawn one by one: a picture from before the camera arrived shows another pose.
    first = next(p for p in got.pictures if p.renderer == "raster" and p.final and same_pose(p, last))
    assert np.array_equal(first.index, last.index)
    assert np.array_equal(first.depth, last.depth)
    assert share_of_different(first.image, last.image) < 0.004
    assert got.lines == []


def test_moving_views_are_left_to_the_rasteriser(start: Start, street: Street) -> None:
    client, got = start("raster", "open3d")
    assert client.wait_ready("raster", 60)
    assert client.wait_ready("open3d", 60)
    client.send(SetItem("v", "cloud", Cloud(*street)))
    client.send(Resize("v", 320, 200))
    for i in range(10):
        client.send(SetCamera("v", look_at(np.array([-24.0, i, 12]), np.zeros(3)), True))
        got.wait(lambda i=i: got.pictures and got.pictures[-1].camera.position[1] >= i - 1e-9)  # type: ignore[misc]
    assert {p.renderer for p in got.pictures} == {"raster"}


def test_views_of_which_more_is_on_its_way_are_left_to_the_rasteriser(start: Start, street: Street) -> None:
    client, got = start("raster", "open3d")
    assert client.wait_ready("raster", 60)
    assert client.wait_ready("open3d", 60)
    other: list[Picture] = []
    client.listen("w", other.append)
    client.send(Hold("v", True))
    for view in ("v", "w"):
        client.send(SetItem(view, "cloud", Cloud(*street)))
        client.send(Resize(view, 320, 200))
        client.send(SetCamera(view, CAMERA, False))
    # the view that changed first is drawn first: by the time of the other's picture it would have had its own
    got.wait(lambda: any(picture.renderer == "open3d" for picture in other))
    assert {p.renderer for p in got.pictures} == {"raster"}
    client.send(Hold("v", False))
    got.wait(lambda: got.pictures[-1].renderer == "open3d")


def test_alone_it_waits_for_nothing(start: Start, street: Street) -> None:
    client, got = start("open3d")
    client.send(Hold("v", True))
    client.send(Resize("v", 320, 200))
    client.send(SetItem("v", "cloud", Cloud(*street)))
    client.send(SetCamera("v", CAMERA, False))
    got.wait(lambda: got.pictures and got.pictures[-1].final)


def test_map_coordinates_agree_too(street: Street) -> None:
    """Half a million metres from the origin float32 holds 3 cm; both renderers must lose nothing more."""
    far = np.array([524288.0, 262144.0, 128.0])
    points = (np.round(street[0].astype(np.float64) * 8) / 8 + far).astype(np.float32)
    camera = look_at(np.array([-24.0, 4.0, 12.0]) + far, far)
    items: dict[str, Item] = {"cloud": Cloud(points, street[1])}
    pictures = [render_still(items, camera, Style(), 320, 200, renderer=r) for r in ("raster", "open3d")]
    assert share_of_different(*pictures) < 0.01
    assert (pictures[0] > 0).any(axis=2).mean() > 0.15
