"""The inspector of pseudo-labels, as the window sees it: why does it believe that?

Only the main thread calls it. Labels are made by the method ``pseudo_labels`` in the engine for the queue of frames
around the one in view; what is here says how, listens to what it reports, and keeps what people say by hand.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from psygnal import Signal, SignalInstance

from app.core.affinity.inspecting import LAYERS, METHOD, Gathering, QueueReport
from app.core.errors import LidarScopeError, UsageError
from app.core.session_affinity_options import LabelOptions
from app.core.session_corrections import HandCorrections
from app.core.session_stories import NOT_ON, Stories
from app.core.tasks.base import Progress

if TYPE_CHECKING:
    from app.core.history import History
    from app.core.labels import LabelSet
    from app.core.session_language import SessionLanguage
    from app.core.state import FrameState, Playback
    from app.core.tasks.compute_layer import Computed
    from app.core.tasks.context import Source
    from app.core.tasks.engine import Engine


class Host(Protocol):
    """What this part needs of the session."""

    reports_changed: SignalInstance
    methods_changed: SignalInstance
    sequence_changed: SignalInstance
    frame_changed: SignalInstance
    picked_changed: SignalInstance
    language: SessionLanguage
    _history: History
    _source: Source | None
    _engine: Engine

    @property
    def frame_state(self) -> FrameState | None: ...

    @property
    def label_set(self) -> LabelSet | None: ...

    @property
    def playback(self) -> Playback: ...

    @property
    def methods(self) -> Mapping[str, Hashable]: ...

    @property
    def views(self) -> Mapping[str, Any]: ...

    @property
    def index(self) -> int: ...

    def go_to(self, index: int) -> None: ...

    def log_line(self, text: str, level: str = ...) -> None: ...

    def run_task(self, name: str, title: str, on_result: Any = None, **params: Any) -> int: ...

    def cancel_task(self, id: int) -> None: ...

    def _posted(self, handler: Any) -> Any: ...

    def _chosen(self) -> Any: ...


class SessionAffinity(LabelOptions, Stories, HandCorrections):
    """Pseudo-labels of the queue in view, superpoint by superpoint."""

    gathering_changed = Signal(object)
    """The new :class:`~app.core.affinity.inspecting.Gathering`."""

    correction_of = HandCorrections.correction_of  # which stories only declare, and stand before it
    _stop_matrix = Stories._stop_matrix  # which options only declare, and stand before them

    def __init__(self, host: Host) -> None:
        self._host: Any = host
        LabelOptions.__init__(self)
        Stories.__init__(self)
        HandCorrections.__init__(self)
        self._gathering = Gathering()
        self._gather_task: int | None = None
        self._gather_ticket = 0
        self._gathered_for = -1
        self._gather_held = False
        for signal, handler in self._heard():
            signal.connect(handler)

    @property
    def _language(self) -> SessionLanguage:
        language: SessionLanguage = self._host.language
        return language

    # the queue's features

    @property
    def gathering(self) -> Gathering:
        """How far reading the queue's features is."""
        return self._gathering

    def gather(self, before: int | None = None, after: int | None = None) -> None:
        """Read the features of the frames in reach that are not there yet, and label anew as soon as they are.

        That happens by itself when the picture stands still; after ``cancel_gather`` only when it is asked for.
        """
        if before is not None or after is not None:
            frames = {"before": before, "after": after}
            self.set_options(**{name: value for name, value in frames.items() if value is not None})
        self._gather_held = False
        self._gather()

    def cancel_gather(self) -> None:
        """Stop reading; what is read stays."""
        self._gather_held = True
        if self._gathering.on and self._gather_task is not None:
            self._host.cancel_task(self._gather_task)

    def _gather(self) -> None:
        source, options = self._host._source, self._host.methods.get(METHOD)
        if source is None or options is None:
            raise UsageError(NOT_ON)

        self._gather_ticket += 1
        ticket, self._gathered_for = self._gather_ticket, self._host.index

        def newest() -> bool:
            return ticket == self._gather_ticket

        def gathered(_result: object) -> None:
            if newest():
                self._tell_gathering(Gathering())
                self._gathered += 1
                self._sync()

        def ended(_error: LidarScopeError) -> None:
            if newest():
                self._gather_held = True  # it was stopped, or would fail again
                self._tell_gathering(Gathering())

        def read(event: Progress) -> None:
            if newest():
                self._tell_gathering(Gathering(True, event.done, event.total))

        self._tell_gathering(Gathering(True))
        self._gather_task = self._host.run_task(
            "gather_queue",
            "Read the queue's superpoints",
            gathered,
            on_partial=read,
            on_error=ended,
            key="gather",
            source=source,
            index=self._host.index,
            options=options,
        )

    def _tell_gathering(self, now: Gathering) -> None:
        if now != self._gathering:
            self._gathering = now
            self.gathering_changed.emit(now)

    # files

    def write(self, out: Path, frames: tuple[int, int] | None = None, *, corrections: bool = True) -> int:
        """Write pseudo-labels of the sequence, made as they are made here, into a folder; returns the task's id.
        ``corrections``: with what was said by hand."""
        self.finish_saving()
        labels = self.state.options
        return self._write_task(
            "write_pseudo_labels",
            "Write pseudo-labels",
            out,
            options=labels,
            frames=frames,
            corrections=corrections,
        )

    def write_report(self, out: Path, frames: tuple[int, int] | None = None) -> int:
        """Write the report, of the frames of the queue in view where none are named, into a folder; returns the
        task's id."""
        self.finish_saving()
        if frames is None and self._report is not None:
            frames = self._report.frames[0], self._report.frames[-1] + 1
        return self._write_task(
            "write_inspection", "Write the report", out, options=self.state.options, frames=frames
        )

    def close(self) -> None:
        """Listen to the session no longer; what was said by hand is on the disk."""
        for signal, handler in self._heard():
            signal.disconnect(handler, missing_ok=True)
        self.finish_saving()

    # under the hood

    def _heard(self) -> tuple[tuple[Any, Any], ...]:
        host = self._host
        return (
            (host.reports_changed, self._take_reports),
            (host.methods_changed, self._adopt),
            (host.sequence_changed, self._new_sequence),
            (host.frame_changed, self._arrived),
            (host.picked_changed, self._picked),
            (host.language.clip_changed, self._clip_changed),
        )

    def _take_reports(self, reports: Mapping[str, object]) -> None:
        found = reports.get(METHOD)
        if isinstance(found, QueueReport):
            self._take_report(found)
        elif METHOD in self._host.methods and not self._host.playback.playing:
            if not any({view.layer, view.compare} & set(LAYERS.values()) for view in self._host.views.values()):
                self._ask_report()  # no view shows labels, so nobody else asks for them
        elif METHOD not in self._host.methods:
            self._take_report(None)

    def _take_report(self, report: QueueReport | None) -> None:
        before, self._report = self._report, report
        if report is before:
            return
        if report is not None and report.center != self._anchor:
            self._anchor = None  # it was left: from now on it follows the frame in view
        self._follow_queue(report, before)
        self.report_changed.emit(report)
        if report is not None and report.lacking and self._may_gather():
            self._gather()

    def _may_gather(self) -> bool:
        """Whether features are read without being asked: the picture stands still, nobody stopped it, and it is not
        under way for this frame."""
        if self._gather_held or self._host.playback.playing:
            return False
        return not self._gathering.on or self._gathered_for != self._host.index

    def _ask_report(self) -> None:
        state, host = self._host.frame_state, self._host
        if state is None:
            return

        def came(computed: Computed) -> None:
            report = computed.reports.get(METHOD)
            now = host.frame_state
            if isinstance(report, QueueReport) and now is not None and now.frame.index == state.frame.index:
                self._take_report(report)

        host._engine.submit(
            "compute_layer",
            key="labels report",
            on_result=host._posted(came),
            source=host._source,
            index=state.frame.index,
            layers=(LAYERS["after"],),
            methods=host._chosen(),
            lenient=True,
        )

    def _hold_queue(self, center: int) -> None:
        if self._anchor != center:
            self._anchor = center
            self._sync()

    def _clip_changed(self) -> None:
        if self.state.on:
            self._sync()
            self.state_changed.emit(self.state)

    def _new_sequence(self, _info: object) -> None:
        self._gather_held = False
        self._anchor = None
        self._matrix_wanted = None
        self._take_report(None)
        self._open_book()
        self.corrections_changed.emit()

    def _picked(self, row: int | None) -> None:
        if row is not None and self.state.on and self._report is not None:
            self.select_point(row)

    def _corrections_differ(self) -> None:
        self._corrected += 1
        self._sync()
        story = self._story
        if story is not None:
            self._take_story(replace(story, correction=self.correction_of(story)))
