"""The form for a new training run: made from the recipe's fields, checked as one types, handed over as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox
from run_folders import write_run
from window_helpers import MakeWindow, settle

from app.core.training.folder import RunFolder
from app.core.training.recipe import Recipe
from app.core.training.recipes import about, kind_of, kinds, names, own_values, recipe_of
from app.ui.dialogs.new_run import NewRun
from app.ui.main_window import MainWindow
from app.ui.panels.training import TrainingPanel
from app.ui.widgets.recipe_field import RecipeField
from app.ui.widgets.recipe_form import GROUPS, grouped


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def training(make_window: MakeWindow, drive: Path, runs: Path) -> MainWindow:
    """A window whose runs lie in a folder of the test."""
    window = make_window(drive)
    window.session.update_settings(runs_folder=str(runs))
    return window


def open_form(window: MainWindow) -> NewRun:
    window.menus.actions["train.new"].trigger()
    form = window.findChildren(NewRun)[-1]
    form.form.finish()
    return form


def field(form: NewRun, name: str) -> RecipeField:
    return form.form.fields[name]


def test_every_field_of_every_recipe_stands_in_one_group() -> None:
    listed = [name for _, group in GROUPS for name in group]
    assert len(set(listed)) == len(listed) and set(listed) <= set(Recipe.model_fields)
    for kind in kinds().values():
        placed = [name for _, group in grouped(kind) for name in group]
        assert sorted(placed) == sorted(kind.model_fields)


@pytest.mark.parametrize("name", names())
def test_the_form_shows_each_recipe_as_it_is(training: MainWindow, name: str) -> None:
    form = open_form(training)
    form.recipe.setCurrentIndex(form.recipe.findData(name))
    form.form.finish()
    assert form.about.text() == about(name) != ""
    assert form.form.changes() == []
    kind = kind_of(own_values(name)[0])
    needed = {"init": __file__} if kind.needs_init else {"labels": __file__} if kind.needs_pseudo_labels else {}
    assert form.start.isEnabled() is not bool(needed)
    for key, value in needed.items():
        editor = field(form, key).editor
        assert isinstance(editor, QLineEdit)
        editor.setText(value)
    assert form.form.recipe() == recipe_of(name, needed)[1]
    assert form.start.isEnabled()
    form.close()


def test_fields_take_values_of_their_type_within_their_range(training: MainWindow) -> None:
    form = open_form(training)
    steps, flip, network = (field(form, name).editor for name in ("max_steps", "flip", "network"))
    rate, parts, sequences = (field(form, n).editor for n in ("learning_rate", "network_fields", "train_sequences"))
    assert isinstance(steps, QSpinBox) and steps.minimum() == 1
    assert isinstance(flip, QCheckBox) and isinstance(network, QComboBox)
    assert isinstance(rate, QLineEdit) and isinstance(parts, QLineEdit) and isinstance(sequences, QLineEdit)
    steps.setValue(7)
    rate.setText("2.5e-4")
    parts.setText("cr=0.5")
    sequences.setText("00, 03")
    recipe = form.form.recipe()
    assert (recipe.max_steps, recipe.learning_rate) == (7, 2.5e-4)
    assert recipe.network_fields == {"cr": 0.5} and recipe.train_sequences == ("00", "03")
    assert field(form, "max_steps").title.font().bold() and not field(form, "flip").title.font().bold()
    field(form, "max_steps").reset.click()
    assert not field(form, "max_steps").differs and form.form.recipe().max_steps == steps.value() != 7
    form.all_back.click()
    assert form.form.changes() == []
    form.close()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("learning_rate", "200", "must be above 0 and at most 100; found 200"),
        ("learning_rate", "fast", "must be a number"),
        ("network_fields", "cr", "takes key=value"),
        ("voxel_size", "", "must be a number"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_starts(
    training: MainWindow, name: str, text: str, words: str
) -> None:
    form = open_form(training)
    editor = field(form, name).editor
    assert isinstance(editor, QLineEdit)
    editor.setText(text)
    assert words in field(form, name).error.text() and words in form.verdict.text()
    assert not form.start.isEnabled() and not form.queue.isEnabled()
    form._go(queue=False)
    assert training.session.training.runs == ()
    form.close()


def test_fields_that_do_not_fit_together_are_told_below(training: MainWindow) -> None:
    form = open_form(training)
    protocol = field(form, "label_protocol").editor
    assert isinstance(protocol, QComboBox)
    protocol.setCurrentIndex(protocol.findData("segcontrast"))
    assert "label_fraction must be below 1" in form.verdict.text() and not form.start.isEnabled()
    assert field(form, "label_protocol").error.text() == ""
    form.data.setText("/nowhere/at/all")
    protocol.setCurrentIndex(protocol.findData("first"))
    assert "does not exist" in form.verdict.text()
    form.close()


def test_the_search_finds_names_and_descriptions(training: MainWindow) -> None:
    form = open_form(training)
    shown = lambda: {n for n, f in form.form.fields.items() if f.isVisibleTo(form.form)}  # noqa: E731
    form.search.setText("mirror")
    assert shown() == {"flip"}
    form.search.setText("nesterov")
    assert shown() == {"optimizer"}
    form.search.setText("")
    form.changed_only.setChecked(True)
    assert shown() == set()
    form.changed_only.setChecked(False)
    assert shown() == set(form.form.fields)
    form.close()


def test_the_form_begins_with_the_settings_of_a_run(training: MainWindow, runs: Path) -> None:
    run = write_run(runs / "supervised-4")
    training.session.training.poll()
    panel = training.docks["training"].panel
    assert isinstance(panel, TrainingPanel)
    panel.ask_new(like=run.path)
    form = training.findChildren(NewRun)[-1]
    form.form.finish()
    assert form.recipe.currentData() == "supervised" and form.name.text() == "supervised-5"
    assert form.form.recipe() == run.read_config()[1]
    assert form.form.changes() == ["max_steps"]
    form.close()


def test_start_hands_over_what_the_form_says(
    training: MainWindow, runs: Path, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core.training import jobs

    started: list[RunFolder] = []

    def resume(out: Path, changes: object = None) -> int:
        started.append(RunFolder(out))
        return 0

    monkeypatch.setattr(jobs, "resume", resume)
    form = open_form(training)
    steps = field(form, "max_steps").editor
    assert isinstance(steps, QSpinBox)
    steps.setValue(3)
    form.name.setText("mine")
    form.start.click()
    settle()
    assert [run.path for run in started] == [runs / "mine"]
    _kind, recipe, data = started[0].read_config()
    assert recipe.max_steps == 3 and data == drive
    assert training.session.training.chosen is not None
    assert training.session.training.chosen.path == runs / "mine"
    assert not [form for form in training.findChildren(NewRun) if form.isVisible()]


def test_nothing_is_imported_that_the_window_does_not_need_at_its_start() -> None:
    import subprocess

    code = (
        "import sys; import app.ui.panels.curves, app.ui.panels.training, app.core.session;"
        "print([m for m in ('pyqtgraph', 'torch', 'lightning_fabric') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
