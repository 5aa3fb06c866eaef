"""Names, colours and steps of surfaces, for whoever chooses among them: nothing here needs what makes a surface.

The window starts without numba and what else extraction takes long to import.
"""

from __future__ import annotations

from app.core.errors import DataError, UsageError

BASELINES = ("poisson", "tsdf", "voxels")
AT_ONCE = frozenset({"poisson", "voxels"})
"""Baselines that make triangles in one go, from no field: they have one level, no threshold, and cannot be cut."""

TITLES = {"network": "Network", "poisson": "Poisson", "tsdf": "Lines of sight", "voxels": "Voxels"}
"""What makes a surface, in words."""

COLORS = ("height", "class", "intensity", "latent", "uncertainty", "normal")
OF_NETWORK = frozenset({"intensity", "latent", "uncertainty"})
"""Colours that come from a network."""

COARSEST = 0.8
"""Metres: the first level is the coarsest that is not above this."""

FINEST = 0.01


class NoPointsInBox(UsageError):
    """A box that holds none of the frame's points."""

    remedy = "everywhere"
    """What would help, as the window's state names it."""


class NoHead(DataError):
    """A checkpoint without an occupancy head."""

    remedy = "browse"


class TooFine(UsageError):
    """A step that would need more memory than there is; ``finest``: metres, the finest that fits."""

    remedy = "finest"

    def __init__(self, sentence: str, finest: float) -> None:
        super().__init__(sentence, finest)
        self.finest = finest

    def __str__(self) -> str:
        return str(self.args[0])


def steps_to(step: float) -> tuple[float, ...]:
    """Edges of cells from coarse to ``step``, each half of the one before; ``UsageError`` for one out of range."""
    if not FINEST <= step <= 10:
        raise UsageError(f"The step is between {FINEST:g} and 10 m; {step:g} was asked for.")
    steps = [step]
    while steps[0] * 2 <= COARSEST + 1e-9:
        steps.insert(0, steps[0] * 2)
    return tuple(steps)


def check_color(name: str, *, network: bool) -> None:
    """``UsageError`` where there is no such colour, or it comes from a network and there is none."""
    if name not in COLORS:
        raise UsageError(f"There is no colour '{name}' for surfaces; there are: {', '.join(COLORS)}.")
    if name in OF_NETWORK and not network:
        raise UsageError(
            f"The colour '{name}' comes from a network, and this surface has none; choose a checkpoint, or one of: "
            f"{', '.join(entry for entry in COLORS if entry not in OF_NETWORK)}."
        )
