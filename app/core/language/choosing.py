"""Naming a CLIP to choose: for the window, which knows nothing of models."""

from __future__ import annotations

from pathlib import Path

from app.models.clip.source import ClipSource as ClipSource  # the window takes it from here
from app.models.clip.source import built_in as _built_in


def demo() -> ClipSource:
    """The CLIP that comes along, which knows the demo world only."""
    return _built_in()


def named(model: str, pretrained: str) -> ClipSource:
    """One of open_clip's, by its name and the tag of its weights."""
    return ClipSource(model=model, pretrained=pretrained)


def from_path(path: Path, model: str = "") -> ClipSource:
    """A weights file or a folder; ``model``: its architecture, for a bare file that does not tell, as NAME or as
    NAME:TAG, which also says how its weights were trained."""
    name, _, tag = model.partition(":")
    return ClipSource(model=name, pretrained=tag, path=path)
