"""What the window says of visibility: the rule, the test of one point, counts and scores; made from plain data."""

from __future__ import annotations

from PySide6.QtGui import QColor

from app.core.geometry.visibility import VisibilityOptions
from app.core.geometry.visibility_curves import threshold_of
from app.core.geometry.visibility_measures import KEPT, LOST, REMOVED, RIGHT, VisibilityScore
from app.core.layers.match import MATCHES
from app.core.layers.visible import STATES
from app.core.session_visibility import SessionVisibility
from app.core.visibility_view import CameraReport, PictureSuperpixels, VisibilityPicture
from app.ui import text
from app.ui.widgets.value_rows import ValueRow

VISIBLE, HIDDEN = 1, 2
SAME = 0.02
"""Metres below which two depths are written alike."""

RULES = (
    (
        "slope",
        "Slope",
        "Hidden where a nearer surface lies on both sides of the point in the picture (the default)",
    ),
    ("paper", "Paper", "Affinity3D: hidden where T_D or more behind the nearest point of its superpixel"),
    ("zbuffer", "Z-buffer", "Hidden behind the nearest point within some pixels"),
    ("depth_ratio", "Ratio", "OpenScene: hidden where much deeper, as a share, than the nearest point close by"),
)
WAYS = (
    ("slic", "SLIC", "Compact pieces of about one size (the default)"),
    ("felzenszwalb", "Felzenszwalb", "Pieces of all sizes that follow edges"),
    ("grid", "Grid", "Squares, which need no picture"),
)
SHOWS = (
    ("layer", "Layer", "Points in the colours of the view's layer"),
    ("visibility", "Visibility", "Visible points green, hidden ones red (Shift+V)"),
    ("match", "Matches", "Right and wrong matches, and what the rule does with each; where the truth is known"),
)
MEASURES = (
    ("f1", "F1", "F1 of the points called visible"),
    ("hidden_f1", "F1 of hidden", "F1 of the points called hidden: it tells the rules apart"),
    ("removed", "Wrong removed", "Share of the wrong matches that the rule removes"),
    ("precision", "Precision", "Of the points called visible, the share that is seen"),
    ("recall", "Recall", "Of the points that are seen, the share called visible"),
)
THRESHOLDS = {
    "slope": ("Tolerance", "Metres by which a point may lie behind the surface"),
    "zbuffer": ("Tolerance", "Metres by which a point may lie behind the surface"),
    "paper": ("T_D", "Metres from which on a point counts as behind its superpixel"),
    "depth_ratio": ("Ratio", "Share of the surface's depth by which a point may lie behind it"),
}
"""Name and tooltip of each rule's threshold."""

GROUPS = (
    (REMOVED, "Wrong, removed", "Select the wrong matches that the rule removes"),
    (KEPT, "Wrong, kept", "Select the wrong matches that the rule keeps"),
    (LOST, "Right, lost", "Select the right matches that the rule loses"),
)
VERDICTS = {
    RIGHT: "right match, kept",
    LOST: "right match, lost",
    REMOVED: "wrong match, removed",
    KEPT: "wrong match, kept",
}


def amount(rule: str, value: float) -> str:
    """A threshold with its unit."""
    return f"{100 * value:g} %" if rule == "depth_ratio" else f"{value:.2f} m"


def color_of(kind: str, value: int) -> QColor:
    """Colour of a state of the test ("visibility") or of a match ("match")."""
    return QColor(*(int(part) for part in (STATES if kind == "visibility" else MATCHES).colors[value]))


def pointer_lines(
    visibility: SessionVisibility, row: int | None, at: tuple[float, float] | None
) -> tuple[tuple[str, ...], QColor | None]:
    """What the plate beside the pointer says: the drawn point ``row`` under it, and the superpixel at ``at``."""
    picture = visibility.picture
    if picture is None:
        return (), None
    place = None if row is None else visibility.place(row)
    cut = picture.superpixels
    number = None if cut is None or at is None else cut.at(*at)
    lines: list[str] = []
    color = None
    if place is not None:
        seen = bool(picture.visible[place])
        color = color_of("visibility", VISIBLE if seen else HIDDEN)
        lines += _test(picture, place, seen)
    if cut is not None and number is not None:
        lines.append(_superpixel(cut, number))
    if place is not None and picture.match is not None:
        lines.append(f"in truth a {VERDICTS[int(picture.match[place])]}")
    return tuple(lines), color


def _test(picture: VisibilityPicture, place: int, seen: bool) -> list[str]:
    depth, surface, limit = (float(part[place]) for part in (picture.depth, picture.surface, picture.limit))
    options = picture.options
    verdict = "Visible" if seen else "Hidden"
    if options.rule == "paper":
        behind = f"D − D_sp = {depth - surface:.2f} m {'<' if seen else '≥'} T_D {options.threshold:.2f} m"
        return [f"{verdict} · D {depth:.2f} m · D_sp {surface:.2f} m", behind]
    if options.rule == "none":
        return [f"{verdict} · D {depth:.2f} m", "no test: all in the picture counts"]
    if options.rule != "slope":
        where = f"nearest within {options.radius:g} px: {surface:.2f} m"
    elif depth - surface < SAME:
        where = "nothing nearer on both sides of it"
    else:
        where = f"on both sides of it a surface at {surface:.2f} m"
    return [f"{verdict} · D {depth:.2f} m", f"{where}, limit {limit:.2f} m"]


def _superpixel(cut: PictureSuperpixels, number: int) -> str:
    points = int(cut.points[number])
    if not points:
        return f"superpixel {number} here: no point falls into it"
    return f"superpixel {number} here: depth {cut.depth[number]:.2f} m, {text.plural(points, 'point')}"


def count_rows(report: CameraReport) -> tuple[ValueRow, ...]:
    """Points visible, hidden and outside of one camera."""
    inside = report.visible + report.hidden
    share = f" · {100 * report.visible / inside:.1f} %" if inside else ""
    return (
        ValueRow("Visible", text.count(report.visible) + share, "Of the points in the picture", strong=True),
        ValueRow("Hidden", text.count(report.hidden), "In the picture, but behind something"),
        ValueRow("Outside", text.count(report.outside), "Not in this picture"),
    )


def score_rows(score: VisibilityScore) -> tuple[ValueRow, ...]:
    """How good the rule is, where the truth is known."""
    wrong, right = score.removed_right + score.kept_wrong, score.kept_right + score.removed_wrong
    return (
        ValueRow("Precision", _share(score.precision), MEASURES[3][2]),
        ValueRow("Recall", _share(score.recall), f"{MEASURES[4][2]}: {score.kept_right} of {right}"),
        ValueRow("F1", _share(score.f1), MEASURES[0][2], strong=True),
        ValueRow("F1 of hidden", _share(score.hidden_f1), MEASURES[1][2]),
        ValueRow(
            "Wrong removed",
            f"{text.count(score.removed_right)} of {text.count(wrong)} · {_share(score.removed)}",
            MEASURES[2][2],
            strong=True,
        ),
    )


def changed(options: VisibilityOptions, default: VisibilityOptions) -> str:
    """What is different from the options as they come, for the tooltip of the reset button."""
    if options == default:
        return "The rule and its numbers are as they come"
    name = {rule: words for rule, words, _tip in RULES}.get(default.rule, default.rule)
    usual = amount(default.rule, threshold_of(default))
    return (
        f"Back to {name}, {usual} + {100 * default.share:g} %, {default.segments} {default.superpixels} superpixels"
    )


def _share(value: float) -> str:
    return "–" if value != value else f"{100 * value:.1f} %"
