"""The training loop: step, look, save. It never asks which method runs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from app import discovery
from app.core.errors import Cancelled, DataError
from app.core.evaluation.confusion import Confusion
from app.core.model_card import ModelCard, build_network, label_set_name
from app.core.training.averaged import Averaged
from app.core.training.events import Events
from app.core.training.folder import RunFolder, append_line, cut_after, refused
from app.core.training.initial import initialise, standardise
from app.core.training.loader import Loader
from app.core.training.recipe import Recipe
from app.core.training.samples import Sample, Samples
from app.core.training.schedule import learning_rate
from app.core.training.shared_norm import share_statistics
from app.core.training.state import TrainingState
from app.core.training.validation import measured, sides, validation_scans
from app.models.backbones.spvcnn_text import SPVCNNText
from app.models.objectives.base import Batch, Objective

if TYPE_CHECKING:
    from lightning_fabric import Fabric

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepDone:
    """One optimiser step: its number from 1, losses by name, learning rate, seconds in all and for waiting on data;
    ``asked``: "pause", "stop" or "" as the first process read it."""

    step: int
    losses: dict[str, float]
    rate: float
    seconds: float
    data_seconds: float
    scores: dict[str, float] = field(default_factory=dict)
    asked: str = ""


class Loop:
    """A run in memory. With several processes each has one, and the first alone writes."""

    def __init__(self, folder: RunFolder, kind: str, recipe: Recipe, data: Path, fabric: Fabric) -> None:
        """Open the data and build the network; ``DataError`` or ``UsageError`` where that cannot be."""
        self.folder, self.kind, self.recipe, self.data, self.fabric = folder, kind, recipe, data, fabric
        self.samples = Samples(data, recipe)
        self.scans = validation_scans(self.samples)
        if recipe.validate_every and not self.scans:
            log.info("No scans are kept for validation: no mIoU is measured (see val_data, hold_out).")
        torch.manual_seed(recipe.seed)
        objective = self._objective(_class_counts(folder, recipe, self.samples, fabric))
        optimizer = _optimizer(recipe, objective)
        module, wrapped = fabric.setup(objective, optimizer)
        self._module: Any = module
        self._optimizer: Any = wrapped
        averaged = Averaged(objective.network, recipe.ema) if recipe.ema else None
        self.state = TrainingState(objective, optimizer, averaged)
        self._scaler: Any = getattr(fabric._precision, "scaler", None)

    def steps(self) -> Generator[StepDone, None, None]:
        """Go on from the newest checkpoint to the end, a step at a time; close it to let go of the loader."""
        self._begin()
        rank, world = self.fabric.global_rank, self.fabric.world_size
        loader = Loader(
            self.samples, self.data, rank=rank, world=world, step=self.state.step,
            stopped=lambda: world == 1 and self.folder.stop.exists(),  # several stop together, after a step
        )  # fmt: skip
        events = Events(self.folder.tensorboard) if self._first else None
        self._module.train()
        try:
            while self.state.step < self.recipe.max_steps:
                done = self._step(loader)
                self._note(done, events)
                yield done
        except Cancelled:
            log.info("Told to stop while the next scans were prepared.")
        finally:
            loader.close()
            if events is not None:
                events.close()

    def save(self) -> None:
        """Write a checkpoint, and then let go of the oldest."""
        if not self._first or self.folder.checkpoint(self.state.step).exists():
            return
        if not self.state.finite():
            raise DataError(
                f"The weights became NaN at step {self.state.step}; resume from the last checkpoint with a lower "
                "learning_rate, or set clip_norm."
            )
        if self._scaler is not None:
            self.state.scaler = self._scaler.state_dict()
        self.state.save(self.folder.checkpoint(self.state.step), self._card({}))
        for old in self.folder.step_checkpoints()[self.recipe.keep_checkpoints :]:
            old.unlink(missing_ok=True)

    @property
    def _first(self) -> bool:
        return bool(self.fabric.is_global_zero)

    def _objective(self, counts: tuple[int, ...]) -> Objective:
        recipe = self.recipe
        stated = {"in_channels": len(recipe.columns), "num_classes": self.samples.outputs}
        words = self.samples.words
        if words is not None:
            stated["embed_dim"] = words.dim
        network = build_network(recipe.network, {**stated, **recipe.network_fields})
        if isinstance(network, SPVCNNText) and words is not None:
            network.head.name_classes(torch.from_numpy(words.vectors))
        if recipe.init:
            initialise(network, recipe, self.samples)
        elif recipe.standardise:
            standardise(network, self.samples.sample(0).feats.std(axis=0))
        if self.fabric.world_size > 1:
            share_statistics(network)
        try:
            objective: Objective = discovery.load("app.models.objectives", recipe.objective).ENTRY.make(
                network, recipe.objective_fields(counts)
            )
        except ValueError as error:
            raise DataError(f"The recipe does not fit: {error}.") from None
        return objective

    def _begin(self) -> None:
        """Take the newest checkpoint that can be read; what was written past it is cut off."""
        self._restore()
        if self._scaler is not None and self.state.scaler:
            self._scaler.load_state_dict(self.state.scaler)
        self.fabric.barrier()
        if self._first:
            for path in self.folder.step_checkpoints():
                if path > self.folder.checkpoint(self.state.step):
                    path.unlink(missing_ok=True)
            for lines in (self.folder.metrics, self.folder.validation):
                cut_after(lines, self.state.step)
            self.save()
        self.fabric.barrier()

    def _restore(self) -> None:
        """The newest checkpoint that can be read; ``DataError`` where there are some and none can."""
        problems = []
        for path in self.folder.step_checkpoints():
            try:
                return self.state.load(path)
            except DataError as error:
                problems.append(str(error))
                log.warning("%s The checkpoint before it is used.", error)
        if problems:
            raise DataError(f"No checkpoint of {self.folder.path} can be read: {problems[0]}")
        return None

    def _step(self, loader: Loader) -> StepDone:
        start = time.perf_counter()
        step, recipe = self.state.step, self.recipe
        torch.manual_seed(
            int(np.random.SeedSequence([recipe.seed, step, self.fabric.global_rank]).generate_state(1)[0])
        )
        rate = learning_rate(recipe, step)
        for group in self.state.optimizer.param_groups:
            group["lr"] = rate
        batches = loader.step()
        data_seconds = time.perf_counter() - start
        losses = self._gradients(batches)
        names, asked = list(losses), self._asked()
        values = self._together([*losses.values(), float(asked == "pause"), float(asked == "stop")])
        losses = dict(zip(names, values[:-2], strict=True))
        if not all(map(math.isfinite, losses.values())):
            self._refuse(losses, batches)
        if recipe.clip_norm:
            self.fabric.clip_gradients(self._module, self._optimizer, max_norm=recipe.clip_norm)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.state.step += 1
        if self.state.averaged is not None:
            self.state.averaged.update(self.state.objective.network, self.state.step)
        asked = "stop" if values[-1] else "pause" if values[-2] else ""
        seconds = time.perf_counter() - start
        scores = self._validate() if self._due(recipe.validate_every) and self.scans else {}
        return StepDone(self.state.step, losses, rate, seconds, data_seconds, scores, asked)

    def _gradients(self, batches: list[tuple[Batch, tuple[Sample, ...]]]) -> dict[str, float]:
        """Forward and backward over all passes of a step; the mean losses by name."""
        totals: dict[str, torch.Tensor] = {}
        for number, (batch, _) in enumerate(batches):
            on_device = self._moved(batch)
            with self.fabric.no_backward_sync(self._module, enabled=number < len(batches) - 1):
                losses = self._module(on_device)
                self.fabric.backward(losses["loss"] / len(batches))
            for name, value in losses.items():
                totals[name] = totals.get(name, 0) + value.detach() / len(batches)
        return dict(zip(totals, torch.stack(list(totals.values())).tolist(), strict=True))

    def _moved(self, batch: Batch) -> Batch:
        moved: dict[str, Any] = {
            name: self.fabric.to_device(part)
            for name, part in batch._asdict().items()
            if isinstance(part, torch.Tensor)
        }
        return batch._replace(**moved)

    def _together(self, numbers: list[float]) -> list[float]:
        """The mean of numbers over processes: losses, and what the first was asked to do."""
        if self.fabric.world_size == 1:
            return numbers
        mean: Any = self.fabric.all_reduce(torch.tensor(numbers, dtype=torch.float64), reduce_op="mean")
        return [float(value) for value in mean]

    def _asked(self) -> str:
        if not self._first:
            return ""
        return "stop" if self.folder.stop.exists() else "pause" if self.folder.pause.exists() else ""

    def _due(self, every: int) -> bool:
        return every > 0 and (self.state.step % every == 0 or self.state.step == self.recipe.max_steps)

    def _validate(self) -> dict[str, float]:
        network = self.state.objective.network if self.state.averaged is None else self.state.averaged.network
        rank, world = self.fabric.global_rank, self.fabric.world_size
        counts = measured(
            self.state.objective, network, self.samples, self.scans[rank::world],
            precision=self.fabric.autocast, device=self.fabric.device,
        )  # fmt: skip
        if world > 1:
            whole: Any = self.fabric.all_reduce(torch.from_numpy(counts.matrix), reduce_op="sum")
            counts = Confusion(counts.classes, counts.ignore, whole.cpu().numpy())
        return self._scored(counts)

    def _scored(self, counts: Confusion) -> dict[str, float]:
        if not counts.points:
            log.warning("The validation scans have no labels; nothing was measured.")
            return {}
        scores = {"miou": counts.miou(), "miou_present": counts.miou("present"), "accuracy": counts.accuracy}
        scores |= sides(counts, self.samples.unseen)
        if self._first:
            by_class = counts.by_class(counts.iou("present"))
            append_line(self.folder.validation, {"step": self.state.step, **scores, "iou": by_class})
            if scores["miou_present"] > self.state.best:
                self.state.save_weights(self.folder.best, self._card(scores))
        self.state.best = max(self.state.best, scores["miou_present"])
        return scores

    def _note(self, done: StepDone, events: Events | None) -> None:
        """Write down a step, and what is due after it."""
        if not self._first or events is None:
            return
        row = {**done.losses, "rate": done.rate, "seconds": done.seconds, "data_seconds": done.data_seconds}
        append_line(self.folder.metrics, {"step": done.step, **row})
        events.write(done.step, {f"train/{name}": value for name, value in row.items()})
        if done.scores:
            events.write(done.step, {f"val/{name}": value for name, value in done.scores.items()})
        if self._due(self.recipe.watch_every):
            self.state.save_weights(self.folder.watch, self._card(done.scores), half=True)
        if self._due(self.recipe.checkpoint_every):
            self.save()

    def _card(self, scores: dict[str, float]) -> ModelCard:
        recipe = self.recipe
        return ModelCard(
            network=recipe.network,
            fields=recipe.network_fields,
            clip=self.samples.clip,
            clip_dim=self.samples.outputs if self.samples.clip else 0,
            voxel_size=recipe.voxel_size,
            columns=recipe.columns,
            max_points=recipe.max_points or None,
            label_set=label_set_name(self.samples.label_set) if self.samples.teaches_classes else "",
            classes=self.samples.classes if self.samples.teaches_classes else (),
            occupancy={} if self.samples.occupancy is None else self.samples.occupancy.facts,
            trained_on=str(self.data),
            recipe=self.kind,
            step=self.state.step,
            scores=scores,
            run=str(self.folder.path),
            notes=self.samples.notes,
        )

    def _refuse(self, losses: dict[str, float], batches: list[tuple[Batch, tuple[Sample, ...]]]) -> None:
        """Keep the batch whose loss is not a number, and say so."""
        path = self.folder.path / f"bad_batch-{self.fabric.global_rank}.npz"
        arrays = {
            f"{name}_{number}": part.numpy()
            for number, (batch, _) in enumerate(batches)
            for name, part in batch._asdict().items()
            if isinstance(part, torch.Tensor)
        }
        names = [str(sample.scan) for _, samples in batches for sample in samples]
        try:
            np.savez_compressed(path, scans=np.array(names), **arrays)  # type: ignore[arg-type]
        except OSError as error:
            log.warning("%s", refused(path, error))
        bad = next(name for name, value in losses.items() if not math.isfinite(value))
        raise DataError(
            f"The loss became {losses[bad]} ({bad}) at step {self.state.step + 1}; the run has stopped and the "
            f"batch (scans {', '.join(names)}) is kept in {path}. Look at it, or resume with a lower learning_rate "
            "or with clip_norm."
        )


def _optimizer(recipe: Recipe, objective: Objective) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in objective.parameters() if parameter.requires_grad]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(parameters, rate, betas=(recipe.momentum, 0.999), weight_decay=decay)
    nesterov = recipe.momentum > 0
    return torch.optim.SGD(parameters, rate, momentum=recipe.momentum, weight_decay=decay, nesterov=nesterov)


def _class_counts(folder: RunFolder, recipe: Recipe, samples: Samples, fabric: Fabric) -> tuple[int, ...]:
    """Labelled points by class: counted once by the first process, then read from the run's folder."""
    import json

    from app.core.files import write_atomically

    if not recipe.counts_classes:
        return ()
    if fabric.is_global_zero and not folder.class_counts.exists():
        counts = samples.class_counts(int(getattr(recipe, "count_scans", 200)))
        write_atomically(folder.class_counts, json.dumps(counts).encode())
    fabric.barrier()
    return tuple(int(count) for count in json.loads(folder.class_counts.read_text(encoding="utf-8")))
