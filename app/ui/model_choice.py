"""Which network predicts, and what of it the views show: what the model panel and the Model menu both do."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import LidarScopeError
from app.core.methods.predict import PredictOptions
from app.core.model_card import built_in
from app.core.session import Session
from app.core.session_methods import PREDICT, SIMILARITY

if TYPE_CHECKING:
    from app.ui.desk import Desk

LAYER, ERROR_LAYER, SIMILAR_LAYER = "prediction", "prediction_error", "feature_similarity"
OF_METHODS = (PREDICT, SIMILARITY)
FALLBACKS = ("label", "height")
"""What a view shows again where nothing is remembered: the first of these that the frame has."""


class ModelChoice:
    """One per desk; main thread only. It listens to nobody: the methods themselves are the session's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: PredictOptions | None = None
        self._built_in: Path | None = None
        self._before: dict[tuple[str, str], str] = {}
        """View and method to the layer that the view showed before it showed that method's."""

    @property
    def _session(self) -> Session:
        return self._desk.session

    # which network

    @property
    def options(self) -> PredictOptions | None:
        """How the network predicts now; None while it does not."""
        found = self._session.methods.get(PREDICT)
        return found if isinstance(found, PredictOptions) else None

    @property
    def wanted(self) -> PredictOptions | None:
        """The options in use, else those that switching on would use; None where no checkpoint is known."""
        known = self.options or self._last
        if known is not None:
            return known
        return PredictOptions(self.recent[0]) if self.recent else None

    @property
    def built_in(self) -> Path | None:
        """The checkpoint that comes with the application, if it does; looked for until it has been found."""
        if self._built_in is None:
            with contextlib.suppress(LidarScopeError):
                self._built_in = built_in()
        return self._built_in

    @property
    def recent(self) -> tuple[Path, ...]:
        """Checkpoints that were used lately, newest first."""
        return self._session.settings.recent_checkpoints

    def use(self, checkpoint: Path) -> None:
        """Predict with a checkpoint file, or with the best checkpoint of a run's folder, and show it."""
        known = self.wanted
        self._switch(replace(known, checkpoint=checkpoint) if known else PredictOptions(checkpoint))
        self.show(LAYER)

    def use_built_in(self) -> None:
        """Predict with the checkpoint that comes with the application."""
        path = self.built_in
        if path is not None:
            self.use(path)

    def change(self, **changes: Any) -> None:
        """Change votes, device or precision; remembered for later while nothing predicts."""
        known = self.wanted
        if known is None:
            return
        self._last = replace(known, **changes)
        if self.options is not None:
            self._switch(self._last)

    def toggle(self) -> None:
        """Predict, or stop doing so; the views then show what they showed before."""
        if self.options is not None:
            self._last = self.options
            self._leave(OF_METHODS)
            self._session.set_method(SIMILARITY, None)
            self._session.set_method(PREDICT, None)
        elif self.wanted is not None:
            self._switch(self.wanted)
            self.show(LAYER)

    # what the views show of it

    @property
    def shown(self) -> bool:
        """Whether any view shows something of the network, so that frames are predicted."""
        views = self._session.views.values()
        return any({self._method(view.layer), self._method(view.compare)} & set(OF_METHODS) for view in views)

    def show(self, layer: str) -> None:
        """Show a layer of the network in the active view; when it ends, what the view showed comes back."""
        view = self._desk.view
        if layer == LAYER and self._method(view.layer) == PREDICT:
            return  # it shows the network's work already
        method = self._method(layer)
        if self._method(view.layer) != method:
            self._before[view.name, method] = view.layer
        self._session.set_layer(layer, view.name)

    @property
    def comparing(self) -> bool:
        """Whether all points are compared with one."""
        return SIMILARITY in self._session.methods

    def find_similar(self) -> None:
        """What else looks like the picked point? Shows the answer in the active view."""
        if self._session.picked is not None and self.options is not None:
            self._session.find_similar(self._session.picked)
            self.show(SIMILAR_LAYER)

    def end_similar(self) -> None:
        """Stop comparing."""
        self._leave((SIMILARITY,))
        self._session.set_method(SIMILARITY, None)

    def _leave(self, methods: tuple[str, ...]) -> None:
        """Views that show layers of these methods show again what they showed before."""
        for name, view in self._session.views.items():
            if self._method(view.layer) in methods or self._method(view.compare) in methods:
                self._session.set_layer(self._earlier(name, view.layer, methods), name)

    def _earlier(self, view: str, layer: str, methods: tuple[str, ...]) -> str:
        """What a view showed before it showed anything of these methods, if that can still be shown."""
        for _hop in methods:  # at most one step back out of each
            layer = (
                self._before.get((view, self._method(layer)), layer) if self._method(layer) in methods else layer
            )
        there = [info.name for info in self._session.layers() if info.available]
        wanted = (layer,) if self._method(layer) not in methods else ()
        return next((name for name in (*wanted, *FALLBACKS) if name in there), FALLBACKS[-1])

    def _method(self, layer: str | None) -> str:
        """Name of the method a layer shows, or ""."""
        return next((info.method for info in self._session.layers() if info.name == layer), "")

    def _switch(self, options: PredictOptions) -> None:
        self._last = options
        self._session.set_method(PREDICT, options)
