"""The classes of a network as a label set, and whether they are those of a data set."""

from __future__ import annotations

import colorsys
from functools import cache

from app.core.label_sets import BY_NAME
from app.core.labels import ClassInfo, LabelSet
from app.core.model_card import ModelCard, classes_of

_GOLDEN = 0.618034
"""Steps of the golden ratio keep the hues of neighbouring classes apart."""


def label_set_of(card: ModelCard) -> LabelSet:
    """The label set a network predicts in: a known one with its colours, or one made of the card's names."""
    known = BY_NAME.get(card.label_set)
    if known is not None and classes_of(known) == card.classes:
        return known
    return _made(card.label_set, card.classes)


def same_classes(card: ModelCard, label_set: LabelSet | None) -> bool:
    """Whether the train ids of a label set mean what those of the network mean."""
    if label_set is None or label_set.ignore != 0:
        return False
    return classes_of(label_set) == card.classes


def why_other(card: ModelCard, label_set: LabelSet | None) -> str:
    """Why predictions cannot be held against the labels of a data set: one sentence."""
    if label_set is None:
        return "No label map says what the labels mean, so predictions cannot be held against them."
    return (
        f"The network predicts the classes of {label_set_of(card).name}, the labels are {label_set.name}: "
        "they cannot be compared."
    )


@cache
def _made(name: str, classes: tuple[str, ...]) -> LabelSet:
    entries = [ClassInfo(0, "no class", (0, 0, 0), (0,))]
    for i, title in enumerate(classes, start=1):
        red, green, blue = colorsys.hsv_to_rgb(i * _GOLDEN % 1, 0.55 + 0.4 * (i % 2), 0.95 - 0.125 * (i % 3))
        entries.append(ClassInfo(i, title, (round(255 * red), round(255 * green), round(255 * blue)), (i,)))
    return LabelSet(name=name or "the network's own", classes=tuple(entries))
