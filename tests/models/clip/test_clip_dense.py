"""MaskCLIP's dense path is CLIP's own computation with every place attending to itself alone."""

from __future__ import annotations

import numpy as np
import pytest
from clip_tools import MODELS, picture, random_network

from app.models.clip.dense_map import DenseMap, unit
from app.models.clip.errors import ClipError, ClipStopped
from app.models.clip.working_size import MOST_CELLS, MOST_PIXELS, working_size


@pytest.mark.parametrize("name", ["vit", "quick", "scaled", "one_patch", "wide"])
def test_vit_equals_its_own_last_block_under_a_mask_that_leaves_each_token_itself(name):
    """open_clip's own block runs, attention and all, with −∞ between any two tokens; then its last norm and
    projection. Patches only: the class token's row is left out, as in MaskCLIP."""
    import torch

    from app.models.clip import towers

    visual = random_network(MODELS[name]).visual
    pictures = torch.randn(2, 3, *visual.image_size)
    with torch.no_grad():
        x = visual._embeds(pictures)
        *before, last = visual.transformer.resblocks
        for block in before:
            x = block(x)
        alone = torch.full((x.shape[1], x.shape[1]), float("-inf")).fill_diagonal_(0)
        expected = visual.ln_post(last(x, attn_mask=alone))[:, 1:] @ visual.proj
        features, _ = towers.dense(visual, pictures)
    np.testing.assert_allclose(features.flatten(1, 2).numpy(), expected.numpy(), atol=1e-5)
    assert float(expected.std()) > 0.01


def test_vit_equals_a_plain_forward_pass_on_a_picture_of_one_token():
    """A picture of one patch whose class token is that patch's token: every attention is then between equal
    tokens, and the tower's plain output is what the patch says by itself."""
    import torch

    from app.models.clip import towers

    visual = random_network(MODELS["one_patch"]).visual
    pictures = torch.randn(1, 3, 8, 8)
    with torch.no_grad():
        patch = visual.conv1(pictures)[0, :, 0, 0] + visual.positional_embedding[1]
        visual.class_embedding.copy_(patch - visual.positional_embedding[0])
        plain = visual(pictures)
        features, _ = towers.dense(visual, pictures)
    np.testing.assert_allclose(features[0, 0].numpy(), plain.numpy(), atol=1e-5)


def test_resnet_equals_a_plain_forward_pass_on_a_picture_of_one_place():
    """A picture of 32 × 32 pixels is one place. The pool attends from the mean of places to the mean and that one:
    with no position embedding both are the same token, so its plain output is the place's value, projected."""
    import torch

    from app.models.clip import towers

    model = {**MODELS["resnet"], "vision_cfg": {**MODELS["resnet"]["vision_cfg"], "image_size": 32}}
    visual = random_network(model).visual
    pictures = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        visual.attnpool.positional_embedding.zero_()
        plain = visual(pictures)
        features, keys = towers.dense(visual, pictures)
    assert features.shape == (3, 1, 1, 16) and keys.shape == (3, 1, 1, 256)
    np.testing.assert_allclose(features[:, 0, 0].numpy(), plain.numpy(), atol=1e-5)


def test_resnet_places_equal_its_own_pool_attending_to_one_place():
    """Of a larger picture, place by place: the pool's own attention over that place alone."""
    import torch
    import torch.nn.functional as F

    from app.models.clip import towers

    visual = random_network(MODELS["resnet"]).visual
    pool = visual.attnpool
    pictures = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        x = visual.layer4(visual.layer3(visual.layer2(visual.layer1(visual.stem(pictures)))))
        token = x.flatten(2).permute(0, 2, 1).reshape(1, -1, x.shape[1])  # (one token, places as batch, C)
        expected, _ = F.multi_head_attention_forward(
            token, token, token, x.shape[1], pool.num_heads, None,
            torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]), None, None, False, 0.0,
            pool.c_proj.weight, pool.c_proj.bias, training=False, need_weights=False, use_separate_proj_weight=True,
            q_proj_weight=pool.q_proj.weight, k_proj_weight=pool.k_proj.weight, v_proj_weight=pool.v_proj.weight,
        )  # fmt: skip
        features, _ = towers.dense(visual, pictures)
    np.testing.assert_allclose(features.reshape(-1, 16).numpy(), expected[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16", "ViT-L-14-336", "RN50"])
def test_the_dense_path_takes_no_more_operations_than_the_towers_own(name):
    """Counted, not timed, on towers of full size without memory; benchmarks/clip_dense.py times them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from app.models.clip import architecture, towers

    visual = architecture.build(architecture.named(name), "meta").visual
    side = architecture.named(name).resolution[0]
    pictures = torch.zeros(1, 3, side, side, device="meta")
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its operations are not counted
    try:
        counts = []
        for work in (lambda: visual(pictures), lambda: towers.dense(visual, pictures)):
            with FlopCounterMode(display=False) as counter:
                work()
            counts.append(counter.get_total_flops())
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    assert counts[0] > 4e9
    assert counts[1] <= 1.0 * counts[0]


def test_positions_of_the_trained_grid_are_untouched_and_others_interpolated():
    import torch

    from app.models.clip import towers

    visual = random_network(MODELS["vit"]).visual
    assert towers.positions(visual, 4, 4) is visual.positional_embedding
    with torch.no_grad():
        ramp = torch.arange(4.0).repeat(4)[:, None].expand(16, 32)  # grows with the column
        visual.positional_embedding[1:] = ramp
        grown = towers.positions(visual, 4, 8)
    assert grown.shape == (33, 32)
    assert torch.equal(grown[0], visual.positional_embedding[0])
    middle = grown[1:].reshape(4, 8, 32)[0, 2:6, 0]
    np.testing.assert_allclose(middle.numpy(), [0.75, 1.25, 1.75, 2.25], atol=0.06)


@pytest.mark.parametrize(("name", "cell"), [("vit", 8), ("resnet", 32)])
def test_a_map_covers_the_picture_in_its_shape(clip, name, cell):
    found = clip(name).dense(picture(90, 260), scale=2.0)
    height = 2 * clip(name).info.resolution[1]
    width = round(260 * height / 90)
    assert found.features.shape == (-(-height // cell), -(-width // cell), 16)
    assert found.size == (260, 90)
    assert found.cell[1] == pytest.approx(cell * 90 / height)
    assert np.allclose(np.linalg.norm(found.features, axis=2), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(found.keys, axis=2), 1, atol=1e-5)


def test_a_map_is_prepared_as_open_clip_prepares(clip):
    """At scale 1 a square picture of the tower's own size goes in unchanged: both paths then see the same."""
    import torch
    from PIL import Image

    from app.models.clip import towers

    model, image = clip("vit"), picture(32, 32)
    with torch.no_grad():
        features, _ = towers.dense(model.network.visual, model.prepare(Image.fromarray(image))[None])
    np.testing.assert_allclose(model.dense(image, scale=1.0).features, unit(features[0].numpy()), atol=1e-5)


def test_a_place_is_where_it_says(clip):
    """With one bright corner, the places that change are those over it."""
    model, dark = clip("vit"), np.zeros((64, 128, 3), np.uint8)
    visual = random_network({**MODELS["vit"], "vision_cfg": {**MODELS["vit"]["vision_cfg"], "layers": 1}})
    bright = dark.copy()
    bright[40:, 100:] = 255
    held = model.network
    try:
        model.network = visual  # a single block is the last one: no place sees another
        visual.visual.preprocess_cfg = held.visual.preprocess_cfg
        change = np.abs(model.dense(bright, scale=2.0).features - model.dense(dark, scale=2.0).features).max(axis=2)
    finally:
        model.network = held
    rows, columns = np.nonzero(change > 1e-6)
    assert rows.min() == 5 and columns.min() == 12 and (rows.max(), columns.max()) == (7, 15)


def test_stopping_and_foreign_towers(clip, monkeypatch):
    import dataclasses

    model = clip("vit")
    with pytest.raises(ClipStopped):
        model.dense(picture(32, 32), stopped=lambda: True)
    monkeypatch.setattr(model, "info", dataclasses.replace(model.info, tower="other"))
    with pytest.raises(ClipError, match="Ask by regions"):
        model.dense(picture(32, 32))


def test_the_usual_size():
    assert working_size((1241, 376), 224, 16, None) == (1241, 376)  # twice would be larger than the picture
    assert working_size((1600, 900), 224, 16, None)[1] == 448
    assert working_size((100, 50), 224, 16, None) == (448, 224)
    assert working_size((1241, 376), 64, 32, None, 752) == (2482, 752)
    assert working_size((1241, 376), 224, 16, 1.0)[1] == 224


@pytest.mark.parametrize("size", [(30_000, 20_000), (90_000, 10), (10, 90_000), (1241, 376), (1, 1)])
@pytest.mark.parametrize("cell", [8, 14, 32])
def test_no_picture_is_too_large(size, cell):
    width, height = working_size(size, 224, cell, None)
    assert -(-width // cell) * -(-height // cell) <= MOST_CELLS
    assert width * height <= MOST_PIXELS * 1.05
    assert width >= 1 and height >= 1


def test_a_stated_scale_is_kept_or_refused():
    with pytest.raises(ClipError, match=r"at most (\d+\.?\d*)") as error:
        working_size((1241, 376), 224, 16, 50.0)
    most = float(str(error.value).split("at most ")[1].rstrip("."))
    assert working_size((1241, 376), 224, 16, most)[1] == round(224 * most)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ClipError, match="above 0"):
            working_size((100, 100), 224, 16, wrong)


def _map(features: np.ndarray, keys: np.ndarray | None = None) -> DenseMap:
    height, width = features.shape[:2]
    return DenseMap(features, features if keys is None else keys, (10 * width, 10 * height), (10.0, 10.0))


def test_sampling_is_bilinear_between_centres():
    features = np.zeros((2, 3, 2), np.float32)
    features[..., 0], features[..., 1] = 1, [[0, 1, 2], [4, 5, 6]]
    found = _map(features).sample(np.array([[5, 5], [10, 5], [15, 15], [20, 10], [0, 0], [30, 20], [-5, 99]]))
    ratio = found[:, 1] / found[:, 0]
    np.testing.assert_allclose(ratio, [0, 0.5, 5, 3.5, 0, 6, 4], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    one = _map(unit(np.ones((1, 1, 2), np.float32)))
    np.testing.assert_allclose(one.sample(np.array([[3, 9]])), unit(np.ones((1, 2))), atol=1e-6)
    assert one.sample(np.zeros((0, 2))).shape == (0, 2)


def test_smoothing_averages_what_looks_alike():
    features = unit(np.array([[[1, 0], [0, 1], [1, 0.2]]], np.float32))
    keys = np.array([[[1, 0], [0, 1], [1, 0]]], np.float32)
    found = _map(features, keys).smoothed(block=2).features[0]
    np.testing.assert_allclose(found[0], found[2], atol=1e-6)
    np.testing.assert_allclose(found[0], unit(features[0, 0] + features[0, 2]), atol=1e-6)
    np.testing.assert_allclose(found[1], features[0, 1], atol=1e-6)
