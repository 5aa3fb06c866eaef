"""What a method is: options and a frame in, one result a frame out, step by step; kept as long as memory allows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from app.core.labels import LabelSet
from app.core.tasks.context import Context, Source
from app.core.types import Frame

Options = TypeVar("Options", bound=Hashable)
Result = TypeVar("Result")
T = TypeVar("T")

Steps = Generator[tuple[int, int, str], None, T]
"""Yields done, total (0: unknown) and what is being done; cancelled between two yields."""

Chosen = tuple[tuple[str, Hashable], ...]
"""Methods that are switched on, sorted by name, each with its options: hashable, and travels between processes."""


@dataclass(frozen=True)
class Fact:
    """One thing a method knows of a point: ``name``, formatted ``value``, and ``origin``, where it came from.

    ``layer``: name of a layer that shows the same value and need not be listed beside it, or "".
    """

    name: str
    value: str
    origin: str
    layer: str = ""


@dataclass(frozen=True)
class Given:
    """What a method works on: a frame of a sequence, its label set, and the options of all methods by name."""

    context: Context
    source: Source
    frame: Frame
    label_set: LabelSet | None
    options: Mapping[str, Hashable]

    def at(self, index: int) -> Given:
        """The same for another frame of the sequence; ``DataError`` if it cannot be read."""
        if index == self.frame.index:
            return self
        return replace(self, frame=self.context.frame(self.source, index))

    def missing(self, name: str) -> str | None:
        """Why a method, or one that it needs, has nothing to say about this frame; None if it has."""
        method = _find(name)
        options = self.options.get(name)
        own = None if options is None else method.missing(self.frame, self.label_set, options)
        if own is None and options is None and method.alternatives:
            own = method.missing(self.frame, self.label_set, None)  # which of them is wanted is not known yet
        if own is not None:
            return own  # of what is switched on, its own sentence says more than those of what it builds on
        for needed in _needed(name, options):
            why = self.missing(needed)
            if why is not None:
                return why
        return method.missing(self.frame, self.label_set, None) if options is None else None

    def held(self, name: str) -> Any | None:
        """A method's result for this frame if it is in memory, else None."""
        key = self._key(name)
        held = self.context.cache.get(key)
        return self.context.kept(f"method {name}", key) if held is None else held

    def result(self, name: str) -> Steps[Any]:
        """A method's result for this frame, from memory where it was computed lately.

        ``missing`` must have said None before.
        """
        held = self.held(name)
        if held is not None:
            return held
        method = _find(name)
        result = yield from method.steps(self, self.options[name])
        self.context.cache.put(self._key(name), result, method.bytes(result))
        self.context.keep(f"method {name}", self._key(name), result)  # the newest one, however large it is
        return result

    def _key(self, name: str) -> Hashable:
        """Under which a result is kept: what it depends on, the options of used methods included."""
        names = _with_needed(name, self.options)
        options = self.options.get(name) if len(names) == 1 else tuple(self.options.get(one) for one in names)
        return ("method", name, self.source, self.frame.index, options)


class Method(ABC, Generic[Options, Result]):
    """One method; a module of this package declares ``ENTRY``, an instance of it.

    ``options_type`` is a frozen dataclass whose values are hashable and travel between processes. ``uses`` names
    methods whose results this one may need; it gets them by :meth:`Given.result`. ``alternatives``: its options
    choose among them. ``default``: the options that hold where nobody chose any; None: the method is off until it
    is switched on.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    options_type: ClassVar[type[Any]]
    uses: ClassVar[tuple[str, ...]] = ()
    alternatives: ClassVar[bool] = False
    default: ClassVar[Hashable | None] = None

    def needs(self, options: Options) -> tuple[str, ...]:
        """Those of ``uses`` that these options need."""
        return self.uses

    def pinned(self, options: Options) -> Options:
        """The options with what they mean on the disk at this moment, so that a changed file is seen as new.

        Called at the start of every task; cheap.
        """
        return options

    def prepared(self, options: Options) -> bool:
        """Whether :meth:`about` and :meth:`missing` can answer at once; if not, :meth:`prepare` comes first."""
        return True

    def prepare(self, options: Options) -> Steps[None]:
        """What takes long before anything can be said of these options: importing a library, reading a file."""
        yield from ()

    def about(self, options: Options) -> object | None:
        """What is known of all results before there is one (the classes of a network); its layers may need it.

        Not called while :meth:`missing` gives a reason.
        """
        return None

    def own_layers(self, options: Options) -> tuple[str, ...]:
        """Names of layers that exist under these options alone (``app.core.layers.find`` knows them by name)."""
        return ()

    @abstractmethod
    def missing(self, frame: Frame, label_set: LabelSet | None, options: Options | None) -> str | None:
        """Why there is nothing to say about this frame, one sentence that says what to do; None if there is.

        ``options`` None: the method is not switched on. Cheap: it is asked for every frame.
        """

    @abstractmethod
    def steps(self, given: Given, options: Options) -> Steps[Result]:
        """Work out the result for ``given.frame``, a step at a time."""

    @abstractmethod
    def bytes(self, result: Result) -> int:
        """Memory of a result."""

    def tell(self, result: Result, row: int) -> tuple[Fact, ...]:
        """What is known of the point in ``row`` of the frame, for the inspector."""
        return ()

    def report(self, result: Result, frame: Frame, label_set: LabelSet | None) -> object | None:
        """What a panel shows of the frame as a whole: small, frozen, travels between processes."""
        return None

    @abstractmethod
    def example(self, folder: Path) -> Mapping[str, Hashable]:
        """Options by method name, those of ``uses`` included, under which it runs on any small frame in a moment;
        files it needs are written to ``folder``. What the contract test runs."""


def drain(steps: Steps[T]) -> T:
    """Run steps here and now to their result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result


def pinned(chosen: Chosen) -> dict[str, Hashable]:
    """The options of methods by name, each with what it means on the disk now; defaults where none were chosen."""
    from app.core import methods

    held = {method.name: method.default for method in methods.all_methods() if method.default is not None}
    return {name: _find(name).pinned(options) for name, options in {**held, **dict(chosen)}.items()}


def depends_on(name: str, changed: frozenset[str]) -> bool:
    """Whether the results of a method change when the options of ``changed`` ones do."""
    return not changed.isdisjoint(_with_used(name))


def _with_used(name: str) -> tuple[str, ...]:
    """A method and all that it uses, itself last."""
    found: list[str] = []
    for needed in _find(name).uses:
        found += [other for other in _with_used(needed) if other not in found]
    return (*found, name)


def _needed(name: str, options: Hashable | None) -> tuple[str, ...]:
    """What a method needs under its options; all it may use while it is off."""
    method = _find(name)
    return method.uses if options is None else method.needs(options)


def _with_needed(name: str, options: Mapping[str, Hashable]) -> tuple[str, ...]:
    """A method and all that it needs under these options, itself last."""
    found: list[str] = []
    for needed in _needed(name, options.get(name)):
        found += [other for other in _with_needed(needed, options) if other not in found]
    return (*found, name)


def _find(name: str) -> Method[Any, Any]:
    from app.core import methods  # the folder's listing, which imports this module

    return methods.find(name)
