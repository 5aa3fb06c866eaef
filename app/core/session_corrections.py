"""The part of the inspector of pseudo-labels that keeps what is said by hand: accept, reject, relabel, undo.

Only the main thread calls it. The file is written beside, one write after the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.core.affinity import corrections as store
from app.core.affinity.corrections import Correction, Corrections
from app.core.affinity.inspecting import ACTIONS, CorrectionCounts, CorrectionMark, InstanceStory
from app.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from app.core.tasks.context import Source

SCOPE = "corrections"
NOTHING_CHOSEN = "Choose a superpoint first."

_WRITERS = ThreadPoolExecutor(1, thread_name_prefix="corrections")


class HandCorrections(ABC):
    """Corrections of the sequence in view."""

    corrections_changed = Signal()
    """There are other corrections."""

    _host: Any

    def __init__(self) -> None:
        self._book = Corrections()
        self._book_of: Source | None = None
        self._book_problem = ""
        self._writing: Future[None] | None = None

    @property
    @abstractmethod
    def story(self) -> InstanceStory | None: ...

    @abstractmethod
    def _corrections_differ(self) -> None:
        """Show them."""

    @property
    def corrections(self) -> Corrections:
        """All of the sequence in view."""
        self._open_book()
        return self._book

    @property
    def correction_counts(self) -> CorrectionCounts:
        """How many of which action."""
        return self.corrections.counts

    def correct(self, action: str, label: int | None = None) -> None:
        """Accept or reject the label of the superpoint that is told of, or give it another one; can be undone.

        ``label``: train id, for "relabel" alone. ``UsageError`` where nothing is told of, or there is no such
        action or class.
        """
        story, source, label_set = self.story, self._host._source, self._host.label_set
        if story is None or source is None or label_set is None:
            raise UsageError(NOTHING_CHOSEN)
        if action not in ACTIONS:
            raise UsageError(f"There is no correction '{action}'; there are: {', '.join(ACTIONS)}.")
        if (label is None) == (action == "relabel"):
            raise UsageError("Relabelling takes a class; accepting and rejecting take none.")
        said = label_set.class_name(story.label_after)
        name = {"accept": said, "reject": ""}.get(action, label_set.class_name(-1 if label is None else label))
        if action == "relabel" and (store.class_id(name, label_set) != label or label == label_set.ignore):
            raise UsageError(f"{label_set.name} has no class {label} that a superpoint could get.")
        new = Correction(story.name, story.size, story.points, action, name, said, store.now())
        self._change_book(f"{action.capitalize()} a label", self.corrections.with_one(new))

    def uncorrect(self) -> None:
        """Take back what was said of the superpoint that is told of; can be undone."""
        story = self.story
        if story is None or story.correction is None:
            raise UsageError("Nothing was said of this superpoint by hand.")
        self._change_book("Take back a correction", self.corrections.without(story.name, story.points))

    def correction_of(self, story: InstanceStory) -> CorrectionMark | None:
        """What was said of a superpoint by hand, or None."""
        label_set = self._host.label_set
        if label_set is None or not len(story.points):
            return None
        return self.corrections.mark(story.name, story.size, story.points, label_set)

    def finish_saving(self) -> None:
        """Wait until what was last said is on the disk."""
        if self._writing is not None:
            self._writing.result()

    # under the hood

    def _change_book(self, name: str, after: Corrections) -> None:
        if self._book_problem:  # what somebody said before must not be written over
            raise UsageError(self._book_problem)
        before = self._book
        self._use_book(after)
        self._host._history.record(name, self._using(before), self._using(after), scope=SCOPE)

    def _using(self, book: Corrections) -> Callable[[], None]:
        return lambda: self._use_book(book)

    def _use_book(self, book: Corrections) -> None:
        source = self._book_of
        if source is None:
            return
        self._book = book
        self._writing = _WRITERS.submit(self._write, source, book)
        self._corrections_differ()
        self.corrections_changed.emit()

    def _write(self, source: Source, book: Corrections) -> None:
        try:
            store.save(source.path, source.sequence, book)
        except DataError as error:
            sentence = f"The correction is not kept: {error}"
            self._host._post(lambda: self._host.log_line(sentence, "warning"))

    def _open_book(self) -> None:
        """The corrections of the sequence in view, read when they are first needed."""
        source = self._host._source
        if source == self._book_of:
            return
        self.finish_saving()
        self._host._history.forget(SCOPE)  # of another sequence
        self._book_of = source
        self._book, self._book_problem = Corrections(), ""
        if source is not None:
            self._book, self._book_problem = store.load(source.path, source.sequence)
        if self._book_problem:
            self._host.log_line(self._book_problem, "warning")
