"""The folder of one run: which parameters it belongs to, and where its files lie.

OUT/SETTING/sequences/NN/parameters.json    all that decides the labels; a run with others is refused
OUT/SETTING/sequences/NN/labels/NAME.label  (N,) uint32 raw ids
OUT/SETTING/sequences/NN/instances/NAME.npz the sidecar
OUT/SETTING/sequences/NN/report.json        accuracy and flips, written last
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.core.affinity.embeddings import Embeddings
from app.core.affinity.options import PseudoLabelOptions
from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.language import templates

FORMAT = 1
_MOST = 1 << 24


@dataclass(frozen=True)
class Folder:
    """``root`` is OUT/SETTING/sequences/NN."""

    root: Path

    @property
    def parameters(self) -> Path:
        """The parameters."""
        return self.root / "parameters.json"

    @property
    def report(self) -> Path:
        """Accuracy and flips."""
        return self.root / "report.json"

    def label(self, name: str) -> Path:
        """Labels of the frame of that name."""
        return self.root / "labels" / f"{name}.label"

    def sidecar(self, name: str) -> Path:
        """Instances of the frame of that name."""
        return self.root / "instances" / f"{name}.npz"


def folder_of(out: Path, setting: str, sequence: str) -> Folder:
    """The folder of a setting and a sequence below ``out``."""
    return Folder(out / setting / "sequences" / sequence)


def parameters(
    options: PseudoLabelOptions,
    words: Embeddings,
    *,
    data: Path,
    sequence: str,
    frames: range,
    label_set: str,
    corrections: bool = False,
) -> dict[str, Any]:
    """All that decides the labels, as plain JSON values; ``corrections``: what was said by hand goes into them."""
    walk = options.walk(words.logit_scale)
    found: dict[str, Any] = {
        "format": FORMAT,
        "data": str(data.resolve()),
        "sequence": sequence,
        "frames": [frames.start, frames.stop],
        "label_set": label_set,
        "setting": options.setting,
        "clip": words.clip,
        "unseen": dict(zip(words.names, map(list, words.words), strict=True)),
        "templates": {options.templates: list(templates.find(options.templates).templates)},
        "sharpness": words.sharpness,
        "superpoints": asdict(options.grouping),
        "visibility": asdict(options.rule),
        "guard": options.guard,
        "margin": options.margin,
        "affinity": None if walk is None else asdict(walk),
        "queue": None if walk is None else options.queue,
    }
    if corrections:  # folders that were written before there were any go on as they are
        found["corrections"] = True
    return found


def begin(folder: Folder, wanted: Mapping[str, Any]) -> None:
    """Take the folder for these parameters.

    ``UsageError`` where labels of others lie in it: they are not mixed. ``DataError`` where it cannot be written,
    or its parameters cannot be read.
    """
    content = json.dumps(wanted, indent=2, ensure_ascii=False, sort_keys=True).encode()
    if not folder.parameters.exists():
        write_atomically(folder.parameters, content)
        return
    try:
        raw = folder.parameters.read_bytes()[:_MOST]
        held: Any = json.loads(raw)
        if not isinstance(held, dict):
            raise ValueError("no object")
    except (OSError, ValueError):
        raise DataError(
            f"{folder.parameters} cannot be read as the parameters of pseudo-labels; choose another folder."
        ) from None
    stated: dict[str, Any] = json.loads(content)
    for name in {**stated, **{name: None for name in ("corrections",) if name in held}}:
        value = stated.get(name)
        if held.get(name) != value:
            raise UsageError(
                f"{folder.root} holds pseudo-labels made with another '{name}' ({_short(held.get(name))} instead "
                f"of {_short(value)}); choose another folder, or delete that one."
            )


def write_report(folder: Folder, content: Mapping[str, Any]) -> None:
    """Write the report; ``DataError`` where the disk refuses."""
    write_atomically(folder.report, json.dumps(content, indent=2, ensure_ascii=False).encode())


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
