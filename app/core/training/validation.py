"""How good the weights of the moment are on scans they were not trained on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch

from app.core.evaluation.confusion import Confusion
from app.core.evaluation.splits import split_scores
from app.core.network_inputs import network_input
from app.core.training.language_targets import Readout
from app.core.training.occupancy_validation import occupancy_of
from app.core.training.samples import Samples
from app.core.training.split import Scan
from app.models.backbones.base import Backbone
from app.models.objectives.base import Objective
from app.models.objectives.occupancy import Occupancy


def validation_scans(samples: Samples) -> tuple[Scan, ...]:
    """The scans of one validation: all, or ``validate_scans`` of them, evenly chosen."""
    scans, most = samples.split.val, samples.recipe.validate_scans
    if not most or len(scans) <= most:
        return scans
    return tuple(scans[i * len(scans) // most] for i in range(most))


def confusion_of(
    network: Backbone,
    samples: Samples,
    scans: tuple[Scan, ...],
    *,
    precision: Callable[[], AbstractContextManager[object]],
    device: torch.device,
    between: Callable[[], None] = lambda: None,
) -> Confusion:
    """Predict scans as recorded and count against their labels; scans without labels count nothing. Features are
    asked for the classes in words.

    ``precision`` gives the autocast context; ``between`` is called after each scan.
    """
    counts = Confusion.of(samples.label_set)
    training = network.training
    network.eval()
    try:
        for scan in scans:
            decoded = samples.decoded(scan)
            if decoded.targets is None:
                continue
            recipe = samples.recipe
            found = network_input(decoded.points, decoded.columns, recipe.columns, recipe.voxel_size)
            with torch.inference_mode(), precision():
                logits = network(
                    torch.from_numpy(found.coords).to(device), torch.from_numpy(found.feats).to(device)
                )
            ids = np.append(_channels(logits.float(), samples.readout) + 1, 0)  # row −1: a point without a voxel
            counts.add(ids[found.inverse], decoded.targets.astype(np.int64) + 1)
            between()
    finally:
        network.train(training)
    return counts


def measured(
    objective: Objective,
    network: Backbone,
    samples: Samples,
    scans: tuple[Scan, ...],
    *,
    precision: Callable[[], AbstractContextManager[object]],
    device: torch.device,
) -> Confusion:
    """What a validation counts for this objective: classes of points, or occupancy of queries.

    ``network`` is the one to look at, which may be an average of the objective's own.
    """
    if isinstance(objective, Occupancy):
        return occupancy_of(network, objective.head, samples, scans, precision=precision, device=device)
    return confusion_of(network, samples, scans, precision=precision, device=device)


def sides(counts: Confusion, unseen: tuple[str, ...]) -> dict[str, float]:
    """mIoU over the seen and the unseen classes that the labels hold, and their harmonic mean; {} where there are
    none of either."""
    if not unseen:
        return {}
    found = split_scores(counts, unseen, "present")
    scores = {"seen": found.seen, "unseen": found.unseen, "hiou": found.hiou}
    return scores if np.isfinite(found.seen) and np.isfinite(found.unseen) else {}


def _channels(outputs: torch.Tensor, readout: Readout | None) -> np.ndarray:
    """(V,) int64 class channel of each voxel, from scores of classes or from features."""
    if readout is None:
        return np.asarray(outputs.argmax(1).cpu().numpy())
    scores = outputs @ torch.from_numpy(readout.words).to(outputs.device).T
    return np.asarray(readout.channels[scores.argmax(1).cpu().numpy()])
