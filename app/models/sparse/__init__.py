"""Sparse convolution on voxel grids: one interface, several engines, all with the same kernels and row order."""

from __future__ import annotations

from app.models.sparse.engine import AUTO, NAMES, usable
from app.models.sparse.modules import BatchNorm, Chain, Conv3d, Dropout, PointNorm, ReLU, set_engine
from app.models.sparse.points import Points, voxelise
from app.models.sparse.tensor import Grid, Pyramid, SparseTensor, cat, grid_of

__all__ = [
    "AUTO",
    "NAMES",
    "BatchNorm",
    "Chain",
    "Conv3d",
    "Dropout",
    "Grid",
    "PointNorm",
    "Points",
    "Pyramid",
    "ReLU",
    "SparseTensor",
    "cat",
    "grid_of",
    "set_engine",
    "usable",
    "voxelise",
]
