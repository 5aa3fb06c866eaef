"""Recipes, one file each, found by listing the folder; and settings of them that ship as files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.core.errors import DataError, UsageError
from app.core.training.recipe import Recipe, checked, parsed
from app.discovery import load, module_names

ASSETS = Path(__file__).resolve().parents[4] / "assets" / "recipes"


@cache
def kinds() -> dict[str, type[Recipe]]:
    """All kinds of recipes by name."""
    return {name: load(__name__, name).ENTRY for name in module_names(__name__)}


def names() -> tuple[str, ...]:
    """What may be trained: the kinds, and the settings of them in ``assets/recipes``."""
    return (*kinds(), *sorted(path.stem for path in ASSETS.glob("*.yaml") if path.stem not in kinds()))


def kind_of(name: str) -> type[Recipe]:
    """The kind of that name; ``UsageError`` with the names there are."""
    if name not in kinds():
        raise UsageError(f"There is no recipe '{name}'; there are: {', '.join(names())}.")
    return kinds()[name]


def recipe_of(name: str, settings: Mapping[str, str] | None = None) -> tuple[str, Recipe]:
    """A recipe by the name of its kind, of a file in ``assets/recipes``, or by the path of such a YAML file.

    Returns the kind's name and the recipe, with ``settings`` (text, as on the command line) put over it.

    Raises
    ------
    UsageError
        No such recipe, or a field that is unknown or out of range.
    DataError
        The file cannot be read or is no recipe.
    """
    kind, fields = (name, {}) if name in kinds() else _from_file(name)
    model = kind_of(kind)
    usual = {entry: info.get_default(call_default_factory=True) for entry, info in model.model_fields.items()}
    return kind, checked(model, {**fields, **parsed(model, settings or {}, {**usual, **fields})})


def own_values(name: str) -> tuple[str, dict[str, Any]]:
    """Kind of the recipe of that name, and its own value of every field as JSON has it, whether or not it could be
    started so: some need what only the user can say (``init``, ``labels``). Errors as :func:`recipe_of`."""
    kind, fields = (name, {}) if name in kinds() else _from_file(name)
    return kind, kind_of(kind).model_construct(**fields).model_dump(mode="json", warnings=False)


def _from_file(name: str) -> tuple[str, dict[str, Any]]:
    import yaml

    path = Path(name) if Path(name).suffix in (".yaml", ".yml") else ASSETS / f"{name}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no recipe '{name}'; there are: {', '.join(names())}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read as YAML ({str(error).splitlines()[0]}).") from None
    if not isinstance(content, dict) or not isinstance(content.get("recipe"), str):
        raise DataError(f"{path} is no recipe: expected a mapping with 'recipe' and fields of it.")
    fields = {str(key): value for key, value in content.items() if key != "recipe"}
    return content["recipe"], fields
