"""From pixels to points on recorded drives, with a CLIP of random numbers: the real path, files to features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.datasets.base import OpenOptions
from app.core.language.tiny_clip import write_tiny_clip
from app.core.methods.base import Given, drain, pinned
from app.core.methods.pixels import PixelOptions
from app.core.methods.regions import RegionOptions
from app.core.tasks.context import Context, Source
from app.models.clip.source import ClipSource


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


def given_of(path: Path, clip: ClipSource) -> Given:
    context = Context()
    source = Source(path, context.dataset(path, OpenOptions()).sequences[0].name)
    chosen = (("pixels", PixelOptions(clip, 1, 1, "cpu")), ("regions", RegionOptions(clip, "cpu")))
    return Given(context, source, context.frame(source, 0), None, pinned(chosen))


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "cameras"), [("semantickitti", 1), ("nuscenes", 6), ("kitti_raw", 1)])
def test_recorded_frames_have_features_by_both_ways(
    realdata: Path, clip: ClipSource, name: str, cameras: int
) -> None:
    given = given_of(realdata / name, clip)
    assert given.missing("regions") is None
    assert given.missing("pixels") is None
    regions, pixels = drain(given.result("regions")), drain(given.result("pixels"))
    seen = given.held("visibility").visible
    assert set(regions.regions.camera) == set(range(cameras)), "every camera gives crops"
    for place, camera in enumerate(given.frame.cameras):
        box = regions.regions.box[regions.regions.camera == place]
        assert (box[:, :2] >= 0).all()
        assert (box[:, 2:] <= camera.size).all()
        assert (box[:, 2:] - box[:, :2] >= 30).all()
    np.testing.assert_array_equal(pixels.known | seen.any(axis=1), pixels.known)
    assert pixels.views.max() >= seen.sum(axis=1).max()
    for found in (regions, pixels):
        lengths = np.linalg.norm(found.table.astype(np.float32), axis=1)
        np.testing.assert_allclose(lengths, 1, atol=2e-3)
        assert np.isfinite(lengths).all()
