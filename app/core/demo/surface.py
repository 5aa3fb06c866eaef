"""The exact surface beside the drive: standing blocks and moving things as meshes, in the drive's world.

The drive's world is what KITTI's poses give: the LiDAR's frame at the first scan.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.demo.files import json_bytes, packed
from app.core.demo.mesh import Array, Mesh
from app.core.files import write_atomically

if TYPE_CHECKING:
    from app.core.demo.traffic import Mover
    from app.core.demo.world import World


def write_surface(folder: Path, world: World, frames: int) -> None:
    """Write ``world/``: ``static_NNN.npz`` a block, ``moving_NNNNN.npz`` a mover, ``world.json``."""
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
        blocks.append({"file": path.name, "block": number, "first_frame": seen[0], "last_frame": seen[-1]})
    movers = _write_movers(folder, world, frames, here)
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


def _arrays(mesh: Mesh) -> dict[str, Array]:
    from app.core.demo.labels import train_ids

    return {
        "vertices": mesh.vertices.astype(np.float32),
        "triangles": mesh.triangles.astype(np.int32),
        "label": mesh.label.astype(np.uint16),
        "class": train_ids(mesh.label),
        "instance": mesh.instance.astype(np.uint16),
    }


def _write_movers(folder: Path, world: World, frames: int, here: Array) -> list[dict[str, Any]]:
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
        found.append({"file": path.name, "instance": instance, "kind": mover.kind, "label": int(mover.label)})
    return found
