"""Per-point layers, one file each, found by listing the folder.

A module that declares ``ENTRY``, an instance of :class:`~app.core.layers.base.Layer`, is a layer; modules
whose names are listed in ``SUPPORT`` are the shared parts beside them. Some layers exist only as long as a method
has certain options (a kept query is one); they are found by name, and their methods list them.
"""

from __future__ import annotations

from functools import cache

from app import discovery
from app.core.errors import UsageError
from app.core.language.queries import KEPT_PREFIX
from app.core.layers.base import Layer

SUPPORT = frozenset({"colormaps", "coloring", "difference", "kept"})


@cache
def all_layers() -> tuple[Layer, ...]:
    """Every layer there is, in the order of the panel (``order``, then name)."""
    names = [name for name in discovery.module_names(__name__) if name not in SUPPORT]
    found: list[Layer] = []
    for name in names:
        entry = discovery.load(__name__, name).ENTRY
        if not isinstance(entry, Layer) or entry.name != name:
            raise TypeError(f"{__name__}.{name}: ENTRY must be a Layer named '{name}'")
        found.append(entry)
    return tuple(sorted(found, key=lambda layer: (layer.order, layer.name)))


def find(name: str) -> Layer:
    """The layer of that name; ``UsageError`` with the names there are."""
    if name.startswith(KEPT_PREFIX):
        return _kept(name)
    for layer in all_layers():
        if layer.name == name:
            return layer
    names = ", ".join(layer.name for layer in all_layers())
    raise UsageError(f"There is no layer '{name}'; there are: {names}.")


@cache
def _kept(name: str) -> Layer:
    from app.core.layers.kept import KeptLayer

    return KeptLayer(name.removeprefix(KEPT_PREFIX))
