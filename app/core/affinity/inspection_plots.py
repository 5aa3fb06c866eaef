"""Plots of the report on pseudo-labels, and a sheet for each instructive flip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from app.core.affinity.figure import ACCENT, BEFORE, BETTER, FAINT, INK, RULE, WORSE, Color, Sheet, readable
from app.core.affinity.inspecting import InstanceStory, MatrixPicture, Neighbour
from app.core.affinity.inspection import Flip
from app.core.labels import LabelSet
from app.core.layers.colormaps import table

_VERDICT_COLOR = {"better": BETTER, "worse": WORSE}
_MOST_CLASSES = 8
_STEPS = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares between two lines of a plot."""


def class_bars(rows: Sequence[tuple[str, int, int, int]]) -> bytes:
    """Share that is right, by class, before (grey) and after: name, superpoints, right before, right after."""
    height = 96 + 44 * max(len(rows), 1)
    sheet = Sheet(900, height)
    sheet.text(24, 20, "Superpoints with the right class, by class", size=20)
    sheet.text(
        24,
        48,
        "grey: before affinity; below it after: green better, red worse, blue the same",
        size=14,
        color=FAINT,
    )
    left, right = 220, 760
    for place, (name, count, before, after) in enumerate(rows):
        y = 84 + 44 * place
        sheet.fitted(left - 14, y + 14, name, left - 40, anchor="rm")
        moved = ACCENT if after == before else BETTER if after > before else WORSE
        for offset, number, color in ((0, before, BEFORE), (15, after, moved)):
            sheet.box(left, y + offset, right, y + offset + 12, RULE)
            sheet.box(left, y + offset, left + (right - left) * number / max(count, 1), y + offset + 12, color)
        said = f"{100 * before / max(count, 1):.1f} → {100 * after / max(count, 1):.1f} %"
        sheet.text(right + 10, y + 6, said, size=13, anchor="lm")
        sheet.text(right + 10, y + 21, f"of {count}", size=11, color=FAINT, anchor="lm")
    if not rows:
        sheet.text(24, 90, "There is no ground truth to compare with.", color=FAINT)
    return sheet.png()


def curve(title: str, unit: str, points: Sequence[tuple[float, float]], before: float, chosen: float) -> bytes:
    """Accuracy (shares) after affinity along a parameter, the one before as a level, and the chosen value."""
    sheet = Sheet(900, 460)
    sheet.text(24, 20, title, size=20)
    levels = _levels([value for _, value in points] + [before])
    low, high = levels[0], levels[-1]
    left, right, top, bottom = 90, 860, 70, 400
    first, last = points[0][0], points[-1][0]

    def at(x: float, y: float) -> tuple[float, float]:
        across = (np.log(x) - np.log(first)) / max(np.log(last) - np.log(first), 1e-9)
        return left + (right - left) * float(across), bottom - (bottom - top) * (y - low) / (high - low)

    for level in levels:
        y = at(first, level)[1]
        sheet.line([(left, y), (right, y)], RULE, 1)
        sheet.text(left - 10, y, f"{100 * level:.4g} %", size=13, color=FAINT, anchor="rm")
    for x, _ in points:
        sheet.text(at(x, low)[0], bottom + 10, f"{x:.3g}", size=12, color=FAINT, anchor="ma")
    sheet.text((left + right) / 2, bottom + 34, unit, size=14, color=FAINT, anchor="ma")
    level = at(first, before)[1]
    sheet.line([(left, level), (right, level)], BEFORE, 2)
    ends = points[0][1] - before, points[-1][1] - before
    x, side = (left + 4, "l") if abs(ends[0]) > abs(ends[1]) else (right, "r")  # where the curve is farther
    below = (ends[0] if side == "l" else ends[1]) > 0
    offset, foot = (4, "a") if below else (-4, "d")
    sheet.text(x, level + offset, "before affinity", size=13, color=FAINT, anchor=side + foot)
    if first <= chosen <= last:
        x = at(chosen, low)[0]
        sheet.line([(x, top), (x, bottom)], RULE, 2)
        sheet.text(x, top - 4, "chosen", size=12, color=FAINT, anchor="md")
    sheet.line([at(*one) for one in points], ACCENT, 3)
    for one in points:
        sheet.dot(*at(*one), 4, ACCENT)
    return sheet.png()


def _levels(values: Sequence[float]) -> list[float]:
    """Round shares, four to eight of them, that hold all of these."""
    low, high = min(values), max(values)
    step = next(step for step in _STEPS if high - low <= 6 * step)
    first, last = int(np.floor(low / step + 1e-9)), int(np.ceil(high / step - 1e-9))
    return [step * place for place in range(first, max(last, first + 3) + 1)]


def heat(picture: MatrixPicture, label_set: LabelSet) -> bytes:
    """The affinity matrix, logarithmic, with its classes along the right edge."""
    side, top, left = 720, 80, 24
    sheet = Sheet(1000, side + 110)
    sheet.text(24, 16, f"Affinity matrix T of the first queue, by {picture.order}", size=20)
    count = picture.window[1] - picture.window[0]
    cells = f", a cell is the mean of {picture.block} × {picture.block}" if picture.block > 1 else ""
    sheet.text(24, 44, f"{count} superpoints{cells}; rows receive, columns give", size=14, color=FAINT)
    least = 1e-3 * max(picture.largest, 1e-9)
    scaled = (np.log(np.maximum(picture.values, least)) - np.log(least)) / np.log(1e3)
    colors = table("magma")[np.clip(scaled * 255, 0, 255).astype(np.uint8)]
    times = -(-side // len(colors))
    sheet.picture(left, top, np.repeat(np.repeat(colors, times, 0), times, 1), side, side)
    taken = 0.0
    for span in picture.spans:
        y0, y1 = (top + side * place / max(count, 1) for place in (span.start, span.end))
        sheet.box(left + side + 4, y0, left + side + 16, y1, _color(label_set, span.value))
        place = max((y0 + y1) / 2, taken)
        if place <= top + side:
            sheet.text(left + side + 24, place, f"{span.name} ({span.end - span.start})", size=13, anchor="lm")
            taken = place + 17
    ends = f"black: {100 * least:.2g} % or less of what a superpoint takes, white: {100 * picture.largest:.2g} %"
    sheet.text(left, top + side + 8, ends, size=13, color=FAINT)
    return sheet.png()


def flip_sheet(story: InstanceStory, flip: Flip, names: Mapping[int, str], label_set: LabelSet) -> bytes:
    """One flip: its crop, its scores before and after, the flow of labels into it, and its strongest neighbours."""
    sheet = Sheet(1200, 660)
    color = _VERDICT_COLOR.get(flip.verdict, FAINT)
    sheet.box(0, 0, 1200, 6, color)
    sheet.text(28, 24, f"{names.get(flip.before, '?')} → {names.get(flip.after, '?')}", size=26)
    truth = names.get(flip.truth, "unknown")
    told = flip.verdict if flip.truth < 0 else f"{flip.verdict} (ground truth: {truth})"
    sheet.text(28, 60, told, size=17, color=color)
    where = f"frame {flip.name}, superpoint {flip.superpoint}, {flip.points} points in {story.crops[0].camera}"
    sheet.text(1172, 30, where, size=15, color=FAINT, anchor="ra")
    corners = sheet.picture(28, 100, story.crops[0].image, 300, 300)
    sheet.frame(*corners, INK)
    _scores(sheet, story, names, label_set)
    _flow(sheet, story, names, label_set)
    _neighbours(sheet, story.neighbours, names)
    return sheet.png()


def _scores(sheet: Sheet, story: InstanceStory, names: Mapping[int, str], label_set: LabelSet) -> None:
    """Shares before and after, of the classes with the greatest."""
    order = np.argsort(-np.maximum(story.before, story.after), kind="stable")[:_MOST_CLASSES]
    shown = np.concatenate([story.before[order], story.after[order]])
    low, high = float(shown.min()), float(shown.max())
    low = max(low - 0.15 * max(high - low, 1e-3), 0.0)
    left, right = 520, 1040
    sheet.text(370, 100, "Shares of the classes", size=16)
    scale = f"bars from {low:.3f} to {high:.3f}; grey: before affinity"
    sheet.text(1172, 102, scale, size=13, color=FAINT, anchor="ra")
    for place, one in enumerate(order.tolist()):
        y = 132 + 29 * place
        train_id = int(story.classes[one])
        before, after = float(story.before[one]), float(story.after[one])
        sheet.fitted(left - 12, y + 11, names.get(train_id, "?"), 140, size=14, anchor="rm")
        for offset, value, color in ((0, before, BEFORE), (11, after, _color(label_set, train_id))):
            width = (right - left) * (value - low) / max(high - low, 1e-9)
            sheet.box(left, y + offset, left + max(width, 1), y + offset + 9, color)
        best = train_id in (story.label_before, story.label_after)
        said = f"{before:.3f} → {after:.3f}"
        sheet.text(1172, y + 10, said, size=13, color=INK if best else FAINT, anchor="rm")


def _flow(sheet: Sheet, story: InstanceStory, names: Mapping[int, str], label_set: LabelSet) -> None:
    """Label mass that flows in, by the neighbours' own labels."""
    sheet.text(28, 412, "Label mass that flows in, by the labels that instances had for themselves", size=16)
    x, left = 28.0, 28.0
    for train_id, part in story.flow:
        width = 1144 * part
        sheet.box(x, 438, x + width, 458, _color(label_set, train_id))
        if width > 110:
            said = f"{names.get(train_id, '?')} {100 * part:.0f} %"
            sheet.fitted(max(x, left), 462, said, width - 6, size=13)
        x += width


def _neighbours(sheet: Sheet, neighbours: Sequence[Neighbour], names: Mapping[int, str]) -> None:
    """The strongest, with their weight, frame and own label."""
    known = any(one.truth >= 0 for one in neighbours)
    told = (
        " (green: their own label was right, red: wrong)" if known else ", with the labels they had for themselves"
    )
    sheet.text(28, 488, f"Strongest neighbours{told}", size=16)
    for place, one in enumerate(neighbours[:8]):
        x = 28 + 144 * place
        corners = sheet.picture(x, 514, one.image, 132, 84)
        border = FAINT if one.truth < 0 else BETTER if one.truth == one.label else WORSE
        sheet.frame(*corners, border, 3)
        sheet.fitted(x, 602, names.get(one.label, "?"), 132, size=14)
        who = "itself" if one.itself else f"frame {one.frame}"
        sheet.text(x, 621, f"{100 * one.weight:.1f} %, {who}", size=13, color=FAINT)


def _color(label_set: LabelSet, train_id: int) -> Color:
    red, green, blue = (int(part) for part in label_set.colors[train_id])
    return readable((red, green, blue))
