"""The actions of the Labels menu, and what each does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from app.ui import labelling
from app.ui.action_info import ActionInfo, action

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

MENU = "Labels"

NEEDS = ("labels", "flips", "superpoint", "said_by_hand", "gathering", "lacking")

LABEL_ACTIONS: tuple[ActionInfo, ...] = (
    action("labels.explain", "Explain labels", "Make pseudo-labels for the frames in view, and say why each is so",
           MENU, "Shift+E", icon="eye", check=True, needs="frame"),
    action("labels.gather", "Gather the queue", "Read the superpoints of the frames that are missing in the queue",
           MENU, "Shift+G", icon="sequence", needs="lacking"),
    action("labels.stop_gather", "Stop gathering", "Read no more frames of the queue; what is read stays", MENU,
           icon="stop", needs="gathering"),
    *(action(f"labels.show_{name}", f"Labels: {words.lower()}", tip, f"{MENU}/Show", check=True, needs="labels")
      for name, words, tip in labelling.SHOWS),
    action("labels.next_layer", "Next of these", "Before, after, difference, changed, wrong, and round again",
           f"{MENU}/Show", "D", needs="labels", group=1),
    action("labels.previous_layer", "Previous of these", "The same, backwards", f"{MENU}/Show", "Shift+D",
           needs="labels", group=1),
    action("labels.beside", "Before and after side by side", "Two views: labels before affinity, and after it",
           MENU, "Z", icon="split", check=True, needs="frame", group=1),
    action("labels.next_flip", "Next flip", "Go to the next superpoint whose class affinity changed", MENU, "W",
           icon="step_forward", needs="flips", group=2),
    action("labels.previous_flip", "Previous flip", "Go back to the one before", MENU, "Shift+W", icon="step_back",
           needs="flips", group=2),
    action("labels.all_flips", "Go through all flips", "Step through every flip and not one pair of classes alone",
           MENU, needs="flips", group=2),
    action("labels.accept", "Accept the label", "Say by hand that the superpoint's label is right", MENU, "Y",
           icon="check", check=True, needs="superpoint", group=3),
    action("labels.reject", "Reject the label", "Say by hand that the superpoint gets no label", MENU, "Shift+Y",
           icon="close", check=True, needs="superpoint", group=3),
    action("labels.relabel", "Relabel…", "Give the superpoint another class by hand", MENU, "U",
           check=True, needs="superpoint", group=3),
    action("labels.unsay", "Take the correction back", "Forget what was said of this superpoint by hand", MENU,
           needs="said_by_hand", group=3),
    action("labels.reset", "Reset how labels are made", "Every number as it usually is", MENU, icon="undo",
           needs="labels", group=4),
    action("labels.write", "Write labels…", "Make labels of the whole sequence this way, and write them", MENU,
           icon="file", needs="labels", group=4),
    action("labels.report", "Write a report…", "Tables, plots and the most instructive flips of this queue, in a "
           "folder", MENU, needs="flips", group=4),
)  # fmt: skip


def handlers(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Action name to what it does."""
    part = window.desk.labelling
    affinity = part.affinity
    return {
        "labels.explain": part.toggle,
        "labels.gather": lambda: part.attempt(affinity.gather),
        "labels.stop_gather": affinity.cancel_gather,
        **{f"labels.show_{name}": partial(part.show, name) for name, _words, _tip in labelling.SHOWS},
        "labels.next_layer": partial(part.step_layer, 1),
        "labels.previous_layer": partial(part.step_layer, -1),
        "labels.beside": part.side_by_side,
        "labels.next_flip": partial(part.step_flip, 1),
        "labels.previous_flip": partial(part.step_flip, -1),
        "labels.all_flips": lambda: affinity.set_pair(None),
        "labels.accept": partial(part.correct, "accept"),
        "labels.reject": partial(part.correct, "reject"),
        "labels.relabel": part.relabel,
        "labels.unsay": lambda: part.attempt(affinity.uncorrect),
        "labels.reset": lambda: part.attempt(affinity.reset_options),
        "labels.write": partial(_ask_folder, window, "Write labels into a folder", affinity.write),
        "labels.report": partial(_ask_folder, window, "Write the report into a folder", affinity.write_report),
    }


def enabled(window: MainWindow, need: str) -> bool:
    """Whether what an action of this menu needs is there."""
    affinity = window.session.affinity
    on = affinity.state.on and window.session.frame_state is not None
    report = affinity.report if on else None
    match need:
        case "flips":
            return report is not None and bool(report.flips)
        case "superpoint":
            return on and affinity.story is not None
        case "said_by_hand":
            return on and affinity.story is not None and affinity.story.correction is not None
        case "gathering":
            return bool(affinity.gathering.on)
        case "lacking":
            return report is not None and bool(report.lacking) and not affinity.gathering.on
    return bool(on)


def ticked(window: MainWindow, name: str) -> bool:
    """Whether a checkable action of this menu shows a tick."""
    part = window.desk.labelling
    story = part.affinity.story
    match name.partition(".")[2]:
        case "explain":
            return bool(part.affinity.state.on)
        case "beside":
            return part.beside
        case "accept" | "reject" | "relabel" as said:
            return story is not None and story.correction is not None and story.correction.action == said
    return name == f"labels.show_{part.shown}"


def _ask_folder(window: MainWindow, words: str, write: Callable[[Path], object]) -> None:
    """Let the user choose a folder, and write there: how far it is stands among the tasks."""
    folder = QFileDialog.getExistingDirectory(window, words)
    if folder:
        window.desk.labelling.attempt(lambda: write(Path(folder)))
