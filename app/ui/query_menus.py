"""Menus of a query: keeping what it found, and prompts that are saved under a name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QWidget

from app.ui import icons
from app.ui.asking import Asking

FORMATS = (
    "Points with colours and scores (*.ply)",
    "Arrays of numpy (*.npz)",
    "Labels, as SemanticKITTI writes them (*.label)",
)


def fill_keep(menu: QMenu, asking: Asking, parent: QWidget) -> None:
    """What can be done with the answer, and what is kept."""
    menu.clear()
    language = asking.language
    asked = bool(language.query.asked)
    for words, icon, tip, call in (
        ("Keep as a layer…", "layers", "A layer of its own, on every frame", partial(ask_layer, asking, parent)),
        ("Keep as a class…", "plus", "One of “My classes”, a layer of classes", partial(ask_class, asking, parent)),
        ("Select the matches", "box_select", "Select the points from the threshold on", partial(select, asking)),
        ("Export…", "file", "PLY, NPZ or labels of the frame in view", partial(ask_export, asking, parent)),
    ):
        entry = menu.addAction(icons.icon(icon), words)
        entry.setToolTip(tip)
        entry.setEnabled(asked)
        entry.triggered.connect(lambda _on=False, do=call: do())
    if language.kept:
        menu.addSeparator()
        for kept in language.kept:
            kind = "class" if kept.as_class else "layer"
            entry = menu.addAction(icons.icon("close"), f"Forget the {kind} “{kept.name}”")
            entry.triggered.connect(
                lambda _on=False, name=kept.name: asking.attempt(lambda: language.forget_kept(name))
            )


def fill_sets(menu: QMenu, asking: Asking, parent: QWidget) -> None:
    """Saved prompts: use, save, delete."""
    menu.clear()
    language = asking.language
    for entry in language.prompt_sets:
        words = ", ".join(prompt.text for prompt in entry.prompts)
        action = menu.addAction(entry.name)
        action.setToolTip(words)
        action.triggered.connect(lambda _on=False, name=entry.name: use_set(asking, name))
    if not language.prompt_sets:
        menu.addAction("No prompts are saved yet").setEnabled(False)
    menu.addSeparator()
    save = menu.addAction(icons.icon("plus"), "Save these prompts…")
    save.setEnabled(bool(language.query.asked))
    save.triggered.connect(lambda *_: ask_set(asking, parent))
    if language.prompt_sets:
        gone = menu.addMenu("Delete")
        for entry in language.prompt_sets:
            action = gone.addAction(entry.name)
            action.triggered.connect(
                lambda _on=False, name=entry.name: asking.attempt(lambda: language.delete_prompt_set(name))
            )


def use_set(asking: Asking, name: str) -> None:
    """Ask what a saved set asks, and show the answer."""
    if asking.attempt(lambda: asking.language.use_prompt_set(name)):
        asking.show()


def select(asking: Asking) -> None:
    """Select what matches."""
    asking.attempt(asking.language.select_matches)


def ask_layer(asking: Asking, parent: QWidget) -> None:
    """Keep the active prompt as a layer, under a name."""
    _ask_name(parent, "Keep as a layer", "Name of the layer", _active_words(asking),
              lambda name: asking.attempt(lambda: asking.language.keep_as_layer(name)))  # fmt: skip


def ask_class(asking: Asking, parent: QWidget) -> None:
    """Keep the active prompt as one of the user's classes, under a name."""
    _ask_name(parent, "Keep as a class", "Name of the class", _active_words(asking),
              lambda name: asking.attempt(lambda: asking.language.keep_as_class(name)))  # fmt: skip


def ask_set(asking: Asking, parent: QWidget) -> None:
    """Save the prompts under a name."""
    words = ", ".join(prompt.text for prompt in asking.language.query.asked if prompt.text)
    _ask_name(parent, "Save these prompts", "Name of the set", words[:60],
              lambda name: asking.attempt(lambda: asking.language.save_prompt_set(name)))  # fmt: skip


def ask_export(asking: Asking, parent: QWidget) -> None:
    """Write what was found to a file; its ending chooses the format."""
    dialog = QFileDialog(parent, "Export the answer")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(list(FORMATS))
    dialog.setDefaultSuffix("ply")
    dialog.filterSelected.connect(lambda words: dialog.setDefaultSuffix(words.rpartition("*.")[2].rstrip(")")))
    dialog.fileSelected.connect(lambda name: asking.attempt(lambda: asking.language.export_matches(Path(name))))
    dialog.show()


def _active_words(asking: Asking) -> str:
    query = asking.language.query
    asked = query.asked
    return asked[query.active_asked].title[:60] if asked else ""


def _ask_name(parent: QWidget, title: str, words: str, suggested: str, call: Callable[[str], object]) -> None:
    """Ask for a name beside the window, which goes on meanwhile."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText(words)
    dialog.setTextValue(suggested)
    dialog.resize(340, dialog.sizeHint().height())
    dialog.textValueSelected.connect(lambda name: call(name.strip()))
    dialog.show()
