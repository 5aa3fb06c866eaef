"""How pictures are normalised before a network trained on ImageNet sees them."""

from __future__ import annotations

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of R, G, B as shares: what is taken off, and divided by."""
