"""For the tour's steps in words: what the window shows and says now, and waiting for it."""

from __future__ import annotations

import numpy as np

from app.core.labels import UNKNOWN
from app.core.language.queries import LAYER_OF
from app.core.state import FrameState
from app.core.tasks.context import Source
from app.ui.panels.query import QueryPanel
from app.ui.panels.results import ResultsPanel
from app.ui.tour_driver import Driver, TourError

SECONDS = 180.0
"""CLIP, superpoints and the first frame's features on two cores, loaded for the first time."""


def answered(driver: Driver) -> None:
    """Wait until the view shows the answer to what is asked now."""
    language = driver.session.language

    def done() -> bool:
        if language.problem:
            raise TourError(language.problem)
        report, query = language.report, language.query
        return (
            report is not None
            and [one.title for one in report.prompts] == [prompt.title for prompt in query.asked]
            and shows(driver, LAYER_OF[query.mode])
            and not driver.busy("left")
        )

    driver.wait(done, "the answer", SECONDS)


def shows(driver: Driver, layer: str) -> bool:
    """Whether the left view shows a layer and has its values."""
    return driver.session.views["left"].layer == layer and layer in state_now(driver).cloud.layers


def answer_values(driver: Driver, mode: str) -> np.ndarray:
    """(N,) values of the layer that shows the answer in a mode."""
    return state_now(driver).cloud.layers[LAYER_OF[mode]].values


def threshold_now(driver: Driver) -> float:
    """Relevancy from which points match now."""
    query, report = driver.session.language.query, driver.session.language.report
    if query.threshold is not None:
        return query.threshold
    return report.threshold if report is not None else 0.5


def indexed(driver: Driver) -> int:
    """Frames that the last search has looked through."""
    results = driver.session.language.results
    return results.indexed if results is not None else 0


def progress(driver: Driver) -> int:
    """Frames of the index that are done."""
    return max((task.done for task in driver.session.tasks if task.title.startswith("Features of ")), default=0)


def near(driver: Driver, known: np.ndarray) -> int:
    """A point near by of which something is known: of a car, where the frame has labels and one is in sight."""
    truth = labels_of(driver)
    wanted = known & np.isin(truth, ids(driver, "car")) if truth is not None else known
    rows = np.flatnonzero(wanted if wanted.any() else known)
    return int(rows[np.argmin(np.linalg.norm(state_now(driver).frame.points[rows], axis=1))])


def ids(driver: Driver, name: str) -> list[int]:
    """Train ids of the classes of that name."""
    label_set = driver.session.label_set
    return [] if label_set is None else [entry.id for entry in label_set.classes if entry.name == name]


def labels_of(driver: Driver) -> np.ndarray | None:
    """(N,) train ids of the labels, 0 for points without a class."""
    labels, label_set = state_now(driver).frame.labels, driver.session.label_set
    if labels is None or label_set is None:
        return None
    ids = label_set.train_ids(labels)
    return np.where(ids == UNKNOWN, 0, ids)


def source_of(driver: Driver) -> Source:
    """The sequence in view."""
    drive, sequence = driver.session.drive, driver.session.sequence
    if drive is None or sequence is None:
        raise TourError("No drive is open.")
    return Source(drive.path, sequence.name, drive.options)


def query_panel(driver: Driver) -> QueryPanel:
    """The panel one asks in."""
    panel = driver.window.docks["query"].panel
    assert isinstance(panel, QueryPanel)
    return panel


def results_panel(driver: Driver) -> ResultsPanel:
    """The panel that shows what was found."""
    panel = driver.window.docks["results"].panel
    assert isinstance(panel, ResultsPanel)
    return panel


def state_now(driver: Driver) -> FrameState:
    """What is shown now."""
    state = driver.session.frame_state
    if state is None:
        raise TourError("No frame is shown.")
    return state
