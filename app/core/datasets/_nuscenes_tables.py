"""nuScenes' JSON tables, checked row by row and joined into scenes; rows that lead nowhere are counted.

Caesar et al., "nuScenes: A multimodal dataset for autonomous driving", CVPR 2020.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from app.core.datasets._nuscenes_fields import (
    Check,
    good_rows,
    is_flag,
    is_inside,
    is_quaternion,
    is_text,
    is_time,
    is_vector,
)
from app.core.datasets._rows import read_rows
from app.core.errors import DataError

LIDAR = "LIDAR_TOP"

Row = dict[str, Any]
Loading = Generator[tuple[int, int, str], None, Any]
"""Yields (done, total, text) in bytes of the tables."""


class Shot(NamedTuple):
    """One file of one sensor: a sweep or a picture, with where the vehicle was at that time.

    A named tuple, because there are millions, and it is made three times as fast as a frozen dataclass.
    """

    token: str
    sample: str
    timestamp: int
    """Microseconds since 1970."""
    is_key: bool
    file: str
    """Relative to the data set's root."""
    ego: Row
    mount: Mount
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mount:
    """A calibrated sensor: its channel, (4, 4) ego_from_sensor, and (3, 3) intrinsics of cameras."""

    channel: str
    ego_from_sensor: np.ndarray
    intrinsics: np.ndarray | None


@dataclass
class Scene:
    """One scene: sweeps and pictures in the order of time; ``cameras`` by channel."""

    name: str
    sweeps: list[Shot] = field(default_factory=list)
    cameras: dict[str, list[Shot]] = field(default_factory=dict)


@dataclass
class Tables:
    """What the readers need of one version's tables.

    ``annotations``: rows of ``sample_annotation`` by token; ``of_sample``: their tokens by sample;
    ``categories``: category name by instance token; ``times``: sample token to microseconds;
    ``lidarseg``: label file by the token of the sweep; ``problems``: one sentence for each kind of bad row.
    """

    scenes: list[Scene]
    annotations: dict[str, Row]
    of_sample: dict[str, list[str]]
    categories: dict[str, str]
    times: dict[str, int]
    lidarseg: dict[str, str]
    problems: list[str]


def transform(row: Row) -> np.ndarray:
    """(4, 4) float64 from a row's ``translation`` (metres) and ``rotation`` (quaternion w, x, y, z)."""
    matrix = np.eye(4)
    matrix[:3, :3] = quaternion_matrix(row["rotation"])
    matrix[:3, 3] = row["translation"]
    return matrix


def quaternion_matrix(quaternion: list[float]) -> np.ndarray:
    """(3, 3) rotation of a quaternion (w, x, y, z) of any length but zero."""
    w, x, y, z = np.asarray(quaternion, np.float64) / math.hypot(*quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


_POSE: dict[str, Check] = {"token": is_text, "translation": is_vector, "rotation": is_quaternion}
_NEEDED: dict[str, dict[str, Check]] = {
    "scene": {"token": is_text, "name": is_text},
    "sample": {"token": is_text, "scene_token": is_text, "timestamp": is_time},
    "sensor": {"token": is_text, "channel": is_text},
    "calibrated_sensor": {**_POSE, "sensor_token": is_text},
    "ego_pose": _POSE,
    "sample_data": {
        "token": is_text,
        "sample_token": is_text,
        "ego_pose_token": is_text,
        "calibrated_sensor_token": is_text,
        "timestamp": is_time,
        "is_key_frame": is_flag,
        "filename": is_inside,
    },
}
_OPTIONAL: dict[str, dict[str, Check]] = {
    "category": {"token": is_text, "name": is_text},
    "instance": {"token": is_text, "category_token": is_text},
    "sample_annotation": {**_POSE, "sample_token": is_text, "instance_token": is_text, "size": is_vector},
    "lidarseg": {"token": is_text, "sample_data_token": is_text, "filename": is_inside},
}


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of rows are made and none is garbage: searching them for cycles takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Joiner:
    """Follows tokens from table to table and counts those that lead nowhere."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dangling: dict[tuple[str, str], list[str]] = {}
        self.problems: list[str] = []

    def load(self, name: str, fields: dict[str, Check], *, needed: bool) -> Generator[int, None, dict[str, Row]]:
        """A table's good rows by token; yields the bytes read so far.

        ``DataError`` where a needed table cannot be read.
        """
        path = self._folder / f"{name}.json"
        if not needed and not path.exists():
            return {}
        try:
            rows = yield from read_rows(path)
        except DataError as error:
            if needed:
                raise
            self.problems.append(str(error))
            return {}
        good = good_rows(rows, fields)
        if len(good) < len(rows):
            wanted = ", ".join(fields)
            self.problems.append(f"{path}: {len(rows) - len(good)} rows lack a usable {wanted} and are left out.")
        return {row["token"]: row for row in good}

    def follow(self, table: str, row: Row, key: str, target: dict[str, Any]) -> Any | None:
        """What a row's token points to, or None, which is counted."""
        token = row[key]
        if token in target:
            return target[token]
        self._dangling.setdefault((table, key), []).append(token)
        return None

    def report(self) -> list[str]:
        """All problems, one sentence for each kind."""
        sentences = [
            f"{self._folder / table}.json: {len(tokens)} rows have a {key} that is in no table "
            f"(first '{tokens[0][:40]}') and are left out."
            for (table, key), tokens in self._dangling.items()
        ]
        return self.problems + sentences


def load_tables(folder: Path) -> Loading:
    """Read and join the tables of one version folder (``v1.0-mini``), piece by piece; returns :class:`Tables`.

    Raises
    ------
    DataError
        A table that nothing can be shown without is missing or unreadable.
    """
    with _no_collection():
        return (yield from _load_tables(folder))


def _load_tables(folder: Path) -> Loading:
    joiner = _Joiner(folder)
    sizes = {name: _size_of(folder / f"{name}.json") for name in (*_NEEDED, *_OPTIONAL)}
    found: dict[str, dict[str, Row]] = {}
    before = 0
    for name, fields in (*_NEEDED.items(), *_OPTIONAL.items()):
        work = joiner.load(name, fields, needed=name in _NEEDED)
        found[name] = yield from _shifted(work, before, sum(sizes.values()), f"{folder.name}/{name}.json")
        before += sizes[name]
    yield before, before, "join the tables"
    scenes = _scenes(joiner, found)
    categories, annotations, of_sample = _annotations(joiner, found, found["sample"])
    return Tables(
        scenes=scenes,
        annotations=annotations,
        of_sample=of_sample,
        categories=categories,
        times={token: row["timestamp"] for token, row in found["sample"].items()},
        lidarseg={row["sample_data_token"]: row["filename"] for row in found["lidarseg"].values()},
        problems=joiner.report(),
    )


def _shifted(work: Generator[int, None, Any], before: int, total: int, text: str) -> Loading:
    """The bytes of one table as a part of all."""
    while True:
        try:
            done = next(work)
        except StopIteration as stop:
            return stop.value
        yield before + done, total, text


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # said where the table is read


def _scenes(joiner: _Joiner, tables: dict[str, dict[str, Row]]) -> list[Scene]:
    mounts = _mounts(joiner, tables)
    scenes = {token: Scene(row["name"]) for token, row in tables["scene"].items()}
    of_sample = {token: scenes.get(row["scene_token"]) for token, row in tables["sample"].items()}
    egos = tables["ego_pose"]
    for row in tables["sample_data"].values():  # millions: calls only for rows that lead nowhere
        mount = mounts.get(row["calibrated_sensor_token"])
        scene = of_sample.get(row["sample_token"])
        ego = egos.get(row["ego_pose_token"])
        if mount is None or scene is None or ego is None:
            _count_stray(joiner, row, mounts, tables, scenes)
            continue
        if mount.channel == LIDAR:
            shots = scene.sweeps
        elif mount.intrinsics is not None:
            shots = scene.cameras.setdefault(mount.channel, [])
        else:
            continue
        shots.append(
            Shot(
                row["token"],
                row["sample_token"],
                row["timestamp"],
                row["is_key_frame"],
                row["filename"],
                ego,
                mount,
                _size(row),
            )
        )
    for scene in scenes.values():
        for shots in (scene.sweeps, *scene.cameras.values()):
            shots.sort(key=attrgetter("timestamp"))
    return list(scenes.values())


def _count_stray(
    joiner: _Joiner,
    row: Row,
    mounts: dict[str, Mount],
    tables: dict[str, dict[str, Row]],
    scenes: dict[str, Scene],
) -> None:
    """Count which token of a row leads nowhere; radar rows, which nobody wants, are not counted."""
    mount = joiner.follow("sample_data", row, "calibrated_sensor_token", mounts)
    if mount is None or not (mount.channel == LIDAR or mount.intrinsics is not None):
        return
    sample = joiner.follow("sample_data", row, "sample_token", tables["sample"])
    joiner.follow("sample_data", row, "ego_pose_token", tables["ego_pose"])
    if sample is not None:
        joiner.follow("sample", sample, "scene_token", scenes)


def _mounts(joiner: _Joiner, tables: dict[str, dict[str, Row]]) -> dict[str, Mount]:
    """Calibrated sensors by token; a camera whose matrix is missing or singular is left out, with a sentence."""
    mounts = {}
    for token, row in tables["calibrated_sensor"].items():
        sensor = joiner.follow("calibrated_sensor", row, "sensor_token", tables["sensor"])
        if sensor is None:
            continue
        intrinsics = _intrinsics(row.get("camera_intrinsic"))
        if intrinsics is None and sensor["channel"].startswith("CAM"):
            joiner.problems.append(
                f"The calibration {token[:40]} of {sensor['channel']} has no usable camera matrix; "
                "its pictures are left out."
            )
        mounts[token] = Mount(sensor["channel"], transform(row), intrinsics)
    return mounts


def _intrinsics(value: Any) -> np.ndarray | None:
    if not isinstance(value, list) or len(value) != 3 or not all(map(is_vector, value)):
        return None
    matrix = np.array(value, np.float64)
    return matrix if abs(np.linalg.det(matrix)) > 1e-9 else None


def _size(row: Row) -> tuple[int, int]:
    """(width, height) that a row states; zeros where it does not."""
    width, height = row.get("width"), row.get("height")
    if type(width) is int and type(height) is int and min(width, height) > 0 and max(width, height) < 1 << 20:
        return width, height
    return 0, 0


def _annotations(
    joiner: _Joiner, tables: dict[str, dict[str, Row]], samples: dict[str, Row]
) -> tuple[dict[str, str], dict[str, Row], dict[str, list[str]]]:
    """Category names by instance, good annotations by token, and their tokens by sample."""
    categories = {}
    for token, row in tables["instance"].items():
        category = joiner.follow("instance", row, "category_token", tables["category"])
        if category is not None:
            categories[token] = category["name"]
    annotations: dict[str, Row] = {}
    of_sample: dict[str, list[str]] = {}
    for token, row in tables["sample_annotation"].items():
        sample = joiner.follow("sample_annotation", row, "sample_token", samples)
        category = joiner.follow("sample_annotation", row, "instance_token", categories)
        if sample is not None and category is not None:
            annotations[token] = row
            of_sample.setdefault(row["sample_token"], []).append(token)
    return categories, annotations, of_sample
