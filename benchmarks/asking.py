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

from benchmarks.drives import demo_drive, long_drive
from benchmarks.rows import Row
from benchmarks.window import WindowBench

KEYS = "truck"
"""Typed and taken back, key by key."""

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
            found = [bench.typing("regions", 100), bench.typing("network", 100)]
            session.set_accumulation(4, 4)
            found.append(bench.typing("network", 200))
            found.append(bench.typing("regions", 200))
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

    def typing(self, way: str, most: float) -> Row:
        """Milliseconds from a key press to the picture with the colours of the new words."""
        from app.ui.panels.query import QueryPanel

        language, panel = self.session.language, self.driver.window.docks["query"].panel
        assert isinstance(panel, QueryPanel)
        language.set_way(way)
        self._answered()
        field = panel.field
        field.setFocus()
        field.selectAll()
        times = []
        words = [KEYS[:end] for end in (*range(1, len(KEYS) + 1), *range(len(KEYS) - 1, 0, -1))] * 2
        for text in words:
            field.setText(text)
            times.append(self._until_answer(lambda text=text: field.textEdited.emit(text)))
            self.driver.rest(0.25)
        count = len(self.session.frame_state.cloud) if self.session.frame_state is not None else 0
        return Row(
            f"key press to coloured cloud, {way}, {count / 1000:.0f} k points", "ms", statistics.median(times),
            reach=most, note=f"longest of {len(times)}: {max(times):.0f} ms",
        )  # fmt: skip

    def _until_answer(self, act: Callable[[], None]) -> float:
        """Milliseconds until a view has the colours of a new answer."""
        state, session = {"done": False}, self.session
        before = session.layer_data("left")

        def look(_name: str) -> None:
            data = session.layer_data("left")
            if data is not None and data is not before and session.colors("left") is not None:
                state["done"] = True

        hook = session.view_changed.connect(look)
        start = time.perf_counter()
        act()
        self.driver.wait(lambda: state["done"], "the answer", 20)
        seconds = time.perf_counter() - start
        session.view_changed.disconnect(hook)
        return 1000 * seconds

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
