"""Which CLIP is meant: the one that comes along, one of open_clip's by name and tag, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BUILT_IN = Path(__file__).resolve().parents[3] / "assets" / "clip" / "demo_clip"
"""Folder of the small CLIP that knows the demo world: ``open_clip_config.json``, weights, ``card.json``."""


@dataclass(frozen=True)
class ClipSource:
    """Exactly one of two: an open_clip ``model`` with the tag of its ``pretrained`` weights, or a local ``path``.

    Attributes
    ----------
    model, pretrained : as open_clip names them ("ViT-B-32", "laion2b_s34b_b79k"); with ``path`` a model name says
        which architecture a bare weights file has, where the file cannot tell
    path : a weights file or a folder (open_clip's or Hugging Face's layout)
    stamp : time and size of the file at the start of a task; filled in by the methods' ``pinned``, never by hand
    """

    model: str = ""
    pretrained: str = ""
    path: Path | None = None
    stamp: str = ""

    @property
    def title(self) -> str:
        """What the window calls it."""
        if self.path is None:
            return f"{self.model} · {self.pretrained}"
        return "Demo CLIP" if self.path == BUILT_IN else self.path.name


def built_in() -> ClipSource:
    """The CLIP that comes with the application."""
    return ClipSource(path=BUILT_IN)


def source_of(text: str) -> ClipSource:
    """The CLIP that a text names: "" the one that comes along, a file, a folder, or open_clip's ``MODEL:TAG``."""
    if not text:
        return built_in()
    path = Path(text).expanduser()
    model, colon, tag = text.partition(":")
    if colon and tag and not path.exists():
        return ClipSource(model=model, pretrained=tag)
    return ClipSource(path=path.resolve())
