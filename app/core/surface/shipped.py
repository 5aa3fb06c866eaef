"""Checkpoints that come along with the application and tell surfaces, by their cards."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path

from app.core.model_card import CARD

FOLDER = Path(__file__).resolve().parents[3] / "assets" / "checkpoints"
MOST_HEADER = 4 << 20


@cache
def shipped(folder: Path = FOLDER) -> tuple[Path, ...]:
    """The checkpoints in a folder whose card tells of an occupancy head, by name; only their headers are read."""
    return tuple(path for path in sorted(folder.glob("*.safetensors")) if tells_surfaces(path))


def tells_surfaces(path: Path) -> bool:
    """Whether the header of a safetensors file has a card that tells of an occupancy head; False where it cannot
    be read."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, MOST_HEADER)))
        return bool(json.loads(header["__metadata__"][CARD]).get("occupancy"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return False
