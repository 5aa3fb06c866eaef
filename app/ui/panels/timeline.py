"""Panel: play, step, loop, speed, the range that is played, and where one is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

from app.core.state import FrameState, Playback
from app.ui import icons, text, theme
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.track import Track

SPEEDS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 10.0)


class TimelinePanel(Panel):
    """A strip over the window's whole width. The window's own timer drives the playback."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(12, 6, 12, 6)
        row = QHBoxLayout()
        row.setSpacing(6)
        session = self.session
        self.back = self._button("step_back", "Previous frame (←, B); Shift+← ten", lambda: session.step(-1))
        self.play = self._button("play", "Play or pause (Space)", session.toggle_play)
        self.play.setCheckable(True)
        self.play.setFixedWidth(44)
        self.forward = self._button("step_forward", "Next frame (→, N); Shift+→ ten", lambda: session.step(1))
        self.track = Track(session.go_to, lambda first, last: session.set_playback(first=first, last=last))
        self.readout = QLabel()
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.detail = QLabel()
        self.detail.setObjectName("Soft")
        self.speed = QComboBox()
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setToolTip("Speed of the playback against the sensor's own")
        self.speed.setAccessibleName("Speed")
        self.speed.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.speed.activated.connect(lambda _i: session.set_playback(speed=self.speed.currentData()))
        self.loop = self._button("loop", "Loop over the range (Ctrl+R)", lambda: None)
        self.loop.setCheckable(True)
        self.loop.clicked.connect(lambda on: session.set_playback(loop=on))
        for button in (self.back, self.play, self.forward):
            row.addWidget(button)
        row.addWidget(self.track, 1)
        rest: tuple[QWidget, ...] = (self.readout, self.detail, self.speed, self.loop)
        for part in rest:
            row.addWidget(part)
        self.column.addLayout(row)
        self.listen(session.frame_changed, self._on_frame)
        self.listen(session.playback_changed, lambda _p: self._show())
        self.listen(session.sequence_changed, lambda _s: self._show())
        self.listen(session.sequence_grown, lambda _s: self._show())
        self.listen(session.drive_changed, lambda _d: self._show())
        self._show()

    def _button(self, icon: str, tip: str, call: object) -> QToolButton:
        button = QToolButton()
        icons.bind(button, icon)
        button.setIconSize(QSize(17, 17))
        button.setFixedSize(36, 30)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda *_: call())  # type: ignore[operator]
        return button

    def _on_frame(self, _state: FrameState) -> None:
        self._show()

    def _show(self) -> None:
        session = self.session
        sequence, playback = session.sequence, session.playback
        frames = sequence.frames if sequence is not None else 0
        for part in (self.back, self.play, self.forward, self.speed, self.loop, self.track):
            part.setEnabled(frames > 0)
        self._show_play(playback)
        self.track.show_frames(frames, session.index, session.target, playback.first, playback.last)
        self._show_readout(frames, playback)

    def _show_play(self, playback: Playback) -> None:
        self.play.setChecked(playback.playing)
        icons.bind(self.play, "pause" if playback.playing else "play")
        self.loop.setChecked(playback.loop)
        index = self.speed.findData(playback.speed)
        if index < 0:  # a speed set by key or command line
            self.speed.addItem(f"{playback.speed:g}×", playback.speed)
            index = self.speed.count() - 1
        self.speed.setCurrentIndex(index)

    def _show_readout(self, frames: int, playback: Playback) -> None:
        state = self.session.frame_state
        if state is None or not frames:
            self.readout.setText("")
            self.detail.setText("")
            return
        self.readout.setFont(theme.font(bold=True))
        self.readout.setText(text.count(self.session.index))
        time = state.frame.timestamp
        elapsed = self.session.index / playback.rate if time is None else time
        self.detail.setText(f"/ {text.count(frames - 1)} · {elapsed:.1f} s · {playback.rate:.3g} Hz")


ENTRY = PanelInfo("Timeline", "bottom", 10, TimelinePanel, titled=False, share=46)
