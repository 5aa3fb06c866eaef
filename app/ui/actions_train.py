"""The actions of the menu Train, what each does, and when it can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.tasks.follow_runs import SeenRun
from app.ui.action_info import ActionInfo, action

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

MENU = "Train"

TRAIN_ACTIONS: tuple[ActionInfo, ...] = (
    action("train.new", "New run…", "Choose a recipe and data, and train in the background", MENU, "Ctrl+Shift+R",
           icon="plus"),
    action("train.tune", "Fine-tune from this run…", "A new run that begins with the chosen run's weights", MENU,
           needs="run_weights"),
    action("train.pause", "Pause", "Let the chosen run save and wait", MENU, icon="pause", needs="run_going",
           group=1),
    action("train.resume", "Resume", "Let the chosen run go on from where it was", MENU, icon="play",
           needs="run_waiting", group=1),
    action("train.stop", "Stop", "Let the chosen run save and end; it can be resumed", MENU, icon="stop",
           needs="run_alive", group=1),
    action("train.watch", "Watch", "Predict the frame in view with the run's newest weights as it learns", MENU,
           "Ctrl+Shift+W", icon="eye", check=True, needs="run_watch", group=2),
    action("train.use", "Use in the viewer", "Predict the frame in view with the run's best weights", MENU,
           icon="target", needs="run_weights", group=2),
    action("train.compare", "On the curves", "Show the chosen run's curves over those of others", MENU,
           icon="curves", check=True, needs="run", group=2),
    action("train.next", "Next run", "Choose the run below", MENU, "Ctrl+Alt+Down", needs="run", group=3),
    action("train.previous", "Previous run", "Choose the run above", MENU, "Ctrl+Alt+Up", needs="run", group=3),
    action("train.delete", "Delete…", "Delete the chosen run's folder, after asking", MENU, needs="run_ended",
           group=4),
)  # fmt: skip

NEEDS = ("run", "run_going", "run_waiting", "run_ended", "run_alive", "run_weights", "run_watch")
"""What actions may need of the chosen run."""

WAITING = ("queued", "paused", "stopped", "failed", "crashed")


def handlers(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Action name to what it does."""
    training, desk = window.session.training, window.desk

    def chosen(call: Callable[[SeenRun], object]) -> Callable[[], object]:
        return lambda: call(run) if (run := training.chosen) is not None else None

    def delete(run: SeenRun) -> None:
        from app.ui.dialogs.delete_run import ask_delete

        ask_delete(window, window.session, run.path)

    def watch(run: SeenRun) -> None:
        watched = training.watched
        training.watch(None if watched == run else run.path, desk.active)

    return {
        "train.new": lambda: new_run(window),
        "train.tune": chosen(lambda run: new_run(window, run)),
        "train.pause": chosen(lambda run: training.pause(run.path)),
        "train.resume": chosen(lambda run: training.resume(run.path)),
        "train.stop": chosen(lambda run: training.stop(run.path)),
        "train.watch": chosen(watch),
        "train.use": chosen(lambda run: training.use(run.path, desk.active)),
        "train.compare": chosen(lambda run: training.compare(run.path, run.path not in training.compared)),
        "train.next": lambda: _step(window, 1),
        "train.previous": lambda: _step(window, -1),
        "train.delete": chosen(delete),
    }


def new_run(window: MainWindow, init: SeenRun | None = None) -> None:
    """Open the form for a new run, or for one that begins with another's weights."""
    from app.ui.dialogs.new_run import NewRun

    recipe, path = ("finetune", init.path) if init is not None else ("", None)
    NewRun(window, window.session, recipe=recipe, init=path).show()


def enabled(window: MainWindow, need: str) -> bool:
    """Whether the chosen run is as an action needs it."""
    run = window.session.training.chosen
    if run is None:
        return False
    state = run.status.state
    match need:
        case "run_going":
            return state in ("running", "starting")
        case "run_waiting":
            return state in WAITING and bool(run.recipe)
        case "run_ended":
            return not run.live
        case "run_alive":
            return run.live or state == "queued"
        case "run_weights":
            return run.status.step > 0
        case "run_watch":
            return run.live or run.watch is not None
    return True


def ticked(window: MainWindow, name: str) -> bool:
    """Whether a checkable action of the menu shows a tick."""
    training = window.session.training
    run = training.chosen
    if run is None:
        return False
    return run == training.watched if name == "train.watch" else run.path in training.compared


def _step(window: MainWindow, by: int) -> None:
    """Choose the run below or above in the list."""
    training = window.session.training
    paths = [run.path for run in training.runs]
    if paths:
        now = paths.index(training.chosen.path) if training.chosen is not None else -by
        training.choose(paths[min(max(now + by, 0), len(paths) - 1)])
