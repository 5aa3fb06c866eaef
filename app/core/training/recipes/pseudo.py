"""Learn the classes from pseudo-labels that ``main.py pseudo-label`` wrote, as from any labels."""

from __future__ import annotations

from app.core.training.recipes._pseudo_labels import PseudoLabelled
from app.core.training.recipes.supervised import Supervised


class Pseudo(PseudoLabelled, Supervised):
    """The losses of supervised; any network."""


ENTRY = Pseudo
