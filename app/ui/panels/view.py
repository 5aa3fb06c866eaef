"""Panel: how the active view is drawn: points, shading, frames laid over each other, overlays."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout

from app.core.settings import Settings
from app.core.state import Accumulation, FrameState
from app.ui import text
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import SliderRow

MAX_FRAMES = 30
"""Frames each way that the sliders offer; the point budget holds in any case."""

OVERLAYS = (
    ("boxes", "Boxes", "Recorded boxes (X)"),
    ("frustums", "Cameras", "Where the cameras stand and what they see (K)"),
    ("trajectory", "Trajectory", "The way the vehicle takes (T)"),
    ("grid", "Grid", "Squares of 10 m on the ground (G)"),
    ("axes", "Axes", "The sensor's own axes: x red, y green, z blue (Shift+X)"),
    ("labels", "Names", "Names of boxes and cameras, distances of the grid (Shift+N)"),
)


class ViewPanel(Panel):
    """Sliders write settings or the accumulation, ticks the overlays of the active view."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        session = self.session
        self.point_size = SliderRow(
            "Point size", 10, 80, lambda v: session.update_settings(point_size=v / 10),
            lambda v: text.number(v / 10, 1), "Edge of a point in pixels ([ and ])",
        )  # fmt: skip
        self.shading = SliderRow(
            "Depth shading", 0, 30, lambda v: session.update_settings(depth_shading=v / 10),
            lambda v: text.number(v / 10, 1) if v else "off", "How strongly edges in depth are darkened",
        )  # fmt: skip
        self.fov = SliderRow(
            "Field of view", 20, 110, lambda v: session.update_settings(fov=float(v)),
            lambda v: f"{v}°", "Vertical opening of the free camera",
        )  # fmt: skip
        self.before = SliderRow(
            "Frames before", 0, MAX_FRAMES, lambda _v: self._accumulate(), str,
            "Lay earlier frames over this one, in the world's coordinates",
        )  # fmt: skip
        self.after = SliderRow(
            "Frames after", 0, MAX_FRAMES, lambda _v: self._accumulate(), str,
            "Lay later frames over this one, in the world's coordinates",
        )  # fmt: skip
        self.column.setSpacing(2)
        for row in (self.point_size, self.shading, self.fov, self.before, self.after):
            self.column.addWidget(row)
        self.ticks = self._make_ticks()
        self.column.addStretch(1)
        self.listen(session.settings_changed, self._show_settings)
        self.listen(session.accumulation_changed, self._show_accumulation)
        self.listen(session.frame_changed, self._show_what_exists)
        self.listen(session.view_changed, lambda _name: self._show_overlays())
        self.listen(desk.active_changed, lambda _name: self._show_overlays())
        self.listen(session.sequence_changed, lambda _s: self._show_poses())
        self._show_settings(session.settings)
        self._show_accumulation(session.accumulation)
        self._show_overlays()
        self._show_poses()

    def _make_ticks(self) -> dict[str, QCheckBox]:
        grid = QGridLayout()
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setVerticalSpacing(7)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(2, 1)
        ticks = {}
        for i, (name, label, tip) in enumerate(OVERLAYS):
            tick = QCheckBox(label)
            tick.setToolTip(tip)
            tick.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            tick.clicked.connect(lambda on, n=name: self.session.set_overlay(n, on, self.desk.active))
            grid.addWidget(tick, i // 3, i % 3)
            ticks[name] = tick
        self.column.addLayout(grid)
        return ticks

    def _accumulate(self) -> None:
        self.session.set_accumulation(self.before.slider.value(), self.after.slider.value())

    def _show_settings(self, settings: Settings) -> None:
        self.point_size.set_position(round(settings.point_size * 10))
        self.shading.set_position(round(settings.depth_shading * 10))
        self.fov.set_position(round(settings.fov))

    def _show_accumulation(self, accumulation: Accumulation) -> None:
        self.before.set_position(accumulation.before)
        self.after.set_position(accumulation.after)

    def _show_overlays(self) -> None:
        for name, tick in self.ticks.items():
            tick.setChecked(name in self.desk.view.show)

    def _show_poses(self) -> None:
        """Frames can be laid over each other only where their poses are known; the tooltip says so."""
        sequence = self.session.sequence
        posed = sequence is not None and sequence.has_poses
        for row in (self.before, self.after):
            row.setEnabled(posed)
        self.ticks["trajectory"].setEnabled(posed)

    def _show_what_exists(self, state: FrameState) -> None:
        self.ticks["boxes"].setEnabled(bool(state.frame.boxes))
        self.ticks["frustums"].setEnabled(bool(state.frame.cameras))


ENTRY = PanelInfo("View", "left", 30, ViewPanel, share=190)
