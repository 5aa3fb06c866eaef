"""Sentences for prompts: the published ones, ours, the user's own."""

from __future__ import annotations

import pytest

from app.core.errors import DataError, UsageError
from app.core.language import templates
from app.core.language.queries import TEMPLATES as DEFAULT
from app.core.language.templates import TEMPLATES, TemplateSet, all_sets, fill, find, load_own
from app.core.settings import home


def test_the_published_sentences_are_open_clips():
    from app.models.clip.compat import open_clip

    theirs = tuple(template("{}") for template in open_clip().OPENAI_IMAGENET_TEMPLATES)
    assert TEMPLATES["imagenet80"].templates == theirs and len(theirs) == 80
    maskclip = TEMPLATES["maskclip85"].templates
    assert maskclip[:80] == theirs and len(maskclip) == 85
    assert all("in the scene" in sentence for sentence in maskclip[80:])


def test_every_sentence_has_one_place_for_the_prompt():
    for one in TEMPLATES.values():
        assert one.templates and len(set(one.templates)) == len(one.templates)
        assert all(sentence.count("{}") == 1 for sentence in one.templates)
    assert DEFAULT in TEMPLATES


@pytest.mark.parametrize(
    ("template", "prompt", "sentence"),
    [
        ("a photo of a {}.", "car", "a photo of a car."),
        ("a photo of a {}.", "a person crossing the street", "a photo of a person crossing the street."),
        ("a photo of the {}.", "The car", "a photo of The car."),
        ("a {} in a street.", "an old car", "an old car in a street."),
        ("a photo of many {}.", "two cars", "a photo of two cars."),
        ("{}", "a car", "a car"),
        ("a photo of a {}.", "{}", "a photo of a {}."),
        ("a photo of a {}.", "antenna", "a photo of a antenna."),
        ("a photo of a {}.", "{0.__class__}", "a photo of a {0.__class__}."),
    ],
)
def test_a_prompt_fills_a_sentence(template, prompt, sentence):
    assert fill(template, prompt) == sentence


def test_sets_of_the_users_own_are_found():
    path = home() / templates.FILE
    path.write_text("night:\n  title: At night\n  templates: ['a {} at night.', 'Füße: {}']\n", "utf-8")
    mine = TemplateSet("night", "At night", ("a {} at night.", "Füße: {}"))
    assert load_own() == (mine,)
    assert find("night") == mine and all_sets()[-1] == mine
    path.write_text("short:\n  - 'the {}'\n", "utf-8")
    assert find("short").templates == ("the {}",)


@pytest.mark.parametrize("text", ["x: []", "x: ['a car']", "x: ['{} {}']", "street: ['{}']", "a/b: ['{}']"])
def test_sets_that_cannot_be_used_get_one_sentence(text):
    (home() / templates.FILE).write_text(text)
    with pytest.raises(DataError, match=r"templates.yaml"):
        load_own()


@pytest.mark.parametrize("text", ["a: [", "- 1", "a: {templates: x}", "a: {templates: [1]}", "a: ['car']", "a: 3"])
def test_a_broken_file_gets_one_sentence(text):
    path = home() / templates.FILE
    path.write_text(text)
    with pytest.raises(DataError, match=r"templates.yaml") as error:
        find("mine")
    assert "\n" not in str(error.value)
    assert find("street") is TEMPLATES["street"]  # what comes along works all the same


def test_no_code_runs_from_the_file(tmp_path):
    path = home() / templates.FILE
    path.write_text(f"a: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']")
    with pytest.raises(DataError):
        load_own()
    assert not (tmp_path / "made").exists()


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(UsageError, match="no templates 'x'; there are street, plain"):
        find("x")


def test_sets_are_written_whole_and_read_back():
    mine = TemplateSet("night", "At night", ("a {} at night.", "Füße: {}"))
    templates.save_own((mine, TemplateSet("short", "short", ("the {}",))))
    assert load_own()[0] == mine and [one.name for one in load_own()] == ["night", "short"]
    with pytest.raises(UsageError, match="stands twice"):
        templates.save_own((TemplateSet("night", "", ("{}", "{}")),))
    assert load_own()[0] == mine, "what cannot be used changes nothing"


def test_a_disk_that_refuses_leaves_what_is_there(monkeypatch):
    templates.save_own((TemplateSet("night", "", ("a {}",)),))

    def full(*_args: object) -> None:
        raise DataError("templates.yaml cannot be written (No space left on device); free some disk space.")

    monkeypatch.setattr(templates, "write_atomically", full)
    with pytest.raises(DataError, match="No space"):
        templates.save_own(())
    assert load_own()[0].templates == ("a {}",)


def test_a_set_that_changes_is_seen_as_another():
    assert templates.stamp("street") == ""
    before = templates.stamp("night")
    templates.save_own((TemplateSet("night", "", ("a {}",)),))
    first = templates.stamp("night")
    templates.save_own((TemplateSet("night", "", ("the {}",)),))
    assert len({before, first, templates.stamp("night")}) == 3


def test_a_broken_file_can_be_set_aside():
    (home() / templates.FILE).write_text("a: [")
    kept = templates.set_aside()
    assert kept.read_text() == "a: [" and load_own() == ()
    with pytest.raises(DataError, match="cannot be renamed"):
        templates.set_aside()
