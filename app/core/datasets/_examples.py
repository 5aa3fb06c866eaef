"""Tiny drives in the KITTI family's own layouts, for the readers' contract test."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

PROJECTION = "7.0e+02 0 6.0e+01 4.5e+01 0 7.0e+02 2.0e+01 -1.0e-01 0 0 1 3.0e-03"
SENSOR_TO_CAMERA = "0 -1 0 0.01 0 0 -1 -0.08 1 0 0 -0.27"
POINTS = np.array([[10, 0, 0, 0.5], [12, 1, -1, 0.25], [5, -2, -1.5, 0.75], [20, 0.5, 0.5, 0]], "<f4")


def write_png(path: Path, width: int, height: int, shade: int = 120) -> None:
    """A grey picture, written without an imaging library."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + bytes([shade]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def write_scan(path: Path, shift: float = 0.0) -> None:
    """A scan of four points, moved ``shift`` metres forward."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (POINTS + np.array([shift, 0, 0, 0], "<f4")).tofile(path)


def write_semantickitti(folder: Path) -> Path:
    """Sequence 00 of two scans with labels, pictures, poses and times; returns the data set's root."""
    sequence = folder / "sequences" / "00"
    for i in range(2):
        write_scan(sequence / "velodyne" / f"{i:06d}.bin", 0.1 * i)
        write_png(sequence / "image_2" / f"{i:06d}.png", 120, 40)
        labels = np.array([40, 10 | 7 << 16, 252 | 8 << 16, 70], "<u4")
        (sequence / "labels").mkdir(exist_ok=True)
        labels.tofile(sequence / "labels" / f"{i:06d}.label")
    (sequence / "calib.txt").write_text(f"P2: {PROJECTION}\nTr: {SENSOR_TO_CAMERA}\n")
    (sequence / "poses.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n1 0 0 0 0 1 0 0 0 0 1 1.5\n")
    (sequence / "times.txt").write_text("0.0\n0.1\n")
    return folder


def write_kitti_raw(folder: Path) -> Path:
    """A date with one drive of two scans, pictures, oxts packets and times; returns the date's folder."""
    date = folder / "2011_09_26"
    drive = date / "2011_09_26_drive_0001_sync"
    (drive / "oxts" / "data").mkdir(parents=True, exist_ok=True)
    for i in range(2):
        write_scan(drive / "velodyne_points" / "data" / f"{i:010d}.bin", 0.1 * i)
        write_png(drive / "image_02" / "data" / f"{i:010d}.png", 120, 40)
        packet = f"49.0 {8.0 + 1e-5 * i} 110 0.01 0.02 {0.1 * i}" + " 0" * 24 + "\n"
        (drive / "oxts" / "data" / f"{i:010d}.txt").write_text(packet)
    times = "2011-09-26 13:02:25.900000000\n2011-09-26 13:02:26.000000000\n"
    (drive / "velodyne_points" / "timestamps.txt").write_text(times)
    identity = "R: 1 0 0 0 1 0 0 0 1"
    (date / "calib_cam_to_cam.txt").write_text(
        f"calib_time: 09-Jan-2012 13:57:47\nR_rect_00: 1 0 0 0 1 0 0 0 1\n"
        f"S_rect_02: 120 40\nP_rect_02: {PROJECTION}\n"
    )
    (date / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0.01 -0.08 -0.27\n")
    (date / "calib_imu_to_velo.txt").write_text(f"{identity}\nT: -0.8 0.3 -0.8\n")
    return date


def write_kitti_object(folder: Path) -> Path:
    """Split ``training`` of two frames with pictures, calibration and boxes; returns the benchmark's root."""
    training = folder / "training"
    (training / "label_2").mkdir(parents=True, exist_ok=True)
    (training / "calib").mkdir(exist_ok=True)
    for i in range(2):
        write_scan(training / "velodyne" / f"{i:06d}.bin", 0.1 * i)
        write_png(training / "image_2" / f"{i:06d}.png", 120 + i, 40)
        (training / "calib" / f"{i:06d}.txt").write_text(
            f"P2: {PROJECTION}\nR0_rect: 1 0 0 0 1 0 0 0 1\nTr_velo_to_cam: {SENSOR_TO_CAMERA}\n"
        )
        (training / "label_2" / f"{i:06d}.txt").write_text(
            "Car 0.00 0 1.85 10 10 50 30 1.67 1.87 3.69 -1.0 1.5 12.0 1.57\n"
            "DontCare -1 -1 -10 5 17 6 19 -1 -1 -1 -1000 -1000 -1000 -10\n"
        )
    return folder
