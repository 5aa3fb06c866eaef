"""The visibility rules on demo drives, where the truth is exact: what each keeps and removes, and its time.

``ours`` is F1 of the visible points, but in rows that say otherwise; the note has precision, recall, the share of
wrong matches (points whose pixel shows something else) that is removed, and F1 of the hidden points. Seeds that no
network of ours was trained on. Times are process time of everything but the superpixels, median over frames.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

import numpy as np

from app.core import tasks
from app.core.datasets import open_dataset
from app.core.demo.writer import default_drive_path, write_drive
from app.core.geometry.superpixels import superpixels
from app.core.geometry.visibility import VisibilityOptions, sight
from app.core.geometry.visibility_measures import VisibilityScore, score
from app.core.methods.visibility import TRUTH
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source
from app.core.types import Frame
from benchmarks.rows import Row

SEEDS = (1, 2, 3)
FRAMES = (0, 10)
THRESHOLDS = (0.25, 0.5, 1.0, 2.0, 4.0)
SEGMENTS = (200, 700, 2000)


@dataclass
class Scene:
    """A frame, and its superpixels by way and number."""

    frame: Frame
    pieces: dict[tuple[str, int], np.ndarray]

    def segments(self, options: VisibilityOptions) -> np.ndarray | None:
        """Superpixels of the first camera's picture, made once."""
        if options.rule != "paper":
            return None
        key = options.superpixels, options.segments
        if key not in self.pieces:
            image = self.frame.cameras[0].load_image()
            self.pieces[key] = superpixels(image, way=key[0], segments=key[1])
        return self.pieces[key]


def scenes() -> list[Scene]:
    """Frames of several demo drives."""
    found = []
    for seed in SEEDS:
        folder = default_drive_path(seed)
        run(write_drive(folder, frames=max(FRAMES) + 1, seed=seed))
        sequence = open_dataset(folder).sequences[0]
        found += [Scene(sequence.read(index), {}) for index in FRAMES]
    return found


def judged(places: list[Scene], options: VisibilityOptions) -> tuple[VisibilityScore, float]:
    """Counts over all frames, and median milliseconds a frame."""
    total, times = VisibilityScore(0, 0, 0, 0), []
    for place in places:
        segments, camera = place.segments(options), place.frame.cameras[0]
        start = time.process_time()
        seen = sight(place.frame.points, camera, options, segments)
        times.append(1000 * (time.process_time() - start))
        total += score(seen.visible, place.frame.extra[TRUTH])
    return total, statistics.median(times)


def view_ms() -> float:
    """Process milliseconds from another T_D to all that the visibility view shows of it: the test, superpixels that
    are cut already, and four curves; the way between processes and painting left out."""
    context, tell = Context(), tasks.entry("tell_visibility")
    source = Source(default_drive_path(SEEDS[0]), "00")
    times = []
    for threshold in np.linspace(0.2, 2.0, 12):
        options = VisibilityOptions(rule="paper", threshold=float(threshold))
        start = time.process_time()
        run(tell(context, source=source, index=0, camera="image_2", options=options))
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)  # the first one cuts superpixels and loads loops


def row(what: str, found: VisibilityScore) -> Row:
    """F1, the rest in the note."""
    note = (
        f"precision {found.precision:.3f}, recall {found.recall:.3f}, wrong matches removed {found.removed:.3f}, "
        f"F1 of hidden {found.hidden_f1:.3f}"
    )
    return Row(what, "F1", found.f1, note=note)


def swept() -> list[tuple[str, VisibilityOptions]]:
    """Every rule against its threshold, and the paper's against superpixels."""
    slope, paper = VisibilityOptions(), VisibilityOptions(rule="paper")
    buffer = VisibilityOptions(rule="zbuffer")
    return [
        ("everything in the picture", VisibilityOptions(rule="none")),
        *(
            (f"paper, {number} SLIC superpixels, T_D {limit:g} m", replace(paper, segments=number, threshold=limit))
            for number in SEGMENTS
            for limit in THRESHOLDS
        ),
        *(
            (f"paper, 700 superpixels by {way}, T_D 0.5 m", replace(paper, superpixels=way))
            for way in ("felzenszwalb", "grid")
        ),
        *((f"slope, {limit:g} m", replace(slope, tolerance=limit, share=0)) for limit in THRESHOLDS),
        *(
            (f"z-buffer of radius 2, {limit:g} m", replace(buffer, tolerance=limit, share=0))
            for limit in THRESHOLDS
        ),
        *((f"z-buffer of radius {radius}, 0.3 m + 10 %", replace(buffer, radius=radius)) for radius in (1, 2, 4)),
        *(
            (f"depth ratio {ratio:g}", VisibilityOptions(rule="depth_ratio", ratio=ratio))
            for ratio in (0.02, 0.1, 0.25)
        ),
    ]


def rows() -> list[Row]:
    """The default and its time first, then every rule against its numbers."""
    places = scenes()
    for rule in ("slope", "zbuffer", "depth_ratio", "paper"):
        judged(places[:1], VisibilityOptions(rule=rule))  # loops are loaded, superpixels made
    best, took = judged(places, VisibilityOptions())
    paper, paper_took = judged(places, VisibilityOptions(rule="paper"))
    found = [
        Row("slope (the default): 1 − F1", "", 1 - best.f1, "the paper's rule", 1 - paper.f1, reach=0.05),
        row("slope (the default), 0.3 m + 10 %", best),
        Row("slope, a frame", "ms", took, "the paper's without superpixels", paper_took, reach=10),
        Row("paper without superpixels, a frame", "ms", paper_took, reach=10),
    ]
    found += [
        Row(f"{rule}, a frame", "ms", judged(places, VisibilityOptions(rule=rule))[1], reach=10)
        for rule in ("zbuffer", "depth_ratio")
    ]
    found.append(Row("another T_D in the visibility view, in the engine", "ms", view_ms(), reach=50))
    return found + [row(what, judged(places, options)[0]) for what, options in swept()]
