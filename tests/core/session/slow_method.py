"""A method for tests whose work can be watched: it counts its steps, can fail, and can be told to take long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import numpy as np

from app.core import layers, methods
from app.core.errors import DataError
from app.core.layers.base import Kind, LayerData, MethodLayer
from app.core.methods.base import Fact, Method


@dataclass(frozen=True)
class SlowOptions:
    value: float = 1.0
    fails: bool = False


class Slow(Method[SlowOptions, np.ndarray]):
    name = "slow"
    title = "Slow"
    options_type = SlowOptions
    stamp = 0

    def __init__(self) -> None:
        self.worked: list[int] = []
        self.ready = True

    def pinned(self, options):
        return SlowOptions(options.value + 100 * self.stamp, options.fails)

    def prepared(self, options):
        return self.ready

    def prepare(self, options):
        yield 0, 0, "get ready"
        self.ready = True

    def missing(self, frame, label_set, options):
        return "Switch it on." if options is None else None

    def steps(self, given, options):
        for done in range(3):
            yield done, 3, "work"
        if options.fails:
            raise DataError("It broke.")
        self.worked.append(given.frame.index)
        return np.full(len(given.frame), options.value, np.float32)

    def bytes(self, result):
        return result.nbytes

    def tell(self, result, row):
        return (Fact("Slow", f"{result[row]:g} at {row}", "made up"),)

    def report(self, result, frame, label_set):
        return float(result[0])

    def example(self, folder):
        return {self.name: SlowOptions()}


class SlowLayer(MethodLayer):
    name = "slow"
    title = "Slow layer"
    kind = Kind.SCALAR
    order = 999
    method = "slow"

    def view(self, result, frame, label_set):
        return LayerData(self.name, self.title, self.kind, result, provenance="made up")


@contextmanager
def installed() -> Iterator[Slow]:
    """The method and its layer among the others."""
    method, layer = Slow(), SlowLayer()
    every, find_layer, find_method, all_methods = (
        (*layers.all_layers(), layer), layers.find, methods.find, methods.all_methods()
    )  # fmt: skip
    with (
        mock.patch.object(layers, "all_layers", lambda: every),
        mock.patch.object(layers, "find", lambda name: layer if name == "slow" else find_layer(name)),
        mock.patch.object(methods, "find", lambda name: method if name == "slow" else find_method(name)),
        mock.patch.object(methods, "all_methods", lambda: (*all_methods, method)),
    ):
        yield method
