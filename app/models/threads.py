"""How many threads torch takes for small work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Torch with one thread while this lasts; as before where it is not ``wanted``.

    Each call of torch waits for the last of its threads, so that beside a training, which has a thread on every
    core, work of a few milliseconds took a hundred times longer with all threads than with one.
    """
    before = torch.get_num_threads()
    if wanted:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
