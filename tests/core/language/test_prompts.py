"""Prompts become vectors as eq. 2 says, and what cannot be asked gets one sentence."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.errors import UsageError
from app.core.language import prompts
from app.core.language.prompts import check_prompt, notes, text_features, unknown_words, words_of
from app.core.language.templates import TEMPLATES
from app.core.language.text_cache import TextCache


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    from app.core.language.tiny_clip import write_tiny_clip
    from app.models.clip import load_clip

    return load_clip(write_tiny_clip(tmp_path_factory.mktemp("clip")), device="cpu")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("car", "car"),
        ("  red \n\t car ", "red car"),
        ("日本の車", "日本の車"),
        ("🚗", "🚗"),
        ("👩‍🚒", "👩‍🚒"),
        ("машина", "машина"),
        ("\ud83d", "?"),
        ("?", "?"),
    ],
)
def test_what_can_be_asked(text, cleaned):
    assert check_prompt(text) == cleaned


@pytest.mark.parametrize(
    "text", ["", "   ", "\n", "\u200b", "\u200d\ufe0f", "&nbsp;", "&amp;nbsp;", "\x00\x07", "\u3000"]
)
def test_what_cannot(text, clip):
    with pytest.raises(UsageError, match="type"):
        check_prompt(text)
    with pytest.raises(UsageError):
        text_features(clip, ["car", text])


@pytest.mark.parametrize("templates", ["plain", "street", "maskclip85"])
def test_vectors_are_the_mean_of_unit_vectors_at_length_one(clip, templates):
    import torch

    asked = ["car", "a person crossing the street"]
    found = text_features(clip, asked, templates)
    for row, prompt in zip(found, asked, strict=True):
        with torch.no_grad():
            tokens = clip._tokenize(list(TEMPLATES[templates].filled(prompt)))
            each = clip.network.encode_text(tokens).numpy()
        each /= np.linalg.norm(each, axis=1, keepdims=True)
        mean = each.mean(axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)
    assert found.dtype == np.float32 and text_features(clip, [], templates).shape == (0, 16)


def test_equal_prompts_are_computed_once_and_then_found(clip, tmp_path, monkeypatch):
    read = []
    real = clip.encode_texts
    monkeypatch.setattr(clip, "encode_texts", lambda texts, **more: read.append(len(texts)) or real(texts, **more))
    cache = TextCache(tmp_path)
    first = text_features(clip, ["car", " car ", "tree"], "plain", cache)
    assert read == [4]
    np.testing.assert_array_equal(first[0], first[1])
    again = text_features(clip, ["tree", "car"], "plain", TextCache(tmp_path))
    assert read == [4]
    np.testing.assert_array_equal(again, first[[2, 0]])
    text_features(clip, ["car"], "street", cache)
    assert read == [4, 7]


def test_ten_thousand_characters_are_read_as_far_as_the_tower_goes(clip):
    for text in ("x" * 10_000, "car " * 2500, "日" * 10_000, "<" * 10_000):
        assert np.isfinite(text_features(clip, [text])).all()
        (note, *_) = notes(text, clip)
        assert "Only the beginning" in note and "14 tokens" in note
    assert notes("red car", clip) == ()


def test_words_a_clip_was_not_trained_on(clip):
    import dataclasses

    info = dataclasses.replace(clip.info, vocabulary=frozenset({"a", "red", "car", "traffic", "sign", "bus"}))
    assert unknown_words("A red car, two buses.", info) == ("two",)
    assert unknown_words("cars; traffic-sign?", info) == ()
    assert unknown_words("zebra car zebra", info) == ("zebra",)
    assert unknown_words("anything", clip.info) == ()
    assert words_of("The “red” car… (old)") == ("the", "red", "car", "old")


def test_notes_name_them(clip, monkeypatch):
    import dataclasses

    monkeypatch.setattr(clip, "info", dataclasses.replace(clip.info, vocabulary=frozenset({"car"})))
    (note,) = notes("zebra", clip)
    assert '"zebra"' in note
    assert prompts.EXAMPLES
