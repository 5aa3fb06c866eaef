"""What the picture's truth says of a pixel is what the LiDAR's truth says of the same place."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.demo.captions import CLASS_CONCEPTS, COLORS, KINDS, Meaning, concept
from app.core.demo.picture_crops import CLASS_OF, Shot, agreement, box_round, facts_of_thing, facts_of_window
from app.core.demo.picture_truth import NOTHING, PictureTruth, picture_truth, street_coordinates
from app.core.demo.picture_words import PictureWords, color_words, picture_words
from app.core.demo.world import World

FRAME = 12


@pytest.fixture(scope="module")
def truth(street: World) -> PictureTruth:
    return picture_truth(street, FRAME)


@pytest.fixture(scope="module")
def words(street: World, truth: PictureTruth) -> PictureWords:
    return picture_words(street.seed, truth)


def test_labels_and_distances_are_those_of_visible_points(street: World, truth: PictureTruth) -> None:
    """A point that the camera sees lies on what its pixel shows, save where an outline crosses the pixel."""
    frame = street.scan(FRAME)
    pixel, inside = street.calibration.project(frame.points)
    rows = np.flatnonzero(inside & (frame.visible == 1))
    u, v = np.round(pixel[rows]).astype(int).T
    within = (u < truth.label.shape[1]) & (v < truth.label.shape[0])
    rows, u, v = rows[within], u[within], v[within]
    label, distance = truth.label[v, u], truth.distance[v, u]
    # Only where the pixel's neighbours show the same: pixels of this small camera are wide.
    plain = np.ones(len(rows), bool)
    for dv, du in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        y, x = np.clip(v + dv, 0, truth.label.shape[0] - 1), np.clip(u + du, 0, truth.label.shape[1] - 1)
        plain &= truth.label[y, x] == label
    assert plain.sum() > 500
    assert (label[plain] == frame.labels[rows][plain]).mean() > 0.99
    assert (truth.instance[v, u][plain] == frame.instances[rows][plain]).mean() > 0.98
    away = np.linalg.norm(frame.points[rows] - street.calibration.center, axis=1)
    assert np.median(np.abs(away - distance)[plain] / away[plain]) < 0.02


def test_sky_has_no_surface(truth: PictureTruth, words: PictureWords) -> None:
    sky = truth.material == NOTHING
    assert sky.any()
    assert not truth.label[sky].any() and np.isinf(truth.distance[sky]).all() and np.isnan(truth.street[sky]).all()
    assert (words.kind[sky] == KINDS.index("sky")).all()


def test_street_coordinates_undo_the_bend(street: World) -> None:
    rng = np.random.default_rng(1)
    given = rng.uniform([0, -20, 0], [90, 20, 6], (500, 3))
    found = street_coordinates(street.line, street.line.bend(given), 40.0)
    assert np.abs(found - given).max() < 0.02


def test_kinds_belong_to_the_class_of_their_label(truth: PictureTruth, words: PictureWords) -> None:
    assert (CLASS_OF[words.kind] == truth.classes).all()
    assert len(set(CLASS_OF.tolist()) - {0}) == len(CLASS_CONCEPTS) == 19


def test_heights_are_those_of_people_and_cars(truth: PictureTruth) -> None:
    for number, tall in truth.tall.items():
        label = int(np.bincount(truth.label[truth.instance == number]).argmax())
        if label in (10, 252):
            assert 1.2 < tall < 2.3
        if label in (30, 254):
            assert 1.1 < tall < 2.05


def test_color_words() -> None:
    said = {
        "red": (0.30, 0.015, 0.014), "blue": (0.015, 0.03, 0.14), "green": (0.025, 0.09, 0.045),
        "white": (0.62, 0.62, 0.61), "gray": (0.20, 0.21, 0.22), "black": (0.012, 0.012, 0.014),
        "yellow": (0.42, 0.36, 0.04), "orange": (0.62, 0.30, 0.03), "beige": (0.62, 0.50, 0.32),
    }  # fmt: skip
    found = color_words(np.array(list(said.values()), np.float32))
    assert [COLORS[k] for k in found] == list(said)


def test_a_crop_round_a_thing_shows_it(street: World, words: PictureWords) -> None:
    picture = np.zeros((*words.kind.shape, 3), np.uint8)
    rng = np.random.default_rng(2)
    shot = Shot.of(picture, words, rng)
    cars = [thing for thing in shot.things if KINDS[thing.kind] in ("car", "van")]
    assert cars
    box = box_round(cars[0].box, picture.shape, rng, calm=True)
    facts = facts_of_thing(words, cars[0], box)
    assert facts is not None and facts.number == 1
    meanings = [Meaning(concept("car")), Meaning(concept("vehicle")), Meaning(concept("pole"))]
    assert agreement([facts], meanings)[0, :2].tolist() == [1, 1]
    x0, y0, x1, y1 = box
    assert x1 - x0 >= 30 and y1 - y0 >= 30 and x0 >= 0 and y1 <= picture.shape[0]


def test_agreement_knows_what_it_does_not_know(words: PictureWords) -> None:
    """A window of sky is no car; of a thing of unknown colour nobody can say that it is not red."""
    sky = np.argwhere(words.kind == KINDS.index("sky"))[0]
    facts = facts_of_window(words, (int(sky[1]), int(sky[0]), int(sky[1]) + 3, int(sky[0]) + 1))
    assert facts is not None
    red = Meaning(concept("sky"), color=COLORS.index("red"))
    said = agreement([facts], [Meaning(concept("sky")), Meaning(concept("car")), red])
    assert said.tolist() == [[1, -1, 0]]
