"""How well a head tells queries it was not trained with: those of scans kept for validation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import torch

from app.core.evaluation.confusion import Confusion
from app.core.network_inputs import network_input
from app.core.training.augment import STILL
from app.core.training.samples import Samples
from app.core.training.split import Scan
from app.models.backbones.base import Backbone
from app.models.heads.base import OccupancyHead

KINDS = ("", "empty", "full")
"""Names of what is counted; 0 is nothing."""

_HELD = 4
"""First word of the random streams for queries of held-out scans, the same in all runs."""


def occupancy_of(
    network: Backbone,
    head: OccupancyHead,
    samples: Samples,
    scans: tuple[Scan, ...],
    *,
    precision: Callable[[], AbstractContextManager[object]],
    device: torch.device,
) -> Confusion:
    """Count told against true occupancy, over queries of scans as recorded that have a point near them.

    A scan is asked the same whatever the run's seed and step. ``precision`` gives the autocast context.
    """
    counts = Confusion(KINDS)
    training = network.training, head.training
    network.eval()
    head.eval()
    try:
        for scan in scans:
            pred, true = _told(network, head, samples, scan, precision, device)
            counts.add(pred, true)
    finally:
        network.train(training[0])
        head.train(training[1])
    return counts


def _told(
    network: Backbone,
    head: OccupancyHead,
    samples: Samples,
    scan: Scan,
    precision: Callable[[], AbstractContextManager[object]],
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray]:
    """(Q,) ids of ``KINDS``, told and true, of one scan."""
    decoded, recipe = samples.decoded(scan), samples.recipe
    assert samples.occupancy is not None
    assert decoded.lines is not None
    found = network_input(decoded.points, decoded.columns, recipe.columns, recipe.voxel_size)
    places = found.feats[:, :3]
    rng = np.random.default_rng([_HELD, scan.data, scan.index])
    asked = samples.occupancy.asked(decoded.lines, STILL, places, rng)
    offset = asked.places[:, None] - places[np.maximum(asked.support, 0)]
    given = (torch.from_numpy(part).to(device) for part in (found.coords, found.feats, asked.support, offset))
    coords, feats, support, away = given
    with torch.inference_mode(), precision():
        logits = head.logits(network(coords, feats), support, away)
    return 1 + (logits > 0).cpu().numpy().astype(np.int64), 1 + asked.occupied.astype(np.int64)
