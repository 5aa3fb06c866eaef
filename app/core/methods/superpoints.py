"""A frame cut into pieces that belong together: what the papers treat as instances."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.core.geometry.superpoints import SuperpointOptions, Superpoints, check, describe, superpoints
from app.core.labels import LabelSet
from app.core.methods.base import Fact, Given, Method, Steps
from app.core.prediction.aside import aside
from app.core.types import Frame


@dataclass(frozen=True)
class SuperpointReport:
    """What a panel shows of a frame: ``count`` superpoints, ``covered`` of its ``points`` are in one."""

    count: int
    covered: int
    points: int
    origin: str


class SuperpointMethod(Method[SuperpointOptions, Superpoints]):
    """The superpoints of one frame."""

    name: ClassVar[str] = "superpoints"
    title: ClassVar[str] = "Superpoints"
    options_type = SuperpointOptions
    default: ClassVar[Hashable | None] = SuperpointOptions()

    def missing(self, frame: Frame, label_set: LabelSet | None, options: SuperpointOptions | None) -> str | None:
        """Works on every frame."""
        return "Choose how points are grouped into superpoints." if options is None else None

    def steps(self, given: Given, options: SuperpointOptions) -> Steps[Superpoints]:
        """Geometry alone, in a thread beside."""
        check(options)
        points = given.frame.points
        work = aside(lambda _stop: superpoints(points, options))
        yield 0, 0, "superpoints"
        try:
            while True:
                next(work)
                yield 0, 0, "superpoints"
        except StopIteration as stop:
            found: Superpoints = stop.value
            return found
        finally:
            work.close()

    def bytes(self, result: Superpoints) -> int:
        """A number a point."""
        return result.nbytes

    def tell(self, result: Superpoints, row: int) -> tuple[Fact, ...]:
        """Which superpoint, and how many points it has."""
        number, origin = int(result.segment[row]), describe(result.options)
        if number < 0:
            return (Fact("Superpoint", "none", origin, "superpoint"),)
        points = int((result.segment == number).sum())
        what = ", a patch of ground" if result.ground[number] else ""
        line = f"{number} of {result.count}, {points} {'point' if points == 1 else 'points'}{what}"
        return (Fact("Superpoint", line, origin, "superpoint"),)

    def report(self, result: Superpoints, frame: Frame, label_set: LabelSet | None) -> SuperpointReport:
        """Counts."""
        covered = int((result.segment >= 0).sum())
        return SuperpointReport(result.count, covered, len(frame), describe(result.options))

    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """Any small frame has some."""
        return {self.name: SuperpointOptions()}


ENTRY = SuperpointMethod()
