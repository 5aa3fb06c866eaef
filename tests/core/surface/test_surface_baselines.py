"""Poisson and the distances along lines of sight on a wall and a floor that are known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from app.core.surface.baselines import PoissonOptions, SightField, SightOptions, poisson
from app.core.surface.extraction import Box, ExtractionOptions, extracting
from app.core.surface.voxels import voxels


def wall(distance: float = 5.0, spacing: float = 0.02) -> np.ndarray:
    """(N, 3) points of a wall across x, as a scanner with even angles sees it."""
    angle = np.arange(-0.3, 0.3, spacing / 2)
    side, up = (np.tan(part).ravel() * distance for part in np.meshgrid(angle, angle))
    return np.stack([np.full(side.size, distance), side, up], axis=1).astype(np.float32)


def test_along_a_line_of_sight_it_is_the_range_less_the_place() -> None:
    field = SightField(wall(), SightOptions(truncation=0.4))
    along = np.float32([[4.0, 0, 0], [4.8, 0, 0], [5.0, 0, 0], [5.2, 0, 0], [5.5, 0, 0], [3.0, 3.0, 0], [0, 0, 0]])
    np.testing.assert_allclose(field(along), [0, 0.25, 0.5, 0.75, np.nan, np.nan, np.nan], atol=2e-3)


def test_an_edge_stays_an_edge() -> None:
    near = wall(2.0)
    points = np.concatenate([near[near[:, 1] < 0], wall(5.0)[wall(5.0)[:, 1] > 0]])
    places = np.float32([[3.0, 0.06, 0.0], [3.0, 0.2, 0.1], [2.1, -0.06, 0.0]])
    np.testing.assert_allclose(SightField(points)(places)[:2], 0, atol=1e-6)
    assert SightField(points)(places)[2] > 0.5


def test_its_surface_is_the_wall() -> None:
    points = wall()
    work = extracting(SightField(points), points, ExtractionOptions((0.4, 0.2, 0.1), radius=0.4))
    last = [level for level in work if level is not None][-1].surface
    assert len(last.triangles) > 500
    assert np.abs(last.vertices[:, 0] - 5).max() < 0.05
    assert last.normals[:, 0].max() < -0.9, "towards the sensor"


def test_no_points_are_nowhere() -> None:
    assert np.isnan(SightField(np.full((3, 3), np.nan, np.float32))(np.ones((4, 3), np.float32))).all()


def test_poisson_is_the_wall_towards_the_sensor_and_cut_off_away_from_points() -> None:
    points = wall()
    mesh = poisson(points, PoissonOptions(step=0.1, radius=0.3))
    assert len(mesh.triangles) > 500
    assert np.abs(mesh.vertices[:, 0] - 5).max() < 0.31
    assert np.median(np.abs(mesh.vertices[:, 0] - 5)) < 0.01
    corner = mesh.vertices[mesh.triangles].astype(float)
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert facing[:, 0].sum() < 0
    assert np.median(mesh.normals[:, 0]) < -0.9


def test_poisson_in_a_box_and_of_too_few_points() -> None:
    box = Box((4, 0, -1), (6, 1, 1))
    mesh = poisson(wall(), PoissonOptions(step=0.2), box)
    assert len(mesh.triangles)
    assert mesh.vertices[:, 1].min() > -0.5
    assert len(np.unique(mesh.triangles)) == len(mesh.vertices)
    assert poisson(wall()[:5], PoissonOptions()).triangles.shape == (0, 3)


@pytest.mark.parametrize("step", [0.1, 0.2])
def test_poisson_gets_finer_with_the_step(step: float) -> None:
    coarse = poisson(wall(), PoissonOptions(step=2 * step))
    assert len(poisson(wall(), PoissonOptions(step=step)).triangles) > 1.5 * len(coarse.triangles)


def test_voxels_are_the_outer_faces_of_the_cells_that_hold_a_point() -> None:
    points = np.array([[0.05, 0.05, 0.05], [0.06, 0.01, 0.09], [0.15, 0.05, 0.05], [1.05, -0.05, 0.05]], np.float32)
    made = voxels(points, 0.1)
    mesh = trimesh.Trimesh(made.vertices, made.triangles, process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert len(mesh.split()) == 2
    assert mesh.volume == pytest.approx(3 * 0.001, rel=1e-4)  # faces point outwards
    assert len(made.triangles) == 2 * (10 + 6)
    one = made.vertices[:, 0] > 0.5
    assert np.allclose(made.vertices[one].min(axis=0), (1.0, -0.1, 0.0), atol=1e-6)
    outward = np.einsum("ij,ij->i", made.normals[one], made.vertices[one] - (1.05, -0.05, 0.05))
    assert (outward > 0).all()


def test_voxels_of_nothing() -> None:
    assert len(voxels(np.zeros((0, 3), np.float32), 0.1).triangles) == 0
