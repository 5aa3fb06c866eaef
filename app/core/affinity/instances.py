"""The instances of a frame (Affinity3D §3.2): superpoints that a picture shows, each with its crop's CLIP feature.

In the generalized zero-shot setting instances of seen classes are ignored. Which points are of a seen class is
known there, so these are taken out before clustering ("DBSCAN clustered unseen classes"), and points that the
ground truth leaves unlabelled with them: neither training nor evaluation looks at those.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from app.core.affinity.options import ANNOTATION_FREE, ZERO_SHOT, PseudoLabelOptions
from app.core.geometry.superpoints import Superpoints
from app.core.labels import LabelSet
from app.core.language import clips
from app.core.language.crops import find_regions, rows_of
from app.core.language.feature_store import StoreKey, digest
from app.core.language.features import PointFeatures
from app.core.language.stored import kept, key_of, looked_up, no_camera, pictures
from app.core.methods.base import Given, Steps
from app.core.methods.regions import RegionOptions, encoded, store_key
from app.core.prediction.aside import aside
from app.core.types import Frame
from app.models.clip.source import ClipSource

REGIONS, SUPERPOINTS, VISIBILITY = "regions", "superpoints", "visibility"

NO_TRUTH = (
    f"{{}} ground truth, which tells the seen classes in the setting {ZERO_SHOT}; choose the setting "
    f"{ANNOTATION_FREE}, which needs none."
)

NO_PICTURE = (
    "This frame has no camera with a picture and a calibration, so CLIP has nothing to look at: labels come from "
    "pictures alone."
)


def chosen(options: PseudoLabelOptions) -> dict[str, Hashable]:
    """Options of the methods that instances are made by."""
    return {
        SUPERPOINTS: options.grouping,
        VISIBILITY: options.rule,
        REGIONS: RegionOptions(clips.stamped(options.clip), options.device, options.margin),
    }


def missing(given: Given, options: PseudoLabelOptions) -> str | None:
    """Why a frame has no instances at all, one sentence, or None."""
    return without_truth(given.frame, options) or without_picture(given.frame) or given.missing(REGIONS)


def without_truth(frame: Frame, options: PseudoLabelOptions) -> str | None:
    """Why a setting has nothing to say of a frame without ground truth, or None."""
    if options.setting == ZERO_SHOT and frame.labels is None:
        return NO_TRUTH.format("This frame has no")
    return None


def without_picture(frame: Frame) -> str | None:
    """Why no superpoint of a frame can be shown to CLIP, or None where a camera has a picture."""
    return NO_PICTURE if no_camera(frame) else None


def instances(given: Given, options: PseudoLabelOptions, unseen: tuple[int, ...]) -> Steps[PointFeatures]:
    """Features of the kept instances, row k of the table that of region k, and the row of each point (−1 in none).

    ``missing`` must have said None; ``unseen``: train ids.
    """
    if options.setting == ANNOTATION_FREE:
        whole: PointFeatures = yield from given.result(REGIONS)
        return whole
    own = _regions(given)
    candidates = of_classes(given.frame, given.label_set, unseen)
    info = clips.info_of(own.clip)
    key = _key(given, options, candidates)
    stored = yield from looked_up(key)
    if stored is not None:
        return stored
    superpoints = yield from _clustered(given.frame.points, candidates, options)
    seen = yield from given.result(VISIBILITY)  # by all points: what is left out still hides things
    cameras, images = given.frame.cameras, pictures(given.context, given.frame)
    regions = find_regions(
        given.frame.points,
        superpoints.segment,
        seen.visible,
        seen.pixel,
        [None if image is None else camera.size for camera, image in zip(cameras, images, strict=True)],
        names=tuple(camera.name for camera in cameras),
        margin=options.margin,
    )
    model = yield from clips.loading(given.context, own.clip, own.device)
    table = yield from encoded(model, regions, images)
    features = PointFeatures(
        table=table,
        row=rows_of(superpoints.segment, regions),
        views=np.ones(len(regions), np.float32),
        way=REGIONS,
        clip=info.identity,
        origin=f"{clips.title_of(own.clip)} ({info.identity}) on the crops of {len(regions)} instances",
        regions=regions,
    )
    return (yield from kept(key, features))


def stored_instances(
    given: Given, options: PseudoLabelOptions, unseen: tuple[int, ...]
) -> Steps[PointFeatures | None]:
    """As :func:`instances` where they were made before, None where they were not; nothing is computed."""
    own = _regions(given)
    if options.setting == ANNOTATION_FREE:
        held: PointFeatures | None = given.held(REGIONS)
        if held is not None:
            return held
        return (yield from looked_up(store_key(given, own, clips.info_of(own.clip).identity)))
    return (yield from looked_up(_key(given, options, of_classes(given.frame, given.label_set, unseen))))


def _regions(given: Given) -> RegionOptions:
    own = given.options[REGIONS]
    assert isinstance(own, RegionOptions)
    return own


def _key(given: Given, options: PseudoLabelOptions, candidates: np.ndarray) -> StoreKey:
    """Under which the instances of unseen classes are stored; ``candidates`` (N,) bool: points of these."""
    own = _regions(given)
    plain = replace(own, clip=ClipSource(), device="")
    content = digest(np.packbits(candidates).tobytes().hex())
    identity = clips.info_of(own.clip).identity
    return key_of(given, "instances", identity, [plain, options.grouping, options.rule], content)


def of_classes(frame: Frame, label_set: LabelSet | None, ids: tuple[int, ...]) -> np.ndarray:
    """(N,) bool: points whose ground truth is one of these train ids."""
    if frame.labels is None or label_set is None:
        raise ValueError("only frames with ground truth are asked")
    return np.isin(label_set.train_ids(frame.labels), ids)


def _clustered(points: np.ndarray, candidates: np.ndarray, options: PseudoLabelOptions) -> Steps[Superpoints]:
    """Superpoints of some of the points; all others are in none."""
    from app.core.geometry.superpoints import superpoints

    alone = np.where(candidates[:, None], points, np.float32(np.nan))  # points that are none take no part
    work = aside(lambda _stop: superpoints(alone, options.grouping))
    return (yield from clips.waiting(work, "cluster unseen classes"))
