"""A head's field: what the head says when it is asked by brute force; unknown where nothing supports it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_drive import scan
from surface_models import write_tiny_surface_model

from app.core.errors import DataError, UsageError
from app.core.surface import network_field
from app.core.surface.coloring import Told, vertex_layer
from app.core.surface.network_field import Latents, NetworkField, latent_steps
from app.core.surface_model import SurfaceModel, load_surface_model
from app.core.types import Frame
from app.models.heads.base import OccupancyHead


def drained(work):
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def small_frame() -> Frame:
    cloud, _ = scan(0, 120)
    return Frame(0, "000000", cloud[:, :3].copy(), intensity=cloud[:, 3].copy())


@pytest.fixture(scope="module", params=["context", "local"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SurfaceModel:
    return load_surface_model(write_tiny_surface_model(tmp_path_factory.mktemp("net"), request.param), "cpu")


def some_latents(head: OccupancyHead, count: int = 60) -> Latents:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(count, head.latent)).astype(np.float32)
    return Latents(rng.uniform(-1.5, 1.5, (count, 3)).astype(np.float32), values, np.arange(count))


def brute(head: OccupancyHead, latents: Latents, places: np.ndarray, neighbours: int, radius: float) -> np.ndarray:
    """One place after another, its neighbours by sorting all distances."""
    found = []
    for place in places:
        away = np.linalg.norm(latents.points - place, axis=1)
        rows = np.argsort(away)[:neighbours]
        rows = rows[away[rows] < radius]
        if not len(rows):
            found.append((np.nan, np.nan))
            continue
        offset = torch.from_numpy(place - latents.points[rows])[None]
        given = torch.from_numpy(latents.values), torch.from_numpy(rows)[None], offset
        with torch.inference_mode():
            told = head(*given)
        found.append((float(told.occupancy.mean().sigmoid()), float(told.intensity.mean())))
    return np.array(found, np.float32)


@pytest.mark.parametrize(("neighbours", "radius"), [(1, 0.6), (8, 0.6), (32, 1.0)])
def test_it_is_what_the_head_says_of_the_nearest_points(
    model: SurfaceModel, neighbours: int, radius: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(network_field.CACHED, "fp32", 7 * neighbours)  # many pieces, so threads
    latents = some_latents(model.head)
    places = np.random.default_rng(5).uniform(-3, 3, (60, 3)).astype(np.float32)
    field = NetworkField(model.head, latents, neighbours=neighbours, radius=radius, precision="fp32")
    wanted = brute(model.head, latents, places, neighbours, radius)
    np.testing.assert_allclose(field(places), wanted[:, 0], atol=1e-5)
    np.testing.assert_allclose(field.intensity(places), wanted[:, 1], atol=1e-5)
    assert 0 < np.isnan(wanted[:, 0]).sum() < 60


def test_fewer_points_than_neighbours_and_no_places(model: SurfaceModel) -> None:
    field = NetworkField(model.head, some_latents(model.head, 3), neighbours=32, precision="fp32")
    assert field.neighbours == 3
    assert field(np.zeros((0, 3), np.float32)).shape == (0,)
    assert np.isnan(field(np.full((2, 3), 50, np.float32))).all()


def test_threads_of_the_field_leave_torchs_own_number_alone(
    model: SurfaceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(network_field.CACHED, "fp32", 8)
    before = torch.get_num_threads()
    field = NetworkField(model.head, some_latents(model.head), neighbours=8, precision="fp32")
    field(np.zeros((64, 3), np.float32))
    assert torch.get_num_threads() == before
    pool = network_field._threads()
    assert [pool.submit(torch.get_num_threads).result() for _ in range(8)] == [1] * 8


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_nearest_latents_are_those_of_the_points(model: SurfaceModel, precision: str) -> None:
    latents = some_latents(model.head)
    field = NetworkField(model.head, latents, precision=precision)
    np.testing.assert_array_equal(field.nearest(latents.points), np.arange(60))


@pytest.mark.parametrize("count", [0, 33])
def test_a_number_of_neighbours_that_cannot_be(model: SurfaceModel, count: int) -> None:
    with pytest.raises(UsageError, match="between 1 and 32"):
        NetworkField(model.head, some_latents(model.head), neighbours=count)


def test_latents_of_a_frame_are_the_networks_outputs(model: SurfaceModel) -> None:
    frame = small_frame()
    frame.points[7] = np.nan
    latents = drained(latent_steps(model, frame, precision="fp32"))
    assert latents.values.shape == (len(latents.points), model.head.latent)
    np.testing.assert_array_equal(latents.points, frame.points[latents.row])
    assert 7 not in latents.row
    assert np.isfinite(latents.values).all()
    assert latents.values.std() > 0


def test_latents_that_are_not_numbers_are_told(model: SurfaceModel) -> None:
    parameter = next(p for p in model.network.parameters() if p.ndim > 1)
    before = parameter.data.clone()
    parameter.data.fill_(float("nan"))
    try:
        with pytest.raises(DataError, match=r"tiny_surface.*not numbers.*earlier"):
            drained(latent_steps(model, small_frame(), precision="fp32"))
    finally:
        parameter.data.copy_(before)


def test_a_frame_without_points(model: SurfaceModel) -> None:
    empty = Frame(0, "000000", np.full((2, 3), np.nan, np.float32), intensity=np.zeros(2, np.float32))
    with pytest.raises(DataError, match="no points"):
        drained(latent_steps(model, empty))


def test_colours_of_a_network(model: SurfaceModel) -> None:
    latents = some_latents(model.head)
    field = NetworkField(model.head, latents, neighbours=8, precision="fp32")
    told = Told(small_frame(), None, field, latents)
    vertices = latents.points[:20] + np.float32(0.01)
    up = np.tile(np.float32([0, 0, 1]), (20, 1))
    doubt = drained(vertex_layer("uncertainty", vertices, up, told)).values
    above, below = field(vertices + np.float32(0.1) * up), field(vertices - np.float32(0.1) * up)
    sides = np.nan_to_num(np.stack([4 * above * (1 - above), 4 * below * (1 - below)]), nan=1.0)
    np.testing.assert_allclose(doubt, sides.mean(axis=0), atol=1e-5)
    shine = drained(vertex_layer("intensity", vertices, up, told)).values
    np.testing.assert_allclose(shine, field.intensity(vertices), atol=1e-6)
    assert drained(vertex_layer("latent", vertices, up, told)).values.shape == (20, 3)


def test_fewer_latents_are_as_unknown_as_can_be() -> None:
    """A vertex with no support on either side is wholly uncertain, not unknown."""

    class Nowhere:
        most = 8

        def __call__(self, places: np.ndarray) -> np.ndarray:
            return np.full(len(places), np.nan, np.float32)

    told = Told(small_frame(), None, Nowhere(), some_latents_of(4))  # type: ignore[arg-type]
    vertices = np.zeros((3, 3), np.float32)
    assert drained(vertex_layer("uncertainty", vertices, vertices, told)).values.tolist() == [1, 1, 1]


def some_latents_of(count: int) -> Latents:
    return Latents(np.zeros((count, 3), np.float32), np.zeros((count, 2), np.float32), np.arange(count))


def test_reading_a_tiny_model_needs_its_head(tmp_path: Path) -> None:
    from app.core.methods.predict import write_tiny

    with pytest.raises(DataError, match="no occupancy head"):
        load_surface_model(write_tiny(tmp_path / "tiny.safetensors"), "cpu")
