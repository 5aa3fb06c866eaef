"""The bar on top: name, menus, workspaces, where one is, command field, device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenuBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.core.cores import usable_cores
from app.ui import icons, text, theme
from app.ui.desk import Desk
from app.ui.listening import Listening
from app.ui.workspaces import WORKSPACES

ROOMY, SHORT, TIGHT = 1920, 1760, 1540
"""Below these widths of the window the bar's parts get shorter: menus and workspaces keep their names."""

COMMAND = "  Type a command or a place …"


class Crumbs(QWidget):
    """Drive › sequence › frame; the strong parts are what one looks for."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[tuple[str, bool]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def show_parts(self, parts: list[tuple[str, bool]]) -> None:
        """Text and whether it is strong, in order."""
        if parts != self._parts:
            self._parts = parts
            self.setToolTip("".join(part for part, _strong in parts))
            self.setAccessibleName(self.toolTip())
            self.update()

    def _fitting(self) -> list[tuple[str, bool]]:
        """All parts, or those from the sequence on."""
        wide = sum(QFontMetrics(theme.font(bold=strong)).horizontalAdvance(words) for words, strong in self._parts)
        return self._parts[2:] if wide > self.width() and len(self._parts) > 2 else self._parts

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line; where it does not fit the drive's name goes first, then the right end is shortened."""
        now = theme.current()
        painter = QPainter(self)
        left = 0.0
        for words, strong in self._fitting():
            font = theme.font(bold=strong)
            metrics = QFontMetrics(font)
            room = int(self.width() - left)
            if room < 12:
                break
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            painter.setFont(font)
            painter.setPen(now.color("text" if strong else "soft"))
            painter.drawText(QRectF(left, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
            left += metrics.horizontalAdvance(shown)
        painter.end()


class Header(Listening, QFrame):
    """``on_workspace(name)`` and ``on_command()`` are called when the user chooses."""

    def __init__(self, desk: Desk, on_workspace: Callable[[str], None], on_command: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("Header")
        self.setFixedHeight(44)
        self.desk = desk
        self._padding = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 12, 0)
        row.setSpacing(10)
        self.menu_bar = QMenuBar()
        self.menu_bar.setNativeMenuBar(False)
        self.menu_bar.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.crumbs = Crumbs()
        self.command = self._command_field(on_command)
        self.device = QLabel(device())
        self.device.setObjectName("Chip")
        self.device.setFont(theme.font(12))
        self.device.setFixedHeight(26)
        self.device.setToolTip("What computes here")
        self.segments = self._make_segments(on_workspace)
        self.brand = QLabel()
        row.addWidget(self.brand)
        row.addWidget(self.menu_bar)
        row.addWidget(self.segments, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addSpacing(6)
        row.addWidget(self.crumbs, 1)
        row.addWidget(self.command)
        row.addWidget(self.device, 0, Qt.AlignmentFlag.AlignVCenter)
        self.retheme()
        session = desk.session
        self.listen(session.drive_changed, self._show_place)
        self.listen(session.sequence_changed, self._show_place)
        self.listen(session.sequence_grown, self._show_place)
        self.listen(session.frame_changed, self._show_place)
        self._show_place()

    def retheme(self) -> None:
        """The name's second half takes the accent colour."""
        self.brand.setObjectName("Brand")
        self.brand.setFont(theme.font(14, bold=True))
        self.brand.setText(f'Lidar<span style="color:{theme.current().accent}">Scope</span>')

    def show_workspace(self, name: str) -> None:
        """Mark the workspace that is on."""
        for button in self._buttons.values():
            button.setChecked(False)
        if name in self._buttons:
            self._buttons[name].setChecked(True)

    def set_working(self, on: bool) -> None:
        """Workspaces mean something only once a drive is open."""
        self.segments.setVisible(on)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window keeps the menus and the workspaces; the rest gets shorter, then goes."""
        width = event.size().width()
        short, tight = width < SHORT, width < TIGHT
        self.device.setVisible(not short)
        padding = "padding: 4px 5px" if tight else "padding: 4px 8px" if short else "padding: 4px 11px"
        if padding != self._padding:
            self._padding = padding
            for button in self._buttons.values():
                button.setStyleSheet(padding)
            self.menu_bar.setStyleSheet("QMenuBar::item { padding: 5px 6px }" if tight else "")
        roomy = width >= ROOMY
        self.command.setFixedWidth(36 if tight else 290 if roomy else 150)
        self.command.setText("" if tight else COMMAND if roomy else "  Commands")
        self._keys.setVisible(roomy)

    def _command_field(self, call: Callable[[], None]) -> QPushButton:
        button = QPushButton(COMMAND)
        button.setObjectName("CommandField")
        button.setFixedWidth(290)
        button.setFont(theme.font(12))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip("Every action, layer, sequence and frame by name (Ctrl+Shift+P)")
        icons.bind(button, "search", "faint")
        button.setIconSize(QSize(14, 14))
        keys = self._keys = QLabel("Ctrl+Shift+P", button)
        keys.setObjectName("Faint")
        keys.setFont(theme.font(11))
        inner = QHBoxLayout(button)
        inner.setContentsMargins(0, 0, 10, 0)
        inner.addWidget(keys, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        button.setFixedHeight(28)
        button.clicked.connect(lambda *_: call())
        return button

    def _make_segments(self, call: Callable[[str], None]) -> QFrame:
        frame = QFrame()
        frame.setObjectName("Segments")
        row = QHBoxLayout(frame)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(1)
        group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for space in WORKSPACES:
            button = QToolButton()
            button.setText(space.title)
            button.setToolTip(space.tip)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _on, name=space.name: call(name))
            group.addButton(button)
            row.addWidget(button)
            self._buttons[space.name] = button
        return frame

    def _show_place(self) -> None:
        session = self.desk.session
        drive, sequence, state = session.drive, session.sequence, session.frame_state
        parts: list[tuple[str, bool]] = []
        if drive is not None:
            parts.append((drive.title, False))
        if sequence is not None:
            parts += [("  ›  ", False), (sequence.name, True)]
            if state is not None:
                parts += [("  ›  frame ", False), (state.frame.name, True)]
                parts.append((f" of {text.count(sequence.frames)}", False))
        self.crumbs.show_parts(parts)


def device() -> str:
    """What computes here: the graphics card by name where there is one, else the processor's cores."""
    for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        for line in file.read_text("utf-8", "replace").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip().removeprefix("NVIDIA ")
    return f"CPU · {text.plural(usable_cores(), 'core')}"
