"""Where the features come from, and how the words are put: ways, templates, negatives, smoothing, denoising."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.errors import LidarScopeError
from app.core.language.templates import TemplateSet
from app.core.model_card import DISTILLED, built_in
from app.core.session import Session
from app.ui import icons, query_words
from app.ui.asking import Asking
from app.ui.dialogs.checkpoint import ask_distilled
from app.ui.model_facts import checkpoint_name
from app.ui.widgets.chips import Chips
from app.ui.widgets.common import SliderRow, heading, hint, tool_button
from app.ui.widgets.segments import Segments

STEPS = 100
MOST_FUSED = 10
FUSED = "Features of pixels are averaged over the frames around this one, put together by the poses"


class QueryWays(QWidget):
    """Reads the session's language; every change can be undone."""

    def __init__(self, asking: Asking, session: Session, edit_templates: Callable[[], None]) -> None:
        super().__init__()
        self._asking, self._session = asking, session
        self._edit_templates = edit_templates
        self._offered: tuple[TemplateSet, ...] = ()
        language = self._language = asking.language
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(5)
        column.addWidget(heading("Features from"))
        self.ways = Segments("Features from", query_words.WAYS, self._choose_way)
        wide = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.ways.setSizePolicy(wide)
        for button in self.ways.buttons.values():
            button.setSizePolicy(wide)
            button.setStyleSheet("padding: 2px 7px")
        self.why = hint("")
        self.network = QPushButton("Choose a network…")
        icons.bind(self.network, "model")
        self.network.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.network.clicked.connect(lambda *_: ask_distilled(self.window(), session))
        self.fused = SliderRow("Frames fused", 0, MOST_FUSED, self._fuse, _around, FUSED)
        self.fused.title.setObjectName("Soft")
        self.own = QPushButton("Use the built-in network")
        self.own.setToolTip("Taught the demo CLIP's features; it knows the demo world only")
        self.own.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.own.clicked.connect(lambda *_: language.set_network(_built_in()))
        for part in (self.ways, self.why, self.fused):
            column.addWidget(part)
        column.addWidget(self.own, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.network, 0, Qt.AlignmentFlag.AlignLeft)
        self.against = heading("Relevancy against")
        self.against.setContentsMargins(0, 6, 0, 0)
        self.negatives = Chips(
            "Negatives", on_words=lambda words: asking.attempt(lambda: language.set_negatives(words))
        )
        column.addWidget(self.against)
        column.addWidget(self.negatives)
        column.addWidget(self._build_words())

    def _build_words(self) -> QWidget:
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        label = QLabel("Sentences")
        label.setObjectName("Soft")
        self.templates = QComboBox()
        self.templates.setAccessibleName("Sentences")
        self.templates.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.templates.setToolTip("The sentences that words are put into before CLIP reads them; their mean counts")
        self.templates.activated.connect(
            lambda _i: self._asking.attempt(lambda: self._language.set_templates(self.templates.currentData()))
        )
        self.smooth = SliderRow(
            "Smooth", 0, STEPS,
            self._smooth, _share,
            "Pixels that are less sure than this take over from pixels that look alike (MaskCLIP's key smoothing)",
        )  # fmt: skip
        self.denoise = SliderRow(
            "Denoise", 0, STEPS,
            self._denoise, _share,
            "Prompts that are nowhere surer than this are left out (MaskCLIP's prompt denoising)",
        )  # fmt: skip
        for row in (self.smooth, self.denoise):
            row.title.setObjectName("Soft")
        grid.addWidget(label, 0, 0)
        grid.addWidget(self.templates, 0, 1)
        grid.addWidget(
            tool_button("settings", "Read the sentences, and write your own", self._edit_templates), 0, 2
        )
        grid.addWidget(self.denoise, 1, 0, 1, 3)
        grid.addWidget(self.smooth, 2, 0, 1, 3)
        return part

    def refresh(self) -> None:
        """Show the query."""
        query = self._language.query
        self.ways.show_value(query.way)
        problems = {way: self._language.way_problem(way) for way in self.ways.buttons}
        tips = {way: tip for way, _words, tip in query_words.WAYS}
        for way, button in self.ways.buttons.items():
            button.setToolTip(problems[way] or tips[way])
            button.setProperty("faint", bool(problems[way]))
        self.why.setText(problems[query.way] or tips[query.way] + ".")
        self.negatives.show_words(query.negatives)
        relevant = query.mode in ("relevancy", "match")
        self.against.setVisible(relevant)
        self.negatives.setVisible(relevant)
        self._show_templates(query.templates)
        self.denoise.set_position(round(query.denoise * STEPS))
        self.smooth.set_position(round(query.smooth * STEPS))
        self.smooth.setVisible(query.way == "pixels")
        self._show_sources(query.way)

    def _show_sources(self, way: str) -> None:
        """What a way can be told besides: how many frames are fused, and which network."""
        options, network = (self._session.methods.get(name) for name in ("pixels", "network_features"))
        self.fused.setVisible(options is not None and way in ("pixels", "ensemble"))
        self.fused.setEnabled(self._session.poses is not None)
        around = getattr(options, "before", 0), getattr(options, "after", 0)
        self.fused.set_position(min(max(around), MOST_FUSED))
        self.network.setVisible(way in ("network", "ensemble"))
        checkpoint = getattr(network, "checkpoint", None)
        lacking = checkpoint is None and way in ("network", "ensemble")
        self.own.setVisible(lacking and self._language.demo_clip and _built_in() is not None)
        self.network.setText(checkpoint_name(checkpoint) if checkpoint is not None else "Choose a network…")
        self.network.setToolTip(str(checkpoint) if checkpoint is not None else "A checkpoint of the recipe Distill")

    def _fuse(self, frames: int) -> None:
        from app.core.methods.pixels import PixelOptions  # with what reads pictures: not before it is asked for

        options = self._session.methods.get("pixels")
        if isinstance(options, PixelOptions):
            self._session.set_method("pixels", replace(options, before=frames, after=frames))

    def _show_templates(self, chosen: str) -> None:
        offered = self._language.template_sets
        if offered != self._offered:
            self._offered = offered
            self.templates.clear()
            for entry in offered:
                self.templates.addItem(entry.title, entry.name)
                tip = "\n".join(entry.templates[:12]) + ("\n…" if len(entry.templates) > 12 else "")
                self.templates.setItemData(self.templates.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        index = self.templates.findData(chosen)
        if index >= 0:
            self.templates.setCurrentIndex(index)

    def _smooth(self, position: int) -> None:
        self._asking.attempt(lambda: self._language.set_smooth(position / STEPS))

    def _denoise(self, position: int) -> None:
        self._asking.attempt(lambda: self._language.set_denoise(position / STEPS))

    def _choose_way(self, way: str) -> None:
        self._asking.attempt(lambda: self._language.set_way(way))


def _around(frames: int) -> str:
    return "this one" if frames == 0 else f"±{frames}"


def _built_in() -> Path | None:
    """The distilled network that comes along, if it does."""
    try:
        return built_in(DISTILLED)
    except LidarScopeError:
        return None


def _share(position: int) -> str:
    return "off" if position == 0 else f"{position / STEPS:.2f}"
