"""The part of the session that is about views: layers, styles, legend switches, colours.

Only the main thread calls it. Nothing here waits: a layer that takes long is asked of the engine, and
``view_changed`` is emitted again when its values have come.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from psygnal import Signal

from app.core import layers as layer_folder
from app.core import methods as method_folder
from app.core.errors import LidarScopeError, UsageError
from app.core.history import History
from app.core.labels import LabelSet
from app.core.layers import coloring, colormaps
from app.core.layers.base import LayerData, MethodLayer
from app.core.layers.difference import difference
from app.core.state import OVERLAYS, FrameState, LayerInfo, LayerStyle, RangeMode, ViewState

LOCAL_POINTS = 300_000
"""Up to this many points the light layers are computed here, in a few milliseconds; above, by the engine."""

LEFT, RIGHT = "left", "right"
_RIGHT_LAYERS = ("label", "intensity", "range", "height")

Colors = tuple[np.ndarray, np.ndarray | None]


@dataclass
class _Painted:
    """Colours of a view and what they were made from."""

    data: LayerData
    style: LayerStyle
    bounds: tuple[float, float] | None
    colors: Colors


class SessionViews(ABC):
    """State of the views, and the colours that follow from it and from the current frame."""

    view_changed = Signal(str)
    """Name of a view whose layer, style, overlays or camera mode has changed."""
    views_changed = Signal()
    """The number of views, or whether they are linked, has changed."""

    def __init__(self, history: History) -> None:
        self._views: dict[str, ViewState] = {LEFT: ViewState(LEFT)}
        self._linked = True
        self._right: ViewState | None = None
        self._history = history
        self._local: dict[str, LayerData] = {}
        self._painted: dict[str, _Painted] = {}

    # what the other parts give

    @property
    @abstractmethod
    def frame_state(self) -> FrameState | None: ...

    @property
    @abstractmethod
    def label_set(self) -> LabelSet | None: ...

    _methods: dict[str, Hashable]

    @abstractmethod
    def log_line(self, text: str, level: str = "info") -> None: ...

    @abstractmethod
    def _ask_for_layers(self, view: str, names: tuple[str, ...]) -> None:
        """Ask the engine for layers of the drawn cloud; ``_layers_came`` is called when they are there."""

    # state

    @property
    def views(self) -> dict[str, ViewState]:
        """The views by name; "left" always exists."""
        return dict(self._views)

    @property
    def linked(self) -> bool:
        """Whether the two views share their camera."""
        return self._linked

    def layers(self) -> list[LayerInfo]:
        """All layers in the order of the panel, each with its key and whether this frame has it."""
        state = self.frame_state
        missing: Mapping[str, str] = {} if state is None else state.missing_layers
        rows = []
        for place, layer in enumerate(method_folder.layers_under(self._methods)):
            why = "Nothing is open." if state is None else missing.get(layer.name, "")
            data = None if state is None else state.cloud.layers.get(layer.name, self._local.get(layer.name))
            rows.append(
                LayerInfo(
                    name=layer.name,
                    title=data.title if data is not None else layer.title,
                    kind=layer.kind,
                    order=layer.order,
                    unit=data.unit if data is not None else "",
                    key=str(place + 1) if place < 9 else None,
                    available=not why,
                    why=why,
                    method=layer.method if isinstance(layer, MethodLayer) else "",
                )
            )
        return rows

    def set_layer(self, name: str, view: str = LEFT) -> None:
        """Show a layer in a view, by itself."""
        with_layer = replace(self._views[view], layer=layer_folder.find(name).name, compare=None)
        self._set_view(with_layer)

    def set_compare(self, other: str | None, view: str = LEFT) -> None:
        """Show the difference of the view's layer and ``other``; None ends that. Layers of different kinds
        cannot be compared: the log says so and nothing changes."""
        state = self._views[view]
        if other is not None:
            mine, its = layer_folder.find(state.layer), layer_folder.find(other)
            if mine.kind is not its.kind:
                self.log_line(
                    f"{mine.title} ({mine.kind.value}) and {its.title} ({its.kind.value}) are of different "
                    "kinds; compare two layers of one kind.",
                    "warning",
                )
                return
        self._set_view(replace(state, compare=other))

    def set_style(self, view: str, layer: str, **changes: Any) -> None:
        """Change fields of the :class:`LayerStyle` of a layer in a view. Ranges and switches can be undone.

        ``layer`` is a layer's name or, of a difference, ``ViewState.shown_layer``. ``UsageError`` for an
        unknown colour map.
        """
        if changes.get("colormap") is not None:
            colormaps.anchors(changes["colormap"])
        if "range_mode" in changes:
            changes["range_mode"] = RangeMode(changes["range_mode"])
        before = self._views[view].styles.get(layer, LayerStyle())
        after = replace(before, **changes)
        if after == before:
            return
        self._apply_style(view, layer, after)
        what = "Switch classes" if "hidden" in changes else "Change colours"
        self._history.record(
            what,
            self._styling(view, layer, before),
            self._styling(view, layer, after),
            scope="style",
            merge=(view, layer, *sorted(changes)) if "hidden" not in changes else None,
        )

    def toggle_class(self, train_id: int, view: str = LEFT) -> None:
        """Switch one class of the view's layer on or off."""
        self._set_hidden(view, self._views[view].style.hidden ^ {train_id})

    def isolate_class(self, train_id: int, view: str = LEFT) -> None:
        """Switch off every other class; once more, and all are on again."""
        others = frozenset(range(256)) - {train_id}
        self._set_hidden(view, frozenset() if self._views[view].style.hidden == others else others)

    def show_all_classes(self, view: str = LEFT) -> None:
        """Switch every class on."""
        self._set_hidden(view, frozenset())

    def set_overlay(self, name: str, on: bool, view: str = LEFT) -> None:
        """Switch an overlay; ``UsageError`` for a name that is none of ``OVERLAYS``."""
        if name not in OVERLAYS:
            raise UsageError(f"There is no overlay '{name}'; there are: {', '.join(OVERLAYS)}.")
        state = self._views[view]
        self._set_view(replace(state, show=state.show | {name} if on else state.show - {name}))

    def set_camera_mode(self, mode: str, view: str = LEFT) -> None:
        """Choose orbit, top, ego or ``camera:<name>``; linked views follow."""
        for name in list(self._views) if self._linked else [view]:
            self._set_view(replace(self._views[name], camera_mode=mode))

    def split(self, on: bool) -> None:
        """Open or close the second view; it comes back as it was left."""
        if on == (RIGHT in self._views):
            return
        if on:
            self._views[RIGHT] = self._right or self._second_view()
        else:
            self._right = self._views.pop(RIGHT)
            self._painted.pop(RIGHT, None)
        self.views_changed.emit()
        if on:
            self._ensure_layers(RIGHT)

    def set_linked(self, on: bool) -> None:
        """Let the two views share their camera, or not."""
        if on != self._linked:
            self._linked = on
            self.views_changed.emit()

    # colours

    def colors(self, view: str) -> Colors:
        """Colours (N, 3) uint8 of the drawn cloud in a view, and which points are shown (N,) bool or None.

        While the engine computes a layer the view keeps its last colours; where the layer is missing
        everything is grey. The arrays are shared: do not write to them.
        """
        state = self.frame_state
        count = 0 if state is None else len(state.cloud)
        data = self.layer_data(view)
        held = self._painted.get(view)
        if data is None:
            pending = state is not None and not any(n in state.missing_layers for n in self._names(view))
            if pending and held is not None and len(held.colors[0]) == count:
                return held.colors
            grey = np.empty((count, 3), np.uint8)
            grey[:] = colormaps.UNKNOWN_COLOR
            return grey, None
        style = self._views[view].style
        if held is None or held.data is not data or held.style != style:
            held = _Painted(data, style, coloring.resolve_range(data, style), coloring.colorize(data, style))
            self._painted[view] = held
        return held.colors

    def layer_data(self, view: str) -> LayerData | None:
        """Values of what a view shows, a difference included; None while they are computed or missing."""
        state = self._views[view]
        first = self._values(state.layer)
        if state.compare is None or first is None:
            return first
        second = self._values(state.compare)
        if second is None:
            return None
        held = self._local.get(state.shown_layer)
        if held is None:
            try:
                held = difference(first, second)
            except LidarScopeError as error:
                self.log_line(str(error), "warning")
                return None
            self._local[state.shown_layer] = held
        return held

    def pending(self, view: str) -> str:
        """Title of the layer whose values a view waits for, or "" when it shows what it should."""
        state = self.frame_state
        names = self._names(view)
        if state is None or self.layer_data(view) is not None or any(n in state.missing_layers for n in names):
            return ""
        waited = next((name for name in names if self._values(name) is None), names[0])
        return layer_folder.find(waited).title

    def resolved_range(self, view: str) -> tuple[float, float] | None:
        """Values at the two ends of the view's colours; None for layers without a range."""
        data = self.layer_data(view)
        held = self._painted.get(view)
        style = self._views[view].style
        if data is None:
            return None
        if held is not None and held.data is data and held.style == style:
            return held.bounds
        return coloring.resolve_range(data, style)

    # for the other parts

    def _needed_layers(self) -> tuple[str, ...]:
        """Layers that the views show, sorted."""
        return tuple(sorted({name for view in self._views for name in self._names(view)}))

    def _lacking_layers(self) -> tuple[str, ...]:
        """Layers of methods that the views show and that have no values now, sorted; whether they can be had is not
        asked."""
        state = self.frame_state
        held = {} if state is None else state.cloud.layers
        return tuple(
            name
            for name in self._needed_layers()
            if name not in held and isinstance(layer_folder.find(name), MethodLayer)
        )

    def _forget_colors(self) -> None:
        """The drawn cloud has changed: values and colours computed here belong to the old one."""
        self._local = {}
        self._painted = {}

    def _ensure_layers(self, view: str) -> None:
        """Ask the engine for what a view shows and neither the frame nor this process has."""
        state = self.frame_state
        if state is None:
            return
        wanted = [
            name
            for name in self._names(view)
            if name not in state.cloud.layers and name not in state.missing_layers and self._values(name) is None
        ]
        if wanted:
            self._ask_for_layers(view, tuple(wanted))

    def _names(self, view: str) -> list[str]:
        state = self._views[view]
        return [state.layer] if state.compare is None else [state.layer, state.compare]

    def _values(self, name: str) -> LayerData | None:
        state = self.frame_state
        if state is None or name in state.missing_layers:
            return None
        held = state.cloud.layers.get(name, self._local.get(name))
        if held is not None:
            return held
        layer = layer_folder.find(name)
        alone = state.cloud.frame_of is None
        if layer.heavy or not alone or len(state.cloud) > LOCAL_POINTS:
            return None
        self._local[name] = layer.compute(state.frame, self.label_set)
        return self._local[name]

    def _set_view(self, state: ViewState) -> None:
        if self._views[state.name] != state:
            self._views[state.name] = state
            self._ensure_layers(state.name)
            self.view_changed.emit(state.name)

    def _set_hidden(self, view: str, hidden: frozenset[int]) -> None:
        self.set_style(view, self._views[view].shown_layer, hidden=hidden)

    def _apply_style(self, view: str, layer: str, style: LayerStyle) -> None:
        state = self._views.get(view)
        if state is not None:
            self._set_view(replace(state, styles={**state.styles, layer: style}))

    def _styling(self, view: str, layer: str, style: LayerStyle) -> Callable[[], None]:
        return lambda: self._apply_style(view, layer, style)

    def _second_view(self) -> ViewState:
        """A view that shows something else than the first one, of the same place."""
        left = self._views[LEFT]
        state = self.frame_state
        missing: Mapping[str, str] = {} if state is None else state.missing_layers
        layer = next(n for n in _RIGHT_LAYERS if n != left.layer and n not in missing)
        return replace(left, name=RIGHT, layer=layer, compare=None)
