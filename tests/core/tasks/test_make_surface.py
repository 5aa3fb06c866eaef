"""The task that makes surfaces: levels, colours, files, what cannot be, and giving up."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from small_drive import SmallDrive, write_small_drive
from surface_models import write_tiny_surface_model

from app.core.datasets import open_dataset
from app.core.errors import DataError, UsageError
from app.core.layers.coloring import colorize, resolve_range
from app.core.layers.height import ENTRY as HEIGHT
from app.core.state import LayerStyle
from app.core.surface import limits
from app.core.surface.measures import MeasureOptions
from app.core.surface.names import BASELINES
from app.core.surface.result import Reconstruction, SurfaceOptions
from app.core.tasks import surface_steps as steps
from app.core.tasks.base import Partial, Progress, run
from app.core.tasks.context import Context, Source
from app.core.tasks.make_surface import make_surface

BOX = (5.0, -4.0, -2.5, 14.0, 4.0, 1.0)


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=3, points=300)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_surface_model(tmp_path_factory.mktemp("net"))


@pytest.fixture
def source(drive: SmallDrive) -> Source:
    return Source(drive.root, "00")


def half_way(source: Source, weights: Path, context: Context) -> SurfaceOptions:
    """Options whose threshold lies in the middle of what the random head says, so that there is a surface."""
    options = SurfaceOptions(weights, step=0.4, box=BOX, threshold=0.999, device="cpu", precision="fp32")
    (note,) = run(make_surface(context, source=source, index=0, options=options)).notes
    low, high = (float(part) for part in note.split("lie between ")[1].split(";")[0].split(" and "))
    return dataclasses.replace(options, threshold=(low + high) / 2)


def test_levels_come_one_after_the_other_and_the_last_is_written(
    source: Source, weights: Path, tmp_path: Path
) -> None:
    context = Context()
    options = half_way(source, weights, context)
    partials: list[Reconstruction] = []
    out = tmp_path / "mesh.ply"
    work = make_surface(context, source=source, index=0, options=options, out=out, measured=MeasureOptions(500))
    last = run(work, lambda event: partials.append(event.value) if isinstance(event, Partial) else None)
    assert [partial.step for partial in partials] == [0.8, 0.4]
    assert len(last.triangles) > 0
    assert last.path == out
    assert len(trimesh.load(out, force="mesh", process=False).faces) == len(last.triangles)
    np.testing.assert_array_equal(last.vertices, partials[-1].vertices)
    assert last.colors.shape == last.vertices.shape == last.normals.shape
    assert partials[0].evaluations < last.evaluations
    assert last.measures is not None
    assert "scans" in last.measures.reference
    assert "tiny_surface" in last.source


@pytest.mark.parametrize("color", ["class", "intensity", "latent", "uncertainty", "normal"])
def test_colours(color: str, source: Source, weights: Path) -> None:
    context = Context()
    options = dataclasses.replace(half_way(source, weights, context), color=color)
    found = run(make_surface(context, source=source, index=0, options=options))
    assert found.layer.name == color
    assert found.colors.dtype == np.uint8
    assert len(np.unique(found.colors, axis=0)) > 1


def test_latents_are_computed_once(source: Source, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = steps.latent_steps
    monkeypatch.setattr(steps, "latent_steps", lambda *a, **k: (asked.append(1), real(*a, **k))[1])
    half_way(source, weights, context := Context())
    assert asked == [1]
    half_way(source, weights, context)
    assert asked == [1]


def test_a_height_has_the_colour_that_points_of_it_have(source: Source, drive: SmallDrive) -> None:
    options = SurfaceOptions(baseline="tsdf", step=0.4)
    made = run(make_surface(Context(), source=source, index=0, options=options))
    frame = open_dataset(drive.root).sequence("00").read(0)
    points, of_points = frame.points, HEIGHT.compute(frame, None)
    ends = resolve_range(of_points, LayerStyle())
    assert ends is not None
    assert made.layer.absolute_range == ends
    for height in np.quantile(made.vertices[:, 2], [0.1, 0.5, 0.9]):
        near = int(np.abs(points[:, 2] - height).argmin())
        vertex = int(np.abs(made.vertices[:, 2] - points[near, 2]).argmin())
        painted = colorize(of_points, LayerStyle())[0][near].astype(int)
        assert np.abs(made.colors[vertex].astype(int) - painted).max() < 25


@pytest.mark.parametrize("baseline", BASELINES)
def test_baselines(baseline: str, source: Source) -> None:
    options = SurfaceOptions(baseline=baseline, step=0.4, color="class")
    found = run(make_surface(Context(), source=source, index=1, options=options))
    assert len(found.triangles) > 20
    assert found.vertices[:, 2].min() > -4


def test_world_coordinates(source: Source, tmp_path: Path) -> None:
    context, options = Context(), SurfaceOptions(baseline="tsdf", step=0.8)
    out = tmp_path / "mesh.obj"
    found = run(make_surface(context, source=source, index=2, options=options, out=out, world=True))
    pose = context.frame(source, 2).world_from_sensor
    assert pose is not None
    moved = found.vertices @ pose[:3, :3].T + pose[:3, 3]
    np.testing.assert_allclose(np.sort(trimesh.load(out).vertices[:, 0]), np.sort(moved[:, 0]), atol=1e-3)


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "checkpoint or by a baseline"),
    ({"baseline": "alpha"}, "poisson, tsdf"),
    ({"baseline": "tsdf", "threshold": 1.5}, "between 0 and 1"),
    ({"baseline": "tsdf", "radius": -1.0}, "radius"),
    ({"baseline": "tsdf", "step": 0.001}, "step is between"),
    ({"baseline": "tsdf", "color": "latent"}, "comes from a network"),
    ({"baseline": "tsdf", "color": "mood"}, "no colour 'mood'"),
    ({"baseline": "tsdf", "box": (0.0, 0.0, 40.0, 1.0, 1.0, 41.0)}, "outside the frame"),
    ({"baseline": "tsdf", "box": (5.0, 5.0, 1.0, 5.5, 5.5, 1.5)}, "No points lie in the box"),
]


@pytest.mark.parametrize(("fields", "said"), BAD)
def test_what_cannot_be_is_one_sentence(fields: dict[str, Any], said: str, source: Source, tmp_path: Path) -> None:
    work = make_surface(Context(), source=source, index=0, options=SurfaceOptions(**fields), out=tmp_path / "a.ply")
    with pytest.raises(UsageError, match=said) as error:
        run(work)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_without_labels_or_poses(tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path, frames=1, labels=False, poses=False, points=100)
    source, tsdf = Source(drive.root, "00"), SurfaceOptions(baseline="tsdf", step=0.8)
    with pytest.raises(UsageError, match="by class: This frame has no labels"):
        run(make_surface(Context(), source=source, index=0, options=dataclasses.replace(tsdf, color="class")))
    with pytest.raises(UsageError, match="no pose"):
        run(make_surface(Context(), source=source, index=0, options=tsdf, world=True))
    found = run(make_surface(Context(), source=source, index=0, options=tsdf, measured=MeasureOptions(100)))
    assert found.measures is None
    assert "not measured" in found.notes[-1]


def test_too_fine_for_the_memory_there_is(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: 20 << 20)
    options = SurfaceOptions(baseline="tsdf", step=0.02)
    with pytest.raises(UsageError, match=r"would need about .* GB of memory.*finest that fits is"):
        run(make_surface(Context(), source=source, index=0, options=options))


def test_a_checkpoint_without_an_occupancy_head(source: Source, tmp_path: Path) -> None:
    from app.core.methods.predict import write_tiny

    path = write_tiny(tmp_path / "tiny.safetensors")
    with pytest.raises(DataError, match=r"tiny\.safetensors has no occupancy head"):
        run(make_surface(Context(), source=source, index=0, options=SurfaceOptions(path, device="cpu")))


def test_no_surface_at_the_threshold_is_a_sentence(source: Source, weights: Path, tmp_path: Path) -> None:
    options = SurfaceOptions(weights, step=0.8, box=BOX, threshold=0.999, device="cpu", precision="fp32")
    out = tmp_path / "none.ply"
    found = run(make_surface(Context(), source=source, index=0, options=options, out=out))
    assert len(found.vertices) == len(found.triangles) == len(found.colors) == 0
    assert "no surface at the threshold 0.999" in found.notes[0]
    assert out.stat().st_size > 0


def test_given_up_it_leaves_nothing(source: Source, weights: Path, tmp_path: Path) -> None:
    context, out = Context(), tmp_path / "mesh.ply"
    options = half_way(source, weights, context)
    work = make_surface(context, source=source, index=0, options=options, out=out)
    for event in work:
        if isinstance(event, Progress) and "surface at 0.4" in event.text:
            break
    work.close()
    assert not list(tmp_path.iterdir())
