"""What papers and models do with a frame, one method per file, found by listing the folder.

A module declares ``ENTRY``, an instance of :class:`~app.core.methods.base.Method`. Layers show its results
(:class:`~app.core.layers.base.MethodLayer`), the inspector tells what it knows of a point.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any

from app import discovery
from app.core.errors import UsageError
from app.core.layers.base import Layer
from app.core.methods.base import Method


@cache
def find(name: str) -> Method[Any, Any]:
    """The method of that name; ``UsageError`` with the names there are."""
    names = discovery.module_names(__name__)
    if name not in names:
        raise UsageError(f"There is no method '{name}'; there are: {', '.join(names)}.")
    entry = discovery.load(__name__, name).ENTRY
    if not isinstance(entry, Method) or entry.name != name:
        raise TypeError(f"{__name__}.{name}: ENTRY must be a Method named '{name}'")
    return entry


def all_methods() -> tuple[Method[Any, Any], ...]:
    """Every method there is, by name."""
    return tuple(find(name) for name in discovery.module_names(__name__))


def layers_under(options: Mapping[str, Hashable]) -> tuple[Layer, ...]:
    """Every layer there is while methods, by name, have these options; the methods' own come last."""
    from app.core import layers

    own = [layers.find(one) for name, chosen in options.items() for one in find(name).own_layers(chosen)]
    return (*layers.all_layers(), *own)
