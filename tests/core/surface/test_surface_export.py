"""Meshes written and read back by trimesh: places, colours, normals, world coordinates, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from app.core.errors import DataError, UsageError
from app.core.surface.export import SUFFIXES, write_mesh

VERTICES = np.float32([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]])
TRIANGLES = np.int32([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
COLORS = np.uint8([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]])
NORMALS = (VERTICES - 0.25) / np.linalg.norm(VERTICES - 0.25, axis=1, keepdims=True)


def read(path: Path) -> trimesh.Trimesh:
    mesh = trimesh.load(path, force="mesh", process=False)
    assert isinstance(mesh, trimesh.Trimesh)
    return mesh


def stored_normals(path: Path) -> np.ndarray:
    """The normals that a file holds, which the reader works out anew from the triangles."""
    if path.suffix == ".obj":
        lines = (line.split()[1:] for line in path.read_text().splitlines() if line.startswith("vn "))
        return np.array([[float(part) for part in line] for line in lines])
    if path.suffix == ".ply":
        rows = read(path).metadata["_ply_raw"]["vertex"]["data"]
        return np.stack([rows["nx"], rows["ny"], rows["nz"]], axis=1)
    (mesh,) = trimesh.load(path, process=False).geometry.values()
    return np.asarray(mesh.vertex_normals)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_it_comes_back_as_it_was(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"mesh{suffix}"
    assert write_mesh(path, VERTICES, TRIANGLES, COLORS, NORMALS) is None
    mesh = read(path)
    np.testing.assert_allclose(mesh.vertices[mesh.faces], VERTICES[TRIANGLES], atol=1e-6)
    colors = np.asarray(mesh.visual.vertex_colors)[:, :3]
    np.testing.assert_array_equal(colors[mesh.faces], COLORS[TRIANGLES])
    np.testing.assert_allclose(stored_normals(path), NORMALS, atol=1e-6)
    assert mesh.is_watertight
    assert mesh.volume > 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_world_coordinates_turn_places_and_normals(suffix: str, tmp_path: Path) -> None:
    pose = np.array([[0.0, -1, 0, 100], [1, 0, 0, -50], [0, 0, 1, 7], [0, 0, 0, 1]])
    path = tmp_path / f"mesh{suffix}"
    write_mesh(path, VERTICES, TRIANGLES, COLORS, NORMALS, world_from_sensor=pose)
    mesh = read(path)
    wanted = VERTICES @ pose[:3, :3].T + pose[:3, 3]
    np.testing.assert_allclose(mesh.vertices[mesh.faces], wanted[TRIANGLES], atol=1e-4)
    np.testing.assert_allclose(stored_normals(path), NORMALS @ pose[:3, :3].T, atol=1e-5)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_mesh_is_a_file_too(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"empty{suffix}"
    none = np.zeros((0, 3))
    write_mesh(path, none.astype(np.float32), none.astype(np.int32), none.astype(np.uint8), none.astype(np.float32))
    assert path.stat().st_size > 0


def test_vertices_without_a_normal_get_that_of_their_triangles(tmp_path: Path) -> None:
    normals = NORMALS.copy()
    normals[1] = np.nan
    write_mesh(tmp_path / "mesh.ply", VERTICES, TRIANGLES, COLORS, normals)
    found = stored_normals(tmp_path / "mesh.ply")
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    assert found[1] @ [1, 0, 0] > 0.1


def test_far_away_it_says_how_exact_the_numbers_are(tmp_path: Path) -> None:
    pose = np.eye(4)
    pose[0, 3] = 500_000.0
    said = write_mesh(tmp_path / "mesh.glb", VERTICES, TRIANGLES, COLORS, world_from_sensor=pose)
    assert said is not None
    assert "500 km" in said
    assert write_mesh(tmp_path / "mesh.obj", VERTICES, TRIANGLES, COLORS, world_from_sensor=pose) is None
    assert read(tmp_path / "mesh.obj").vertices.max() == pytest.approx(500_001.0, abs=1e-3)


def test_another_suffix_and_a_disk_that_refuses(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.stl"):
        write_mesh(tmp_path / "mesh.stl", VERTICES, TRIANGLES, COLORS)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_mesh(tmp_path / "file" / "mesh.ply", VERTICES, TRIANGLES, COLORS)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
