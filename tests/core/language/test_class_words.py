"""Words for classes: those that come along, the user's, what is wrong with them."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from app.core.demo.captions import CONCEPTS
from app.core.errors import DataError, UsageError
from app.core.label_sets import ASPRS_LAS, NUSCENES_LIDARSEG, SEMANTIC_KITTI
from app.core.language import class_words
from app.core.language.class_words import defaults, of_label_set, plain, reset, save


@pytest.mark.parametrize(("label_set", "count"), [(SEMANTIC_KITTI, 19), (NUSCENES_LIDARSEG, 16)])
def test_every_class_has_words_and_no_word_two_classes(label_set, count):
    words = defaults(label_set)
    assert [entry.id for entry in words.words] == list(range(1, count + 1))
    assert [entry.name for entry in words.words] == [label_set.class_name(i) for i in range(1, count + 1)]
    asked = [word for _, word in words.asked]
    assert all(entry.synonyms for entry in words.words) and len(set(asked)) == len(asked)
    known = class_words._DEFAULTS[label_set.name]
    assert set(known) == {entry.name for entry in words.words}  # none is left over from another spelling


def test_the_demo_world_is_asked_for_in_its_own_words():
    """Of every SemanticKITTI class the plainest word is one that the demo world's captions use."""
    spoken = {word for name, words in CONCEPTS.items() for word in (name, *words)}
    for entry in defaults(SEMANTIC_KITTI).words:
        assert entry.synonyms[0] in spoken, entry
        assert len(spoken.intersection(entry.synonyms)) >= len(entry.synonyms) - 1, entry


def test_a_label_set_we_do_not_know_asks_for_its_classes_names():
    words = defaults(ASPRS_LAS)
    assert (5, "high vegetation") in words.asked and (2, "ground") in words.asked
    assert 0 not in {number for number, _ in words.asked}  # what carries no class is not asked for
    assert plain("traffic_cone") == "traffic cone" and plain("other-ground") == "other ground"


def _edited():
    words = defaults(SEMANTIC_KITTI)
    first = replace(words.words[0], synonyms=("car", "Käfer", "SUV"))
    second = replace(words.words[1], synonyms=())
    return replace(words, words=(first, second, *words.words[2:]))


def test_edits_are_stored_found_and_forgotten():
    path = save(_edited())
    found = of_label_set(SEMANTIC_KITTI)
    assert found == _edited()
    assert (1, "Käfer") in found.asked and 2 not in {number for number, _ in found.asked}
    assert of_label_set(NUSCENES_LIDARSEG) == defaults(NUSCENES_LIDARSEG)
    reset(SEMANTIC_KITTI.name)
    assert not path.exists() and of_label_set(SEMANTIC_KITTI) == defaults(SEMANTIC_KITTI)
    reset(SEMANTIC_KITTI.name)


def test_classes_the_file_leaves_out_keep_theirs():
    path = save(_edited())
    path.write_text("car: [automobile]\n")
    found = of_label_set(SEMANTIC_KITTI)
    assert found.words[0].synonyms == ("automobile",) and found.words[1:] == defaults(SEMANTIC_KITTI).words[1:]


@pytest.mark.parametrize(
    "text", ["car: [", "- car", "car: bus", "car: ['']", "spaceship: [x]", "car: [!!python/name:os.system '']"]
)
def test_a_broken_file_gets_one_sentence(text):
    path = save(_edited())
    path.write_text(text)
    with pytest.raises(DataError, match=r"SemanticKITTI.yaml") as error:
        of_label_set(SEMANTIC_KITTI)
    assert "\n" not in str(error.value)


def test_words_that_cannot_be_stored():
    words = defaults(SEMANTIC_KITTI)
    double = replace(words, words=(replace(words.words[0], synonyms=("car", "Truck")), *words.words[1:]))
    with pytest.raises(UsageError, match="stands for both car and truck"):
        save(double)
    empty = replace(words, words=tuple(replace(entry, synonyms=()) for entry in words.words))
    with pytest.raises(UsageError, match="No class has a word"):
        save(empty)
    with pytest.raises(UsageError, match="empty"):
        save(replace(words, words=(replace(words.words[0], synonyms=(" ",)),)))


def test_only_words_a_clip_knows():
    words = defaults(SEMANTIC_KITTI).known_to(frozenset({"car", "van", "lamp", "post"}))
    assert words.words[0].synonyms == ("car", "van")
    assert words.words[17].synonyms == ("lamp post",)
    assert words.words[3].synonyms == ("truck",)  # of a class that loses all, the plainest stays
    assert defaults(SEMANTIC_KITTI).known_to(None) == defaults(SEMANTIC_KITTI)


def test_they_are_options_of_a_method():
    words = defaults(SEMANTIC_KITTI)
    assert hash(words) == hash(defaults(SEMANTIC_KITTI)) and pickle.loads(pickle.dumps(words)) == words
