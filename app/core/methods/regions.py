"""CLIP on the piece of a picture that shows each superpoint (Affinity3D §3.2)."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from app.core.labels import LabelSet
from app.core.language import clips
from app.core.language.crops import cut, find_regions, rows_of
from app.core.language.feature_store import StoreKey
from app.core.language.features import PointFeatures, Regions
from app.core.language.stored import kept, key_of, looked_up, no_camera, pictures
from app.core.language.tiny_clip import write_tiny_clip
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.methods.superpoints import ENTRY as SUPERPOINTS
from app.core.methods.visibility import ENTRY as VISIBILITY
from app.core.prediction.aside import aside
from app.core.types import Frame
from app.models.clip.source import ClipSource

if TYPE_CHECKING:
    from app.core.geometry.superpoints import Superpoints
    from app.models.clip.info import ClipInfo
    from app.models.clip.model import ClipModel

BATCH = 16
"""Crops that CLIP reads at once: between two batches the work can be cancelled."""


@dataclass(frozen=True)
class RegionOptions:
    """How to read regions.

    Attributes
    ----------
    clip : which CLIP
    device : "auto", "cpu", "cuda:0" …
    margin : share of a crop's width and height that is added on each side
    """

    clip: ClipSource
    device: str = "auto"
    margin: float = 0.0


class RegionFeatures(Method[RegionOptions, PointFeatures]):
    """One CLIP feature for each superpoint that a camera sees; its points share it, hidden ones too."""

    name: ClassVar[str] = "regions"
    title: ClassVar[str] = "Region features"
    options_type = RegionOptions
    uses: ClassVar[tuple[str, ...]] = (SUPERPOINTS.name, VISIBILITY.name)

    def pinned(self, options: RegionOptions) -> RegionOptions:
        """With the CLIP's files as they are now."""
        return replace(options, clip=clips.stamped(options.clip))

    def prepared(self, options: RegionOptions) -> bool:
        """Whether the CLIP has been looked at."""
        return clips.known(options.clip)

    def prepare(self, options: RegionOptions) -> Steps[None]:
        """Look at the CLIP, which imports torch."""
        yield from clips.reading(options.clip)

    def about(self, options: RegionOptions) -> ClipInfo:
        """What is known of the CLIP; ``DataError`` where it cannot be used."""
        return clips.info_of(options.clip)

    def missing(self, frame: Frame, label_set: LabelSet | None, options: RegionOptions | None) -> str | None:
        """Needs a CLIP, and a camera with a picture."""
        if options is None:
            return clips.CHOOSE
        return no_camera(frame) or clips.why_not(options.clip)

    def steps(self, given: Given, options: RegionOptions) -> Steps[PointFeatures]:
        """Superpoints and what is visible of them, then CLIP on their crops, a batch at a time."""
        info = clips.info_of(options.clip)
        key = store_key(given, options, info.identity)
        stored = yield from looked_up(key)
        if stored is not None:
            return stored
        superpoints: Superpoints = yield from given.result(SUPERPOINTS.name)
        visibility = yield from given.result(VISIBILITY.name)
        frame, images = given.frame, pictures(given.context, given.frame)
        regions = find_regions(
            frame.points,
            superpoints.segment,
            visibility.visible,
            visibility.pixel,
            [None if image is None else camera.size for camera, image in zip(frame.cameras, images, strict=True)],
            names=tuple(camera.name for camera in frame.cameras),
            margin=options.margin,
        )
        model = yield from clips.loading(given.context, options.clip, options.device)
        table = yield from encoded(model, regions, images)
        features = PointFeatures(
            table=table,
            row=rows_of(superpoints.segment, regions),
            views=np.ones(len(regions), np.float32),
            way=self.name,
            clip=info.identity,
            origin=f"{clips.title_of(options.clip)} ({info.identity}) on the crops of {len(regions)} superpoints",
            regions=regions,
        )
        return (yield from kept(key, features))

    def bytes(self, result: PointFeatures) -> int:
        """Mostly the table."""
        return result.nbytes

    def tell(self, result: PointFeatures, row: int) -> tuple[Fact, ...]:
        """Superpoint, crop, camera and how many points decided it."""
        place = int(result.row[row])
        if place < 0 or result.regions is None:
            return (Fact("Region", "none", f"no camera sees 2 points of its superpoint; {result.origin}"),)
        return region_facts(result.regions, place, result.origin)

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """A tiny CLIP with random weights."""
        return {
            **SUPERPOINTS.example(folder),
            **VISIBILITY.example(folder),
            self.name: RegionOptions(write_tiny_clip(folder / "tiny_clip"), device="cpu"),
        }


def region_facts(regions: Regions, place: int, origin: str) -> tuple[Fact, ...]:
    """What the inspector tells of a region."""
    x0, y0, x1, y1 = (int(edge) for edge in regions.box[place])
    camera = int(regions.camera[place])
    name = regions.cameras[camera] if camera < len(regions.cameras) else f"camera {camera}"
    where = f"{name}, {x0}, {y0} to {x1}, {y1} ({x1 - x0} × {y1 - y0} pixels)"
    count = f"superpoint {int(regions.segment[place])}, {int(regions.points[place])} visible points"
    return (Fact("Region", where, f"box of {count}; {origin}"),)


def store_key(given: Given, options: RegionOptions, identity: str) -> StoreKey:
    """Under which the region features of a frame are stored; ``identity`` of the CLIP."""
    plain = replace(options, clip=ClipSource(), device="")
    used = [given.options[name] for name in (SUPERPOINTS.name, VISIBILITY.name)]
    return key_of(given, RegionFeatures.name, identity, [plain, *used])


def encoded(model: ClipModel, regions: Regions, images: list[np.ndarray | None]) -> Steps[np.ndarray]:
    """(K, D) float16 features of the crops, a batch at a time, in a thread beside."""
    table = np.zeros((len(regions), model.info.embed_dim), np.float16)
    for start in range(0, len(regions), BATCH):
        end = min(start + BATCH, len(regions))
        crops = [_crop(regions, place, images) for place in range(start, end)]
        text = f"CLIP on region {end} of {len(regions)}"
        yield start, len(regions), text
        work = aside(partial(_encode, model, crops))
        table[start:end] = yield from clips.waiting(work, text, start, len(regions))
    return table


def _encode(model: ClipModel, crops: list[np.ndarray], stop: threading.Event) -> np.ndarray:
    from app.models.threads import one_thread

    with clips.sentences(), one_thread(model.info.parameters < clips.SMALL):
        return model.encode_images(crops, batch=BATCH, stopped=stop.is_set)


def _crop(regions: Regions, place: int, images: list[np.ndarray | None]) -> np.ndarray:
    image = images[regions.camera[place]]
    if image is None:
        raise ValueError("a region lies in a picture that could be read")
    return cut(image, regions.box[place])


ENTRY = RegionFeatures()
