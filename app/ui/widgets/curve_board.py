"""Four plots side by side: loss, learning rate, mIoU, and the IoU of each class of the chosen run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from app.core.curves import Table, running_mean
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import LabelSet
from app.core.session_training import Curves
from app.ui.widgets.curve_plot import CurvePlot, Line, minutes, number, percent, step
from app.ui.widgets.rows import Role, RowDelegate

IOU = "iou/"
SCORE = "miou_present"
CLASSES_WIDTH = 196
FEW_OF_CLASS = 6
PLOTS = {
    "loss": ("LOSS", number),
    "rate": ("LEARNING RATE", number),
    "miou": ("mIoU (PRESENT)", percent),
    "classes": ("IoU BY CLASS", percent),
}
SHARES = {"loss": 32, "rate": 22, "miou": 28, "classes": 28}


class CurveBoard(QWidget):
    """Shows runs by their curves, once ``build_next`` has made all the plots; ``on_class(name)`` tells of a class
    that was pressed in the list."""

    def __init__(self, on_class: Callable[[str], None]) -> None:
        super().__init__()
        self.setAccessibleName("Training curves")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(6)
        self.plots: dict[str, CurvePlot] = {}
        self._row = row
        self.classes = QListWidget()
        self.classes.setItemDelegate(RowDelegate(self.classes, inset=4, right=6))
        self.classes.setFixedWidth(CLASSES_WIDTH)
        self.classes.setAccessibleName("IoU of each class, newest validation")
        self.classes.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.classes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.classes.itemClicked.connect(lambda item: on_class(item.text()))
        self.classes.hide()
        row.addWidget(self.classes)
        self._by_time = False
        self._at: float | None = None
        self.width_of_mean = 1
        self.marked = ""

    def build_next(self) -> bool:
        """Make the next plot, which takes some milliseconds; whether there is one more to make."""
        name, (title, write) = list(PLOTS.items())[len(self.plots)]
        plot = self.plots[name] = CurvePlot(title, write, self._hovered)
        if name != "loss":
            plot.follow(self.plots["loss"])
        if name == "miou":
            plot.title.setToolTip("Mean IoU over the classes that the validation scans have")
        if name == "classes":
            plot.few = FEW_OF_CLASS
        self._row.insertWidget(len(self.plots) - 1, plot, SHARES[name])
        return len(self.plots) < len(PLOTS)

    @property
    def by_time(self) -> bool:
        """Whether curves stand over minutes of training instead of steps."""
        return self._by_time

    @by_time.setter
    def by_time(self, on: bool) -> None:
        self._by_time = on
        self.plots["loss"].write_x = minutes if on else step

    def set_log(self, on: bool) -> None:
        """Losses on a logarithmic scale, or a linear one."""
        self.plots["loss"].set_log(on)

    def show_all(self) -> None:
        """All of the curves is seen again."""
        for plot in self.plots.values():
            plot.show_all()

    def show_runs(self, runs: Mapping[Path, tuple[Curves, QColor]], chosen: Path | None) -> None:
        """Show exactly these runs, the chosen one in front, in the order of the mapping."""
        lines: dict[str, dict[Hashable, Line]] = {"loss": {}, "rate": {}, "miou": {}}
        for path, (curves, color) in runs.items():
            for name, of_run in self._lines(path, curves, color, path == chosen).items():
                lines[name] |= of_run
        for name, of_plot in lines.items():
            self.plots[name].show_lines(of_plot)

    def show_run(self, path: Path, curves: Curves, color: QColor, *, chosen: bool) -> None:
        """Show what is new of one run; all others stay as they are."""
        for name, lines in self._lines(path, curves, color, chosen).items():
            for key, line in lines.items():
                self.plots[name].show_line(key, line)
            self.plots[name].fit()
            self.plots[name].show_cursor(self._at)

    def _lines(self, path: Path, curves: Curves, color: QColor, chosen: bool) -> dict[str, dict[Hashable, Line]]:
        metrics, scores = curves.metrics, curves.validations
        x, loss = self._x(metrics, metrics.steps), metrics.column("loss")
        name = path.name
        smooth = running_mean(loss, self.width_of_mean)
        found: dict[str, dict[Hashable, Line]] = {
            "loss": {(path, "mean"): Line(x, smooth, color, strong=chosen, name=name)},
            "rate": {path: Line(x, metrics.column("rate"), color, strong=chosen, name=name)},
            "miou": {},
        }
        if self.width_of_mean > 1:
            found["loss"][(path, "raw")] = Line(x, loss, color, faint=True)
        elif (path, "raw") in self.plots["loss"].keys:
            found["loss"][(path, "raw")] = Line(x[:0], loss[:0], color, faint=True)
        if len(scores):
            at = self._x(metrics, scores.steps)
            found["miou"][path] = Line(at, 100 * scores.column(SCORE), color, strong=chosen, name=name)
        return found

    def _x(self, metrics: Table, steps: np.ndarray) -> np.ndarray:
        """(k,) float64: the steps themselves, or minutes of training up to them."""
        if not self.by_time or not len(metrics):
            return steps.astype(np.float64)
        spent = np.cumsum(np.nan_to_num(metrics.column("seconds"))) / 60
        rows = np.searchsorted(metrics.steps, steps).clip(0, len(spent) - 1)
        return np.asarray(spent[rows])

    # classes

    def show_classes(self, curves: Curves | None, label_set: LabelSet | None) -> None:
        """IoU by class of one run, its newest values sorted in the list beside."""
        names, newest = [], {}
        if curves is not None:
            for column in curves.validations.names:
                values = curves.validations.column(column)
                if column.startswith(IOU) and np.isfinite(values).any():
                    names.append(column.removeprefix(IOU))
                    newest[names[-1]] = float(values[np.isfinite(values)][-1])
        names.sort(key=lambda name: -newest[name])
        lines: dict[Hashable, Line] = {}
        for name in names if curves is not None else ():
            assert curves is not None
            color = class_color(name, label_set)
            x = self._x(curves.metrics, curves.validations.steps)
            y = 100 * curves.validations.column(IOU + name)
            known = np.isfinite(y)
            dimmed = bool(self.marked) and name != self.marked
            lines[name] = Line(
                x[known], y[known], color, faint=dimmed, strong=name == self.marked, spoken=name == self.marked,
                name=name,
            )  # fmt: skip
        self.plots["classes"].show_lines(lines)
        self._list_classes(names, newest, label_set)

    def _list_classes(self, names: list[str], newest: dict[str, float], label_set: LabelSet | None) -> None:
        self.classes.setVisible(bool(names))
        while self.classes.count() > len(names):
            self.classes.takeItem(self.classes.count() - 1)
        while self.classes.count() < len(names):
            self.classes.addItem(QListWidgetItem())
        for place, name in enumerate(names):
            item = self.classes.item(place)
            item.setText(name)
            item.setData(Role.SWATCH, class_color(name, label_set))
            item.setData(Role.NOTE, percent(100 * newest[name]))
            item.setToolTip(f"{name}: IoU {percent(100 * newest[name])}; press to bring its curve to the front")
            item.setSelected(name == self.marked)

    # hover

    def _hovered(self, x: float | None) -> None:
        self._at = x
        for plot in self.plots.values():
            plot.show_cursor(x)


def class_color(name: str, label_set: LabelSet | None) -> QColor:
    """The colour of a class by its name: in the drive's label set, else in SemanticKITTI's; grey without one."""
    for known in (label_set, SEMANTIC_KITTI):
        for entry in known.classes if known is not None else ():
            if entry.name == name:
                return QColor(*entry.color)
    return QColor(150, 150, 150)
