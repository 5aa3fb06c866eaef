"""Pooling points into voxels and interpolating back, against the definition written out point by point."""

from __future__ import annotations

import itertools

import torch

from app.models.sparse import Points, SparseTensor, voxelise


def scene() -> tuple[SparseTensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    coords = torch.randint(-7, 7, (200, 4), generator=generator, dtype=torch.int32)
    coords[:, 0] = coords[:, 0].abs() % 2
    x, _ = voxelise(coords, torch.randn(200, 3, generator=generator))
    places = coords.double()
    places[:, 1:] += torch.rand(200, 3, generator=generator, dtype=torch.float64)
    return x, places


def test_interpolation_is_trilinear_with_missing_corners_left_out() -> None:
    x, places = scene()
    for stride in (1, 4):
        level = x.with_feats(torch.randn(len(x.pyramid.grid(stride)), 3, dtype=torch.float64), stride=stride)
        values = {tuple(c): f for c, f in zip(level.coords.tolist(), level.feats, strict=True)}
        found = Points(places, x.pyramid).from_voxels(level)
        for place, value in zip(places.tolist(), found, strict=True):
            total, wanted = 0.0, torch.zeros(3, dtype=torch.float64)
            scaled = [p / stride for p in place[1:]]
            for corner in itertools.product((0, 1), repeat=3):
                low = [int(s // 1) for s in scaled]
                weight = 1.0
                for s, lo, step in zip(scaled, low, corner, strict=True):
                    weight *= (s - lo) if step else 1 - (s - lo)
                key = (int(place[0]), *((lo + step) * stride for lo, step in zip(low, corner, strict=True)))
                if key in values:
                    total += weight
                    wanted += weight * values[key]
            torch.testing.assert_close(value, wanted / (total + 1e-8), rtol=1e-6, atol=1e-9)


def test_points_of_a_voxel_are_averaged_at_every_stride() -> None:
    x, places = scene()
    feats = torch.randn(len(places), 3, dtype=torch.float64)
    pooled = Points(places, x.pyramid).to_voxels(feats, 4)
    for row, cell in enumerate(pooled.grid.cells.tolist()):
        inside = [n for n, p in enumerate(places.tolist()) if [p[0], *(c // 4 for c in p[1:])] == cell]
        torch.testing.assert_close(pooled.feats[row], feats[inside].mean(0))


def test_both_have_right_gradients() -> None:
    x, places = scene()
    points = Points(places[:30], x.pyramid)
    voxel_feats = torch.randn(len(x.pyramid.grid(4)), 1, dtype=torch.float64, requires_grad=True)
    point_feats = torch.randn(30, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: points.from_voxels(x.with_feats(f, stride=4)), (voxel_feats,))
    assert torch.autograd.gradcheck(lambda f: points.to_voxels(f, 4).feats, (point_feats,))


def test_points_outside_every_voxel_get_nothing() -> None:
    x, _ = scene()
    far = torch.tensor([[0.0, 900.0, 900.0, 900.0], [7.0, 0.0, 0.0, 0.0]])
    assert Points(far, x.pyramid).from_voxels(x).abs().max() == 0


def test_voxels_as_points_are_copied() -> None:
    x, _ = scene()
    assert Points(x.coords, x.pyramid).from_voxels(x) is x.feats
