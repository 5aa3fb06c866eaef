"""Compiles every loop of surfaces once, with the types that are really used; the setup runs it.

What is compiled is kept beside the sources, or in the user's own cache folder where those may not be written to.
"""

from __future__ import annotations

import numpy as np
import torch

from app import discovery
from app.core.surface.extraction import ExtractionOptions, extracting
from app.core.surface.network_field import Latents, NetworkField

STEPS = (0.8, 0.4)
WIDTH = 8


def warm() -> None:
    """Compile, or load what is compiled."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-4, 4, (300, 3)).astype(np.float32)
    latents = Latents(points, rng.normal(size=(300, WIDTH)).astype(np.float32), np.arange(300))
    torch.manual_seed(0)
    for name in discovery.module_names("app.models.heads"):
        head = discovery.load("app.models.heads", name).ENTRY.make(WIDTH)
        for precision in ("fp32", "bf16"):
            field = NetworkField(head, latents, neighbours=4, precision=precision)
            middle = float(np.nanmedian(field(points)))
            for _ in extracting(field, points, ExtractionOptions(STEPS, field.radius, middle)):
                pass


if __name__ == "__main__":
    warm()
