"""What an occupancy checkpoint imagines as a field: latents once per frame, then its head wherever it is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from app.core.errors import DataError, UsageError
from app.core.model_card import ModelCard
from app.core.network_inputs import frame_columns, network_input
from app.core.prediction.aside import Stoppable, aside
from app.core.prediction.predictor import precision_of, told_of_memory
from app.core.types import Frame

if TYPE_CHECKING:
    import torch

    from app.models.backbones.base import Backbone
    from app.models.heads.base import OccupancyHead

MOST_NEIGHBOURS = 32
"""As many as the published heads are trained with, at most."""

PAIRS = 1 << 16
"""Pairs of a place and a point that the head sees at once: its rows of 128 numbers take 32 MB a layer."""


Telling = Callable[["torch.Tensor", "torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""From latents (V, L), support (Q, K) and offset (Q, K, 3) to a number for each query."""


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

    A place without a point within the radius is unknown (NaN).

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
        from scipy.spatial import cKDTree

        count = head.neighbours if neighbours is None else neighbours
        if not 1 <= count <= MOST_NEIGHBOURS:
            raise UsageError(f"The number of neighbours is between 1 and {MOST_NEIGHBOURS}; {count} was asked for.")
        self.device = next(head.parameters()).device
        self.precision = precision_of(precision, self.device)
        self.neighbours = min(count, len(latents.points))
        self.radius = head.radius if radius is None else radius
        self._head = head.eval()
        self._points = latents.points
        self._latents = torch.from_numpy(latents.values).to(self.device)
        self._tree = cKDTree(latents.points)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """(M,) float32 probabilities at (M, 3) places, metres; NaN where nothing is known."""
        import torch

        return self._chunked(places, lambda *given: torch.sigmoid(self._head.logits(*given).float()))

    def intensity(self, places: np.ndarray) -> np.ndarray:
        """(M,) float32 the intensity that the head predicts at (M, 3) places; NaN where nothing is known."""
        import torch

        def told(*given: torch.Tensor) -> torch.Tensor:
            found = self._head(*given)
            many = found.mask.sum(1)
            mean = (found.intensity.float() * found.mask).sum(1) / many.clamp_min(1)
            return torch.where(many > 0, mean, torch.full_like(mean, torch.nan))

        return self._chunked(places, told)

    @property
    def most(self) -> int:
        """Places that are worth asking for at once: a chunk of the head's memory."""
        return max(1, PAIRS // self.neighbours)

    def nearest(self, places: np.ndarray) -> np.ndarray:
        """(M,) int64 rows of the nearest of the latents' points."""
        return np.asarray(self._tree.query(places, workers=2)[1], np.int64)

    def _chunked(self, places: np.ndarray, told: Telling) -> np.ndarray:
        values = np.full(len(places), np.nan, np.float32)
        for start in range(0, len(places), self.most):
            part = places[start : start + self.most]
            values[start : start + self.most] = self._ask(np.ascontiguousarray(part, np.float32), told)
        return values

    def _ask(self, places: np.ndarray, told: Telling) -> np.ndarray:
        import torch

        answer = np.full(len(places), np.nan, np.float32)
        near = self._tree.query(places, k=self.neighbours, distance_upper_bound=self.radius, workers=2)[1]
        near = np.asarray(near, np.int64).reshape(len(places), self.neighbours)
        there = near[:, 0] < len(self._points)
        if not there.any():
            return answer
        near, asked = near[there], places[there]
        near[near == len(self._points)] = -1
        offset = asked[:, None] - self._points[near]
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"),
        ):
            support = torch.from_numpy(near).to(self.device)
            found = told(self._latents, support, torch.from_numpy(offset).to(self.device))
        answer[there] = found.float().cpu().numpy()
        return answer
