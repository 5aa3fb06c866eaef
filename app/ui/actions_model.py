"""The actions of the Model menu, and what each does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from app.ui import text
from app.ui.action_info import ActionInfo, action
from app.ui.dialogs.checkpoint import ask_checkpoint, ask_run
from app.ui.model_choice import ERROR_LAYER, LAYER, ModelChoice
from app.ui.model_facts import checkpoint_name

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

MENU = "Model"
VOTES = (1, 4, 12)
"""One is the plain prediction, twelve what papers report, four a look between them."""

NEEDS = ("built_in", "checkpoint", "predicting", "similar", "comparing", "scores")

MODEL_ACTIONS: tuple[ActionInfo, ...] = (
    action("model.choose", "Choose a checkpoint…", "Predict with the network of a checkpoint file", MENU, "Ctrl+M",
           icon="file"),
    action("model.run", "Choose a run's folder…", "Predict with the best checkpoint of a training run", MENU,
           icon="folder"),
    action("model.built_in", "Built-in checkpoint", "Predict with the network that comes with LidarScope", MENU,
           icon="model", needs="built_in"),
    action("model.predict", "Predict", "Have the network label every frame in view", MENU, "M", check=True,
           needs="checkpoint", group=1),
    *(action(f"model.votes_{votes}", text.plural(votes, "vote"),
             "The plain prediction" if votes == 1 else f"Average {votes} turned and mirrored copies of the frame",
             f"{MENU}/Votes", check=True, needs="checkpoint") for votes in VOTES),
    action("model.show_prediction", "Show the prediction", "Class that the network predicts for each point", MENU,
           "Shift+M", needs="predicting", group=2),
    action("model.show_error", "Show right and wrong", "The prediction against the labels", MENU, "E",
           needs="predicting", group=2),
    action("model.similar", "What else looks like this?",
           "Compare all points with the picked one by the network's features", MENU, "S", icon="search",
           needs="similar", group=3),
    action("model.end_similar", "End the comparison", "Show again what was shown before", MENU, "Shift+S",
           needs="comparing", group=3),
    action("model.reset_scores", "Count frames anew", "Forget the frames that the scores were counted over", MENU,
           icon="refresh", needs="scores", group=4),
)  # fmt: skip


def handlers(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Action name to what it does."""
    models = window.desk.models
    return {
        "model.choose": lambda: ask_checkpoint(window, window.desk),
        "model.run": lambda: ask_run(window, window.desk),
        "model.built_in": models.use_built_in,
        "model.predict": models.toggle,
        "model.show_prediction": lambda: window.session.set_layer(LAYER, window.desk.active),
        "model.show_error": lambda: models.show(ERROR_LAYER),
        "model.similar": models.find_similar,
        "model.end_similar": models.end_similar,
        "model.reset_scores": window.session.reset_scores,
        **{f"model.votes_{votes}": partial(models.change, votes=votes) for votes in VOTES},
    }


def enabled(window: MainWindow, need: str) -> bool:
    """Whether what an action of this menu needs is there."""
    models, session = window.desk.models, window.session
    match need:
        case "built_in":
            return models.built_in is not None
        case "checkpoint":
            return models.wanted is not None
        case "predicting":
            return models.options is not None and session.frame_state is not None
        case "similar":
            return models.options is not None and session.picked is not None
        case "comparing":
            return models.comparing
    return session.scores.frames > 0


def ticked(window: MainWindow, name: str) -> bool:
    """Whether a checkable action of this menu shows a tick."""
    models = window.desk.models
    if name == "model.predict":
        return models.options is not None
    return models.wanted is not None and name == f"model.votes_{models.wanted.votes}"


def fill_recent(menu: QMenu, models: ModelChoice) -> None:
    """Fill a menu with the recent checkpoints."""
    menu.clear()
    for path in models.recent:
        entry = menu.addAction(checkpoint_name(path))
        entry.setToolTip(str(path))
        entry.triggered.connect(lambda _on=False, p=path: models.use(p))
