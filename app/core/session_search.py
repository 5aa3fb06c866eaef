"""The part of asking in words that goes over a whole sequence: its index, searching it, pictures of the finds.

Only the main thread calls it. Nothing here waits: everything is a task of the engine.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from app.core.errors import Cancelled, LidarScopeError, UsageError
from app.core.language.queries import Hit, SearchResults

if TYPE_CHECKING:
    from app.core.methods.base import Chosen
    from app.core.tasks.context import Source

NOTHING_ASKED = "Type what to look for first."
THUMBNAIL = (224, 156)
"""Pixels of a picture: twice a tile's, for screens of twice the density."""
THUMBNAILS_KEPT = 400
LOOK_EVERY, LOOK_SHARE = 1.0, 0.05
"""Seconds between two searches of an index that grows, and the share of the time that they may take."""


class _Running:
    """Whether work of a kind is under way: the newest of it counts."""

    def __init__(self) -> None:
        self.on = False
        self.task: int | None = None
        self._ticket = 0

    def begin(self) -> int:
        """Newer work begins; returns what it is known by."""
        self.on = True
        self._ticket += 1
        return self._ticket

    def end(self, ticket: int) -> bool:
        """That work has ended; whether it was the newest."""
        newest = ticket == self._ticket
        self.on = self.on and not newest
        return newest


class LanguageSearch(ABC):
    """A query over all frames."""

    search_changed = Signal(object)
    """The new :class:`~app.core.language.queries.SearchResults`, or None."""
    index_changed = Signal()
    """Features of a sequence begin to be computed, or end."""
    thumbnails_changed = Signal()
    """There are more pictures of regions."""

    def __init__(self) -> None:
        self._results: SearchResults | None = None
        self._search = _Running()
        self._index = _Running()
        self._looked = 0.0
        self._pictures: dict[tuple[int, str, tuple[int, ...]], np.ndarray] = {}
        self._pictures_of: Source | None = None

    # what the other parts give

    @abstractmethod
    def _run(self, name: str, title: str, on_result: Any = None, **params: Any) -> int: ...

    @abstractmethod
    def _cancel(self, task: int) -> None: ...

    @abstractmethod
    def _where(self) -> Source | None:
        """The sequence in view."""

    @abstractmethod
    def _asking(self) -> Chosen:
        """The methods that are on, the query among them; empty without one."""

    @property
    def results(self) -> SearchResults | None:
        """What the last search of this sequence has found, for the query as it was then."""
        return self._results

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._search.on

    @property
    def indexing(self) -> bool:
        """Whether features of the sequence are being computed."""
        return self._index.on

    def search(self) -> None:
        """Search the indexed frames of the sequence; ``search_changed`` tells what was found.

        ``UsageError`` where nothing is open or asked.
        """
        source, chosen = self._where(), self._asking()
        if source is None:
            raise UsageError("Open a recording first, then search it.")
        if not chosen:
            raise UsageError(NOTHING_ASKED)

        ticket = self._search.begin()

        def found(results: SearchResults) -> None:
            self._search.end(ticket)
            if source == self._where():
                self._results = results
                self.search_changed.emit(results)

        def failed(_error: LidarScopeError) -> None:
            if self._search.end(ticket):
                self.search_changed.emit(self._results)

        self._search.task = self._run(
            "search_sequence",
            "Search the sequence",
            found,
            on_error=failed,
            key="search",
            source=source,
            methods=chosen,
        )

    def index(self, *, then_search: bool = True) -> None:
        """Compute and store the features of all frames of the sequence, the way the query takes them; frames that
        are stored already cost nothing. ``cancel_index`` keeps what is done. ``UsageError`` where nothing is
        open."""
        source = self._where()
        chosen = self._asking()
        if source is None:
            raise UsageError("Open a recording first, then compute its features.")
        if not chosen:
            raise UsageError(NOTHING_ASKED)

        ticket, way = self._index.begin(), self._index_way()

        def grown(_frame: object) -> None:
            if source == self._where() and way == self._index_way():
                self._look_again()

        def ended(_result: object) -> None:
            self._index.end(ticket)
            self.index_changed.emit()
            if then_search and source == self._where() and self._asking():
                self.search()

        def failed(error: LidarScopeError) -> None:
            if not self._index.end(ticket):
                return
            self.index_changed.emit()
            if isinstance(error, Cancelled) and source == self._where() and self._asking():
                self.search()

        self._index.task = self._run(
            "index_sequence",
            f"Features of {source.sequence}",
            ended,
            on_partial=grown,
            on_error=failed,
            key="index",
            source=source,
            way=way,
            methods=chosen,
            first=self._frame(),
        )
        if self._index.on:
            self.index_changed.emit()

    def _look_again(self) -> None:
        """Search what there is of an index that grows, as often as costs little beside the growing."""
        if self._search.on or not self._asking():
            return
        cost = 0.0 if self._results is None else self._results.seconds
        if time.monotonic() - self._looked > max(LOOK_EVERY, cost / LOOK_SHARE):
            self._looked = time.monotonic()
            self.search()

    def cancel_index(self) -> None:
        """Stop computing features; what is stored stays."""
        if self._index.on and self._index.task is not None:
            self._cancel(self._index.task)

    @abstractmethod
    def _index_way(self) -> str:
        """Which features are stored for the query's way."""

    @abstractmethod
    def _frame(self) -> int:
        """Index of the frame in view."""

    # pictures

    def thumbnail(self, hit: Hit) -> np.ndarray | None:
        """(h, w, 3) uint8 picture of a region, None until it has come (``ask_for_thumbnails``)."""
        return self._pictures.get(_key(hit))

    def ask_for_thumbnails(self, hits: Sequence[Hit]) -> None:
        """Have the pictures of these regions cut out; ``thumbnails_changed`` tells when they are there."""
        source = self._where()
        if source is None:
            return
        if source != self._pictures_of:
            self._pictures, self._pictures_of = {}, source
        lacking = tuple(hit for hit in hits if _key(hit) not in self._pictures)
        if not lacking:
            return

        def came(pictures: dict[Hit, np.ndarray]) -> None:
            if source != self._pictures_of:
                return
            self._pictures |= {_key(hit): picture for hit, picture in pictures.items()}
            for old in list(self._pictures)[:-THUMBNAILS_KEPT]:
                del self._pictures[old]
            self.thumbnails_changed.emit()

        self._run(
            "region_thumbnails",
            "Pictures of regions",
            came,
            key="thumbnails",
            source=source,
            hits=lacking,
            size=THUMBNAIL,
        )

    # under the hood

    def _leave_sequence(self) -> None:
        """Another sequence is shown, or another question is asked in other words: what was found is of no use."""
        if self._results is not None:
            self._results = None
            self.search_changed.emit(None)


def _key(hit: Hit) -> tuple[int, str, tuple[int, ...]]:
    return hit.frame, hit.camera, hit.box
