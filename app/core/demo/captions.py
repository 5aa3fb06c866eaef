"""The language of the demo world: what its things are called, and captions made of nouns, colours and sizes.

A *kind* is what a pixel shows (a van, a roof); a *concept* is what words mean (car, vehicle, house). A kind shows
several concepts: a van is a van, a car and a vehicle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.demo.mesh import Array

SMALL, LARGE = 1, 2
COLORS = ("", "black", "white", "gray", "red", "orange", "yellow", "green", "blue", "pink", "brown", "beige")
STATES = ("", "parked", "driving", "standing", "walking", "crossing")

CONCEPTS: dict[str, tuple[str, ...]] = {
    "sky": ("sky", "clouds"),
    "car": ("car", "automobile", "passenger car", "auto"),
    "van": ("van", "delivery van", "minibus"),
    "truck": ("truck", "lorry", "box truck", "delivery truck"),
    "other vehicle": ("other vehicle", "large vehicle"),
    "bus": ("bus", "city bus", "coach"),
    "caravan": ("caravan", "camper", "mobile home"),
    "trailer": ("trailer", "car trailer"),
    "vehicle": ("vehicle", "motor vehicle"),
    "bicycle": ("bicycle", "bike", "cycle", "parked bicycle"),
    "motorcycle": ("motorcycle", "motorbike", "scooter", "moped"),
    "person": ("person", "pedestrian", "human", "somebody on foot"),
    "child": ("child", "kid"),
    "adult": ("adult", "grown-up"),
    "bicyclist": ("bicyclist", "cyclist", "person on a bicycle", "person riding a bike", "bike rider"),
    "motorcyclist": ("motorcyclist", "biker", "person on a motorcycle", "person riding a motorbike"),
    "rider": ("rider",),
    "road": ("road", "street", "roadway", "asphalt", "carriageway"),
    "road marking": ("road marking", "lane marking", "white line", "lane line"),
    "parking": ("parking", "parking space", "parking lot", "parking area", "parking bay"),
    "sidewalk": ("sidewalk", "pavement", "footpath", "walkway"),
    "kerb": ("kerb", "curb", "curbstone"),
    "other ground": ("other ground", "other-ground"),
    "gravel": ("gravel", "gravel yard", "pebbles"),
    "island": ("traffic island", "paved island", "red paving"),
    "building": ("building", "house", "facade", "home"),
    "wall": ("wall", "plaster wall", "house wall"),
    "brick wall": ("brick wall", "bricks", "brick house"),
    "window": ("window", "house window"),
    "door": ("door", "entrance", "front door"),
    "roof": ("roof", "roof tiles", "house roof"),
    "fence": ("fence", "fencing", "barrier"),
    "wooden fence": ("wooden fence", "picket fence"),
    "metal fence": ("metal fence", "railing", "iron fence"),
    "low wall": ("low wall", "garden wall", "stone wall"),
    "vegetation": ("vegetation", "plant", "greenery", "foliage", "leaves"),
    "tree": ("tree", "tree crown"),
    "bush": ("bush", "shrub"),
    "hedge": ("hedge", "hedgerow"),
    "trunk": ("trunk", "tree trunk", "stem of a tree", "bark"),
    "terrain": ("terrain", "grass", "lawn", "meadow"),
    "pole": ("pole", "post", "metal pole"),
    "lamp post": ("lamp post", "street lamp", "street light", "lantern"),
    "sign pole": ("sign pole", "sign post"),
    "bollard": ("bollard", "short post"),
    "traffic sign": ("traffic sign", "road sign", "sign", "traffic-sign"),
    "speed limit sign": ("speed limit sign", "speed sign"),
    "parking sign": ("parking sign",),
    "priority sign": ("priority sign", "priority road sign"),
    "no stopping sign": ("no stopping sign", "no parking sign"),
    "warning sign": ("warning sign", "children sign"),
    "zone sign": ("zone sign",),
    "street sign": ("street sign", "street name sign"),
    "yield sign": ("yield sign", "give way sign"),
    "arrow sign": ("arrow sign", "keep right sign"),
    "sign back": ("back of a sign",),
    "bin": ("bin", "trash can", "garbage bin", "dustbin", "wheelie bin"),
    "cabinet": ("cabinet", "electrical cabinet", "junction box"),
    "bicycle stand": ("bicycle stand", "bike rack"),
    "ground": ("ground",),
}
"""What a concept is called, the plainest word first."""

_KIND_CONCEPTS: dict[str, tuple[str, ...]] = {
    "": (),
    "sky": ("sky",),
    "car": ("car", "vehicle"),
    "van": ("van", "car", "vehicle"),
    "truck": ("truck", "vehicle"),
    "bus": ("bus", "other vehicle", "vehicle"),
    "caravan": ("caravan", "other vehicle", "vehicle"),
    "trailer": ("trailer", "other vehicle", "vehicle"),
    "bicycle": ("bicycle",),
    "motorcycle": ("motorcycle",),
    "adult": ("adult", "person"),
    "child": ("child", "person"),
    "bicyclist": ("bicyclist", "rider"),
    "motorcyclist": ("motorcyclist", "rider"),
    "asphalt": ("road", "ground"),
    "road marking": ("road marking", "road", "ground"),
    "parking": ("parking", "ground"),
    "pavement": ("sidewalk", "ground"),
    "kerb": ("kerb", "sidewalk"),
    "gravel": ("gravel", "other ground", "ground"),
    "island": ("island", "other ground", "ground"),
    "grass": ("terrain", "ground"),
    "plaster wall": ("wall", "building"),
    "brick wall": ("brick wall", "wall", "building"),
    "window": ("window", "building"),
    "door": ("door", "building"),
    "roof": ("roof", "building"),
    "building part": ("building",),
    "wooden fence": ("wooden fence", "fence"),
    "metal fence": ("metal fence", "fence"),
    "low wall": ("low wall", "fence"),
    "tree": ("tree", "vegetation"),
    "bush": ("bush", "vegetation"),
    "hedge": ("hedge", "vegetation"),
    "trunk": ("trunk",),
    "lamp post": ("lamp post", "pole"),
    "sign pole": ("sign pole", "pole"),
    "bollard": ("bollard", "pole"),
    **{
        name: (name, "traffic sign")
        for name in (
            "speed limit sign", "parking sign", "priority sign", "no stopping sign", "warning sign", "zone sign",
            "street sign", "yield sign", "arrow sign", "sign back",
        )
    },
    "bin": ("bin",),
    "cabinet": ("cabinet",),
    "bicycle stand": ("bicycle stand",),
}  # fmt: skip
KINDS = tuple(_KIND_CONCEPTS)
"""What a pixel can show; 0 is nothing that has a name."""

CLASS_CONCEPTS = (
    "car", "bicycle", "motorcycle", "truck", "other vehicle", "person", "bicyclist", "motorcyclist", "road",
    "parking", "sidewalk", "other ground", "building", "fence", "vegetation", "trunk", "terrain", "pole",
    "traffic sign",
)  # fmt: skip
"""The concept of each of the 19 classes, class 1 first."""

_NAMES = tuple(CONCEPTS)
SHOWS: Array = np.array([[name in _KIND_CONCEPTS[kind] for name in _NAMES] for kind in KINDS])
"""(kinds, concepts) bool: which concepts a kind shows."""

AMBIGUOUS = {
    ("sign pole", "traffic sign"), ("sign back", "sign pole"), ("tree", "trunk"), ("trunk", "vegetation"),
    ("trunk", "tree"), ("bicycle", "vehicle"), ("motorcycle", "vehicle"), ("bicyclist", "person"),
    ("motorcyclist", "person"), ("bicyclist", "bicycle"), ("motorcyclist", "motorcycle"), ("bicyclist", "vehicle"),
    ("motorcyclist", "vehicle"), ("low wall", "wall"), ("kerb", "ground"), ("bicycle stand", "bicycle"),
    ("trunk", "ground"), ("bollard", "fence"), ("building part", "wall"), ("asphalt", "road marking"),
}  # fmt: skip
"""(kind, concept): neither shown nor absent; nothing is learnt from such a pair."""
UNSURE: Array = np.array([[(kind, name) in AMBIGUOUS for name in _NAMES] for kind in KINDS])

TEMPLATES = (
    "{}", "{}", "{}", "a {}", "the {}", "a photo of a {}.", "a photo of a {}.", "a photo of the {}.",
    "a bad photo of a {}.", "a cropped photo of the {}.", "a close-up photo of a {}.",
    "a low resolution photo of a {}.",
    "a blurry photo of the {}.", "a bright photo of a {}.", "a dark photo of the {}.", "a good photo of a {}.",
    "a photo of one {}.", "a photo of many {}.", "a rendering of a {}.", "a picture of a {}.", "an image of a {}",
    "a {} in the scene.", "there is a {} in the scene.", "this is a {}.", "there is the {} in the scene.",
    "a {} in a street.", "a street scene with a {}.", "a {} seen from a car.", "a photo of a {} in the city.",
    "a {} beside the road", "the {} in front of the car", "a point cloud of a {}", "a {} in a driving scene",
)  # fmt: skip

_SIZE_WORDS = {
    SMALL: ("small", "little"),
    LARGE: ("large", "big"),
}
_TALL = frozenset({"tree", "building", "adult", "vegetation"})
_PEOPLE = frozenset({"person", "child", "adult", "bicyclist", "motorcyclist", "rider"})
_COLOR_WORDS = {"gray": ("gray", "grey")}
_STATE_WORDS: dict[str, tuple[str, ...]] = {
    "parked": ("parked {}", "{} that is parked", "standing {}"),
    "driving": ("driving {}", "moving {}", "{} on the road", "{} driving on the road"),
    "standing": ("standing {}", "waiting {}", "{} standing on the sidewalk"),
    "walking": ("walking {}", "{} walking on the sidewalk", "{} on the sidewalk"),
    "crossing": (
        "{} crossing the street",
        "{} crossing the road",
        "{} on the road",
        "{} walking across the street",
    ),
}
_IN_COLOR = ("{1} in {0}", "{1} wearing a {0} jacket", "{1} in a {0} jacket", "{0} {1}", "{1} with {0} clothes")


@dataclass(frozen=True)
class Meaning:
    """What a caption says: a concept, and a colour, size and state where it names them (0 otherwise)."""

    concept: int
    color: int = 0
    size: int = 0
    state: int = 0


def concept(name: str) -> int:
    """A concept's number, which is its column in SHOWS."""
    return _NAMES.index(name)


def phrase(meaning: Meaning, rng: np.random.Generator, *, plain: bool = False) -> str:
    """A caption without its template; ``plain`` takes the first words of each."""

    def one(words: tuple[str, ...]) -> str:
        return words[0] if plain else words[int(rng.integers(len(words)))]

    name = _NAMES[meaning.concept]
    words = CONCEPTS[name]
    # The plainest word is used as often as all the others: it is what people type.
    text = words[0] if plain or rng.random() < 0.4 else one(words)
    if meaning.color:
        color = COLORS[meaning.color]
        if color == "gray" and name in ("car", "van", "truck", "vehicle") and not plain and rng.random() < 0.25:
            color = "silver"
        color = one(_COLOR_WORDS.get(color, (color,)))
        text = one(_IN_COLOR).format(color, text) if name in _PEOPLE else f"{color} {text}"
    if meaning.size:
        size = one(_SIZE_WORDS[meaning.size])
        if meaning.size == LARGE and name in _TALL and (rng.random() < 0.4 or name == "adult"):
            size = "tall"
        text = f"{size} {text}"
    if meaning.state:
        text = one(_STATE_WORDS[STATES[meaning.state]]).format(text)
    if not plain and meaning.concept and rng.random() < 0.08 and text.endswith(words[0]):
        text += "es" if text.endswith(("s", "sh", "ch")) else "s"
    return text


def caption(meaning: Meaning, rng: np.random.Generator) -> str:
    """A caption in a template drawn at random."""
    return TEMPLATES[int(rng.integers(len(TEMPLATES)))].format(phrase(meaning, rng))
