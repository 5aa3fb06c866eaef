"""Tasks beside the surface: a slice coarse then fine, other colours, measures with sentences, judged queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core.demo.surface import Surface
from app.core.errors import DataError, UsageError
from app.core.surface import slicing
from app.core.surface.names import BASELINES, TITLES
from app.core.surface.result import SurfaceOptions
from app.core.surface.view import QueryView, SliceOptions, SlicePicture
from app.core.tasks import show_sight_queries as asking
from app.core.tasks import slice_surface as slice_module
from app.core.tasks import surface_steps
from app.core.tasks.base import Partial, run
from app.core.tasks.context import Context, Source
from app.core.tasks.later_scans import later_scans
from app.core.tasks.make_surface import make_surface
from app.core.tasks.measure_surfaces import measure_surfaces, options_of
from app.core.tasks.recolor_surface import recolor_surface
from app.core.tasks.show_sight_queries import show_sight_queries
from app.core.tasks.slice_surface import slice_surface

BOX = (5.0, -4.0, -2.5, 14.0, 4.0, 1.0)
TSDF = SurfaceOptions(baseline="tsdf", step=0.8, box=BOX)


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=3, points=300)


@pytest.fixture
def source(drive: SmallDrive) -> Source:
    return Source(drive.root, "00")


def partials(work: Any) -> tuple[list[Any], Any]:
    """What a task tells on its way, and its result."""
    said: list[Any] = []
    result = run(work, lambda event: said.append(event.value) if isinstance(event, Partial) else None)
    return said, result


def test_a_slice_is_coarse_first_and_then_as_fine_as_time_allows(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicing, "FIRST", 150)
    cut = SliceOptions("horizontal", -1.7)
    work = slice_surface(Context(), source=source, index=0, options=TSDF, cut=cut, seconds=60)
    (coarse,), fine = partials(work)
    assert isinstance(coarse, SlicePicture) and coarse.step == 0.8 and fine.step == 0.05
    assert fine.evaluations == coarse.values.size + fine.values.size and fine.options == cut
    assert 0 < fine.known < 1 and len(fine.triangles) == 2 * np.isfinite(fine.values).sum()
    none, only = partials(slice_surface(Context(), source=source, index=0, options=TSDF, cut=cut, seconds=0))
    assert none == [] and only.step == 0.8


def test_a_slice_that_takes_longer_than_it_seemed_is_coarser(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(np.cumsum([0.0] + [1e-6] * 5 + [100.0] * 1000))
    monkeypatch.setattr(slicing, "FIRST", 150)
    monkeypatch.setattr(slice_module.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(surface_steps, "MOST", 500)
    cut = SliceOptions("horizontal", -1.7)
    said, found = partials(slice_surface(Context(), source=source, index=0, options=TSDF, cut=cut))
    assert [picture.step for picture in said] == [0.8] and found.step == 0.8


def test_a_slice_of_nothing_is_a_sentence(source: Source) -> None:
    for options, said in (
        (SurfaceOptions(baseline="poisson"), "Poisson has no field"),
        (SurfaceOptions(), "a checkpoint or by a baseline"),
        (SurfaceOptions(baseline="tsdf", box=(0, 0, 40, 1, 1, 41)), "outside the frame"),
    ):
        with pytest.raises(UsageError, match=said):
            run(slice_surface(Context(), source=source, index=0, options=options, cut=SliceOptions()))


def test_another_colour_takes_what_is_there_or_makes_it(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context()
    made = run(make_surface(context, source=source, index=0, options=TSDF))
    turned = SurfaceOptions(baseline="tsdf", step=0.8, box=BOX, color="normal")
    fresh = run(recolor_surface(Context(), source=source, index=0, options=turned))
    monkeypatch.setattr(surface_steps, "levels", lambda *_: pytest.fail("it is made again"))
    found = run(recolor_surface(context, source=source, index=0, options=turned))
    assert found.layer.name == fresh.layer.name == "normal"
    for other in (found, fresh):
        np.testing.assert_array_equal(other.vertices, made.vertices)
    again = run(make_surface(context, source=source, index=0, options=TSDF))
    np.testing.assert_array_equal(again.colors, made.colors)


def test_a_maker_that_fails_has_its_sentence_in_its_row(source: Source, tmp_path: Path) -> None:
    gone = SurfaceOptions(tmp_path / "gone.safetensors", step=0.8, box=BOX)
    rows, table = partials(measure_surfaces(Context(), source=source, index=0, options=gone))
    assert [row.maker for row in rows] == ["network", "poisson", "tsdf", "voxels"] and tuple(rows) == table
    assert "does not exist" in rows[0].problem and rows[0].measures is None
    assert all(row.measures is not None and "scans" in row.measures.reference for row in rows[1:])


def test_others_are_made_at_the_same_step_in_the_same_box(tmp_path: Path) -> None:
    chosen = SurfaceOptions(tmp_path, step=0.05, box=BOX, threshold=0.7, color="latent")
    other = options_of(chosen, "poisson")
    assert (other.checkpoint, other.baseline, other.step, other.box) == (None, "poisson", 0.05, BOX)
    assert (other.threshold, other.color) == (0.5, "height") and options_of(chosen, "network") is chosen
    own = SurfaceOptions(baseline="tsdf", threshold=0.3)
    assert options_of(own, "tsdf") is own
    assert set(TITLES) == {"network", *BASELINES}


def test_queries_are_judged_by_the_exact_surface(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    reach = np.float32(100)
    floor = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], np.float32) * reach - np.float32([0, 0, 1.7])
    deep = floor - np.float32([0, 0, 5])
    one = np.ones(2, np.uint8)
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    exact = Surface(np.concatenate([floor, deep]).astype(np.float32), triangles, one, one, one)
    monkeypatch.setattr(asking, "read_surface", lambda *_: exact)
    (first,), judged = partials(
        show_sight_queries(Context(), source=source, index=0, view=QueryView(count=600, delta=0.01))
    )
    assert first.wrong is None and judged.wrong is not None
    np.testing.assert_array_equal(first.points, judged.points)
    on_floor = np.abs(judged.targets[:, 2] + 1.7) < 1e-3
    assert on_floor.sum() > 100 and not judged.wrong[on_floor].mean() > 0.02
    above = judged.judged & (judged.kind == 0) & (judged.targets[:, 2] > -1.5)
    assert judged.wrong[above].all(), "the wall is not in this surface, so nothing is full behind its points"
    unjudged = run(show_sight_queries(Context(), source=source, index=0, view=QueryView(), judged=False))
    assert unjudged.wrong is None and unjudged.wrong_share() is None


def test_a_broken_exact_surface_is_a_sentence(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise DataError("world.json is broken.")

    monkeypatch.setattr(asking, "read_surface", broken)
    with pytest.raises(DataError, match=r"world\.json"):
        run(show_sight_queries(Context(), source=source, index=0, view=QueryView()))


def test_later_scans_use_the_surface_that_is_there(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context()
    run(make_surface(context, source=source, index=0, options=TSDF))
    monkeypatch.setattr(surface_steps, "levels", lambda *_: pytest.fail("it is made again"))
    found = run(later_scans(context, source=source, index=0, options=TSDF, frames=50))
    assert found.later == 2 and "moving things left out" in found.about
    with pytest.raises(UsageError, match="is the last one"):
        run(later_scans(context, source=source, index=2, options=TSDF, frames=1))
