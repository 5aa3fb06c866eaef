"""The visibility rule and its numbers, each with its usual value marked; every change can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.core.geometry.visibility import VisibilityOptions
from app.core.geometry.visibility_curves import ladder, threshold_of
from app.core.session_visibility import DEFAULT, SessionVisibility
from app.ui import visibility_words as words
from app.ui.widgets.common import heading, tool_button
from app.ui.widgets.marked_slider import MarkedSlider
from app.ui.widgets.segments import Segments

SHARES = tuple(step / 100 for step in range(31))
RADII = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
NUMBERS = (100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0)


class VisibilityRule(QWidget):
    """``attempt(call)`` does something that may be refused, and says why where the user looks."""

    def __init__(self, visibility: SessionVisibility, attempt: Callable[[Callable[[], object]], None]) -> None:
        super().__init__()
        self._visibility, self._attempt = visibility, attempt
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(heading("Rule"), 1)
        self.reset = tool_button("undo", "", visibility.reset_options)
        head.addWidget(self.reset)
        column.addLayout(head)
        self.rules = _wide(Segments("Rule", words.RULES, lambda rule: self._set(rule=rule)))
        column.addWidget(self.rules)
        self.threshold = MarkedSlider(
            "Threshold",
            lambda value: attempt(lambda: visibility.set_threshold(value)),
            lambda value: words.amount(visibility.options.rule, value),
        )
        self.share = MarkedSlider(
            "+ share", lambda value: self._set(share=value), _percent,
            "And by this share of its own depth", SHARES,
        )  # fmt: skip
        self.radius = MarkedSlider(
            "Radius", lambda value: self._set(radius=value), lambda value: f"{value:g} px",
            "Pixels about a point that it covers", RADII,
        )  # fmt: skip
        for row in (self.threshold, self.share, self.radius):
            column.addWidget(row)
        self._build_superpixels(column)

    def _build_superpixels(self, column: QVBoxLayout) -> None:
        title = heading("Superpixels")
        title.setContentsMargins(0, 6, 0, 0)
        title.setToolTip("What the paper's rule looks at; borders are drawn under every rule")
        self.ways = _wide(Segments("Superpixels", words.WAYS, lambda way: self._set(superpixels=way)))
        self.number = MarkedSlider(
            "Number", lambda value: self._set(segments=round(value)), lambda value: f"{value:.0f}",
            "Superpixels that a picture is cut into, about; more are smaller", NUMBERS,
        )  # fmt: skip
        for part in (title, self.ways, self.number):
            column.addWidget(part)

    def refresh(self) -> None:
        """Show the session's options."""
        options = self._visibility.options
        self.rules.show_value(options.rule)
        self.ways.show_value(options.superpixels)
        self.threshold.setVisible(options.rule in words.THRESHOLDS)
        if options.rule in words.THRESHOLDS:
            name, tip = words.THRESHOLDS[options.rule]
            self.threshold.title.setText(name)
            self.threshold.setToolTip(tip)
            self.threshold.slider.setAccessibleName(name)
            self.threshold.offer(ladder(options.rule))
            usual = threshold_of(VisibilityOptions(rule=options.rule))
            self.threshold.show_value(threshold_of(options), usual)
        self.share.setVisible(options.rule in ("slope", "zbuffer"))
        self.share.show_value(options.share, DEFAULT.share)
        self.radius.setVisible(options.rule in ("zbuffer", "depth_ratio"))
        self.radius.show_value(options.radius, DEFAULT.radius)
        self.number.show_value(options.segments, DEFAULT.segments)
        self.reset.setEnabled(options != DEFAULT)
        self.reset.setToolTip(words.changed(options, DEFAULT))

    def _set(self, **changes: Any) -> None:
        self._attempt(lambda: self._visibility.set_options(**changes))


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _wide(segments: Segments[str]) -> Segments[str]:
    """As wide as there is room."""
    wide = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    segments.setSizePolicy(wide)
    for button in segments.buttons.values():
        button.setSizePolicy(wide)
        button.setStyleSheet("padding: 2px 5px")
    return segments
