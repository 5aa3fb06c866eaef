"""Find "one idea per file" plug-ins: list a package's folder and load what each file declares."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def module_names(package: str) -> tuple[str, ...]:
    """Names of the public modules in a package, sorted, without importing them.

    Modules that start with an underscore and the shared ``base`` module are left out.
    """
    folder = importlib.import_module(package).__path__
    names = (found.name for found in pkgutil.iter_modules(folder) if not found.ispkg)
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """Import one plug-in module; unknown names raise ``KeyError`` with the names there are."""
    if name not in module_names(package):
        raise KeyError(f"{package} has no '{name}'; there are: {', '.join(module_names(package))}")
    return importlib.import_module(f"{package}.{name}")


def entries(package: str, attribute: str = "ENTRY") -> dict[str, object]:
    """The ``ENTRY`` of every module of a package, by module name."""
    return {name: getattr(load(package, name), attribute) for name in module_names(package)}
