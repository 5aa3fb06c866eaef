"""Which network a CLIP is, building it, and putting weights into it."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.models.clip import compat
from app.models.clip.errors import ClipError

PREPROCESS = ("mean", "std", "interpolation", "resize_mode", "fill_color")
"""What open_clip's preparation of a picture depends on, beside the tower's resolution."""


@dataclass(frozen=True)
class Plan:
    """All that is needed to build a CLIP before its weights come in.

    ``name``: open_clip's name, or "own"; ``model``: open_clip's ``model_cfg``; ``preprocess``: values of
    ``PREPROCESS`` that differ from open_clip's defaults; ``folder``: where its tokenizer's files lie, if anywhere;
    ``notes``: what its user should know.
    """

    name: str
    model: Mapping[str, Any]
    preprocess: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def resolution(self) -> tuple[int, int]:
        """(width, height) of the pictures its image tower reads."""
        size = self.model["vision_cfg"].get("image_size", 224)
        return (int(size), int(size)) if isinstance(size, int) else (int(size[1]), int(size[0]))

    def noting(self, *notes: str) -> Plan:
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *notes))


def names() -> tuple[str, ...]:
    """open_clip's names of architectures."""
    return tuple(compat.open_clip().list_models())


def named(name: str) -> Plan:
    """The plan of one of open_clip's architectures; ``ClipError`` listing like names where there is none."""
    library = compat.open_clip()
    model = library.get_model_config(name.replace("/", "-"))
    if model is None:
        import difflib

        near = difflib.get_close_matches(name, names(), n=4, cutoff=0.3) or list(names()[:4])
        raise ClipError(f"open_clip has no model '{name}'; names like it are {', '.join(near)}.")
    return Plan(name, model)


def build(plan: Plan, device: str = "cpu") -> nn.Module:
    """The network of a plan with random weights, in evaluation mode; on ``meta`` it takes no memory.

    ``ClipError`` where it cannot be built. Nothing is downloaded.
    """
    compat.open_clip()
    from open_clip.coca_model import CoCa
    from open_clip.model import CLIP, CustomTextCLIP

    model = copy.deepcopy(dict(plan.model))
    custom = bool(model.pop("custom_text", False))
    kind = CoCa if "multimodal_cfg" in model else CustomTextCLIP if custom else CLIP
    try:
        vision, text = model["vision_cfg"], model["text_cfg"]
        _check(plan.name, vision, text)
        if "timm_model_name" in vision:
            vision["timm_model_pretrained"] = False
        with torch.device(device):
            network: nn.Module = kind(**model)
    except (TypeError, ValueError, KeyError, AssertionError, RuntimeError, AttributeError) as error:
        raise ClipError(
            f"The configuration of {plan.name} describes no CLIP that can be built: {error}."
        ) from error
    return network.eval().requires_grad_(False)


def _check(name: str, vision: Mapping[str, Any], text: Mapping[str, Any]) -> None:
    """``ClipError`` for towers that would have to be fetched from elsewhere."""
    if ":" in str(vision.get("timm_model_name", "")):
        raise ClipError(f"The image tower of {name} would be fetched from elsewhere, and is refused.")
    if text.get("hf_model_name"):
        raise ClipError(
            f"The text tower of {name} is {text['hf_model_name']} of the package transformers, which is not "
            "used here; choose a CLIP with a text tower of its own."
        )


def tokenizer_missing(plan: Plan) -> str | None:
    """Why words cannot be read for a plan, or None: one sentence that says what to do."""
    text = plan.model["text_cfg"]
    needs = text.get("hf_tokenizer_name") or ("siglip" in plan.name.lower() and "SigLIP's")
    if needs and importlib.util.find_spec("transformers") is None:
        return (
            f"{plan.name} reads words with the tokenizer {needs} of the package transformers, which is not "
            "installed; install it, or choose a CLIP that reads words by itself (ViT-B-16, ViT-L-14, RN50 …)."
        )
    return None


def adapt(state: Mapping[str, Tensor], network: Any, plan: Plan) -> tuple[dict[str, Tensor], Plan]:
    """Tensors under the names and in the shapes of this network, as far as open_clip itself would change them.

    Position embeddings are resized to the network's resolution and text length, and a note says so.
    """
    compat.open_clip()
    from open_clip import factory

    fitted = factory.convert_state_dict(network, dict(state))
    if "positional_embedding" in fitted and not hasattr(network, "positional_embedding"):
        fitted = factory.convert_to_custom_text_state_dict(fitted)
    own = network.state_dict()
    for name in ("logit_scale", "logit_bias"):
        if name in fitted and name in own and fitted[name].numel() == own[name].numel():
            fitted[name] = fitted[name].reshape(own[name].shape)
    fitted = {name: value for name, value in fitted.items() if not name.endswith("position_ids")}
    for name, resize in (
        ("visual.positional_embedding", factory.resize_pos_embed),
        ("positional_embedding", factory.resize_text_pos_embed),
        ("text.positional_embedding", factory.resize_text_pos_embed),
    ):
        held, wanted = fitted.get(name), own.get(name)
        if held is None or wanted is None or held.ndim != 2 or held.shape == wanted.shape:
            continue
        if held.shape[1] != wanted.shape[1]:
            continue  # of another width: the check of shapes says so
        with contextlib.suppress(RuntimeError, AssertionError, ValueError):  # no square of patches: likewise
            resize(fitted, network)
            plan = plan.noting(f"{name} was resized from {len(held)} to {len(fitted[name])} places.")
    return fitted, plan


def check_fit(network: nn.Module, state: Mapping[str, Tensor], plan: Plan, source: str) -> None:
    """``ClipError`` where tensors (:func:`adapt`-ed) are not those of a network, with one example of each kind of
    difference and how many there are. Tensors without memory (``meta``) will do."""
    own = network.state_dict()
    counted = (name for name in own if not name.endswith("num_batches_tracked"))
    missing = [name for name in counted if name not in state]
    extra = [name for name in state if name not in own]
    shaped = [name for name in own if name in state and own[name].shape != state[name].shape]
    parts = []
    if shaped:
        wanted = f"{tuple(state[shaped[0]].shape)} instead of {tuple(own[shaped[0]].shape)}"
        parts.append(f"{len(shaped)} tensors have another shape, such as {shaped[0]} {wanted}")
    if missing:
        parts.append(f"{len(missing)} are missing, such as {missing[0]} {tuple(own[missing[0]].shape)}")
    if extra:
        parts.append(f"{len(extra)} are not wanted, such as {extra[0]} {tuple(state[extra[0]].shape)}")
    if parts:
        model = "its own configuration" if plan.name == "own" else plan.name
        raise ClipError(
            f"{source} holds weights of another architecture than {model}: {'; '.join(parts)}. Choose weights and "
            "architecture that belong together."
        )


def fill(network: nn.Module, state: Mapping[str, Tensor], plan: Plan, source: str) -> None:
    """Put tensors into a network; ``ClipError`` as :func:`check_fit`, and nothing is changed then."""
    check_fit(network, state, plan, source)
    network.load_state_dict(dict(state), strict=False)
