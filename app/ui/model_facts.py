"""What the model panel says of a checkpoint and of its work on a frame, as rows of name and value."""

from __future__ import annotations

from pathlib import Path

from app.core.evaluation.protocols import OFFICIAL, PRESENT
from app.core.model_card import ModelCard
from app.core.prediction.classes import label_set_of
from app.core.prediction.scores import Scores
from app.ui import text
from app.ui.score_table import percent
from app.ui.widgets.value_rows import ValueRow

SCORE_NAMES = {
    "miou": ("mIoU, all classes", OFFICIAL.title),
    "miou_present": ("mIoU, those present", PRESENT.title),
    "accuracy": ("Accuracy", "share of the labelled points whose class was predicted"),
}
"""How a run's own scores are called, and by which protocol they were counted."""

SHORT = 40


def checkpoint_name(path: Path) -> str:
    """What a checkpoint is called in the window: a run's by the run, another one by its file."""
    if path.parent.name == "checkpoints":
        return f"{path.parent.parent.name} · {path.stem}"
    return f"{path.parent.name} · {path.stem}" if path.stem == "watch" else path.stem


def card_rows(card: ModelCard, file: Path, size: int | None) -> tuple[ValueRow, ...]:
    """What the network is and where it came from; rows that would be empty are left out."""
    fields = " ".join(f"{name} {value}" for name, value in card.fields.items() if _telling(name, value))
    megabytes = f", {size / 2**20:.1f} MB" if size is not None else ""
    origin = "LidarScope's own layout" if card.layout == "ours" else f"the layout of {card.layout}"
    voxel = f"{100 * card.voxel_size:g} cm voxels"
    rows = [
        ValueRow("Network", f"{card.network} {fields}".strip(), f"{card.network}: {dict(card.fields)}"),
        ValueRow("Sees", voxel, f"{voxel}, {' '.join(card.columns)} a point"),
        ValueRow("Classes", f"{len(card.classes)} of {label_set_of(card).name}", ", ".join(card.classes)),
    ]
    if card.run or card.step:
        step = f"step {text.count(card.step)}" if card.step else ""
        run = " · ".join(part for part in (Path(card.run).name, step) if part)
        made = f"; recipe {card.recipe}" if card.recipe else ""
        rows.append(ValueRow("Run", run, f"Run {card.run}, {step}{made}"))
    if card.trained_on:
        rows.append(ValueRow("Trained on", card.trained_on))
    rows.append(ValueRow("File", file.name, f"{file}{megabytes}, {origin}"))
    return tuple(rows)


def score_rows(card: ModelCard) -> tuple[ValueRow, ...]:
    """The scores that a checkpoint carries, each with how it was counted."""
    rows = []
    for name, share in card.scores.items():
        words, protocol = SCORE_NAMES.get(name, (name, ""))
        tip = f"{words}: {percent(share)} on its own validation data" + (f"; {protocol}" if protocol else "")
        rows.append(ValueRow(words, percent(share), tip))
    return tuple(rows)


def work_rows(scores: Scores, points: int) -> tuple[ValueRow, ...]:
    """How fast and how good the network is on the frame in view, and over the frames seen."""
    report = scores.report
    if report is None:
        return ()
    how = f"{report.precision} on {report.device}, {text.plural(report.votes, 'vote')}"
    rate = points / report.seconds if report.seconds > 0 else 0.0
    rows = [
        ValueRow(
            "Time per frame", text.seconds(report.seconds), f"The network with its voxels: {how}", strong=True
        ),
        ValueRow("Points a second", text.count(round(rate)), f"{text.count(points)} points; {how}"),
        ValueRow("Computed", f"{report.precision} · {report.device}", how),
    ]
    for words, confusion in (("mIoU here", scores.frame), (f"mIoU of {frames(scores)}", scores.total)):
        if confusion is not None and confusion.points:
            there = int(confusion.present.sum())
            value = f"{percent(confusion.miou(OFFICIAL))} · {percent(confusion.miou(PRESENT))} of {there}"
            tip = f"{OFFICIAL.title}; then {PRESENT.title} ({there})"
            rows.append(ValueRow(words, value, tip))
    return tuple(rows)


def frames(scores: Scores) -> str:
    """How many labelled frames were counted."""
    return text.plural(scores.frames, "frame")


def _telling(name: str, value: object) -> bool:
    """Whether a field of a network's config says something that a row has room for."""
    return (
        name not in ("num_classes", "in_channels")
        and isinstance(value, (int, float, str))
        and len(str(value)) < SHORT
    )
