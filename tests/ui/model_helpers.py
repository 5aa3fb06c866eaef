"""What tests of a network's panels share: the panels, what they say, and a confusion counted point by point."""

from __future__ import annotations

import numpy as np

from app.core.labels import UNKNOWN
from app.ui.main_window import MainWindow
from app.ui.panels.confusion import ConfusionPanel
from app.ui.panels.model import ModelPanel


def model(window: MainWindow) -> ModelPanel:
    panel = window.docks["model"].panel
    assert isinstance(panel, ModelPanel)
    return panel


def scores(window: MainWindow) -> ConfusionPanel:
    panel = window.docks["confusion"].panel
    assert isinstance(panel, ConfusionPanel)
    return panel


def values(panel: ModelPanel) -> dict[str, str]:
    return {row.name: row.value for part in (panel.work, panel.card, panel.own_scores) for row in part.rows}


def counted(window: MainWindow) -> np.ndarray:
    """(20, 20) the frame's confusion, counted here point by point."""
    session = window.session
    state = session.frame_state
    assert state is not None and state.frame.labels is not None and session.label_set is not None
    guess = state.cloud.layers["prediction"].values
    truth = session.label_set.train_ids(state.frame.labels)
    truth = np.where(truth == UNKNOWN, 0, truth)
    matrix = np.zeros((20, 20), np.int64)
    for row, column in zip(guess, truth, strict=True):
        matrix[row, column] += 1
    return matrix
