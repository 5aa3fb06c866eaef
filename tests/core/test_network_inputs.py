"""Voxels as the public networks were trained on them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import DataError
from app.core.network_inputs import collate, frame_columns, network_input
from app.core.types import Frame

WANTED = ("x", "y", "z", "intensity")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(0, 2**32 - 1), st.sampled_from([0.05, 0.1, 1.0]))
def test_voxels_are_rounded_from_the_minimum_and_take_their_first_point(count: int, seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 3, (count, 3)).astype(np.float32)
    points[rng.random(count) < 0.1] = np.nan
    intensity = rng.random(count).astype(np.float32)
    found = network_input(points, {"intensity": intensity}, WANTED, size)
    good = np.isfinite(points).all(1)
    assert ((found.inverse == -1) == ~good).all()
    cells = np.round(points[good] / np.float32(size))
    if len(cells):
        cells -= cells.min(0)
    assert np.array_equal(found.coords[found.inverse[good], 1:], cells.astype(np.int32))
    assert not found.coords[:, 0].any()
    assert len(np.unique(found.coords, axis=0)) == len(found.coords)
    firsts: dict[int, int] = {}
    for row in np.flatnonzero(good):
        firsts.setdefault(int(found.inverse[row]), int(row))
    assert found.first.tolist() == [firsts[voxel] for voxel in range(len(found.first))]
    assert np.array_equal(found.feats, np.column_stack([points, intensity])[found.first])
    assert (found.coords.dtype, found.feats.dtype, found.inverse.dtype) == (np.int32, np.float32, np.int64)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(
        DataError, match="needs the column 'intensity', which this frame lacks; it has: x, y, z, ring"
    ):
        network_input(np.zeros((2, 3), np.float32), {"ring": np.zeros(2)}, WANTED, 0.1)


def test_points_too_far_apart_are_refused() -> None:
    with pytest.raises(DataError, match="spread over"):
        network_input(np.array([[0, 0, 0], [1e9, 0, 0]], np.float32), {}, WANTED[:3], 0.05)


def test_odd_intensities_spoil_nothing() -> None:
    found = network_input(np.zeros((1, 3), np.float32), {"intensity": np.array([np.nan])}, WANTED, 0.1)
    assert found.feats.tolist() == [[0, 0, 0, 0]]


def test_scans_become_a_batch() -> None:
    scans = [network_input(np.eye(3, dtype=np.float32) * k, {}, WANTED[:3], 0.5) for k in (1, 2, 3)]
    coords, feats = collate(scans)
    assert coords[:, 0].tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert feats.shape == (9, 3)
    assert all(not scan.coords[:, 0].any() for scan in scans)


def test_networks_take_the_share_of_the_full_intensity() -> None:
    frame = Frame(0, "0", np.zeros((2, 3), np.float32), np.array([0, 51], np.float32), full_intensity=255.0)
    assert frame_columns(frame)["intensity"] == pytest.approx([0, 0.2])
    assert frame.intensity is not None and frame.intensity.tolist() == [0, 51], "as recorded"
