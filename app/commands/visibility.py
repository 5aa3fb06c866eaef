"""Visibility on the command line: what the cameras see by a rule, and how right that is."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import (
    ColumnsOption,
    DataPath,
    JsonOption,
    LabelsOption,
    SequenceOption,
    must_exist,
    print_json,
    run_here,
    source_of,
)
from app.core.errors import UsageError

commands = typer.Typer()

ALL = "all"
UNKNOWN = ("precision", "recall", "f1", "hidden_f1", "wrong_matches", "wrong_removed")
"""What is known only where the truth is."""


@commands.command()
def visibility(
    path: DataPath,
    frame: Annotated[int | None, typer.Option(help="Number of the frame, from 0; 0 without.")] = None,
    frames: Annotated[str | None, typer.Option(help="Frames A to B − 1, as A:B, in place of one.")] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", help="slope, paper, zbuffer, depth_ratio or all; may be repeated; slope without."),
    ] = None,
    t_d: Annotated[float | None, typer.Option("--t-d", help="T_D of the rule paper, metres; 0.5 without.")] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Metres behind the surface (slope, zbuffer); 0.3 without.")
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="And this share of the depth (slope, zbuffer); 0.1 without.")
    ] = None,
    ratio: Annotated[
        float | None, typer.Option(help="Share of the surface's depth (depth_ratio); 0.1 without.")
    ] = None,
    radius: Annotated[
        float | None, typer.Option(help="Pixels that a point covers (zbuffer, depth_ratio); 2 without.")
    ] = None,
    superpixels: Annotated[
        str | None, typer.Option(help="Kind of the rule paper: slic, felzenszwalb or grid; slic without.")
    ] = None,
    segments: Annotated[
        int | None, typer.Option(help="Superpixels of a picture (paper), about; 700 without.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Masks of the points: an .npz, or a folder for several frames.")
    ] = None,
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which points the cameras see, and on demo drives how right that is."""
    from app.core.geometry.visibility import VisibilityOptions

    must_exist(path)
    if frame is not None and frames is not None:
        raise UsageError("Give --frame or --frames, not both.")
    stated = {
        "threshold": t_d, "tolerance": tolerance, "share": share, "ratio": ratio, "radius": radius,
        "superpixels": superpixels, "segments": segments,
    }  # fmt: skip
    names = _rules(rule)
    _check_used({name for name, value in stated.items() if value is not None}, names)
    numbers: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    if out is not None and len(names) > 1:
        raise UsageError("Masks are of one rule: give one --rule with --out.")
    done = run_here(
        "measure_visibility",
        source=source_of(path, sequence, columns, label_map),
        frames=_span(frames) if frames is not None else (frame or 0, (frame or 0) + 1),
        rules=tuple(VisibilityOptions(rule=name, **numbers) for name in names),
        out=out,
    )
    if as_json:
        print_json(_about(path, done))
    else:
        print("\n".join(_lines(done)))


USED = {
    "threshold": ("paper",), "superpixels": ("paper",), "segments": ("paper",), "tolerance": ("slope", "zbuffer"),
    "share": ("slope", "zbuffer"), "ratio": ("depth_ratio",), "radius": ("zbuffer", "depth_ratio"),
}  # fmt: skip
"""Which rules an option is of."""


def _check_used(stated: set[str], names: tuple[str, ...]) -> None:
    """An option that none of the rules looks at would do nothing: say so."""
    for name in sorted(stated):
        if not set(USED[name]) & set(names):
            shown = "--t-d" if name == "threshold" else f"--{name}"
            raise UsageError(f"{shown} is of the rules {', '.join(USED[name])}; add --rule {USED[name][0]}.")


def _rules(named: list[str] | None) -> tuple[str, ...]:
    from app.core.geometry.visibility import RULES

    wanted = tuple(dict.fromkeys(named or ("slope",)))
    if ALL in wanted:
        return RULES
    for name in wanted:
        if name not in RULES:
            raise UsageError(f"There is no visibility rule '{name}'; there are: {', '.join(RULES)}, {ALL}.")
    return wanted


def _span(text: str) -> tuple[int, int]:
    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal()):
        raise UsageError(f"--frames is A:B, as in 0:40 for the first forty; found '{text}'.")
    return int(first), int(end)


def _about(path: Path, done: Any) -> dict[str, Any]:
    """One object: the first rule's cameras at the top, where scripts look for them, and every rule below."""
    rules = [_rule(one) for one in done.rules]
    head = rules[0]
    return {
        "path": str(path), "rule": head["rule"], "frames": head["frames"], "cameras": head["cameras"],
        "unknown": head["unknown"], "rules": rules, "written": [str(file) for file in done.written],
        "notes": list(done.notes),
    }  # fmt: skip


def _rule(one: Any) -> dict[str, Any]:
    cameras = {name: _camera(entry) for name, entry in one.cameras.items()}
    lacking = sorted({name for entry in cameras.values() for name in UNKNOWN if entry[name] is None})
    return {
        "rule": one.options.rule, "options": asdict(one.options), "frames": one.frames, "cameras": cameras,
        "unknown": lacking, "milliseconds": round(one.milliseconds, 3),
    }  # fmt: skip


def _camera(entry: Any) -> dict[str, Any]:
    score = entry.score
    figures: dict[str, Any] = dict.fromkeys(UNKNOWN)
    if score is not None:
        figures = {
            "precision": score.precision, "recall": score.recall, "f1": score.f1, "hidden_f1": score.hidden_f1,
            "wrong_matches": score.removed_right + score.kept_wrong, "wrong_removed": score.removed,
        }  # fmt: skip
    plain = {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in figures.items()
    }
    return {"visible": entry.visible, "hidden": entry.hidden, "outside": entry.outside, **plain}


HEADS = ("rule", "camera", "visible", "hidden", "outside", "precision", "recall", "F1", "wrong removed", "ms")


def _lines(done: Any) -> list[str]:
    """A table, and a sentence on what is not known."""
    rows = [HEADS]
    blind: set[str] = set()
    for one in done.rules:
        for name, entry in one.cameras.items():
            figures = _camera(entry)
            if entry.score is None:
                blind.add(name)
            rows.append(
                (
                    one.options.rule, name, str(entry.visible), str(entry.hidden), str(entry.outside),
                    *(_figure(figures[key]) for key in ("precision", "recall", "f1", "wrong_removed")),
                    f"{one.milliseconds:.1f}",
                )
            )  # fmt: skip
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    lines = [
        "  ".join(
            cell.ljust(wide) if place < 2 else cell.rjust(wide)
            for place, (cell, wide) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    if blind:
        lines.append(
            f"unknown for {', '.join(sorted(blind))}: precision, recall, F1 and wrong matches; what a camera "
            "really sees is known on demo drives alone, of their first camera"
        )
    return [*lines, *(f"written: {file}" for file in done.written), *(f"note: {words}" for words in done.notes)]


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
