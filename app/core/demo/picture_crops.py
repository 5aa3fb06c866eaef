"""Crops of the demo camera's pictures, with what they show: whole things, windows of a surface, cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.core.demo.captions import COLORS, CONCEPTS, KINDS, SHOWS, UNSURE, Meaning, concept
from app.core.demo.labels import TRAIN_ID
from app.core.demo.mesh import Array
from app.core.demo.picture_words import _BY_LABEL, PictureWords

SIDE = 64
"""Pixels along the side of the images that the demo CLIP takes."""
LEAST = 30
"""Crops of things are at least this many pixels wide and high, as those of regions are."""

_CLASS_OF: Array = np.zeros(len(KINDS), np.uint8)
for _raw, _name in _BY_LABEL.items():
    _CLASS_OF[KINDS.index(_name)] = TRAIN_ID[_raw]
for _names, _number in (
    (("van",), 1), (("trailer", "caravan"), 5), (("child",), 6), (("road marking",), 9), (("kerb",), 11),
    (("island",), 12), (("plaster wall", "brick wall", "window", "door", "roof"), 13),
    (("wooden fence", "metal fence"), 14), (("bush", "hedge"), 15), (("lamp post", "bollard"), 18),
    (tuple(name for name in KINDS if name.endswith(" sign")), 19),
):  # fmt: skip
    for _name in _names:
        _CLASS_OF[KINDS.index(_name)] = _number
CLASS_OF = _CLASS_OF
"""(kinds,) uint8: the class, 1 to 19, that a kind belongs to; 0 none."""

_THIN: Array = np.ones(len(KINDS), np.float32)
_THIN[np.isin(CLASS_OF, (2, 6, 7, 8, 14, 16, 18, 19))] = 2.0
"""In a cell of a few pixels thin things count double: what stands in front gives the cell its name."""


@dataclass(frozen=True)
class Facts:
    """What a crop shows: ``shown`` and ``unsure`` (concepts,) bool, and the colour, size and state of its main
    thing (0 where unknown); ``number`` is the class, 1 to 19, 0 none, and ``kind`` the main kind."""

    shown: Array
    unsure: Array
    kind: int
    number: int
    color: int = 0
    size: int = 0
    state: int = 0


@dataclass(frozen=True)
class Thing:
    """A thing in a picture: its number there, main kind, and box (x0, y0, x1, y1) in pixels, ends left out."""

    number: int
    kind: int
    box: tuple[int, int, int, int]
    pixels: int


@dataclass(frozen=True)
class Shot:
    """A picture (H, W, 3) uint8, its words, its things, and by kind some places (K, 2) of pixels (x, y)."""

    picture: Array
    words: PictureWords
    things: tuple[Thing, ...]
    places: dict[int, Array] = field(repr=False)

    @classmethod
    def of(cls, picture: Array, words: PictureWords, rng: np.random.Generator, most: int = 300) -> Shot:
        """Collect things of 40 pixels and more, and at most ``most`` places of each kind."""
        places = {}
        width = picture.shape[1]
        flat = words.kind.ravel()
        for kind in np.unique(flat[flat > 0]):
            rows = np.flatnonzero(flat == kind)
            if len(rows) >= 12:
                rows = rng.choice(rows, min(most, len(rows)), replace=False)
                places[int(kind)] = np.stack([rows % width, rows // width], axis=1)
        return cls(picture, words, tuple(_things(words)), places)


def _things(words: PictureWords) -> list[Thing]:
    flat = words.thing.ravel()
    held = np.flatnonzero(flat >= 64)
    held = held[np.argsort(flat[held], kind="stable")]
    numbers, starts = np.unique(flat[held], return_index=True)
    found = []
    width = words.thing.shape[1]
    for number, rows in zip(numbers, np.split(held, starts[1:]), strict=True):
        if len(rows) < 40:
            continue
        y, x = np.divmod(rows, width)
        kind = int(np.bincount(words.kind.ravel()[rows]).argmax())
        box = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
        found.append(Thing(int(number), kind, box, len(rows)))
    return found


def facts_of_thing(words: PictureWords, thing: Thing, box: tuple[int, int, int, int]) -> Facts | None:
    """What a crop round a thing shows; None where other things cover nearly all of it."""
    part = _part(box, words.kind.shape, 120)
    mask = words.thing[part] == thing.number
    if mask.mean() < (0.1 if _THIN[thing.kind] > 1 else 0.2):
        return None
    share = np.bincount(words.kind[part].ravel(), minlength=len(KINDS)) / mask.size
    # A house is known by its walls, windows and roof together; a car crop shows a car and nothing else.
    shown = SHOWS[thing.kind].copy()
    own = np.bincount(words.kind[part][mask], minlength=len(KINDS)) / mask.sum()
    shown &= own @ SHOWS > 0.6
    unsure = UNSURE[thing.kind] | ((share @ SHOWS > 0.12) & ~shown) | (SHOWS[thing.kind] & ~shown)
    return Facts(
        shown, unsure, thing.kind, int(CLASS_OF[thing.kind]), _color(words.color[part][mask]),
        _most(words.size[part][mask], 0.8), _most(words.state[part][mask], 0.8),
    )  # fmt: skip


def facts_of_window(words: PictureWords, box: tuple[int, int, int, int], least: float = 0.6) -> Facts | None:
    """What a window shows: what covers at least ``least`` of it; None where nothing does."""
    part = _part(box, words.kind.shape, 48)
    counts = np.bincount(words.kind[part].ravel(), minlength=len(KINDS)).astype(np.float32)
    return _facts_of_counts(counts, words.kind[part], words.color[part], least)


def facts_of_cell(kind: Array, color: Array) -> Facts | None:
    """What a cell of a grid, its kinds and colours (h, w), shows."""
    counts = np.bincount(kind.ravel(), minlength=len(KINDS)) * _THIN
    return _facts_of_counts(counts, kind, color, 0.6)


def _facts_of_counts(counts: Array, kind: Array, color: Array, least: float) -> Facts | None:
    share = counts / max(counts.sum(), 1)
    by_class = np.bincount(CLASS_OF, share, minlength=20)
    by_class[0] = 0
    number = int(by_class.argmax())
    others = np.where(CLASS_OF == 0, share, 0)
    if by_class[number] < least:
        if others.max() < least:
            return None
        number, kinds = 0, np.arange(len(KINDS)) == others.argmax()
    else:
        kinds = number == CLASS_OF
    main = int(np.where(kinds, share, -1).argmax())
    sums = share @ SHOWS
    shown = (sums >= least) & SHOWS[kinds & (share > 0)].any(axis=0)
    unsure = (UNSURE[main] | (sums > 0.2)) & ~shown
    return Facts(shown, unsure, main, number, _color(color[kinds[kind]]))


def _part(box: tuple[int, int, int, int], shape: tuple[int, ...], most: int) -> tuple[slice, slice]:
    """Rows and columns of a box, thinned out where it has more than ``most`` of them."""
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], shape[1]), min(box[3], shape[0])
    return slice(y0, y1, max(1, (y1 - y0) // most)), slice(x0, x1, max(1, (x1 - x0) // most))


def _color(colors: Array) -> int:
    """The colour of most coloured pixels, where they are enough; 0 otherwise."""
    counts = np.bincount(colors.ravel(), minlength=len(COLORS))
    told = counts[1:].sum()
    best = int(counts[1:].argmax()) + 1
    return best if told >= 0.08 * len(colors.ravel()) and told >= 8 and counts[best] >= 0.75 * told else 0


def _most(values: Array, least: float) -> int:
    counts = np.bincount(values.ravel())
    best = int(counts.argmax())
    return best if counts[best] >= least * values.size else 0


def box_round(
    box: tuple[int, int, int, int], shape: tuple[int, ...], rng: np.random.Generator, *, calm: bool = False
) -> tuple[int, int, int, int]:
    """A thing's box with margins drawn at random (none where ``calm``), at least LEAST wide and high, inside the
    picture of ``shape`` (H, W)."""
    x0, y0, x1, y1 = (float(v) for v in box)
    wide, high = x1 - x0, y1 - y0
    if not calm:
        grow = rng.uniform(-0.06, 0.12, 4) if rng.random() < 0.6 else rng.uniform(0, 0.45, 4)
        x0, y0, x1, y1 = x0 - grow[0] * wide, y0 - grow[1] * high, x1 + grow[2] * wide, y1 + grow[3] * high
        if rng.random() < 0.15 and wide > 60:
            # A part of a thing: superpoints cut things up.
            keep = rng.uniform(0.4, 0.8)
            x0 += rng.uniform(0, 1 - keep) * wide
            x1 = x0 + keep * wide
    x0, x1 = _at_least(x0, x1, shape[1])
    y0, y1 = _at_least(y0, y1, shape[0])
    return int(x0), int(y0), int(np.ceil(x1)), int(np.ceil(y1))


def _at_least(low: float, high: float, end: int) -> tuple[float, float]:
    if high - low < LEAST:
        middle = (low + high) / 2
        low, high = middle - LEAST / 2, middle + LEAST / 2
    low, high = max(low, 0.0), min(high, float(end))
    if high - low < LEAST:
        low, high = (0.0, float(LEAST)) if low <= 0 else (float(end - LEAST), float(end))
    return low, high


def window_at(
    place: Array, shape: tuple[int, ...], rng: np.random.Generator, least: float = 20, most: float = 190
) -> tuple[int, int, int, int]:
    """A window with a pixel (x, y) in its middle half; its side is drawn evenly by octaves."""
    side = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    stretch = float(np.exp(rng.uniform(-0.35, 0.35)))
    wide, high = min(side * stretch, shape[1]), min(side / stretch, shape[0])
    x0 = place[0] - wide / 2 + rng.uniform(-0.2, 0.2) * wide
    y0 = place[1] - high / 2 + rng.uniform(-0.2, 0.2) * high
    x0, y0 = np.clip(x0, 0, shape[1] - wide), np.clip(y0, 0, shape[0] - high)
    return int(x0), int(y0), int(x0 + wide), int(y0 + high)


def crop(picture: Array, box: tuple[int, int, int, int], side: int = SIDE) -> Array:
    """The part of a picture in a box, squeezed to a square (side, side, 3) uint8."""
    from PIL import Image

    x0, y0, x1, y1 = box
    part = Image.fromarray(np.ascontiguousarray(picture[y0:y1, x0:x1]))
    return np.asarray(part.resize((side, side), Image.Resampling.BICUBIC))


_SIZED = {"car", "vehicle", "tree", "bush", "building", "person", "child", "adult", "vegetation"}
_SIZED_KINDS = {
    "car",
    "van",
    "tree",
    "bush",
    "plaster wall",
    "brick wall",
    "roof",
    "building part",
    "adult",
    "child",
}


def meaning_of(facts: Facts, rng: np.random.Generator) -> Meaning:
    """Something true to say about a crop."""
    shown = np.flatnonzero(facts.shown)
    main = _CLASS_CONCEPT.get(facts.number, -1)
    which = main if main in shown and rng.random() < 0.5 else int(shown[rng.integers(len(shown))])
    name = _NAMES[which]
    color = facts.color if rng.random() < 0.4 else 0
    sized = name in _SIZED and KINDS[facts.kind] in _SIZED_KINDS
    size = facts.size if sized and rng.random() < 0.4 else 0
    state = facts.state if rng.random() < 0.2 and not color else 0
    return Meaning(which, color, size, state)


_NAMES = tuple(CONCEPTS)
_CLASS_CONCEPT: dict[int, int] = {}


def _name_classes() -> None:
    from app.core.demo.captions import CLASS_CONCEPTS

    _CLASS_CONCEPT.update({k + 1: concept(name) for k, name in enumerate(CLASS_CONCEPTS)})


_name_classes()


def agreement(facts: list[Facts], meanings: list[Meaning]) -> Array:
    """(N, M) int8: 1 where a meaning is true of a crop, −1 where it is false, 0 where nobody can tell."""
    concepts = np.array([m.concept for m in meanings])
    shown = np.stack([f.shown for f in facts])[:, concepts]
    unsure = np.stack([f.unsure for f in facts])[:, concepts]
    result = np.where(shown, 1, np.where(unsure, 0, -1)).astype(np.int8)
    for name in ("color", "size", "state"):
        said = np.array([getattr(m, name) for m in meanings])[None]
        true = np.array([getattr(f, name) for f in facts])[:, None]
        wrong = (said > 0) & (true > 0) & (said != true)
        open_ = (said > 0) & (true == 0)
        result = np.where(wrong, -1, np.where(open_ & (result == 1), 0, result))
    return result.astype(np.int8)
