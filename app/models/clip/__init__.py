"""CLIP through open_clip, behind a small face: weights come in by one door, images and words go out as vectors.

    model = load_clip(ClipSource("ViT-B-16", "laion2b_s34b_b88k"))
    model.encode_images(pictures), model.encode_texts(words), model.dense(picture)

The names below are loaded when they are first used: ``app.models.clip.source`` alone is wanted by the window, which
must not import torch. See ``docs/clip.md``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.models.clip.dense_map import DenseMap
    from app.models.clip.errors import ClipError, ClipStopped
    from app.models.clip.info import ClipInfo
    from app.models.clip.load import describe_clip, fetch_clip, load_clip
    from app.models.clip.model import ClipModel
    from app.models.clip.source import ClipSource, built_in

__all__ = [
    "ClipError",
    "ClipInfo",
    "ClipModel",
    "ClipSource",
    "ClipStopped",
    "DenseMap",
    "built_in",
    "describe_clip",
    "fetch_clip",
    "load_clip",
]

_HOMES = {
    "ClipError": "errors",
    "ClipInfo": "info",
    "ClipModel": "model",
    "ClipSource": "source",
    "ClipStopped": "errors",
    "DenseMap": "dense_map",
    "built_in": "source",
    "describe_clip": "load",
    "fetch_clip": "load",
    "load_clip": "load",
}
"""The module each name lives in."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
