"""Batches for the training: crops and larger windows of pictures with captions, drawn on the fly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.core.demo import picture_crops as crops
from app.core.demo.captions import CLASS_CONCEPTS, KINDS, Meaning, caption, concept
from app.core.demo.picture_crops import Facts, Shot
from app.core.demo.picture_words import picture_words
from demo_clip import pictures
from demo_clip.questions import SIZED, Question, questions

CELL = 32
"""Pixels of one cell of the tower's last map."""


_ENDLESS, _BOTH = (9, 10, 11, 12, 14, 17), (13, 15)
"""Classes that are no things: ground, fences; houses and plants are met both ways."""
_COLOR_GROUPS = (((1,), 5.0), ((4,), 1.0), ((5,), 2.0), ((6,), 3.0), ((7, 8), 2.0), ((2, 3), 1.0), ((13,), 4.0))
"""Classes whose things are drawn for their colour, and how often."""
_COLOR_GROUP = {number: k for k, (numbers, _) in enumerate(_COLOR_GROUPS) for number in numbers}


@dataclass(frozen=True)
class Batch:
    """Crops (N, 64, 64, 3) uint8 and windows (M, S, S, 3) uint8, captions, and what is true of what:
    ``crop_true`` (N, T) int8; ``cells`` (K, 3) window, row, column of the cells that count, ``cell_true`` (K, T).
    ``names`` (19,) are the captions that name the classes; ``crop_class`` (N,) and ``cell_class`` (K,) are classes
    counted from 0, −1 none. ``questions`` ask crops and cells for colours and sizes.
    """

    crops: np.ndarray
    windows: np.ndarray
    captions: list[str]
    crop_true: np.ndarray
    cells: np.ndarray
    cell_true: np.ndarray
    names: np.ndarray
    crop_class: np.ndarray
    cell_class: np.ndarray
    questions: list[Question]


def load_shots(folder: Path, seeds: list[int], frames: int) -> list[Shot]:
    """Every picture of the worlds that is there, ready to be cut."""
    rng = np.random.default_rng(5)
    found = []
    for seed in seeds:
        for frame in pictures.frames_of(seed, frames):
            path = pictures.path_of(folder, seed, frame)
            if path.exists():
                picture, truth = pictures.read(path)
                found.append(Shot.of(picture, picture_words(seed, truth), rng))
    return found


class Drawer:
    """Draws samples from shots: classes evenly, then kinds, then things or places."""

    def __init__(self, shots: list[Shot], rng: np.random.Generator, *, window: int = 192) -> None:
        self.shots, self.rng, self.window = shots, rng, window
        self._things: dict[int, list[tuple[int, int]]] = {}
        self._shots_of: dict[int, list[int]] = {}
        for number, shot in enumerate(shots):
            for place, thing in enumerate(shot.things):
                self._things.setdefault(thing.kind, []).append((number, place))
            for kind in shot.places:
                self._shots_of.setdefault(kind, []).append(number)

    def _kind(self, having: dict[int, list]) -> int:
        """A kind: a class drawn evenly (0, what has no class, seldom), then evenly or by frequency within it."""
        kinds = np.array(sorted(having))
        classes = crops.CLASS_OF[kinds]
        weights = np.where(np.unique(classes) == 0, 1.5, 1.0)
        weights = np.where(np.unique(classes) == 13, 1.6, weights)
        number = self.rng.choice(np.unique(classes), p=weights / weights.sum())
        mine = kinds[classes == number]
        often = np.sqrt([float(len(having[int(k)])) for k in mine])
        return int(self.rng.choice(mine, p=often / often.sum()))

    def thing(self, *, calm: bool = False) -> tuple[np.ndarray, Facts]:
        """A crop of a whole thing."""
        while True:
            options = self._things[self._kind(self._things)]
            number, place = options[int(self.rng.integers(len(options)))]
            shot = self.shots[number]
            thing = shot.things[place]
            x0, y0, x1, y1 = thing.box
            if max(x1 - x0, y1 - y0) < 14 or thing.pixels < (60 if calm else 40):
                continue
            box = crops.box_round(thing.box, shot.picture.shape, self.rng, calm=calm)
            facts = crops.facts_of_thing(shot.words, thing, box)
            if facts is not None and facts.shown.any():
                return crops.crop(shot.picture, box), facts

    def colored(self) -> tuple[np.ndarray, Facts]:
        """A crop of a thing of a known colour: groups of classes by their weight, rarer colours more often."""
        return self._attributed(self._colored_things)

    def sized(self) -> tuple[np.ndarray, Facts]:
        """A crop of a thing that is known to be small or large: nouns evenly, small and large evenly."""
        return self._attributed(self._sized_things)

    def _attributed(self, groups: list[tuple[float, list[list[tuple[int, int]]]]]) -> tuple[np.ndarray, Facts]:
        weights = np.array([weight for weight, _ in groups])
        while True:
            _, lists = groups[int(self.rng.choice(len(groups), p=weights / weights.sum()))]
            often = np.sqrt([len(entries) for entries in lists]) if len(lists) > 2 else np.ones(len(lists))
            entries = lists[int(self.rng.choice(len(lists), p=often / often.sum()))]
            number, place = entries[int(self.rng.integers(len(entries)))]
            shot = self.shots[number]
            thing = shot.things[place]
            calm = bool(self.rng.random() < 0.5)
            box = crops.box_round(thing.box, shot.picture.shape, self.rng, calm=calm)
            facts = crops.facts_of_thing(shot.words, thing, box)
            if facts is not None and facts.shown.any():
                return crops.crop(shot.picture, box), facts

    def find_attributes(self) -> None:
        """List the things of 60 pixels and more whose colour or size is known, as :meth:`colored` and
        :meth:`sized` draw them."""
        colors: dict[tuple[int, int], list[tuple[int, int]]] = {}
        sizes: dict[tuple[str, int], list[tuple[int, int]]] = {}
        noun = {kind: name for name, kinds in SIZED.items() for kind in kinds}
        for number, shot in enumerate(self.shots):
            for place, thing in enumerate(shot.things):
                group = _COLOR_GROUP.get(int(crops.CLASS_OF[thing.kind]))
                named = noun.get(KINDS[thing.kind])
                if thing.pixels < 60 or (group is None and named is None):
                    continue
                facts = crops.facts_of_thing(shot.words, thing, thing.box)
                if facts is None:
                    continue
                if group is not None and facts.color:
                    colors.setdefault((group, facts.color), []).append((number, place))
                if named is not None and facts.size:
                    sizes.setdefault((named, facts.size), []).append((number, place))
        self._colored_things = [
            (weight, lists)
            for group, (_, weight) in enumerate(_COLOR_GROUPS)
            if (lists := [entries for (of, _), entries in colors.items() if of == group])
        ]
        self._sized_things = [
            (1.0, lists)
            for name in SIZED
            if (lists := [entries for (of, _), entries in sizes.items() if of == name])
        ]

    def surface(self) -> tuple[np.ndarray, Facts]:
        """A window that one thing or surface covers."""
        while True:
            kind = self._kind(self._shots_of)
            for _ in range(6):
                shot, place = self._place(kind)
                box = crops.window_at(place, shot.picture.shape, self.rng)
                facts = crops.facts_of_window(shot.words, box)
                if facts is not None and facts.shown.any() and crops.CLASS_OF[kind] == facts.number:
                    return crops.crop(shot.picture, box), facts

    def region(self) -> tuple[np.ndarray, Facts]:
        """A crop as a region of points has it, classes evenly: a thing by its box, of ground and of what has no end
        a window of 40 pixels and more."""
        numbers = np.unique([crops.CLASS_OF[kind] for kind in self._shots_of])
        number = int(self.rng.choice(numbers[numbers > 0]))
        windows = number in _ENDLESS or (number in _BOTH and self.rng.random() < 0.5)
        having = self._shots_of if windows else self._things
        kinds = [kind for kind in having if crops.CLASS_OF[kind] == number]
        often = np.array([len(having[kind]) for kind in kinds], float)
        while True:
            kind = int(self.rng.choice(kinds, p=often / often.sum()))
            made = self._window(kind, 40) if windows else self._whole(kind)
            if made is not None and made[1].shown.any() and made[1].number == number:
                return made

    def _window(self, kind: int, least: float) -> tuple[np.ndarray, Facts] | None:
        shot, place = self._place(kind)
        box = crops.window_at(place, shot.picture.shape, self.rng, least=least)
        facts = crops.facts_of_window(shot.words, box)
        return None if facts is None else (crops.crop(shot.picture, box), facts)

    def _whole(self, kind: int) -> tuple[np.ndarray, Facts] | None:
        options = self._things[kind]
        number, place = options[int(self.rng.integers(len(options)))]
        shot = self.shots[number]
        thing = shot.things[place]
        box = crops.box_round(thing.box, shot.picture.shape, self.rng, calm=True)
        facts = crops.facts_of_thing(shot.words, thing, box)
        return None if facts is None or thing.pixels < 100 else (crops.crop(shot.picture, box), facts)

    def _place(self, kind: int) -> tuple[Shot, np.ndarray]:
        numbers = self._shots_of[kind]
        shot = self.shots[numbers[int(self.rng.integers(len(numbers)))]]
        places = shot.places[kind]
        return shot, places[int(self.rng.integers(len(places)))]

    def grid(self) -> tuple[np.ndarray, list[tuple[int, int, Facts]]]:
        """A larger window, enlarged 1 to 4 times, and the facts of its cells by row and column."""
        shot, place = self._place(self._kind(self._shots_of))
        scale = float(np.exp(self.rng.uniform(0.0, np.log(4.2))))
        side = self.window / scale
        high, wide = shot.picture.shape[:2]
        side = min(side, high)
        x0, y0 = (
            int(np.clip(place[axis] - side * self.rng.uniform(0.2, 0.8), 0, end - side))
            for axis, end in ((0, wide), (1, high))
        )
        box = x0, y0, int(x0 + side), int(y0 + side)
        image = crops.crop(shot.picture, box, self.window)
        cells = []
        edges = np.linspace(0, side, self.window // CELL + 1).round().astype(int)
        for row in range(len(edges) - 1):
            for column in range(len(edges) - 1):
                part = (
                    slice(y0 + edges[row], y0 + edges[row + 1]), slice(x0 + edges[column], x0 + edges[column + 1])
                )  # fmt: skip
                facts = crops.facts_of_cell(shot.words.kind[part], shot.words.color[part])
                if facts is not None and facts.shown.any():
                    cells.append((row, column, facts))
        return image, cells


@dataclass(frozen=True)
class Mixture:
    """Samples of one batch: crops of things, windows of surfaces, crops drawn for their colour and for their size,
    larger windows and how many of their cells, and nouns asked for in all colours."""

    things: int = 44
    surfaces: int = 48
    colored: int = 28
    sized: int = 12
    windows: int = 6
    cells: int = 160
    nouns: int = 7


def batches(drawer: Drawer, mix: Mixture) -> Iterator[Batch]:
    """Batches without end."""
    rng = drawer.rng
    drawer.find_attributes()
    while True:
        even = [drawer.thing() for _ in range(mix.things)] + [drawer.surface() for _ in range(mix.surfaces)]
        cut = even + [drawer.colored() for _ in range(mix.colored)] + [drawer.sized() for _ in range(mix.sized)]
        grids = [drawer.grid() for _ in range(mix.windows)]
        found = [(k, row, column, facts) for k, (_, held) in enumerate(grids) for row, column, facts in held]
        kept = [found[row] for row in even_cells([held for *_, held in found], mix.cells, rng)]
        facts, cell_facts = [f for _, f in cut], [f for *_, f in kept]
        captions, told, names = told_of(facts, cell_facts, rng)
        yield Batch(
            crops=_varied(np.stack([image for image, _ in cut]), rng),
            windows=_varied(np.stack([image for image, _ in grids]), rng, mirror=False),
            captions=captions,
            crop_true=crops.agreement(facts, told),
            cells=np.array([entry[:3] for entry in kept]),
            cell_true=crops.agreement(cell_facts, told),
            names=names,
            # What was drawn for its colour or size would make its class likelier than the others.
            crop_class=np.array([f.number - 1 for f in facts[: len(even)]] + [-1] * (len(facts) - len(even))),
            cell_class=np.array([f.number - 1 for f in cell_facts]),
            questions=questions(facts + cell_facts, KINDS, mix.nouns, rng),
        )


def told_of(
    facts: list[Facts], cell_facts: list[Facts], rng: np.random.Generator
) -> tuple[list[str], list[Meaning], np.ndarray]:
    """Captions of crops, of a few cells and of all classes, what they mean, and which are the classes' (19,)."""
    meanings = [crops.meaning_of(f, rng) for f in facts]
    meanings += [crops.meaning_of(f, rng) for f in cell_facts[:: max(1, len(cell_facts) // 48)]]
    words = {caption(meaning, rng): meaning for meaning in meanings}
    names = _class_captions(rng)
    words |= names
    places = {text: k for k, text in enumerate(words)}
    return list(words), list(words.values()), np.array([places[text] for text in names])


def _class_captions(rng: np.random.Generator) -> dict[str, Meaning]:
    """A caption for each class, in their order."""
    found: dict[str, Meaning] = {}
    for name in CLASS_CONCEPTS:
        text = caption(Meaning(concept(name)), rng)
        found[text] = Meaning(concept(name))
    return found


def even_cells(facts: list[Facts], most: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of at most ``most`` cells, rare classes first."""
    numbers = np.array([fact.number for fact in facts])
    weight = 1 / np.sqrt(np.bincount(numbers, minlength=20)[numbers])
    return rng.choice(len(facts), min(most, len(facts)), replace=False, p=weight / weight.sum())


def _varied(images: np.ndarray, rng: np.random.Generator, *, mirror: bool = True) -> np.ndarray:
    """Mirrored half of the time, a little brighter or darker, a little warmer or colder."""
    count = len(images)
    gain = np.exp(rng.normal(0, 0.08, (count, 1, 1, 1)) + rng.normal(0, 0.02, (count, 1, 1, 3))).astype(np.float32)
    images = np.clip(images * gain, 0, 255).astype(np.uint8)
    if mirror:
        turned = rng.random(count) < 0.5
        images[turned] = images[turned, :, ::-1]
    return images


def names_of(facts: Facts) -> str:
    """For contact sheets."""
    return KINDS[facts.kind]
