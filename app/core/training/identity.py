"""Under which conditions a run goes on: code, libraries, machine and data, and what differs from its beginning."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from pathlib import Path
from typing import Any

from app.core.errors import DataError
from app.core.files import write_atomically
from app.core.training.folder import RunFolder

ROOT = Path(__file__).resolve().parents[2]
_CODE = ("models", "core/training", "core/datasets", "core/network_inputs.py")


def conditions(data: dict[str, Any]) -> dict[str, Any]:
    """Code, libraries and machine of this process, and ``data`` as :meth:`Samples.identity` tells it."""
    import numpy as np
    import torch

    return {
        "data": data,
        "code": code_identity(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }


@cache
def code_identity() -> str:
    """A short digest of the source files that decide what a step computes."""
    digest = hashlib.sha256()
    for part in _CODE:
        path = ROOT / part
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def compare(folder: RunFolder, here: dict[str, Any]) -> list[str]:
    """Write the conditions of a new run; of one that goes on, sentences about what else is different.

    ``DataError`` where the data are not the ones it began with: its numbers would mean nothing.
    """
    try:
        before = json.loads(folder.identity.read_text(encoding="utf-8"))
    except FileNotFoundError:
        write_atomically(folder.identity, json.dumps(here, indent=2).encode())
        return []
    except (OSError, ValueError) as error:
        raise DataError(f"{folder.identity} cannot be read ({error}).") from None
    for name, value in here["data"].items():
        if before.get("data", {}).get(name) != value:
            raise DataError(
                f"The data are not those that the run in {folder.path} began with ({name.replace('_', ' ')}: "
                f"{before.get('data', {}).get(name)}, now {value}); bring them back, or begin a new run."
            )
    others = [name for name in here if name != "data" and before.get(name) != here[name]]
    return [
        f"The run began with {name} {before.get(name)} and goes on with {here[name]}: its numbers may differ from "
        "those of an unbroken run."
        for name in others
    ]
