"""CLIP as the package transformers writes it gives the same vectors as open_clip's own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from clip_tools import load_path, picture, same_vectors

from app.models.clip.errors import ClipError
from app.models.clip.source import ClipSource


def _as_transformers_names(state: dict) -> dict:
    """open_clip's tensors under the names of transformers, written out the other way round."""
    found = {}
    for name, value in state.items():
        if name == "logit_scale":
            found[name] = value
        elif name in ("text_projection", "visual.proj"):
            found["text_projection.weight" if name == "text_projection" else "visual_projection.weight"] = value.T
        elif name == "token_embedding.weight":
            found["text_model.embeddings.token_embedding.weight"] = value
        elif name.startswith("ln_final."):
            found[name.replace("ln_final", "text_model.final_layer_norm")] = value
        elif "resblocks" in name:
            tower = "vision_model" if name.startswith("visual.") else "text_model"
            number, rest = name.split("resblocks.")[1].split(".", 1)
            place = f"{tower}.encoder.layers.{number}."
            if rest.startswith("attn.in_proj_"):
                for part, third in zip("qkv", value.chunk(3), strict=True):
                    found[f"{place}self_attn.{part}_proj.{rest.removeprefix('attn.in_proj_')}"] = third
            else:
                for ours, theirs in (
                    ("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"),
                    ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
                ):  # fmt: skip
                    rest = rest.replace(ours, theirs)
                found[place + rest] = value
        else:
            found[{
                "positional_embedding": "text_model.embeddings.position_embedding.weight",
                "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
                "visual.class_embedding": "vision_model.embeddings.class_embedding",
                "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
                "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
                "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
                "visual.ln_post.weight": "vision_model.post_layernorm.weight",
                "visual.ln_post.bias": "vision_model.post_layernorm.bias",
            }[name]] = value  # fmt: skip
    import torch

    found["text_model.embeddings.position_ids"] = torch.arange(16)[None]
    return {name: value.contiguous() for name, value in found.items()}


def _transformers(folder: Path, state: dict, activation: str = "gelu", **changed) -> Path:
    from app.models import _safetensors

    folder.mkdir()
    config = {
        "model_type": "clip",
        "projection_dim": 16,
        "vision_config": {
            "hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 2,
            "image_size": 32, "patch_size": 8, "hidden_act": activation,
        },
        "text_config": {
            "hidden_size": 16, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
            "max_position_embeddings": 16, "hidden_act": activation,
        },
        **changed,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    _safetensors.write(folder / "model.safetensors", _as_transformers_names(state), {"format": "pt"})
    return folder


@pytest.mark.parametrize(("name", "activation"), [("vit", "gelu"), ("quick", "quick_gelu")])
def test_transformers_folder_gives_the_same_as_open_clip(tmp_path, clip, name, activation):
    from app.models.clip import describe_clip

    folder = _transformers(tmp_path / "hf", clip(name).network.state_dict(), activation)
    loaded = load_path(folder)
    same_vectors(loaded, clip(name))
    np.testing.assert_allclose(
        loaded.dense(picture(32, 64)).features, clip(name).dense(picture(32, 64)).features, atol=1e-5
    )
    assert describe_clip(ClipSource(path=folder)).parameters == loaded.info.parameters


def test_transformers_activation_is_heeded(tmp_path, clip):
    wrong = load_path(_transformers(tmp_path / "hf", clip("vit").network.state_dict(), "quick_gelu"))
    assert np.abs(wrong.encode_texts(["car"]) - clip("vit").encode_texts(["car"])).max() > 1e-4


def test_transformers_weights_in_parts_and_its_preparation(tmp_path, clip):
    from app.models import _safetensors

    folder = _transformers(tmp_path / "hf", clip("vit").network.state_dict())
    state, _ = _safetensors.read(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(state)
    files = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for file, part in files.items():
        _safetensors.write(folder / file, {name: state[name] for name in part}, {})
    table = {name: file for file, part in files.items() for name in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": table}))
    same_vectors(load_path(folder), clip("vit"))

    (folder / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.5] * 3, "image_std": [0.25] * 3, "resample": 2, "size": 32})
    )
    prepared = load_path(folder).network.visual.preprocess_cfg
    assert (prepared["mean"], prepared["std"]) == ((0.5,) * 3, (0.25,) * 3)
    assert prepared["interpolation"] == "bilinear"
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(ClipError, match=r"names model-2.safetensors, which is not there"):
        load_path(folder)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"model_type": "siglip"}, "'siglip', not a CLIP"),
        ({"text_config": {"vocab_size": 21128, "hidden_act": "gelu"}}, "21128 words"),
        ({"vision_config": {"hidden_act": "swish"}}, "activation .*swish"),
        ({"vision_config": {"hidden_size": "wide", "hidden_act": "gelu"}}, "no whole number"),
        ({"vision_config": [1]}, "no table"),
    ],
)
def test_transformers_configurations_that_cannot_be_used(tmp_path, clip, changed, sentence):
    folder = _transformers(tmp_path / "hf", clip("vit").network.state_dict(), **changed)
    with pytest.raises(ClipError, match=sentence):
        load_path(folder)


def test_bare_weights_with_transformers_names_ask_for_their_folder(tmp_path, clip):
    folder = _transformers(tmp_path / "hf", clip("vit").network.state_dict())
    lone = shutil.copy(folder / "model.safetensors", tmp_path / "lone.safetensors")
    with pytest.raises(ClipError, match=r"load its folder, with the config.json"):
        load_path(Path(lone))
