"""Docks round the view: one for every panel found in the panels folder, with a quiet title bar of our own."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QScrollArea, QToolButton, QWidget

from app import discovery
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import heading, hint, tool_button

AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
    "centre": Qt.DockWidgetArea.BottomDockWidgetArea,  # of the inner window, below the views
}
LEFT_WIDTH, RIGHT_WIDTH = 268, 312
SMALLEST_WIDTH, SMALLEST_HEIGHT = 210, 56
STATE_VERSION = 2
SHORT = 820
"""Below this height of the window the left column's last two panels share one place, as tabs."""

CENTRE_MOST = 0.455
"""What stands below the views takes at most this share of the window's height."""

TITLE_HEIGHT = 30


class PanelTitle(QWidget):
    """Heading, a hint how to use the panel, and two buttons that show while the pointer is there."""

    def __init__(self, dock: QDockWidget, info: PanelInfo, words: str) -> None:
        super().__init__()
        self.setObjectName("PanelTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 0)
        row.setSpacing(8)
        title = heading(info.title)
        title.setFixedHeight(TITLE_HEIGHT - 6)  # the dock asks the layout for its height, not the widget
        row.addWidget(title)
        if words:
            label = hint(words, wrap=False)
            label.setMinimumWidth(10)
            row.addWidget(label)
        row.addStretch(1)
        self._buttons = [
            self._small(
                "float", "Take the panel out of the window", lambda: dock.setFloating(not dock.isFloating())
            ),
            self._small("close", "Hide the panel (Window ▸ Panels brings it back)", dock.close),
        ]
        for button in self._buttons:
            row.addWidget(button)
            button.setVisible(False)

    def _small(self, icon: str, tip: str, call: object) -> QToolButton:
        button = tool_button(icon, tip, call)  # type: ignore[arg-type]
        button.setFixedSize(20, 20)
        button.setStyleSheet("padding: 0")
        return button

    def enterEvent(self, event: QEvent) -> None:
        """The pointer came."""
        for button in self._buttons:
            button.setVisible(True)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer went."""
        for button in self._buttons:
            button.setVisible(False)


class PanelDock(QDockWidget):
    """A dock holding one panel."""

    def __init__(self, name: str, info: PanelInfo, panel: Panel) -> None:
        super().__init__(info.title)
        self.setObjectName(f"panel.{name}")
        self.name, self.info = name, info
        self.panel = panel
        self.setWidget(_scrolling(panel) if info.area in ("left", "right") else panel)
        self.setTitleBarWidget(PanelTitle(self, info, panel.hint) if info.titled else QWidget())
        if not info.titled:
            self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)


def _scrolling(panel: Panel) -> QScrollArea:
    """The panel in a frame that scrolls when it is lower than the panel needs: columns never overlap."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(panel)
    least = max(SMALLEST_WIDTH, panel.least_width, panel.minimumSizeHint().width())
    area.setMinimumSize(least, SMALLEST_HEIGHT)
    return area


class Docks(QObject):
    """All docks of a window; ``inner`` is the window inside the window that holds the views."""

    def __init__(self, outer: QMainWindow, inner: QMainWindow, desk: Desk) -> None:
        super().__init__(outer)
        self.outer, self.inner = outer, inner
        outer.setCorner(Qt.Corner.BottomLeftCorner, AREAS["bottom"])
        outer.setCorner(Qt.Corner.BottomRightCorner, AREAS["bottom"])
        for window in (outer, inner):
            window.setDockOptions(
                QMainWindow.DockOption.AnimatedDocks
                | QMainWindow.DockOption.AllowNestedDocks
                | QMainWindow.DockOption.AllowTabbedDocks
            )
        found: dict[str, PanelInfo] = discovery.entries("app.ui.panels")  # type: ignore[assignment]
        self.all: dict[str, PanelDock] = {}
        for name, info in sorted(found.items(), key=lambda item: item[1].order):
            self.all[name] = PanelDock(name, info, info.factory(desk))
        self.arrange()

    def __getitem__(self, name: str) -> PanelDock:
        return self.all[name]

    def of_area(self, area: str) -> list[PanelDock]:
        """Docks whose own place is that area, in order."""
        return [dock for dock in self.all.values() if dock.info.area == area]

    def arrange(self, names: frozenset[str] | None = None) -> None:
        """Put every dock into its own place, and show these alone; None: all.

        A panel that is not meant is not shown for a moment either: it would begin work that nobody looks at.
        """
        shown = frozenset(self.all) if names is None else names
        for name in self.all.keys() - shown:
            self.all[name].hide()  # first: whatever is put somewhere else while it is shown is shown anew
        for area in ("left", "right", "bottom", "centre"):
            window = self.inner if area == "centre" else self.outer
            for dock in self.of_area(area):
                dock.setFloating(False)
                window.addDockWidget(AREAS[area], dock)
                dock.setVisible(dock.name in shown)
        left = self.of_area("left")
        self._stack(left)
        if self.outer.height() < SHORT and len(left) > 2:
            self.outer.tabifyDockWidget(left[-2], left[-1])
            left[-2].raise_()
        self._stack(self.of_area("right"))
        self._tab()
        self._bottom()
        self.share_room()

    def _stack(self, docks: list[PanelDock]) -> None:
        for above, below in pairwise(docks):
            self.outer.splitDockWidget(above, below, Qt.Orientation.Vertical)

    def _tab(self) -> None:
        """Panels that share a place stand behind each other there, the first one in front."""
        for dock in self.all.values():
            front = self.all.get(dock.info.beside)
            if front is not None:
                self.outer.tabifyDockWidget(front, dock)
                front.raise_()

    def _bottom(self) -> None:
        """The strip without a title on top, the others side by side below it."""
        strips = [dock for dock in self.of_area("bottom") if not dock.info.titled]
        others = [dock for dock in self.of_area("bottom") if dock.info.titled]
        for above, below in zip(strips, [*strips[1:], *others[:1]], strict=False):
            self.outer.splitDockWidget(above, below, Qt.Orientation.Vertical)
        for left, right in pairwise(others):
            self.outer.splitDockWidget(left, right, Qt.Orientation.Horizontal)

    def share_room(self) -> None:
        """Give every dock its share of height, and the two columns their widths."""
        for area in ("left", "right", "bottom", "centre"):
            docks = self._apart(area)
            window = self.inner if area == "centre" else self.outer
            if docks:
                most = round(CENTRE_MOST * self.outer.height()) if area == "centre" else 1 << 15
                window.resizeDocks(docks, [min(dock.info.share, most) for dock in docks], Qt.Orientation.Vertical)
        below = self._apart("centre")
        if len(below) > 1:  # side by side
            self.inner.resizeDocks(below, [100] * len(below), Qt.Orientation.Horizontal)
        for area, width in (("left", LEFT_WIDTH), ("right", RIGHT_WIDTH)):
            docks = self.of_area(area)[:1]
            self.outer.resizeDocks(docks, [width] * len(docks), Qt.Orientation.Horizontal)
        others = [dock for dock in self.of_area("bottom") if dock.info.titled]
        self.outer.resizeDocks(others, [100] * len(others), Qt.Orientation.Horizontal)

    def _apart(self, area: str) -> list[PanelDock]:
        """Shown docks of an area that have a place of their own: of those that share one as tabs, the first."""
        found: list[PanelDock] = []
        for dock in self.of_area(area):
            tabbed = self.outer.tabifiedDockWidgets(dock)
            if not dock.isHidden() and not any(other in tabbed for other in found):
                found.append(dock)
        return found

    def show_only(self, names: frozenset[str]) -> None:
        """Show these panels and hide the others."""
        for name, dock in self.all.items():
            dock.setVisible(name in names)

    def state(self) -> str:
        """Where all docks stand, as text for the session file.

        Qt writes the widths that docks had before they were last arranged until the layout has been carried out.
        """
        for window in (self.outer, self.inner):
            layout = window.layout()
            if layout is not None:
                layout.activate()
        parts = (self.outer.saveState(STATE_VERSION), self.inner.saveState(STATE_VERSION))
        return " ".join(bytes(part.toBase64().data()).decode() for part in parts)

    def restore(self, state: str) -> bool:
        """Put the docks where ``state`` says; False where it is of another version or broken."""
        parts = state.split()
        if len(parts) != 2:
            return False
        outer, inner = (QByteArray.fromBase64(part.encode()) for part in parts)
        return self.outer.restoreState(outer, STATE_VERSION) and self.inner.restoreState(inner, STATE_VERSION)

    def close(self) -> None:
        """Let every panel go."""
        for dock in self.all.values():
            dock.panel.close_panel()
