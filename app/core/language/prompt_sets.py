"""Prompt sets that the user has saved: one JSON file beside the settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.files import write_atomically
from app.core.language.queries import LONGEST, MOST_PROMPTS, NEGATIVES, TEMPLATES, Prompt, PromptSet
from app.core.settings import home

FILE = "prompt_sets.json"
LIMIT = 1 << 20


class _SavedPrompt(BaseModel):
    text: str = Field(min_length=1, max_length=LONGEST)
    color: tuple[int, int, int]


class _SavedSet(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    prompts: tuple[_SavedPrompt, ...] = Field(min_length=1, max_length=MOST_PROMPTS)
    negatives: tuple[str, ...] = NEGATIVES
    templates: str = TEMPLATES


class _SavedSets(BaseModel):
    model_config = ConfigDict(extra="ignore")

    version: int = 1
    sets: tuple[_SavedSet, ...] = ()


def load(folder: Path | None = None) -> tuple[tuple[PromptSet, ...], str]:
    """The sets on disk, by name; and a sentence about a file that could not be used, or ""."""
    path = (folder or home()) / FILE
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
        if len(content) > LIMIT:
            return (), f"{path} is larger than 1 MB, too large for prompt sets; move it away to save new ones."
        saved = _SavedSets.model_validate_json(content)
    except FileNotFoundError:
        return (), ""
    except OSError as error:
        return (), f"{path} cannot be read ({error.strerror or error}); no prompt sets are offered."
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        return (), f"{path} is not valid at {where}: {first['msg']}. No prompt sets are offered."
    sets = [
        PromptSet(s.name, tuple(Prompt(p.text, p.color) for p in s.prompts), s.negatives, s.templates)
        for s in saved.sets
    ]
    return tuple(sorted(sets, key=lambda entry: entry.name.casefold())), ""


def save(sets: tuple[PromptSet, ...], folder: Path | None = None) -> Path:
    """Write the sets whole; ``DataError`` where the folder cannot be written."""
    saved = _SavedSets(
        sets=tuple(
            _SavedSet(
                name=entry.name,
                prompts=tuple(_SavedPrompt(text=p.text, color=p.color) for p in entry.prompts),
                negatives=entry.negatives,
                templates=entry.templates,
            )
            for entry in sets
        )
    )
    path = (folder or home()) / FILE
    write_atomically(path, saved.model_dump_json(indent=2).encode())
    return path
