"""What makes the surface, and every number of it, live."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.core.surface.names import AT_ONCE
from app.core.surface.result import SurfaceOptions
from app.ui.surfacing import Surfacing
from app.ui.widgets.common import hint, tool_button
from app.ui.widgets.named_row import combo, title
from app.ui.widgets.parameter_row import Ladder, ParameterRow, Reach

STEPS = (0.8, 0.4, 0.2, 0.1, 0.05)
"""Metres: finest cells that are offered; each halves those before."""

USUAL = SurfaceOptions()
OWN_RADIUS = 1.0
"""Metres: of the published heads, and of the baselines."""

BASELINES = (
    ("poisson", "Poisson reconstruction", "Open3D's screened Poisson surface through the points"),
    ("tsdf", "Lines of sight (TSDF)", "Truncated signed distance along this scan's lines of sight"),
    ("voxels", "Voxels", "The outer faces of Open3D's voxels that hold a point"),
)


class SurfaceHow(QWidget):
    """Reads the session's state; every change can be undone, a drag is one change."""

    def __init__(self, surfacing: Surfacing) -> None:
        super().__init__()
        self._surfacing = surfacing
        self._listed: tuple[tuple[str, object], ...] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(title("Made by", 4))
        row = QHBoxLayout()
        row.setSpacing(4)
        self.maker = combo()
        self.maker.setAccessibleName("What makes the surface")
        self.maker.activated.connect(self._chosen)
        self.browse = tool_button(
            "folder", "Choose a checkpoint with an occupancy head", surfacing.browse_requested.emit
        )
        row.addWidget(self.maker, 1)
        row.addWidget(self.browse)
        column.addLayout(row)
        self.note = hint("")
        column.addWidget(self.note)
        self.rows = {
            "step": ParameterRow(
                "Finest cells", Ladder(STEPS), lambda value: surfacing.set(step=value),
                lambda: surfacing.set(step=USUAL.step),
                "Edge of the finest cells; coarser ones come first. Half the edge asks about four times as much",
                "m",
            ),
            "threshold": ParameterRow(
                "Threshold", Reach(0.05, 0.95), lambda value: surfacing.set(threshold=value),
                lambda: surfacing.set(threshold=USUAL.threshold),
                "The probability on the surface: lower is fuller, higher is thinner",
            ),
            "radius": ParameterRow(
                "Radius", Reach(0.2, 3.0), lambda value: surfacing.set(radius=value),
                lambda: surfacing.set(radius=None),
                "How far from an observed point a surface can be; a network knows nothing beyond its own radius",
                "m",
            ),
            "neighbours": ParameterRow(
                "Neighbours", Reach(1, 32, 0), lambda value: surfacing.set(neighbours=round(value)),
                lambda: surfacing.set(neighbours=USUAL.neighbours),
                "Points that each place is told from; more is truer to the training and slower",
            ),
        }  # fmt: skip
        for part in self.rows.values():
            column.addWidget(part)

    def refresh(self) -> None:
        """Show the session's options."""
        state = self._surfacing.surface.state
        options = state.options
        self._list(options)
        self.rows["step"].show_value(options.step, USUAL.step)
        self.rows["threshold"].show_value(options.threshold, USUAL.threshold)
        radius = OWN_RADIUS if options.radius is None else options.radius
        self.rows["radius"].show_value(radius, OWN_RADIUS)
        self.rows["neighbours"].show_value(options.neighbours, USUAL.neighbours)
        self.rows["threshold"].setVisible(options.baseline not in AT_ONCE)
        self.rows["radius"].setVisible(options.baseline != "voxels")
        self.rows["neighbours"].setVisible(not options.baseline)
        for part in (self.maker, self.browse):
            part.setEnabled(state.watch is None)

    def _list(self, options: SurfaceOptions) -> None:
        """Everything that can make it; one that was chosen from elsewhere is listed too."""
        known = self._surfacing.surface.choices()
        entries: list[tuple[str, object]] = [(words.partition(": ")[0], path) for words, path in known]
        if options.checkpoint is not None and options.checkpoint not in [path for _words, path in known]:
            entries.append((named(options.checkpoint), options.checkpoint))
        entries += [(words, name) for name, words, _tip in BASELINES]
        if tuple(entries) != self._listed:
            self._listed = tuple(entries)
            tips = {name: tip for name, _words, tip in BASELINES}
            self.maker.clear()
            for words, value in entries:
                self.maker.addItem(words, value)
                tip = tips[str(value)] if value in tips else str(value)
                self.maker.setItemData(self.maker.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        chosen: object = options.baseline or options.checkpoint
        at = next((place for place, (_words, value) in enumerate(self._listed) if value == chosen), -1)
        if at != self.maker.currentIndex():
            self.maker.setCurrentIndex(at)
        notes = {path: words.partition(": ")[2] for words, path in known}
        note = notes.get(options.checkpoint, "") if options.checkpoint is not None else ""
        self.note.setText(f"{note[:1].upper()}{note[1:]}.")
        self.note.setVisible(bool(note))
        self.maker.setToolTip(self.maker.itemData(at, Qt.ItemDataRole.ToolTipRole) or "" if at >= 0 else "")

    def _chosen(self, place: int) -> None:
        value = self._listed[place][1]
        if isinstance(value, Path):
            self._surfacing.set(checkpoint=value)
        else:
            self._surfacing.set(baseline=str(value))


def named(path: Path) -> str:
    """A checkpoint by its file, with its run where it lies in one; or a run by its folder."""
    if path.parent.name == "checkpoints":
        return f"{path.parent.parent.name} · {path.stem}"
    return path.name if path.suffix else f"run {path.name}"
