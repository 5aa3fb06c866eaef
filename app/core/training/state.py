"""All that a run needs to go on exactly: written as one checkpoint, which is also an ordinary one.

Under their own names stand the weights to use (averaged, where the run averages); what only resuming needs has
names that begin with ``training/``. The order of the data and all randomness follow from seed and step and need
no state.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.core.errors import DataError
from app.core.model_card import HEAD_PREFIX, TRAINING_PREFIX, ModelCard
from app.core.surface_model import head_tensors
from app.core.training.averaged import Averaged
from app.core.training.folder import refused
from app.models import checkpoints
from app.models.checkpoints import CheckpointError
from app.models.heads.base import OccupancyHead
from app.models.objectives.base import Objective

_RAW, _OBJECTIVE, _OPTIMIZER = (TRAINING_PREFIX + part for part in ("raw/", "objective/", "optimizer/"))
_NUMBERS = "training"
_NETWORK = "network."


@dataclass
class TrainingState:
    """Everything that changes while a run goes on; ``step``: optimiser steps done; ``best``: best score so far."""

    objective: Objective
    optimizer: torch.optim.Optimizer
    averaged: Averaged | None
    step: int = 0
    best: float = -1.0
    scaler: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path, card: ModelCard) -> None:
        """Write a checkpoint to go on from; ``DataError`` where the disk refuses, older ones stay."""
        numbers = {"step": self.step, "best": self.best, "scaler": self.scaler, "optimizer": {}}
        extra: dict[str, Tensor] = {}
        for name, value in self.objective.state_dict().items():
            if not name.startswith(_NETWORK):
                extra[_OBJECTIVE + name] = value
            elif self.averaged is not None:
                extra[_RAW + name.removeprefix(_NETWORK)] = value
        for index, entries in self.optimizer.state_dict()["state"].items():
            for name, value in entries.items():
                if isinstance(value, Tensor):
                    extra[f"{_OPTIMIZER}{index}/{name}"] = value
                elif value is not None:
                    numbers["optimizer"][f"{index}/{name}"] = value  # type: ignore[index]
        self._write(path, card, extra=extra, metadata={_NUMBERS: json.dumps(numbers)})

    def save_weights(self, path: Path, card: ModelCard, *, half: bool = False) -> None:
        """Write the weights to use alone; ``DataError`` where the disk refuses."""
        self._write(path, card, half=half)

    def _write(self, path: Path, card: ModelCard, *, metadata: dict[str, str] | None = None, **how: Any) -> None:
        network = self.objective.network if self.averaged is None else self.averaged.network
        head = getattr(self.objective, "head", None)
        if isinstance(head, OccupancyHead):  # who tells surfaces needs it too
            how["extra"] = {**how.get("extra", {}), **head_tensors(head)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            about = {**card.metadata(), **(metadata or {})}
            checkpoints.save(path, network, card.network, metadata=about, **how)
        except OSError as error:
            raise DataError(refused(path, error)) from None

    def load(self, path: Path) -> None:
        """Become what a checkpoint holds; ``DataError`` where it is broken or of another run."""
        try:
            found = checkpoints.read(path)
            numbers = json.loads(found.metadata[_NUMBERS])
            beside = (TRAINING_PREFIX, HEAD_PREFIX)
            usable = {n: value for n, value in found.state.items() if not n.startswith(beside)}
            raw = _part(found.state, _RAW) if self.averaged is not None else usable
            if self.averaged is not None:
                checkpoints.fill(self.averaged.network, usable, path)
            checkpoints.fill(self.objective.network, raw, path)
            others = _part(found.state, _OBJECTIVE)
            self.objective.load_state_dict(
                {**others, **{_NETWORK + n: value for n, value in raw.items()}}, strict=True
            )
            self._load_optimizer(_part(found.state, _OPTIMIZER), numbers["optimizer"])
            self.step, self.best, self.scaler = int(numbers["step"]), float(numbers["best"]), numbers["scaler"]
        except CheckpointError as error:
            raise DataError(str(error)) from None
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            raise DataError(f"{path} is no checkpoint that a run can go on from ({error}).") from None

    def _load_optimizer(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        state: dict[int, dict[str, Any]] = {}
        for key, value in {**tensors, **numbers}.items():
            index, _, name = key.partition("/")
            state.setdefault(int(index), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})

    def finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(torch.isfinite(parameter).all()) for parameter in self.objective.parameters())


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
