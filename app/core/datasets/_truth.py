"""What a synthetic drive knows exactly about its scans: ``truth/NNNNNN.npz`` beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.datasets._npy import read_npz
from app.core.errors import DataError


def read_truth(path: Path, num_points: int) -> tuple[dict[str, np.ndarray], list[str]]:
    """The per-point columns of a truth file, named ``truth_<key>``, and sentences about what is wrong.

    Arrays of shape (N,) are taken as they are; (N, 3) vectors become three columns ``truth_<key>_x`` … ``_z``.
    ``ring`` is int16, as a frame has it. Scalars and other small arrays describe the scan as a whole and are left
    out.
    """
    try:
        arrays = read_npz(path)
    except DataError as error:
        return {}, [str(error)]
    columns: dict[str, np.ndarray] = {}
    problems = []
    for key, array in arrays.items():
        if array.shape == (num_points,):
            columns[f"truth_{key}"] = array.astype(np.int16, copy=False) if key == "ring" else array
        elif array.shape == (num_points, 3):
            columns.update({f"truth_{key}_{axis}": array[:, i] for i, axis in enumerate("xyz")})
        elif array.ndim == 1 and len(array) > 1:
            problems.append(f"{path}[{key}] has {len(array)} values for {num_points} points and is left out.")
    return columns, problems
