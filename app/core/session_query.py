"""The part of asking in words that is about the question: its prompts, how they are compared, undo, saved sets.

Only the main thread calls it. Nothing here computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from psygnal import Signal

from app.core.errors import LidarScopeError, UsageError
from app.core.language import prompt_sets
from app.core.language.features import WAYS
from app.core.language.queries import (
    COLORS,
    ENSEMBLE,
    LONGEST,
    MODES,
    MOST_PROMPTS,
    Color,
    Prompt,
    PromptSet,
    QueryState,
)

if TYPE_CHECKING:
    from app.core.history import History

SCOPE = "query"
WAY_CHOICES = (*WAYS, ENSEMBLE)


class QueryEditing(ABC):
    """The question; every change of it can be undone, and what is typed in one go is one step."""

    query_changed = Signal(object)
    """The new :class:`~app.core.language.queries.QueryState`."""
    sets_changed = Signal()
    """Other prompt sets are saved."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._query = QueryState()
        self._cut: frozenset[str] = frozenset()
        self._sets: tuple[PromptSet, ...] | None = None

    @abstractmethod
    def _query_differs(self, before: QueryState, after: QueryState) -> None:
        """The question has changed: ask it."""

    @abstractmethod
    def _say(self, text: str, level: str = "info") -> None:
        """Write to the session's log."""

    @property
    def query(self) -> QueryState:
        """What is asked, and how it is shown."""
        return self._query

    # prompts

    def set_prompts(self, prompts: Sequence[Prompt | str], *, name: str = "Ask") -> None:
        """Ask something else: words (coloured in turn) or whole prompts. ``UsageError`` for more than 32."""
        whole = [
            replace(prompt, text=self._kept_text(prompt.text))
            if isinstance(prompt, Prompt)
            else Prompt(self._kept_text(prompt), COLORS[place % len(COLORS)])
            for place, prompt in enumerate(prompts)
        ]
        self._check_count(len(whole))
        self._edit(name, replace(self._query, prompts=tuple(whole), active=0))

    def add_prompt(self, text: str = "", *, color: Color | None = None) -> int:
        """Ask for one thing more, which becomes the active one; returns its place."""
        return self._add(Prompt(self._kept_text(text), color or self._free_color()), "Add a prompt")

    def remove_prompt(self, place: int) -> None:
        """Ask no longer for this one."""
        self._at(place)
        prompts = self._query.prompts[:place] + self._query.prompts[place + 1 :]
        active = self._query.active - (self._query.active > place)
        active = min(max(active, 0), max(len(prompts) - 1, 0))
        self._edit("Remove a prompt", replace(self._query, prompts=prompts, active=active))

    def edit_prompt(self, place: int, text: str) -> None:
        """Other words for a prompt; call it with every key: what is typed in one go is undone in one step. Words
        take the place of a point or a box."""
        prompt = replace(self._at(place), text=self._kept_text(text), point=None, box=None)
        self._edit("Type", self._with(place, prompt), merge=("text", place))

    def recolor(self, place: int, color: Color) -> None:
        """Another colour for a prompt."""
        self._edit(
            "Colour a prompt", self._with(place, replace(self._at(place), color=color)), merge=("color", place)
        )

    def set_active(self, place: int) -> None:
        """Show and threshold the scores of this prompt."""
        self._at(place)
        self._edit("Choose a prompt", replace(self._query, active=place), merge="active")

    def clear_query(self) -> None:
        """Ask for nothing; what was asked can be undone back."""
        self._edit("Clear the query", replace(self._query, prompts=(), active=0))

    # how they are compared

    def set_mode(self, mode: str) -> None:
        """Show similarity, winner, relevancy or match. ``UsageError`` for anything else."""
        if mode not in MODES:
            raise UsageError(f"There is no mode '{mode}'; there are: {', '.join(MODES)}.")
        self._edit("Show differently", replace(self._query, mode=mode))

    def set_way(self, way: str) -> None:
        """Take the features from regions, pixels, network or both (ensemble). ``UsageError`` for anything else."""
        if way not in WAY_CHOICES:
            raise UsageError(f"There is no way '{way}'; there are: {', '.join(WAY_CHOICES)}.")
        self._edit("Take features differently", replace(self._query, way=way))

    def set_templates(self, templates: str) -> None:
        """Put the words into other sentences: name of a template set."""
        self._edit("Change templates", replace(self._query, templates=templates))

    def set_negatives(self, negatives: Sequence[str]) -> None:
        """Measure relevancy against these words; without any, against nothing: everything is relevant."""
        words = tuple(dict.fromkeys(self._kept_text(word).strip() for word in negatives if word.strip()))
        self._edit("Change negatives", replace(self._query, negatives=words), merge="negatives")

    def set_threshold(self, threshold: float | None) -> None:
        """Relevancy from which a point matches, 0 to 1; None: the usual one. ``UsageError`` outside."""
        if threshold is not None and not 0 <= threshold <= 1:
            raise UsageError(f"A threshold lies between 0 and 1; found {threshold:g}.")
        self._edit("Change the threshold", replace(self._query, threshold=threshold), merge="threshold")

    def set_denoise(self, share: float) -> None:
        """Drop prompts whose best confidence in the frame is below this, 0 to 1; 0: none. ``UsageError`` else."""
        if not 0 <= share <= 1:
            raise UsageError(f"Prompt denoising takes a confidence between 0 and 1; found {share:g}.")
        self._edit("Change denoising", replace(self._query, denoise=share), merge="denoise")

    def set_smooth(self, share: float) -> None:
        """Average the scores of pixels that are less sure than this over pixels with like keys, 0 to 1; 0: off.

        Way "pixels" alone. ``UsageError`` outside.
        """
        if not 0 <= share <= 1:
            raise UsageError(f"Key smoothing takes a confidence between 0 and 1; found {share:g}.")
        self._edit("Change smoothing", replace(self._query, smooth=share), merge="smooth")

    # saved sets

    @property
    def prompt_sets(self) -> tuple[PromptSet, ...]:
        """What the user has saved, by name."""
        if self._sets is None:
            self._sets, problem = prompt_sets.load()
            if problem:
                self._say(problem, "warning")
        return self._sets

    def save_prompt_set(self, name: str) -> None:
        """Save the prompts that ask for words, with their negatives; a set of the same name is replaced.

        ``UsageError`` where there is no name or nothing to save.
        """
        name = name.strip()
        words = tuple(p for p in self._query.asked if p.point is None and p.box is None)
        if not name or len(name) > 80:
            raise UsageError("A prompt set needs a name of 1 to 80 characters.")
        if not words:
            raise UsageError("There are no words to save; points and boxes belong to their frame alone.")
        new = PromptSet(name, words, self._query.negatives, self._query.templates)
        others = tuple(entry for entry in self.prompt_sets if entry.name != name)
        self._store((*others, new))

    def use_prompt_set(self, name: str) -> None:
        """Ask what a saved set asks; ``UsageError`` with the names there are."""
        found = self._set_of(name)
        query = replace(
            self._query, prompts=found.prompts, negatives=found.negatives, templates=found.templates, active=0
        )
        self._edit(f"Use {name}", query)

    def delete_prompt_set(self, name: str) -> None:
        """Forget a saved set; ``UsageError`` with the names there are."""
        found = self._set_of(name)
        self._store(tuple(entry for entry in self.prompt_sets if entry is not found))

    def _set_of(self, name: str) -> PromptSet:
        for entry in self.prompt_sets:
            if entry.name == name:
                return entry
        names = ", ".join(entry.name for entry in self.prompt_sets) or "none yet"
        raise UsageError(f"There is no prompt set '{name}'; there are: {names}.")

    def _store(self, sets: tuple[PromptSet, ...]) -> None:
        self._sets = tuple(sorted(sets, key=lambda entry: entry.name.casefold()))
        try:
            prompt_sets.save(self._sets)
        except LidarScopeError as error:
            self._say(str(error), "warning")
        self.sets_changed.emit()

    # under the hood

    def _add(self, prompt: Prompt, name: str) -> int:
        """Add a prompt; it takes the place of an empty last one."""
        kept = self._query.prompts
        if kept and kept[-1].empty and not prompt.empty:
            prompt, kept = replace(prompt, color=kept[-1].color), kept[:-1]
        self._check_count(len(kept) + 1)
        self._edit(name, replace(self._query, prompts=(*kept, prompt), active=len(kept)))
        return len(kept)

    def _at(self, place: int) -> Prompt:
        if not 0 <= place < len(self._query.prompts):
            raise UsageError(f"There is no prompt {place}; there are {len(self._query.prompts)}, counted from 0.")
        return self._query.prompts[place]

    def _with(self, place: int, prompt: Prompt) -> QueryState:
        prompts = list(self._query.prompts)
        prompts[place] = prompt
        return replace(self._query, prompts=tuple(prompts))

    def _free_color(self) -> Color:
        used = {prompt.color for prompt in self._query.prompts}
        turn = COLORS[len(self._query.prompts) % len(COLORS)]
        return next((color for color in COLORS if color not in used), turn)

    def _kept_text(self, text: str) -> str:
        """One line of at most ``LONGEST`` characters."""
        line = " ".join(text.split()) if any(mark in text for mark in "\n\r\t") else text
        if len(line) <= LONGEST:
            return line
        self._cut |= {line[:LONGEST]}
        return line[:LONGEST]

    @staticmethod
    def _check_count(count: int) -> None:
        if count > MOST_PROMPTS:
            raise UsageError(f"At most {MOST_PROMPTS} prompts can be asked at once; {count} are too many.")

    def _edit(self, name: str, after: QueryState, *, merge: Hashable | None = None) -> None:
        before = self._query
        if after == before:
            return
        self._apply(after)
        back, again = self._applying(before), self._applying(after)
        self._history.record(name, back, again, scope=SCOPE, merge=None if merge is None else (SCOPE, merge))

    def _applying(self, state: QueryState) -> Callable[[], None]:
        return lambda: self._apply(state)

    def _apply(self, after: QueryState) -> None:
        before, self._query = self._query, after
        if before != after:
            self._query_differs(before, after)
            self.query_changed.emit(after)
