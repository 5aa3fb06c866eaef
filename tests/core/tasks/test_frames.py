"""The tasks that bring frames: show_frame, compute_layer, accumulate, open_drive, export_frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_drive import STEP, UNLISTED, SmallDrive, image, scan, write_small_drive

from app.core.datasets.base import OpenOptions
from app.core.errors import DataError, UsageError
from app.core.geometry.accumulate import kept_rows
from app.core.labels import UNKNOWN
from app.core.state import Accumulation, FrameState
from app.core.tasks import entry
from app.core.tasks.base import Progress, run
from app.core.tasks.context import Context, Source


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive")


def call(name: str, context: Context | None = None, **params: object):
    return run(entry(name)(context or Context(), **params))


def source(drive: SmallDrive) -> Source:
    return Source(drive.root, "00")


def test_open_drive_tells_what_is_there(drive: SmallDrive) -> None:
    opened = call("open_drive", path=drive.root, options=OpenOptions())
    assert opened.info.format == "semantickitti"
    assert opened.info.path == drive.root
    assert [s.frames for s in opened.info.sequences] == [5]
    assert opened.poses.shape == (5, 4, 4)
    assert opened.label_set.class_name(1) == "car"
    with pytest.raises(UsageError, match="99"):
        call("open_drive", path=drive.root, options=OpenOptions(), sequence="99")


def test_opening_again_reads_changed_files_and_growing_keeps_them(drive: SmallDrive) -> None:
    context = Context()
    first = call("show_frame", context, source=source(drive), index=1)
    np.stack([np.ones(4)] * 7).astype("<f4").tofile(drive.root / "sequences/00/velodyne/000001.bin")
    image_path = drive.root / "sequences/00/image_2/000001.png"
    image_path.write_bytes((drive.root / "sequences/00/image_2/000004.png").read_bytes())
    about = {"path": drive.root, "options": OpenOptions()}
    call("open_drive", context, **about, keep_frames=True)
    assert len(call("show_frame", context, source=source(drive), index=1).cloud) == len(first.cloud)
    call("open_drive", context, **about)
    again = call("show_frame", context, source=source(drive), index=1)
    assert len(again.cloud) == 7
    np.testing.assert_array_equal(again.images["image_2"], image(4))


def test_show_frame_brings_all_that_belongs_to_a_frame(drive: SmallDrive) -> None:
    state: FrameState = call("show_frame", source=source(drive), index=2, layers=("height", "label", "time"))
    cloud, ids = scan(2)
    np.testing.assert_array_equal(state.cloud.points, cloud[:, :3])
    assert state.cloud.frame_of is None
    assert set(state.cloud.layers) == {"height", "label"}
    np.testing.assert_array_equal(state.images["image_2"], image(2))
    assert "time" in state.missing_layers
    assert state.label_counts == {1: 100, 9: 399, 13: 400, UNKNOWN: 1}
    assert state.unknown_labels == {UNLISTED: 1}
    assert sum(state.label_counts.values()) == len(ids)
    assert any(str(UNLISTED) in note for note in state.frame.notes)


def test_a_broken_picture_is_a_note_and_the_frame_comes(drive: SmallDrive) -> None:
    (drive.root / "sequences/00/image_2/000001.png").write_bytes(b"\x89PNG\r\n\x1a\nshort")
    state = call("show_frame", source=source(drive), index=1)
    assert state.images == {}
    assert sum("000001.png" in note for note in state.frame.notes) == 1


def test_a_broken_scan_is_one_sentence(drive: SmallDrive) -> None:
    (drive.root / "sequences/00/velodyne/000001.bin").write_bytes(b"12345")
    with pytest.raises(DataError, match=r"000001\.bin"):
        call("show_frame", source=source(drive), index=1)


def test_idle_work_reads_ahead_in_the_direction_of_travel(drive: SmallDrive) -> None:
    context = Context()
    call("show_frame", context, source=source(drive), index=2, direction=-1, prefetch=2)
    for _ in context.idle or ():
        pass
    held = [index for index in range(5) if ("frame", source(drive), index) in context.cache]
    assert held == [0, 1, 2]
    path = drive.root / "sequences/00/image_2/000001.png"
    assert ("image", path) in context.cache


def test_reading_ahead_keeps_to_half_the_cache(drive: SmallDrive) -> None:
    context = Context()
    one = call("show_frame", context, source=source(drive), index=0)
    size = context.cache.bytes
    call("show_frame", context, source=source(drive), index=0, prefetch=4, cache_bytes=4 * size)
    for _ in context.idle or ():
        pass
    assert one.frame.index == 0
    assert context.cache.bytes <= 4 * size
    assert ("frame", source(drive), 4) not in context.cache


def test_reading_ahead_passes_over_broken_frames(drive: SmallDrive) -> None:
    (drive.root / "sequences/00/velodyne/000001.bin").write_bytes(b"")
    (drive.root / "sequences/00/image_2/000002.png").write_bytes(b"")
    context = Context()
    call("show_frame", context, source=source(drive), index=0, prefetch=3)
    for _ in context.idle or ():
        pass
    assert ("frame", source(drive), 3) in context.cache


def test_accumulated_frames_lie_over_each_other(drive: SmallDrive) -> None:
    cloud = call("accumulate", source=source(drive), index=2, accumulation=Accumulation(2, 1))
    assert np.unique(cloud.frame_of).tolist() == [0, 1, 2, 3]
    assert len(cloud) == 4 * drive.points
    for index in range(4):
        mine = cloud.frame_of == index
        own, _ = scan(index)
        expected = own[cloud.row_of[mine], :3] + [STEP * (index - 2), 0, 0]
        np.testing.assert_allclose(cloud.points[mine], expected, atol=1e-4)
    # the world stands still: every frame puts its points on the same places
    a, b = cloud.points[cloud.frame_of == 0], cloud.points[cloud.frame_of == 3]
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_accumulation_keeps_to_its_budget_with_the_same_points_every_time(drive: SmallDrive) -> None:
    accumulation = Accumulation(1, 1, 500)
    first = call("accumulate", source=source(drive), index=1, accumulation=accumulation)
    again = call("accumulate", source=source(drive), index=1, accumulation=accumulation)
    assert 400 < len(first) <= 500
    np.testing.assert_array_equal(first.row_of, again.row_of)
    share = 500 / (3 * drive.points)
    assert set(first.row_of[first.frame_of == 1]) <= set(kept_rows(drive.points, 1, share))


def test_layers_over_accumulated_frames(drive: SmallDrive) -> None:
    for name in ("labels/000001.label", "image_2/000003.png"):
        (drive.root / "sequences/00" / name).unlink()
    names = ("height", "label", "intensity", "camera_color", "frame_age", "instance", "normals")
    cloud = call("accumulate", source=source(drive), index=2, accumulation=Accumulation(1, 1), layers=names)
    assert set(cloud.layers) == set(names)
    assert all(len(data.values) == len(cloud) for data in cloud.layers.values())
    np.testing.assert_array_equal(cloud.layers["height"].values, cloud.points[:, 2])
    np.testing.assert_array_equal(cloud.layers["frame_age"].values, cloud.frame_of - 2)
    labels = cloud.layers["label"].values
    assert (labels[cloud.frame_of == 1] == UNKNOWN).all()
    assert (labels[(cloud.frame_of == 3) & (cloud.row_of == 5)] == 9).all()
    intensity = cloud.layers["intensity"].values[cloud.frame_of == 3]
    np.testing.assert_array_equal(intensity, scan(3)[0][cloud.row_of[cloud.frame_of == 3], 3])
    known = cloud.layers["camera_color"].known
    assert not known[cloud.frame_of == 3].any()
    assert known[cloud.frame_of == 1].any()
    blue = cloud.layers["camera_color"].values[known & (cloud.frame_of == 1), 2]
    assert (blue == 1).all(), "each frame is coloured by its own picture"
    assert "2 of 3 frames" in cloud.layers["label"].provenance


def test_show_frame_counts_the_labels_that_are_drawn(drive: SmallDrive) -> None:
    state = call("show_frame", source=source(drive), index=1, accumulation=Accumulation(1, 0))
    assert state.label_counts[1] == 200
    assert state.unknown_labels == {UNLISTED: 2}
    assert "frame_age" not in state.missing_layers


def test_frames_that_cannot_be_read_are_left_out_and_named(drive: SmallDrive) -> None:
    (drive.root / "sequences/00/velodyne/000003.bin").write_bytes(b"123")
    state = call("show_frame", source=source(drive), index=2, accumulation=Accumulation(1, 1))
    assert np.unique(state.cloud.frame_of).tolist() == [1, 2]
    assert any("Frame 3 is left out" in note for note in state.frame.notes)


def test_without_poses_a_frame_is_shown_alone_and_says_so(tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path, poses=False)
    state = call("show_frame", source=source(drive), index=2, accumulation=Accumulation(1, 1))
    assert len(state.cloud) == drive.points
    assert any("no pose" in note for note in state.frame.notes)
    with pytest.raises(UsageError, match="no pose"):
        call("accumulate", source=source(drive), index=2, accumulation=Accumulation(1, 1))


def test_the_drawn_cloud_is_kept_for_the_next_layer(drive: SmallDrive) -> None:
    context = Context()
    accumulation = Accumulation(1, 1)
    call("show_frame", context, source=source(drive), index=2, accumulation=accumulation)
    for name in ("000001", "000003"):
        (drive.root / f"sequences/00/velodyne/{name}.bin").unlink()
    context.cache.clear()
    values = call(
        "compute_layer", context, source=source(drive), index=2, layers=("normals",), accumulation=accumulation
    )
    assert len(values.layers["normals"].values) == 3 * drive.points


def test_layers_that_are_not_there_are_refused_with_the_reason(drive: SmallDrive) -> None:
    with pytest.raises(UsageError, match="no time per point"):
        call("compute_layer", source=source(drive), index=0, layers=("time",))
    with pytest.raises(UsageError, match="There is no layer 'nope'"):
        call("compute_layer", source=source(drive), index=0, layers=("nope",))


def test_accumulating_tells_its_progress(drive: SmallDrive) -> None:
    seen: list[Progress] = []
    events = entry("accumulate")(Context(), source=source(drive), index=2, accumulation=Accumulation(2, 2))
    run(events, lambda event: seen.append(event))  # type: ignore[arg-type]
    assert [event.done for event in seen] == [0, 1, 2, 3, 4]
    assert {event.total for event in seen} == {5}


def test_export_as_npz_holds_every_layer_in_the_frames_order(drive: SmallDrive, tmp_path: Path) -> None:
    out = tmp_path / "new" / "frame.npz"
    done = call("export_frame", source=source(drive), index=1, out=out, layers=("label", "camera_color"))
    with np.load(out) as arrays:
        np.testing.assert_array_equal(arrays["points"], scan(1)[0][:, :3])
        assert arrays["label"][0] == UNKNOWN
        assert arrays["camera_color_known"].dtype == bool
    assert done.layers == ("label", "camera_color")
    assert list(out.parent.iterdir()) == [out]


def test_export_as_ply_is_read_back_by_another_program(drive: SmallDrive, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    out = tmp_path / "frame.ply"
    call("export_frame", source=source(drive), index=1, out=out, layers=("label", "normals"), color="label")
    loaded = trimesh.load(out)
    np.testing.assert_allclose(loaded.vertices, scan(1)[0][:, :3], rtol=1e-6)
    assert loaded.colors[5][:3].tolist() == [255, 0, 255]
    header = out.read_bytes().split(b"end_header")[0].decode()
    assert "property uchar label" in header
    assert "property float nx" in header


def test_export_refuses_other_suffixes_before_it_reads_anything(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.ply or \.npz"):
        call("export_frame", source=Source(tmp_path / "nowhere", "0"), index=0, out=tmp_path / "x.csv")
