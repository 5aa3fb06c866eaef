"""Which drawn points match the active prompt of a query."""

from __future__ import annotations

import numpy as np

from app.core.methods.base import Chosen
from app.core.state import Accumulation
from app.core.tasks.base import TaskEvents
from app.core.tasks.cloud_layers import check_layer, layer_steps
from app.core.tasks.clouds import build
from app.core.tasks.context import Context, Source

PRIORITY = 0
LAYER = "text_match"


def select_matches(
    context: Context, *, source: Source, index: int, accumulation: Accumulation | None = None, methods: Chosen = ()
) -> TaskEvents[np.ndarray]:
    """Rows (K,) int64 of the drawn cloud that match.

    Raises
    ------
    UsageError
        Nothing is asked, or the frame has no features.
    DataError
        The frame cannot be read, or a method cannot work.
    """
    built = yield from build(context, source, index, accumulation or Accumulation(), methods)
    check_layer(built, LAYER)
    data = yield from layer_steps(context, built, LAYER)
    return np.flatnonzero(data.values).astype(np.int64)


ENTRY = select_matches
