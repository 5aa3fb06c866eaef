"""A tiny data set in nuScenes' layout, for the readers' contract test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets._examples import POINTS, write_png

_START = 1_532_402_927_600_000
_HALF = [0.5, -0.5, 0.5, -0.5]
"""The quaternion of a camera that looks along the vehicle's x."""


def write_nuscenes(folder: Path) -> Path:
    """One scene of two keyframes and one sweep between them, one camera, a moving box and lidarseg labels."""
    shots: list[dict[str, Any]] = []
    egos: list[dict[str, Any]] = []
    seg: list[dict[str, Any]] = []
    for i, (sample, is_key) in enumerate((("s0", True), ("s1", False), ("s1", True))):
        kind = "samples" if is_key else "sweeps"
        time = _START + 250_000 * i
        egos.append({"token": f"e{i}", "translation": [100.0 + i, 50.0, 0.0], "rotation": [1, 0, 0, 0]})
        scan = f"{kind}/LIDAR_TOP/n__LIDAR_TOP__{time}.pcd.bin"
        image = f"{kind}/CAM_FRONT/n__CAM_FRONT__{time}.png"
        shots.append(_shot(f"l{i}", sample, i, "lidar", time, is_key, scan, 0, 0))
        shots.append(_shot(f"c{i}", sample, i, "front", time + 10_000, is_key, image, 120, 40))
        (folder / scan).parent.mkdir(parents=True, exist_ok=True)
        np.hstack([POINTS, np.arange(len(POINTS), dtype="<f4")[:, None]]).tofile(folder / scan)
        write_png(folder / image, 120, 40)
        if is_key:
            label = f"lidarseg/v1.0-mini/l{i}_lidarseg.bin"
            (folder / label).parent.mkdir(parents=True, exist_ok=True)
            np.array([24, 17, 17, 30], np.uint8).tofile(folder / label)
            seg.append({"token": f"l{i}", "sample_data_token": f"l{i}", "filename": label})
    _write_tables(folder / "v1.0-mini", shots, egos, seg)
    return folder


def _shot(
    token: str, sample: str, ego: int, sensor: str, time: int, is_key: bool, file: str, width: int, height: int
) -> dict[str, Any]:
    return {
        "token": token,
        "sample_token": sample,
        "ego_pose_token": f"e{ego}",
        "calibrated_sensor_token": sensor,
        "timestamp": time,
        "is_key_frame": is_key,
        "filename": file,
        "width": width,
        "height": height,
    }


def _write_tables(
    folder: Path, shots: list[dict[str, Any]], egos: list[dict[str, Any]], seg: list[dict[str, Any]]
) -> None:
    camera = [[100.0, 0, 60], [0, 100.0, 20], [0, 0, 1]]
    box = {"instance_token": "i0", "size": [2.0, 4.0, 1.5], "rotation": [1, 0, 0, 0]}
    tables: dict[str, list[dict[str, Any]]] = {
        "scene": [{"token": "scene", "name": "scene-0001", "description": "an example"}],
        "sample": [
            {"token": "s0", "scene_token": "scene", "timestamp": _START},
            {"token": "s1", "scene_token": "scene", "timestamp": _START + 500_000},
        ],
        "sensor": [
            {"token": "a", "channel": "LIDAR_TOP", "modality": "lidar"},
            {"token": "b", "channel": "CAM_FRONT", "modality": "camera"},
        ],
        "calibrated_sensor": [
            {"token": "lidar", "sensor_token": "a", "translation": [1, 0, 1.8], "rotation": [1, 0, 0, 0]},
            {
                "token": "front",
                "sensor_token": "b",
                "translation": [1.5, 0, 1.5],
                "rotation": _HALF,
                "camera_intrinsic": camera,
            },
        ],
        "ego_pose": egos,
        "sample_data": shots,
        "category": [{"token": "car", "name": "vehicle.car"}],
        "instance": [{"token": "i0", "category_token": "car"}],
        "sample_annotation": [
            {"token": "a0", "sample_token": "s0", "prev": "", "next": "a1", "translation": [112, 50, 1], **box},
            {"token": "a1", "sample_token": "s1", "prev": "a0", "next": "", "translation": [113, 50, 1], **box},
        ],
        "lidarseg": seg,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.json").write_text(json.dumps(rows))
