"""A surface as a file that other programs read: PLY, OBJ, GLB, with colours and normals, by trimesh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import UsageError
from app.core.files import write_atomically

SUFFIXES = (".ply", ".obj", ".glb")

_OPTIONS: dict[str, dict[str, Any]] = {
    "ply": {"vertex_normal": True},
    "obj": {"include_normals": True, "header": None},
    "glb": {"include_normals": True},
}

FAR = 16_384.0
"""Metres from the origin beyond which 32-bit numbers, which PLY and GLB hold, are a millimetre apart."""


def check_suffix(path: Path) -> None:
    """``UsageError`` for a suffix that is not of ``SUFFIXES``."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} must end in .ply, .obj or .glb; that chooses the format.")


def write_mesh(
    path: Path,
    vertices: np.ndarray,
    triangles: np.ndarray,
    colors: np.ndarray,
    normals: np.ndarray | None = None,
    *,
    world_from_sensor: np.ndarray | None = None,
) -> str | None:
    """Write a mesh; the suffix of ``path`` chooses the format. The file appears whole or not at all.

    Parameters
    ----------
    vertices : (V, 3) float32 metres, sensor frame; may be empty
    triangles : (T, 3) int32
    colors : (V, 3) uint8
    normals : (V, 3) float32, NaN where there is none, which becomes the mean of the triangles' normals
    world_from_sensor : (4, 4) float64: write world coordinates; None: sensor coordinates

    Returns
    -------
    a sentence where 32-bit numbers cannot tell places of the file apart to a millimetre, else None

    Raises
    ------
    UsageError
        Another suffix.
    DataError
        The file cannot be written.
    """
    import trimesh

    check_suffix(path)
    places = np.asarray(vertices, np.float64)
    if world_from_sensor is not None:
        places = places @ world_from_sensor[:3, :3].T + world_from_sensor[:3, 3]
    painted = colors if len(places) else None
    turned = None
    if normals is not None and len(places):
        turned = np.asarray(normals, np.float64)
        turned = turned if world_from_sensor is None else turned @ world_from_sensor[:3, :3].T
        known = np.isfinite(turned).all(axis=1, keepdims=True)
        if not known.all():
            turned = np.where(known, turned, trimesh.Trimesh(places, triangles, process=False).vertex_normals)
    mesh = trimesh.Trimesh(places, triangles, vertex_colors=painted, vertex_normals=turned, process=False)
    kind = path.suffix.lower()[1:]
    content: Any = mesh.export(file_type=kind, **_OPTIONS[kind])
    write_atomically(path, content.encode() if isinstance(content, str) else content)
    reach = float(np.abs(places).max()) if len(places) else 0.0
    if kind != "obj" and reach > FAR:
        return (
            f"{path.name} lies {reach / 1000:.0f} km from the origin, where its 32-bit numbers are "
            f"{1000 * float(np.spacing(np.float32(reach))):.0f} mm apart; OBJ and sensor coordinates are exact."
        )
    return None
