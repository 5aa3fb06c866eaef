"""Vectors of prompts on the disk: found again, told apart, never half-written, bounded."""

from __future__ import annotations

import os

import numpy as np
import pytest

from app.core.language.text_cache import TextCache, text_folder

VECTOR = np.array([0.6, 0.8], np.float32)


def _files(cache: TextCache) -> list:
    return sorted(cache.folder.rglob("*.npy"))


def test_it_is_found_again_in_another_process_so_to_say(tmp_path):
    TextCache(tmp_path).put("abc", ("{}",), "car", VECTOR)
    np.testing.assert_array_equal(TextCache(tmp_path).get("abc", ("{}",), "car"), VECTOR)


@pytest.mark.parametrize("other", [("abd", ("{}",), "car"), ("abc", ("a {}",), "car"), ("abc", ("{}",), "Car")])
def test_another_clip_sentence_or_prompt_is_another_vector(tmp_path, other):
    cache = TextCache(tmp_path)
    cache.put("abc", ("{}",), "car", VECTOR)
    assert cache.get(*other) is None


@pytest.mark.parametrize("content", [b"", b"x" * 100, "short", "wrong kind", "nan"])
def test_a_broken_file_counts_as_absent(tmp_path, content):
    TextCache(tmp_path).put("abc", ("{}",), "car", VECTOR)
    (path,) = _files(TextCache(tmp_path))
    whole = path.read_bytes()
    if content == "short":
        content = whole[:-3]
    elif content == "wrong kind":
        np.save(path, np.zeros((2, 2)))
        content = path.read_bytes()
    elif content == "nan":
        np.save(path, np.array([np.nan, 1], np.float32))
        content = path.read_bytes()
    path.write_bytes(content)
    cache = TextCache(tmp_path)
    assert cache.get("abc", ("{}",), "car") is None
    cache.put("abc", ("{}",), "car", VECTOR)
    assert path.read_bytes() == whole


def test_no_code_runs_from_it(tmp_path):
    TextCache(tmp_path).put("abc", ("{}",), "car", VECTOR)
    (path,) = _files(TextCache(tmp_path))
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    assert TextCache(tmp_path).get("abc", ("{}",), "car") is None


def test_the_ones_not_used_for_longest_go(tmp_path):
    cache = TextCache(tmp_path, most=16)
    for number in range(16):
        cache.put("abc", ("{}",), f"prompt {number}", VECTOR)
    for age, path in enumerate(_files(cache)):
        os.utime(path, (1000 + age, 1000 + age))
    fresh = TextCache(tmp_path, most=16)
    oldest = _files(cache)[0]
    used = next(n for n in range(16) if fresh._path("abc", ("{}",), f"prompt {n}") == oldest)
    assert fresh.get("abc", ("{}",), f"prompt {used}") is not None  # the oldest one is of use again
    fresh.put("abc", ("{}",), "one more", VECTOR)
    left = _files(cache)
    assert len(left) == 14 and oldest in left


def test_where_the_disk_refuses_memory_serves(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    cache = TextCache(tmp_path / "file")
    cache.put("abc", ("{}",), "car", VECTOR)
    np.testing.assert_array_equal(cache.get("abc", ("{}",), "car"), VECTOR)
    assert "not kept on the disk" in caplog.text


def test_it_lies_in_a_home_of_its_own():
    assert text_folder() == TextCache().folder
    assert str(text_folder()).startswith(os.environ["LIDARSCOPE_HOME"])
