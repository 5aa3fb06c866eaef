"""The part of the session that has layers computed: those that views ask for, and those of methods that change.

Only the main thread calls it. Values come later; until then the views keep what they show.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

from app.core import layers as layer_folder
from app.core.errors import Cancelled, LidarScopeError
from app.core.history import History
from app.core.inspector import inspect_point
from app.core.layers.base import MethodLayer
from app.core.session_methods import SessionMethods
from app.core.session_selection import SessionSelection
from app.core.session_tasks import SessionTasks
from app.core.session_views import SessionViews
from app.core.state import Accumulation, FrameState
from app.core.tasks.compute_layer import Computed
from app.core.tasks.context import Source
from app.core.tasks.engine import Engine, Post

CANCELLED = "It was cancelled; the next frame has it computed again."

_METHODS = ""
"""Among the names of views: the question which layers the methods allow."""


@dataclass
class _Asked:
    """Layers that are being computed for a view, by which task."""

    task: int | None = None


class SessionLayers(SessionTasks, SessionViews, SessionSelection, SessionMethods):
    """What is drawn of the frame in view, and the layers over it."""

    def __init__(self, engine: Engine, post: Post | None) -> None:
        history = History(lambda: self.history_changed.emit())
        SessionTasks.__init__(self, engine, post)
        SessionViews.__init__(self, history)
        SessionSelection.__init__(self, history)
        SessionMethods.__init__(self)
        self._source: Source | None = None
        self._frame_state: FrameState | None = None
        self._accumulation = Accumulation()
        self._asked: dict[str, _Asked] = {}
        self._failed: dict[str, str] = {}

    @property
    def frame_state(self) -> FrameState | None:
        """What is shown; None until the first frame of a sequence has come."""
        return self._frame_state

    @property
    def accumulation(self) -> Accumulation:
        """Frames drawn around the current one."""
        return self._accumulation

    def pick(self, index: int | None) -> None:
        """Pick a point, or none; what methods know of it comes a moment later (``facts_changed``)."""
        before = self.picked
        super().pick(index)
        if self.picked != before:
            self._ask_for_facts()

    def inspect(self, index: int) -> list[tuple[str, str]]:
        """Name and formatted value of everything that is known of a drawn point; what methods know comes a moment
        after it has been picked (``facts_changed``)."""
        state = self._frame_state
        if state is None:
            return []
        facts = self._facts if index == self._facts_row else ()
        return inspect_point(state, self.label_set, index, facts)

    @abstractmethod
    def _in_flight(self) -> bool:
        """Whether a frame is under way, which brings what its views need, or asks again when it has come."""

    def _busy(self) -> bool:
        return self._in_flight() or bool(self._asked)

    def _ask_for_layers(self, view: str, names: tuple[str, ...]) -> None:
        if self._frame_state is None or self._source is None or self._in_flight():
            return
        if self._frame_state.unprepared or _METHODS in self._asked:
            self._methods_differ()  # learn what there is, and have it made where the views lack it
        else:
            self._compute(view, names, _work(names))

    def _methods_differ(self) -> None:
        self._local = {}  # differences of layers that are no more
        if self._frame_state is None or self._source is None or self._in_flight():
            return
        self._drop_layer_tasks()
        names = self._lacking_layers()
        self._compute(_METHODS, names, _work(names))

    def _compute(self, view: str, names: tuple[str, ...], title: str) -> None:
        """Have layers computed for a view, or for all of them, learning which layers there are."""
        state, revision = self._frame_state, self._revision
        if state is None:
            return

        def still() -> bool:
            now = self._frame_state
            return now is not None and now.cloud.points is state.cloud.points and revision == self._revision

        def ended() -> None:
            if self._asked.get(view) is asked:
                del self._asked[view]

        def came(computed: Computed) -> None:
            ended()
            if still():
                self._layers_came(computed, ask=view == _METHODS)

        def told(computed: Computed) -> None:
            """What there is, before layers that take long have come."""
            if still() and self._asked.get(view) is asked:
                self._layers_came(computed, ask=False)
                self.methods_changed.emit()
                for name in list(self._views):
                    self.view_changed.emit(name)

        def failed(error: LidarScopeError) -> None:
            replaced = self._asked.get(view) is not asked
            ended()
            if still() and not (replaced and isinstance(error, Cancelled)):
                self._layers_failed(names, CANCELLED if isinstance(error, Cancelled) else str(error))
                if view == _METHODS and names:
                    self._compute(_METHODS, (), _work(()))  # what else there is, is not known yet

        asked = self._asked[view] = _Asked()
        asked.task = self.run_task(
            "compute_layer",
            title,
            came,
            key=f"layer:{view}",
            on_partial=told,
            on_error=failed,
            lenient=view == _METHODS,
            source=self._source,
            index=state.frame.index,
            layers=names,
            accumulation=self._accumulation,
            methods=self._chosen(),
        )

    def _layers_came(self, computed: Computed, *, ask: bool) -> None:
        """Show values that have come; ``ask`` for what the views lack now that it is known what there is."""
        now = self._frame_state
        if now is None:
            return
        cloud = replace(now.cloud, layers={**now.cloud.layers, **computed.layers})
        missing = {**computed.missing, **self._failed}
        reports = {**now.reports, **computed.reports}
        self._frame_state = replace(
            now, cloud=cloud, missing_layers=missing, reports=reports, unprepared=frozenset()
        )
        self._take_reports(self._frame_state)
        if ask:
            for name in list(self._views):
                self._ensure_layers(name)
            self.methods_changed.emit()
        for name, shown in list(self._views.items()):
            if ask or computed.layers.keys() & {shown.layer, shown.compare}:
                self.view_changed.emit(name)
        if computed.reports and self.picked is not None:
            self._ask_for_facts()

    def _layers_failed(self, names: tuple[str, ...], why: str) -> None:
        """A method cannot work on this frame: its layers say so instead of being waited for."""
        now = self._frame_state
        if now is None:
            return
        mine = {name: why for name in names if isinstance(layer_folder.find(name), MethodLayer)}
        self._failed |= mine
        self._frame_state = replace(now, missing_layers={**now.missing_layers, **mine})
        for name, shown in list(self._views.items()):
            if mine.keys() & {shown.layer, shown.compare}:
                self.view_changed.emit(name)

    def _drop_layer_tasks(self) -> None:
        """Another cloud or another method is on its way: what is computed now is not waited for."""
        self._failed = {}
        asked, self._asked = self._asked, {}
        for entry in asked.values():
            if entry.task is not None:
                self.drop_task(entry.task)


def _work(names: tuple[str, ...]) -> str:
    """What the task panel calls the computing of layers, by the titles they have in the panel of layers."""
    if not names:
        return "Look at the methods"
    titles = {layer.name: layer.title for layer in layer_folder.all_layers()}
    return f"Compute {' and '.join(titles.get(name, name) for name in names)}"
