"""Pseudo-labels on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.asking import ClipModelOption, ClipOption, TemplatesOption, clip_of
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

QueueOption = Annotated[int | None, typer.Option(help="Instances of a queue of adjacent frames.")]
ScaleOption = Annotated[
    float | None, typer.Option(help="Amplify factor of the affinity; 0.5 of the CLIP's logit scale without.")
]
BetaOption = Annotated[float | None, typer.Option(help="β, the power of the affinity; the paper: 2.")]
SuperpointsOption = Annotated[
    str | None, typer.Option(help="What instances are: dbscan, supervoxels …; the setting's own without.")
]
RuleOption = Annotated[str | None, typer.Option(help="Visibility rule: slope, zbuffer, depth_ratio or paper.")]


@commands.command("pseudo-label")
def pseudo_label(
    path: DataPath,
    out: Annotated[Path, typer.Option(help="Folder for SETTING/sequences/NN; the same one goes on.")],
    setting: Annotated[str, typer.Option(help="zero-shot or annotation-free.")] = "zero-shot",
    unseen: Annotated[
        list[str] | None,
        typer.Option(
            "--unseen", help="An unseen class of the zero-shot setting; may be repeated; the paper's without."
        ),
    ] = None,
    frames: Annotated[str | None, typer.Option(help="Only frames A to B − 1, as A:B.")] = None,
    no_affinity: Annotated[
        bool, typer.Option("--no-affinity", help="Leave predictions as CLIP makes them.")
    ] = False,
    no_visibility: Annotated[
        bool, typer.Option("--no-visibility", help="Label all points of an instance, hidden ones too.")
    ] = False,
    queue: QueueOption = None,
    scale: ScaleOption = None,
    beta: BetaOption = None,
    walks: Annotated[int | None, typer.Option(help="How often predictions are propagated.")] = None,
    corrections: Annotated[
        bool, typer.Option("--corrections", help="Put in what was said by hand of this recording.")
    ] = False,
    superpoints: SuperpointsOption = None,
    rule: RuleOption = None,
    templates: TemplatesOption = "street",
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Label a sequence by CLIP, corrected by affinity and guarded by visibility (Affinity3D)."""
    from app.core.affinity.options import PseudoLabelOptions, grouping_of
    from app.core.geometry.visibility import VisibilityOptions

    must_exist(path)
    if no_affinity and any(value is not None for value in (queue, scale, beta, walks)):
        raise UsageError("--queue, --scale, --beta and --walks are of the affinity; leave out --no-affinity.")
    if no_visibility and rule is not None:
        raise UsageError("--rule is of the visibility; leave out --no-visibility.")
    options = PseudoLabelOptions(
        clip_of(clip, clip_model),
        setting=setting,
        guard=not no_visibility,
        templates=templates,
        affinity=not no_affinity,
        **_stated(
            unseen=None if unseen is None else tuple(dict.fromkeys(unseen)),
            queue=queue,
            scale=scale,
            beta=beta,
            walks=walks,
            superpoints=grouping_of(superpoints, setting),
            visibility=None if rule is None else VisibilityOptions(rule),
        ),
    )
    done = run_here(
        "write_pseudo_labels",
        source=source_of(path, sequence, columns, label_map),
        out=out,
        options=options,
        frames=None if frames is None else _frames(frames),
        corrections=corrections,
    )
    if as_json:
        about = {"path": str(done.folder), "setting": setting, "frames": done.frames, "computed": done.computed}
        print_json({**about, **done.report, "notes": list(done.notes), "seconds": round(done.seconds, 3)})
    else:
        print("\n".join(_lines(done)))


@commands.command("inspect-labels")
def inspect_labels(
    path: DataPath,
    out: Annotated[Path, typer.Option(help="Folder for the report.")],
    setting: Annotated[str, typer.Option(help="zero-shot or annotation-free.")] = "zero-shot",
    unseen: Annotated[
        list[str] | None,
        typer.Option("--unseen", help="An unseen class of the zero-shot setting; may be repeated."),
    ] = None,
    frames: Annotated[str | None, typer.Option(help="Only frames A to B − 1, as A:B.")] = None,
    queue: QueueOption = None,
    scale: ScaleOption = None,
    beta: BetaOption = None,
    superpoints: SuperpointsOption = None,
    rule: RuleOption = None,
    templates: TemplatesOption = "street",
    clip: ClipOption = None,
    clip_model: ClipModelOption = "",
    sequence: SequenceOption = None,
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report why pseudo-labels are what they are: tables, plots, and the flips that teach most as pictures."""
    from app.core.affinity.options import PseudoLabelOptions, grouping_of
    from app.core.geometry.visibility import VisibilityOptions

    must_exist(path)
    options = PseudoLabelOptions(
        clip_of(clip, clip_model),
        setting=setting,
        templates=templates,
        **_stated(
            unseen=None if unseen is None else tuple(dict.fromkeys(unseen)),
            queue=queue,
            scale=scale,
            beta=beta,
            superpoints=grouping_of(superpoints, setting),
            visibility=None if rule is None else VisibilityOptions(rule),
        ),
    )
    done = run_here(
        "write_inspection",
        source=source_of(path, sequence, columns, label_map),
        out=out,
        options=options,
        frames=None if frames is None else _frames(frames),
    )
    if as_json:
        about = {"path": str(done.folder), "frames_read": done.frames, **done.summary}
        print_json({**about, "notes": list(done.notes), "seconds": round(done.seconds, 3)})
        return
    summary = done.summary
    print(f"{done.folder / 'report.md'}: {_count(done.frames, 'frame')}, {done.seconds:.1f} s")
    if summary["judged"]:
        before, after = 100 * summary["accuracy_before"], 100 * summary["accuracy_after"]
        print(
            f"accuracy of {_count(summary['judged'], 'superpoint')}: {before:.2f} % before affinity, "
            f"{after:.2f} % after"
        )
    print(_flips(summary))
    for sentence in done.notes:
        print(f"note: {sentence}")


def _stated(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _frames(text: str) -> tuple[int, int]:
    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal()):
        raise UsageError(f"--frames is A:B, as in 0:40 for the first forty; found '{text}'.")
    return int(first), int(end)


def _lines(done: Any) -> list[str]:
    report = done.report
    lines = [
        f"{done.folder}: {_count(done.frames, 'frame')} ({done.computed} read now), "
        f"{_count(report['superpoints'], 'superpoint')}, {done.seconds:.1f} s"
    ]
    if report["judged"]:
        before, after = 100 * report["accuracy_before"], 100 * report["accuracy_after"]
        lines.append(
            f"accuracy of {_count(report['judged'], 'superpoint')} with ground truth: {before:.2f} % before "
            f"affinity, {after:.2f} % after"
        )
    if report["labelled_points"]:
        before, after = 100 * report["point_accuracy_before"], 100 * report["point_accuracy_after"]
        lines.append(f"accuracy of {report['labelled_points']} points: {before:.2f} % before, {after:.2f} % after")
    lines.append(_flips(report))
    for flip in report["flips_by_pair"][:8]:
        told = f" ({flip['helped']} better, {flip['hurt']} worse)" if report["judged"] else ""
        lines.append(f"  {flip['before']} → {flip['after']}: {flip['count']}{told}")
    return lines + [f"note: {sentence}" for sentence in done.notes]


def _flips(report: Any) -> str:
    """How many labels affinity changed; to the better or worse only where there is a ground truth."""
    flips = _count(report["flips"], "flip")
    if not report["judged"]:
        return f"{flips}; no ground truth says which are to the better"
    return f"{flips}, {report['helped']} to the better, {report['hurt']} to the worse"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
