"""Getting ready for surfaces: what is read and loaded stays, and nothing else of it is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_drive import write_small_drive
from surface_models import write_tiny_surface_model

from app.core.errors import DataError, UsageError
from app.core.surface.result import SurfaceOptions
from app.core.tasks import surface_steps
from app.core.tasks.base import Partial, Progress, run
from app.core.tasks.context import Context, Source
from app.core.tasks.make_surface import make_surface
from app.core.tasks.warm_surfaces import warm_surfaces


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(write_small_drive(tmp_path / "drive", frames=1, points=300).root, "00")


def of_network(folder: Path) -> SurfaceOptions:
    weights = write_tiny_surface_model(folder)
    return SurfaceOptions(weights, step=0.4, threshold=0.9, device="cpu", precision="fp32")


def test_the_checkpoint_and_the_frame_are_there_afterwards(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, options = Context(), of_network(tmp_path)
    heard: list[Progress | Partial] = []
    run(warm_surfaces(context, source=source, index=0, options=options), heard.append)
    assert {type(event) for event in heard} == {Progress}  # the trial itself is not shown
    assert ("frame", source, 0) in context.cache
    monkeypatch.setattr(surface_steps, "load_surface_model", None)  # not asked again
    warm = run(make_surface(context, source=source, index=0, options=options))
    monkeypatch.undo()
    cold = run(make_surface(Context(), source=source, index=0, options=options))
    np.testing.assert_array_equal(warm.vertices, cold.vertices)
    assert warm.evaluations == cold.evaluations  # no latents, field or answers of the trial were left


@pytest.mark.parametrize("baseline", ["tsdf", "poisson", "voxels"])
def test_baselines_get_ready_too(source: Source, baseline: str) -> None:
    context = Context()
    options = SurfaceOptions(baseline=baseline, step=0.4)
    run(warm_surfaces(context, source=source, index=0, options=options))
    assert surface_steps.kept(context, source, 0, options) is None


def test_a_frame_without_points_and_what_cannot_be_read(tmp_path: Path) -> None:
    source = Source(write_small_drive(tmp_path / "drive", frames=1).root, "00")
    with pytest.raises(UsageError, match="made by a checkpoint"):
        run(warm_surfaces(Context(), source=source, index=0, options=SurfaceOptions()))
    lost = SurfaceOptions(tmp_path / "lost.safetensors")
    with pytest.raises((DataError, OSError)):
        run(warm_surfaces(Context(), source=source, index=0, options=lost))
    next(source.path.rglob("velodyne/*.bin")).write_bytes(b"")
    with pytest.raises(UsageError, match="points"):
        run(warm_surfaces(Context(), source=source, index=0, options=SurfaceOptions(baseline="tsdf")))
