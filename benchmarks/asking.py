"""How long an answer in words takes in the real window, off-screen: a key press in the search field until the cloud
has its new colours, and a search over a thousand indexed frames.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtTest import QTest

from benchmarks.drives import demo_drive, long_drive
from benchmarks.rows import Row
from benchmarks.window import WindowBench

WORDS = {"regions": ("lamppost", "bicyclist"), "network": ("motorhome", "pedestrian")}
"""Typed key by key for each way, over one frame and then over nine: every key makes a text that was never read."""

NEIGHBOURS = 4
"""Frames on either side of the accumulated one: nine of the demo drive are a million points."""

FRAMES, REGIONS = 1000, 300
"""Frames that are searched, and regions of each (the demo drive has 150 to 260)."""


def rows() -> list[Row]:
    """The demo drive with the demo CLIP."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from app.core.settings import home_of_its_own
    from app.ui.application import window_on

    drive = demo_drive()
    with tempfile.TemporaryDirectory(prefix="lidarscope-", dir=drive.parent) as folder, home_of_its_own():
        long = long_drive(Path(folder) / "long drive", FRAMES, drive)
        with window_on(viewport_kind="open3d") as (window, session):
            bench = AskBench(window, session)
            bench.start(drive)
            bench.begin()
            found = [bench.typing(way, words[0], 100) for way, words in WORDS.items()]
            session.go_to(NEIGHBOURS)
            session.set_accumulation(NEIGHBOURS, NEIGHBOURS)
            found += [bench.typing(way, words[1], 200) for way, words in WORDS.items()]
            session.set_accumulation(0, 0)
        return [*found, search(long)]


class AskBench(WindowBench):
    """A window in which somebody types."""

    def begin(self) -> None:
        """The Text workspace, a first question, and its answer."""
        from app.core.model_card import DISTILLED, built_in

        self.driver.window.set_workspace("text")
        self.driver.rest(0.5)
        self.session.language.use_built_in_clip()
        self.session.language.set_network(built_in(DISTILLED))
        self.session.language.ask("car")
        self._answered()

    def typing(self, way: str, word: str, most: float) -> Row:
        """Milliseconds from a key press to a picture with the colours of the new words."""
        from app.ui.panels.query import QueryPanel

        language, panel = self.session.language, self.driver.window.docks["query"].panel
        assert isinstance(panel, QueryPanel)
        language.set_way(way)
        self._answered()
        panel.focus_field()
        times = []
        for key in word:
            times.append(self._until_answer(lambda key=key: QTest.keyClicks(panel.field, key)))  # type: ignore[misc]
            self.driver.rest(0.25)
        colors, pictures = zip(*times, strict=True)
        count = len(self.session.frame_state.cloud) if self.session.frame_state is not None else 0
        return Row(
            f"key press to coloured cloud, {way}, {count / 1000:.0f} k points", "ms", statistics.median(pictures),
            reach=most, note=f"longest of {len(times)} {max(pictures):.0f}; until the renderer has the colours "
            f"{statistics.median(colors):.0f}, longest {max(colors):.0f}",
        )  # fmt: skip

    def _until_answer(self, act: Callable[[], None]) -> tuple[float, float]:
        """Milliseconds until the left view's renderer has the colours of a new answer, and until it has drawn.

        An answer whose colours are those of the one before (nothing matches either) is drawn at once: its picture
        differs from the old one by nothing, or by single pixels where the other renderer had drawn that.
        """
        session, viewport = self.session, self.driver.window.area.views["left"].viewport
        before, old = session.layer_data("left"), self.driver.picture()
        told: list[float] = []

        def look(_name: str) -> None:
            data = session.layer_data("left")
            if data is not None and data is not before and not told:
                told.append(time.perf_counter())

        def same() -> bool:
            data = session.layer_data("left")
            if data is None or before is None:
                return False
            return np.array_equal(data.values, before.values, equal_nan=True)

        def drawn() -> bool:
            """Whether a picture shows the answer: one that was under way looks as the one before."""
            picture = viewport.picture
            if not told or picture is None or picture is old:
                return False
            return not np.array_equal(picture.image, old.image) or same()

        hook = session.view_changed.connect(look)
        start = time.perf_counter()
        act()
        self.driver.wait(drawn, "a picture of the answer", 20)
        end = time.perf_counter()
        session.view_changed.disconnect(hook)
        return 1000 * (told[0] - start), 1000 * (end - start)

    def _answered(self) -> None:
        self.driver.wait(lambda: not self.driver.busy("left"), "the answer", 600)
        self.driver.rest(0.5)


def search(drive: Path) -> Row:
    """The task that searches a sequence, over an index of random features of the right size."""
    from app.core.datasets.base import OpenOptions
    from app.core.language.features import Regions
    from app.core.language.indexing import index_key
    from app.core.language.queries import Prompt
    from app.core.language.sequence_index import writing
    from app.core.methods.base import Given, drain, pinned
    from app.core.methods.regions import ENTRY as METHOD
    from app.core.methods.regions import RegionOptions
    from app.core.methods.text_query import TextQueryOptions
    from app.core.tasks import entry
    from app.core.tasks.base import run
    from app.core.tasks.context import Context, Source
    from app.models.clip.source import built_in

    context, clip = Context(), built_in()
    source = Source(drive, context.dataset(drive, OpenOptions()).sequences[0].name)
    chosen = (
        ("regions", RegionOptions(clip)),
        ("text_query", TextQueryOptions(clip, (Prompt("car"), Prompt("red car")))),
    )
    options = pinned(chosen)
    drain(METHOD.prepare(options["regions"]))
    given = Given(context, source, context.frame(source, 0), context.sequence(source).label_set, options)
    key = index_key(given, "regions")
    rng = np.random.default_rng(0)
    with writing(key, ("image_2",)) as writer:
        for frame in range(FRAMES):
            table = rng.normal(size=(REGIONS, key.size)).astype(np.float32)
            table /= np.linalg.norm(table, axis=1, keepdims=True)
            places = Regions(
                camera=np.zeros(REGIONS, np.int16), box=np.tile(np.array([0, 0, 30, 30], np.int32), (REGIONS, 1)),
                center=rng.normal(size=(REGIONS, 3)).astype(np.float32), points=np.full(REGIONS, 9, np.int32),
                segment=np.arange(REGIONS, dtype=np.int32),
            )  # fmt: skip
            writer.add(frame, "0" * 16, table, places)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        run(entry("search_sequence")(context, source=source, methods=chosen))
        times.append(1000 * (time.perf_counter() - start))
    return Row(
        f"search over {FRAMES} frames, {FRAMES * REGIONS / 1000:.0f} k regions", "ms", statistics.median(times[1:]),
        reach=300, note="two prompts; random features of the demo CLIP's size",
    )  # fmt: skip
