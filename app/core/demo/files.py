"""Files of a demo drive: where each lies and what its bytes are."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MARKER = "demo.json"


@dataclass(frozen=True)
class FramePaths:
    """The files of one frame. ``scan`` is written last: where it exists, the others do."""

    scan: Path
    label: Path
    image: Path
    truth: Path

    @classmethod
    def of(cls, sequence: Path, frame: int) -> FramePaths:
        """The paths of a frame of a sequence folder."""
        name = f"{frame:06d}"
        return cls(
            scan=sequence / "velodyne" / f"{name}.bin",
            label=sequence / "labels" / f"{name}.label",
            image=sequence / "image_2" / f"{name}.png",
            truth=sequence / "truth" / f"{name}.npz",
        )

    @property
    def complete(self) -> bool:
        """Whether the whole frame is there."""
        return all(path.is_file() for path in (self.scan, self.label, self.image, self.truth))


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an uncompressed NPZ file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def png(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as PNG, compressed fast."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Readable JSON, keys in their order."""
    return (json.dumps(value, indent=2) + "\n").encode()


def read_marker(root: Path) -> dict[str, Any] | None:
    """What ``demo.json`` of a folder says; None where there is none or it is not one of ours."""
    try:
        value = json.loads((root / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("lidarscope_demo"), int):
        return None
    return value
