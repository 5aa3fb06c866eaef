"""Local CLIPs: a folder as open_clip or transformers writes it, or a bare file of weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.models.clip import architecture, huggingface
from app.models.clip.architecture import Plan
from app.models.clip.errors import ClipError

OPEN_CLIP = "open_clip_config.json"
TRANSFORMERS = "config.json"
CARD = "card.json"

OPEN_CLIP_FILES = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
)
TRANSFORMERS_FILES = ("model.safetensors", "pytorch_model.bin")
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")


@dataclass(frozen=True)
class Found:
    """A CLIP on the disk: its ``files`` of weights, and its ``plan`` where something beside them states it.

    ``renamed``: the tensors have the names of transformers. ``card``: what a ``card.json`` beside it says.
    """

    files: tuple[Path, ...]
    plan: Plan | None
    renamed: bool = False
    card: Mapping[str, Any] = field(default_factory=dict)


def find(path: Path) -> Found:
    """What a path means; ``ClipError`` where it is no CLIP."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise ClipError(f"{path} does not exist; name a file of CLIP weights, or a folder that holds one.")
    beside = path.parent
    if path.name in OPEN_CLIP_FILES and (beside / OPEN_CLIP).is_file():
        return _open_clip(beside, (path,))
    if path.name in TRANSFORMERS_FILES and (beside / TRANSFORMERS).is_file():
        return _transformers(beside, (path,))
    return Found((path,), None)


def _folder(path: Path) -> Found:
    if (path / OPEN_CLIP).is_file():
        return _open_clip(path, _weights(path, OPEN_CLIP_FILES))
    if (path / TRANSFORMERS).is_file():
        return _transformers(path, _weights(path, TRANSFORMERS_FILES))
    bare = _bare(path)
    if len(bare) == 1:
        return Found((bare[0],), None)
    raise ClipError(
        f"{path} is no folder of a CLIP: expected {OPEN_CLIP} or {TRANSFORMERS} beside the weights, or a single "
        f"file of weights; found {len(bare)} such files."
    )


def _bare(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file())


def _weights(path: Path, usual: tuple[str, ...]) -> tuple[Path, ...]:
    """The weights of a folder: a usual name, several parts with an index, or the only file that can be it."""
    for name in usual:
        if (path / name).is_file():
            return (path / name,)
        index = path / f"{name}.index.json"
        if index.is_file():
            return _parts(index)
    bare = _bare(path)
    if len(bare) != 1:
        raise ClipError(f"{path} holds no weights by the name of {' or '.join(usual)}; copy the folder whole.")
    return (bare[0],)


def _parts(index: Path) -> tuple[Path, ...]:
    table = _json(index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise ClipError(f"{index} names no files in its 'weight_map'.")
    names = sorted({Path(str(name)).name for name in table.values()})
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise ClipError(f"{index} names {missing[0]}, which is not there; copy the folder whole.")
    return tuple(index.parent / name for name in names)


def _open_clip(path: Path, files: tuple[Path, ...]) -> Found:
    config = _json(path / OPEN_CLIP)
    model = config.get("model_cfg")
    towers = [isinstance(model, dict) and isinstance(model.get(part), dict) for part in ("vision_cfg", "text_cfg")]
    if not all(towers) or not isinstance(model, dict) or not isinstance(model.get("embed_dim"), int):
        raise ClipError(f"{path / OPEN_CLIP} has no 'model_cfg' with embed_dim, vision_cfg and text_cfg.")
    stated = config.get("preprocess_cfg") or {}
    if not isinstance(stated, dict):
        raise ClipError(f"{path / OPEN_CLIP} has a 'preprocess_cfg' that is no table.")
    preprocess = {name: stated[name] for name in architecture.PREPROCESS if stated.get(name) is not None}
    return Found(files, Plan("own", model, preprocess, path), card=_card(path))


def _transformers(path: Path, files: tuple[Path, ...]) -> Found:
    preparation = path / "preprocessor_config.json"
    about = _json(preparation) if preparation.is_file() else {}
    plan = huggingface.plan_of(_json(path / TRANSFORMERS), about, path / TRANSFORMERS)
    return Found(files, plan, renamed=True, card=_card(path))


def _card(path: Path) -> dict[str, Any]:
    return _json(path / CARD) if (path / CARD).is_file() else {}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ClipError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise ClipError(f"{path} is not JSON ({error}); copy it again.") from error
    if not isinstance(found, dict):
        raise ClipError(f"{path} is no JSON object.")
    return found
