"""The part of asking in words that is about the sentences words are put into: which there are, the user's own.

Only the main thread calls it. The file is small and read once for each time it changes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from psygnal import Signal

from app.core.errors import LidarScopeError, UsageError
from app.core.language import templates
from app.core.language.queries import TEMPLATES, QueryState
from app.core.language.templates import TemplateSet


class OwnTemplates(ABC):
    """Sets of sentences; what is shown of a set that changes is computed again."""

    templates_changed = Signal()
    """There are other sets, or other sentences in one."""

    _host: Any

    def __init__(self) -> None:
        self._templates_stamp: str | None = None
        self._own_sets: tuple[TemplateSet, ...] = ()
        self._templates_problem = ""

    @property
    @abstractmethod
    def query(self) -> QueryState: ...

    @abstractmethod
    def set_templates(self, templates: str) -> None: ...

    @abstractmethod
    def _say(self, text: str, level: str = "info") -> None: ...

    @property
    def template_sets(self) -> tuple[TemplateSet, ...]:
        """The sentences that words can be put into: those that come along, then the user's own."""
        return (*templates.TEMPLATES.values(), *self.own_templates)

    @property
    def own_templates(self) -> tuple[TemplateSet, ...]:
        """The user's own sets; () where their file cannot be used (``templates_problem``, and the log, say why)."""
        stamp = templates.file_stamp()
        if stamp != self._templates_stamp:
            self._templates_stamp = stamp
            self._own_sets, self._templates_problem = (), ""
            try:
                self._own_sets = templates.load_own()
            except LidarScopeError as error:
                self._templates_problem = str(error)
                self._say(str(error), "warning")
        return self._own_sets

    @property
    def templates_problem(self) -> str:
        """Why the file with the user's own sets cannot be used, one sentence, or ""."""
        _ = self.own_templates
        return self._templates_problem

    def save_templates(self, name: str, sentences: Sequence[str], *, instead_of: str = "") -> None:
        """Store a set of the user's own, in the place of the one called ``instead_of`` ("": a new one).

        Empty lines are left out. ``UsageError`` for a name that is taken or cannot be one, for sentences without
        exactly one ``{}``, and where the file there cannot be used; ``DataError`` where the disk refuses. Nothing
        is changed then.
        """
        name, lines = name.strip(), tuple(line.strip() for line in sentences if line.strip())
        own = list(self._usable())
        at = next((place for place, one in enumerate(own) if one.name == instead_of), len(own))
        if any(one.name == name for one in own if one.name != instead_of):
            raise UsageError(f"There are templates called '{name}' already; choose another name.")
        title = own[at].title if name == instead_of and at < len(own) else name
        own[at : at + 1] = [templates.checked(name, title, lines)]
        self._store_templates(tuple(own), instead_of, name)

    def delete_templates(self, name: str) -> None:
        """Forget a set of the user's own; a query that used it goes back to the usual one.

        ``UsageError`` where none has that name, ``DataError`` where the disk refuses.
        """
        left = tuple(one for one in self._usable() if one.name != name)
        if len(left) == len(self.own_templates):
            raise UsageError(f"None of your own templates is called '{name}'.")
        self._store_templates(left, name, TEMPLATES)

    def set_templates_aside(self) -> None:
        """Rename a file that cannot be used, so that own sets can be stored again; ``DataError`` if that fails."""
        if self.templates_problem:
            aside = templates.set_aside()
            self._say(f"What could not be used is kept as {aside}.")
            self.templates_changed.emit()

    def _usable(self) -> tuple[TemplateSet, ...]:
        own = self.own_templates
        if self._templates_problem:
            raise UsageError(self._templates_problem)
        return own

    def _store_templates(self, sets: tuple[TemplateSet, ...], before: str, after: str) -> None:
        """Write the sets; a query that uses the one called ``before`` goes on with ``after``."""
        templates.save_own(sets)
        if before and before != after and self.query.templates == before:
            self.set_templates(after)
        self._host.refresh_methods(at_once=True)
        self.templates_changed.emit()
