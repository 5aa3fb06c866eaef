"""Superpoints of one scan: how long they take, beside scikit-learn, Open3D and scipy, and how good they are.

The real scan of 124 668 points where it lies beside the project (or in LIDARSCOPE_REALDATA), else a demo frame.
Times are medians of several runs after one that compiles; peers take turns with ours. ``reach`` of a share is the
most that may be wrong: 0.035 is a purity of 0.965.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.core.datasets import open_dataset
from app.core.geometry.ground import ground
from app.core.geometry.neighbours import neighbourhoods, surface_normals
from app.core.geometry.superpoints import KINDS, SuperpointOptions, superpoints
from app.core.geometry.superpoints_dbscan import dbscan
from app.core.geometry.superpoints_measures import SuperpointScore, score
from app.core.geometry.supervoxels import supervoxels
from app.core.label_sets import SEMANTIC_KITTI
from app.core.layers.instance import CLASS_SHIFT, object_ids
from app.core.types import Frame
from benchmarks.drives import demo_drive
from benchmarks.rows import Row

EPS, LEAST = 0.5, 10
AUTHORS_MS, AUTHORS_PURITY = 282.0, 0.970
"""The authors' C++ on the real scan, measured when this project was planned."""


def labelled_frame() -> tuple[Frame, str]:
    """The real scan, or a demo frame where there is none, and what to call it."""
    root = Path(os.environ.get("LIDARSCOPE_REALDATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    real = (root / "semantickitti").is_dir()
    frame = open_dataset(root / "semantickitti" if real else demo_drive(1)).sequences[0].read(0)
    return frame, f"{'real' if real else 'demo'} scan, {len(frame)} points"


def in_turn(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each, called in turn so that all meet the same machine."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn:
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(found) for name, found in times.items()}


def truth(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """(N,) train ids, 0 unlabelled, and (N,) things: objects where they are, else one thing a class."""
    classes = SEMANTIC_KITTI.train_ids(frame.labels).astype(np.int64)
    classes[classes == 255] = 0
    ids = object_ids(frame, SEMANTIC_KITTI)
    objects = np.zeros(len(frame), np.int64) if ids is None else ids.astype(np.int64)
    return classes, np.where(objects > 0, objects + 20 * CLASS_SHIFT, classes)


def measured(frame: Frame, options: SuperpointOptions) -> SuperpointScore:
    """Superpoints of a frame against its labels."""
    return score(frame.points, superpoints(frame.points, options).segment, *truth(frame))


def supervoxel_rows(frame: Frame, where: str) -> list[Row]:
    """Neighbours, normals and supervoxels, in all and one by one."""
    from scipy.spatial import cKDTree

    points = frame.points[frame.valid]
    real = where.startswith("real")
    hoods = neighbourhoods(points, count=15)
    times = in_turn(
        {
            "all": lambda: supervoxels(points),
            "spread": lambda: supervoxels(points, spread=True),
            "neighbours": lambda: neighbourhoods(points, count=15),
            "scipy": lambda: cKDTree(points).query(points, k=15, workers=-1),
            "normals": lambda: surface_normals(hoods.points, hoods.index),
        },
        5,
    )
    authors = {"peer": "the authors' C++", "peer_value": AUTHORS_MS} if real else {}
    found = measured(frame, SuperpointOptions(kind="supervoxels"))
    what = "neighbours, normals and supervoxels"
    return [
        Row(f"{what}; {where}", "ms", times["all"], reach=300, note=f"{found.count} supervoxels", **authors),
        Row("the same, neighbours of more than one scan line", "ms", times["spread"]),
        Row("15 neighbours of every point", "ms", times["neighbours"], "scipy's cKDTree", times["scipy"]),
        Row("normals from them", "ms", times["normals"]),
    ]


def dbscan_rows(frame: Frame) -> list[Row]:
    """DBSCAN of what stands on the ground, and of the whole scan."""
    import open3d as o3d
    from sklearn.cluster import DBSCAN

    rows = []
    points = frame.points[frame.valid]
    for name, part in (("without ground", points[~ground(points)]), ("whole", points)):
        wide = part.astype(np.float64)
        cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(wide))
        works = {
            "ours": lambda part=part: dbscan(part, eps=EPS, least=LEAST),  # type: ignore[misc]
            "scikit-learn": lambda wide=wide: DBSCAN(eps=EPS, min_samples=LEAST, n_jobs=-1).fit(wide),  # type: ignore[misc]
            "Open3D": lambda cloud=cloud: cloud.cluster_dbscan(EPS, LEAST),  # type: ignore[misc]
        }
        times = in_turn(works, 3)
        peer = min(("scikit-learn", "Open3D"), key=lambda name: times[name])
        what, note = f"DBSCAN, {name}, {len(part)} points", f"eps {EPS} m, {LEAST} points; peer: the faster of two"
        rows.append(Row(what, "ms", times["ours"], peer, times[peer], reach=1, of_ratio=True, note=note))
    return rows


def quality_rows(frame: Frame) -> list[Row]:
    """Each kind: its time, and how far it is from the truth."""
    rows = []
    for kind in KINDS:
        options = SuperpointOptions(kind=kind)
        took = in_turn({kind: lambda options=options: superpoints(frame.points, options)}, 3)[kind]  # type: ignore[misc]
        found = measured(frame, options)
        note = (
            f"{found.count} superpoints, {100 * found.covered:.1f} % of points, "
            f"boundary recall {found.recall:.3f}, under-segmentation {found.error:.3f}"
        )
        vox = kind.startswith("supervoxels")
        peer = {"peer": "the authors' C++", "peer_value": 1 - AUTHORS_PURITY} if vox else {}
        reach = 0.035 if vox else None
        rows.append(Row(f"{kind}: impure share", "", 1 - found.purity, reach=reach, note=note, **peer))
        rows.append(Row(f"{kind}: a frame", "ms", took, reach=1000 if kind == "ground_hdbscan" else None))
    return rows


def rows() -> list[Row]:
    """All of it."""
    frame, where = labelled_frame()
    return [*supervoxel_rows(frame, where), *dbscan_rows(frame), *quality_rows(frame)]
