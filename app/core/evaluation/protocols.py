"""How papers count: what an absent class is worth, and which labels are left out. Named, because numbers of
different protocols cannot be compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from app.core.errors import UsageError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN, LabelSet

_SPVNAS_IGNORED = (13, 16, 60, 256, 257)
_SPVNAS_TABLE = 260
_CAR = 1


@dataclass(frozen=True)
class Protocol:
    """One way to count.

    ``absent``: IoU of a class that no labelled point has; NaN leaves it out of the mean. ``title``: in one line
    what the protocol is, for people.
    """

    name: str
    title: str
    absent: float

    def truth(self, raw: np.ndarray, label_set: LabelSet) -> np.ndarray:
        """(N,) uint8 train ids that the protocol takes for (N,) raw ids; the ignored id where it has none.

        ``UsageError`` where the protocol is of another label set.
        """
        if self.name == SPVNAS.name:
            if label_set.name != SEMANTIC_KITTI.name:
                raise UsageError(
                    f"The protocol spvnas is defined for SemanticKITTI, not for {label_set.name}; "
                    "choose semantickitti or present."
                )
            return spvnas_train_ids(raw)
        ids = label_set.train_ids(raw)
        return np.where(ids == UNKNOWN, np.uint8(label_set.ignore), ids)


OFFICIAL = Protocol("semantickitti", "semantic-kitti-api: mean over all classes, an absent class counts 0", 0.0)
SPVNAS = Protocol("spvnas", "mit-han-lab/spvnas: its own label map, an absent class counts 1", 1.0)
PRESENT = Protocol("present", "the official IoU, averaged over the classes that the labels hold", float("nan"))
PROTOCOLS = (OFFICIAL, SPVNAS, PRESENT)


def find(name: str) -> Protocol:
    """The protocol of that name; ``UsageError`` with the names there are."""
    for protocol in PROTOCOLS:
        if protocol.name == name:
            return protocol
    raise UsageError(f"There is no protocol '{name}'; there are: {', '.join(p.name for p in PROTOCOLS)}.")


def spvnas_train_ids(raw: np.ndarray) -> np.ndarray:
    """(N,) uint8 SemanticKITTI train ids of (N,) raw ids as spvnas maps them, 0 where it ignores a point.

    It differs from the official map: bus, on-rails, lane-marking and their moving kinds (13, 16, 60, 256, 257)
    are ignored, and a raw id that its table does not list is a car, because the table begins as zeros and its
    zero is car. Ids past the table, on which it stops with an error, are ignored here.
    """
    return _spvnas_lut()[raw]


@cache
def _spvnas_lut() -> np.ndarray:
    table = SEMANTIC_KITTI.lut.copy()
    table[:_SPVNAS_TABLE][table[:_SPVNAS_TABLE] == UNKNOWN] = _CAR
    table[_SPVNAS_TABLE:] = SEMANTIC_KITTI.ignore
    table[list(_SPVNAS_IGNORED)] = SEMANTIC_KITTI.ignore
    return table
