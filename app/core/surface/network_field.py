"""What an occupancy checkpoint imagines as a field: latents once per frame, then its head wherever it is asked."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from app.core.cores import network_threads
from app.core.errors import DataError, UsageError
from app.core.model_card import ModelCard
from app.core.network_inputs import frame_columns, network_input
from app.core.prediction.aside import Stoppable, aside
from app.core.prediction.predictor import precision_of, told_of_memory
from app.core.surface.support import Support
from app.core.types import Frame

if TYPE_CHECKING:
    from app.models.backbones.base import Backbone
    from app.models.heads.base import OccupancyHead

MOST_NEIGHBOURS = 32
"""As many as the published heads are trained with, at most."""

PAIRS = 1 << 16
"""Pairs of a place and a point that a caller should ask for at once: some 50 ms on two cores."""

CACHED = {"fp32": 1 << 10, "bf16": 1 << 12}
"""Pairs that a thread takes at once: a layer's 128 numbers for them are 0.5 and 1 MB. In float32 twice as many take
twice as long for each; in bfloat16 a quarter or four times as many take a fifth longer."""

THREADS = 2
"""On a processor. They never wait for each other within a product, as torch's own threads do: beside a training,
torch took a hundred times longer with two threads than with one."""


class Model(Protocol):
    """What is needed of a loaded occupancy checkpoint."""

    network: Backbone
    head: OccupancyHead
    card: ModelCard
    path: Path


@dataclass(frozen=True)
class Latents:
    """What the network says of a frame.

    ``points`` (V, 3) float32 metres, sensor frame, one a voxel; ``values`` (V, L) float32 their latents; ``row``
    (V,) int64 rows of the frame.
    """

    points: np.ndarray
    values: np.ndarray
    row: np.ndarray


def latent_steps(model: Model, frame: Frame, *, precision: str = "auto") -> Generator[None, None, Latents]:
    """The latents of a frame, yielding while the network works; closing the generator stops it at its next layer.

    Raises
    ------
    DataError
        The frame lacks a column or has no points, latents are not numbers, or memory does not suffice.
    """
    card = model.card
    given = network_input(frame.points, frame_columns(frame), card.columns, card.voxel_size)
    if not len(given.coords):
        raise DataError(f"Frame {frame.name} has no points, so there is nothing to take a surface from.")

    def work(stop: threading.Event) -> np.ndarray:
        import torch

        device = next(model.network.parameters()).device
        fast = precision_of(precision, device) == "bf16"
        try:
            with (
                torch.inference_mode(),
                torch.autocast(device.type, torch.bfloat16, enabled=fast),
                network_threads(),
                Stoppable(model.network, stop),
            ):
                coords = torch.from_numpy(given.coords).to(device)
                embedded = model.network.embed(coords, torch.from_numpy(given.feats).to(device))
                latents = model.network.classify(embedded)
        except (MemoryError, RuntimeError) as error:
            raise told_of_memory(error, len(given.coords), device.type) from None
        return np.asarray(latents.float().cpu().numpy())

    values = yield from aside(work)
    if not np.isfinite(values).all():
        raise DataError(
            f"{model.path} gives latents that are not numbers: its training has diverged. Choose an earlier "
            "checkpoint."
        )
    return Latents(frame.points[given.first], values, given.first)


class NetworkField:
    """The probability of being inside at any place, from a head and the latents around.

    A place without a point within the radius is unknown (NaN). Quickest where places follow each other closely.

    Parameters
    ----------
    head : on the device where it shall work
    latents : of the frame
    neighbours : points that a place is told from, the nearest ones; 1 to 32. The head is trained with its own
        number; fewer is faster and changes the field a little
    radius : metres to the points that a place is told from; None: the head's own
    precision : "fp32", "bf16", or "auto": bf16 where the hardware is fast in it
    """

    def __init__(
        self,
        head: OccupancyHead,
        latents: Latents,
        *,
        neighbours: int | None = None,
        radius: float | None = None,
        precision: str = "auto",
    ) -> None:
        """``UsageError`` for a number of neighbours or a precision that cannot be."""
        import torch

        count = head.neighbours if neighbours is None else neighbours
        if not 1 <= count <= MOST_NEIGHBOURS:
            raise UsageError(f"The number of neighbours is between 1 and {MOST_NEIGHBOURS}; {count} was asked for.")
        self.device = next(head.parameters()).device
        self.precision = precision_of(precision, self.device)
        self.neighbours = min(count, len(latents.points))
        self.radius = head.radius if radius is None else radius
        self._support = Support(latents.points)
        values = torch.from_numpy(latents.values[self._support.order]).to(self.device)
        with torch.inference_mode():
            self._head = head.eval().prepared(values, half=self.precision == "bf16")

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """(M,) float32 probabilities at (M, 3) places, metres; NaN where nothing is known."""
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-self._told(places)[:, 0])))

    def intensity(self, places: np.ndarray) -> np.ndarray:
        """(M,) float32 the intensity that the head predicts at (M, 3) places; NaN where nothing is known."""
        return self._told(places)[:, 1]

    @property
    def most(self) -> int:
        """Places that are worth asking for at once."""
        return max(1, PAIRS // self.neighbours)

    def nearest(self, places: np.ndarray) -> np.ndarray:
        """(M,) int64 rows of the nearest of the latents' points."""
        return self._support.order[self._support.of(places, 1)[0][:, 0]].astype(np.int64)

    def _told(self, places: np.ndarray) -> np.ndarray:
        """(M, 2) float32 logit and intensity, NaN where nothing is known."""
        told = np.full((len(places), 2), np.nan, np.float32)
        length = max(1, (CACHED[self.precision] if self.device.type == "cpu" else PAIRS) // self.neighbours)
        parts = [slice(start, start + length) for start in range(0, len(places), length)]

        def work(given: list[slice]) -> None:
            for part in given:
                told[part] = self._ask(places[part])

        # each thread has a run of its own: places that follow each other have the same points near them
        edges = [len(parts) * k // THREADS for k in range(THREADS + 1)]
        for _ in _threads().map(work, [parts[a:b] for a, b in itertools.pairwise(edges)]):
            pass
        return told

    def _ask(self, places: np.ndarray) -> np.ndarray:
        """(M, 2) as :meth:`_told`, of so few places that a core's cache holds what they need."""
        import torch

        index, offset = self._support.of(places, self.neighbours, self.radius)
        told = np.full((len(places), 2), np.nan, np.float32)
        known = index[:, 0] >= 0
        if not known.all():
            index, offset = index[known], offset[known]
        if len(index):
            with torch.inference_mode():
                found = self._head(
                    torch.from_numpy(index).to(self.device), torch.from_numpy(offset).to(self.device)
                )
            told[known] = found.cpu().numpy()
        return told


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads in each of which torch has one thread, whatever it has elsewhere."""
    import torch

    many = torch.get_num_threads()
    ready = threading.Barrier(THREADS + 1)

    def alone() -> None:
        torch.get_num_threads()  # the first call gives a thread its number: after the next line it would undo it
        torch.set_num_threads(1)
        ready.wait()

    pool = ThreadPoolExecutor(THREADS, "field")
    alone_in_each = [pool.submit(alone) for _ in range(THREADS)]
    ready.wait()
    for done in alone_in_each:
        done.result()
    torch.set_num_threads(many)  # torch gives threads that begin later the number that was set last, anywhere
    return pool
