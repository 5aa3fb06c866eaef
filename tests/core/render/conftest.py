"""What tests of the render processes share: a client that is closed, and a recorder of what it delivers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from delivered import Delivered, Start

from app.core.render.client import RenderClient


@pytest.fixture
def start() -> Iterator[Start]:
    """``start("raster", ...)``: a client with those renderers and what it delivers for view "v"."""
    clients: list[RenderClient] = []

    def begin(*renderers: str) -> tuple[RenderClient, Delivered]:
        delivered = Delivered()
        client = RenderClient(renderers=renderers or ("raster",), on_log=delivered.line)
        client.listen("v", delivered.picture)
        clients.append(client)
        return client, delivered

    yield begin
    for client in clients:
        client.close()


@pytest.fixture
def street() -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) float32 of a made-up street (ground, two walls, boxes), and colours (N, 3) uint8."""
    rng = np.random.default_rng(4)
    ground = np.column_stack([rng.uniform(-25, 40, 12000), rng.uniform(-9, 9, 12000), np.full(12000, -1.7)])
    walls = np.column_stack([rng.uniform(-25, 40, 8000), rng.choice([-9.0, 9.0], 8000), rng.uniform(-1.7, 4, 8000)])
    boxes = rng.uniform(-1, 1, (4000, 3)) * [2, 0.9, 0.8] + rng.choice([-4.0, 4.0], (4000, 1)) * [2, 1, 0]
    points = np.concatenate([ground, walls, boxes]).astype(np.float32)
    colors = np.concatenate([np.full((12000, 3), (200, 60, 200)), np.full((8000, 3), (250, 200, 0))])
    colors = np.concatenate([colors, np.full((4000, 3), (90, 150, 240))]).astype(np.uint8)
    return points, colors
