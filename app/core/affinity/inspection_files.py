"""Writing the report on pseudo-labels: tables, plots, sheets, and the page that holds them together."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.affinity import inspection_plots as plots
from app.core.affinity.inspection import Flip, Inspection, instructive, share, table
from app.core.affinity.matrix import picture
from app.core.affinity.queue_view import QueueView
from app.core.affinity.telling import story_of
from app.core.files import write_atomically
from app.core.labels import LabelSet
from app.core.methods.base import Given
from app.core.tasks.base import Progress, TaskEvents


@dataclass
class Sweep:
    """Right and judged superpoints by parameter and value, added up over queues."""

    counts: dict[str, dict[float, list[int]]] = field(default_factory=dict)

    def add(self, name: str, value: float, right: int, judged: int) -> None:
        """Count a queue under another value."""
        held = self.counts.setdefault(name, {}).setdefault(value, [0, 0])
        held[0] += right
        held[1] += judged

    def curve(self, name: str) -> list[tuple[float, float]]:
        """Value and accuracy, ascending."""
        found = self.counts.get(name, {})
        return [(value, right / judged) for value, (right, judged) in sorted(found.items()) if judged and value > 0]


def write_all(
    out: Path,
    given: Given,
    views: list[QueueView],
    inspection: Inspection,
    sweep: Sweep,
    about: dict[str, Any],
    notes: tuple[str, ...],
    label_set: LabelSet,
) -> TaskEvents[None]:
    """Write every file of the report; ``DataError`` where the disk refuses."""
    yield Progress(0, 0, "tables")
    _tables(out, inspection, sweep)
    yield Progress(0, 0, "plots")
    shown = _plots(out, views, inspection, sweep, label_set)
    chosen = instructive(inspection.flips)
    sheets = []
    for place, flip in enumerate(chosen):
        yield Progress(0, 0, f"flip {place + 1} of {len(chosen)}")
        sheets.append((yield from _sheet(out, given, views, inspection, flip, place, label_set)))
    _forget_others(out / "flips", {path.name for path, _ in sheets})
    summary = {**about, **inspection.summary(), "notes": list(notes)}
    write_atomically(out / "summary.json", json.dumps(summary, indent=2, ensure_ascii=False).encode())
    page = _page(inspection, about, notes, shown, [(f"flips/{path.name}", flip) for path, flip in sheets])
    write_atomically(out / "report.md", page.encode())  # last: it says that the rest is there


def _tables(out: Path, found: Inspection, sweep: Sweep) -> None:
    name = found.name
    classes = [(name(one), count, was, now) for one, count, was, now in found.classes]
    pairs = [(name(before), name(after), *counts) for before, after, *counts in found.pairs]
    flips = [
        (
            one.name,
            one.superpoint,
            one.points,
            name(one.before),
            name(one.after),
            name(one.truth) if one.truth >= 0 else "",
            one.verdict,
            f"{one.margin_before:.6f}",
            f"{one.margin_after:.6f}",
        )
        for one in found.flips
    ]
    head = ("frame", "superpoint", "points", "before", "after", "truth", "verdict", "margin_before", "margin_after")
    tables: dict[str, bytes] = {
        "classes.csv": table(("class", "superpoints", "right_before", "right_after"), classes),
        "pairs.csv": table(("before", "after", "count", "better", "worse"), pairs),
        "flips.csv": table(head, flips),
    }
    for parameter, file in (("scale", "scales.csv"), ("beta", "betas.csv")):
        rows = [(f"{value:.6g}", f"{accuracy:.6f}") for value, accuracy in sweep.curve(parameter)]
        tables[file] = table((parameter, "accuracy"), rows)
    for file, content in tables.items():
        write_atomically(out / file, content)


def _plots(
    out: Path, views: list[QueueView], found: Inspection, sweep: Sweep, label_set: LabelSet
) -> list[tuple[str, str]]:
    """Path in the folder and title of every plot written."""
    shown = [("plots/classes.png", "By class")]
    rows = [(found.name(one), count, was, now) for one, count, was, now in found.classes]
    write_atomically(out / "plots/classes.png", plots.class_bars(rows))
    before = share(found.right_before, found.judged)
    numbers = views[0].walk
    if numbers is not None and before is not None:
        for name, title in (("scale", "scale of the affinity"), ("beta", "β of the affinity")):
            points = sweep.curve(name)
            if len(points) > 1:
                file = f"plots/{name}.png"
                drawn = plots.curve(
                    f"Accuracy of superpoints along the {title}", title, points, before, getattr(numbers, name)
                )
                write_atomically(out / file, drawn)
                shown.append((file, f"Along the {title}"))
    write_atomically(out / "plots/matrix.png", plots.heat(picture(views[0], "class", None), label_set))
    shown.append(("plots/matrix.png", "Affinity matrix"))
    return shown


def _sheet(
    out: Path,
    given: Given,
    views: list[QueueView],
    found: Inspection,
    flip: Flip,
    place: int,
    label_set: LabelSet,
) -> TaskEvents[tuple[Path, Flip]]:
    view = views[flip.queue]
    story = yield from story_of(given, view, flip.row)
    plain = re.sub(r"[^\w.-]+", "-", f"{flip.name}_{found.name(flip.before)}_{found.name(flip.after)}")
    path = out / "flips" / f"{place + 1:02d}_{plain}.png"
    write_atomically(path, plots.flip_sheet(story, flip, found.names, label_set))
    return path, flip


def _forget_others(folder: Path, kept: set[str]) -> None:
    """Sheets of an earlier report in the same folder would be taken for ones of this."""
    for path in folder.glob("[0-9][0-9]_*.png"):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _page(
    found: Inspection,
    about: dict[str, Any],
    notes: tuple[str, ...],
    shown: list[tuple[str, str]],
    sheets: list[tuple[str, Flip]],
) -> str:
    summary = found.summary()
    first, end = about["frames"]
    lines = [
        "# Pseudo-labels, looked into",
        "",
        f"`{about['data']}`, sequence {about['sequence']}, frames {first} to {end - 1}, "
        f"setting {about['setting']}, CLIP {about['clip']}. All that decides the numbers is in `summary.json`.",
        "",
        f"{found.instances} superpoints, {summary['flips']} with another label after affinity than before.",
        "",
    ]
    lines += _accuracy(summary)
    if found.pairs and found.judged:
        lines += ["", "| before | after | flips | better | worse |", "|---|---|---|---|---|"]
        for before, after, *counts in found.pairs[:20]:
            told = " | ".join(str(count) for count in counts)
            lines.append(f"| {found.name(before)} | {found.name(after)} | {told} |")
    elif found.pairs:
        lines += ["", "| before | after | flips |", "|---|---|---|"]
        lines += [
            f"| {found.name(one)} | {found.name(other)} | {count} |" for one, other, count, *_ in found.pairs[:20]
        ]
    for file, title in shown:
        lines += ["", f"## {title}", "", f"![{title}]({file})"]
    if sheets:
        lines += ["", "## Flips that teach most"]
    for file, flip in sheets:
        title = f"Frame {flip.name}: {found.name(flip.before)} → {found.name(flip.after)}, {flip.verdict}"
        lines += ["", f"### {title}", "", f"![{title}]({file})"]
    if notes:
        lines += ["", "## Notes", "", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"


def _accuracy(summary: dict[str, Any]) -> list[str]:
    if not summary["judged"]:
        return ["There is no ground truth to compare with."]
    lines = ["| | count | before | after |", "|---|---|---|---|"]
    for what, count, key in (
        ("superpoints with the right class", "judged", "accuracy"),
        ("points with the right class", "labelled_points", "point_accuracy"),
    ):
        before, after = summary[f"{key}_before"], summary[f"{key}_after"]
        if before is not None:
            lines.append(f"| {what} | {summary[count]} | {100 * before:.2f} % | {100 * after:.2f} % |")
    return lines
