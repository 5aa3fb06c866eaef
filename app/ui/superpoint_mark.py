"""The box round the superpoint that is told of, in every view of its frame."""

from __future__ import annotations

import numpy as np

from app.core.affinity.inspecting import InstanceStory
from app.core.render.scene import Texts, box_lines
from app.ui import theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.viewer.viewport import Viewport

BOX, NAME = "superpoint box", "superpoint name"
MARGIN, SMALLEST = 0.08, 0.15
"""Metres that the box leaves about the points, and half of its least edge."""


class SuperpointMark(Listening):
    """Keeps the box in one viewport; ``stop_listening`` when the view goes."""

    def __init__(self, desk: Desk, viewport: Viewport) -> None:
        super().__init__()
        self._desk, self._viewport = desk, viewport
        self._shown: tuple[object, ...] = ()
        session, affinity = desk.session, desk.labelling.affinity
        self.listen(affinity.story_changed, lambda _story: self.refresh())
        self.listen(session.frame_changed, lambda _state: self.refresh())
        self.listen(session.drive_changed, lambda _drive: self.refresh())
        self.listen(session.settings_changed, lambda _settings: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Draw it where the frame in view is the superpoint's, else take it away."""
        session = self._desk.session
        story, state = self._desk.labelling.affinity.story, session.frame_state
        here = story is not None and state is not None and state.frame.index == story.frame and len(story.points)
        dark = sum(session.settings.background) < 380
        key = (story, state.frame, dark) if here and state is not None else ()
        if len(key) == len(self._shown) and all(a is b for a, b in zip(key, self._shown, strict=True)):
            return
        if self._shown:
            for name in (BOX, NAME):
                self._viewport.remove_item(name)
        self._shown = key
        if story is not None and state is not None and key:
            points = state.frame.points[story.points[story.points < len(state.frame.points)]]
            self._draw(story, points, dark)

    def _draw(self, story: InstanceStory, points: np.ndarray, dark: bool) -> None:
        if not len(points):
            return
        color = (theme.DARK if dark else theme.LIGHT).rgb("text")
        low, high = points.min(axis=0) - MARGIN, points.max(axis=0) + MARGIN
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, SMALLEST)
        signs = np.array([[2 * (i & 1) - 1, (i & 2) - 1, ((i & 4) >> 1) - 1] for i in range(8)])
        self._viewport.set_item(BOX, box_lines((middle + signs * half)[None], np.array([color], np.uint8), 2.0))
        above = (middle + np.array([0, 0, half[2] + 0.25])).astype(np.float32)
        labelling = self._desk.labelling
        after, before = labelling.name(story.label_after), labelling.name(story.label_before)
        words = after if after == before else f"{after} (was {before})"
        self._viewport.set_item(NAME, Texts(above[None], (words,), (color,), 13))
