"""Recipes, one file each, found by listing the folder; and settings of them that ship as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import takewhile
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


def about(name: str) -> str:
    """What the recipe of that name learns, and how: the first sentence of its file. Errors as :func:`kind_of`."""
    if name in kinds():
        said = (load(__name__, name).__doc__ or "").split("\n\n")[0]
    else:
        lines = _text_of(name).splitlines()
        said = " ".join(line[1:].strip() for line in takewhile(lambda line: line.startswith("#"), lines))
        said = re.split(r"(?<=\.)\s", said)[0]
    return " ".join(said.replace("``", "").split())


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


def _path_of(name: str) -> Path:
    return Path(name) if Path(name).suffix in (".yaml", ".yml") else ASSETS / f"{name}.yaml"


def _text_of(name: str) -> str:
    path = _path_of(name)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"There is no recipe '{name}'; there are: {', '.join(names())}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as YAML ({str(error).splitlines()[0]}).") from None


def _from_file(name: str) -> tuple[str, dict[str, Any]]:
    import yaml

    path = _path_of(name)
    try:
        content = yaml.safe_load(_text_of(name))
    except yaml.YAMLError as error:
        raise DataError(f"{path} cannot be read as YAML ({str(error).splitlines()[0]}).") from None
    if not isinstance(content, dict) or not isinstance(content.get("recipe"), str):
        raise DataError(f"{path} is no recipe: expected a mapping with 'recipe' and fields of it.")
    fields = {str(key): value for key, value in content.items() if key != "recipe"}
    return content["recipe"], fields
