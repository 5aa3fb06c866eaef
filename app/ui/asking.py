"""Asking in words, as panels, menus and keys of the window do it: what they share beside the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from app.core.language.queries import LAYER_OF, Hit
from app.core.session_language import SessionLanguage
from app.ui.attempts import Attempts

if TYPE_CHECKING:
    from app.ui.desk import Desk


class Asking(Attempts):
    """One per desk; main thread only. What was asked is the session's, which view shows it is decided here."""

    field_requested = Signal()  # put the cursor into the search field
    hit_changed = Signal(object)  # the Hit that is looked at, or None
    box_tool_changed = Signal(bool)  # whether a drag over the picture asks by a box

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._box_tool = False
        self._before: dict[str, str] = {}
        self.hit: Hit | None = None

    @property
    def language(self) -> SessionLanguage:
        """The session's part."""
        return self._desk.session.language

    @property
    def shown(self) -> bool:
        """Whether the active view shows the answer."""
        return self._desk.view.layer in LAYER_OF.values()

    # asking

    def begin(self) -> None:
        """Let the user type."""
        self.field_requested.emit()

    def show(self) -> None:
        """Show the answer in the active view."""
        if not self.shown:
            self._before[self._desk.active] = self._desk.view.layer
        self.language.show(self._desk.active)

    def hide(self) -> None:
        """Show again what the view showed before."""
        session, view = self._desk.session, self._desk.active
        there = [info.name for info in session.layers() if info.available]
        wanted = (self._before.get(view, ""), "label", "height")
        session.set_layer(next((name for name in wanted if name in there), "height"), view)

    def toggle(self) -> None:
        """The answer, or what was there before."""
        if self.shown:
            self.hide()
        else:
            self.show()

    def type(self, place: int | None, words: str) -> int | None:
        """Words for the prompt in ``place``, or for a new one; the place they have, None if they were refused."""
        language = self.language
        done: list[int] = []

        def write() -> None:
            if place is None:
                done.append(language.add_prompt(words))
            else:
                language.edit_prompt(place, words)
                done.append(place)

        if self.attempt(write) and not self.shown and words.strip():
            self.show()
        return done[0] if done else None

    def word(self, words: str) -> None:
        """Ask for one thing more, all of it at once."""
        self.type(None, words)

    def mode(self, mode: str) -> None:
        """Show the answer in another way."""
        self.language.set_mode(mode)
        self.show()

    def step(self, by: int) -> None:
        """Make another prompt the active one."""
        query = self.language.query
        if query.prompts:
            self.attempt(lambda: self.language.set_active((query.active + by) % len(query.prompts)))

    def clear(self) -> None:
        """Ask for nothing; the view shows what it showed before."""
        self.language.clear_query()
        self.look_at(None)
        if self.shown:
            self.hide()

    # by example

    def more_like_this(self) -> None:
        """Ask for what is like the picked point."""
        row = self._desk.session.picked
        if row is not None and self.attempt(lambda: self.language.ask_by_point(row)):
            self.show()

    @property
    def box_tool(self) -> bool:
        """Whether a drag over the picture asks by a box; with Shift it always does."""
        return self._box_tool

    def set_box_tool(self, on: bool) -> None:
        """A drag over the picture asks, or pans."""
        if on != self._box_tool:
            self._box_tool = on
            self.box_tool_changed.emit(on)

    def box(self, camera: str, box: tuple[float, float, float, float]) -> None:
        """Ask for what a box in a picture shows."""
        self.set_box_tool(False)
        if self.attempt(lambda: self.language.ask_by_box(camera, box)):
            self.show()

    # what was found

    def search(self) -> None:
        """Look through all indexed frames of the sequence."""
        self.attempt(self.language.search)

    def look_at(self, hit: Hit | None) -> None:
        """Go to the frame of a found region and fly to it, once that frame is there."""
        self.hit = hit
        session = self._desk.session
        if hit is not None and session.index != hit.frame:
            session.go_to(hit.frame)
        self.hit_changed.emit(hit)

    # known classes

    def toggle_classes(self) -> None:
        """Seek the data set's classes by their words, or no longer."""
        on = not self.language.zero_shot
        view = self._desk.active
        if on:
            self._before.setdefault(view, self._desk.view.layer)
        self.attempt(lambda: self.language.set_zero_shot(on, view))
        if not on and self._desk.view.layer.startswith("zero_shot"):
            self.hide()
