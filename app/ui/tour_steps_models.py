"""Steps of the guided tour: a network predicts, its mistakes, who it takes for whom, what it finds alike.

Each is held against the network run by itself and against counting point by point.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt

from app.core.labels import UNKNOWN
from app.core.layers.prediction_error import IGNORED, RIGHT, WRONG
from app.core.model_card import load_model
from app.core.prediction.predictor import Predictor
from app.core.prediction.result import Prediction
from app.core.state import FrameState
from app.ui.model_choice import ERROR_LAYER, LAYER, SIMILAR_LAYER
from app.ui.panels.confusion import ConfusionPanel
from app.ui.tour_driver import Driver, TourError

SECONDS = 120.0
"""A network of full size on two cores, loaded for the first time."""

CLOSE = 2e-3
"""Features are kept in half precision."""


def models(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """All steps with a network, or a line in ``tour.json`` that says why there are none."""
    checkpoint = driver.checkpoint
    if checkpoint is None:
        driver.leave_out(
            "Live prediction: there is no built-in checkpoint here and none was named with --checkpoint."
        )
        return
    driver.window.set_workspace("predict")
    driver.session.go_to(0)
    driver.wait(lambda: driver.session.index == 0, "the first frame")
    own = _predict(driver, checkpoint)
    state = _state(driver)
    report = driver.session.scores.report
    if report is None or report.confusion is None:
        driver.leave_out(
            f"The network's mistakes: {report.why if report is not None else 'nothing was predicted.'}"
        )
    else:
        _error(driver)
        _cell(driver)
    _similar(driver, own, state)
    driver.desk.models.toggle()
    driver.session.pick(None)
    driver.window.set_workspace("browse")


def _predict(driver: Driver, checkpoint: Path) -> Prediction:
    session = driver.session
    found: list[Prediction] = []

    def work() -> None:
        driver.desk.models.use(checkpoint)
        driver.wait(lambda: not driver.busy("left"), "the prediction", SECONDS)
        data, report = session.layer_data("left"), session.scores.report
        driver.check(data is not None and data.name == LAYER, "the view shows the network's classes")
        if data is None or report is None:
            raise TourError(f"{checkpoint} predicts nothing: {session.layers()[-1].why}")
        frame = _state(driver).frame
        model = load_model(checkpoint, report.device)
        own = Predictor(model, device=report.device, precision=report.precision).predict(frame)
        found.append(own)
        same = float((own.train_ids == data.values).mean())
        driver.check(
            same > 0.999, f"{100 * same:.2f} % of the points have the class that the network gives by itself"
        )
        driver.check(report.identity == model.identity, f"the view names the file's own identity, {model.identity}")
        rate = len(frame) / report.seconds
        driver.note(
            f"{report.seconds:.2f} s a frame, {rate:.0f} points a second, {report.precision} on {report.device}"
        )

    driver.take("predict live", work)
    return found[0]


def _error(driver: Driver) -> None:
    session = driver.session

    def work() -> None:
        guess = _layer(driver, LAYER)
        driver.key(Qt.Key.Key_E)
        driver.wait(lambda: not driver.busy("left"), "right and wrong", SECONDS)
        shown, truth = _layer(driver, ERROR_LAYER), _truth(driver)
        wrong = int(((guess != truth) & (truth != 0)).sum())
        driver.check(
            int((shown == WRONG).sum()) == wrong, f"{wrong} labelled points are wrong, and as many are shown so"
        )
        right = int(((guess == truth) & (truth != 0)).sum())
        driver.check(int((shown == RIGHT).sum()) == right, f"{right} are right")
        driver.check(bool((shown[truth == 0] == IGNORED).all()), "points without a class are ignored")
        scores = session.scores.frame
        if scores is None:
            raise TourError("There are no scores of a labelled frame.")
        driver.check(
            abs(scores.accuracy - right / (right + wrong)) < 1e-9, f"accuracy is {100 * scores.accuracy:.1f} %"
        )

    driver.take("right and wrong", work)


def _cell(driver: Driver) -> None:
    session = driver.session
    panel = driver.window.docks["confusion"].panel

    def work() -> None:
        if not isinstance(panel, ConfusionPanel) or panel.matrix.table is None:
            raise TourError("The scores show no table.")
        table = panel.matrix.table
        mistakes = table.mistakes(1)
        row, column = mistakes[0] if mistakes else (0, 0)
        driver.click(panel.matrix, panel.matrix.cell_rect(row, column).center().toPoint())
        driver.wait(lambda: len(session.selection) > 0, "the cell's points", 20)
        predicted, true = table.cell_ids(row, column)
        wanted = np.flatnonzero((_layer(driver, LAYER) == predicted) & (_truth(driver) == true))
        driver.check(
            bool(np.array_equal(session.selection, wanted)),
            f"a click selects exactly the {len(wanted)} points labelled {table.names[table.columns[column]]} "
            f"and predicted {table.names[row]}",
        )
        driver.check(len(wanted) == table.counts[row, column], "as many as the cell says")
        truths, guesses = _truth(driver), _layer(driver, LAYER)
        counted = truths != 0
        for place, train_id in enumerate(table.ids):
            there, called = (truths == train_id) & counted, (guesses == train_id) & counted
            if there.any():
                iou = float((there & called).sum() / (there | called).sum())
                driver.check(
                    abs(iou - table.iou[place]) < 1e-9, f"IoU of {table.names[place]} is {100 * iou:.1f} %"
                )

    driver.take("confusion click", work)
    session.select(np.zeros(0, np.int64), "replace")


def _similar(driver: Driver, own: Prediction, state: FrameState) -> None:
    session = driver.session

    def work() -> None:
        row = _anchor(own, state)
        session.pick(row)
        driver.wait(lambda: bool(session.facts), "what the network knows of the point", 20)
        driver.key(Qt.Key.Key_S)
        driver.wait(lambda: not driver.busy("left"), "the comparison", SECONDS)
        shown = _layer(driver, SIMILAR_LAYER)
        features = own.features.astype(np.float32)
        lengths = np.linalg.norm(features, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = features @ features[row] / (lengths * lengths[row])
        known = np.isfinite(cosine) & np.isfinite(shown)
        driver.check(
            bool(np.abs(cosine[known] - shown[known]).max() < CLOSE), "every value is the cosine of two features"
        )
        driver.check(abs(float(shown[row]) - 1) < CLOSE, f"point {row} is alike to itself")
        alike = int((shown[known] > 0.9).sum())
        name = own.card.classes[own.train_ids[row] - 1]
        share = float((own.train_ids[known][shown[known] > 0.9] == own.train_ids[row]).mean())
        driver.note(
            f"{alike} points are alike by more than 0.9, {100 * share:.0f} % of them predicted {name} as it is"
        )

    driver.take("similar points", work)


def _anchor(own: Prediction, state: FrameState) -> int:
    """A confident point of a small thing near by: what one would click to find more of it."""
    counts = np.bincount(own.train_ids, minlength=256)
    near = own.known & (np.linalg.norm(state.frame.points, axis=1) < 30)
    score = np.where(near, np.nan_to_num(own.confidence) - counts[own.train_ids] / max(len(own), 1), -np.inf)
    return int(np.argmax(score))


def _layer(driver: Driver, name: str) -> np.ndarray:
    """(N,) values of a layer that the frame in view has."""
    data = _state(driver).cloud.layers.get(name)
    if data is None:
        raise TourError(f"The layer {name} is not there.")
    return data.values


def _truth(driver: Driver) -> np.ndarray:
    """(N,) train ids of the labels, 0 for points without a class."""
    labels, label_set = _state(driver).frame.labels, driver.session.label_set
    if labels is None or label_set is None:
        raise TourError("The frame has no labels.")
    ids = label_set.train_ids(labels)
    return np.where(ids == UNKNOWN, 0, ids)


def _state(driver: Driver) -> FrameState:
    state = driver.session.frame_state
    if state is None:
        raise TourError("No frame is shown.")
    return state
