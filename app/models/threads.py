"""How many threads torch takes for small work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch


@contextmanager
def at_most(count: int | None) -> Iterator[None]:
    """Torch with no more than ``count`` threads in this one while it lasts; as before where it is None."""
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(max(1, min(before, count)))
        yield
    finally:
        torch.set_num_threads(before)


def one_thread(wanted: bool = True) -> AbstractContextManager[None]:
    """Torch with one thread while this lasts; as before where it is not ``wanted``.

    Each call of torch waits for the last of its threads, so that beside a training, which has a thread on every
    core, work of a few milliseconds took a hundred times longer with all threads than with one.
    """
    return at_most(1 if wanted else None)
