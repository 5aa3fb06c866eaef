"""Reading scans: ours beside numpy.fromfile, Open3D and laspy on the same files, and opening a long drive.

    python -m benchmarks.reading [PATH] [--json]

PATH is a data set with labels; without one a scan of 124 668 points is written to a temporary folder.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.core.datasets import Sequence, open_dataset
from app.core.datasets._examples import PROJECTION, SENSOR_TO_CAMERA
from benchmarks.rows import Row

POINTS = 124_668
SCANS = 4541
IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0\n"


def paired(ours: Callable[[], object], peer: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median milliseconds of both, called in turn so that both meet the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(repeats + 2):
        for work, found in zip((ours, peer), times, strict=True):
            start = time.perf_counter()
            work()
            if turn > 1:  # the first two fill caches
                found.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[0]), statistics.median(times[1])


def write_drive(folder: Path) -> Path:
    """A drive of one scan of 124 668 points with labels, one pose and a calibration."""
    sequence = folder / "sequences" / "00"
    rng = np.random.default_rng(0)
    points = np.c_[rng.normal(0, 20, (POINTS, 3)), rng.random(POINTS)].astype("<f4")
    labels = rng.choice(np.array([10, 40, 48, 50, 70], "<u4"), POINTS)
    for kind, name, data in (("velodyne", "000000.bin", points), ("labels", "000000.label", labels)):
        (sequence / kind).mkdir(parents=True)
        data.tofile(sequence / kind / name)
    (sequence / "calib.txt").write_text(f"P2: {PROJECTION}\nTr: {SENSOR_TO_CAMERA}\n")
    (sequence / "poses.txt").write_text(IDENTITY)
    return folder


def write_long_drive(folder: Path) -> Path:
    """A drive as long as KITTI's longest, of empty files: opening must not look at them."""
    sequence = folder / "sequences" / "00"
    for kind, suffix in (("velodyne", "bin"), ("labels", "label"), ("image_2", "png")):
        (sequence / kind).mkdir(parents=True)
        for index in range(SCANS):
            (sequence / kind / f"{index:06d}.{suffix}").touch()
    (sequence / "calib.txt").write_text(f"P2: {PROJECTION}\nTr: {SENSOR_TO_CAMERA}\n")
    (sequence / "poses.txt").write_text(IDENTITY * SCANS)
    return folder


def labelled_scan(data: Path) -> tuple[Sequence, int, Path, Path]:
    """The first scan with labels in a data set of KITTI's layout: its sequence, number and two files."""
    for sequence in open_dataset(data).sequences:
        for index in range(len(sequence) if sequence.has_labels else 0):
            frame = sequence.read(index)
            if frame.labels is None:
                continue
            scans = sorted(data.rglob(f"{sequence.name}/velodyne/{frame.name}.bin"))
            labels = sorted(data.rglob(f"{sequence.name}/labels/{frame.name}.label"))
            if scans and labels:
                return sequence, index, scans[0], labels[0]
    raise SystemExit(f"{data} has no labelled scan in KITTI's layout.")


def scan_rows(data: Path) -> list[Row]:
    """One scan with its labels into a frame; the second row adds the look at every value."""
    sequence, index, scan, labels = labelled_scan(data)
    count = len(sequence.read(index))

    def peer() -> object:
        return np.fromfile(scan, np.float32), np.fromfile(labels, np.uint32)

    ours, theirs = paired(lambda: sequence.read(index), peer, 301)
    what = f"a scan of {count} points with labels into a Frame"
    rows = [Row(what, "ms", ours, "numpy.fromfile of the files", theirs, reach=1.3, of_ratio=True)]
    ours, theirs = paired(lambda: sequence.notes(sequence.read(index)), peer, 101)
    note = "not part of reading: finds NaN and unknown ids"
    rows.append(
        Row("the same with a look at every value", "ms", ours, "numpy.fromfile of the files", theirs, note=note)
    )
    return rows


def opening_row(folder: Path) -> Row:
    """Opening a long drive with everything the window shows of it: problems, rate, poses."""
    drive = write_long_drive(folder)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        (sequence,) = open_dataset(drive).sequences
        seen = (sequence.problems, sequence.rate, sequence.poses)
        times.append(time.perf_counter() - start)
    assert seen[2] is not None and len(sequence) == len(seen[2]) == SCANS
    return Row(f"opening {SCANS} scans, poses and problems included", "s", statistics.median(times), reach=1.0)


def cloud_rows(folder: Path) -> list[Row]:
    """Files of other formats, written and also read by the peer."""
    import open3d as o3d

    rng = np.random.default_rng(0)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(rng.normal(0, 20, (POINTS, 3)).round(3)))
    rows = []
    for name, title, options in (
        ("a.ply", "PLY, binary", {}),
        ("b.ply", "PLY, ASCII", {"write_ascii": True}),
        ("a.pcd", "PCD, binary", {}),
        ("b.pcd", "PCD, ASCII", {"write_ascii": True}),
        ("c.pcd", "PCD, binary_compressed", {"compressed": True}),
    ):
        path = folder / name
        o3d.io.write_point_cloud(str(path), cloud, **options)
        sequence = open_dataset(path).sequences[0]
        ours, theirs = paired(
            lambda sequence=sequence: sequence.read(0),  # type: ignore[misc]
            lambda path=path: o3d.io.read_point_cloud(str(path)),  # type: ignore[misc]
            9,
        )
        rows.append(Row(f"{title}, {POINTS} points", "ms", ours, "Open3D", theirs))
    return rows


def tile_rows(folder: Path) -> list[Row]:
    """A tile of a million points, LAS and LAZ."""
    import laspy

    rng = np.random.default_rng(0)
    tile = laspy.LasData(laspy.LasHeader(point_format=3, version="1.2"))
    tile.x, tile.y, tile.z = rng.normal(0, 50, (3, 1_000_000))
    rows = []
    for name in ("tile.las", "tile.laz"):
        path = folder / name
        tile.write(path)
        sequence = open_dataset(path).sequences[0]

        for names in (("x", "y", "z"), ("x", "y", "z", "intensity", "classification", "red", "green", "blue")):

            def peer(path: Path = path, names: tuple[str, ...] = names) -> object:
                read = laspy.read(path)
                return [np.asarray(read[name]) for name in names]

            ours, theirs = paired(lambda sequence=sequence: sequence.read(0), peer, 5)  # type: ignore[misc]
            note = f"ours takes all 8 columns of a frame, the peer {len(names)}"
            rows.append(Row(f"{path.suffix[1:].upper()}, 1000000 points", "ms", ours, "laspy", theirs, note=note))
    return rows


def rows(data: Path | None = None) -> list[Row]:
    """Measure every format; ``data`` is a data set with labelled scans, without it one is generated."""
    with tempfile.TemporaryDirectory(prefix="lidarscope-") as scratch:
        folder = Path(scratch)
        measured = scan_rows(data or write_drive(folder / "scan"))
        measured.append(opening_row(folder / "long"))
        measured += cloud_rows(folder)
        measured += tile_rows(folder)
    return measured
