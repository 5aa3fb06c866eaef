"""The render processes as the window meets them: pictures, coalescing, crashes, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import delivered
import numpy as np
import psutil
import pytest
from delivered import Start

from app.core.render import link
from app.core.render.camera import look_at
from app.core.render.protocol import CloseView, RemoveItem, Resize, SetCamera, SetColors, SetItem, SetStyle
from app.core.render.scene import Cloud, Style
from app.core.render.still import render_still

CAMERA = look_at(np.array([-24.0, 4.0, 12.0]), np.array([4.0, 0, -1]))
Street = tuple[np.ndarray, np.ndarray]


def shared_memory(pid: int = 0) -> set[str]:
    """Segments that a process (this one) has made and not yet unlinked."""
    mine, folder = f"lidarscope_{pid or os.getpid()}_", Path("/dev/shm")
    return {p.name for p in folder.iterdir() if p.name.startswith(mine)} if folder.is_dir() else set()


def show(client, street: Street, view: str = "v", width: int = 320, height: int = 200) -> None:  # type: ignore[no-untyped-def]
    client.send(SetItem(view, "cloud", Cloud(*street)))
    client.send(Resize(view, width, height))
    client.send(SetCamera(view, CAMERA, False))


def test_a_picture_carries_what_picking_needs(start: Start, street: Street) -> None:
    client, got = start("raster")
    show(client, street)
    got.wait(lambda: got.pictures)
    picture = got.pictures[-1]
    assert picture.image.shape == (200, 320, 3)
    assert picture.index.shape == picture.depth.shape == (200, 320)
    assert picture.final
    assert picture.cloud == "cloud"
    assert picture.points is street[0]
    assert picture.drawn == picture.total == len(street[0])
    wanted = render_still({"cloud": Cloud(*street)}, CAMERA, Style(), 320, 200)
    assert np.array_equal(picture.image, wanted)
    hit = picture.index >= 0
    assert np.array_equal(hit, np.isfinite(picture.depth))
    assert hit.mean() > 0.2


def test_of_many_cameras_the_newest_is_drawn_and_most_are_not(start: Start, street: Street) -> None:
    client, got = start("raster")
    show(client, street)
    got.wait(lambda: got.pictures)
    cameras = [look_at(np.array([-24.0, 4.0 + i * 0.01, 12.0]), np.zeros(3)) for i in range(400)]
    for camera in cameras:
        client.send(SetCamera("v", camera, True))
    last = cameras[-1].camera_from_world
    got.wait(lambda: np.array_equal(got.pictures[-1].camera.camera_from_world, last))
    assert len(got.pictures) < 200
    assert not got.pictures[-1].index.size  # nobody picks while it moves
    client.send(SetCamera("v", cameras[-1], False))
    got.wait(lambda: got.pictures[-1].index.size)
    assert got.pictures[-1].final
    order = [float(p.camera.position[1]) for p in got.pictures[1:]]
    assert order == sorted(order)  # an older picture never comes after a newer one


def test_messages_change_the_picture_and_closing_a_view_ends_it(start: Start, street: Street) -> None:
    client, got = start("raster")
    show(client, street)
    got.wait(lambda: got.pictures)
    red = np.full_like(street[1], (255, 0, 0))
    client.send(SetColors("v", "cloud", red))
    client.send(SetStyle("v", Style(depth_shading=0.0, background=(1, 2, 3))))
    got.wait(lambda: set(map(tuple, got.pictures[-1].image.reshape(-1, 3))) == {(255, 0, 0), (1, 2, 3)})
    client.send(Resize("v", 640, 400))
    got.wait(lambda: got.pictures[-1].image.shape == (400, 640, 3))
    client.send(RemoveItem("v", "cloud"))
    got.wait(lambda: set(map(tuple, got.pictures[-1].image.reshape(-1, 3))) == {(1, 2, 3)})
    before = shared_memory()
    client.send(CloseView("v"))
    assert len(shared_memory()) < len(before)


def test_wrong_arrays_are_refused_where_they_are_handed_over(start: Start, street: Street) -> None:
    client, _ = start("raster")
    with pytest.raises(ValueError, match="float32"):
        client.send(SetItem("v", "a", Cloud(street[0].astype(np.float64), street[1])))
    with pytest.raises(ValueError, match="colors"):
        client.send(SetItem("v", "a", Cloud(street[0], street[1][:5])))
    client.send(SetItem("v", "a", Cloud(*street)))
    with pytest.raises(ValueError, match="5 colours"):
        client.send(SetColors("v", "a", street[1][:5]))


def test_a_picture_too_large_to_draw_is_refused_before_it_takes_the_renderer_down(start: Start) -> None:
    client, _ = start("raster")
    for size in ((40_000, 10), (20_000, 20_000), (0, 100)):
        with pytest.raises(ValueError, match="cannot be drawn"):
            client.take_picture("v", *size, lambda image: None)


def test_a_killed_renderer_comes_back_with_one_line_and_the_whole_scene(start: Start, street: Street) -> None:
    client, got = start("raster")
    show(client, street)
    client.send(SetStyle("v", Style(background=(9, 9, 9))))
    got.wait(lambda: got.pictures and tuple(got.pictures[-1].image[0, 0]) == (9, 9, 9))
    first = got.pictures[-1]
    pid = client.links["raster"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    got.wait(lambda: got.lines)
    client.send(SetCamera("v", CAMERA, True))
    client.send(SetCamera("v", CAMERA, False))
    got.wait(lambda: got.pictures[-1] is not first and got.pictures[-1].final)
    assert np.array_equal(got.pictures[-1].image, first.image)
    assert client.links["raster"].pid != pid
    assert len(got.lines) == 1
    assert "signal 9" in got.lines[0]
    assert "started again" in got.lines[0]


def test_a_renderer_that_keeps_dying_stays_off_and_says_so(start: Start, street: Street) -> None:
    client, got = start("raster")
    for life in range(3):
        got.wait(lambda: client.wait_ready("raster", 0.0))
        pid = client.links["raster"].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        got.wait(lambda life=life: len(got.lines) == life + 1)  # type: ignore[misc]
    assert "stays off" in got.lines[-1]
    show(client, street)  # the window goes on; there is just no picture
    assert client.links["raster"].dead


@pytest.mark.parametrize("end", [delivered.unable, delivered.aborts])
def test_without_open3d_the_rasteriser_draws_alone_and_one_line_says_so(
    start: Start, street: Street, monkeypatch: pytest.MonkeyPatch, end: Callable[..., None]
) -> None:
    monkeypatch.setattr(link, "launch", end)
    client, got = start("raster", "open3d")
    show(client, street)
    got.wait(lambda: got.pictures and got.lines and client.links["open3d"].dead)
    assert got.pictures[-1].renderer == "raster"
    assert len(got.lines) == 1
    assert "open3d" in got.lines[0].lower()
    images: list[np.ndarray] = []
    client.take_picture("v", 100, 80, images.append)
    got.wait(lambda: images)


def test_closing_leaves_no_process_and_no_shared_memory(start: Start, street: Street) -> None:
    before = shared_memory()
    client, got = start("raster")
    show(client, street)
    got.wait(lambda: got.pictures)
    pid = client.links["raster"].pid
    assert pid is not None
    assert shared_memory() > before
    client.close()
    assert not psutil.pid_exists(pid)
    assert shared_memory() == before


ORPHAN = """
    import sys, threading, time
    import numpy as np
    from app.core.render.client import RenderClient
    from app.core.render.protocol import Resize, SetCamera, SetItem
    from app.core.render.camera import look_at
    from app.core.render.scene import Cloud

    if __name__ == "__main__":
        client = RenderClient(renderers=("raster", "open3d"))
        drawn = threading.Event()
        client.listen("v", lambda picture: drawn.set())
        points = np.random.default_rng(0).normal(0, 5, (1000, 3)).astype(np.float32)
        client.send(SetItem("v", "a", Cloud(points, np.full((1000, 3), 200, np.uint8))))
        client.send(Resize("v", 320, 200))
        client.send(SetCamera("v", look_at(np.array([-20.0, 0, 9]), np.zeros(3)), False))
        assert drawn.wait(60)
        print(*(link.pid for link in client.links.values()), flush=True)
        time.sleep(120)
"""


def test_a_killed_window_leaves_no_process_and_no_shared_memory(tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(textwrap.dedent(ORPHAN))
    root = Path(__file__).resolve().parents[3]
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert parent.stdout is not None
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    assert all(psutil.pid_exists(pid) for pid in children)
    assert len(shared_memory(parent.pid)) == 4
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (_alive(children) or shared_memory(parent.pid)):
        time.sleep(0.1)
    assert not _alive(children)
    assert not shared_memory(parent.pid)


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def test_a_picture_is_asked_for_again_when_the_renderer_dies_over_it(start: Start, street: Street) -> None:
    client, got = start("raster")
    show(client, street)
    got.wait(lambda: got.pictures)
    pid = client.links["raster"].pid
    assert pid is not None
    images: list[np.ndarray] = []
    os.kill(pid, signal.SIGSTOP)  # it cannot answer any more
    client.take_picture("v", 200, 150, images.append)
    os.kill(pid, signal.SIGKILL)
    got.wait(lambda: images)
    assert images[0].shape == (150, 200, 3)
    assert images[0].any()
    assert len(got.lines) == 1


def test_a_picture_that_kills_every_renderer_is_given_up_with_a_line(start: Start, street: Street) -> None:
    client, got = start("raster")
    show(client, street)
    got.wait(lambda: got.pictures)
    images: list[np.ndarray] = []
    pid = client.links["raster"].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    client.take_picture("v", 200, 150, images.append)
    os.kill(pid, signal.SIGKILL)
    got.wait(lambda: client.links["raster"].pid != pid)  # the next one dies before it has even started
    os.kill(client.links["raster"].pid or 0, signal.SIGKILL)
    got.wait(lambda: any("200 × 150" in line for line in got.lines))
    assert not images
