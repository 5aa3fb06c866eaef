"""What the demo CLIP scores on worlds it has not seen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from app.core.demo import picture_crops as crops
from app.core.demo.captions import CLASS_CONCEPTS, COLORS, CONCEPTS, KINDS, LARGE, SMALL, concept
from app.core.demo.picture_crops import Facts, Shot
from app.core.label_sets import SEMANTIC_KITTI
from app.core.language.class_words import defaults
from app.core.language.templates import TEMPLATES
from demo_clip import network as nets
from demo_clip.batches import Drawer

DENSE_SIDE = 752
"""Shorter side in pixels of pictures as the tower reads them for dense features: twice the demo camera's."""
SCALES = (1.0, DENSE_SIDE / 376)
_NAMES = tuple(CONCEPTS)
_STREET = TEMPLATES["street"]


class Meter:
    """A network with the texts it is asked."""

    def __init__(self, folder: Path) -> None:
        self.network = nets.load(folder)
        self._tokenizer = nets.tokenizer()

    @torch.no_grad()
    def texts(self, phrases: list[str]) -> torch.Tensor:
        """(P, D) unit: each phrase in every template, normalised, averaged, normalised again."""
        lines = [line for phrase in phrases for line in _STREET.filled(phrase)]
        each = nets.texts_of(self.network, self._tokenizer(lines))
        return functional.normalize(each.view(len(phrases), len(_STREET.templates), -1).mean(dim=1), dim=-1)

    @torch.no_grad()
    def images(self, images: list[np.ndarray]) -> torch.Tensor:
        """(N, D) unit."""
        parts = [
            nets.crops_of(self.network, nets.pixels(np.stack(images[k : k + 128])))
            for k in range(0, len(images), 128)
        ]
        return torch.cat(parts)

    @torch.no_grad()
    def dense(self, picture: np.ndarray, scale: float) -> torch.Tensor:
        """(h, w, D) unit: the cells of an enlarged picture, its sides rounded to whole cells."""
        from PIL import Image

        high, wide = (max(1, round(side * scale / 32)) * 32 for side in picture.shape[:2])
        grown = Image.fromarray(picture).resize((wide, high), Image.Resampling.BICUBIC)
        return nets.cells_of(self.network, nets.pixels(np.asarray(grown)[None]))[0]


def measure(folder: Path, shots: list[Shot], *, count: int = 1900, pictures: int = 9) -> dict[str, Any]:
    """All scores of the model in a folder, over crops and pictures of ``shots``."""
    meter = Meter(folder)
    drawer = Drawer(shots, np.random.default_rng(11))
    drawn = [drawer.region() for _ in range(count)]
    features = meter.images([image for image, _ in drawn])
    facts = [fact for _, fact in drawn]
    scores: dict[str, Any] = {"crops": _classes(meter, features, facts)}
    small = [drawer.surface() for _ in range(count // 2)]
    scores["windows"] = _classes(meter, meter.images([image for image, _ in small]), [fact for _, fact in small])
    every = [
        (crops.crop(shot.picture, box), fact)
        for shot in shots
        for thing in shot.things
        if thing.pixels >= 150 and crops.CLASS_OF[thing.kind]
        for box in [crops.box_round(thing.box, shot.picture.shape, drawer.rng, calm=True)]
        for fact in [crops.facts_of_thing(shot.words, thing, box)]
        if fact is not None and fact.shown.any()
    ]
    all_features, all_facts = meter.images([image for image, _ in every]), [fact for _, fact in every]
    scores["every_thing"] = _classes(meter, all_features, all_facts, synonyms=False)
    scores["synonyms"] = _synonyms(meter, features, facts)
    scores["words"] = _words(meter, features, facts)
    scores["colors"] = _colors(meter, features, facts)
    scores["sizes"] = _sizes(meter, all_features, all_facts)
    chosen = [shots[k] for k in np.linspace(0, len(shots) - 1, min(pictures, len(shots))).astype(int)]
    scores["dense"] = {f"scale {scale:g}": _dense(meter, chosen, scale) for scale in SCALES}
    return scores


def _classes(meter: Meter, features: torch.Tensor, facts: list[Facts], *, synonyms: bool = True) -> dict[str, Any]:
    """Top-1 over the 19 classes by their plain names, and by the best of the words that the application asks by."""
    true = np.array([fact.number for fact in facts])
    rows = np.flatnonzero(true)
    plain = (features[rows] @ meter.texts(list(CLASS_CONCEPTS)).T).argmax(dim=1).numpy() + 1
    right = plain == true[rows]
    by_class = {
        CLASS_CONCEPTS[k - 1]: round(float(right[true[rows] == k].mean()), 4) for k in np.unique(true[rows])
    }
    found: dict[str, Any] = {
        "count": len(rows), "top1": _round(right.mean()), "top1_macro": _round(np.mean(list(by_class.values()))),
        "by_class": by_class,
    }  # fmt: skip
    if synonyms:
        owner, words = zip(*defaults(SEMANTIC_KITTI).asked, strict=True)
        best = np.array(owner)[(features[rows] @ meter.texts(list(words)).T).argmax(dim=1).numpy()]
        found["top1_best_word"] = _round((best == true[rows]).mean())
    return found


def _synonyms(meter: Meter, features: torch.Tensor, facts: list[Facts]) -> dict[str, Any]:
    """Each class is asked for by another word than its plain name, drawn anew ten times."""
    rng = np.random.default_rng(12)
    true = np.array([fact.number for fact in facts])
    rows = np.flatnonzero(true)
    found = []
    for _ in range(10):
        words = [str(rng.choice(CONCEPTS[name][1:])) for name in CLASS_CONCEPTS]
        found.append(((features[rows] @ meter.texts(words).T).argmax(dim=1).numpy() + 1 == true[rows]).mean())
    return {"count": len(rows), "top1": _round(np.mean(found))}


def _words(meter: Meter, features: torch.Tensor, facts: list[Facts]) -> dict[str, Any]:
    """Top-1 over the kinds' own words (window, hedge, bus, yield sign …), not only over classes."""
    own = {k: concept(_OWN.get(name, name)) for k, name in enumerate(KINDS) if _OWN.get(name, name) in CONCEPTS}
    options = sorted(set(own.values()))
    rows = [k for k, fact in enumerate(facts) if fact.kind in own and fact.shown[own[fact.kind]]]
    guess = (features[rows] @ meter.texts([CONCEPTS[_NAMES[k]][0] for k in options]).T).argmax(dim=1).numpy()
    right = np.array([facts[row].shown[options[g]] for row, g in zip(rows, guess, strict=True)])
    return {"count": len(rows), "options": len(options), "top1": _round(right.mean())}


_OWN = {"adult": "person", "child": "person", "asphalt": "road", "pavement": "sidewalk", "grass": "terrain",
        "plaster wall": "wall", "parking": "parking"}  # fmt: skip


def _colors(meter: Meter, features: torch.Tensor, facts: list[Facts]) -> dict[str, Any]:
    """ "red car" among the same noun in all colours."""
    found: dict[str, Any] = {}
    for noun, kinds in (
        ("car", ("car", "van")), ("truck", ("truck",)), ("bus", ("bus",)),
        ("building", ("plaster wall", "brick wall")),
    ):  # fmt: skip
        rows = [k for k, fact in enumerate(facts) if KINDS[fact.kind] in kinds and fact.color]
        found[noun] = _colored(meter, features, facts, rows, f"{{}} {noun}")
    people = ("adult", "child", "bicyclist", "motorcyclist")
    rows = [k for k, fact in enumerate(facts) if KINDS[fact.kind] in people and fact.color]
    found["person in"] = _colored(meter, features, facts, rows, "person in {}")
    return found


def _colored(
    meter: Meter, features: torch.Tensor, facts: list[Facts], rows: list[int], form: str
) -> dict[str, Any]:
    if not rows:
        return {"count": 0}
    guess = (features[rows] @ meter.texts([form.format(name) for name in COLORS[1:]]).T).argmax(dim=1).numpy() + 1
    true = np.array([facts[row].color for row in rows])
    return {"count": len(rows), "top1": _round((guess == true).mean())}


def _sizes(meter: Meter, features: torch.Tensor, facts: list[Facts]) -> dict[str, Any]:
    """ "small tree" against "large tree": the mean of the shares right among small and among large ones."""
    found: dict[str, Any] = {}
    for noun, kinds in (
        ("car", ("car", "van")), ("tree", ("tree",)), ("bush", ("bush",)),
        ("building", ("plaster wall", "brick wall", "building part")), ("person", ("adult", "child")),
    ):  # fmt: skip
        rows = [k for k, fact in enumerate(facts) if KINDS[fact.kind] in kinds and fact.size]
        true = np.array([facts[row].size for row in rows])
        if not ((true == SMALL).any() and (true == LARGE).any()):
            continue
        guess = (features[rows] @ meter.texts([f"small {noun}", f"large {noun}"]).T).argmax(dim=1).numpy() + 1
        balanced = np.mean([(guess[true == size] == size).mean() for size in (SMALL, LARGE)])
        found[noun] = {"small": int((true == SMALL).sum()), "large": int((true == LARGE).sum()),
                       "balanced": _round(balanced)}  # fmt: skip
    return found


def _dense(meter: Meter, shots: list[Shot], scale: float) -> dict[str, Any]:
    """Every third pixel of every third row: the class of the cells round it, between their middles."""
    texts = meter.texts(list(CLASS_CONCEPTS))
    counts = np.zeros((20, 20), np.int64)
    seconds = 0.0
    for shot in shots:
        begin = time.perf_counter()
        cells = meter.dense(shot.picture, scale)
        seconds += time.perf_counter() - begin
        high, wide = shot.picture.shape[:2]
        grown = functional.interpolate(
            (cells @ texts.T).permute(2, 0, 1)[None], size=(high, wide), mode="bilinear", align_corners=False
        )[0, :, ::3, ::3]  # fmt: skip
        guess = grown.argmax(dim=0).numpy() + 1
        true = crops.CLASS_OF[shot.words.kind[::3, ::3]].astype(np.int64)
        held = true > 0
        counts += np.bincount(true[held] * 20 + guess[held], minlength=400).reshape(20, 20)
    hit = np.diag(counts).astype(float)
    union = counts.sum(0) + counts.sum(1) - hit
    present = counts.sum(1)[1:] > 0
    iou = (hit / np.maximum(union, 1))[1:]
    return {
        "pictures": len(shots), "pixels": _round(hit.sum() / counts.sum()), "miou": _round(iou[present].mean()),
        "iou": {name: _round(iou[k]) for k, name in enumerate(CLASS_CONCEPTS) if present[k]},
        "seconds": round(seconds / len(shots), 2),
    }  # fmt: skip


def _round(value: Any) -> float:
    return round(float(value), 4)
