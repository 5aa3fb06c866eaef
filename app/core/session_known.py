"""The parts of asking in words that stay: the data set's classes sought by their words, and queries that are kept.

Only the main thread calls it. Nothing here computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.core.errors import DataError, LidarScopeError
from app.core.label_sets import NO_NAMES
from app.core.language import methods_of_query as wanted_methods
from app.core.language.queries import KeptInfo
from app.core.prediction.scores import ScoreBook, Scores

if TYPE_CHECKING:
    from app.core.history import History
    from app.core.language.class_words import ClassWords
    from app.core.language.queries import QueryState
    from app.models.clip.source import ClipSource

ZERO_SHOT, KEPT = "zero_shot", "kept_queries"


class KnownClasses(ABC):
    """The data set's classes, sought by their words."""

    words_changed = Signal()
    """The words of classes have changed."""
    zero_shot_changed = Signal(bool)
    """Known classes are sought, or no longer."""
    scores_changed = Signal(object)
    """The new :class:`~app.core.prediction.scores.Scores` of the zero-shot classes."""

    _host: Any
    _clip: ClipSource | None
    _clip_problem: str

    def __init__(self) -> None:
        self._words: ClassWords | None = None
        self._zero_wanted = False
        self._zero_view: str | None = None
        self._scorebook = ScoreBook()

    @abstractmethod
    def use_built_in_clip(self) -> bool: ...

    @abstractmethod
    def _sync(self) -> None: ...

    @abstractmethod
    def _say(self, text: str, level: str = "info") -> None: ...

    @property
    def zero_shot(self) -> bool:
        """Whether the data set's classes are sought by their words, or will be once the CLIP has been looked at."""
        return self._zero_wanted

    def set_zero_shot(self, on: bool, view: str | None = None) -> None:
        """Seek the data set's classes by their words, and show that in a view; or no longer."""
        self._zero_wanted = on
        self._zero_view = view if on else None
        if on and self._clip is None:
            self.use_built_in_clip()
        self._sync()
        self._show_zero_shot()
        self.zero_shot_changed.emit(on)

    @property
    def zero_shot_problem(self) -> str:
        """Why the data set's classes cannot be sought, one sentence, or ""."""
        if not self._zero_wanted:
            return ""
        if self._host.label_set is None:
            return NO_NAMES
        if self._clip is None:
            return self._clip_problem
        state = self._host.frame_state
        return "" if state is None else str(state.missing_layers.get(ZERO_SHOT, ""))

    @property
    def words(self) -> ClassWords | None:
        """Words of each class of the data set in view; None without a label set. Where the user's own cannot be
        used (the log says why), those that come along."""
        if self._words is None and self._host.label_set is not None:
            from app.core.language import class_words

            try:
                self._words = class_words.of_label_set(self._host.label_set)
            except LidarScopeError as error:
                self._say(str(error), "warning")
                self._words = class_words.defaults(self._host.label_set)
        return self._words

    def set_words(self, words: ClassWords) -> None:
        """Other words for the classes, stored for this label set.

        ``UsageError`` where a word is empty or stands for two classes, or no class has one; nothing is changed
        then. Where the disk refuses, they hold until the program ends, and the log says so.
        """
        from app.core.language import class_words

        try:
            class_words.save(words)
        except DataError as error:
            self._say(str(error), "warning")
        self._words = words
        self._sync()
        self.words_changed.emit()

    def reset_words(self) -> None:
        """Back to the words that come along."""
        from app.core.language import class_words

        if self.words is None:
            return
        try:
            class_words.reset(self.words.name)
        except LidarScopeError as error:
            self._say(str(error), "warning")
        self._forget_words()
        self._sync()

    @property
    def scores(self) -> Scores:
        """How good the zero-shot classes are on this frame, and on the frames seen since they were asked for."""
        return self._scorebook.scores

    def reset_scores(self) -> None:
        """Count frames anew, from the next one on."""
        self._scorebook.clear()
        self.scores_changed.emit(self.scores)

    def _show_zero_shot(self) -> None:
        """Show the classes where that was asked for, once the method is on."""
        if self._zero_view is not None and ZERO_SHOT in self._host.methods:
            view, self._zero_view = self._zero_view, None
            self._host.set_layer(ZERO_SHOT, view)

    def _take_scores(self, report: Any) -> None:
        source, state = self._host._source, self._host.frame_state
        if report is not None and source is not None and state is not None:
            if self._scorebook.take((source, state.frame.index), report):
                self.scores_changed.emit(self.scores)
        elif self._scorebook.leave():
            self.scores_changed.emit(self.scores)

    def _forget_words(self) -> None:
        """Words are of a label set; another one may be in view."""
        self._words = None
        self.words_changed.emit()


class KeptQueries(ABC):
    """Queries that stay: as layers of their own, or as one of "My classes"."""

    kept_changed = Signal()
    """Other queries are kept as layers or classes."""

    _host: Any
    _clip: ClipSource | None
    _history: History

    @property
    @abstractmethod
    def query(self) -> QueryState: ...

    @abstractmethod
    def _set(self, changes: Mapping[str, Hashable | None]) -> None: ...

    @property
    def kept(self) -> tuple[KeptInfo, ...]:
        """Queries that are kept as layers or classes, oldest first."""
        return wanted_methods.kept_infos(self._host.methods.get(KEPT))

    def keep_as_layer(self, name: str) -> str:
        """Keep the active prompt as a layer of its own, evaluated on every frame; returns the layer's name.

        Its words, way, threshold and negatives stay as they are now; it is saved with the session, and can be
        undone. ``UsageError`` for an empty name, one that is taken, or where nothing is asked.
        """
        return self._keep(name, as_class=False)

    def keep_as_class(self, name: str) -> str:
        """Keep the active prompt as one of "My classes", a layer in which each point has the kept class it matches
        most clearly; returns that layer's name. Otherwise as :meth:`keep_as_layer`."""
        return self._keep(name, as_class=True)

    def forget_kept(self, name: str) -> None:
        """Keep a query no longer; views that show its layer go back to the height. Can be undone."""
        after = wanted_methods.without_kept(self._host.methods.get(KEPT), name)
        self._change_kept(f"Forget {name}", after)

    def _keep(self, name: str, *, as_class: bool) -> str:
        before = self._host.methods.get(KEPT)
        after, layer = wanted_methods.with_kept(before, name, self._clip, self.query, as_class=as_class)
        self._change_kept(f"Keep {name}", after)
        return layer

    def _change_kept(self, name: str, after: Hashable | None) -> None:
        before = self._host.methods.get(KEPT)
        if after == before:
            return
        self._apply_kept(after)
        self._history.record(name, self._keeping(before), self._keeping(after), scope="query")

    def _keeping(self, options: Hashable | None) -> Callable[[], None]:
        return lambda: self._apply_kept(options)

    def _apply_kept(self, options: Hashable | None) -> None:
        remaining = {entry.layer for entry in wanted_methods.kept_infos(options)}
        for view, shown in self._host.views.items():
            if shown.layer in {entry.layer for entry in self.kept} - remaining:
                self._host.set_layer("height", view)
        self._set({KEPT: options})
        self.kept_changed.emit()
