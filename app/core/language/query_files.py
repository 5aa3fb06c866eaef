"""The answer to a query as a file: PLY and NPZ with all scores, .label with the winners."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core import exporting
from app.core.errors import UsageError
from app.core.files import write_atomically
from app.core.language.query_result import QueryResult
from app.core.layers.base import Kind, LayerData
from app.core.layers.coloring import colorize
from app.core.state import LayerStyle

SUFFIXES = (*exporting.SUFFIXES, ".label")


def check_suffix(path: Path) -> None:
    """``UsageError`` for a suffix that is not of ``SUFFIXES``."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path} must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}; that chooses the format."
        )


def write_answer(path: Path, points: np.ndarray, result: QueryResult, shown: LayerData) -> None:
    """Write the scores of all prompts for every point, in the frame's order; the suffix chooses the format.

    NPZ: ``points`` (N, 3); ``similarity`` and ``relevancy`` (N,) or, of several prompts, (N, P) float32, NaN where
    nothing is known; ``mask`` (N,) or (N, P) bool; ``winner`` (N,) uint8 (0 nothing known, 1 … P, P + 1 none of
    them); ``prompts`` (P,) their words; ``threshold``. PLY: the same as columns ``similarity_1`` …, coloured as
    ``shown``, a layer of the answer. .label: (N,) uint32 as SemanticKITTI's, 1 … P the winner, 0 none of them or
    nothing known.

    ``UsageError`` for another suffix, ``DataError`` where the file cannot be written. It appears whole or not.
    """
    check_suffix(path)
    match path.suffix.lower():
        case ".npz":
            _write_npz(path, points, result)
        case ".ply":
            exporting.write_cloud(path, points, _columns(result), colorize(shown, LayerStyle())[0])
        case _:
            winner = result.winner.astype("<u4")
            winner[winner > len(result.prompts)] = 0
            write_atomically(path, winner.tobytes())


def _write_npz(path: Path, points: np.ndarray, result: QueryResult) -> None:
    arrays = {
        "points": points,
        "similarity": _flat(result.similarity),
        "relevancy": _flat(result.relevancy),
        "mask": _flat(result.matches),
        "winner": result.winner,
        "prompts": np.array([prompt.title for prompt in result.prompts]),
        "threshold": np.float32(result.threshold),
    }
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


def _flat(values: np.ndarray) -> np.ndarray:
    """(N,) of one prompt, (N, P) of several."""
    return values[:, 0] if values.shape[1] == 1 else values


def _columns(result: QueryResult) -> dict[str, LayerData]:
    columns = {}
    tables = (
        ("similarity", Kind.SCALAR, result.similarity),
        ("relevancy", Kind.SCALAR, result.relevancy),
        ("mask", Kind.MASK, result.matches),
    )
    for name, kind, values in tables:
        for place in range(len(result.prompts)):
            key = name if len(result.prompts) == 1 else f"{name}_{place + 1}"
            columns[key] = LayerData(key, key, kind, np.ascontiguousarray(values[:, place]))
    columns["winner"] = LayerData("winner", "winner", Kind.CLASS, result.winner)
    return columns
