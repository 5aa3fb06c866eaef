"""CLIP as the package transformers writes it: its configuration and its names of tensors, into open_clip's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.models.clip.architecture import Plan
from app.models.clip.errors import ClipError

VOCABULARY = 49408
"""Words of the tokenizer that open_clip brings along, CLIP's own."""

_VISION = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
_TEXT = {
    "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 8,
    "vocab_size": VOCABULARY, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
}  # fmt: skip
"""What transformers means by a field that a configuration leaves out."""

_PLAIN = {
    "logit_scale": "logit_scale",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
}
_TURNED = {"text_projection.weight": "text_projection", "visual_projection.weight": "visual.proj"}
_MODULES = {
    "text_model.final_layer_norm": "ln_final",
    "vision_model.pre_layrnorm": "visual.ln_pre",  # spelled so in every published file
    "vision_model.post_layernorm": "visual.ln_post",
}
_IN_LAYER = {
    "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
}  # fmt: skip
_TOWERS = {"text_model": "transformer", "vision_model": "visual.transformer"}
_LAYER = re.compile(r"(text_model|vision_model)\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")


def plan_of(config: Mapping[str, Any], preprocessor: Mapping[str, Any], path: Path) -> Plan:
    """The plan of a ``config.json`` and ``preprocessor_config.json`` (empty where absent).

    ``ClipError`` for another kind of model, an unknown activation or a tokenizer of its own.
    """
    if config.get("model_type") != "clip":
        raise ClipError(f"{path} describes a '{config.get('model_type')}', not a CLIP (model_type 'clip').")
    vision = {**_VISION, **_part(config, "vision_config", path)}
    text = {**_TEXT, **_part(config, "text_config", path)}
    acts = {str(vision["hidden_act"]), str(text["hidden_act"])}
    if acts not in ({"quick_gelu"}, {"gelu"}):
        raise ClipError(f"{path} states the activation {' and '.join(sorted(acts))}; quick_gelu or gelu is known.")
    if text["vocab_size"] != VOCABULARY:
        raise ClipError(
            f"{path} states {text['vocab_size']} words; CLIP's own tokenizer has {VOCABULARY}, and no other is "
            "read from a folder."
        )
    try:
        model = {
            "embed_dim": int(config.get("projection_dim", 512)),
            "quick_gelu": acts == {"quick_gelu"},
            "vision_cfg": {
                **_tower(vision),
                "head_width": int(vision["hidden_size"]) // int(vision["num_attention_heads"]),
                "image_size": int(vision["image_size"]),
                "patch_size": int(vision["patch_size"]),
            },
            "text_cfg": {
                **_tower(text),
                "heads": int(text["num_attention_heads"]),
                "context_length": int(text["max_position_embeddings"]),
                "vocab_size": VOCABULARY,
            },
        }
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise ClipError(f"{path} has a size that is no whole number ({error}).") from error
    return Plan("own", model, _preparation(preprocessor, path))


def _part(config: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    part = config.get(name) or config.get(f"{name}_dict") or {}
    if not isinstance(part, dict):
        raise ClipError(f"{path} has a '{name}' that is no table.")
    return {key: value for key, value in part.items() if value is not None}


def _tower(part: Mapping[str, Any]) -> dict[str, Any]:
    width, inner = int(part["hidden_size"]), int(part["intermediate_size"])
    ratio = (inner + 0.5) / width  # open_clip rounds down what it multiplies back
    tower = {"width": width, "layers": int(part["num_hidden_layers"]), "mlp_ratio": ratio}
    eps = float(part["layer_norm_eps"])
    return tower if eps == 1e-5 else {**tower, "norm_kwargs": {"eps": eps}}


def _preparation(stated: Mapping[str, Any], path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for theirs, ours in (("image_mean", "mean"), ("image_std", "std")):
        if theirs in stated:
            values = stated[theirs]
            if not isinstance(values, list) or len(values) != 3:
                raise ClipError(
                    f"{path.parent / 'preprocessor_config.json'} has a '{theirs}' that is not three numbers."
                )
            found[ours] = tuple(float(value) for value in values)
    if "resample" in stated:
        found["interpolation"] = "bilinear" if stated["resample"] == 2 else "bicubic"
    size = stated.get("size")
    if isinstance(size, dict) and "height" in size and not stated.get("do_center_crop", False):
        found["resize_mode"] = "squash"
    return found


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under open_clip's names; those it has no name for keep theirs, so that a check can tell them."""
    found: dict[str, Tensor] = {}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        layer = _LAYER.fullmatch(name)
        module, _, leaf = name.rpartition(".")
        if name in _PLAIN:
            found[_PLAIN[name]] = value
        elif name in _TURNED:
            found[_TURNED[name]] = value.T.contiguous()
        elif module in _MODULES:
            found[f"{_MODULES[module]}.{leaf}"] = value
        elif layer is not None:
            tower, number, inner, leaf = layer.groups()
            block = f"{_TOWERS[tower]}.resblocks.{number}"
            if inner in _IN_LAYER:
                found[f"{block}.{_IN_LAYER[inner]}.{leaf}"] = value
            elif inner in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"):
                parts.setdefault(f"{block}.attn.in_proj_{leaf}", {})[inner[10]] = value
            else:
                found[name] = value
        elif not name.endswith("position_ids"):
            found[name] = value
    for name, three in parts.items():
        if set(three) == set("qkv"):
            found[name] = torch.cat([three["q"], three["k"], three["v"]])
    return found


def is_named_so(names: Mapping[str, Any]) -> bool:
    """Whether tensors have the names that transformers gives them."""
    return any(name.startswith(("text_model.", "vision_model.")) for name in names)
