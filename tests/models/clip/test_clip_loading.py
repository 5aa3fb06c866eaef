"""Weights come in by one door, from folders and bare files; what is no CLIP gets one sentence."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from clip_tools import MODELS, load_path, picture, random_network, same_vectors, write_open_clip

from app.models.clip.errors import ClipError
from app.models.clip.source import ClipSource


@pytest.fixture
def tiny_names(tmp_path, monkeypatch):
    """Three small architectures among open_clip's: ``tiny`` and ``tiny-quickgelu`` have equal tensors."""
    from app.models.clip.compat import open_clip

    factory = open_clip().factory
    known = {"tiny": MODELS["vit"], "tiny-quickgelu": MODELS["quick"], "tiny-rn": MODELS["resnet"]}
    monkeypatch.setattr(factory, "_MODEL_CONFIGS", {**factory._MODEL_CONFIGS, **known})


def test_a_folder_says_all_about_itself(tmp_path):
    from app.models.clip import describe_clip

    network = random_network(MODELS["vit"])
    card = {"licence": "CC0", "words": ["Car", "tree"], "notes": ["Random."], "dense_side": 96}
    folder = write_open_clip(tmp_path / "mine", MODELS["vit"], network, **card)
    info = describe_clip(ClipSource(path=folder))
    assert (info.title, info.resolution, info.embed_dim, info.tower) == ("mine", (32, 32), 16, "vit")
    assert (info.licence, info.vocabulary, info.notes) == ("CC0", frozenset({"car", "tree"}), ("Random.",))
    assert info.bytes == (folder / "open_clip_model.safetensors").stat().st_size
    assert info.parameters == sum(value.numel() for value in network.parameters())
    assert info.logit_scale == pytest.approx(math.exp(float(network.logit_scale)))
    assert len(info.identity) == 12 and info.dense_side == 96
    loaded = load_path(folder)
    assert dataclasses.replace(loaded.info, logit_scale=0) == dataclasses.replace(info, logit_scale=0)
    assert loaded.dense(picture(48, 96)).features.shape[:2] == (12, 24)
    same_vectors(load_path(folder / "open_clip_model.safetensors"), loaded)  # the file of a folder means the folder


def test_another_weight_is_another_identity(tmp_path):
    from app.models.clip import describe_clip

    first = write_open_clip(tmp_path / "a", MODELS["vit"], random_network(MODELS["vit"]))
    same = shutil.copytree(first, tmp_path / "b")
    other = write_open_clip(tmp_path / "c", MODELS["vit"], random_network(MODELS["vit"], 1))
    names = [describe_clip(ClipSource(path=path)).identity for path in (first, same, other)]
    assert names[0] == names[1] != names[2]
    write_open_clip(tmp_path / "a", MODELS["vit"], random_network(MODELS["vit"], 1))
    assert describe_clip(ClipSource(path=first)).identity == names[2]  # read again, because the file changed


@pytest.mark.parametrize("layout", ["plain", "training", "several GPUs", "half"])
def test_a_bare_torch_file_loads_with_its_model_stated(tmp_path, tiny_names, clip_folder, clip, layout):
    import torch

    state = {name: value.clone() for name, value in clip("vit").network.state_dict().items()}
    if layout == "several GPUs":
        state = {f"module.{name}": value for name, value in state.items()}
    if layout == "half":
        state = {name: value.half() for name, value in state.items()}
    path = tmp_path / "epoch_3.pt"
    torch.save({"epoch": 3, "name": "run", "state_dict": state} if layout == "training" else state, path)
    loaded = load_path(path, model="tiny")
    if layout == "half":
        assert float((loaded.encode_texts(["car"]) * clip("vit").encode_texts(["car"])).sum()) > 0.999
    else:
        same_vectors(loaded, clip("vit"))


def test_shapes_name_the_architecture_where_only_one_fits(tmp_path, tiny_names, clip_folder, clip):
    path = tmp_path / "weights.safetensors"
    shutil.copy(clip_folder("resnet") / "open_clip_model.safetensors", path)
    loaded = load_path(path)
    assert loaded.info.architecture == "tiny-rn"
    same_vectors(loaded, clip("resnet"))


def test_two_that_shapes_cannot_tell_apart_are_not_guessed(tmp_path, tiny_names, clip_folder, clip):
    path = tmp_path / "weights.safetensors"
    shutil.copy(clip_folder("quick") / "open_clip_model.safetensors", path)
    with pytest.raises(ClipError, match=r"fits tiny and tiny-quickgelu.*state the model"):
        load_path(path)
    same_vectors(load_path(path, model="tiny-quickgelu"), clip("quick"))


@pytest.mark.parametrize(
    ("name", "answer"), [("RN50", "fits RN50 and RN50-quickgelu,"), ("ViT-L-16-320", "ViT-L-16-320")]
)
def test_open_clips_own_architectures_are_found_among_all(name, answer):
    from app.models.clip import architecture, recognise

    network = architecture.build(architecture.named(name), "meta")
    shapes = {tensor: tuple(value.shape) for tensor, value in network.state_dict().items()}
    try:
        found = recognise.recognise(shapes, "x.safetensors").name
    except ClipError as error:
        found = str(error)
    assert answer in found


def test_a_stated_model_that_does_not_fit_names_tensors_and_shapes(tmp_path, tiny_names, clip_folder):
    path = tmp_path / "weights.safetensors"
    shutil.copy(clip_folder("vit") / "open_clip_model.safetensors", path)
    with pytest.raises(ClipError, match=r"another architecture than tiny-rn: .*\d+ are missing, such as visual"):
        load_path(path, model="tiny-rn")
    with pytest.raises(ClipError, match=r"no model 'tinny'; names like it are tiny"):
        load_path(path, model="tinny")


def test_a_larger_picture_than_trained_with_resizes_the_positions_and_says_so(tmp_path):
    from app.models.clip import describe_clip

    model = json.loads(json.dumps(MODELS["vit"]))
    model["vision_cfg"]["image_size"] = 64
    folder = write_open_clip(tmp_path / "large", model, random_network(MODELS["vit"]))
    assert describe_clip(ClipSource(path=folder)).resolution == (64, 64)
    loaded = load_path(folder)
    assert loaded.info.resolution == (64, 64)
    assert any("resized from 17 to 65" in note for note in loaded.info.notes)


def test_a_configuration_of_another_network_is_told_before_anything_is_loaded(tmp_path, clip_folder):
    from app.models.clip import describe_clip

    folder = tmp_path / "mixed"
    shutil.copytree(clip_folder("vit"), folder)
    shutil.copy(clip_folder("resnet") / "open_clip_model.safetensors", folder)
    with pytest.raises(ClipError, match=r"mixed holds weights of another architecture than its own conf.*together"):
        describe_clip(ClipSource(path=folder))
    with pytest.raises(ClipError, match="another architecture") as told:
        load_path(folder)
    assert len(str(told.value)) < 600


def test_a_model_beside_a_configuration_is_refused(clip_folder, tiny_names):
    with pytest.raises(ClipError, match="says its architecture; state no model"):
        load_path(clip_folder("vit"), model="tiny-rn")


def test_a_longer_text_than_trained_with_does_so_too(tmp_path):
    model = json.loads(json.dumps(MODELS["vit"]))
    model["text_cfg"]["context_length"] = 20
    loaded = load_path(write_open_clip(tmp_path / "long", model, random_network(MODELS["vit"])))
    assert loaded.token_limit == 18
    assert any("resized from 16 to 20" in note for note in loaded.info.notes)


@pytest.mark.parametrize("kind", ["timm", "coca"])
def test_other_towers_are_encoded_and_say_that_they_have_no_pixels(tmp_path, kind):
    import torch
    from PIL import Image

    from app.models.clip.compat import open_clip

    model = json.loads(json.dumps(MODELS["vit"]))
    model["custom_text"] = True
    if kind == "timm":
        model["vision_cfg"] = {
            "timm_model_name": "test_vit",
            "timm_pool": "",
            "timm_proj": "linear",
            "image_size": 32,
        }
    else:
        model["vision_cfg"].update(
            attentional_pool=True, attn_pooler_queries=4, attn_pooler_heads=2, output_tokens=True
        )
        model["text_cfg"].update(embed_cls=True, output_tokens=True)
        model["multimodal_cfg"] = {"context_length": 16, "width": 16, "heads": 2, "layers": 1}
    folder = write_open_clip(tmp_path / kind, model, random_network(model))
    loaded = load_path(folder)
    assert loaded.info.tower == "other" and any("by regions" in note for note in loaded.info.notes)
    with pytest.raises(ClipError, match="Ask by regions"):
        loaded.dense(picture(32, 32))
    network, _, prepare = open_clip().create_model_and_transforms(f"local-dir:{folder}")
    network.eval()
    with torch.no_grad():
        by_hand = network.encode_image(prepare(Image.fromarray(picture(40, 40)))[None], normalize=True)
        text = network.encode_text(open_clip().get_tokenizer(f"local-dir:{folder}")(["car"]), normalize=True)
    np.testing.assert_allclose(loaded.encode_images([picture(40, 40)]), by_hand.numpy(), atol=1e-5)
    np.testing.assert_allclose(loaded.encode_texts(["car"]), text.numpy(), atol=1e-5)


# --------------------------------------------------------------------------------------------------- bad input


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_program_in_a_file_is_refused_with_a_word_on_what_to_use(tmp_path, tiny_names):
    import torch

    path = tmp_path / "ViT-B-32.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    for source in (ClipSource(path=path), ClipSource(path=path, model="tiny")):
        with pytest.raises(ClipError, match=r"TorchScript archive.*tag 'openai'"):
            load_path(source.path, model=source.model)


def test_pickled_code_is_refused(tmp_path, tiny_names):
    import torch

    path = tmp_path / "evil.pt"
    torch.save({"state_dict": {"visual.x": torch.zeros(1)}, "args": Path("/tmp")}, path)
    with pytest.raises(ClipError, match="holds more than tensors"):
        load_path(path, model="tiny")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_truncated_weights(tmp_path, clip_folder, clip, share, suffix):
    import torch

    from app.models.clip import describe_clip

    folder = shutil.copytree(clip_folder("vit"), tmp_path / "cut")
    whole = folder / "open_clip_model.safetensors"
    path = folder / f"open_clip_pytorch_model{'.bin' if suffix == '.pt' else suffix}"
    if suffix == ".pt":
        torch.save(clip("vit").network.state_dict(), path)
        whole.unlink()
    else:
        whole.rename(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    for look in (describe_clip, lambda source: load_path(source.path)):
        with pytest.raises(ClipError, match=r"whole|truncated|damaged") as error:
            look(ClipSource(path=folder))
        assert str(error.value).count("\n") == 0


def test_weights_of_another_network(tmp_path, tiny_names):
    import torch

    from app.models import checkpoints
    from app.models.backbones.minkunet import ENTRY
    from app.models.clip import describe_clip

    path = tmp_path / "minkunet.safetensors"
    checkpoints.save(path, ENTRY.make(cr=0.25, in_channels=4, num_classes=5), "minkunet")
    with pytest.raises(ClipError, match="is not a CLIP: none of its"):
        load_path(path)
    with pytest.raises(ClipError, match=r"\d+ are missing, such as .* are not wanted, such as stem"):
        load_path(path, model="tiny")
    for source in (ClipSource(path=path), ClipSource(path=path, model="tiny")):
        with pytest.raises(ClipError, match="is not a CLIP"):
            describe_clip(source)
    foreign = tmp_path / "tower.pt"
    torch.save({"visual.conv1.weight": torch.zeros(4, 3, 5, 5)}, foreign)
    with pytest.raises(ClipError, match=r"fits none of open_clip's architectures \(its image tower is a ViT"):
        load_path(foreign)


def test_places_that_are_no_clip(tmp_path, clip_folder):
    with pytest.raises(ClipError, match="does not exist"):
        load_path(tmp_path / "gone.pt")
    with pytest.raises(ClipError, match=r"no folder of a CLIP: expected open_clip_config.json or config.json"):
        load_path(tmp_path)
    folder = shutil.copytree(clip_folder("vit"), tmp_path / "broken")
    (folder / "open_clip_config.json").write_text("{")
    with pytest.raises(ClipError, match=r"open_clip_config.json is not JSON"):
        load_path(folder)
    (folder / "open_clip_config.json").write_text('{"model_cfg": {"embed_dim": 16}}')
    with pytest.raises(ClipError, match="no 'model_cfg' with"):
        load_path(folder)
    wrong = {"model_cfg": {**MODELS["vit"], "vision_cfg": {"image_size": 32, "colour": 1}}}
    (folder / "open_clip_config.json").write_text(json.dumps(wrong))
    with pytest.raises(ClipError, match="describes no CLIP that can be built"):
        load_path(folder)
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(ClipError, match="holds no weights"):
        load_path(folder)


def test_nothing_is_fetched_because_a_file_says_so(tmp_path, clip_folder):
    folder = shutil.copytree(clip_folder("vit"), tmp_path / "asks")
    for part, field, sentence in (
        ("vision_cfg", {"timm_model_name": "hf-hub:someone/tower"}, "fetched from elsewhere"),
        ("text_cfg", {"hf_model_name": "someone/text"}, "not used here"),
    ):
        model = {**MODELS["vit"], part: {**MODELS["vit"][part], **field}}
        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model}))
        with pytest.raises(ClipError, match=sentence):
            load_path(folder)


def test_a_tokenizer_that_is_not_here_is_named(tmp_path, clip_folder, monkeypatch):
    from app.models.clip import architecture

    monkeypatch.setattr(architecture.importlib.util, "find_spec", lambda name: None)
    folder = shutil.copytree(clip_folder("vit"), tmp_path / "bert")
    model = {**MODELS["vit"], "text_cfg": {**MODELS["vit"]["text_cfg"], "hf_tokenizer_name": "bert-base"}}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model}))
    with pytest.raises(ClipError, match="tokenizer bert-base of the package transformers"):
        load_path(folder)


def test_the_package_is_light_and_open_clip_imports_anywhere():
    """In a process of its own: what the window imports brings no torch, and the remedy lets open_clip in."""
    code = (
        "import sys; from app.models.clip import ClipSource, ClipError; assert 'torch' not in sys.modules;"
        "from app.models.clip.compat import open_clip; assert open_clip().list_models();"
        "import torchvision; assert open_clip() is sys.modules['open_clip']"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
