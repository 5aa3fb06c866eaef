"""Which of open_clip's architectures bare weights are of, by the names and shapes of their tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.models.clip import architecture, compat, huggingface
from app.models.clip.architecture import Plan
from app.models.clip.errors import ClipError
from app.models.clip.weights import Shapes

LISTED = 5


def recognise(shapes: Shapes, source: str) -> Plan:
    """The one architecture that fits; ``ClipError`` where none does, or several that shapes cannot tell apart."""
    if huggingface.is_named_so(shapes):
        raise ClipError(
            f"{source} names its tensors as the package transformers does: load its folder, with the config.json "
            "that belongs to it."
        )
    if not any(name.startswith("visual.") for name in shapes):
        names = ", ".join(list(shapes)[:LISTED])
        raise ClipError(
            f"{source} is not a CLIP: none of its {len(shapes)} tensors is of an image tower ({names} …)."
        )
    fitting = [plan for plan in _likely(shapes) if _fits(plan, shapes)]
    if not fitting:
        raise ClipError(
            f"{source} fits none of open_clip's architectures ({_seen(shapes)}); load it as a folder with its "
            "open_clip_config.json, or state its model."
        )
    if len(fitting) > 1:
        raise ClipError(
            f"{source} fits {' and '.join(plan.name for plan in fitting)}, which shapes cannot tell apart: state "
            "the model (weights of OpenAI, MetaCLIP and DFN are mostly quickgelu, those of LAION and DataComp not)."
        )
    return fitting[0]


def _likely(shapes: Shapes) -> Iterator[Plan]:
    """Architectures whose configuration agrees with the few numbers that are quick to compare."""
    library = compat.open_clip()
    for name in library.list_models():
        model = library.get_model_config(name)
        text = model["text_cfg"]
        if text.get("hf_model_name"):
            continue
        words = shapes.get("token_embedding.weight", shapes.get("text.token_embedding.weight"))
        if words != (text.get("vocab_size", 49408), text.get("width", 512)):
            continue
        if _image_tower(model) == _image_tower_of(shapes):
            yield Plan(name, model)


def _image_tower(model: Mapping[str, Any]) -> tuple[Any, ...]:
    vision = model["vision_cfg"]
    if vision.get("timm_model_name"):
        return ("timm",)
    layers, width = vision.get("layers", 12), vision.get("width", 768)
    return ("resnet", tuple(layers), width) if isinstance(layers, list) else ("vit", layers, width)


def _image_tower_of(shapes: Shapes) -> tuple[Any, ...]:
    if any(name.startswith("visual.trunk.") for name in shapes):
        return ("timm",)
    width = shapes.get("visual.conv3.weight", shapes.get("visual.conv1.weight", (0,)))[0]
    if "visual.layer1.0.conv1.weight" in shapes:
        return ("resnet", tuple(_count(shapes, f"visual.layer{i}.") for i in range(1, 5)), width)
    return ("vit", _count(shapes, "visual.transformer.resblocks."), width)


def _count(shapes: Shapes, prefix: str) -> int:
    """How many numbered parts there are under a name."""
    numbers = {name[len(prefix) :].split(".")[0] for name in shapes if name.startswith(prefix)}
    return len(numbers)


def _fits(plan: Plan, shapes: Shapes) -> bool:
    try:
        own = architecture.build(plan, "meta").state_dict()
    except ClipError:
        return False
    wanted = {name: tuple(value.shape) for name, value in own.items() if _told(name)}
    return wanted == {_name(name, wanted): shape for name, shape in shapes.items() if _told(name)}


def _told(name: str) -> bool:
    """Whether a tensor says anything of the architecture: scales may be (1,) or (), counts may be left out."""
    return not name.endswith(("logit_scale", "logit_bias", "num_batches_tracked", "position_ids", "attn_mask"))


def _name(name: str, wanted: Mapping[str, Any]) -> str:
    """The name under which newer networks have a text tensor of older files."""
    return f"text.{name}" if name not in wanted and f"text.{name}" in wanted else name


def _seen(shapes: Shapes) -> str:
    kind, *about = _image_tower_of(shapes)
    tower = {"vit": "a ViT", "resnet": "a ResNet", "timm": "an image tower of timm"}[kind]
    words = shapes.get("token_embedding.weight", shapes.get("text.token_embedding.weight"))
    layers = f" of {about[0]} layers, {about[1]} wide" if about else ""
    return f"its image tower is {tower}{layers}, its table of words {words}"
