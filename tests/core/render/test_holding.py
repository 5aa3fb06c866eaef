"""Views that are held back while a surface grows: only as long as somebody draws in the meantime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from app.core.render import client as clients
from app.core.render.camera import look_at
from app.core.render.client import RenderClient
from app.core.render.protocol import Ended, Hold, Message, SetCamera

CAMERA = look_at(np.array([-24.0, 4.0, 12.0]), np.array([4.0, 0, -1]))


class FakeLink:
    """A renderer without a process: notes what it is told."""

    def __init__(self, renderer: str, *_callbacks: Callable[..., None]) -> None:
        self.renderer = renderer
        self.dead = False
        self.sent: list[object] = []

    def start(self) -> None:
        pass

    def send(self, _serial: int, message: object) -> None:
        self.sent.append(message)

    def adopt(self, outbox: object) -> None:
        pass


class FakeBox:
    """What a fresh process is told."""

    def __init__(self) -> None:
        self.told: list[Message] = []

    def put(self, _serial: int, message: Message) -> None:
        self.told.append(message)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> RenderClient:
    """A client of two renderers with a view that is held."""
    monkeypatch.setattr(clients, "Link", FakeLink)
    client = RenderClient()
    client.send(SetCamera("v", CAMERA, False))
    client.send(Hold("v", True))
    return client


def holds(client: RenderClient, renderer: str) -> list[bool]:
    link = client.links[renderer]
    assert isinstance(link, FakeLink)
    return [message.held for message in link.sent if isinstance(message, Hold)]


def test_open3d_is_let_go_when_the_rasteriser_is_gone_for_good(held: RenderClient) -> None:
    held.links["raster"].dead = True
    held._reply("raster", Ended("raster", True))
    assert holds(held, "open3d") == [True, False]
    held.send(Hold("v", True))
    assert holds(held, "open3d") == [True, False], "who draws alone waits for nothing"
    box = FakeBox()
    held._introduce(held.links["open3d"], box)  # type: ignore[arg-type]
    assert [type(message) for message in box.told] == [SetCamera], "nor does a process that is started anew"


def test_it_stays_held_while_the_rasteriser_is_only_started_anew(held: RenderClient) -> None:
    held._reply("raster", Ended("raster", False))
    assert holds(held, "open3d") == [True]
    box = FakeBox()
    held._introduce(held.links["open3d"], box)  # type: ignore[arg-type]
    assert Hold("v", True) in box.told
