"""A pretrained network together with the head that tells surfaces from its latents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import DataError
from app.core.model_card import HEAD_PREFIX, ModelCard, load_model
from app.core.surface.names import NoHead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from app.models.backbones.base import Backbone
    from app.models.heads.base import OccupancyHead


@dataclass
class SurfaceModel:
    """Network and head in evaluation mode on one device, their card, their file and its short identity (sha256).

    The network gives ``card.occupancy["latent"]`` values a point, which are what the head takes.
    """

    card: ModelCard
    network: Backbone
    head: OccupancyHead
    path: Path
    identity: str


def load_surface_model(path: Path, device: str = "auto") -> SurfaceModel:
    """A network that tells surfaces, from a checkpoint file or a run's folder (its best checkpoint, else its last).

    Raises
    ------
    DataError
        There is none, it is broken, or it has no occupancy head; one sentence.
    UsageError
        There is no such device.
    """
    from app.models import checkpoints
    from app.models.checkpoints import CheckpointError

    model = load_model(path, device)
    if not model.card.pretrained:
        raise NoHead(
            f"{model.path} has no occupancy head, so it tells no surface; choose a checkpoint of the recipe also."
        )
    try:
        state = head_state(checkpoints.read(model.path).state)
        head = build_head(model.card.occupancy)
        checkpoints.fill(head, state, model.path)
    except CheckpointError as error:
        raise DataError(str(error)) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"The occupancy head of {model.path} cannot be built ({error}); train it again.") from None
    parameter = next(model.network.parameters())
    return SurfaceModel(model.card, model.network, head.to(parameter.device).eval(), model.path, model.identity)


def build_head(facts: Mapping[str, Any]) -> OccupancyHead:
    """The head that a card's ``occupancy`` tells of, of random weights.

    ``KeyError``, ``TypeError`` or ``ValueError`` where it tells of none.
    """
    from app import discovery

    head: OccupancyHead = discovery.load("app.models.heads", str(facts["head"])).ENTRY.make(
        int(facts["latent"]), neighbours=int(facts["neighbours"]), radius=float(facts["radius"])
    )
    return head


def head_tensors(head: OccupancyHead) -> dict[str, Tensor]:
    """The head's tensors as a checkpoint holds them, for ``extra`` of ``checkpoints.save``."""
    return {HEAD_PREFIX + name: value for name, value in head.state_dict().items()}


def head_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The head's tensors of a checkpoint, under their own names."""
    return {name.removeprefix(HEAD_PREFIX): v for name, v in state.items() if name.startswith(HEAD_PREFIX)}
