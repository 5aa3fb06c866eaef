"""Devices, precision and processes of a run, by Lightning Fabric."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.core.cores import usable_cores
from app.core.errors import UsageError
from app.core.model_card import device_of
from app.core.training.recipe import Recipe

if TYPE_CHECKING:
    from lightning_fabric import Fabric


LONGEST_PAUSE = timedelta(days=30)
"""How long processes wait for each other: the first one may be told to pause."""


def world_size() -> int:
    """Processes that torchrun started for this run; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that writes."""
    return int(os.environ.get("RANK", "0")) == 0


def check_processes(recipe: Recipe) -> None:
    """``UsageError`` where the recipe cannot run on this device or with this many processes."""
    device = device_of(recipe.device)
    if recipe.precision == "16-mixed" and device.type == "cpu":
        raise UsageError("precision 16-mixed needs a GPU; on the processor use bf16-mixed or 32.")
    if recipe.batch_size % world_size():
        raise UsageError(
            f"batch_size is {recipe.batch_size}, which {world_size()} processes cannot share evenly; "
            "choose a multiple."
        )


def fabric_of(recipe: Recipe) -> Fabric:
    """Fabric, launched: with torchrun's processes, or this one alone. Threads are shared out."""
    import torch
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    check_processes(recipe)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    world = world_size()
    local = int(os.environ.get("LOCAL_WORLD_SIZE", str(world)))
    torch.set_num_threads(max(1, (recipe.threads or usable_cores()) // local))
    device = device_of(recipe.device)
    devices: Any = local if world > 1 or device.type == "cpu" else [device.index or 0]
    fabric = Fabric(
        accelerator=device.type,
        devices=devices,
        num_nodes=max(1, world // local),
        # Statistics are shared (shared_norm), so buffers are equal everywhere without being sent.
        strategy=DDPStrategy(broadcast_buffers=False, timeout=LONGEST_PAUSE) if world > 1 else "auto",
        precision=recipe.precision if recipe.precision != "32" else "32-true",
    )
    fabric.launch()
    return fabric
