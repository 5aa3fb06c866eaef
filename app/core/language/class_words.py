"""The words that stand for the classes of a data set, several each; the user's own lie beside the settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core import settings
from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.label_sets import NUSCENES_LIDARSEG, SEMANTIC_KITTI
from app.core.labels import LabelSet
from app.core.language.prompts import check_prompt, words_of

FOLDER = "class_words"

_SEMANTIC_KITTI = {
    "car": ("car", "van", "passenger car", "automobile"),
    "bicycle": ("bicycle", "bike", "parked bicycle"),
    "motorcycle": ("motorcycle", "motorbike", "scooter", "moped"),
    "truck": ("truck", "lorry", "box truck", "delivery truck"),
    "other-vehicle": ("bus", "caravan", "trailer", "camper", "tram"),
    "person": ("person", "pedestrian", "child"),
    "bicyclist": ("bicyclist", "cyclist", "person riding a bike"),
    "motorcyclist": ("motorcyclist", "person riding a motorbike", "person on a motorcycle"),
    "road": ("road", "street", "asphalt", "lane marking"),
    "parking": ("parking space", "parking lot", "parking area"),
    "sidewalk": ("sidewalk", "pavement", "footpath", "curb"),
    "other-ground": ("gravel", "traffic island", "paved island"),
    "building": ("building", "house", "brick wall", "window", "door", "roof"),
    "fence": ("fence", "wooden fence", "metal fence", "garden wall", "railing"),
    "vegetation": ("tree", "bush", "hedge", "shrub", "foliage"),
    "trunk": ("tree trunk", "trunk", "bark"),
    "terrain": ("grass", "lawn", "meadow", "terrain"),
    "pole": ("pole", "lamp post", "street light", "sign post", "bollard"),
    "traffic-sign": ("traffic sign", "road sign", "street sign"),
}
_NUSCENES = {
    "barrier": ("barrier", "traffic barrier", "concrete barrier"),
    "bicycle": ("bicycle", "bike", "bicyclist"),
    "bus": ("bus", "city bus", "coach"),
    "car": ("car", "van", "sedan", "SUV"),
    "construction_vehicle": ("construction vehicle", "excavator", "crane", "bulldozer"),
    "motorcycle": ("motorcycle", "motorbike", "scooter", "motorcyclist"),
    "pedestrian": ("pedestrian", "person", "child", "construction worker", "police officer"),
    "traffic_cone": ("traffic cone",),
    "trailer": ("trailer", "semi trailer", "cargo container"),
    "truck": ("truck", "lorry", "pickup truck", "box truck"),
    "driveable_surface": ("road", "street", "asphalt", "lane marking", "parking space"),
    "other_flat": ("traffic island", "median strip", "railway track", "water"),
    "sidewalk": ("sidewalk", "pavement", "footpath", "walkway"),
    "terrain": ("grass", "lawn", "soil", "sand", "gravel"),
    "manmade": ("building", "wall", "fence", "pole", "traffic sign", "traffic light", "bridge"),
    "vegetation": ("tree", "bush", "hedge", "plant", "tree trunk"),
}
_DEFAULTS: dict[str, Mapping[str, tuple[str, ...]]] = {
    SEMANTIC_KITTI.name: _SEMANTIC_KITTI,
    NUSCENES_LIDARSEG.name: _NUSCENES,
}


@dataclass(frozen=True)
class ClassEntry:
    """One class: its train ``id`` and ``name`` in the label set, and the ``synonyms`` that are asked for, the
    plainest first; none: the class is not asked for."""

    id: int
    name: str
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class ClassWords:
    """The words of all classes of the label set ``name``; hashable, and travels between processes."""

    name: str
    words: tuple[ClassEntry, ...]

    @property
    def asked(self) -> tuple[tuple[int, str], ...]:
        """Train id and word, for all words of all classes in order: word k drove class ``asked[k][0]``."""
        return tuple((entry.id, word) for entry in self.words for word in entry.synonyms)

    def known_to(self, vocabulary: frozenset[str] | None) -> ClassWords:
        """Only the words made of what a CLIP was trained on; of a class that loses all, the first stays."""
        if vocabulary is None:
            return self
        kept = []
        for entry in self.words:
            known = tuple(word for word in entry.synonyms if vocabulary.issuperset(words_of(word)))
            kept.append(ClassEntry(entry.id, entry.name, known or entry.synonyms[:1]))
        return ClassWords(self.name, tuple(kept))


def defaults(label_set: LabelSet) -> ClassWords:
    """The words that come along for a label set; of one we do not know, its classes' names in plain writing."""
    table = _DEFAULTS.get(label_set.name, {})
    return ClassWords(
        label_set.name,
        tuple(
            ClassEntry(entry.id, entry.name, table.get(entry.name, (plain(entry.name),)))
            for entry in label_set.classes
            if entry.id != label_set.ignore
        ),
    )


def plain(name: str) -> str:
    """A class's name as one would say it: "traffic_cone" is "traffic cone"."""
    return " ".join(re.split(r"[\s_.-]+", name)).strip() or name


def of_label_set(label_set: LabelSet, folder: Path | None = None) -> ClassWords:
    """The words for a label set: the user's where there are, else those that come along.

    ``DataError`` where the user's file cannot be used; :func:`reset` removes it.
    """
    path = _path(label_set.name, folder)
    words = defaults(label_set)
    if not path.is_file():
        return words
    table = _read(path)
    names = {entry.name for entry in words.words}
    strange = [name for name in table if name not in names]
    if strange:
        raise DataError(
            f"{path} has words for '{strange[0]}', which {label_set.name} has not; correct or delete it."
        )
    return ClassWords(
        words.name,
        tuple(ClassEntry(entry.id, entry.name, table.get(entry.name, entry.synonyms)) for entry in words.words),
    )


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    import yaml

    try:
        table: Any = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        line = " ".join(str(error).split())[:200]
        raise DataError(f"{path} cannot be read ({line}); correct or delete it.") from None
    if not isinstance(table, dict) or not all(isinstance(words, list) for words in table.values()):
        raise DataError(f"{path} is no table of lists; expected each class's name with a list of words.")
    try:
        return {str(name): tuple(check_prompt(str(word)) for word in words) for name, words in table.items()}
    except UsageError as error:
        raise DataError(f"{path}: {error}") from None


def save(words: ClassWords, folder: Path | None = None) -> Path:
    """Store the user's words for a label set.

    ``UsageError`` where a word is empty or stands for two classes, or no class has one; ``DataError`` where the
    disk refuses.
    """
    import yaml

    table = {entry.name: [check_prompt(word) for word in entry.synonyms] for entry in words.words}
    owner: dict[str, str] = {}
    for name, asked in table.items():
        for word in asked:
            if owner.setdefault(word.lower(), name) != name:
                raise UsageError(f"'{word}' stands for both {owner[word.lower()]} and {name}; leave it to one.")
    if not owner:
        raise UsageError("No class has a word left to ask for; reset them, or give one a word.")
    path = _path(words.name, folder)
    write_atomically(path, yaml.safe_dump(table, allow_unicode=True, sort_keys=False).encode())
    return path


def reset(name: str, folder: Path | None = None) -> None:
    """Forget the user's words for the label set ``name``; ``DataError`` where the file cannot be removed."""
    path = _path(name, folder)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{path} cannot be removed ({error.strerror or error}).") from None


def _path(name: str, folder: Path | None) -> Path:
    slug = re.sub(r"[^\w-]+", "_", name).strip("_") or "unnamed"
    return (folder or settings.home() / FOLDER) / f"{slug}.yaml"
