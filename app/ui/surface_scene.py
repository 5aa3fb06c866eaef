"""The surface and what is shown beside it in one view: mesh, slice, queries and rays, region box, later scans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.core.render.scene import Item
from app.core.surface.view import SurfaceState
from app.ui import surface_items as items
from app.ui import theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.viewer.viewport import Viewport

Shown = TypeVar("Shown")

LEAST_OPACITY = 0.02
"""Below this nothing of the surface could be seen, so it is not drawn at all."""


class SurfaceScene(Listening):
    """Keeps the items in one viewport; ``stop_listening`` when the view goes."""

    def __init__(self, desk: Desk, viewport: Viewport) -> None:
        super().__init__()
        self._surfacing, self._session = desk.surfacing, desk.session
        self._viewport = viewport
        self._held = False
        self._shown: dict[str, tuple[object, ...]] = {}
        """What each item was made of: it is sent again only when that is something else."""
        surface = self._surfacing.surface
        for signal in (
            surface.state_changed, surface.surface_changed, surface.slice_changed, surface.queries_changed,
            surface.later_changed, self._surfacing.rays_changed, self._session.drive_changed,
            self._session.settings_changed,
        ):  # fmt: skip
            self.listen(signal, lambda _news: self.refresh())
        self.refresh()

    @property
    def drawn(self) -> frozenset[str]:
        """Names of the items that the viewport has been told to draw."""
        return frozenset(self._shown)

    def refresh(self) -> None:
        """Draw what is there now, and nothing else."""
        surface = self._surfacing.surface
        if surface.state.working != self._held:
            self._held = surface.state.working
            self._viewport.hold(self._held)
        self._draw_surface(surface.state)
        self._draw_box(surface.state)
        self._put(items.SLICE, surface.slice, items.cut)
        self._put(items.QUERIES, surface.queries, items.queries)
        self._put(items.RAYS, surface.queries if self._surfacing.rays else None, items.rays)
        self._put(items.LATER, surface.later, items.later)

    def _draw_surface(self, state: SurfaceState) -> None:
        made = self._surfacing.surface.surface
        seen = made is not None and len(made.triangles) and state.visible and state.opacity >= LEAST_OPACITY
        if made is None or not seen:
            self._take_away(items.SURFACE)
            return
        look = (state.opacity, state.wireframe)
        self._set(items.SURFACE, (made, *look), lambda: items.surface(made, look[0], wireframe=look[1]))

    def _draw_box(self, state: SurfaceState) -> None:
        if not state.on or state.box is None:
            self._take_away(items.BOX)
            return
        box = state.box
        dark = sum(self._session.settings.background) < 380
        color = (theme.DARK if dark else theme.LIGHT).rgb("accent")
        self._set(items.BOX, (box, color), lambda: items.box_edges(box, color))

    def _put(self, name: str, source: Shown | None, make: Callable[[Shown], Item]) -> None:
        """An item made of one thing, or none of it."""
        if source is None:
            self._take_away(name)
        else:
            self._set(name, (source,), lambda: make(source))

    def _set(self, name: str, key: tuple[object, ...], make: Callable[[], Item]) -> None:
        before = self._shown.get(name, ())
        if len(before) == len(key) and all(_same(a, b) for a, b in zip(before, key, strict=True)):
            return
        self._shown[name] = key
        self._viewport.set_item(name, make())

    def _take_away(self, name: str) -> None:
        if self._shown.pop(name, None) is not None:
            self._viewport.remove_item(name)


def _same(one: object, other: object) -> bool:
    """What holds arrays is compared by identity, numbers by value."""
    return one is other or (isinstance(one, float | bool | tuple) and one == other)
