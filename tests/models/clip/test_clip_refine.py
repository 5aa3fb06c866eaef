"""Key smoothing and prompt denoising, as MaskCLIP does them."""

from __future__ import annotations

import numpy as np

from app.models.clip.refine import DROPPED, denoise, smooth_by_keys, softmax

RNG = np.random.default_rng(3)


def _keys(height: int, width: int) -> np.ndarray:
    keys = RNG.normal(size=(height, width, 6)).astype(np.float32)
    return keys / np.linalg.norm(keys, axis=2, keepdims=True)


def test_sure_places_stay_and_unsure_ones_become_the_mean_by_keys():
    logits = np.array([[[0.30, 0.10], [0.2001, 0.20], [0.10, 0.30]]], np.float32)
    keys = np.array([[[1, 0], [0, 1], [0, 1]]], np.float32)
    found = smooth_by_keys(logits, keys, 0.9)
    shares = softmax(logits)
    np.testing.assert_allclose(found[0, [0, 2]], shares[0, [0, 2]])
    np.testing.assert_allclose(found[0, 1], (shares[0, 1] + shares[0, 2]) / 2, atol=1e-6)


def test_winners_are_those_of_the_plain_weighted_sum():
    logits = RNG.normal(scale=0.02, size=(9, 7, 5)).astype(np.float32)
    keys = _keys(9, 7)
    flat = keys.reshape(-1, 6)
    summed = (flat @ flat.T) @ softmax(logits).reshape(-1, 5)
    found = smooth_by_keys(logits, keys, 1.0, block=10)
    unsure = softmax(logits).reshape(-1, 5).max(axis=1) < 1
    assert unsure.all()
    np.testing.assert_array_equal(found.reshape(-1, 5).argmax(axis=1), summed.argmax(axis=1))


def test_threshold_zero_changes_nothing():
    logits = RNG.normal(scale=0.1, size=(4, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(smooth_by_keys(logits, _keys(4, 4), 0.0), softmax(logits))
    np.testing.assert_array_equal(denoise(logits, 0.0), logits)


def test_a_prompt_that_is_nowhere_is_dropped_everywhere():
    logits = np.array([[[0.30, 0.20, 0.10], [0.20, 0.21, 0.29]]], np.float32)
    found = denoise(logits, 0.5)
    np.testing.assert_array_equal(found[..., 1], DROPPED)
    np.testing.assert_array_equal(found[..., [0, 2]], logits[..., [0, 2]])
    assert logits[0, 0, 1] == np.float32(0.20)  # the input is left alone


def test_the_surest_prompt_is_never_dropped():
    logits = np.array([[[0.2, 0.2001, 0.2]]], np.float32)
    found = denoise(logits, 0.99)
    assert found[0, 0, 1] == logits[0, 0, 1] and (found[0, 0, [0, 2]] == DROPPED).all()
