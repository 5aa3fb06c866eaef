"""The part of the session that is about training: the runs there are, their curves, and which one is watched.

Only the main thread calls it. Runs are processes of their own that live in their folders (``app.core.training``);
nothing here waits for them: orders and looks are tasks of the engine.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from psygnal import Signal

from app.core.curves import Table
from app.core.errors import Cancelled, LidarScopeError, UsageError
from app.core.methods.predict import PredictOptions

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.core.tasks.engine import Engine
    from app.core.tasks.follow_runs import RunNews, RunsSeen, SeenRun

PREDICT = "predict"
WATCHED = "watch.safetensors"
LAYER = "prediction"
ENDS = {"finished": "info", "stopped": "info", "failed": "error", "crashed": "error"}
"""States in which a run that was alive is told of in the log, and how loudly."""

LOOK_SECONDS = 0.9

MOST_COMPARED = 8
"""Runs whose curves can be told apart."""


class Host(Protocol):
    """What this part needs of the session."""

    @property
    def settings(self) -> Settings: ...

    @property
    def methods(self) -> Mapping[str, Hashable]: ...

    def set_method(self, name: str, options: Hashable | None) -> None: ...

    def refresh_methods(self) -> None: ...

    def set_layer(self, name: str, view: str = ...) -> None: ...

    def log_line(self, text: str, level: str = ...) -> None: ...

    def run_task(self, name: str, title: str, on_result: Any = None, **params: Any) -> int: ...

    def _posted(self, handler: Any) -> Any: ...


@dataclass
class Curves:
    """What is known of a followed run: a row a step, a row a validation, the end of its log, its notes."""

    metrics: Table = field(default_factory=Table)
    validations: Table = field(default_factory=Table)
    log: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True)
class _Watch:
    """Which run is watched in which view, what predicted before, and the weights that were shown last."""

    path: Path
    view: str
    before: PredictOptions | None
    shown: tuple[int, int] | None = None


class SessionTraining:
    """Training runs as the window sees them. ``poll`` looks at them; call it from a timer."""

    runs_changed = Signal()
    """A run came, went, or says something new."""
    curves_changed = Signal(object)
    """Path of a run with new rows, log lines or notes."""
    chosen_changed = Signal()
    """Another run is spoken of."""
    compared_changed = Signal()
    """Other runs are on the curves."""
    watch_changed = Signal()
    """A run is watched, or none."""

    def __init__(self, host: Host, engine: Engine) -> None:
        self._host, self._engine = host, engine
        self._asker = uuid.uuid4().hex
        self._looking = False
        self._again = False
        self._looked = False
        self._asked_at = -LOOK_SECONDS
        self._folder: Path | None = None
        self._runs: tuple[SeenRun, ...] = ()
        self._curves: dict[Path, Curves] = {}
        self._chosen: Path | None = None
        self._slots: list[Path | None] = []
        self._watch: _Watch | None = None

    # what there is

    @property
    def folder(self) -> Path | None:
        """Where the runs lie; None until the first look."""
        return Path(self._host.settings.runs_folder) if self._host.settings.runs_folder else self._folder

    @property
    def looked(self) -> bool:
        """Whether the runs have been looked at yet."""
        return self._looked

    @property
    def runs(self) -> tuple[SeenRun, ...]:
        """All runs of the folder, newest first."""
        return self._runs

    @property
    def live(self) -> tuple[SeenRun, ...]:
        """Runs at which a process is at work, or waits in a pause."""
        return tuple(run for run in self._runs if run.live)

    def run(self, path: Path | None) -> SeenRun | None:
        """The run in a folder, if it is listed."""
        return next((run for run in self._runs if run.path == path), None)

    @property
    def chosen(self) -> SeenRun | None:
        """The run that panels and actions speak of."""
        return self.run(self._chosen)

    @property
    def compared(self) -> Mapping[Path, int]:
        """Runs on the curves, each with its own number (0 … 7) as long as it is there: its colour."""
        return {path: slot for slot, path in enumerate(self._slots) if path is not None}

    def curves(self, path: Path) -> Curves:
        """What is known of a run so far."""
        return self._curves.get(path) or Curves()

    @property
    def watched(self) -> SeenRun | None:
        """The run whose newest weights predict the frame in view."""
        return None if self._watch is None else self.run(self._watch.path)

    # looking

    def tick(self, now: float) -> None:
        """Look, if the last look was long enough ago. Call it from timers, with a clock that only goes forward."""
        if now - self._asked_at >= LOOK_SECONDS and not self._looking:
            self._asked_at = now
            self.poll()

    def poll(self) -> None:
        """Have the engine look at the runs; a look under way is not asked for twice."""
        self._end_overruled_watch()
        if self._looking:
            self._again = True
            return
        self._looking, self._again = True, False
        self._engine.submit(
            "follow_runs",
            key="runs",
            on_result=self._host._posted(self._take),
            on_error=self._host._posted(self._not_seen),
            folder=Path(self._host.settings.runs_folder) if self._host.settings.runs_folder else None,
            wanted=self._wanted(),
            asker=self._asker,
        )

    def _wanted(self) -> dict[Path, Any]:
        from app.core.tasks.follow_runs import Known

        followed = {*self.compared, *([self._chosen] if self._chosen is not None else [])}
        known = {path: self._curves.get(path, Curves()) for path in followed}
        return {path: Known(len(c.metrics), len(c.validations)) for path, c in known.items()}

    def _take(self, seen: RunsSeen) -> None:
        self._looking = False
        changed = seen.runs != self._runs or not self._looked
        self._tell_ends(seen)
        there = {run.path for run in seen.runs}
        came = self._chosen in there and self.run(self._chosen) is None
        self._folder, self._runs, self._looked = seen.folder, seen.runs, True
        if any(path not in there for path in self.compared):
            self._slots = [path if path in there else None for path in self._slots]
            self.compared_changed.emit()
        for path in [path for path in self._curves if path not in there]:
            del self._curves[path]
        if self._chosen not in there:
            self.choose(seen.runs[0].path if seen.runs else None)
        if came:
            self.chosen_changed.emit()
        if changed:
            self.runs_changed.emit()
        for news in seen.news:
            self._take_news(news)
        self._follow_watch()
        if self._again:
            self.poll()

    def _tell_ends(self, seen: RunsSeen) -> None:
        before = {run.path for run in self.live}
        for run in seen.runs:
            if run.path in before and run.status.state in ENDS:
                metrics = self.curves(run.path).metrics
                step = max(run.status.step, int(metrics.steps[-1]) if len(metrics) else 0)
                said = f"Training {run.name} {run.status.state} at step {step}. {run.status.message}"
                self._host.log_line(said.strip(), ENDS[run.status.state])

    def _take_news(self, news: RunNews) -> None:
        curves = self._curves.setdefault(news.path, Curves())
        if news.anew:
            curves.metrics.clear()
            curves.validations.clear()
        curves.metrics.add(news.metrics)
        curves.validations.add(news.validations)
        said = (news.log, news.notes) != (curves.log, curves.notes)
        curves.log, curves.notes = news.log, news.notes
        if news.anew or said or len(news.metrics) or len(news.validations):
            self.curves_changed.emit(news.path)

    def _not_seen(self, error: LidarScopeError) -> None:
        self._looking = False
        if not isinstance(error, Cancelled):
            self._host.log_line(str(error), "warning")

    # choosing

    def choose(self, path: Path | None) -> None:
        """Speak of this run from now on."""
        if path != self._chosen:
            self._chosen = path
            self.chosen_changed.emit()
            if path is not None and path not in self._curves:
                self.poll()

    def compare(self, path: Path, on: bool) -> None:
        """Put a run on the curves, or take it off; ``UsageError`` for more runs than can be told apart."""
        if on == (path in self._slots):
            return
        if not on:
            self._slots[self._slots.index(path)] = None
        elif None in self._slots:
            self._slots[self._slots.index(None)] = path
        elif len(self._slots) < MOST_COMPARED:
            self._slots.append(path)
        else:
            raise UsageError(f"{MOST_COMPARED} runs are on the curves; take one off first.")
        self.compared_changed.emit()
        if on:
            self.poll()

    # orders

    def free_name(self, recipe: str) -> str:
        """A name for a new run: the recipe's with the next number."""
        taken = [re.fullmatch(rf"{re.escape(recipe)}-(\d+)", run.name) for run in self._runs]
        return f"{recipe}-{max((int(m[1]) for m in taken if m), default=0) + 1}"

    def start(
        self,
        kind: str,
        fields: Mapping[str, Any],
        data: Path,
        name: str,
        *,
        queue: bool = False,
        on_started: Callable[[Path], None] | None = None,
        on_error: Callable[[LidarScopeError], None] | None = None,
    ) -> int:
        """Start a run in a process of its own, or queue it; it becomes the chosen one. Returns the task's id.

        ``UsageError`` for a name that is no folder's. Errors of the start itself go to ``on_error`` and the log.
        """
        if not name or name != Path(name).name or name.startswith("."):
            raise UsageError(f"'{name}' is no name for a run; use letters, digits and dashes.")

        def started(path: Path) -> None:
            if path not in self._slots and len(self.compared) < MOST_COMPARED:
                self.compare(path, True)
            self._chosen = path
            self.chosen_changed.emit()
            self.poll()
            if on_started is not None:
                on_started(path)

        return self._host.run_task(
            "start_run", f"{'Queue' if queue else 'Start'} {name}", started, on_error=on_error,
            kind=kind, fields=dict(fields), data=data, out=self.folder, called=name, queue=queue,
        )  # fmt: skip

    def pause(self, path: Path) -> None:
        """Let a run save and wait."""
        self._order("pause", "Pause", path)

    def resume(self, path: Path) -> None:
        """Let a run go on: from its pause, or from its last checkpoint; a queued one begins now."""
        self._order("resume", "Resume", path)

    def stop(self, path: Path) -> None:
        """Let a run save and end; a queued one leaves the queue."""
        self._order("stop", "Stop", path)

    def delete(self, path: Path) -> None:
        """Delete a run's folder with all its checkpoints. Whoever calls this has asked the user."""
        if self._watch is not None and self._watch.path == path:
            self.watch(None)
        self._order("delete", "Delete", path)

    def note(self, path: Path, words: str) -> None:
        """Write what the user notes about a run into its folder."""
        if path in self._curves:
            self._curves[path].notes = words
        self._order("note", "Note about", path, words=words)

    def _order(self, order: str, title: str, path: Path, **params: Any) -> None:
        def done(_result: object) -> None:
            self.poll()

        self._host.run_task(
            "order_run", f"{title} {path.name}", done, on_error=done, order=order, path=path, **params
        )

    # predicting with them

    def use(self, path: Path, view: str = "left") -> None:
        """Predict with a run's best weights (else its last), and show the prediction in a view."""
        self._end_watch()
        self._predict(path, view)

    def watch(self, path: Path | None, view: str = "left") -> None:
        """Predict with a run's newest weights as they are written, and show that in a view; None ends it and brings
        back what predicted before."""
        before = self._watch.before if self._watch is not None else self._options
        if path is None:
            if self._watch is not None:
                self._host.set_method(PREDICT, before)
                self._end_watch()
            return
        self._watch = _Watch(path, view, before)
        self.watch_changed.emit()
        self._follow_watch()
        self.poll()

    @property
    def _options(self) -> PredictOptions | None:
        found = self._host.methods.get(PREDICT)
        return found if isinstance(found, PredictOptions) else None

    def _predict(self, checkpoint: Path, view: str | None = None) -> None:
        now = self._options
        options = PredictOptions(checkpoint) if now is None else replace(now, checkpoint=checkpoint)
        self._host.set_method(PREDICT, options)
        if view is not None:
            self._host.set_layer(LAYER, view)

    def _follow_watch(self) -> None:
        """Predict with the watched weights once they are there, and anew whenever they are others."""
        run = self.watched
        if self._watch is None or run is None:
            return
        file = run.path / WATCHED
        if run.watch is not None and run.watch != self._watch.shown:
            first = self._watch.shown is None
            self._watch = replace(self._watch, shown=run.watch)
            self._predict(file, self._watch.view if first else None)
        if self._watch.shown is not None:
            self._host.refresh_methods()

    def _end_overruled_watch(self) -> None:
        """Somebody chose another checkpoint: that ends the watching."""
        if self._watch is not None and self._watch.shown is not None:
            now = self._options
            if now is None or now.checkpoint != self._watch.path / WATCHED:
                self._end_watch()

    def _end_watch(self) -> None:
        if self._watch is not None:
            self._watch = None
            self.watch_changed.emit()
