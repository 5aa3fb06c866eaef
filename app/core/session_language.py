"""The part of the session that is about asking in words: the CLIP, the question, and what is done with the answer.

Only the main thread calls it. Words are read and points are compared by methods (``text_query``, ``zero_shot``) in
the engine; what is here tells the session which methods are on, and listens to what they report.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from psygnal import Signal, SignalInstance

from app.core.errors import UsageError
from app.core.language import methods_of_query as wanted_methods
from app.core.language.queries import ENSEMBLE, LAYER_OF, Histogram, Hit, Prompt, QueryReport, QueryState
from app.core.session_clip import ClipChoice
from app.core.session_known import KeptQueries, KnownClasses
from app.core.session_query import QueryEditing
from app.core.session_search import LanguageSearch
from app.core.session_templates import OwnTemplates

if TYPE_CHECKING:
    from app.core.history import History
    from app.core.labels import LabelSet
    from app.core.methods.base import Chosen
    from app.core.session_selection import Mode
    from app.core.state import Accumulation, FrameState, ViewState
    from app.core.tasks.context import Source

QUERY, ZERO_SHOT = "text_query", "zero_shot"
NO_PICTURE = "This frame has no picture of a camera; of the ways the distilled network works without."


class Host(Protocol):
    """What this part needs of the session."""

    reports_changed: SignalInstance
    methods_changed: SignalInstance
    sequence_changed: SignalInstance
    _history: History
    _source: Source | None

    @property
    def frame_state(self) -> FrameState | None: ...

    @property
    def label_set(self) -> LabelSet | None: ...

    @property
    def accumulation(self) -> Accumulation: ...

    @property
    def methods(self) -> Mapping[str, Hashable]: ...

    @property
    def views(self) -> dict[str, ViewState]: ...

    def set_methods(self, changes: Mapping[str, Hashable | None]) -> None: ...

    def refresh_methods(self, *, at_once: bool = ...) -> None: ...

    def set_layer(self, name: str, view: str = ...) -> None: ...

    def select_found(self, task: str, mode: Mode = ..., **params: Any) -> None: ...

    def log_line(self, text: str, level: str = ...) -> None: ...

    def run_task(self, name: str, title: str, on_result: Any = None, **params: Any) -> int: ...

    def cancel_task(self, id: int) -> None: ...

    def _chosen(self) -> Chosen: ...

    def _place(self, row: int) -> tuple[int, int] | None: ...


class SessionLanguage(QueryEditing, LanguageSearch, ClipChoice, KnownClasses, KeptQueries, OwnTemplates):
    """Asking in words, as the window sees it."""

    report_changed = Signal(object)
    """The new :class:`~app.core.language.queries.QueryReport` of the frame in view, or None."""
    histogram_changed = Signal(object)
    """The new :class:`~app.core.language.queries.Histogram` of the active prompt, or None."""

    def __init__(self, host: Host) -> None:
        QueryEditing.__init__(self, host._history)
        LanguageSearch.__init__(self)
        KnownClasses.__init__(self)
        ClipChoice.__init__(self)
        OwnTemplates.__init__(self)
        self._host = host
        self._report: QueryReport | None = None
        self._before: dict[str, str] = {}
        self._setting = False
        host.reports_changed.connect(self._take_reports)
        host.methods_changed.connect(self._adopt)
        host.sequence_changed.connect(self._new_sequence)

    def set_network(self, checkpoint: Path | None) -> None:
        """The distilled network that the ways "network" and "ensemble" take their features from; None: none."""
        now = self._host.methods.get("network_features")
        self._set({"network_features": wanted_methods.network_options(now, checkpoint)})

    # the answer

    @property
    def problem(self) -> str:
        """Why nothing is shown for what is asked, one sentence, or "" where all is well."""
        if not self._query.prompts:
            return ""
        if not self._query.asked:
            return "Type what to look for: the prompt is empty."
        if self._clip is None:
            return self._clip_problem
        state = self._host.frame_state
        return "" if state is None else state.missing_layers.get(LAYER_OF[self._query.mode], "")

    def way_problem(self, way: str) -> str:
        """Why a way has nothing to say about the frame in view, one sentence, or ""; "" without a frame."""
        state = self._host.frame_state
        if state is None:
            return ""
        if way != "network":
            if not any(camera.image_path is not None for camera in state.frame.cameras):
                return NO_PICTURE
            if way != "regions" and self._clip_info is not None and self._clip_info.tower == "other":
                return f"{self._clip_info.title} gives no features of single pixels; ask by regions."
        if way in ("network", "ensemble") and "network_features" not in self._host.methods:
            return "No distilled network is chosen."
        return ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the words: cut off, never seen by this CLIP."""
        cut = [p.text for p in self._query.asked if p.text in self._cut]
        said = tuple(f"“{text[:24]}…” is cut off after {len(text)} characters." for text in cut)
        return said + (() if self._report is None else self._report.notes)

    @property
    def report(self) -> QueryReport | None:
        """What the query has found in the frame in view; None until it has."""
        return self._report

    @property
    def histogram(self) -> Histogram | None:
        """How the shown scores of the active prompt are spread, and how many points match."""
        if self._report is None:
            return None
        return self._report.similarity if self._query.mode == "similarity" else self._report.relevancy

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The best regions of the frame in view for the active prompt, best first."""
        return () if self._report is None else self._report.hits

    def ask(self, *texts: str, view: str = "left") -> None:
        """Ask for these words and show the answer in a view."""
        self.set_prompts(texts)
        self.show(view)

    def show(self, view: str = "left") -> None:
        """Show the answer in a view, in the query's mode."""
        layer = LAYER_OF[self._query.mode]
        if self._host.views[view].layer not in LAYER_OF.values():
            self._before[view] = self._host.views[view].layer
        self._host.set_layer(layer, view)

    # by example

    def ask_by_point(self, row: int) -> None:
        """Look for what is like a drawn point, too; ``UsageError`` if there is none in ``row``."""
        at = self._host._place(row)
        if at is None:
            raise UsageError(f"There is no point {row}; pick one that is drawn.")
        self._add(Prompt(color=self._free_color(), point=at), "Ask by a point")

    def ask_by_box(self, camera: str, box: tuple[float, float, float, float]) -> None:
        """Look for what a box in an image of the frame in view shows, too.

        ``box`` x0, y0, x1, y1 in pixels, in any order. ``UsageError`` for a camera that is not there, or a box
        outside its image or smaller than 4 pixels.
        """
        state = self._host.frame_state
        if state is None:
            raise UsageError("Open a recording first.")
        try:
            width, height = state.frame.camera(camera).size
        except KeyError as error:
            raise UsageError(f"There is {error.args[0]}.") from None
        xs, ys = sorted((box[0], box[2])), sorted((box[1], box[3]))
        x0, x1 = (min(max(round(x), 0), width) for x in xs)
        y0, y1 = (min(max(round(y), 0), height) for y in ys)
        if x1 - x0 < 4 or y1 - y0 < 4:
            raise UsageError("The box is smaller than 4 pixels inside the image; drag a larger one.")
        self._add(Prompt(color=self._free_color(), box=(state.frame.index, camera, x0, y0, x1, y1)), "Ask by a box")

    # what is done with the answer

    def select_matches(self, mode: Mode = "replace") -> None:
        """Select the drawn points that match the active prompt, once the engine has found them; can be undone.

        ``UsageError`` where nothing is asked.
        """
        chosen = self._asking()
        if not chosen:
            raise UsageError("Type what to look for first.")
        self._host.select_found("select_matches", mode, methods=chosen)

    def export_matches(self, path: Path) -> None:
        """Write the answer for the frame in view: .ply, .npz or .label chooses the format. ``UsageError`` for
        another suffix, or where nothing is asked."""
        from app.core.language.query_files import check_suffix

        check_suffix(path)
        state, source, chosen = self._host.frame_state, self._host._source, self._asking()
        if state is None or source is None or not chosen:
            raise UsageError("Type what to look for first.")

        def written(_done: object) -> None:
            self._say(f"The answer is written to {path}.")

        self._host.run_task(
            "export_query", f"Write {path.name}", written,
            source=source, index=state.frame.index, out=path, methods=chosen, mode=self._query.mode,
        )  # fmt: skip

    # under the hood

    def _query_differs(self, before: QueryState, after: QueryState) -> None:
        if after.asked and self._clip is None:
            self.use_built_in_clip()
        if not after.asked:
            self._take_query_report(None)
        self._sync()
        if before.asked and not after.asked:
            self._show_what_was_before()
        elif after.asked and (not before.asked or before.mode != after.mode):
            self._show_if_new()

    def _clip_differs(self) -> None:
        self._sync()
        self._show_if_new()
        self._show_zero_shot()

    def _show_if_new(self) -> None:
        """Show the query in the views that show one, else in the left one."""
        if not self._query.asked or QUERY not in self._host.methods:
            return
        showing = [name for name, view in self._host.views.items() if view.layer in LAYER_OF.values()]
        for view in showing or ["left"]:
            self.show(view)

    def _show_what_was_before(self) -> None:
        for view, layer in self._before.items():
            shown = self._host.views.get(view)
            if shown is not None and shown.layer in LAYER_OF.values():
                self._host.set_layer(layer, view)
        self._before = {}

    def _sync(self) -> None:
        """Switch on the methods that answer what is asked."""
        words = self.words if self._zero_wanted else None
        self._set(wanted_methods.wanted(self._host.methods, self._clip, self._query, words))

    def _set(self, changes: Mapping[str, Hashable | None]) -> None:
        self._setting = True
        try:
            self._host.set_methods(changes)
        finally:
            self._setting = False

    def _adopt(self) -> None:
        """Somebody else has switched methods, as a restored session does: ask what they ask."""
        if self._setting:
            return
        found = wanted_methods.asked_by(self._host.methods, replace(self._query, mode=self._mode_in_view()))
        if found is not None:
            clip, query = found
            self._zero_wanted = ZERO_SHOT in self._host.methods
            news, self._query = query != self._query, query
            if clip != self._clip:
                self._clip = clip  # at once: what is asked in the meantime is asked with it
                self.set_clip(clip)
            if news:
                self.query_changed.emit(query)
        self.kept_changed.emit()

    def _mode_in_view(self) -> str:
        """The mode that the views show; the query's own where they show none."""
        layers = [view.layer for view in self._host.views.values()]
        return next((mode for mode, layer in LAYER_OF.items() if layer in layers), self._query.mode)

    def _take_reports(self, reports: Mapping[str, object]) -> None:
        report = reports.get(QUERY)
        self._take_query_report(report if isinstance(report, QueryReport) else None)
        self._take_scores(reports.get(ZERO_SHOT))

    def _take_query_report(self, report: QueryReport | None) -> None:
        if report is not self._report:
            self._report = report
            self.report_changed.emit(report)
            self.histogram_changed.emit(self.histogram)

    def close(self) -> None:
        """Listen to the session no longer."""
        for signal, handler in (
            (self._host.reports_changed, self._take_reports),
            (self._host.methods_changed, self._adopt),
            (self._host.sequence_changed, self._new_sequence),
        ):
            signal.disconnect(handler, missing_ok=True)

    def _new_sequence(self, _info: object) -> None:
        self._leave_sequence()
        self._forget_words()
        if self._zero_wanted:
            self._sync()  # its classes may be others

    def _asking(self) -> Chosen:
        return self._host._chosen() if QUERY in self._host.methods else ()

    def _where(self) -> Source | None:
        return self._host._source

    def _index_way(self) -> str:
        return "pixels" if self._query.way == ENSEMBLE else self._query.way

    def _frame(self) -> int:
        state = self._host.frame_state
        return 0 if state is None else state.frame.index

    def _run(self, name: str, title: str, on_result: Any = None, **params: Any) -> int:
        return self._host.run_task(name, title, on_result, **params)

    def _cancel(self, task: int) -> None:
        self._host.cancel_task(task)

    def _say(self, text: str, level: str = "info") -> None:
        self._host.log_line(text, level)
