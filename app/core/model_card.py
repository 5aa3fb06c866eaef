"""What a checkpoint says about itself beyond its tensors, and loading a network together with that."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import DataError, UsageError
from app.core.label_sets import BY_NAME, SEMANTIC_KITTI
from app.core.labels import LabelSet

if TYPE_CHECKING:
    import torch

    from app.models.backbones.base import Backbone
    from app.models.checkpoints import Checkpoint

CARD = "card"
"""Key of a checkpoint's metadata that holds the card, as JSON."""

TRAINING_PREFIX = "training/"
"""Tensors of a run's checkpoint that only resuming needs (optimiser …) have names that begin so."""

HEAD_PREFIX = "occupancy_head/"
"""Tensors of the head that a network was pretrained with have names that begin so."""

DISTILLED = "demo_distilled"
"""The network that comes along distilled from the demo CLIP, for :func:`built_in`."""

SURFACE = "demo_also"
"""The network that comes along pretrained on occupancy, which tells surfaces, for :func:`built_in`."""

BEST = "best.safetensors"
STEP_PATTERN = "step-*.safetensors"

_SPVNAS_QUIRK = (
    "The spvnas code trained this layout with buses, on-rails vehicles and lane markings ignored (raw ids 13, 16, "
    "60, 256, 257), which the official map counts as other-vehicle and road."
)
_UNSTATED = "Voxel size, inputs and classes are those its layout was published with; the file itself states none."


@dataclass(frozen=True)
class ModelCard:
    """What is needed to use a network on a frame, and where it came from.

    Attributes
    ----------
    network, fields : which network (a file of ``app/models/backbones``) and its config's fields
    voxel_size : metres
    columns : what the features of a point are, in order
    max_points : most voxels of a scan it was trained with, None for all
    label_set : "semantickitti", "nuscenes", or the name of another label set
    classes : names; output channel c is train id c + 1 of the label set
    trained_on, recipe, step, scores, run : its history; scores are shares (0 to 1) by name
    layout : "ours", "spvnas" or "mmdetection3d"
    notes : sentences that whoever reads its predictions should know
    clip : identity of the CLIP into whose space the network was distilled, "" for one that predicts classes
    clip_dim : length of that CLIP's vectors; the network then gives so many values a point, and has no classes
    occupancy : of a network pretrained on occupancy: ``head`` (a file of ``app/models/heads``), ``latent`` (values
        a point), ``neighbours``, ``radius``, ``delta`` (metres), ``intensity`` (whether it was learnt), ``before``
        and ``after`` (frames whose lines of sight taught); {} for others. It predicts no classes
    """

    network: str
    fields: Mapping[str, Any]
    voxel_size: float = 0.05
    columns: tuple[str, ...] = ("x", "y", "z", "intensity")
    max_points: int | None = None
    label_set: str = "semantickitti"
    classes: tuple[str, ...] = ()
    trained_on: str = ""
    recipe: str = ""
    step: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)
    run: str = ""
    layout: str = "ours"
    notes: tuple[str, ...] = ()
    clip: str = ""
    clip_dim: int = 0
    occupancy: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pretrained(self) -> bool:
        """Whether the network gives latents, from which an occupancy head tells surfaces."""
        return bool(self.occupancy)

    @property
    def no_classes(self) -> str:
        """Why the network predicts no classes, and what to do, as the end of a sentence; "" where it does."""
        if self.pretrained:
            return "was pretrained on occupancy and predicts no classes; finetune it"
        return "was distilled from a CLIP and predicts no classes; ask it in words" if self.distilled else ""

    @property
    def distilled(self) -> bool:
        """Whether the network gives features in a CLIP's space instead of scores of classes."""
        return bool(self.clip)

    @property
    def outputs(self) -> int:
        """Values a point that the network gives."""
        if self.pretrained:
            return int(self.occupancy["latent"])
        return self.clip_dim if self.distilled else len(self.classes)

    def metadata(self) -> dict[str, str]:
        """The card as text for ``checkpoints.save``."""
        return {CARD: json.dumps(dataclasses.asdict(self))}


@dataclass
class LoadedModel:
    """A network in evaluation mode on its device, its card, its file and the file's short identity (sha256)."""

    network: Backbone
    card: ModelCard
    path: Path
    identity: str


def classes_of(label_set: LabelSet) -> tuple[str, ...]:
    """Names of the classes a network predicts for a label set: train ids 1, 2 … in order.

    ``DataError`` where the set has no train id 0 for points without a class.
    """
    if label_set.ignore != 0:
        raise DataError(
            f"The label set '{label_set.name}' has no id for points without a class, so no network can be "
            "trained on it; name the classes in a label map."
        )
    return tuple(label_set.class_name(i) for i in range(1, max(entry.id for entry in label_set.classes) + 1))


def label_set_name(label_set: LabelSet) -> str:
    """The name of a label set in cards: "semantickitti", "nuscenes", or its own."""
    for name, known in BY_NAME.items():
        if known is label_set or (known.name, known.classes) == (label_set.name, label_set.classes):
            return name
    return label_set.name


def card_of(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint: the one inside, or what its layout was published with.

    ``DataError`` where it is of no known network, or its card cannot be read.
    """
    from app.models import checkpoints

    found = _guarded(checkpoints.identify, _plain(checkpoint))
    text = checkpoint.metadata.get(CARD)
    classes, columns = int(found.fields["num_classes"]), int(found.fields["in_channels"])
    if text is not None:
        card = _stated(checkpoint.path, text)
        if (card.outputs, len(card.columns)) != (classes, columns):
            what = "classes" if card.classes else "features"
            raise DataError(
                f"{checkpoint.path} describes {card.outputs} {what} and {len(card.columns)} values a point, "
                f"but its tensors have {classes} and {columns}; export it again."
            )
        return card
    if columns not in (3, 4):
        raise DataError(
            f"{checkpoint.path} takes {columns} values a point and does not say which; "
            "x, y, z or x, y, z, intensity are known."
        )
    usual = classes_of(SEMANTIC_KITTI)
    known = classes == len(usual)
    ours = "network" in checkpoint.metadata or found.layout == "ours"
    notes = [_UNSTATED]
    if not known:
        notes.append(f"It has {classes} classes, not SemanticKITTI's {len(usual)}: their names are not known.")
    elif found.layout == "spvnas" and not ours:
        notes.append(_SPVNAS_QUIRK)
    return ModelCard(
        network=found.network,
        fields=found.fields,
        columns=("x", "y", "z", "intensity")[:columns],
        label_set="semantickitti" if known else "unknown",
        classes=usual if known else tuple(f"class {i + 1}" for i in range(classes)),
        layout="ours" if ours else found.layout,
        notes=tuple(notes),
    )


def load_model(path: Path, device: str = "auto") -> LoadedModel:
    """A network ready to predict, from a checkpoint file or a run's folder (its best checkpoint, else its last).

    Raises
    ------
    DataError
        There is none, it is broken, or of no known network; one sentence.
    UsageError
        There is no such device.
    """
    from app.models import checkpoints

    path = weights_of(path)
    checkpoint = _plain(_guarded(checkpoints.read, path))
    card = card_of(checkpoint)
    found = _guarded(checkpoints.identify, checkpoint)
    network = build_network(card.network, found.fields)
    _guarded(checkpoints.fill, network, found.state, path)
    return LoadedModel(network.to(device_of(device)).eval(), card, path, _identity(path))


def build_network(name: str, fields: Mapping[str, Any]) -> Backbone:
    """A network by name with its config's fields; ``DataError`` naming what does not fit."""
    from app import discovery

    check_network(name, fields)
    network: Backbone = discovery.load("app.models.backbones", name).ENTRY.make(**fields)
    return network


def check_network(name: str, fields: Mapping[str, Any]) -> None:
    """``DataError`` where there is no network of that name, or its config does not take these fields."""
    from app import discovery

    try:
        discovery.load("app.models.backbones", name).ENTRY.config(**fields)
    except KeyError as error:
        raise DataError(f"There is no network '{name}': {error.args[0]}.") from None
    except (TypeError, ValueError) as error:
        raise DataError(f"The network {name} cannot be built: {error}.") from None


def device_of(name: str) -> torch.device:
    """The torch device of a name; "auto" is the first GPU where there is one. ``UsageError`` for others."""
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"There is no device '{name}'; use auto, cpu or cuda:0.") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(f"The device '{name}' is not there; torch sees {torch.cuda.device_count()} GPUs.")
    return device


def weights_of(path: Path) -> Path:
    """The checkpoint file that ``path`` means: itself, or the best (else the last) of a run's folder."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError(f"{path} does not exist; name a checkpoint file or the folder of a training run.")
    folder = path / "checkpoints"
    candidates = [folder / BEST, *sorted(folder.glob(STEP_PATTERN), reverse=True)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise DataError(f"{path} holds no checkpoint; expected {BEST} or {STEP_PATTERN} in its folder checkpoints.")


def built_in(name: str = "demo_minkunet") -> Path:
    """A checkpoint that comes with the application: ``DISTILLED``, ``SURFACE``, or the one that predicts classes;
    ``DataError`` where it is absent."""
    path = Path(__file__).resolve().parents[2] / "assets" / "checkpoints" / f"{name}.safetensors"
    if not path.is_file():
        raise DataError(f"{path} is missing; make it with scripts/train_demo_checkpoint.py.")
    return path


def _plain(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint without what only resuming a run, or telling surfaces, needs."""
    beside = (TRAINING_PREFIX, HEAD_PREFIX)
    state = {name: value for name, value in checkpoint.state.items() if not name.startswith(beside)}
    return dataclasses.replace(checkpoint, state=state)


def _stated(path: Path, text: str) -> ModelCard:
    try:
        found = json.loads(text)
        known = {entry.name for entry in dataclasses.fields(ModelCard)}
        fields = {name: value for name, value in found.items() if name in known}
        for name in ("columns", "classes", "notes"):
            fields[name] = tuple(str(item) for item in fields[name])
        card = ModelCard(**fields)
        if not isinstance(card.fields, dict) or not isinstance(card.occupancy, dict):
            raise ValueError("its fields are no mapping")
        if not (card.voxel_size > 0 and card.outputs > 0):
            raise ValueError("its voxel size or classes make no sense")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path} carries a description that cannot be read ({error}); export it again.") from None
    return card


def _identity(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:12]


def _guarded(function: Any, *args: Any) -> Any:
    """Call into ``app.models``, whose sentence becomes a ``DataError``."""
    from app.models.checkpoints import CheckpointError

    try:
        return function(*args)
    except CheckpointError as error:
        raise DataError(str(error)) from None
