"""Pictures of demo worlds with the truth behind each pixel, rendered once and kept in a folder."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from app.core.demo.camera import take_picture
from app.core.demo.picture_truth import PictureTruth, truth_of
from app.core.demo.world import PERIOD, build_world
from app.core.files import write_atomically

TRAIN_SEED, TEST_SEED = 1000, 2000
"""First seeds of the worlds that train and that measure; the demo drive and the checkpoints have others."""

_FIELDS = ("label", "instance", "material", "code", "color", "distance", "street")
_NARROW = {"color": np.float16, "distance": np.float16}


def frames_of(seed: int, count: int) -> list[int]:
    """Which frames of a world are taken: about 24 m apart, starting anywhere in the first 15 m."""
    return [2 + seed * 7 % 20 + 34 * k for k in range(count)]


def path_of(folder: Path, seed: int, frame: int) -> Path:
    """Where a picture is kept."""
    return folder / f"{seed}-{frame:04d}.npz"


def render(folder: Path, seeds: list[int], frames: int, workers: int) -> None:
    """Render what is missing, world by world in ``workers`` processes."""
    missing = [s for s in seeds if not all(path_of(folder, s, k).exists() for k in frames_of(s, frames))]
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(_world, folder, seed, frames) for seed in missing]
        for done, job in enumerate(jobs):
            job.result()
            print(f"world {done + 1} of {len(missing)}", flush=True)


def _world(folder: Path, seed: int, frames: int) -> None:
    world = build_world(seed)
    for frame in frames_of(seed, frames):
        path = path_of(folder, seed, frame)
        if path.exists():
            continue
        caster, _ = world.caster(frame)
        pose, at = world.ego_pose(frame * PERIOD), world.traffic.ego_s(frame * PERIOD)
        picture = take_picture(caster, world.light, world.noise, world.calibration, pose)
        truth = truth_of(caster, world.calibration, pose, world.line, at)
        arrays = {name: np.asarray(getattr(truth, name)) for name in _FIELDS}
        arrays = {name: value.astype(_NARROW.get(name, value.dtype)) for name, value in arrays.items()}
        tall = np.array(sorted(truth.tall.items()), np.float32).reshape(-1, 2)
        write_atomically(path, lambda file, kept=(arrays, picture, tall): np.savez(  # type: ignore[misc]
            file, picture=kept[1], tall=kept[2], **kept[0]))  # fmt: skip


def read(path: Path) -> tuple[np.ndarray, PictureTruth]:
    """A picture (H, W, 3) uint8 and its truth."""
    with np.load(path) as kept:
        facts = {name: kept[name] for name in _FIELDS}
        picture, tall = kept["picture"], kept["tall"]
    return picture, PictureTruth(**facts, tall={int(k): float(v) for k, v in tall})
