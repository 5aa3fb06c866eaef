"""The exact surface beside the drive, written and read: standing blocks and moving things as meshes.

The drive's world is what KITTI's poses give: the LiDAR's frame at the first scan.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.demo.files import json_bytes, packed
from app.core.demo.mesh import Array, Mesh
from app.core.errors import DataError
from app.core.files import write_atomically

if TYPE_CHECKING:
    from app.core.demo.traffic import Mover
    from app.core.demo.world import World


@dataclass(frozen=True)
class Surface:
    """The exact surface at one frame in the drive's world (the LiDAR's frame at the first scan).

    ``vertices`` (V, 3) float32; ``triangles`` (T, 3) int32; ``label`` (T,) uint16 raw ids;
    ``class_id`` (T,) uint8, 1 to 19 or 0; ``instance`` (T,) uint16.
    """

    vertices: Array
    triangles: Array
    label: Array
    class_id: Array
    instance: Array


def write_surface(folder: Path, world: World, frames: int) -> Iterator[str]:
    """Write ``world/``: ``static_NNN.npz`` a block, ``moving_NNNNN.npz`` a mover, at last ``world.json``.

    Yields the name of each file once it is written, so that a caller may stop in between.
    """
    from app.core.demo.world import PERIOD, VERSION

    about = folder / "world.json"
    here = np.linalg.inv(world.ego_pose(0.0))
    near = sorted({number for frame in range(frames) for number in world.blocks_near(frame)})
    blocks = []
    for place, number in enumerate(near):
        path = folder / f"static_{place:03d}.npz"
        if not path.is_file():
            write_atomically(path, packed(_arrays(world.block(number).moved(here))))
        seen = [frame for frame in range(frames) if number in world.blocks_near(frame)]
        yield path.name
        blocks.append({"file": path.name, "block": number, "first_frame": seen[0], "last_frame": seen[-1]})
    movers = yield from _write_movers(folder, world, frames, here)
    description: dict[str, Any] = {
        "lidarscope_demo": VERSION,
        "seed": world.seed,
        "frames": frames,
        "period": PERIOD,
        "description": "A procedural street. Meshes are in the LiDAR's frame at the first scan, metres; "
        "'label' is the raw SemanticKITTI id of each triangle.",
        "static": blocks,
        "moving": movers,
    }
    write_atomically(about, json_bytes(description))
    yield about.name


def _arrays(mesh: Mesh) -> dict[str, Array]:
    from app.core.demo.labels import train_ids

    return {
        "vertices": mesh.vertices.astype(np.float32),
        "triangles": mesh.triangles.astype(np.int32),
        "label": mesh.label.astype(np.uint16),
        "class": train_ids(mesh.label),
        "instance": mesh.instance.astype(np.uint16),
    }


def _write_movers(
    folder: Path, world: World, frames: int, here: Array
) -> Generator[str, None, list[dict[str, Any]]]:
    """One file a mover: mesh in its own frame, and its pose in each frame (NaN where it is not near)."""
    from app.core.demo.world import PERIOD

    present: dict[int, list[int]] = {}
    movers: dict[int, Mover] = {}
    for frame in range(frames):
        for mover in world.traffic.movers(frame * PERIOD):
            present.setdefault(mover.instance, []).append(frame)
            movers[mover.instance] = mover
    found = []
    for instance, seen in present.items():
        mover = movers[instance]
        path = folder / f"moving_{instance:05d}.npz"
        shape = mover.mesh(seen[0] * PERIOD)
        arrays = _arrays(shape)
        poses = np.full((frames, 4, 4), np.nan)
        for frame in seen:
            poses[frame] = here @ mover.place(frame * PERIOD)
        arrays["poses"] = poses
        if mover.animated:
            arrays["frames"] = np.array(seen, np.int32)
            arrays["frame_vertices"] = np.stack([mover.mesh(frame * PERIOD).vertices for frame in seen])
        write_atomically(path, packed(arrays))
        yield path.name
        found.append({"file": path.name, "instance": instance, "kind": mover.kind, "label": int(mover.label)})
    return found


def read_surface(sequence: Path, frame: int) -> Surface | None:
    """The surface that the sensors could reach in a frame; None while the drive has none (it is written last).

    Raises ``DataError`` where it is there but broken.
    """
    folder = sequence / "world"
    try:
        about = json.loads((folder / "world.json").read_text(encoding="utf-8"))
        near = [b["file"] for b in about["static"] if b["first_frame"] <= frame <= b["last_frame"]]
        moving = [m["file"] for m in about["moving"]]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / 'world.json'} is broken ({error}); write the demo drive again.") from None
    parts = [_load(folder / name, _MESH) for name in near]
    parts += [part for name in moving if (part := _moved(folder / name, frame)) is not None]
    starts = np.cumsum([0, *(len(part["vertices"]) for part in parts)])
    triangles = [part["triangles"] + np.int32(start) for part, start in zip(parts, starts[:-1], strict=True)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in _MESH if name != "triangles"}
    return Surface(
        joined["vertices"], np.concatenate(triangles), joined["label"], joined["class"], joined["instance"]
    )


_MESH = ("vertices", "triangles", "label", "class", "instance")


def _moved(path: Path, frame: int) -> dict[str, Array] | None:
    """A moving thing where it is in a frame; None where it is not near then."""
    arrays = _load(path, (*_MESH, "poses"))
    pose = arrays.pop("poses")[frame]
    if np.isnan(pose).any():
        return None
    vertices = arrays["vertices"]
    animated = _load(path, ("frames", "frame_vertices"), optional=True)
    if animated:
        vertices = animated["frame_vertices"][int(np.flatnonzero(animated["frames"] == frame)[0])]
    arrays["vertices"] = (vertices @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32)
    return arrays


def _load(path: Path, names: tuple[str, ...], *, optional: bool = False) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if optional and names[0] not in file:
                return {}
            return {name: np.asarray(file[name]) for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is broken ({error}); write the demo drive again.") from None
