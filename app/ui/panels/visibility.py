"""Panel: what a camera sees. The rule and its threshold live, counts, and how right it is where that is known."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QIcon, QPixmap, QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.core.errors import UsageError
from app.core.geometry.visibility_curves import threshold_of
from app.core.visibility_view import VisibilityPicture
from app.ui import text
from app.ui import visibility_words as words
from app.ui.desk import Desk
from app.ui.panels.base import Panel, PanelInfo
from app.ui.widgets.common import heading, hint
from app.ui.widgets.rule_curves import RuleCurves
from app.ui.widgets.segments import Segments
from app.ui.widgets.value_rows import ValueRows
from app.ui.widgets.visibility_rule import VisibilityRule

LOOKER = "visibility"

NOTHING = "Open a recording with a calibrated camera to see which of its points the camera sees."
UNKNOWN = (
    "What the camera really sees is not known for this recording, so precision, recall and wrong matches are "
    "unknown. Demo drives know them exactly."
)
NOT_FIRST = "What this camera really sees is not known: demo drives know it of their first camera."
LAYERS = {"visibility": "visible", "match": "match"}
"""The layer that shows the same in a 3D view."""

SHOWN_IN_3D = "The same in the 3D view"


class VisibilityPanel(Panel):
    """Looks at the camera that the picture shows, as long as the panel is seen."""

    hint = "what a camera sees"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.visibility = self.session.visibility
        self._refused = ""
        self._before = "height"
        self._due = QTimer(self, singleShot=True, interval=0)
        self._due.timeout.connect(self._refresh)
        self.state = hint("")
        self.column.addWidget(self.state)
        self.body = QWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.rule = VisibilityRule(self.visibility, self.attempt)
        column.addWidget(self.rule)
        self._build_shown(column)
        self._build_counts(column)
        self._build_truth(column)
        self.column.addWidget(self.body)
        self.column.addStretch(1)
        session, visibility = self.session, self.visibility
        for signal in (
            visibility.options_changed, visibility.picture_changed, visibility.look_changed, session.frame_changed,
            session.drive_changed, session.view_changed,
        ):  # fmt: skip
            self.listen(signal, lambda *_: self._refresh_soon())
        self._refresh()

    def close_panel(self) -> None:
        """Nobody looks any more, and the timer goes with the panel."""
        self._due.stop()
        self.visibility.look(LOOKER, False)
        super().close_panel()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to look."""
        super().showEvent(event)
        self.visibility.look(LOOKER, True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Cease to look."""
        super().hideEvent(event)
        self.visibility.look(LOOKER, False)

    # parts

    def _build_shown(self, column: QVBoxLayout) -> None:
        column.addWidget(_title("Points over the picture"))
        self.shows = Segments("Points over the picture", words.SHOWS, self._show_over_picture)
        row = QHBoxLayout()
        row.setSpacing(10)
        self.borders = QCheckBox("Borders")
        self.borders.setToolTip("Borders of the superpixels over the picture (Shift+B)")
        self.borders.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.borders.clicked.connect(self.visibility.set_borders)
        self.in_3d = QCheckBox("In 3D")
        self.in_3d.setToolTip(SHOWN_IN_3D)
        self.in_3d.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.in_3d.clicked.connect(self._show_in_3d)
        for button in self.shows.buttons.values():
            button.setStyleSheet("padding: 2px 7px")
        column.addWidget(self.shows)
        row.addWidget(self.borders)
        row.addWidget(self.in_3d)
        row.addStretch(1)
        column.addLayout(row)

    def _build_counts(self, column: QVBoxLayout) -> None:
        self.camera = _title("Points")
        self.counts = ValueRows("Points of this camera")
        column.addWidget(self.camera)
        column.addWidget(self.counts)

    def _build_truth(self, column: QVBoxLayout) -> None:
        self.truth = QWidget()
        inner = QVBoxLayout(self.truth)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(_title("Against the truth"), 1)
        self.measure = QComboBox()
        self.measure.setAccessibleName("What the curves show")
        self.measure.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        for name, title, tip in words.MEASURES:
            self.measure.addItem(title, name)
            self.measure.setItemData(self.measure.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.measure.currentIndexChanged.connect(lambda _place: self._show_curves())
        head.addWidget(self.measure)
        inner.addLayout(head)
        self.curves = RuleCurves(lambda value: self.attempt(lambda: self.visibility.set_threshold(value)))
        self.scores = ValueRows("Against the truth")
        inner.addWidget(self.curves)
        inner.addWidget(self.scores)
        self.groups: dict[int, QPushButton] = {}
        for kind, title, tip in words.GROUPS:
            button = QPushButton(title)
            button.setToolTip(tip)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _on=False, k=kind: self._select(k))
            self.groups[kind] = button
            inner.addWidget(button)
        column.addWidget(self.truth)
        self.unknown = hint("")
        column.addWidget(self.unknown)

    # what is shown

    def _refresh_soon(self) -> None:
        """Once for all that happens in this turn of the event loop."""
        if not self._due.isActive():
            self._due.start()

    def _refresh(self) -> None:
        visibility, picture = self.visibility, self.visibility.picture
        has_camera = bool(visibility.camera)
        self.body.setVisible(has_camera)
        self._show_state()
        if not has_camera:
            return
        self.rule.refresh()
        self.shows.show_value(visibility.show)
        self.borders.setChecked(visibility.borders)
        self.in_3d.setChecked(self.desk.view.layer in LAYERS.values())
        self.camera.setText(f"Points · {visibility.camera}".upper())
        self.counts.setEnabled(picture is not None and picture.options == visibility.options)
        if picture is not None:
            self.counts.show_rows(words.count_rows(picture.own))
        known = picture is not None and picture.own.score is not None
        self.shows.buttons["match"].setEnabled(known or visibility.show == "match")
        self.truth.setVisible(known)
        self.unknown.setVisible(picture is not None and not known)
        self.unknown.setText(NOT_FIRST if picture is not None and _any_truth(picture) else UNKNOWN)
        if picture is not None and picture.own.score is not None:
            self.scores.show_rows(words.score_rows(picture.own.score))
            self.scores.setEnabled(picture.options == visibility.options)
            self._show_groups(picture)
            self._show_curves()

    def _show_state(self) -> None:
        """Why there is nothing to see, or what is being done."""
        visibility, picture = self.visibility, self.visibility.picture
        wrong = self._refused or visibility.problem
        said = wrong
        if not said and self.session.frame_state is None:
            said = NOTHING
        elif not said and picture is not None and picture.no_superpixels:
            said, wrong = picture.no_superpixels, "no superpixels"
        elif not said and visibility.looking and (picture is None or visibility.options.rule == "paper"):
            said = "Looking …"
        name = "Error" if wrong else "Hint"
        if self.state.objectName() != name:
            self.state.setObjectName(name)
            self.state.style().unpolish(self.state)
            self.state.style().polish(self.state)
        self.state.setText(said)
        self.state.setVisible(bool(said))

    def _show_groups(self, picture: VisibilityPicture) -> None:
        names = {kind: title for kind, title, _tip in words.GROUPS}
        for kind, button in self.groups.items():
            count = len(picture.matching(kind))
            button.setText(f" {names[kind]} · {text.count(count)}")
            button.setIcon(_dot(words.color_of("match", kind)))
            button.setEnabled(count > 0)

    def _show_curves(self) -> None:
        picture, options = self.visibility.picture, self.visibility.options
        if picture is not None:
            self.curves.show_curves(picture.curves, options.rule, threshold_of(options), self.measure.currentData())

    # what the user does

    def attempt(self, call: Callable[[], object]) -> None:
        """Do something that may be refused; the reason is said at the top."""
        try:
            call()
        except UsageError as error:
            self._refused = str(error)
        else:
            self._refused = ""
        self._refresh_soon()

    def _select(self, kind: int) -> None:
        """The points of one kind, here and in the 3D view."""
        self.attempt(lambda: self.visibility.select_matches(kind))

    def _show_in_3d(self, on: bool) -> None:
        """The test, or how it compares with the truth, as the active view's layer; or what was there before."""
        now = self.desk.view.layer
        if on and now not in LAYERS.values():
            self._before = now
        layer = LAYERS.get(self.visibility.show, "visible") if on else self._before
        self.session.set_layer(layer, self.desk.active)

    def _show_over_picture(self, show: str) -> None:
        """Colour the picture's points otherwise, and those of the view with them where it shows the same."""
        self.visibility.set_show(show)
        if self.in_3d.isChecked():
            self._show_in_3d(True)


def _any_truth(picture: VisibilityPicture) -> bool:
    return any(entry.score is not None for entry in picture.report.cameras)


def _title(words_: str) -> QLabel:
    label = heading(words_)
    label.setContentsMargins(0, 6, 0, 0)
    return label


def _dot(color: QColor) -> QIcon:
    pixmap = QPixmap(10, 10)
    pixmap.fill(color)
    return QIcon(pixmap)


ENTRY = PanelInfo("Visibility", "right", 8, VisibilityPanel, share=640, beside="instance")
