"""Voxel coordinates as sorted integer keys: packing, unique cells, rows of wanted cells.

Axis letters: N voxels, four columns (batch, x, y, z). A grid is a list of cells at one stride; its coordinates stay
in units of the finest voxel (multiples of the stride), as torchsparse 1.4 has them, so that no voxel is lost at
the border.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MARGIN = 1
"""Cells of air on every side of the box, so that a neighbour's key never wraps into another row of cells."""

KEY_LIMIT = 2**62
"""Most keys a box may need: keys and their differences stay within int64."""


@dataclass(frozen=True)
class Box:
    """The box of cells that keys count through: lowest cell and number of cells along batch, x, y, z."""

    lowest: tuple[int, int, int, int]
    sizes: tuple[int, int, int, int]

    @property
    def steps(self) -> tuple[int, int, int, int]:
        """What one cell along each column adds to a key."""
        _, nx, ny, nz = self.sizes
        return nx * ny * nz, ny * nz, nz, 1

    def keys(self, cells: Tensor) -> Tensor:
        """(N,) int64 keys of (N, 4) cells that lie in the box; they sort as (batch, x, y, z) does."""
        _, nx, ny, nz = self.sizes
        low_b, low_x, low_y, low_z = self.lowest
        b, x, y, z = cells.to(torch.int64).unbind(1)
        return (((b - low_b) * nx + (x - low_x)) * ny + (y - low_y)) * nz + (z - low_z)

    def cells(self, keys: Tensor) -> Tensor:
        """(N, 4) int32 cells of (N,) int64 keys."""
        columns = []
        for size, low in zip(self.sizes[:0:-1], self.lowest[:0:-1], strict=True):
            columns.append(keys % size + low)
            keys = keys // size
        return torch.stack([keys + self.lowest[0], *columns[::-1]], 1).to(torch.int32)

    def contains(self, cells: Tensor) -> Tensor:
        """(N,) bool: whether each cell lies in the box, so that its key means it and no other."""
        low = torch.tensor(self.lowest, device=cells.device)
        size = torch.tensor(self.sizes, device=cells.device)
        moved = cells.to(torch.int64) - low
        return ((moved >= 0) & (moved < size)).all(1)


def box_of(cells: Tensor) -> Box:
    """The box round (N, 4) integer cells with its margin; ``ValueError`` where its keys exceed int64."""
    if cells.shape[0] == 0:
        return Box((0, 0, 0, 0), (1, 1, 1, 1))
    low, high = torch.aminmax(cells, dim=0)
    lowest, highest = low.tolist(), high.tolist()
    around = (0, MARGIN, MARGIN, MARGIN)
    sizes = [h - lo + 1 + 2 * m for h, lo, m in zip(highest, lowest, around, strict=True)]
    count = sizes[0] * sizes[1] * sizes[2] * sizes[3]
    if count > KEY_LIMIT:
        raise ValueError(
            f"voxel coordinates span {sizes[1]} x {sizes[2]} x {sizes[3]} cells in {sizes[0]} clouds, more than "
            f"{KEY_LIMIT:.1e} keys can tell apart; crop the cloud or take larger voxels"
        )
    b, x, y, z = (lo - m for lo, m in zip(lowest, around, strict=True))
    return Box((b, x, y, z), (sizes[0], sizes[1], sizes[2], sizes[3]))


def check_coords(coords: Tensor) -> None:
    """``ValueError`` unless (N, 4) int32 or int64 with no negative batch index."""
    if coords.ndim != 2 or coords.shape[1] != 4 or coords.dtype not in (torch.int32, torch.int64):
        raise ValueError(
            f"voxel coordinates are (N, 4) integers (batch, x, y, z); got {tuple(coords.shape)} {coords.dtype}"
        )
    if coords.shape[0] and int(coords[:, 0].min()) < 0:
        raise ValueError(f"batch indices start at 0; got {int(coords[:, 0].min())}")


def unique_sorted(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Sorted distinct keys (M,) and, for each of the (N,) keys given, its row among them (N,) int64."""
    ordered, order = torch.sort(keys)
    first = torch.ones_like(ordered, dtype=torch.bool)
    torch.ne(ordered[1:], ordered[:-1], out=first[1:])
    rows = torch.empty_like(order)
    rows[order] = torch.cumsum(first, 0) - 1
    return ordered[first], rows


def find(sorted_keys: Tensor, wanted: Tensor) -> Tensor:
    """(M,) int64 rows of ``wanted`` keys in ``sorted_keys`` (N,), −1 where there is none."""
    if sorted_keys.shape[0] == 0:
        return torch.full_like(wanted, -1)
    at = torch.searchsorted(sorted_keys, wanted)
    at.clamp_(max=sorted_keys.shape[0] - 1)
    return torch.where(sorted_keys[at] == wanted, at, -1)
