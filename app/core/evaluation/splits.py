"""Generalised zero-shot scores: classes whose labels were seen in training, and those that were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import UsageError
from app.core.evaluation.confusion import Confusion
from app.core.evaluation.protocols import OFFICIAL, Protocol

UNSEEN = {"affinity3d": ("motorcycle", "truck", "bicyclist", "traffic-sign")}
"""Unseen classes by the name of a split. Affinity3D §4.1, on SemanticKITTI."""


@dataclass(frozen=True)
class SplitScores:
    """mIoU over the ``seen`` and the ``unseen`` classes and their harmonic mean, shares from 0 to 1."""

    seen: float
    unseen: float
    hiou: float


def harmonic(seen: float, unseen: float) -> float:
    """Harmonic mean (Affinity3D, eq. 21); 0 where either is 0."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen != 0 else 0.0


def split_scores(table: Confusion, unseen: Sequence[str], protocol: str | Protocol = OFFICIAL) -> SplitScores:
    """Scores of a split; NaN where the protocol counts no class of a side.

    ``UsageError`` where a name is no class, or all of them are unseen, or none.
    """
    known = [name for name, counted in zip(table.classes, table.counted, strict=True) if counted]
    strangers = [name for name in unseen if name not in known]
    if strangers:
        raise UsageError(f"There is no class '{strangers[0]}'; there are: {', '.join(known)}.")
    seen = [name for name in known if name not in unseen]
    if not seen or len(seen) == len(known):
        raise UsageError("A split needs seen and unseen classes; name some of the classes as unseen, not all.")
    first, second = table.miou(protocol, among=seen), table.miou(protocol, among=unseen)
    return SplitScores(first, second, harmonic(first, second))


def unseen_of(text: str) -> tuple[str, ...]:
    """The unseen classes that a user means: a split's name, or class names with commas between."""
    return UNSEEN.get(text.strip(), tuple(part.strip() for part in text.split(",") if part.strip()))
