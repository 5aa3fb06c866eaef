"""The one door through which weights come in and go out: safetensors, or torch files read without running their
code."""

from __future__ import annotations

import dataclasses
import json
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app import discovery
from app.models import _safetensors
from app.models.backbones.base import Backbone
from app.models.checkpoint_layouts import Recognised, recognise

BACKBONES = "app.models.backbones"

LISTED = 6
"""Most tensors that a message names one by one."""


class CheckpointError(Exception):
    """A checkpoint cannot be used; the message is one sentence for the user."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by name, and text about them (our own files: ``network`` and ``config``)."""

    path: Path
    state: dict[str, Tensor]
    metadata: dict[str, str]


def read(path: Path) -> Checkpoint:
    """Tensors of a safetensors or torch file, on the CPU; ``CheckpointError`` where there are none to be had.

    No code in the file is run: torch files are read with ``weights_only``.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
        # A safetensors file begins with the length of its header, whose lowest byte may be a pickle's 0x80 too.
        pickled = start[:1] == b"\x80" and start[8:9] != b"{"
        if start[:4] == b"PK\x03\x04" or pickled:
            return Checkpoint(path, _state(path, _load(path)), {})
        state, metadata = _safetensors.read(path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is neither a torch file nor a whole safetensors file: {error}.") from error
    return Checkpoint(path, state, metadata)


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error) or "REDUCE" in str(error):
            raise CheckpointError(
                f"{path} holds more than tensors (code that would run on loading) and is refused: "
                f"save its state dict alone, best as safetensors. Found: {_found(error)}."
            ) from error
        raise CheckpointError(f"{path} is not a whole torch checkpoint: copy it again.") from error
    except (RuntimeError, EOFError, zipfile.BadZipFile, ValueError, KeyError, IndexError, TypeError) as error:
        raise CheckpointError(f"{path} is a truncated or damaged torch checkpoint: copy it again.") from error


def _found(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if "GLOBAL" in line or "Unsupported" in line]
    return lines[0].rstrip(".")[:160] if lines else "objects that are no tensors"


def _state(path: Path, found: Any) -> dict[str, Tensor]:
    """The tensors by name, from the usual wrappings."""
    for key in ("model", "state_dict", "model_state_dict", "network"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path} holds a {type(found).__name__}, not named tensors.")
    state = {str(name): value for name, value in found.items() if isinstance(value, Tensor)}
    if not state:
        raise CheckpointError(
            f"{path} holds no tensors; expected a state dict, or one under 'model' or 'state_dict'."
        )
    return state


def identify(checkpoint: Checkpoint) -> Recognised:
    """Which network it is, by its tensors; ``CheckpointError`` with the names found where none fits."""
    found = recognise(checkpoint.state)
    if found is None:
        names = ", ".join(list(checkpoint.state)[:LISTED])
        known = ", ".join(discovery.module_names(BACKBONES))
        raise CheckpointError(
            f"{checkpoint.path} is of no known network ({known}); "
            f"its {len(checkpoint.state)} tensors begin: {names}."
        )
    stated = checkpoint.metadata.get("network")
    if stated not in discovery.module_names(BACKBONES):
        return found
    # Our own files also say what tensors cannot: which of two networks with equal tensors, radii, neighbours.
    return dataclasses.replace(found, network=stated, fields=_stated_fields(checkpoint, found))


def _stated_fields(checkpoint: Checkpoint, found: Recognised) -> dict[str, Any]:
    try:
        stated = json.loads(checkpoint.metadata.get("config", "{}"))
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path} states a config that is not JSON ({error}).") from error
    if not isinstance(stated, dict):
        raise CheckpointError(f"{checkpoint.path} states a config that is not a JSON object.")
    return found.fields | {name: _tuples(value) for name, value in stated.items()}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def load(path: Path) -> Backbone:
    """The network a file holds, with its weights, in evaluation mode; ``CheckpointError`` where it cannot be
    had."""
    checkpoint = read(path)
    found = identify(checkpoint)
    try:
        network: Backbone = discovery.load(BACKBONES, found.network).ENTRY.make(**found.fields)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} states a config that does not fit {found.network}: {error}.") from error
    fill(network, found.state, path)
    return network.eval()


def fill(network: nn.Module, state: Mapping[str, Tensor], source: Path | str) -> None:
    """Put tensors (under our names) into a network; ``CheckpointError`` naming all that differs, and nothing is
    changed.

    MinkUNet's point transforms, which it never runs, may be missing.
    """
    own = network.state_dict()
    missing = [name for name in own if name not in state and not _spare(name, network)]
    extra = [name for name in state if name not in own]
    shaped = [name for name in own if name in state and own[name].shape != state[name].shape]
    parts = []
    if shaped:
        parts.append(
            "shapes differ: " + _listed([f"{n} is {_shape(state[n])}, needed {_shape(own[n])}" for n in shaped])
        )
    if missing:
        parts.append("missing: " + _listed([f"{name} {_shape(own[name])}" for name in missing]))
    if extra:
        parts.append("not wanted: " + _listed([f"{name} {_shape(state[name])}" for name in extra]))
    if parts:
        raise CheckpointError(f"{source} does not fit {type(network).__name__}: {'; '.join(parts)}.")
    network.load_state_dict(dict(state), strict=False)


def _spare(name: str, network: nn.Module) -> bool:
    counts = name.endswith("num_batches_tracked")
    return counts or (type(network).__name__ == "MinkUNet" and name.startswith("point_transforms."))


def _listed(items: list[str]) -> str:
    more = len(items) - LISTED
    return ", ".join(items[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _shape(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


def save(
    path: Path,
    network: Backbone,
    name: str,
    *,
    metadata: Mapping[str, str] | None = None,
    extra: Mapping[str, Tensor] | None = None,
    half: bool = False,
) -> None:
    """Write a network as safetensors with its name and config, beside the target and then over it.

    ``extra``: tensors kept with it (a run's optimiser), under names the network does not have. ``half``: write the
    network's float32 tensors as float16, for half the size. ``OSError`` where the disk refuses.
    """
    config = json.dumps(dataclasses.asdict(network.config))
    about = {**(metadata or {}), "network": name, "config": config}
    state = network.state_dict()
    if half:
        state = {n: value.half() if value.dtype == torch.float32 else value for n, value in state.items()}
    _safetensors.write(path, {**state, **(extra or {})}, about)
