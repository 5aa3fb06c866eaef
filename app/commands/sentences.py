"""The sentences that words are put into, on the command line: which there are, and the user's own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from app.commands.shared import JsonOption, print_json
from app.core.errors import UsageError

commands = typer.Typer()


@commands.command()
def templates(
    name: Annotated[str | None, typer.Argument(help="A set; all of them without.")] = None,
    sentence: Annotated[
        list[str] | None,
        typer.Option("--sentence", help="Write this set of your own: a sentence with one {}; may be repeated."),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete this set of your own.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the sentences that words are put into, or write a set of your own for --templates NAME."""
    if name is None and (sentence or delete):
        raise UsageError("Name the set: templates NAME --sentence 'a {} at night.', or templates NAME --delete.")
    if sentence and delete:
        raise UsageError("A set is written or deleted, not both; leave out --sentence or --delete.")
    if name is not None and (sentence or delete):
        _change(name, tuple(sentence or ()), delete=delete)
    found = _listed(None if delete else name)
    if as_json:
        print_json({one["name"]: {key: one[key] for key in ("title", "own", "templates")} for one in found})
    elif name is None or delete:
        print("\n".join(f"{one['name']}: {one['title']}{', your own' if one['own'] else ''}" for one in found))
    else:
        print("\n".join(found[0]["templates"]))


def _change(name: str, sentences: tuple[str, ...], *, delete: bool) -> None:
    """Write or delete a set of the user's own."""
    from app.core.language import templates as sets

    own = sets.load_own()
    others = tuple(one for one in own if one.name != name)
    if not delete:
        sets.save_own((*others, sets.checked(name, "", tuple(line.strip() for line in sentences))))
    elif len(others) == len(own):
        there = ", ".join(one.name for one in own) or "none yet"
        raise UsageError(f"None of your own templates is called '{name}'; there are: {there}.")
    else:
        sets.save_own(others)


def _listed(name: str | None) -> list[dict[str, Any]]:
    from app.core.language import templates as sets

    found = sets.all_sets() if name is None else (sets.find(name),)
    return [
        {"name": one.name, "title": one.title, "own": one.name not in sets.TEMPLATES, "templates": one.templates}
        for one in found
    ]
