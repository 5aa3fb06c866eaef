"""The part of the live surface that is about what is chosen: by what, how fine, where, how it is drawn; undo.

Only the main thread calls it. Nothing here computes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from psygnal import Signal

from app.core.errors import UsageError
from app.core.surface import checking
from app.core.surface.result import BoxCorners, SurfaceOptions
from app.core.surface.view import CHOSEN, QueryView, SliceOptions, SurfaceState

SCOPE = "surface"


class SurfaceChoices(ABC):
    """What is chosen of the surface; every change can be undone, and a slider's drag is one step."""

    state_changed = Signal(object)
    """The new :class:`~app.core.surface.view.SurfaceState`."""

    _host: Any

    def __init__(self) -> None:
        self._state = SurfaceState()

    @property
    def state(self) -> SurfaceState:
        """What is chosen, and how far it is."""
        return self._state

    # what is made

    def set_options(self, **changes: Any) -> None:
        """Change fields of :class:`~app.core.surface.result.SurfaceOptions`; the surface is made anew.

        Choosing a checkpoint ends a baseline, and the other way round; the chosen colour becomes height where what
        is chosen cannot give it. ``UsageError`` where it makes no sense; nothing changes then.
        """
        known = {entry.name for entry in fields(SurfaceOptions)}
        for name in changes:
            if name not in known:
                raise UsageError(f"Surfaces have no option '{name}'; there are: {', '.join(sorted(known))}.")
        if changes.get("checkpoint") is not None:
            changes = {"baseline": "", **changes, "checkpoint": Path(changes["checkpoint"])}
        elif changes.get("baseline"):
            changes = {"checkpoint": None, **changes}
        after = replace(self._state.options, **changes)
        if "color" not in changes:
            after = checking.with_possible_color(after)
        checking.check(after)
        self._edit("Change the surface", tuple(sorted(changes)), options=after)

    def set_box(self, box: BoxCorners | None) -> None:
        """Make it in a box alone: x, y, z of the low and of the high corner, metres, sensor frame; None: everywhere
        near points. ``UsageError`` for a box without an inside."""
        if box is not None:
            box = checking.checked_box(box)
        before, after = self._state.options, replace(self._state.options, box=box)
        self._edit("Move the box", _drag("box", before.box, box), options=after)

    def take_finest(self) -> None:
        """Make it as fine as fits into memory, where the chosen step does not."""
        if self._state.finest is not None:
            self.set_options(step=self._state.finest)

    def take_middle(self) -> None:
        """A threshold in the middle of what the field says, where there is no surface at the chosen one."""
        if self._state.between is not None:
            self.set_options(threshold=sum(self._state.between) / 2)

    def reset_options(self) -> None:
        """Everything as it is usual, but what it is made by and where."""
        now = self._state.options
        usual = SurfaceOptions(now.checkpoint, now.baseline, box=now.box, device=now.device)
        self._edit("Reset the surface", None, options=usual)

    # how it is drawn

    def set_look(
        self,
        *,
        opacity: float | None = None,
        wireframe: bool | None = None,
        visible: bool | None = None,
        points: bool | None = None,
    ) -> None:
        """Change how it is drawn; nothing is made anew. ``UsageError`` for an opacity that is not 0 to 1."""
        if opacity is not None:
            checking.check_opacity(opacity)
        given = {"opacity": opacity, "wireframe": wireframe, "visible": visible, "points": points}
        changes = {name: value for name, value in given.items() if value is not None}
        self._edit("Draw the surface differently", tuple(sorted(changes)), **changes)

    # what is shown beside it

    def set_slice(self, options: SliceOptions | None) -> None:
        """Cut the field by a plane, or not. ``UsageError`` for a plane that is not there."""
        if options is not None:
            checking.check_slice(options)
        self._edit("Move the slice", _drag("slice", self._state.slice, options), slice=options)

    def set_queries(self, view: QueryView | None) -> None:
        """Show queries of lines of sight, or not. ``UsageError`` for numbers that cannot be."""
        if view is not None:
            checking.check_queries(view)
        self._edit("Change queries", _drag("queries", self._state.queries, view), queries=view)

    def set_later(self, frames: int) -> None:
        """Compare with the points of so many frames after this one; 0: with none."""
        checking.check_later(frames)
        self._edit("Compare with later scans", ("later",), later=frames)

    def restore(self, chosen: SurfaceState) -> None:
        """Take over what a saved session holds; that is no step that could be undone."""
        before = self._state
        self._set_state(on=chosen.on, **{field: getattr(chosen, field) for field in CHOSEN})
        self._chosen_differently(before)

    # under the hood

    @abstractmethod
    def _chosen_differently(self, before: SurfaceState) -> None:
        """Something else is chosen than ``before``; make what is needed."""

    def _edit(self, name: str, merge: Hashable | None, **changes: Any) -> None:
        before = {field: getattr(self._state, field) for field in CHOSEN}
        after = before | changes
        if after == before:
            return
        self._choose(after)
        whole = None if merge is None else (SCOPE, merge)
        self._host._history.record(name, self._choosing(before), self._choosing(after), scope=SCOPE, merge=whole)

    def _choosing(self, chosen: dict[str, Any]) -> Callable[[], None]:
        return lambda: self._choose(chosen)

    def _choose(self, chosen: dict[str, Any]) -> None:
        before = self._state
        self._set_state(**chosen)
        self._chosen_differently(before)

    def _set_state(self, **changes: Any) -> None:
        after = replace(self._state, **changes)
        if after != self._state:
            self._state = after
            self.state_changed.emit(after)


def _drag(name: str, before: object, after: object) -> Hashable | None:
    """What joins the changes of a drag; showing and taking away are steps of their own."""
    return None if before is None or after is None else (name,)
