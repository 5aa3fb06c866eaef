"""What a convolution engine offers, which there are, and which one is used.

All engines take the same kernels (K³, Cin, Cout) in the same order of offsets and give the same rows in the same
order.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from functools import cache
from typing import ClassVar

from torch import Tensor

from app.models.sparse.tensor import SparseTensor

NAMES = ("torch", "spconv", "torchsparse")
"""Engines, each in the module ``engine_<name>``."""

AUTO = "auto"
"""Choose by device: on a GPU torchsparse, else spconv, where installed; otherwise our own."""


class Engine(ABC):
    """One way to compute sparse convolutions."""

    name: ClassVar[str]

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot be used here, one sentence; None if it can."""

    @abstractmethod
    def submanifold(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """(N, Cout) 3³ convolution on the voxels of ``x``; ``kernel`` (27, Cin, Cout)."""

    @abstractmethod
    def down(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """(M, Cout) 2³ stride-2 convolution onto the grid of twice the stride; ``kernel`` (8, Cin, Cout)."""

    @abstractmethod
    def up(self, x: SparseTensor, kernel: Tensor) -> Tensor:
        """(M, Cout) transposed 2³ convolution onto the grid of half the stride; ``kernel`` (8, Cin, Cout)."""


@cache
def engine(name: str) -> Engine:
    """The engine of that name; ``ValueError`` where there is none or it cannot be used here."""
    if name not in NAMES:
        raise ValueError(f"there is no sparse convolution engine '{name}'; there are: {', '.join((AUTO, *NAMES))}")
    found: Engine = importlib.import_module(f"app.models.sparse.engine_{name}").ENTRY
    why = found.missing()
    if why:
        raise ValueError(why)
    return found


@cache
def usable() -> tuple[str, ...]:
    """Names of the engines that can be used here."""
    entries = ((name, importlib.import_module(f"app.models.sparse.engine_{name}").ENTRY) for name in NAMES)
    return tuple(name for name, entry in entries if entry.missing() is None)


def choose(name: str, x: SparseTensor) -> Engine:
    """The engine for a tensor: the one named, or for ``auto`` the fastest that can be used on its device."""
    if name != AUTO:
        return engine(name)
    if x.feats.device.type == "cuda":
        for candidate in ("torchsparse", "spconv"):
            if candidate in usable():
                return engine(candidate)
    return engine("torch")
