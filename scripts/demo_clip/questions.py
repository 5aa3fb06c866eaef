"""Questions of attributes: which colour of the same noun, small or large. A loss shared among all that is true asks
for them hardly ever; these ask outright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.captions import COLORS, TEMPLATES, Meaning, concept, phrase
from app.core.demo.picture_crops import Facts

COLORED = (
    "car", "van", "vehicle", "truck", "other vehicle", "bus", "caravan", "trailer", "bicycle", "motorcycle",
    "person", "adult", "child", "bicyclist", "motorcyclist", "rider", "building", "wall", "brick wall", "roof",
    "door", "fence", "wooden fence", "bin",
)  # fmt: skip
"""Nouns that are asked for in all colours; plants are green, which says nothing."""
SIZED = {"car": ("car", "van"), "tree": ("tree",), "bush": ("bush",),
         "building": ("plaster wall", "brick wall", "roof", "building part")}  # fmt: skip
"""Nouns that are asked for as small or large, with the kinds that they are asked of."""
_SMALL_WORDS, _LARGE_WORDS = ("small", "little"), ("large", "big")
_GRAYS = ("gray", "grey")


@dataclass(frozen=True)
class Question:
    """``options`` are captions alike but for one word; sample ``samples[k]`` (crops first, then cells) is
    ``options[answers[k]]``. ``about`` is "color" or "size"."""

    about: str
    options: list[str]
    samples: np.ndarray
    answers: np.ndarray


def questions(facts: list[Facts], kinds: tuple[str, ...], most: int, rng: np.random.Generator) -> list[Question]:
    """Questions that samples of ``facts`` can answer: at most ``most`` nouns in all colours, and all sizes.

    ``kinds`` are the names of the kinds that facts count.
    """
    shown = np.stack([fact.shown for fact in facts])
    colors = np.array([fact.color for fact in facts])
    sizes = np.array([fact.size for fact in facts])
    kind = np.array([kinds[fact.kind] for fact in facts])
    nouns = np.array([concept(name) for name in COLORED])
    often = np.sqrt((shown[:, nouns] & (colors > 0)[:, None]).sum(axis=0))
    found = []
    if often.any():
        asked = rng.choice(nouns, min(most, int((often > 0).sum())), replace=False, p=often / often.sum())
        for noun in asked:
            rows = np.flatnonzero(shown[:, noun] & (colors > 0))
            found.append(Question("color", _in_all_colors(int(noun), rng), rows, colors[rows] - 1))
    for name, of in SIZED.items():
        rows = np.flatnonzero(np.isin(kind, of) & (sizes > 0) & shown[:, concept(name)])
        if len(rows):
            found.append(Question("size", _in_both_sizes(name, rng), rows, sizes[rows] - 1))
    return found


def _in_all_colors(noun: int, rng: np.random.Generator) -> list[str]:
    """A caption in each colour of COLORS but the first; the same words and template but for the colour's."""
    text = _template(rng).format(phrase(Meaning(noun, COLORS.index("beige")), rng))
    named = [str(rng.choice(_GRAYS)) if name == "gray" else name for name in COLORS[1:]]
    return [text.replace("beige", name) for name in named]


def _in_both_sizes(name: str, rng: np.random.Generator) -> list[str]:
    """A caption of a small and one of a large one."""
    template, text = _template(rng), phrase(Meaning(concept(name)), rng)
    return [template.format(f"{rng.choice(words)} {text}") for words in (_SMALL_WORDS, _LARGE_WORDS)]


def _template(rng: np.random.Generator) -> str:
    return TEMPLATES[int(rng.integers(len(TEMPLATES)))]
