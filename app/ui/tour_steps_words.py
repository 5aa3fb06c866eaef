"""Steps of the guided tour: asking in words, by example, over the sequence, and for the data set's own classes.

Each is held against CLIP run by itself and against counting point by point.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.core.language import choosing
from app.ui.panels.cameras import CamerasPanel
from app.ui.panels.zero_shot import ZeroShotPanel
from app.ui.tour_driver import Driver, TourError, turn
from app.ui.tour_own_words import OwnAnswer
from app.ui.tour_seen_words import (
    SECONDS,
    answer_values,
    answered,
    ids,
    indexed,
    labels_of,
    near,
    progress,
    query_panel,
    results_panel,
    shows,
    source_of,
    state_now,
    threshold_now,
)

INDEXED = 4
"""Frames after which the tour stops indexing: it shows that what is done stays, and what is not is hatched."""

SEEN = 4
"""Of the first pictures the nearest thing is flown to: it has the most points to look at."""

CLOSE = 2e-3
"""Features are kept in half precision."""


def words(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    """All steps in words, or a line in ``tour.json`` that says why there are none."""
    source = choosing.demo()
    if source.path is None or not source.path.exists():
        driver.leave_out("Asking in words: the demo CLIP (assets/clip/demo_clip) is not in this copy.")
        return
    driver.session.go_to(0)
    driver.wait(lambda: driver.session.index == 0, "the first frame")
    if not state_now(driver).images:
        driver.leave_out("Asking in words: the steps begin with camera pictures, and this drive has none.")
        return
    driver.window.set_workspace("text")
    own = _text_query(driver)
    _several(driver, own)
    _relevancy(driver, own)
    _thumbnails(driver, own)
    _sequence(driver, own)
    _by_example(driver, own)
    _by_box(driver, own)
    _known_classes(driver, own)
    driver.session.pick(None)
    driver.window.set_workspace("browse")


def _text_query(driver: Driver) -> OwnAnswer:
    language = driver.session.language
    found: list[OwnAnswer] = []

    def work() -> None:
        driver.wait(lambda: bool(language.clip or language.clip_problem), "the CLIP", SECONDS)
        driver.key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        driver.check(query_panel(driver).field.hasFocus(), "Ctrl+F puts the cursor into the search field")
        QTest.keyClicks(query_panel(driver).field, "car")
        answered(driver)
        own = OwnAnswer(driver.session, source_of(driver))
        found.append(own)
        features = own.features(0)
        cosine = own.cosines(features, own.words(("car",)))[:, 0]
        shown = answer_values(driver, "similarity")
        driver.check(bool((np.isfinite(shown) == features.known).all()), "points without a feature stay grey")
        away = np.abs(shown - cosine)[features.known].max()
        driver.check(
            bool(away < CLOSE), f"every one of {int(features.known.sum())} values is the cosine with “car”"
        )
        _check_crops(driver, own)
        truth = labels_of(driver)
        if truth is not None:
            best = np.argsort(-np.nan_to_num(shown, nan=-1))[:300]
            share = float(np.isin(truth[best], ids(driver, "car")).mean())
            driver.note(f"{100 * share:.0f} % of the 300 points most like “car” are labelled car")

    driver.take("text query", work)
    return found[0]


def _check_crops(driver: Driver, own: OwnAnswer) -> None:
    """Some regions cut out here and given to CLIP have the vectors that the window compares with."""
    features = own.features(0)
    regions = features.regions
    if regions is None or not len(regions):
        raise TourError("The first frame has no regions.")
    cameras = [camera.name for camera in state_now(driver).frame.cameras]
    some = np.linspace(0, len(regions) - 1, min(len(regions), 6)).astype(int)
    for row in some:
        x0, y0, x1, y1 = (int(edge) for edge in regions.box[row])
        vector = own.picture(0, cameras[regions.camera[row]], (x0, y0, x1, y1))
        same = float(vector @ features.table[row].astype(np.float32))
        driver.check(same > 0.999, f"region {row}: CLIP on its crop gives the same vector ({same:.4f})")


def _several(driver: Driver, own: OwnAnswer) -> None:
    language = driver.session.language

    def work() -> None:
        field = query_panel(driver).field
        for word in ("tree", "building"):
            QTest.keyClick(field, Qt.Key.Key_Return)
            QTest.keyClicks(field, word)
        driver.desk.asking.mode("winner")
        answered(driver)
        names = tuple(prompt.text for prompt in language.query.asked)
        driver.check(names == ("car", "tree", "building"), "Enter begins another prompt beside the first")
        features = own.features(0)
        cosine = own.cosines(features, own.words(names))
        matches = own.relevancy(features, language.query) >= threshold_now(driver)
        wanted = np.where(matches, cosine, -np.inf).argmax(axis=1) + 1
        wanted[~matches.any(axis=1)] = len(names) + 1
        wanted[~features.known] = 0
        shown = answer_values(driver, "winner")
        same = float((shown == wanted).mean())
        driver.check(same > 0.999, f"{100 * same:.2f} % of the points have the prompt with the greatest cosine")
        for place, name in enumerate(names, 1):
            driver.note(f"{int((shown == place).sum())} points are {name}")

    driver.take("several prompts", work)


def _relevancy(driver: Driver, own: OwnAnswer) -> None:
    language = driver.session.language

    def work() -> None:
        language.set_active(0)
        driver.desk.asking.mode("relevancy")
        answered(driver)
        histogram = query_panel(driver).show_part.histogram
        start, end = (QPoint(round(histogram.x_of(at)), histogram.height() // 2) for at in (0.5, 0.7))
        driver.drag(histogram, np.linspace([start.x(), start.y()], [end.x(), end.y()], 8))
        driver.wait(
            lambda: language.report is not None and language.report.threshold == threshold_now(driver) > 0.6,
            "the new threshold", 20,
        )  # fmt: skip
        answered(driver)
        wanted = own.relevancy(own.features(0), language.query)[:, 0]
        shown = answer_values(driver, "relevancy")
        known = np.isfinite(wanted)
        driver.check(
            bool(np.abs(shown - wanted)[known].max() < CLOSE), "every value is the least share against a negative"
        )
        threshold = np.float32(threshold_now(driver))
        found = language.histogram
        above = int((shown[known] >= threshold).sum())
        driver.check(
            found is not None and found.above == above,
            f"{above} points reach the threshold that was dragged to {threshold:.2f}, and so many are counted",
        )

    driver.take("relevancy", work)
    language.set_threshold(None)


def _thumbnails(driver: Driver, own: OwnAnswer) -> None:
    language, panel = driver.session.language, results_panel(driver)

    def work() -> None:
        driver.desk.asking.mode("similarity")
        answered(driver)
        driver.click(panel.scope.buttons["frame"], panel.scope.buttons["frame"].rect().center())
        driver.wait(
            lambda: bool(panel.tiles.tiles) and all(tile.picture is not None for tile in panel.tiles.tiles[:3]),
            "pictures of the best regions", 60,
        )  # fmt: skip
        features = own.features(0)
        scores = features.table.astype(np.float32) @ own.words(("car",))[0]
        best = language.hits[0]
        driver.check(
            bool(abs(best.score - float(scores.max())) < CLOSE),
            f"the first picture is the region with the greatest cosine of all {len(scores)}, {best.score:.3f}",
        )
        tile = min(panel.tiles.tiles[:SEEN], key=lambda one: np.linalg.norm(one.hit.key.center))
        driver.click(tile, tile.rect().center())
        driver.rest()
        best = tile.hit.key
        away = float(np.linalg.norm(driver.camera().pivot - np.asarray(best.center)))
        driver.check(
            away < 1e-3, f"a click flies there: the camera turns about {np.round(best.center, 1).tolist()}"
        )

    driver.take("thumbnails", work)
    driver.session.pick(None)
    driver.window.area.feed.overview()


def _sequence(driver: Driver, own: OwnAnswer) -> None:
    session, panel = driver.session, results_panel(driver)
    language = session.language

    def work() -> None:
        frames = session.sequence.frames if session.sequence is not None else 0
        driver.click(panel.scope.buttons["sequence"], panel.scope.buttons["sequence"].rect().center())
        driver.click(panel.index, panel.index.rect().center())
        driver.wait(lambda: language.indexing or indexed(driver) == frames, "indexing", 30)
        driver.wait(lambda: not language.indexing or progress(driver) >= INDEXED, "the first frames", 20 * SECONDS)
        if language.indexing:
            driver.click(panel.stop, panel.stop.rect().center())
        driver.wait(lambda: not language.indexing, "the end of indexing", 60)
        driver.wait(lambda: not language.searching and indexed(driver) >= min(INDEXED, frames), "a search", 60)
        turn(200)
        results = language.results
        assert results is not None
        car = own.words(("car",))[0]
        shown = panel.strip.scores
        known = np.flatnonzero(np.isfinite(shown))
        for index in known[:INDEXED]:
            best = float((own.features(int(index)).table.astype(np.float32) @ car).max())
            driver.check(
                abs(best - float(shown[index])) < CLOSE, f"frame {index} scores {best:.3f}, its best region"
            )
        driver.check(
            int(np.isfinite(shown).sum()) == results.indexed, f"{frames - results.indexed} frames are hatched still"
        )
        driver.note(f"{results.indexed} frames searched in {1000 * results.seconds:.0f} ms")
        target = int(np.nanargmax(shown))
        column = QPoint(round(panel.strip.x_of(target) + panel.strip.width() / len(shown) / 2), 20)
        driver.click(panel.strip, column)
        driver.wait(lambda: session.index == target, "the best frame", 30)
        driver.check(session.index == target, f"a click on the strip goes to the best frame, {target}")
        answered(driver)

    driver.take("sequence search", work)
    session.go_to(0)
    driver.wait(lambda: session.index == 0, "the first frame")


def _by_example(driver: Driver, own: OwnAnswer) -> None:
    session, language = driver.session, driver.session.language

    def work() -> None:
        driver.desk.asking.clear()
        features = own.features(0)
        row = near(driver, features.known)
        session.pick(row)
        turn(50)
        driver.window.setFocus()
        driver.key(Qt.Key.Key_J)
        answered(driver)
        prompt = language.query.prompts[-1]
        driver.check(prompt.point == (0, row), f"what is like point {row} is asked")
        vector = features.table[features.row[row]].astype(np.float32)
        wanted = own.cosines(features, vector[None])[:, 0]
        shown = answer_values(driver, "similarity")
        away = np.abs(shown - wanted)[features.known].max()
        driver.check(bool(away < CLOSE), "every value is the cosine with that point's own feature")

    driver.take("by example", work)
    session.pick(None)


def _by_box(driver: Driver, own: OwnAnswer) -> None:
    language = driver.session.language
    panel = driver.window.docks["cameras"].panel
    if not isinstance(panel, CamerasPanel):
        return

    def work() -> None:
        driver.desk.asking.clear()
        driver.desk.asking.set_box_tool(True)
        area = panel.canvas.picture_rect()
        share = np.linspace([0.4, 0.35], [0.65, 0.85], 10)
        driver.drag(panel.canvas, [area.left(), area.top()] + share * [area.width(), area.height()])
        answered(driver)
        box = language.query.prompts[-1].box
        if box is None:
            raise TourError("The drag over the picture has asked for nothing.")
        driver.check(not driver.desk.asking.box_tool, "the box is asked once, then a drag pans again")
        vector = own.picture(box[0], box[1], box[2:])
        features = own.features(0)
        wanted = own.cosines(features, vector[None])[:, 0]
        away = np.abs(answer_values(driver, "similarity") - wanted)[features.known].max()
        driver.check(bool(away < CLOSE), f"every value is the cosine with CLIP on the pixels {box[2:]} of {box[1]}")

    driver.take("by example in the picture", work)


def _known_classes(driver: Driver, own: OwnAnswer) -> None:
    session, language = driver.session, driver.session.language
    if session.label_set is None or language.words is None:
        driver.leave_out("Known classes in words: this drive has no list of classes.")
        return

    def work() -> None:
        driver.desk.asking.clear()
        driver.window.setFocus()
        driver.key(Qt.Key.Key_C)
        driver.wait(lambda: shows(driver, "zero_shot") and not driver.busy("left"), "the classes", SECONDS)
        asked = language.words.known_to(own.model.info.vocabulary).asked if language.words is not None else ()
        features = own.features(0)
        cosine = features.table.astype(np.float32) @ own.words(tuple(word for _id, word in asked)).T
        ids = np.array([train_id for train_id, _word in asked])
        wanted = features.of_points(ids[cosine.argmax(axis=1)].astype(np.int64), fill=0)
        shown = state_now(driver).cloud.layers["zero_shot"].values
        same = float((shown == wanted)[features.known].mean())
        driver.check(
            same > 0.999, f"{100 * same:.2f} % of the points have the class of the word they are most like"
        )
        _check_iou(driver, shown, features.known)
        panel = driver.window.docks["zero_shot"].panel
        if isinstance(panel, ZeroShotPanel):
            panel.list.setCurrentRow(0)
            driver.check(bool(panel.words.words), f"its words are {', '.join(panel.words.words)}")

    driver.take("known classes in words", work)
    driver.desk.asking.toggle_classes()


def _check_iou(driver: Driver, shown: np.ndarray, known: np.ndarray) -> None:
    """The scores against counting, over labelled points of which something is known."""
    truth, confusion = labels_of(driver), driver.session.language.scores.frame
    if truth is None or confusion is None:
        driver.note("the frame has no labels to hold the classes against")
        return
    counted = known & (truth != 0)
    checked = 0
    for train_id in np.unique(truth[counted]):
        there, called = (truth == train_id) & counted, (shown == train_id) & counted
        iou = float((there & called).sum() / (there | called).sum())
        if abs(iou - float(confusion.iou()[train_id])) > 1e-9:
            raise TourError(f"IoU of {confusion.classes[train_id]} is {iou:.4f} by counting, not what is shown.")
        checked += 1
    driver.check(checked > 0, f"the IoU of {checked} classes is what counting gives")
