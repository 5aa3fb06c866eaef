"""A new training run: recipe, data and name, and every field of the recipe in a form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.cores import usable_cores
from app.core.errors import LidarScopeError, UsageError
from app.core.session import Session
from app.core.tasks.follow_runs import config_of
from app.core.training.recipe import Recipe
from app.core.training.recipes import about, kind_of, names, own_values
from app.ui import text
from app.ui.widgets.common import hint
from app.ui.widgets.recipe_form import RecipeForm

USUAL = "demo"
"""The recipe that is offered first: it learns in minutes without a GPU."""


class NewRun(QDialog):
    """Starts a run and closes; what does not fit is said at the field, or above the buttons.

    Parameters
    ----------
    recipe : name of the recipe to begin with; "" the usual one
    like : a run whose recipe and data to begin with
    init : a run or checkpoint whose weights to begin with
    """

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        *,
        recipe: str = "",
        like: Path | None = None,
        init: Path | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New training run")
        self.resize(720, min(760, parent.height() - 40))
        self._session, self._training = session, session.training
        self._init = init
        self._named = False
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 16, 14)
        column.setSpacing(10)
        column.addLayout(self._make_head())
        column.addLayout(self._make_search())
        self.form = RecipeForm(self._say_state)
        column.addWidget(self.form, 1)
        self.verdict = hint("")
        column.addWidget(self.verdict)
        column.addLayout(self._make_buttons())
        self._begin(recipe, like)

    # building

    def _make_head(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.recipe = QComboBox()
        for name in names():
            self.recipe.addItem(name, name)
        self.recipe.setAccessibleName("Recipe")
        self.recipe.setMinimumWidth(220)
        self.recipe.setToolTip("What is learnt, and how; a recipe is a set of fields with values of its own")
        self.recipe.currentIndexChanged.connect(lambda _i: self._show_recipe({}))
        drive = self._session.drive
        self.data = QLineEdit(str(drive.path) if drive is not None else "")
        self.data.setPlaceholderText("Folder of the recording to learn from")
        self.data.setAccessibleName("Data")
        self.data.textChanged.connect(lambda _text: self._check())
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the run")
        self.name.setToolTip("The run's folder is called so")
        self.name.textEdited.connect(self._rename)
        self.about = hint("")
        self.about.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        form.addRow("Recipe", self.recipe)
        form.addRow("", self.about)
        form.addRow("Data", self._with_button(self.data))
        form.addRow("Name", self.name)
        return form

    def _with_button(self, line: QLineEdit) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(line, 1)
        button = QPushButton("Folder …")
        button.setAutoDefault(False)
        button.clicked.connect(lambda *_: self._choose_data())
        row.addWidget(button)
        return holder

    def _make_search(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search fields: learning rate, voxel, flip …")
        self.search.setAccessibleName("Search fields")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _text: self._filter())
        self.changed_only = QCheckBox("Changed only")
        self.changed_only.toggled.connect(lambda _on: self._filter())
        self.all_back = QPushButton("Reset all")
        self.all_back.setAutoDefault(False)
        self.all_back.setToolTip("The recipe's own value in every field")
        self.all_back.clicked.connect(lambda *_: self.form.put_back())
        row.addWidget(self.search, 1)
        row.addWidget(self.changed_only)
        row.addWidget(self.all_back)
        return row

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.where = QLabel()
        self.where.setObjectName("Faint")
        cancel, self.queue, self.start = QPushButton("Cancel"), QPushButton("Add to queue"), QPushButton("Start")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(lambda *_: self.reject())
        self.queue.setToolTip("Starts once no other run of this folder is going on")
        self.queue.setAutoDefault(False)
        self.queue.clicked.connect(lambda *_: self._go(queue=True))
        self.start.clicked.connect(lambda *_: self._go(queue=False))
        row.addWidget(self.where, 1)
        for button in (cancel, self.queue, self.start):
            row.addWidget(button)
        return row

    # what it begins with

    def _begin(self, recipe: str, like: Path | None) -> None:
        values: dict[str, Any] = {}
        kind = recipe
        if like is not None:
            try:
                kind, values, data = config_of(like)
                self.data.setText(str(data))
            except LidarScopeError as error:
                self._session.log_line(str(error), "warning")
        if self._init is not None:
            values = {"init": str(self._init)}
        index = max(self.recipe.findData(kind or USUAL), 0)
        self.recipe.blockSignals(True)
        self.recipe.setCurrentIndex(index)
        self.recipe.blockSignals(False)
        self._show_recipe(values)

    def _show_recipe(self, values: dict[str, Any]) -> None:
        name = str(self.recipe.currentData())
        kind, usual = own_values(name)
        self._kind = kind
        self.about.setText(about(name))
        if "threads" in values and values["threads"] == usable_cores():
            values = {key: value for key, value in values.items() if key != "threads"}
        self.form.show_recipe(kind_of(kind), usual, values)
        if not self._named:
            self.name.setText(self._training.free_name(name))
        self._check()

    # what the user does

    def _rename(self, words: str) -> None:
        self._named = bool(words)
        self._check()

    def _choose_data(self) -> None:
        dialog = QFileDialog(self, "Recording to learn from", self.data.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.data.setText)
        dialog.open()

    def _filter(self) -> None:
        self.form.show_only(self.search.text(), self.changed_only.isChecked())

    def _say_state(self) -> None:
        self._check()

    def _check(self) -> Recipe | None:
        """Say what is wrong, or what has been changed; the recipe where it can be started."""
        if not self.form.whole:
            self.start.setEnabled(False)
            self.queue.setEnabled(False)
            return None
        recipe, sentence = None, ""
        try:
            recipe = self.form.recipe()
        except UsageError as error:
            sentence = str(error)
        sentence = sentence or self._head_problem()
        changes = self.form.changes()
        busy = self._training.live
        beside = (
            f" {text.plural(len(busy), 'run')} going on: both will be slower, unless this one waits."
            if busy
            else ""
        )
        told = f"{text.plural(len(changes), 'field')} changed." if changes else "All fields as the recipe has them."
        self._say(sentence or told + beside, bad=bool(sentence))
        for button in (self.start, self.queue):
            button.setEnabled(not sentence)
            button.setDefault(not sentence and (button is self.queue) == bool(busy))
        self.all_back.setEnabled(bool(changes))
        folder = self._training.folder
        self.where.setText("" if folder is None else text.shortened(f"in {folder}", None))
        self.where.setToolTip("" if folder is None else str(folder / self.name.text()))
        return None if sentence else recipe

    def _head_problem(self) -> str:
        name = self.name.text().strip()
        if not self.data.text().strip():
            return "Choose the recording to learn from."
        if not Path(self.data.text()).expanduser().exists():
            return f"{self.data.text()} does not exist; choose the recording to learn from."
        if not name or name != Path(name).name or name.startswith("."):
            return f"'{name}' is no name for a run; use letters, digits and dashes."
        if any(run.name == name for run in self._training.runs):
            return f"There is a run called {name} already; choose another name."
        return ""

    def _say(self, words: str, *, bad: bool) -> None:
        self.verdict.setText(words)
        self.verdict.setObjectName("Error" if bad else "Hint")
        self.verdict.style().polish(self.verdict)

    def _go(self, *, queue: bool) -> None:
        recipe = self._check()
        if recipe is None:
            return
        self.start.setEnabled(False)
        self.queue.setEnabled(False)
        self._say("Starting …", bad=False)
        open_still = [True]
        self.finished.connect(lambda _result: open_still.clear())

        def started(_path: Path) -> None:
            if open_still:
                self.accept()

        def failed(error: LidarScopeError) -> None:
            if open_still:
                self._check()
                self._say(str(error), bad=True)

        self._training.start(
            self._kind, recipe.model_dump(mode="json"), Path(self.data.text()).expanduser().resolve(),
            self.name.text().strip(), queue=queue, on_started=started, on_error=failed,
        )  # fmt: skip
