"""MaskCLIP's features of a picture's places, read where visible points fall; fused over frames (OpenScene)."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from app.core.errors import DataError
from app.core.geometry import transforms
from app.core.labels import LabelSet
from app.core.language import clips
from app.core.language.feature_store import StoreKey
from app.core.language.features import PointFeatures
from app.core.language.fusion import Fusion, View, other_view, own_view
from app.core.language.stored import kept, key_of, looked_up, no_camera, pictures
from app.core.language.tiny_clip import write_tiny_clip
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.visibility import ENTRY as VISIBILITY
from app.core.methods.visibility import Visibility
from app.core.prediction.aside import aside
from app.core.types import CameraView, Frame
from app.models.clip.source import ClipSource

if TYPE_CHECKING:
    from app.models.clip.dense_map import DenseMap
    from app.models.clip.info import ClipInfo
    from app.models.clip.model import ClipModel

BLOCK = 4096
"""Points that are sampled at a time."""

MOST_AROUND = 50
"""Frames before or after that may be fused."""


@dataclass(frozen=True)
class PixelOptions:
    """How to read pixels.

    Attributes
    ----------
    clip : which CLIP
    before, after : frames whose pictures are looked at too, where poses are known
    device : "auto", "cpu", "cuda:0" …
    scale : shorter side of the picture as CLIP reads it, as a multiple of the CLIP's own resolution; None: twice,
        or the picture's own size where that is less
    """

    clip: ClipSource
    before: int = 0
    after: int = 0
    device: str = "auto"
    scale: float | None = None


@dataclass(frozen=True)
class _Seen:
    """A picture and the points of the current frame that it shows."""

    frame: int
    camera: CameraView
    image: np.ndarray
    view: View


class PixelFeatures(Method[PixelOptions, PointFeatures]):
    """A feature for each point that a picture shows: the mean of unit features over all pictures that show it."""

    name: ClassVar[str] = "pixels"
    title: ClassVar[str] = "Pixel features"
    options_type = PixelOptions
    uses: ClassVar[tuple[str, ...]] = (VISIBILITY.name,)

    def pinned(self, options: PixelOptions) -> PixelOptions:
        """With the CLIP's files as they are now."""
        return replace(options, clip=clips.stamped(options.clip))

    def prepared(self, options: PixelOptions) -> bool:
        """Whether the CLIP has been looked at."""
        return clips.known(options.clip)

    def prepare(self, options: PixelOptions) -> Steps[None]:
        """Look at the CLIP, which imports torch."""
        yield from clips.reading(options.clip)

    def about(self, options: PixelOptions) -> ClipInfo:
        """What is known of the CLIP; ``DataError`` where it cannot be used."""
        return clips.info_of(options.clip)

    def missing(self, frame: Frame, label_set: LabelSet | None, options: PixelOptions | None) -> str | None:
        """Needs a CLIP, a camera with a picture, and a window that can be."""
        if options is None:
            return clips.CHOOSE
        if not (0 <= options.before <= MOST_AROUND and 0 <= options.after <= MOST_AROUND):
            return f"Features are fused over 0 to {MOST_AROUND} frames before and after; choose fewer."
        why = no_camera(frame) or clips.why_not(options.clip)
        if why is None and clips.info_of(options.clip).tower == "other":
            return (
                "Features of single pixels are known for CLIP's ViT and ResNet towers, and "
                f"{options.clip.title} has another one; ask by regions, or choose another CLIP."
            )
        return why

    def steps(self, given: Given, options: PixelOptions) -> Steps[PointFeatures]:
        """Which pictures show which points, then a dense map of each picture, sampled and added up."""
        info = clips.info_of(options.clip)
        window = _window(given, options)
        key = _key(given, options, info.identity, window)
        stored = yield from looked_up(key)
        if stored is not None:
            return stored
        seen = yield from _seen(given, window)
        model = yield from clips.loading(given.context, options.clip, options.device)
        fusion = Fusion(len(given.frame), (one.view for one in seen), info.embed_dim)
        for done, one in enumerate(seen):
            text = f"CLIP on {one.camera.name} of frame {one.frame}"
            yield done, len(seen), text
            dense = yield from _dense(given, model, one, options, (done, len(seen), text))
            yield from clips.waiting(aside(partial(_add, fusion, one.view, dense)), text, done, len(seen))
        table = yield from clips.waiting(
            aside(lambda _stop: fusion.table()), "mean of the views", len(seen), len(seen)
        )
        frames = len({one.frame for one in seen})
        features = PointFeatures(
            table=table,
            row=fusion.row,
            views=fusion.views,
            way=self.name,
            clip=info.identity,
            origin=(
                f"{clips.title_of(options.clip)} ({info.identity}), dense, {len(seen)} "
                f"picture{'s' if len(seen) != 1 else ''} of {frames} frame{'s' if frames != 1 else ''}"
            ),
        )
        return (yield from kept(key, features))

    def bytes(self, result: PointFeatures) -> int:
        """Mostly the table."""
        return result.nbytes

    def tell(self, result: PointFeatures, row: int) -> tuple[Fact, ...]:
        """In how many pictures the point was seen."""
        place = int(result.row[row])
        views = 0 if place < 0 else int(result.views[place])
        return (Fact("Views", f"{views}", f"pictures that show the point; {result.origin}"),)

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """A tiny CLIP with random weights, and a frame on either side."""
        options = PixelOptions(write_tiny_clip(folder / "tiny_clip"), before=1, after=1, device="cpu")
        return {**VISIBILITY.example(folder), self.name: options}


def _window(given: Given, options: PixelOptions) -> list[int]:
    """Frames whose pictures are looked at: those with a pose that is known, and the current one."""
    sequence, index = given.context.sequence(given.source), given.frame.index
    poses = sequence.poses
    count = 0 if poses is None or given.frame.world_from_sensor is None else min(len(poses), len(sequence))
    around = range(max(index - options.before, 0), min(index + options.after + 1, count))
    return sorted({index, *around})


def _key(given: Given, options: PixelOptions, identity: str, window: list[int]) -> StoreKey:
    """Of other frames their number and pose count: their pictures are taken to be those they were."""
    poses = given.context.sequence(given.source).poses
    around = "" if poses is None or len(window) == 1 else repr(poses[window].tolist())
    plain = replace(options, clip=ClipSource(), device="", before=0, after=0)
    return key_of(given, PixelFeatures.name, identity, [plain, given.options[VISIBILITY.name]], f"{window}{around}")


def _seen(given: Given, window: list[int]) -> Steps[list[_Seen]]:
    """All pictures of the window that show any point. Other frames that cannot be read are left out."""
    seen: list[_Seen] = []
    for done, index in enumerate(window):
        yield done, len(window), f"look at frame {index}"
        try:
            there = given.at(index)
            images = pictures(given.context, there.frame)
        except DataError:
            if index == given.frame.index:
                raise
            continue  # a frame less in the mean; that it is broken is told where it is shown
        if there.missing(VISIBILITY.name) is not None:
            continue
        visibility = yield from there.result(VISIBILITY.name)
        for place, (camera, image) in enumerate(zip(there.frame.cameras, images, strict=True)):
            if image is None:
                continue
            view = yield from _view(given, there, place, visibility)
            if len(view.rows):
                seen.append(_Seen(index, camera, image, view))
    return seen


def _view(given: Given, there: Given, place: int, visibility: Visibility) -> Steps[View]:
    visible, pixel = visibility.visible[:, place], visibility.pixel[:, place]
    if there.frame is given.frame:
        return own_view(visible, pixel)
    mine, theirs = given.frame.world_from_sensor, there.frame.world_from_sensor
    if mine is None or theirs is None:
        raise ValueError("frames of a window have poses")
    motion = transforms.relative(theirs, mine)
    camera, depth = there.frame.cameras[place], visibility.depth[:, place]
    work = aside(lambda _stop: other_view(given.frame.points, motion, camera, pixel[visible], depth[visible]))
    return (yield from clips.waiting(work, f"look at frame {there.frame.index}"))


def _dense(
    given: Given, model: ClipModel, one: _Seen, options: PixelOptions, progress: tuple[int, int, str]
) -> Steps[DenseMap]:
    """The dense map of a picture, kept: windows of neighbouring frames share pictures.

    Of other frames without its keys, which take many times what the features do: only smoothing reads them.
    """
    key = ("dense", one.camera.image_path, options.clip, options.device, options.scale)
    bare: Hashable = (*key, "features")
    cache = given.context.cache
    dense: DenseMap | None = cache.get(key) or cache.get(bare)
    if dense is None:
        done, total, text = progress
        work = aside(partial(_read, model, one.image, options.scale))
        dense = yield from clips.waiting(work, text, done, total)
        own = one.frame == given.frame.index
        if not own:
            dense = replace(dense, keys=dense.keys[..., :0].copy())
        cache.put(key if own else bare, dense, dense.features.nbytes + dense.keys.nbytes)
    return dense


def _read(model: ClipModel, image: np.ndarray, scale: float | None, stop: threading.Event) -> DenseMap:
    with clips.sentences():
        return model.dense(image, scale=scale, stopped=stop.is_set)


def _add(fusion: Fusion, view: View, dense: DenseMap, stop: threading.Event) -> None:
    """Points by blocks: gathering rows holds the interpreter, and the engine has others to serve."""
    for start in range(0, len(view.rows), BLOCK):
        if stop.is_set():
            return
        part = View(view.rows[start : start + BLOCK], view.pixel[start : start + BLOCK])
        fusion.add(part, dense.sample(part.pixel))


ENTRY = PixelFeatures()
