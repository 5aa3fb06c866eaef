"""Pictures and words become the vectors that open_clip makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from clip_tools import picture

from app.models.clip.errors import ClipError, ClipStopped


@pytest.mark.parametrize("name", ["vit", "quick", "resnet", "scaled", "wide"])
def test_pictures_and_words_equal_open_clip_called_by_hand(clip_folder, clip, name):
    import torch
    from PIL import Image

    from app.models.clip.compat import open_clip

    place = f"local-dir:{clip_folder(name)}"
    network, _, prepare = open_clip().create_model_and_transforms(place)
    network.eval()
    pictures = [picture(50, 80), picture(30, 20, 1), picture(7, 300, 2)]
    words = ["car", "a photo of a red tree.", "Füße 😀", ""]
    with torch.no_grad():
        by_hand = network.encode_image(torch.stack([prepare(Image.fromarray(one)) for one in pictures]))
        text = network.encode_text(open_clip().get_tokenizer(place)(words))
    by_hand, text = (one / one.norm(dim=1, keepdim=True) for one in (by_hand, text))

    np.testing.assert_allclose(clip(name).encode_images(pictures, batch=2), by_hand.numpy(), atol=1e-5)
    np.testing.assert_allclose(clip(name).encode_texts(words), text.numpy(), atol=1e-5)
    assert float(np.std(by_hand.numpy(), axis=0).max()) > 1e-3  # a network that says the same of all would pass too


def test_nothing_in_gives_nothing_out(clip):
    assert clip("vit").encode_images([]).shape == (0, 16)
    assert clip("vit").encode_texts([]).shape == (0, 16)


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_picture_is_refused(clip, wrong):
    with pytest.raises(ClipError, match="pictures"):
        clip("vit").encode_images([wrong])


def test_it_stops_between_batches(clip):
    asked = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(ClipStopped):
        clip("vit").encode_images([picture(8, 8)] * 10, batch=2, stopped=stopped)
    assert len(asked) == 3


def test_a_text_of_any_length_or_script_is_read(clip):
    model = clip("vit")
    word = "x" * 10_000
    assert model.token_counts([word])[0] == model.token_limit == 14
    assert model.token_counts(["", "&nbsp;", "car", "red car", "日本", "\ud83d"])[:4] == [0, 0, 1, 2]
    rows = model.encode_texts([word, "日本語", "🚗", "\ud83d", "car " * 2500])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_devices_and_precisions_are_checked(clip_folder):
    from app.models.clip import ClipSource, load_clip

    source = ClipSource(path=clip_folder("vit"))
    with pytest.raises(ClipError, match="no device 'tpu'"):
        load_clip(source, device="tpu")
    with pytest.raises(ClipError, match="not there"):
        load_clip(source, device="cuda:77")
    with pytest.raises(ClipError, match="no precision 'int3'"):
        load_clip(source, precision="int3", device="cpu")


def test_half_precision_is_close(clip_folder, clip):
    from app.models.clip import ClipSource, load_clip

    half = load_clip(ClipSource(path=clip_folder("vit")), precision="bfloat16", device="cpu")
    pictures = [picture(40, 40)]
    assert float((half.encode_images(pictures) * clip("vit").encode_images(pictures)).sum()) > 0.99
    assert float((half.encode_texts(["car"]) * clip("vit").encode_texts(["car"])).sum()) > 0.99
    assert half.dense(pictures[0]).features.dtype == np.float32
