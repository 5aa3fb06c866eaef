"""Which instances a written pseudo-label took its correction from: the strongest neighbours within its queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.affinity import sidecar as sidecars
from app.core.affinity.affinity import AffinityOptions, neighbours
from app.core.affinity.folder import Folder
from app.core.errors import DataError, UsageError


@dataclass(frozen=True)
class Kin:
    """One neighbour: instance ``row`` of the frame of that ``name``, how much of its prediction went into the
    instance that was asked for (``weight``, a share of 1), and its ``label`` before the walk, a train id."""

    name: str
    row: int
    weight: float
    label: int


def kin_of(folder: Folder, name: str, row: int, most: int = 8) -> tuple[Kin, ...]:
    """The ``most`` strongest neighbours of instance ``row`` of frame ``name``, itself among them, descending.

    With several walks they are those of one. Empty where the labels were made without affinity.

    Raises
    ------
    UsageError
        The frame's queue is not refined yet, or it has no such instance.
    DataError
        A file is missing or broken.
    """
    own = sidecars.read(folder.sidecar(name))
    if own.after is None:
        raise UsageError(f"The instances of frame {name} are not refined yet; let the run end first.")
    if not 0 <= row < len(own):
        raise UsageError(f"Frame {name} has {len(own)} instances; number {row} was asked for.")
    options = _options(folder)
    if options is None:
        return ()
    paths = _queue(folder.sidecar(name), own.queue_content)
    features, before = zip(*(sidecars.for_walk(path) for path in paths), strict=True)
    starts = np.cumsum([0, *(len(part) for part in features)])
    table, shares = np.concatenate(features), np.concatenate(before)
    found = neighbours(table, own.place + row, options, most)
    kin = []
    for place, weight in zip(found.rows.tolist(), found.weights.tolist(), strict=True):
        frame = int(np.searchsorted(starts, place, side="right")) - 1
        label = int(own.classes[shares[place].argmax()])
        kin.append(Kin(paths[frame].stem, place - int(starts[frame]), weight, label))
    return tuple(kin)


def _queue(path: Path, content: str) -> list[Path]:
    """Sidecars of the frames that were refined together, in their order in the queue."""
    found = []
    for one in path.parent.glob("*.npz"):
        head = sidecars.header(one)
        if head is not None and head.instances and head.queue_content == content:
            found.append((head.place, one))
    return [one for _, one in sorted(found)]


def _options(folder: Folder) -> AffinityOptions | None:
    try:
        stated = json.loads(folder.parameters.read_bytes())["affinity"]
        return None if stated is None else AffinityOptions(**stated)
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{folder.parameters} cannot be read as the parameters of pseudo-labels.") from None
