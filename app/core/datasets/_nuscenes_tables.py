"""nuScenes' JSON tables, checked row by row and joined into scenes; rows that lead nowhere are counted.

Caesar et al., "nuScenes: A multimodal dataset for autonomous driving", CVPR 2020.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.core.datasets._files import read_bytes
from app.core.errors import DataError

LIDAR = "LIDAR_TOP"

Row = dict[str, Any]
_Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Shot:
    """One file of one sensor: a sweep or a picture, with where the vehicle was at that time."""

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


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def is_number(value: Any) -> bool:
    """A number that a coordinate or a quaternion can be; larger ones overflow when they are multiplied."""
    return type(value) in (int, float) and abs(value) < 1e12


def _is_vector(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3:
        return False
    x, y, z = value
    return is_number(x) and is_number(y) and is_number(z)


def _is_quaternion(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)):
        return False
    w, x, y, z = value
    return w * w + x * x + y * y + z * z > 1e-12


def _is_inside(value: Any) -> bool:
    """A path within the data set: data must not name files elsewhere."""
    if not isinstance(value, str) or not value or value[0] == "/":
        return False
    return ".." not in value and "\\" not in value and "\0" not in value


_POSE: dict[str, _Check] = {"token": _is_text, "translation": _is_vector, "rotation": _is_quaternion}
_NEEDED: dict[str, dict[str, _Check]] = {
    "scene": {"token": _is_text, "name": _is_text},
    "sample": {"token": _is_text, "scene_token": _is_text, "timestamp": _is_time},
    "sensor": {"token": _is_text, "channel": _is_text},
    "calibrated_sensor": {**_POSE, "sensor_token": _is_text},
    "ego_pose": _POSE,
    "sample_data": {
        "token": _is_text,
        "sample_token": _is_text,
        "ego_pose_token": _is_text,
        "calibrated_sensor_token": _is_text,
        "timestamp": _is_time,
        "is_key_frame": lambda value: isinstance(value, bool),
        "filename": _is_inside,
    },
}
_OPTIONAL: dict[str, dict[str, _Check]] = {
    "category": {"token": _is_text, "name": _is_text},
    "instance": {"token": _is_text, "category_token": _is_text},
    "sample_annotation": {**_POSE, "sample_token": _is_text, "instance_token": _is_text, "size": _is_vector},
    "lidarseg": {"token": _is_text, "sample_data_token": _is_text, "filename": _is_inside},
}


def _fits(row: Any, fields: dict[str, _Check]) -> bool:
    """Whether a row has all fields in usable form. Called millions of times: no generator, no helper."""
    if type(row) is not dict:
        return False
    for key, check in fields.items():  # noqa: SIM110
        if key not in row or not check(row[key]):
            return False
    return True


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

    def load(self, name: str, fields: dict[str, _Check], *, needed: bool) -> dict[str, Row]:
        """A table's good rows by token. ``DataError`` where a needed table cannot be read."""
        path = self._folder / f"{name}.json"
        if not needed and not path.exists():
            return {}
        try:
            rows = read_table(path)
        except DataError as error:
            if needed:
                raise
            self.problems.append(str(error))
            return {}
        good = [row for row in rows if _fits(row, fields)]
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


def read_table(path: Path) -> list[Any]:
    """The rows of a table. ``DataError`` where it cannot be read or is no JSON list."""
    try:
        rows = json.loads(read_bytes(path).decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise DataError(f"{path} is no readable JSON; it was probably cut short, unpack it again.") from None
    if not isinstance(rows, list):
        raise DataError(f"{path} holds no list of rows; unpack it again.")
    return rows


def load_tables(folder: Path) -> Tables:
    """Read and join the tables of one version folder (``v1.0-mini``).

    Raises
    ------
    DataError
        A table that nothing can be shown without is missing or unreadable.
    """
    with _no_collection():
        return _load_tables(folder)


def _load_tables(folder: Path) -> Tables:
    joiner = _Joiner(folder)
    needed = {name: joiner.load(name, fields, needed=True) for name, fields in _NEEDED.items()}
    optional = {name: joiner.load(name, fields, needed=False) for name, fields in _OPTIONAL.items()}
    scenes = _scenes(joiner, needed)
    categories, annotations, of_sample = _annotations(joiner, optional, needed["sample"])
    return Tables(
        scenes=scenes,
        annotations=annotations,
        of_sample=of_sample,
        categories=categories,
        times={token: row["timestamp"] for token, row in needed["sample"].items()},
        lidarseg={row["sample_data_token"]: row["filename"] for row in optional["lidarseg"].values()},
        problems=joiner.report(),
    )


def _scenes(joiner: _Joiner, tables: dict[str, dict[str, Row]]) -> list[Scene]:
    mounts = _mounts(joiner, tables)
    scenes = {token: Scene(row["name"]) for token, row in tables["scene"].items()}
    for row in tables["sample_data"].values():
        mount = joiner.follow("sample_data", row, "calibrated_sensor_token", mounts)
        if mount is None or not (mount.channel == LIDAR or mount.intrinsics is not None):
            continue
        sample = joiner.follow("sample_data", row, "sample_token", tables["sample"])
        ego = joiner.follow("sample_data", row, "ego_pose_token", tables["ego_pose"])
        scene = joiner.follow("sample", sample, "scene_token", scenes) if sample is not None else None
        if ego is None or scene is None:
            continue
        shot = Shot(
            row["token"],
            row["sample_token"],
            row["timestamp"],
            row["is_key_frame"],
            row["filename"],
            ego,
            mount,
            _size(row),
        )
        (scene.sweeps if mount.channel == LIDAR else scene.cameras.setdefault(mount.channel, [])).append(shot)
    for scene in scenes.values():
        for shots in (scene.sweeps, *scene.cameras.values()):
            shots.sort(key=lambda shot: shot.timestamp)
    return list(scenes.values())


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
    if not isinstance(value, list) or len(value) != 3 or not all(map(_is_vector, value)):
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
