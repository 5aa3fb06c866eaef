"""Panel: the layers of the active view, how the shown one is coloured, and what it is compared with."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QListWidget, QListWidgetItem, QSizePolicy, QWidget

from app.core.layers import colormaps
from app.core.layers.base import Kind, LayerData
from app.core.state import LayerInfo, LayerStyle, RangeMode
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.color_bar import swatch_icon
from app.ui.widgets.range_row import RangeRow
from app.ui.widgets.rows import HEIGHT, Role, RowDelegate

RANGES = (
    ("relative", "This frame", "Colours from the 1st to the 99th percentile of this frame's values"),
    ("absolute", "All frames", "The layer's own fixed range, so that frames compare"),
    ("manual", "Manual", "Set both ends yourself"),
)


class LayersPanel(Panel):
    """A list with the number keys, and below it the settings of the layer that is shown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.column.setContentsMargins(0, 2, 0, 6)
        self.list = QListWidget()
        self.list.setItemDelegate(RowDelegate(self.list, lead_width=22))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Layers")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.column.addWidget(self.list, 1)
        self._form = QWidget()
        self._form.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._build_form(self._form)
        self.column.addWidget(self._form)
        self.column.addStretch(0)
        self._shown: list[LayerInfo] = []
        self._listen()
        self._refresh()

    def _listen(self) -> None:
        session = self.session
        self.listen(session.drive_changed, lambda _drive: self._refresh())
        self.listen(session.frame_changed, lambda _state: self._refresh())
        self.listen(session.view_changed, self._on_view)
        self.listen(session.views_changed, self._refresh)
        self.listen(self.desk.active_changed, lambda _name: self._refresh())

    def _build_form(self, form: QWidget) -> None:
        grid = QGridLayout(form)
        grid.setContentsMargins(12, 6, 10, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self.colormap = QComboBox()
        self.colormap.setIconSize(QSize(84, 12))
        for name in colormaps.NAMES:
            self.colormap.addItem(swatch_icon(name), name, name)
        self.colormap.activated.connect(lambda _i: self._style(colormap=self.colormap.currentData()))
        self.range_mode = QComboBox()
        for mode, words, tip in RANGES:
            self.range_mode.addItem(words, mode)
            self.range_mode.setItemData(self.range_mode.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.range_mode.activated.connect(self._choose_range)
        self.range = RangeRow(lambda low, high: self._style(range_mode=RangeMode.MANUAL, low=low, high=high))
        self.compare = QComboBox()
        self.compare.setToolTip("Show the difference of two layers of the same kind")
        self.compare.activated.connect(
            lambda _i: self.session.set_compare(self.compare.currentData(), self.desk.active)
        )
        self._labels: dict[QWidget, QLabel] = {}
        for row, (name, field) in enumerate(
            (("Colours", self.colormap), ("Range", self.range_mode), ("", self.range), ("Minus", self.compare))
        ):
            label = QLabel(name)
            label.setObjectName("Soft")
            self._labels[field] = label
            field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            if name:
                grid.addWidget(label, row, 0)
                grid.addWidget(field, row, 1)
            else:
                grid.addWidget(field, row, 0, 1, 2)

    # what is shown

    def _on_view(self, name: str) -> None:
        if name == self.desk.active:
            self._refresh()

    def _refresh(self) -> None:
        layers = self.session.layers() if self.session.drive is not None else []
        if layers != self._shown:
            self._shown = layers
            self._fill(layers)
        self._mark()
        self._show_form()

    def _fill(self, layers: list[LayerInfo]) -> None:
        self.list.clear()
        for layer in layers:
            row = QListWidgetItem(layer.title)
            row.setData(Role.LEAD, layer.key or "")
            row.setData(Role.DIM, not layer.available)
            row.setData(Role.VALUE, layer.name)
            row.setData(Role.NOTE, layer.unit if layer.available else "not here")
            row.setToolTip(
                layer.why or f"Show {layer.title.lower()}" + (f" (key {layer.key})" if layer.key else "")
            )
            self.list.addItem(row)
        self.list.setMinimumHeight(min(len(layers), 6) * HEIGHT)
        self.list.setMaximumHeight(max(len(layers), 1) * HEIGHT + 2)

    def _mark(self) -> None:
        view = self.desk.view
        for i in range(self.list.count()):
            row = self.list.item(i)
            current = row.data(Role.VALUE) == view.layer
            row.setData(Role.DOT, current)
            row.setSelected(current)

    def _show_form(self) -> None:
        view, data = self.desk.view, self.session.layer_data(self.desk.active)
        self._form.setVisible(data is not None)
        if data is None:
            return
        style = view.style
        scalar = data.kind is Kind.SCALAR
        for field in (self.colormap, self.range_mode, self.range):
            field.setVisible(scalar)
            self._labels[field].setVisible(scalar and bool(self._labels[field].text()))
        if scalar:
            self._show_scalar(data, style)
        self._show_compare(data.kind if view.compare is None else None)

    def _show_scalar(self, data: LayerData, style: LayerStyle) -> None:
        _set_current(self.colormap, style.colormap or data.colormap)
        _set_current(self.range_mode, style.range_mode.value)
        absolute = self.range_mode.model().item(1)  # type: ignore[attr-defined]
        absolute.setEnabled(data.absolute_range is not None)
        bounds = self.session.resolved_range(self.desk.active)
        self.range.setVisible(bounds is not None)
        if bounds is not None:
            self.range.show_range(data, bounds)

    def _show_compare(self, kind: Kind | None) -> None:
        """Offer the other layers of the same kind; the one already chosen stays on offer."""
        view = self.desk.view
        kinds = {layer.name: layer.kind for layer in self._shown}
        own = kinds.get(view.layer, kind)
        others = [x for x in self._shown if x.kind is own and x.name != view.layer and x.available]
        self.compare.blockSignals(True)
        self.compare.clear()
        self.compare.addItem("nothing", None)
        for layer in others:
            self.compare.addItem(layer.title, layer.name)
        _set_current(self.compare, view.compare)
        self.compare.blockSignals(False)
        offered = bool(others) and own in (Kind.SCALAR, Kind.CLASS, Kind.INSTANCE, Kind.MASK)
        self.compare.setVisible(offered)
        self._labels[self.compare].setVisible(offered)

    # what the user does

    def _choose(self, row: QListWidgetItem) -> None:
        name = row.data(Role.VALUE)
        found = next((layer for layer in self._shown if layer.name == name), None)
        if found is not None and found.available:
            self.session.set_layer(name, self.desk.active)
        self._mark()

    def _choose_range(self, _index: int) -> None:
        mode = RangeMode(self.range_mode.currentData())
        bounds = self.session.resolved_range(self.desk.active)
        if mode is RangeMode.MANUAL and bounds is not None:
            self._style(range_mode=mode, low=bounds[0], high=bounds[1])
        else:
            self._style(range_mode=mode)

    def _style(self, **changes: object) -> None:
        self.session.set_style(self.desk.active, self.desk.view.shown_layer, **changes)


def _set_current(box: QComboBox, value: object) -> None:
    index = box.findData(value)
    if index >= 0 and index != box.currentIndex():
        box.blockSignals(True)
        box.setCurrentIndex(index)
        box.blockSignals(False)


ENTRY = PanelInfo("Layers", "left", 20, LayersPanel, share=340)
