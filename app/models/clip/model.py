"""A CLIP that is ready: pictures and words in, vectors out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from app.models.clip import text_tower, towers
from app.models.clip.dense_map import DenseMap, unit
from app.models.clip.errors import ClipError, ClipStopped
from app.models.clip.info import ClipInfo
from app.models.clip.working_size import working_size

TEXT_BATCH = 256

TEXT_LIMIT = 1000
"""Characters of a text that are read. A tower reads some 77 tokens, which are far fewer characters; splitting one
endless word into tokens takes a time that grows with the square of its length."""

Stopped = Callable[[], bool]


class ClipModel:
    """One CLIP on one device.

    Attributes
    ----------
    info : what is known of it
    network : open_clip's network, in evaluation mode
    prepare : open_clip's own preparation of a picture (PIL image in, (3, h, w) tensor out)
    """

    def __init__(
        self,
        info: ClipInfo,
        network: Any,
        prepare: Any,
        tokenize: Callable[[list[str]], Tensor],
        device: torch.device,
    ) -> None:
        self.info = info
        self.network: Any = network
        self.prepare = prepare
        self._tokenize = tokenize
        self.device = device
        self._dtype = next(network.parameters()).dtype

    def encode_images(
        self, images: Sequence[np.ndarray], *, batch: int = 32, stopped: Stopped | None = None
    ) -> np.ndarray:
        """(n, D) float32 unit vectors of n pictures (h, w, 3) uint8 of any sizes.

        The same as calling open_clip by hand with its own preparation. ``ClipStopped`` between two batches,
        ``ClipError`` for what is no picture.
        """
        rows = [np.zeros((0, self.info.embed_dim), np.float32)]
        for start in range(0, len(images), batch):
            _heed(stopped)
            tensors = [self.prepare(_picture(image)) for image in images[start : start + batch]]
            with torch.inference_mode():
                found = self.network.encode_image(torch.stack(tensors).to(self.device, self._dtype))
            rows.append(_unit(found))
        return np.concatenate(rows)

    def encode_texts(self, texts: Sequence[str], *, stopped: Stopped | None = None) -> np.ndarray:
        """(n, D) float32 unit vectors of n texts; what lies beyond the tower's length is not read."""
        rows = [np.zeros((0, self.info.embed_dim), np.float32)]
        for start in range(0, len(texts), TEXT_BATCH):
            _heed(stopped)
            tokens = self._tokens(texts[start : start + TEXT_BATCH])
            with torch.inference_mode():
                rows.append(_unit(text_tower.encode(self.network, tokens.to(self.device))))
        return np.concatenate(rows)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens of each text are read, the marks of start and end aside; 0: the text says nothing."""
        empty, *rows = self._tokens(["", *texts])
        marks = int((empty != 0).sum())
        return [max(int((row != 0).sum()) - marks, 0) for row in rows]

    @property
    def token_limit(self) -> int:
        """Most tokens of a text that are read."""
        return int(self._tokens([""]).shape[1]) - 2

    def _tokens(self, texts: Sequence[str]) -> Tensor:
        readable = (text.encode("utf-8", "replace").decode() for text in texts)  # half a surrogate pair is not
        return self._tokenize([" ".join(text.split())[:TEXT_LIMIT] for text in readable])

    @property
    def cell(self) -> int:
        """Edge in pixels, of the picture as the tower sees it, of one place of a dense map."""
        return towers.cell(self.network.visual)

    def dense(self, image: np.ndarray, *, scale: float | None = None, stopped: Stopped | None = None) -> DenseMap:
        """MaskCLIP's features at every place of a picture (H, W, 3) uint8.

        The picture keeps its shape: its shorter side becomes ``scale`` times the tower's own resolution, and it
        is padded to whole cells with the tower's mean colour. Without a ``scale`` it is what the CLIP's card states
        (``info.dense_side``), else twice the resolution or the picture's own size where that is less. It is never
        more than ``working_size.MOST_PIXELS`` pixels or ``MOST_CELLS`` cells, which bounds the memory. Colours are
        normalised as this CLIP was trained with (MaskCLIP's code used ImageNet's mean and deviation).

        Raises
        ------
        ClipError
            The tower is neither ViT nor ResNet, there is no picture, or ``scale`` passes the bound.
        ClipStopped
            It was asked to stop before it began.
        """
        if self.info.tower == "other":
            raise ClipError(
                f"Features of single pixels are known for CLIP's ViT and ResNet towers; {self.info.title} "
                f"({self.info.architecture}) has another one. Ask by regions, or choose another CLIP."
            )
        _heed(stopped)
        picture, cell = _picture(image), self.cell
        side = self.info.dense_side
        width, height = working_size(picture.size, min(self.info.resolution), cell, scale, side)
        tensor = self._normalised(picture.resize((width, height), self._resample))
        right, below = -width % cell, -height % cell
        tensor = torch.nn.functional.pad(tensor, (0, right, 0, below))[None]
        with torch.inference_mode():
            features, keys = towers.dense(self.network.visual, tensor.to(self.device, self._dtype))
        size = (cell * picture.width / width, cell * picture.height / height)
        return DenseMap(_unit(features[0]), _unit(keys[0]), picture.size, size)

    @property
    def _resample(self) -> Any:
        from PIL import Image

        how = self.network.visual.preprocess_cfg["interpolation"]
        return Image.Resampling.BILINEAR if how == "bilinear" else Image.Resampling.BICUBIC

    def _normalised(self, picture: Any) -> Tensor:
        """(3, H, W) float32, as open_clip's preparation ends."""
        about = self.network.visual.preprocess_cfg
        values = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        mean, deviation = (torch.tensor(about[name], dtype=torch.float32) for name in ("mean", "std"))
        return (values - mean[:, None, None]) / deviation[:, None, None]


def _heed(stopped: Stopped | None) -> None:
    if stopped is not None and stopped():
        raise ClipStopped("CLIP was stopped.")


def _picture(image: np.ndarray) -> Any:
    from PIL import Image

    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ClipError(
            f"CLIP reads pictures (height, width, 3) of bytes; this one is {image.shape} of {image.dtype}."
        )
    return Image.fromarray(np.ascontiguousarray(image))


def _unit(found: Tensor) -> np.ndarray:
    return unit(found.float().cpu().numpy())


def device_named(name: str) -> torch.device:
    """The torch device of a name, "auto" the first GPU where there is one; ``ClipError`` for others."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ClipError(f"There is no device '{name}'; use auto, cpu or cuda:0.") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ClipError(f"The device '{name}' is not there; torch sees {torch.cuda.device_count()} GPUs.")
    return device


PRECISIONS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def precise(network: nn.Module, precision: str, device: torch.device) -> nn.Module:
    """The network on its device in a precision; "auto" is float32 on a processor and float16 on a GPU."""
    if precision == "auto":
        precision = "float16" if device.type == "cuda" else "float32"
    if precision not in PRECISIONS:
        raise ClipError(f"There is no precision '{precision}'; use auto, {', '.join(PRECISIONS)}.")
    return network.to(device, PRECISIONS[precision])
