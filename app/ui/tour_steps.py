"""The steps of the guided tour, in order. Each does what a user does and checks what must then hold."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt

from app.core.layers.base import Kind
from app.core.state import FrameState
from app.ui.application import DEMO_FRAMES
from app.ui.panels.cameras import CamerasPanel
from app.ui.tour_driver import Driver
from app.ui.tour_steps_affinity import affinity
from app.ui.tour_steps_models import models
from app.ui.tour_steps_surface import surface
from app.ui.tour_steps_surface_watch import watch
from app.ui.tour_steps_training import training
from app.ui.tour_steps_visibility import visibility
from app.ui.tour_steps_words import words

CTRL = Qt.KeyboardModifier.ControlModifier
TourStep = Callable[[Driver, "Path | None", "Path | None"], None]


def _open(driver: Driver, path: Path | None, demo: Path | None) -> None:
    session = driver.session

    def wrong() -> list[str]:
        return [line.text for line in session.log if line.level == "error"]

    def work() -> None:
        if path is None:
            session.open_demo(demo, frames=DEMO_FRAMES)
        else:
            driver.window.open_path(path)
        took = driver.wait(lambda: session.frame_state is not None or bool(wrong()), "the first frame", 90)
        driver.check(not wrong(), f"nothing went wrong ({'; '.join(wrong()) or 'no error in the log'})")
        driver.rest()
        driver.note(f"first frame after {took:.2f} s")
        state = _state(driver)
        picture = driver.picture()
        finite = int(state.frame.valid.sum())
        driver.check(picture.total == finite, f"all {finite} finite points of the frame are drawn")

    driver.take("open", work)


def _orbit(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    def work() -> None:
        widget = driver.view()
        before = driver.camera()
        distance = np.linalg.norm(before.position - before.pivot)
        moving = driver.watch_pictures()
        centre = np.array([widget.width() / 2, widget.height() / 2])
        driver.drag(widget, centre + np.linspace([0, 0], [160, -20], 60))
        shown = driver.stop_watching(moving)
        after = driver.camera()
        driver.check(not np.allclose(before.position, after.position), "a drag moves the camera")
        kept = np.linalg.norm(after.position - after.pivot)
        driver.check(bool(abs(kept - distance) < 1e-6 * distance), "orbiting keeps the distance to the pivot")
        gaps = np.diff([at for at, _picture in shown])
        if len(gaps):
            drawn = [1000 * p.seconds for _at, p in shown if not p.final]
            driver.note(
                f"{len(shown)} pictures while moving, every {1000 * statistics.median(gaps):.0f} ms (median)"
            )
            if drawn:
                driver.note(f"a moving picture was drawn in {statistics.median(drawn):.0f} ms (median)")

    driver.take("orbit", work)


def _layers(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session
    for layer in [entry for entry in session.layers() if entry.available]:

        def work(name: str = layer.name, key: str | None = layer.key, kind: Kind = layer.kind) -> None:
            if key is not None:
                driver.key(getattr(Qt.Key, f"Key_{key}"))
            else:
                session.set_layer(name)
            driver.wait(lambda: (d := session.layer_data("left")) is not None and d.name == name, f"layer {name}")
            data = session.layer_data("left")
            assert data is not None
            driver.check(len(data.values) == len(_state(driver).cloud), "there is one value for each drawn point")
            if kind is Kind.SCALAR:
                bounds = session.resolved_range("left")
                driver.check(bounds is not None and bounds[0] < bounds[1], f"its range is {bounds} {data.unit}")
            driver.note(data.provenance)

        driver.take(f"layer {layer.name}", work)


def _legend(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session
    counts = dict(_state(driver).label_counts)
    if not counts or "label" not in [entry.name for entry in session.layers() if entry.available]:
        session.set_layer("height")  # what the steps from here on are shown in
        return

    def work() -> None:
        session.set_layer("label")
        driver.rest()
        most = max(counts, key=lambda i: counts[i])
        session.toggle_class(most)
        driver.rest()
        _colors, shown = session.colors("left")
        driver.check(shown is not None, "a class that is switched off is hidden")
        assert shown is not None
        label_set = session.label_set
        name = label_set.class_name(most) if label_set is not None else str(most)
        driver.check(int((~shown).sum()) == counts[most], f"hiding {name} hides its {counts[most]} points")

    driver.take("legend", work)
    session.show_all_classes()


def _pick(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session

    def work() -> None:
        widget, camera = driver.view(), driver.camera()
        points = _state(driver).cloud.points
        pixels, depths = camera.project(points, widget.width(), widget.height())
        index = driver.picture().index
        drawn = np.unique(index[index >= 0])
        middle = np.array([widget.width(), widget.height()]) * (0.5, 0.45)
        target = drawn[np.argmin(np.hypot(*(pixels[drawn] - middle).T))]
        x, y = np.floor(pixels[target]).astype(int)
        driver.click(widget, QPoint(int(x), int(y)))
        driver.wait(lambda: session.picked is not None, "a picked point", 5)
        row = session.picked
        assert row is not None
        pointer = np.array([x, y], np.float64)
        away = np.hypot(*(pixels[drawn] - pointer).T)
        driver.check(bool(np.isclose(away.min(), np.hypot(*(pixels[row] - pointer)), atol=1e-6)),
                     "the picked point is the visible one nearest to the pointer, by brute force")  # fmt: skip
        driver.check(bool(depths[row] > 0), f"it is point {row}, {depths[row]:.2f} m in front of the camera")
        driver.note(f"the inspector shows {len(session.inspect(row))} values of it")

    driver.take("pick", work)


def _camera_image(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    state = _state(driver)
    panel = driver.window.docks["cameras"].panel
    if not state.images or not isinstance(panel, CamerasPanel):
        return

    def work() -> None:
        canvas = panel.canvas
        area = canvas.picture_rect()
        for share in np.linspace(0.45, 0.8, 30):
            driver.move(
                canvas, QPoint(int(area.left() + share * area.width()), int(area.top() + 0.65 * area.height()))
            )
            if driver.session.hover.index is not None:
                break
        driver.check(driver.session.hover.index is not None, "hovering the picture finds a point in 3D")
        for name, image in state.images.items():
            driver.note(f"{name}: {image.shape[1]}×{image.shape[0]}")

    driver.take("camera image", work)


def _cameras(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    views = [("top", Qt.Key.Key_2), ("ego", Qt.Key.Key_3)]
    if _state(driver).images:
        views.append(("recorded", Qt.Key.Key_4))
    for name, key in views:

        def work(key: Qt.Key = key, name: str = name) -> None:
            before = driver.camera()
            driver.key(key, CTRL)
            driver.rest()
            after = driver.camera()
            driver.check(
                not np.allclose(before.camera_from_world, after.camera_from_world), "the camera is elsewhere"
            )
            if name == "recorded":
                mode = driver.session.views["left"].camera_mode
                view = _state(driver).frame.camera(mode.removeprefix("camera:"))
                driver.check(
                    np.allclose(after.camera_from_world, view.camera_from_sensor, atol=1e-9),
                    f"it stands exactly where {view.name} stands",
                )

        driver.take(f"camera {name}", work)
    driver.key(Qt.Key.Key_1, CTRL)
    driver.key(Qt.Key.Key_H)


def _select(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session

    def work() -> None:
        widget = driver.view()
        driver.key(Qt.Key.Key_R)
        box = np.array([[0.35, 0.35], [0.6, 0.65]]) * [widget.width(), widget.height()]
        box = np.floor(box)
        driver.drag(widget, np.linspace(box[0], box[1], 20))
        driver.wait(lambda: len(session.selection) > 0, "a selection", 10)
        pixels, depths = driver.camera().project(_state(driver).cloud.points, widget.width(), widget.height())
        inside = ((pixels > box[0]) & (pixels < box[1])).all(axis=1) & (depths > 0)
        driver.check(
            bool(np.array_equal(session.selection, np.flatnonzero(inside))),
            f"the box selects exactly the {int(inside.sum())} points inside it",
        )
        driver.key(Qt.Key.Key_V)

    driver.take("select", work)
    session.undo()
    session.redo()
    session.select(np.zeros(0, np.int64), "replace")


def _linked(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session
    names = [entry.name for entry in session.layers() if entry.available]

    def work() -> None:
        session.set_layer("label" if "label" in names else "range", "left")
        driver.key(Qt.Key.Key_Backslash, CTRL)
        driver.wait(lambda: len(session.views) == 2, "a second view", 5)
        session.set_layer("height", "right")
        driver.rest()
        widget = driver.view("left")
        centre = np.array([widget.width() / 2, widget.height() / 2])
        driver.drag(widget, centre + np.linspace([0, 0], [60, 10], 20))
        driver.rest()
        same = np.allclose(driver.camera("left").camera_from_world, driver.camera("right").camera_from_world)
        driver.check(same, "the other view's camera follows")
        driver.check(session.views["left"].layer != session.views["right"].layer, "they show different layers")

    driver.take("linked views", work)
    driver.key(Qt.Key.Key_Backslash, CTRL)


def _accumulate(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session
    if session.poses is None or session.sequence is None or session.sequence.frames < 3:
        return

    def work() -> None:
        alone = len(_state(driver).cloud)
        session.set_overlay("trajectory", True)
        session.set_layer("height")
        session.set_accumulation(0, min(5, session.sequence.frames - 1 if session.sequence else 0))
        driver.wait(lambda: len(_state(driver).cloud) > alone, "more than one frame", 30)
        cloud = _state(driver).cloud
        assert cloud.frame_of is not None
        driver.check(
            len(np.unique(cloud.frame_of)) > 1, f"{len(np.unique(cloud.frame_of))} frames are drawn together"
        )
        driver.wait(
            lambda: driver.picture().total >= int(np.isfinite(cloud.points).all(axis=1).sum()), "their picture"
        )
        driver.note(f"{len(cloud)} points")

    driver.take("accumulate", work)
    session.set_accumulation(0, 0)
    driver.rest()


def _play(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    session = driver.session
    if session.sequence is None or session.sequence.frames < 2:
        return

    def work() -> None:
        arrived: list[int] = []
        session.frame_changed.connect(lambda state: arrived.append(state.frame.index))
        last = session.sequence.frames - 1 if session.sequence is not None else 0
        session.go_to(0)
        driver.rest()
        arrived.clear()
        driver.key(Qt.Key.Key_Space)
        took = driver.wait(lambda: bool(arrived) and arrived[-1] >= min(last, 15), "the playback", 40)
        if session.playback.playing:
            driver.key(Qt.Key.Key_Space)
        wanted = arrived[-1]
        driver.check(arrived == sorted(arrived), "frames come in order")
        driver.note(
            f"{len(arrived)} of {wanted} frames shown in {took:.2f} s at {session.playback.rate:g} a second"
        )

    driver.take("play", work)


def _palette(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    from app.ui.palette import Palette

    def work() -> None:
        driver.window.show_palette()
        found = driver.window.findChildren(Palette)
        driver.check(bool(found), "the command palette is open")
        driver.type(found[-1], "camera")

    driver.take("palette", work)
    for palette in driver.window.findChildren(Palette):
        palette.close()


def _light(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    before = driver.session.settings.theme

    def work() -> None:
        driver.session.update_settings(theme="light" if before == "dark" else "dark")
        driver.check(driver.session.settings.theme != before, "the other theme is on")

    driver.take("other theme", work)
    driver.session.update_settings(theme=before)


def _save(driver: Driver, _path: Path | None, _demo: Path | None) -> None:
    from PIL import Image

    def work() -> None:
        file = driver.out / "saved_view.png"
        done: list[np.ndarray] = []
        driver.window.area.views["left"].viewport.snapshot(1920, 1080, done.append)
        driver.wait(lambda: bool(done), "the picture", 30)
        Image.fromarray(done[0]).save(file)
        driver.check(done[0].shape == (1080, 1920, 3), "the view is saved at 1920×1080, whatever the window's size")
        driver.check(int(done[0].max()) > 0, f"it shows something: {file.name}")

    driver.take("save", work)


def _state(driver: Driver) -> FrameState:
    """What is shown now; the first step made sure that there is something."""
    state = driver.session.frame_state
    assert state is not None
    return state


STEPS: tuple[TourStep, ...] = (
    _open, _orbit, _layers, _legend, _pick, _camera_image, _cameras, _select, _linked, _accumulate, _play,
    _palette, _light, _save, models, words, visibility, affinity, surface, training,
    watch,
)  # fmt: skip
