"""The strip in the corner of a 3D view: what a drag does, and where the camera stands."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from app.core.settings import Settings
from app.core.state import FrameState
from app.ui import icons, theme
from app.ui.desk import Desk
from app.ui.listening import Listening

TOOLS = (
    ("navigate", "cursor", "Drag to look around (V)"),
    ("box", "box_select", "Select points with a box (R); Shift adds, Alt takes away, Ctrl: only what is visible"),
    ("lasso", "lasso", "Select points with a lasso (L); Shift adds, Alt takes away, Ctrl: only what is visible"),
)
MODES = (
    ("orbit", "Orbit", "Free camera about a pivot (Ctrl+1)"),
    ("top", "Top", "From straight above (Ctrl+2)"),
    ("ego", "Ego", "From the driver's seat (Ctrl+3)"),
)


WIDE, NARROW = 560, 430
"""Widths of a view in pixels below which the strip gets shorter, so that it does not meet the title."""


class ViewBar(Listening, QFrame):
    """One per view. The camera buttons act on this view, the tools on all of them."""

    def __init__(self, desk: Desk, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("ViewBar")
        self.desk, self.name = desk, name
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(1)
        self._tools = self._make_tools(row)
        row.addSpacing(8)
        self._modes = self._make_modes(row)
        self._camera = self._make_camera(row)
        self._follow = self._make_follow(row)
        self._more = self._button(row, "Orbit", "Where the camera stands")
        self._more.setCheckable(False)
        self._more.clicked.connect(self._show_menu)
        self.listen(desk.tool_changed, lambda _tool: self._show_tool())
        self.listen(desk.session.view_changed, lambda _name: self._show_mode())
        self.listen(desk.session.frame_changed, self._show_cameras)
        self.listen(desk.session.settings_changed, self._show_follow)
        self._show_tool()
        self._show_mode()
        self._show_follow(desk.session.settings)
        if desk.session.frame_state is not None:
            self._show_cameras(desk.session.frame_state)

    def set_room(self, width: int) -> None:
        """Leave out what would not fit into a view of that width: first the tools, then all but one button
        with a menu; their keys still work."""
        for button in self._tools.values():
            button.setVisible(width >= WIDE)
        for button in (*self._modes.values(), self._camera, self._follow):
            button.setVisible(width >= NARROW)
        self._more.setVisible(width < NARROW)
        self.adjustSize()

    def _button(self, row: QHBoxLayout, label: str, tip: str, icon: str = "") -> QToolButton:
        button = QToolButton(self)
        button.setText(label)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFont(theme.font(12))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCheckable(True)
        if icon:
            icons.bind(button, icon)
            button.setIconSize(QSize(15, 15))
        row.addWidget(button)
        return button

    def _make_tools(self, row: QHBoxLayout) -> dict[str, QToolButton]:
        group = self._tool_group = QButtonGroup(self)
        made = {}
        for tool, icon, tip in TOOLS:
            made[tool] = self._button(row, "", tip, icon)
            group.addButton(made[tool])
            made[tool].clicked.connect(lambda _on, t=tool: self.desk.set_tool(t))
        return made

    def _make_modes(self, row: QHBoxLayout) -> dict[str, QToolButton]:
        made = {}
        for mode, label, tip in MODES:
            made[mode] = self._button(row, label, tip)
            made[mode].clicked.connect(lambda _on, m=mode: self._choose(m))
        return made

    def _make_camera(self, row: QHBoxLayout) -> QToolButton:
        button = self._button(row, "Camera", "Through a recorded camera, its picture behind the points (Ctrl+4)")
        button.clicked.connect(self._choose_camera)
        return button

    def _make_follow(self, row: QHBoxLayout) -> QToolButton:
        button = self._button(row, "Follow", "The camera rides along with the vehicle (Ctrl+5)")
        button.clicked.connect(lambda on: self.desk.session.update_settings(follow=on))
        return button

    def _choose(self, mode: str) -> None:
        self.desk.activate(self.name)
        self.desk.session.set_camera_mode(mode, self.name)
        self._show_mode()

    def _choose_camera(self) -> None:
        """One camera: look through it; several: let the user choose."""
        state = self.desk.session.frame_state
        names = [c.name for c in state.frame.cameras] if state is not None else []
        self._show_mode()
        if len(names) == 1:
            self._choose(f"camera:{names[0]}")
        elif names:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for name in names:
                menu.addAction(name).triggered.connect(lambda _on=False, n=name: self._choose(f"camera:{n}"))
            menu.popup(self._camera.mapToGlobal(self._camera.rect().bottomLeft()))

    def _show_menu(self) -> None:
        """Everything of the strip as a menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in (*self._modes.values(), self._camera, self._follow):
            entry = menu.addAction(button.text())
            entry.setCheckable(True)
            entry.setChecked(button.isChecked())
            entry.setEnabled(button.isEnabled())
            entry.triggered.connect(lambda _on=False, b=button: b.click())
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _show_tool(self) -> None:
        """Mark the tool; none of the buttons while a region is drawn, which the Surface panel shows."""
        self._tool_group.setExclusive(False)
        for tool, button in self._tools.items():
            button.setChecked(tool == self.desk.tool)
        self._tool_group.setExclusive(True)

    def _show_mode(self) -> None:
        view = self.desk.session.views.get(self.name)
        mode = view.camera_mode if view is not None else "orbit"
        for name, button in self._modes.items():
            button.setChecked(name == mode)
        self._camera.setChecked(mode.startswith("camera:"))
        self._more.setText("Camera" if mode.startswith("camera:") else mode.capitalize())

    def _show_cameras(self, state: FrameState) -> None:
        self._camera.setEnabled(bool(state.frame.cameras))

    def _show_follow(self, settings: Settings) -> None:
        self._follow.setChecked(settings.follow)
