"""The door to open_clip, also where torchvision's native library cannot load beside a torch without CUDA."""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

from app.models.clip.errors import ClipError

_lock = threading.Lock()
_kept: list[Any] = []
"""Schemas live as long as the object that defined them."""


def open_clip() -> ModuleType:
    """The package open_clip, imported (seconds, the first time); ``ClipError`` where it cannot be."""
    with _lock:
        found = sys.modules.get("open_clip")
        if found is not None:
            return found
        try:
            _import_torchvision()
            return importlib.import_module("open_clip")
        except (ImportError, RuntimeError, OSError) as error:
            raise ClipError(
                f"The package open_clip cannot be imported ({error}); install the requirements again."
            ) from error


def prepare() -> None:
    """Make ``import open_clip`` work for whoever writes it out; ``ClipError`` where it cannot."""
    open_clip()


def _import_torchvision() -> None:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        # torchvision from the package index is built for CUDA. Beside a CPU torch its native library cannot be
        # loaded, so the operators whose shapes it goes on to register do not exist. CLIP needs none of them.
        if "torchvision::nms" not in str(error):
            raise
        _define_operators()
        importlib.import_module("torchvision")


def _define_operators() -> None:
    import torch

    make: Any = torch.library.Library
    library = make("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _kept.append(library)
