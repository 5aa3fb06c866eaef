"""Two handles and two numbers for the ends of a colour range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QWidget
from superqt.sliders import QRangeSlider

from app.core.layers.base import LayerData

STEPS = 1000
"""Positions of the slider; finer than its pixels."""

SAMPLE = 4_000
"""Values looked at to find the slider's ends; it is asked for every frame."""

STRAYS = (0.2, 99.8)
"""Percentiles between which the slider reaches at least."""


class RangeRow(QWidget):
    """``changed(low, high)`` is called while the user drags or types, in the layer's unit."""

    def __init__(self, changed: Callable[[float, float], None]) -> None:
        super().__init__()
        self._changed = changed
        self._reach = (0.0, 1.0)
        self._of: str = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.low, self.high = _field("Lower end of the colours"), _field("Upper end of the colours")
        self.slider = QRangeSlider(Qt.Orientation.Horizontal)  # type: ignore[no-untyped-call]
        self.slider.setRange(0, STEPS)
        self.slider.setToolTip("Drag the ends of the colour range")
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for part in (self.low, self.slider, self.high):
            row.addWidget(part, 1 if part is self.slider else 0)
        self.slider.valueChanged.connect(self._on_slider)
        for field in (self.low, self.high):
            field.valueChanged.connect(lambda _v: self._on_fields())

    def show_range(self, data: LayerData, bounds: tuple[float, float]) -> None:
        """Show the range in use without calling anybody.

        The slider spans nearly all of this frame's values and the range in use. It only grows while a layer
        is shown, so that it does not slide away under the pointer.
        """
        reach = _reach(data, bounds)
        if data.name != self._of:
            self._of, self._reach = data.name, reach
        else:
            self._reach = (min(self._reach[0], reach[0]), max(self._reach[1], reach[1]))
        span = self._reach[1] - self._reach[0]
        digits = 2 if span < 20 else 1 if span < 200 else 0
        for part in (self.slider, self.low, self.high):
            part.blockSignals(True)
        for field, value in ((self.low, bounds[0]), (self.high, bounds[1])):
            field.setDecimals(digits)
            field.setSingleStep(span / 100)
            if not field.hasFocus() or abs(field.value() - value) > span / STEPS:
                field.setValue(value)
        if not self.slider.isSliderDown():
            low, high = (round((b - self._reach[0]) / span * STEPS) for b in bounds)
            self.slider.setValue((low, max(high, low)))
        for part in (self.slider, self.low, self.high):
            part.blockSignals(False)

    def _on_slider(self, ends: tuple[int, int]) -> None:
        low, high = (self._reach[0] + e / STEPS * (self._reach[1] - self._reach[0]) for e in ends)
        self._changed(low, high)

    def _on_fields(self) -> None:
        low, high = self.low.value(), self.high.value()
        if low < high:
            self._changed(low, high)


def _field(name: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setRange(-1e9, 1e9)
    field.setKeyboardTracking(False)
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.setFixedWidth(62)
    field.setAccessibleName(name)
    field.setToolTip(name)
    field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return field


def _reach(data: LayerData, bounds: tuple[float, float]) -> tuple[float, float]:
    """Ends of the slider: the range in use, and nearly all values of an even sample.

    A single stray point would otherwise leave the handles a few pixels to move in.
    """
    sample = data.values[:: max(1, len(data.values) // SAMPLE)]
    finite = sample[np.isfinite(sample)]
    ends = list(bounds)
    if len(finite):
        ends += [float(end) for end in np.percentile(finite, STRAYS)]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
