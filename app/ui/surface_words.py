"""What is said of surfaces, slices, queries, later scans and measures: pure functions of what the session has."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from app.core.geometry.sightlines import BEHIND, FAR, FRONT
from app.core.surface.measures import Measures
from app.core.surface.result import Reconstruction
from app.core.surface.view import (
    LaterScans,
    MeasuredSurface,
    SightQueries,
    SlicePicture,
    SurfaceState,
    Within,
)
from app.ui import text
from app.ui.surface_items import LATER_COLORS, QUERY_COLORS, WRONG_COLOR
from app.ui.widgets.count_rows import CountRow
from app.ui.widgets.measure_table import Column, MeasureRow

Take = Callable[[Measures], "float | None"]

KINDS = (
    (BEHIND, "Full", "Just behind what was met, within δ"),
    (FRONT, "Empty, in front", "Just before what was met, within δ"),
    (FAR, "Empty", "Anywhere between the sensor and what was met"),
)


def step(metres: float) -> str:
    """Edge of a cell: 80 cm, 2.5 cm, 1.6 m."""
    if metres >= 1:
        return f"{text.number(metres, 1)} m"
    return f"{100 * metres:g} cm"


def share(value: float, digits: int = 0) -> str:
    """A share in per cent; a dash where it is of nothing."""
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f} %"


def made(surface: Reconstruction | None) -> str:
    """What is in view, in a line."""
    if surface is None:
        return ""
    return f"{step(surface.step)} · {text.plural(len(surface.triangles), 'triangle')}"


def progress(state: SurfaceState, surface: Reconstruction | None) -> str:
    """What is being done, or what it took."""
    asked = f"{text.count(state.asked)} questions" if state.asked else ""
    took = text.seconds(state.seconds) if surface is not None else ""
    if state.working:
        level = f"{state.done} of {state.total}" if state.total else ""
        return " · ".join(part for part in (text.typeset(state.level) or "Begins …", level, asked) if part)
    stopped = "stopped" if state.level else ""
    return " · ".join(part for part in (stopped, asked, took) if part)


def remedy(state: SurfaceState) -> str:
    """What the button beside a problem says that does what would help; "" where nothing known does."""
    if state.remedy == "finest" and state.finest is not None:
        return f"Take {step(state.finest)}"
    if state.remedy == "threshold" and state.between is not None:
        return f"Threshold {text.number(sum(state.between) / 2, 3)}"
    return {"everywhere": "Take the box away", "browse": "Choose a checkpoint…"}.get(state.remedy, "")


def cut(picture: SlicePicture | None) -> str:
    """What a slice shows, in a line."""
    if picture is None:
        return ""
    places, known = text.count(int(picture.values.size)), share(picture.known)
    return f"{places} places {step(picture.step)} apart, {known} known · {text.seconds(picture.seconds)}"


def query_rows(queries: SightQueries) -> tuple[CountRow, ...]:
    """How many there are of each kind, and how many of them are wrong where that is known."""
    rows = []
    for kind, name, tip in KINDS:
        wrong = queries.wrong_share(kind)
        told = "" if wrong is None else f"{share(wrong, 1)} wrong"
        rows.append(CountRow(name, int((queries.kind == kind).sum()), told, QUERY_COLORS[kind], tip))
    if queries.wrong is not None:
        every = queries.wrong_share()
        told = "" if every is None else share(every, 1)
        tip = "Labels that the exact surface contradicts, of those that it can judge"
        rows.append(CountRow("Wrong", int(queries.wrong.sum()), told, WRONG_COLOR, tip))
    return tuple(rows)


def query_line(queries: SightQueries) -> str:
    """From how many sweeps, and how long it took."""
    sweeps = len(np.unique(queries.sweep)) if len(queries) else 0
    return f"{text.count(len(queries))} of {text.plural(sweeps, 'sweep')} · {text.seconds(queries.seconds)}"


def later_rows(scans: LaterScans) -> tuple[CountRow, ...]:
    """How many later points are near, fair and away, of all."""
    names = ("Within 10 cm", "Within 20 cm", "Farther")
    tips = (
        "The surface passes within 10 cm of the point",
        "Between 10 and 20 cm from it",
        "The surface does not tell of it",
    )
    rows = []
    for kind, name, tip in zip(LATER_COLORS, names, tips, strict=True):
        count = int((scans.kind == kind).sum())
        part = count / len(scans.kind) if len(scans.kind) else math.nan
        rows.append(CountRow(name, count, share(part), LATER_COLORS[kind], tip))
    return tuple(rows)


def about(scans: LaterScans) -> str:
    """What the points are, as a sentence."""
    return text.typeset(f"{scans.about[:1].upper()}{scans.about[1:]}") + "."


def within(found: Within) -> str:
    """Shares of points within 10 and 20 cm."""
    if not found.count:
        return "none"
    return f"{share(found.near)} · {share(found.fair)}"


COLUMNS = {"network": "Net", "poisson": "Pois.", "tsdf": "TSDF", "voxels": "Vox."}


def measure_columns(found: tuple[MeasuredSurface, ...]) -> tuple[Column, ...]:
    """What the columns of the table are called, and what the short names stand for."""
    return tuple(Column(COLUMNS.get(one.maker, one.title), one.title) for one in found)


def measure_rows(found: tuple[MeasuredSurface, ...]) -> tuple[MeasureRow, ...]:
    """The measures of each surface, a row each."""
    if not found:
        return ()

    def row(name: str, take: Take, write: Callable[[float], str], better: int, tip: str) -> MeasureRow:
        values = tuple(None if one.measures is None else take(one.measures) for one in found)
        return MeasureRow(name, values, tuple("–" if v is None else write(v) for v in values), better, tip)

    return (
        row("Chamfer, cm", lambda m: m.chamfer, _hundredths, -1, "Mean of the distances there and back"),
        row("To truth, cm", lambda m: m.to_reference, _hundredths, -1, "Mean from what it shows to what is there"),
        row("From it, cm", lambda m: m.from_reference, _hundredths, -1, "Mean from what is there to what it shows"),
        row("F 10 cm", lambda m: m.f_score.get(0.1), _two, 1, "Harmonic mean of precision and recall within 10 cm"),
        row("F 20 cm", lambda m: m.f_score.get(0.2), _two, 1, "The same within 20 cm"),
        row("Unseen, %", lambda m: m.unseen_found, _hundredths, 1,
            "Of what no observed point is near (25 cm), the share that it tells within 20 cm"),
        row("Paired, %", lambda m: m.paired_edges, _hundredths, 1,
            "Share of edges with two triangles; 100 % is closed"),
        MeasureRow("Triangles", tuple(float(one.triangles) for one in found),
                   tuple(text.thousands(one.triangles) for one in found), 0, "How many it has (k: thousands)"),
        MeasureRow("Time, s", tuple(one.seconds for one in found),
                   tuple(text.number(one.seconds, 1 if one.seconds >= 1 else 2) for one in found), 0,
                   "Until it was there"),
    )  # fmt: skip


def measure_line(found: tuple[MeasuredSurface, ...]) -> str:
    """Against what, at which step; and what could not be measured."""
    known = [(one.step, one.measures.reference) for one in found if one.measures is not None]
    said = [f"At {step(known[0][0])}, against {known[0][1]}."] if known else []
    said += [f"{one.title}: {one.problem}" for one in found if one.problem]
    return " ".join(said)


def _hundredths(value: float) -> str:
    """Metres in centimetres, a share in percent."""
    return text.number(100 * value, 1 if abs(value) < 1 else 0)


def _two(value: float) -> str:
    return text.number(value, 2)
