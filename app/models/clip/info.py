"""What is known of a CLIP, for the window and for whoever stores features made with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tower = Literal["vit", "resnet", "other"]

NO_LICENCE = "not stated"
"""How an unknown licence is shown."""


@dataclass(frozen=True)
class ClipInfo:
    """Facts of one CLIP.

    Attributes
    ----------
    title, architecture : what the window calls it; open_clip's name of its architecture, or "own"
    resolution : (width, height) in pixels of the pictures its image tower reads
    embed_dim : D, length of its vectors
    parameters, bytes : how many numbers it learned; size of its weights on the disk, 0 where not downloaded yet
    licence : tag of the weights' licence, "" where nobody states one
    identity : first 12 hex digits of the SHA-256 of the weights file, "" where not downloaded yet
    tower : kind of the image tower; pixel features are known for "vit" and "resnet"
    notes : sentences that whoever uses it should read
    vocabulary : the words it was trained on, None where that is not stated (it then knows what its makers say)
    logit_scale : by how much cosines are multiplied before a softmax over prompts; NaN where not downloaded yet
    dense_side : shorter side in pixels at which pictures are best read for features of their pixels; 0: not stated
    """

    title: str
    architecture: str
    resolution: tuple[int, int]
    embed_dim: int
    parameters: int
    bytes: int
    licence: str
    identity: str
    tower: Tower
    notes: tuple[str, ...]
    vocabulary: frozenset[str] | None
    logit_scale: float
    dense_side: int = 0

    @property
    def licence_text(self) -> str:
        """The licence tag, or plain words that none is stated."""
        return self.licence or NO_LICENCE

    @property
    def downloaded(self) -> bool:
        """Whether the weights are on this machine."""
        return bool(self.identity)
