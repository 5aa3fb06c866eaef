"""Panel: the surface of the frame in view: what makes it, where and how finely, how it looks, and writing it."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from app.core.surface.result import Reconstruction
from app.core.surface.view import SurfaceState
from app.ui import icons, surface_words, text, theme
from app.ui.desk import Desk
from app.ui.dialogs.checkpoint import FILES
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import ElidedLabel, hint, tool_button
from app.ui.widgets.named_row import button, title
from app.ui.widgets.power_head import Obstacle, PowerHead
from app.ui.widgets.surface_how import SurfaceHow
from app.ui.widgets.surface_look import SurfaceLook
from app.ui.widgets.surface_watch import SurfaceWatch
from app.ui.widgets.surface_where import SurfaceWhere

OFF = (
    "A network pretrained on lines of sight imagines what lies between and behind the points. Switch it on to see "
    "the surface of the frame in view, coarse first, then finer."
)
NO_FRAME = "Open a drive to see the surface of its frames."
KINDS = "Surfaces (*.ply *.obj *.glb)"
LOOK_MS = 1000


class SurfacePanel(Panel):
    """A switch, how far it is, and below them everything that decides it."""

    least_width = 308

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.surfacing, self.surface = desk.surfacing, desk.surfacing.surface
        self._refused = ""
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._tick)
        self._build_head()
        self.how = SurfaceHow(self.surfacing)
        self.where = SurfaceWhere(self.surfacing)
        self.look = SurfaceLook(self.surfacing)
        self.watch = SurfaceWatch(self.surfacing)
        for part in (self.how, self.where, self.look, self.watch):
            self.column.addWidget(part)
        self._build_foot()
        self.column.addStretch(1)
        self._listen()
        self._refresh()

    def _listen(self) -> None:
        surface, session = self.surface, self.session
        for signal in (
            surface.state_changed, surface.surface_changed, surface.choices_changed, session.training.runs_changed,
            session.frame_changed, session.drive_changed, self.desk.tool_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self.listen(self.surfacing.refused, self._refuse)
        self.listen(self.surfacing.browse_requested, self._browse)
        self.listen(self.surfacing.export_requested, self._ask_file)

    def close_panel(self) -> None:
        """The timers go with the panel."""
        self._due.stop()
        self._clock.stop()
        super().close_panel()

    # parts

    def _build_head(self) -> None:
        head = PowerHead("Make surfaces", "Make the surface of the frame in view (Shift+F)", self.surfacing.toggle)
        self.made, self.power = head.told, head.power
        self.made.setFont(theme.font(12))
        self.off = hint(OFF)
        self.obstacle = Obstacle(self._help)
        self.problem, self.offer = self.obstacle.problem, self.obstacle.offer
        for part in (head, self.off, self.obstacle):
            self.column.addWidget(part)
        self._build_progress()

    def _build_progress(self) -> None:
        self.going = QWidget()
        column = QVBoxLayout(self.going)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setSpacing(4)
        self.level = ElidedLabel()
        self.level.setObjectName("Soft")
        self.level.setFont(theme.font(12))
        self.stop = tool_button("stop", "Make it no finer; what is shown stays", self.surface.stop)
        self.again = tool_button("refresh", "Make it again", self.surface.again)
        for one in (self.stop, self.again):
            one.setFixedSize(22, 22)
            one.setStyleSheet("padding: 0")
        row.addWidget(self.level, 1)
        row.addWidget(self.stop)
        row.addWidget(self.again)
        column.addLayout(row)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(7)
        self.bar.setAccessibleName("Levels that are made")
        column.addWidget(self.bar)
        self.notes = hint("")
        self.notes.setObjectName("Soft")
        column.addWidget(self.notes)
        self.column.addWidget(self.going)

    def _build_foot(self) -> None:
        self.foot = QWidget()
        column = QVBoxLayout(self.foot)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(title("Write it"))
        row = QHBoxLayout()
        row.setSpacing(10)
        self.export = button("PLY, OBJ or GLB …", "Write the surface with its colours to a file")
        icons.bind(self.export, "file")
        self.export.clicked.connect(lambda *_: self._ask_file())
        self.world = QCheckBox("World")
        self.world.setFont(theme.font(12))
        self.world.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.world.setToolTip("In the drive's own coordinates and not in the sensor's")
        row.addWidget(self.export, 1)
        row.addWidget(self.world)
        column.addLayout(row)
        self.column.addWidget(self.foot)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        if self.isVisible():  # whoever sees it is about to switch it on
            self.surface.warm()
        state, made = self.surface.state, self.surface.surface
        there = self.session.frame_state is not None
        on = state.on and there
        self.power.setChecked(state.on)
        self.power.setText("On" if state.on else "Make surfaces")
        self.off.setText(OFF if there else NO_FRAME)
        self.off.setVisible(not on)
        self.made.setText(surface_words.made(made) if on else "")
        self.made.setToolTip(made.source if made is not None else "")
        for part in (self.how, self.look, self.foot):
            part.setVisible(on)
        self.where.setVisible(on)
        self.watch.setVisible(there)
        self._show_problem(state, on)
        self._show_progress(state, made, on)
        self.how.refresh()
        self.where.refresh(self.desk.tool)
        self.look.refresh()
        self.watch.refresh()
        self._keep_looking()

    def _show_problem(self, state: SurfaceState, on: bool) -> None:
        problem = self._refused or (state.problem if on else "")
        self.obstacle.show_problem(text.typeset(problem), surface_words.remedy(state) if on else "")

    def _show_progress(self, state: SurfaceState, made: Reconstruction | None, on: bool) -> None:
        self.going.setVisible(on and (state.working or not state.problem))
        self.stop.setVisible(state.working)
        self.again.setVisible(not state.working)
        self.bar.setVisible(state.working)
        self.bar.setRange(0, state.total)
        self.bar.setValue(state.done)
        self.level.setText(surface_words.progress(state, made))
        notes = text.typeset("\n".join(state.notes))
        self.notes.setText(notes)
        self.notes.setVisible(bool(notes))

    def _refuse(self, sentence: str) -> None:
        if sentence != self._refused:
            self._refused = sentence
            self._refresh_soon()

    # what the user does

    def _help(self) -> None:
        """Do what is offered beside a problem."""
        match self.surface.state.remedy:
            case "finest":
                self.surfacing.attempt(self.surface.take_finest)
            case "threshold":
                self.surfacing.attempt(self.surface.take_middle)
            case "everywhere":
                self.surfacing.set_box(None)
            case "browse":
                self._browse()

    def _browse(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a checkpoint with an occupancy head")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(FILES)
        dialog.fileSelected.connect(lambda name: self.surfacing.set(checkpoint=Path(name)))
        dialog.show()

    def _ask_file(self) -> None:
        dialog = QFileDialog(self.window(), "Write the surface")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(KINDS)
        dialog.setDefaultSuffix("ply")
        world = self.world.isChecked()
        dialog.fileSelected.connect(
            lambda name: self.surfacing.attempt(lambda: self.surface.export(Path(name), world))
        )
        dialog.show()

    # looking at runs

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the runs there are, and go on looking while the panel is seen."""
        super().showEvent(event)
        self._refresh_soon()
        self._clock.start()
        self._tick()

    def hideEvent(self, event: QHideEvent) -> None:
        """Unseen, it goes on looking only for a run that is watched."""
        super().hideEvent(event)
        self._keep_looking()

    def _keep_looking(self) -> None:
        wanted = self.isVisible() or self.surface.state.watch is not None
        if wanted and not self._clock.isActive():
            self._clock.start()
        elif not wanted:
            self._clock.stop()

    def _tick(self) -> None:
        self.session.training.tick(time.monotonic())


ENTRY = PanelInfo("Surface", "right", 6, SurfacePanel, share=760)
