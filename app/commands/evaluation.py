"""How good predictions are, and submissions: ``evaluate``, ``export-submission``, ``check-submission``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.shared import (
    ColumnsOption,
    JsonOption,
    LabelsOption,
    leave,
    must_exist,
    open_options,
    print_json,
    run_here,
)

BAD_INPUT = 2

commands = typer.Typer()

PredictionsPath = Annotated[
    Path, typer.Argument(help="A run's folder, a checkpoint, or a folder with sequences/NN/predictions/*.label.")
]
SequencesOption = Annotated[
    list[str] | None, typer.Option("--sequence", help="Only this sequence; may be repeated.")
]
VotesOption = Annotated[int, typer.Option(min=1, help="Turned copies of a frame that a network averages.")]
DeviceOption = Annotated[str, typer.Option(help="Where a network runs: auto, cpu, cuda:0 …")]
PrecisionOption = Annotated[str, typer.Option(help="Numbers of a network: auto, fp32 or bf16.")]


@commands.command()
def evaluate(
    predictions: PredictionsPath,
    data: Annotated[Path, typer.Option(help="The recording with the labels.")],
    protocol: Annotated[str, typer.Option(help="semantickitti (official), spvnas or present.")] = "semantickitti",
    sequence: SequencesOption = None,
    front_view: Annotated[bool, typer.Option("--front-view", help="Only points in the front picture.")] = False,
    camera: Annotated[str | None, typer.Option(help="The camera of the front view.")] = None,
    boundary: Annotated[
        float | None, typer.Option(help="Also near other classes: within this many metres.")
    ] = None,
    range_bins: Annotated[bool, typer.Option("--range-bins", help="Also by distance, 10 m each.")] = False,
    unseen: Annotated[
        str | None, typer.Option(help="Classes without labels in training, for hIoU: affinity3d, or a,b,c.")
    ] = None,
    votes: VotesOption = 1,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    columns: ColumnsOption = None,
    label_map: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold predictions against the labels of a recording."""
    from app.core.evaluation.scoring import Wanted
    from app.core.evaluation.splits import unseen_of

    must_exist(data)
    wanted = Wanted(
        protocol=protocol,
        front_view=front_view or camera is not None,
        camera=camera,
        boundary=boundary,
        range_bins=range_bins,
        unseen=unseen_of(unseen) if unseen else (),
    )
    report = run_here(
        "evaluate",
        predictions=predictions,
        data=data,
        options=open_options(columns, label_map),
        sequences=sequence,
        wanted=wanted,
        votes=votes,
        device=device,
        precision=precision,
    ).report()
    if as_json:
        print_json(report)
    else:
        print("\n".join(_lines(report)))


@commands.command("export-submission")
def export_submission(
    predictions: PredictionsPath,
    out: Annotated[Path, typer.Option(help="The submission, a .zip.")],
    data: Annotated[
        Path | None, typer.Option(help="SemanticKITTI's folder with the scans; that of the predictions without.")
    ] = None,
    sequence: SequencesOption = None,
    description: Annotated[Path | None, typer.Option(help="Text file that becomes description.txt.")] = None,
    votes: VotesOption = 1,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Write a submission to SemanticKITTI's server: sequences 11 to 21, every scan."""
    done = run_here(
        "export_submission",
        predictions=predictions,
        data=predictions if data is None else data,
        out=out,
        sequences=sequence,
        description=description,
        votes=votes,
        device=device,
        precision=precision,
    )
    if as_json:
        print_json({"path": str(done.path), "scans": done.scans, "sequences": done.sequences})
    else:
        print(f"{done.path}: {done.scans} scans of {done.sequences} sequences")


@commands.command("check-submission")
def check_submission(
    path: Annotated[Path, typer.Argument(help="The submission, a .zip.")],
    data: Annotated[Path, typer.Option(help="SemanticKITTI's folder with the scans.")],
    sequence: SequencesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a submission back; says every problem, and ends with status 2 where there is one."""
    problems = run_here("check_submission", path=path, data=data, sequences=sequence)
    if as_json:
        print_json({"path": str(path), "ready": not problems, "problems": problems})
    else:
        print("\n".join(f"problem: {sentence}" for sentence in problems) or f"{path}: ready to submit")
    leave(BAD_INPUT if problems else 0)


def _lines(report: dict[str, Any]) -> list[str]:
    """The report for people: shares in per cent, classes below each other."""
    lines = [f"mIoU {_percent(report['miou'])}  ({report['protocol']}: {report['protocol_title']})"]
    lines.append(f"mIoU over the classes present {_percent(report['present_miou'])}")
    lines.append(
        f"accuracy {_percent(report['accuracy'])}, {report['points']} points, {report['frames']} labelled frames"
    )
    for name, value in report["iou"].items():
        absent = "" if report["recall"][name] is not None else "  no labelled point"
        lines.append(f"  {name:22}{_percent(value):>8}{absent}")
    if "hiou" in report:
        sides = ", ".join(f"{name} {_percent(report[f'{name}_miou'])}" for name in ("seen", "unseen"))
        lines.append(f"hIoU {_percent(report['hiou'])} ({sides})")
    if "boundary" in report:
        near, inner = report["boundary"], report["inner"]
        lines.append(
            f"within {near['radius']:g} m of another class: mIoU {_percent(near['miou'])}, present "
            f"{_percent(near['present_miou'])}, {near['points']} points; elsewhere: {_percent(inner['miou'])}, "
            f"present {_percent(inner['present_miou'])}, {inner['points']} points"
        )
    lines += [
        f"{entry['from']:g} to {entry['to']:g} m: mIoU {_percent(entry['miou'])}, present "
        f"{_percent(entry['present_miou'])}, {entry['points']} points"
        for entry in report.get("range_bins", ())
    ]
    if report["front_view"]:
        lines.append(f"only points in the picture of {', '.join(report['front_view'])}")
    return lines + [f"note: {sentence}" for sentence in report["notes"]]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"
