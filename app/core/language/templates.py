"""The sentences a prompt is put into before CLIP reads it: sets that come along, and the user's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core import settings
from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.language.templates_imagenet import IMAGENET

FILE = "templates.yaml"
"""The user's own sets, in the folder of the settings."""

BROKEN = "templates_broken.yaml"
"""What a file that cannot be used is called once it has been moved aside."""

HOLE = "{}"
MOST, LONGEST = 200, 300
"""Sentences of a set, and characters of a sentence, at most."""

_ARTICLE = re.compile(r"\b(a|an|the|one|my|many) \{\}", re.IGNORECASE)
_BEGINS_SO = re.compile(r"(a|an|the|one|some|many|my|two|three) ", re.IGNORECASE)


@dataclass(frozen=True)
class TemplateSet:
    """Sentences with one ``{}`` each, where the prompt goes; ``title`` is what the window calls the set."""

    name: str
    title: str
    templates: tuple[str, ...]

    def filled(self, prompt: str) -> tuple[str, ...]:
        """The prompt in each sentence."""
        return tuple(fill(template, prompt) for template in self.templates)


def fill(template: str, prompt: str) -> str:
    """A prompt in one sentence. One that brings its own article ("a person crossing") replaces the sentence's."""
    if _BEGINS_SO.match(prompt):
        template = _ARTICLE.sub(HOLE, template, count=1)
    return template.replace(HOLE, prompt)


SCENE = (
    "there is a {} in the scene.",
    "there is the {} in the scene.",
    "this is a {} in the scene.",
    "this is the {} in the scene.",
    "this is one {} in the scene.",
)
"""What MaskCLIP adds to the sentences for ImageNet."""

STREET = (
    "{}",
    "a photo of a {}.",
    "a cropped photo of the {}.",
    "a low resolution photo of a {}.",
    "a {} in a street.",
    "a {} seen from a car.",
    "a photo of a {} in the city.",
)
"""For pictures from a vehicle: small, often cut off, in a street."""

TEMPLATES: dict[str, TemplateSet] = {
    one.name: one
    for one in (
        TemplateSet("street", "Street (7)", STREET),
        TemplateSet("plain", "Plain (2)", ("{}", "a photo of a {}.")),
        TemplateSet("imagenet80", "ImageNet (80)", IMAGENET),
        TemplateSet("maskclip85", "MaskCLIP: ImageNet and scenes (85)", IMAGENET + SCENE),
    )
}
"""The sets that come along, by name."""


def all_sets(folder: Path | None = None) -> tuple[TemplateSet, ...]:
    """The sets that come along, then the user's; ``DataError`` where the user's file cannot be used."""
    return (*TEMPLATES.values(), *load_own(folder))


def find(name: str, folder: Path | None = None) -> TemplateSet:
    """A set by name; ``UsageError`` listing the names there are, ``DataError`` where the user's file is broken."""
    if name in TEMPLATES:
        return TEMPLATES[name]
    own = {one.name: one for one in load_own(folder)}
    if name not in own:
        raise UsageError(f"There are no templates '{name}'; there are {', '.join((*TEMPLATES, *own))}.")
    return own[name]


def stamp(name: str, folder: Path | None = None) -> str:
    """What the set ``name`` is at this moment, if it is one of the user's; "" for those that come along. Cheap."""
    return "" if name in TEMPLATES else file_stamp(folder)


def file_stamp(folder: Path | None = None) -> str:
    """What the file of the user's own sets is at this moment. Cheap."""
    try:
        state = ((folder or settings.home()) / FILE).stat()
    except OSError:
        return "gone"
    return f"{state.st_mtime_ns}-{state.st_size}"


def checked(name: str, title: str, templates: tuple[str, ...]) -> TemplateSet:
    """A set that can be used and stored; ``UsageError`` saying what is wrong with it."""
    if not re.fullmatch(r"[\w -]{1,40}", name) or name in TEMPLATES or name != name.strip():
        taken = f" (taken: {', '.join(TEMPLATES)})" if name in TEMPLATES else ""
        raise UsageError(
            f"'{name[:60]}' cannot name templates{taken}; use 1 to 40 letters, digits, spaces, - and _, and a name "
            "that is not taken."
        )
    if not 0 < len(templates) <= MOST:
        raise UsageError(f"The templates '{name}' hold {len(templates)} sentences; write 1 to {MOST}, one a line.")
    for template in templates:
        shown = template if len(template) <= 60 else f"{template[:60]}…"
        if template.count(HOLE) != 1:
            raise UsageError(
                f"The template '{shown}' needs one {HOLE}, where the prompt goes; it has {template.count(HOLE)}."
            )
        if len(template) > LONGEST:
            raise UsageError(f"The template '{shown}' has {len(template)} characters; at most {LONGEST} are read.")
        if templates.count(template) > 1:
            raise UsageError(f"The template '{shown}' stands twice; leave one of them out.")
    return TemplateSet(name, title or name, templates)


def load_own(folder: Path | None = None) -> tuple[TemplateSet, ...]:
    """The user's sets, () where there is no file; ``DataError`` where it cannot be used."""
    path = (folder or settings.home()) / FILE
    if not path.is_file():
        return ()
    import yaml

    try:
        table = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read ({_line(error)}); correct or delete it.") from None
    if not isinstance(table, dict):
        raise DataError(f"{path} holds no table; expected a name for each set, with its title and templates.")
    try:
        return tuple(_stated(str(name), entry) for name, entry in table.items())
    except UsageError as error:
        raise DataError(f"{path}: {error}") from None


def save_own(sets: tuple[TemplateSet, ...], folder: Path | None = None) -> Path:
    """Write the user's sets whole, in place of those that are there.

    ``UsageError`` where a set cannot be used, ``DataError`` where the disk refuses; nothing is changed then.
    """
    import yaml

    table = {
        one.name: {"title": one.title, "templates": list(one.templates)}
        for one in (checked(one.name, one.title, one.templates) for one in sets)
    }
    path = (folder or settings.home()) / FILE
    write_atomically(path, yaml.safe_dump(table, allow_unicode=True, sort_keys=False, width=1000).encode())
    return path


def set_aside(folder: Path | None = None) -> Path:
    """Give a file that cannot be used another name, so that a new one can be begun; ``DataError`` if that fails."""
    path = (folder or settings.home()) / FILE
    aside = path.with_name(BROKEN)
    try:
        path.replace(aside)
    except OSError as error:
        raise DataError(f"{path} cannot be renamed ({error.strerror or error}).") from None
    return aside


def _stated(name: str, entry: Any) -> TemplateSet:
    if isinstance(entry, list):
        entry = {"templates": entry}
    sentences = entry.get("templates") if isinstance(entry, dict) else None
    if not isinstance(sentences, list) or not all(isinstance(sentence, str) for sentence in sentences):
        raise UsageError(f"'{name}' needs a list of sentences under 'templates'.")
    return checked(name, str(entry.get("title", "")), tuple(sentences))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
