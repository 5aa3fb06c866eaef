"""A user's own label set from a YAML file: ours, or one in the form of semantic-kitti-api's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.core.errors import DataError
from app.core.label_sets import BY_NAME
from app.core.labels import UNKNOWN, ClassInfo, LabelSet

_LIMIT = 1 << 20
_MAX_RAW = 1 << 16

_HOW = "it needs 'classes', a list of {id, name, color, raw}; docs/data_formats.md shows one"


def load_label_set(path: Path) -> LabelSet:
    """Read a label map (schema in docs/data_formats.md), or take one that comes along by its name, a key of
    ``BY_NAME``, unless a file is called so.

    Raises
    ------
    DataError
        The file cannot be read, is no YAML, or says something that cannot be; one sentence.
    """
    known = BY_NAME.get(str(path))
    if known is not None and not path.exists():
        return known
    content = _load(path)
    if "classes" in content:
        return _own(content, path)
    if "learning_map" in content:
        return _semantic_kitti_api(content, path)
    raise DataError(f"{path} is no label map; {_HOW}.")


def _load(path: Path) -> dict[Any, Any]:
    import yaml

    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; name a label map that exists.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from None
    if len(data) > _LIMIT:
        raise DataError(f"{path} is larger than 1 MB, too large for a label map; check what it is.")
    try:
        content = yaml.safe_load(data.decode("utf-8-sig"))
    except (
        yaml.YAMLError,
        UnicodeDecodeError,
        ValueError,
        RecursionError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where is not None else ""
        raise DataError(f"{path} is no readable YAML{line}; {_HOW}.") from None
    if not isinstance(content, dict):
        raise DataError(f"{path} is no label map; {_HOW}.")
    return content


def _own(content: dict[Any, Any], path: Path) -> LabelSet:
    entries = content["classes"]
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path}: 'classes' is no list of classes; {_HOW}.")
    classes = tuple(_class(entry, i, path) for i, entry in enumerate(entries))
    name = content.get("name", path.stem)
    ignore = content.get("ignore", 0)
    if not _is_id(ignore, UNKNOWN + 1):
        raise DataError(
            f"{path}: 'ignore' is {_shown(ignore)}; the id of the class that carries no class belongs there."
        )
    raw_names = content.get("raw_names", {})
    if not isinstance(raw_names, dict) or not all(_is_id(key, _MAX_RAW) for key in raw_names):
        raise DataError(f"{path}: 'raw_names' must map raw ids to names.")
    names = {key: str(value) for key, value in raw_names.items()}
    return LabelSet(str(name), _checked(classes, path), raw_names=names, ignore=ignore)


def _class(entry: Any, position: int, path: Path) -> ClassInfo:
    where = f"{path}: class {position + 1}"
    if not isinstance(entry, dict):
        raise DataError(f"{where} is {_shown(entry)}; it needs id, name, color and raw.")
    for key in ("id", "name", "color", "raw"):
        if key not in entry:
            raise DataError(f"{where} has no '{key}'; it needs id, name, color and raw.")
    if not _is_id(entry["id"], UNKNOWN):
        raise DataError(
            f"{where} has id {_shown(entry['id'])}; a whole number from 0 to {UNKNOWN - 1} belongs there."
        )
    raw = entry["raw"] if isinstance(entry["raw"], list) else [entry["raw"]]
    if not all(_is_id(value, _MAX_RAW) for value in raw):
        raise DataError(f"{where}: 'raw' must be whole numbers from 0 to {_MAX_RAW - 1}.")
    return ClassInfo(entry["id"], str(entry["name"]), _color(entry["color"], where), tuple(raw))


def _color(value: Any, where: str) -> tuple[int, int, int]:
    if isinstance(value, str) and len(value) == 7 and value.startswith("#"):
        try:
            packed = int(value[1:], 16)
        except ValueError:
            packed = -1
        if packed >= 0:
            return packed >> 16, packed >> 8 & 255, packed & 255
    if isinstance(value, list) and len(value) == 3 and all(_is_id(part, 256) for part in value):
        return value[0], value[1], value[2]
    raise DataError(
        f'{where} has color {_shown(value)}; "#rrggbb" or [red, green, blue] from 0 to 255 belongs there.'
    )


def _semantic_kitti_api(content: dict[Any, Any], path: Path) -> LabelSet:
    """``labels``, ``color_map`` (B, G, R), ``learning_map`` and ``learning_map_inv``, as PRBonn writes them."""
    parts = {key: content.get(key) for key in ("labels", "color_map", "learning_map", "learning_map_inv")}
    for key, part in parts.items():
        if not isinstance(part, dict) or not all(_is_id(raw, _MAX_RAW) for raw in part):
            raise DataError(
                f"{path}: '{key}' must map ids to values, as in semantic-kitti-api's semantic-kitti.yaml."
            )
    names = {raw: str(name) for raw, name in _part(parts, "labels").items()}
    raw_ids: dict[int, list[int]] = {}
    for raw, train in _part(parts, "learning_map").items():
        if not _is_id(train, UNKNOWN):
            raise DataError(f"{path}: learning_map sends {raw} to {_shown(train)}; 0 to {UNKNOWN - 1} is allowed.")
        raw_ids.setdefault(train, []).append(raw)
    classes = []
    for train in sorted(raw_ids):
        inverse = _part(parts, "learning_map_inv").get(train, raw_ids[train][0])
        bgr = _color(_part(parts, "color_map").get(inverse), f"{path}: raw id {_shown(inverse)}")
        name = names.get(inverse, f"class {train}")
        classes.append(ClassInfo(train, name, (bgr[2], bgr[1], bgr[0]), tuple(raw_ids[train])))
    ignored = content.get("learning_ignore")
    first = next((k for k, v in ignored.items() if v is True), 0) if isinstance(ignored, dict) else 0
    ignore = first if _is_id(first, UNKNOWN) else 0
    return LabelSet(
        str(content.get("name", path.stem)), _checked(tuple(classes), path), raw_names=names, ignore=ignore
    )


def _part(parts: dict[str, Any], key: str) -> dict[Any, Any]:
    part: dict[Any, Any] = parts[key]
    return part


def _checked(classes: tuple[ClassInfo, ...], path: Path) -> tuple[ClassInfo, ...]:
    """Refuse a train id or a raw id that is used twice."""
    owner: dict[int, str] = {}
    ids: set[int] = set()
    for entry in classes:
        if entry.id in ids:
            raise DataError(f"{path} gives id {entry.id} to two classes; each needs its own.")
        ids.add(entry.id)
        for raw in entry.raw_ids:
            if raw in owner:
                raise DataError(f"{path} lists raw id {raw} under both {owner[raw]} and {entry.name}; keep one.")
            owner[raw] = entry.name
    return classes


def _is_id(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _shown(value: Any) -> str:
    """A value for a sentence, short whatever it is."""
    text = repr(value) if isinstance(value, (int, float, str, bool, type(None))) else f"a {type(value).__name__}"
    return text if len(text) <= 40 else text[:37] + "…"
