"""What a training run is told: one flat, typed, documented set of fields, checked before anything starts.

Recipes are the files of ``app/core/training/recipes``; each may add fields of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.core.errors import UsageError

CHANGEABLE = (
    "learning_rate", "clip_norm", "max_steps", "schedule", "warmup_steps", "weight_decay", "checkpoint_every",
    "keep_checkpoints", "validate_every", "validate_scans", "watch_every", "cache_mb", "workers", "threads",
)  # fmt: skip
"""Fields that may be changed when a run is resumed; with others it would be another run."""


class Recipe(BaseModel):
    """Fields that every recipe has. The defaults are the published ones of spvnas where it states them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    objective: ClassVar[str]
    """File of ``app/models/objectives`` whose losses are minimised."""
    needs_labels: ClassVar[bool] = True
    needs_init: ClassVar[bool] = False
    needs_pseudo_labels: ClassVar[bool] = False

    # --- data
    train_sequences: tuple[str, ...] = Field(
        default=(),
        description="Sequences to train on. Empty: SemanticKITTI's official ones (00–07, 09, 10) where the data "
        "names its sequences so, otherwise all but those for validation.",
    )
    val_sequences: tuple[str, ...] = Field(
        default=(),
        description="Sequences to validate on. Empty: all of val_data where that is given, otherwise 08 where the "
        "data has it.",
    )
    val_data: str = Field(default="", description="Another recording to validate on; empty: the one trained on.")
    hold_out: int = Field(
        default=0, ge=0, le=100_000,
        description="Every n-th scan of the training sequences is kept for validation; 0: none.",
    )  # fmt: skip
    label_fraction: float = Field(default=1.0, gt=0, le=1, description="Share of the training scans that is used.")
    label_protocol: Literal["every_nth", "first", "random", "segcontrast"] = Field(
        default="every_nth",
        description="Which scans that share is. every_nth: every (1/share)-th scan of the sequences in a row, as "
        "SLidR counts 1 %. first: the first scans of each sequence. random: drawn once from the seed. segcontrast: "
        "the published lists of SegContrast (its 1 % list is built in; others by label_list). Results of different "
        "protocols cannot be compared.",
    )
    label_list: str = Field(
        default="",
        description="A file in the form of SegContrast's percentiles_split.json, for label_protocol segcontrast.",
    )
    cache_mb: int = Field(default=1024, ge=0, le=1 << 20, description="Memory for scans that were read, in MB.")
    workers: int = Field(
        default=0, ge=0, le=64,
        description="Processes that prepare scans ahead; 0: a thread of the training process.",
    )  # fmt: skip

    # --- network and its input
    network: str = Field(default="minkunet", description="File of app/models/backbones.")
    network_fields: dict[str, Any] = Field(
        default_factory=dict, description="Fields of the network's config, as in network_fields.cr=0.5."
    )
    init: str = Field(default="", description="Checkpoint or run whose weights the network begins with.")
    columns: tuple[str, ...] = Field(
        default=("x", "y", "z", "intensity"), min_length=3, description="Features of a point, in order."
    )
    voxel_size: float = Field(default=0.05, ge=0.005, le=5, description="Edge of a voxel, metres.")
    standardise: bool = Field(
        default=False,
        description="Begin with first-layer weights divided by the spread of each column, as if inputs were "
        "standardised; only without init. Learns from intensity much sooner.",
    )
    max_points: int = Field(
        default=80_000, ge=0, le=10_000_000,
        description="Most voxels of a training scan, a random choice of them; 0: all.",
    )  # fmt: skip

    # --- augmentation
    rotate: bool = Field(default=True, description="Turn each scan about the vertical by any angle.")
    scale: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Scale by a factor within 1 ± this (spvnas, Affinity3D: 0.05).",
    )
    translate: float = Field(
        default=0.0, ge=0, le=100,
        description="Move each scan by up to this along each axis, metres (Affinity3D: 0.5).",
    )  # fmt: skip
    keep_points: float = Field(
        default=1.0, gt=0, le=1,
        description="Share of the points kept, a random choice (Affinity3D: 0.7, read as 70 % kept).",
    )  # fmt: skip
    flip: bool = Field(default=False, description="Mirror each scan along x and along y, each half of the time.")
    jitter: float = Field(
        default=0.0, ge=0, le=1, description="Standard deviation of noise on each coordinate, metres."
    )

    # --- optimisation
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="All randomness follows from it.")
    max_steps: int = Field(default=10_000, ge=1, le=100_000_000, description="Optimiser steps.")
    epochs: int = Field(
        default=0, ge=0, le=1_000_000,
        description="Passes over the training scans after which a run ends that max_steps has not ended before; it "
        "is counted as steps when the run begins. 0: max_steps alone.",
    )  # fmt: skip
    batch_size: int = Field(
        default=2, ge=1, le=4096,
        description="Scans of one forward pass, over all processes together.",
    )  # fmt: skip
    accumulate: int = Field(
        default=1, ge=1, le=1024,
        description="Forward passes whose gradients are added up for one step; each normalises its own batch.",
    )  # fmt: skip
    optimizer: Literal["sgd", "adamw"] = Field(default="sgd", description="SGD with Nesterov momentum, or AdamW.")
    learning_rate: float = Field(default=0.24, gt=0, le=100, description="Largest learning rate.")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Momentum of SGD; first beta of AdamW.")
    weight_decay: float = Field(default=1e-4, ge=0, le=1, description="Weight decay.")
    schedule: Literal["cosine", "onecycle", "constant", "poly"] = Field(
        default="cosine",
        description="cosine: linear warm-up, then a half cosine to 0. onecycle: a half cosine up for 30 % of the "
        "steps, then down to almost 0. constant: linear warm-up, then the largest rate. poly: linear warm-up, then "
        "the share of steps left, to the power 0.9.",
    )
    warmup_steps: int = Field(default=0, ge=0, le=1_000_000, description="Steps of the linear warm-up.")
    clip_norm: float = Field(
        default=0.0, ge=0, le=1e6, description="Longest gradient, longer ones are cut; 0: off."
    )
    ema: float = Field(
        default=0.0, ge=0, lt=1,
        description="Decay of the running average of the weights, which is what is evaluated and kept; 0: off.",
    )  # fmt: skip

    # --- device
    device: str = Field(default="auto", description="auto, cpu, cuda or cuda:0.")
    precision: Literal["32", "bf16-mixed", "16-mixed"] = Field(
        default="32", description="Arithmetic of the network; 16-mixed needs a GPU."
    )
    threads: int = Field(
        default=0, ge=0, le=1024,
        description="Processor threads; 0: one for each core. A run keeps its number, so that it can be repeated.",
    )  # fmt: skip

    # --- what is kept
    checkpoint_every: int = Field(default=500, ge=1, le=10_000_000, description="Steps between checkpoints.")
    keep_checkpoints: int = Field(default=2, ge=1, le=1000, description="Checkpoints kept besides the best.")
    validate_every: int = Field(
        default=500, ge=0, le=10_000_000, description="Steps between validations; 0: none, also none at the end."
    )
    validate_scans: int = Field(
        default=0, ge=0, le=10_000_000, description="Scans of a validation, evenly chosen; 0: all."
    )
    watch_every: int = Field(
        default=25, ge=0, le=10_000_000,
        description="Steps between weights written for whoever watches the run; 0: none.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _together(self) -> Recipe:
        if self.label_protocol == "segcontrast" and self.label_fraction == 1:
            raise ValueError("label_fraction must be below 1 where label_protocol is segcontrast")
        if self.label_list and self.label_protocol != "segcontrast":
            raise ValueError("label_list is for label_protocol segcontrast")
        if self.needs_init and not self.init:
            raise ValueError("init must name a checkpoint or a run to begin with")
        if self.needs_pseudo_labels and not getattr(self, "labels", ""):
            raise ValueError("labels must name a folder that pseudo-label wrote")
        if self.standardise and self.init:
            raise ValueError("standardise is for networks that begin untrained; unset it, or init")
        if self.columns[:3] != ("x", "y", "z") or len(set(self.columns)) != len(self.columns):
            raise ValueError("columns must begin with x, y, z and name each column once")
        return self

    def objective_fields(self, class_counts: tuple[int, ...]) -> dict[str, Any]:
        """Config fields of the objective; ``class_counts``: labelled points of each class (empty: not counted)."""
        return {}

    @property
    def passes(self) -> int:
        """Passes over the training scans after which the run ends; 0: ``max_steps`` alone says."""
        return self.epochs

    @property
    def counts_classes(self) -> bool:
        """Whether :meth:`objective_fields` wants the labelled points of each class counted first."""
        return False


def checked(kind: type[Recipe], fields: Mapping[str, Any]) -> Recipe:
    """A recipe with these fields; ``UsageError`` in one sentence that names the first field that does not fit."""
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        raise UsageError(_sentence(kind, error)) from None


def changed(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """A recipe with fields set from text, as on the command line; see :func:`parsed`."""
    return checked(type(recipe), {**recipe.model_dump(), **parsed(type(recipe), settings, recipe.model_dump())})


def changed_later(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """A recipe for going on, with some fields changed; ``UsageError`` for fields that make it another run."""
    for key in settings:
        _check_name(type(recipe), key.partition(".")[0])
        if key not in CHANGEABLE:
            raise UsageError(
                f"The field {key} cannot be changed when a run is resumed; start a run with init instead. "
                f"These can: {', '.join(CHANGEABLE)}."
            )
    return changed(recipe, settings)


def parsed(kind: type[Recipe], settings: Mapping[str, str], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields from text: JSON where it is that, lists also as ``a,b``; ``network_fields.cr`` is a part."""
    values: dict[str, Any] = {}
    for key, text in settings.items():
        name, dot, part = key.partition(".")
        _check_name(kind, name)
        value = plain_value(text)
        if dot:
            whole = values.get(name, usual.get(name))
            if not isinstance(whole, dict):
                raise UsageError(f"The field {name} has no parts; set it as {name}=….")
            values[name] = {**whole, part: value}
        elif _is_text(kind, name):
            values[name] = text
        elif _is_list(kind, name):
            values[name] = (
                value if isinstance(value, list) else tuple(p.strip() for p in text.split(",") if p.strip())
            )
        else:
            values[name] = value
    return values


def _check_name(kind: type[Recipe], name: str) -> None:
    if name not in kind.model_fields:
        import difflib

        near = difflib.get_close_matches(name, kind.model_fields, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(kind.model_fields)}."
        raise UsageError(f"There is no field '{name}' in this recipe; {hint}")


def plain_value(text: str) -> Any:
    """What a setting's text means: JSON where it is JSON, otherwise the text itself."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)


def _is_text(kind: type[Recipe], name: str) -> bool:
    annotation = kind.model_fields[name].annotation
    return annotation is str or (bool(choices(kind, name)) and isinstance(choices(kind, name)[0], str))


def _is_list(kind: type[Recipe], name: str) -> bool:
    return getattr(kind.model_fields[name].annotation, "__origin__", None) is tuple


def choices(kind: type[Recipe], name: str) -> tuple[Any, ...]:
    """What a field may be where only some values are allowed; empty otherwise."""
    annotation = kind.model_fields[name].annotation
    return tuple(annotation.__args__) if getattr(annotation, "__origin__", None) is Literal else ()  # type: ignore[union-attr]


def bounds(kind: type[Recipe], name: str) -> str:
    """The range of a number in words ("at least 0 and below 1"); "" where it has none."""
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    found = [
        f"{word} {getattr(entry, key):.15g}"
        for entry in kind.model_fields[name].metadata
        for key, word in words.items()
        if getattr(entry, key, None) is not None
    ]
    return " and ".join(found)


def fields_of(kind: type[Recipe]) -> list[dict[str, Any]]:
    """Every field for a form or a listing: name, default, description, range in words, and its choices."""
    return [
        {
            "name": name,
            "default": entry.get_default(call_default_factory=True),
            "description": entry.description or "",
            "range": bounds(kind, name),
            "choices": list(choices(kind, name)),
        }
        for name, entry in kind.model_fields.items()
    ]


def _sentence(kind: type[Recipe], error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return f"The recipe does not fit together: {first['msg'].removeprefix('Value error, ')}."
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        try:
            _check_name(kind, name)
        except UsageError as unknown:
            return str(unknown)
    allowed = choices(kind, name)
    wanted = f"one of {', '.join(map(str, allowed))}" if allowed else bounds(kind, name) or first["msg"].lower()
    if first["type"].endswith(("_parsing", "_type", "_float")) and not allowed:
        what = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(
            first["type"].split("_")[0]
        )
        wanted = f"{what or 'text'}, {wanted}" if bounds(kind, name) else what or first["msg"].lower()
    return f"The field {name} must be {wanted}; found {first['input']!r}."
