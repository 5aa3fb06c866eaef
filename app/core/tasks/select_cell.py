"""Which drawn points lie in one cell of the confusion: predicted as one class, labelled another."""

from __future__ import annotations

import numpy as np

from app.core.labels import UNKNOWN
from app.core.methods.base import Chosen
from app.core.state import Accumulation
from app.core.tasks.base import TaskEvents
from app.core.tasks.cloud_layers import check_layer, layer_steps
from app.core.tasks.clouds import build
from app.core.tasks.context import Context, Source

PRIORITY = 0


def select_cell(
    context: Context,
    *,
    source: Source,
    index: int,
    predicted: int,
    true: int,
    accumulation: Accumulation | None = None,
    methods: Chosen = (),
) -> TaskEvents[np.ndarray]:
    """Rows (K,) int64 of the drawn cloud with these two train ids; an unknown label counts as the ignored one.

    Raises
    ------
    UsageError
        There is no prediction or no label, or they are of different label sets.
    DataError
        The frame cannot be read.
    """
    built = yield from build(context, source, index, accumulation or Accumulation(), methods)
    for name in ("prediction_error", "prediction", "label"):
        check_layer(built, name)
    ours = yield from layer_steps(context, built, "prediction")
    theirs = yield from layer_steps(context, built, "label")
    truth = np.where(theirs.values == UNKNOWN, 0, theirs.values)
    guess = np.where(ours.values == UNKNOWN, 0, ours.values)
    return np.flatnonzero((guess == predicted) & (truth == true)).astype(np.int64)


ENTRY = select_cell
