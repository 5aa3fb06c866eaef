"""Everything that decides pseudo-labels, as live controls: sliders with numbers, their defaults marked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from app.core.affinity.inspecting import AFTER, BEFORE, InspectorState
from app.core.affinity.options import SHARE_OF_LOGIT_SCALE, SUPERPOINTS, PseudoLabelOptions
from app.core.geometry.superpoints import KINDS
from app.core.geometry.visibility import RULES, THRESHOLD, VisibilityOptions
from app.core.geometry.visibility_curves import with_threshold
from app.core.labels import LabelSet
from app.ui import theme
from app.ui.labelling import Labelling
from app.ui.widgets.common import heading, hint
from app.ui.widgets.parameter_row import NAME_WIDTH, RESET, ParameterRow, Reach

SUPERPOINT_WORDS = {
    "dbscan": ("DBSCAN", "Points that lie close together: the paper's, where seen classes are annotated"),
    "supervoxels": (
        "Supervoxels",
        "Boundary-preserved, of 1 m: the paper's, where nothing is annotated",
    ),
    "supervoxels_spread": ("Supervoxels, spread", "The same, with neighbours that are not all of one scan line"),
    "ground_hdbscan": ("Ground + HDBSCAN", "Ground in patches, and what stands on it clustered by density"),
}
RULE_WORDS = {
    "slope": ("Slope", "Hidden is what has a nearer surface on both sides; the default"),
    "zbuffer": ("Z-buffer", "Hidden is what lies behind the nearest point about it"),
    "depth_ratio": ("Depth ratio", "OpenScene's test: a share of the surface's depth"),
    "paper": (
        "Superpixel (paper)",
        "Equations 9, 10: hidden is what lies T_D behind its superpixel's nearest point",
    ),
    "none": ("None", "All that falls into the picture counts as seen"),
}
LIMIT_WORDS = {"tolerance": "Tolerance", "ratio": "Depth ratio", "threshold": "T_D"}

AT_ONCE = "Labels follow at once."
CROPS = "It may need other crops: CLIP reads them first, its progress shows above, and the labels follow."


class LabelControls(QWidget):
    """Reads the session's state; every change can be undone, a drag is one change."""

    def __init__(self, labelling: Labelling, choose_clip: Callable[[], None]) -> None:
        super().__init__()
        self._labelling = labelling
        self._unseen: tuple[str, ...] = ()
        self._label_set: LabelSet | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.rows: dict[str, ParameterRow] = {}
        column.addWidget(_title("Random walk", top=4))
        self._number(column, "beta", "β", Reach(0.25, 8), "Power of the weights (equation 7). " + AT_ONCE)
        self._number(
            column, "scale", "Scale", Reach(0.5, 60, 1, even_factors=True),
            f"What similarities are multiplied by (equation 5); by itself {SHARE_OF_LOGIT_SCALE} of the CLIP's own "
            f"scale. {AT_ONCE}",
        )  # fmt: skip
        self._number(column, "walks", "Walks", Reach(1, 5, 0), "How often the walk is repeated. " + AT_ONCE)
        column.addWidget(_title("Queue"))
        self._number(
            column, "queue", "Most", Reach(50, 20_000, 0, even_factors=True),
            "Instances after which the queue ends, as it ends when labels are written. " + AT_ONCE,
        )  # fmt: skip
        for name, words in (("before", "Frames back"), ("after", "Frames on")):
            self._number(
                column, name, words, Reach(0, 20, 0),
                "Frames beside this one that the queue may reach; those that are new are read first.",
            )  # fmt: skip
        column.addWidget(_title("Instances and crops"))
        self._build_choices(column)
        self._number(
            column, "limit", "T_D", Reach(0.01, 3),
            "How far behind the surface a point may lie to be seen. " + CROPS,
        )  # fmt: skip
        self._number(
            column, "margin", "Crop margin", Reach(0, 1.5),
            "Share of a crop's size that is added on each side. " + CROPS,
        )  # fmt: skip
        column.addWidget(_title("Words"))
        self._build_words(column, choose_clip)

    # parts

    def _number(self, column: QVBoxLayout, key: str, name: str, reach: Reach, tip: str) -> None:
        row = ParameterRow(name, reach, lambda value: self._change(key, value), lambda: self._reset(key), tip)
        self.rows[key] = row
        column.addWidget(row)

    def _build_choices(self, column: QVBoxLayout) -> None:
        grid = _grid()
        self.kinds = self._combo(grid, 0, "Superpoints", [(kind, *SUPERPOINT_WORDS[kind]) for kind in KINDS])
        self.kinds.activated.connect(lambda _i: self._labelling.set(kind=self.kinds.currentData()))
        self.rules = self._combo(grid, 1, "Visibility", [(rule, *RULE_WORDS[rule]) for rule in RULES])
        self.rules.activated.connect(lambda _i: self._labelling.set(rule=self.rules.currentData()))
        column.addLayout(grid)

    def _build_words(self, column: QVBoxLayout, choose_clip: Callable[[], None]) -> None:
        grid = _grid()
        self.templates = self._combo(grid, 0, "Sentences", [])
        self.templates.setToolTip(
            "The sentences that names of classes are put into before CLIP reads them. " + AT_ONCE
        )
        self.templates.activated.connect(lambda _i: self._labelling.set(templates=self.templates.currentData()))
        self.clip = self._button(grid, 1, "CLIP", "Choose the network that reads crops and words")
        self.clip.clicked.connect(lambda *_: choose_clip())
        self.unseen_label, self.unseen = QLabel("Unseen"), QPushButton()
        self._place(grid, 2, self.unseen_label, self.unseen)
        self.unseen.clicked.connect(lambda *_: self._choose_unseen())
        column.addLayout(grid)
        self.told = hint(
            "Walk, queue and words: labels follow at once. Instances and crops: CLIP may have to read first."
        )
        self.told.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.told)

    def _combo(self, grid: QGridLayout, row: int, name: str, choices: list[tuple[str, str, str]]) -> QComboBox:
        box = QComboBox()
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        for value, words, tip in choices:
            box.addItem(words, value)
            box.setItemData(box.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._place(grid, row, QLabel(name), box)
        return box

    def _button(self, grid: QGridLayout, row: int, name: str, tip: str) -> QPushButton:
        button = QPushButton()
        button.setToolTip(tip)
        self._place(grid, row, QLabel(name), button)
        return button

    @staticmethod
    def _place(grid: QGridLayout, row: int, label: QLabel, part: QWidget) -> None:
        label.setObjectName("Soft")
        label.setFixedWidth(NAME_WIDTH)
        part.setFont(theme.font(12))
        part.setAccessibleName(label.text())
        part.setMinimumWidth(40)
        if isinstance(part, QPushButton):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            part.setStyleSheet("padding: 3px 8px; text-align: left")
        grid.addWidget(label, row, 0)
        grid.addWidget(part, row, 1)

    # what is shown

    def show_state(
        self,
        state: InspectorState,
        logit_scale: float,
        clip: str,
        templates: tuple[tuple[str, str], ...],
        label_set: LabelSet | None,
    ) -> None:
        """Show how labels are made. ``logit_scale``: of the CLIP, 0 while it is not known."""
        options = state.options
        fresh = PseudoLabelOptions(options.clip)
        automatic = SHARE_OF_LOGIT_SCALE * logit_scale
        self._show_numbers(state, options, fresh, automatic if options.scale is None else options.scale, automatic)
        self.rows["scale"].setEnabled(logit_scale > 0)  # by itself it follows from the CLIP
        self._pick(self.kinds, options.grouping.kind)
        standard = SUPERPOINTS[options.setting].kind
        self.kinds.setToolTip(
            f"{SUPERPOINT_WORDS[options.grouping.kind][1]}\nDefault here: {SUPERPOINT_WORDS[standard][0]}. {CROPS}"
        )
        self._pick(self.rules, options.visibility.rule)
        self.rules.setToolTip(f"{RULE_WORDS[options.visibility.rule][1]}. {CROPS}")
        self._show_limit(options.visibility)
        if [self.templates.itemData(i) for i in range(self.templates.count())] != [name for name, _t in templates]:
            self.templates.clear()
            for name, title in templates:
                self.templates.addItem(title, name)
        self._pick(self.templates, options.templates)
        self.clip.setText(clip)
        self._label_set, self._unseen = label_set, options.unseen
        zero_shot = options.setting == "zero-shot"
        self.unseen.setText(f"{len(options.unseen)} classes")
        self.unseen.setToolTip("Classes without annotation: " + ", ".join(options.unseen) + ". " + CROPS)
        for part in (self.unseen, self.unseen_label):
            part.setVisible(zero_shot)

    def _show_numbers(
        self,
        state: InspectorState,
        options: PseudoLabelOptions,
        fresh: PseudoLabelOptions,
        scale: float,
        automatic: float,
    ) -> None:
        for key, value, default in (
            ("beta", options.beta, fresh.beta),
            ("scale", scale, automatic),
            ("walks", options.walks, fresh.walks),
            ("queue", options.queue, fresh.queue),
            ("before", state.before, BEFORE),
            ("after", state.after, AFTER),
            ("margin", options.margin, fresh.margin),
        ):
            self.rows[key].show_value(value, default)

    def _show_limit(self, visibility: VisibilityOptions) -> None:
        """The threshold of the rule in use, by its own name."""
        row, field = self.rows["limit"], THRESHOLD.get(visibility.rule)
        row.setEnabled(field is not None)
        if field is None:
            row.title.setText("No limit")
            return
        row.title.setText(LIMIT_WORDS[field])
        row.show_value(getattr(visibility, field), getattr(VisibilityOptions(), field))

    @staticmethod
    def _pick(box: QComboBox, value: str) -> None:
        place = box.findData(value)
        if place >= 0 and place != box.currentIndex():
            box.setCurrentIndex(place)

    # what the user does

    def _change(self, key: str, value: float) -> None:
        if key == "limit":
            visibility = self._labelling.affinity.state.options.visibility
            self._labelling.set(visibility=with_threshold(visibility, value))
        elif key in ("walks", "queue", "before", "after"):
            self._labelling.set(**{key: round(value)})
        else:
            self._labelling.set(**{key: value})

    def _reset(self, key: str) -> None:
        if key == "limit":
            visibility = self._labelling.affinity.state.options.visibility
            field = THRESHOLD[visibility.rule]
            usual: float = getattr(VisibilityOptions(), field)
            self._labelling.set(visibility=with_threshold(visibility, usual))
        elif key in ("before", "after"):
            self._labelling.set(**{key: {"before": BEFORE, "after": AFTER}[key]})
        else:
            self._labelling.set(**{key: PseudoLabelOptions.__dataclass_fields__[key].default})

    def _choose_unseen(self) -> None:
        """A menu of all classes; ticked are those without annotation."""
        if self._label_set is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for entry in self._label_set.classes:
            if entry.id != self._label_set.ignore:
                action = menu.addAction(entry.name)
                action.setCheckable(True)
                action.setChecked(entry.name in self._unseen)
                action.triggered.connect(lambda on, name=entry.name: self._set_unseen(name, on))
        menu.popup(self.unseen.mapToGlobal(self.unseen.rect().bottomLeft()))

    def _set_unseen(self, name: str, on: bool) -> None:
        kept = [one for one in self._unseen if one != name]
        self._labelling.set(unseen=(*kept, name) if on else tuple(kept))


def _title(words: str, top: int = 8) -> QWidget:
    label = heading(words)
    label.setContentsMargins(0, top, 0, 2)
    return label


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, RESET + 6, 2)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    return grid
