"""The part of the inspector of pseudo-labels that is about how they are made: on or off, options, undo.

Only the main thread calls it. Nothing here computes: the method ``pseudo_labels`` does, in the engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.core.affinity import options as label_options
from app.core.affinity.inspecting import LAYERS, METHOD, InspectorState, QueueOptions
from app.core.affinity.options import PseudoLabelOptions
from app.core.errors import UsageError
from app.models.clip.source import ClipSource

if TYPE_CHECKING:
    from app.core.geometry.visibility import VisibilityOptions
    from app.core.session_language import SessionLanguage

SCOPE = "labels"
MOST_FRAMES = 200
_OF_VISIBILITY = {"rule": "rule", "threshold": "threshold", "superpixels": "superpixels", "segments": "segments"}
CLASSES = "classes"
NO_DRIVE = "Open a recording first; then its labels can be looked into."


class LabelOptions(ABC):
    """How the labels in view are made; every change of it can be undone, and a slider's drag is one step."""

    state_changed = Signal(object)
    """The new :class:`~app.core.affinity.inspecting.InspectorState`."""

    _host: Any

    def __init__(self) -> None:
        self._state = InspectorState(PseudoLabelOptions(ClipSource()))
        self._anchor: int | None = None
        self._gathered = 0
        self._corrected = 0
        self._shown_before: dict[str, str] = {}
        self._setting = False

    @abstractmethod
    def _stop_matrix(self) -> None: ...

    @property
    @abstractmethod
    def _language(self) -> SessionLanguage: ...

    @property
    def state(self) -> InspectorState:
        """What is chosen."""
        return self._state

    @property
    def ready(self) -> bool:
        """Whether there is a CLIP to make labels with."""
        return self._language.clip is not None

    @property
    def problem(self) -> str:
        """Why nothing shows, one sentence, or "" where all is well or the inspector is off."""
        if not self._state.on:
            return ""
        state = self._host.frame_state
        if state is None:
            return NO_DRIVE
        if not self.ready:
            return self._language.clip_problem
        return str(state.missing_layers.get(LAYERS[self._state.layer], ""))

    @property
    def offer(self) -> str:
        """What would help: ``CLASSES`` where nothing says what classes are called; the setting that would work
        where the chosen one cannot for want of ground truth; else ""."""
        state = self._host.frame_state
        if state is not None and self._host.label_set is None:
            return CLASSES
        lacks = state is not None and state.frame.labels is None
        return label_options.ANNOTATION_FREE if lacks and self._state.options.setting == "zero-shot" else ""

    # on and off

    def turn_on(self, view: str = "left") -> None:
        """Make labels for the queue in view and show them; with the demo CLIP where none is chosen."""
        if not self._state.on:
            self._set_state(on=True)
            if self._language.clip is None:
                self._language.use_built_in_clip()
            self._sync()
        self.show(view)

    def turn_off(self) -> None:
        """Make none, and show what was shown before."""
        if not self._state.on:
            return
        self._set_state(on=False, selected=None, pair=None, queue_frames=())
        for view, layer in self._shown_before.items():
            shown = self._host.views.get(view)
            if shown is not None and shown.layer in LAYERS.values():
                self._host.set_layer(layer, view)
        self._shown_before = {}
        self._sync()

    def set_layer(self, name: str, view: str = "left") -> None:
        """Show before, after, difference, changed, wrong or corrected in a view. ``UsageError`` for anything
        else."""
        if name not in LAYERS:
            raise UsageError(f"There is no layer '{name}' of labels; there are: {', '.join(LAYERS)}.")
        self._set_state(layer=name)
        if self._state.on:
            self.show(view)

    def show(self, view: str = "left") -> None:
        """Show the chosen layer in a view."""
        now = self._host.views[view].layer
        if now not in LAYERS.values():
            self._shown_before[view] = now
        self._host.set_layer(LAYERS[self._state.layer], view)

    def side_by_side(self) -> None:
        """Two views: labels before affinity on the left, after it on the right."""
        self._host.split(True)
        self.turn_on()
        self.show("right")
        self._host.set_layer(LAYERS["before"], "left")
        self._host.set_layer(LAYERS["after"], "right")

    # options

    def set_options(self, **changes: Any) -> None:
        """Change how labels are made; can be undone, and changes of the same things in one go are one step.

        ``changes``: fields of :class:`~app.core.affinity.options.PseudoLabelOptions` but ``clip``, which is the one
        of asking in words; ``before`` and ``after`` (frames); ``threshold`` (T_D), ``rule``, ``superpixels``,
        ``segments`` of the visibility; ``kind`` of the superpoints. ``UsageError`` where they make no sense.
        """
        self._edit("Change labels", self._changed(changes), merge=tuple(sorted(changes)))

    def reset_options(self) -> None:
        """Everything as it is usual; can be undone."""
        fresh = InspectorState(PseudoLabelOptions(self._state.options.clip, device=self._state.options.device))
        self._edit("Reset labels", fresh)

    def take_visibility(self, visibility: VisibilityOptions) -> None:
        """Make labels by the visibility rule that is in use. What has changed that rule knows the way back."""
        state = self._state
        self._apply(replace(state.options, visibility=visibility), state.before, state.after)

    def _changed(self, changes: dict[str, Any]) -> InspectorState:
        """The state with these changes; ``UsageError`` where one is unknown or makes no sense."""
        options, frames = self._state.options, {"before": self._state.before, "after": self._state.after}
        visibility = options.visibility
        for name, value in changes.items():
            if name in frames:
                frames[name] = _frames(name, value)
            elif name in _OF_VISIBILITY:
                visibility = replace(visibility, **{_OF_VISIBILITY[name]: value})
                options = replace(options, visibility=visibility)
            elif name == "kind":
                options = replace(options, superpoints=label_options.grouping_of(value, options.setting))
            elif name in PseudoLabelOptions.__dataclass_fields__ and name != "clip":
                options = replace(options, **{name: value})
                visibility = options.visibility
            else:
                raise UsageError(f"Labels have no option '{name}'.")
        label_options.check(options)
        return replace(self._state, options=options, before=frames["before"], after=frames["after"])

    def _edit(self, name: str, after: InspectorState, *, merge: Hashable | None = None) -> None:
        before = self._state
        wanted = (after.options, after.before, after.after)
        if wanted == (before.options, before.before, before.after):
            return
        self._apply(*wanted)
        back = self._applying(before.options, before.before, before.after)
        whole = None if merge is None else (SCOPE, merge)
        self._host._history.record(name, back, self._applying(*wanted), scope=SCOPE, merge=whole)

    def _applying(self, options: PseudoLabelOptions, before: int, after: int) -> Callable[[], None]:
        return lambda: self._apply(options, before, after)

    def _apply(self, options: PseudoLabelOptions, before: int, after: int) -> None:
        clip = self._language.clip or ClipSource()
        self._set_state(options=replace(options, clip=clip), before=before, after=after)
        self._sync()

    # under the hood

    def _set_state(self, **changes: Any) -> None:
        after = replace(self._state, **changes)
        if after != self._state:
            self._state = after
            self.state_changed.emit(after)

    def _sync(self) -> None:
        """Switch the method on as it is chosen, or off."""
        clip = self._language.clip
        wanted = None
        if self._state.on and clip is not None:
            self._set_state(options=replace(self._state.options, clip=clip))
            now = self._state
            counts = self._gathered, self._corrected
            wanted = QueueOptions(now.options, now.before, now.after, self._anchor, *counts)
        if wanted != self._host.methods.get(METHOD):
            self._stop_matrix()
        self._setting = True
        try:
            self._host.set_method(METHOD, wanted)
        finally:
            self._setting = False

    def _adopt(self) -> None:
        """Somebody else has switched the method, as a restored session does: show what it makes."""
        found = self._host.methods.get(METHOD)
        if self._setting or not isinstance(found, QueueOptions):
            return
        self._gathered = max(self._gathered, found.gathered)
        self._corrected = max(self._corrected, found.corrected)
        if self._language.clip is None and self._language.reading_clip is None:
            self._language.set_clip(found.labels.clip)
        self._set_state(on=True, options=found.labels, before=found.before, after=found.after)


def _frames(name: str, value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= MOST_FRAMES:
        raise UsageError(f"'{name}' counts frames from 0 to {MOST_FRAMES}; found {value}.")
    return value
