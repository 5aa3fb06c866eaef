"""The report on pseudo-labels: its files, and that they say the same as the labels that are written."""

from __future__ import annotations

import csv
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_drive import SmallDrive, write_small_drive

from app.core.affinity.embeddings import Embeddings
from app.core.affinity.inspection import BETTER, WORSE, Flip, instructive
from app.core.affinity.options import ANNOTATION_FREE, PseudoLabelOptions
from app.core.errors import UsageError
from app.core.geometry.superpoints import SuperpointOptions
from app.core.language.tiny_clip import write_tiny_clip
from app.core.tasks import entry
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source
from app.models.clip.source import ClipSource


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=3)


@pytest.fixture
def options(clip: ClipSource) -> PseudoLabelOptions:
    return PseudoLabelOptions(
        clip,
        setting=ANNOTATION_FREE,
        superpoints=SuperpointOptions("supervoxels", resolution=3.0),
        templates="plain",
        device="cpu",
        scale=0.3,
    )


@pytest.fixture
def unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CLIP that is sure of something else for every crop, so that the walk has labels to change."""

    def predictions(self: Embeddings, features: np.ndarray) -> np.ndarray:
        seeds = [zlib.crc32(row.tobytes()) for row in features]
        drawn = [np.random.default_rng(seed).dirichlet(np.ones(len(self.ids))) for seed in seeds]
        return np.array(drawn, np.float32).reshape(len(features), len(self.ids))

    monkeypatch.setattr(Embeddings, "predictions", predictions)


def report(drive: SmallDrive, out: Path, options: PseudoLabelOptions, **more):
    return run(
        entry("write_inspection")(Context(), source=Source(drive.root, "00"), out=out, options=options, **more)
    )


def test_a_report_says_what_written_labels_say(drive, options, unlike, tmp_path: Path) -> None:
    done = report(drive, tmp_path / "report", options)
    written = run(
        entry("write_pseudo_labels")(
            Context(), source=Source(drive.root, "00"), out=tmp_path / "labels", options=options
        )
    )
    summary = json.loads((tmp_path / "report/summary.json").read_text())
    for name in ("accuracy_before", "accuracy_after", "point_accuracy_after", "flips", "helped", "hurt"):
        assert summary[name] == done.summary[name] == written.report[name], name
    assert summary["flips"] > 0
    with (tmp_path / "report/flips.csv").open() as file:
        assert len(list(csv.DictReader(file))) == summary["flips"]
    page = (tmp_path / "report/report.md").read_text()
    shown = [line.split("(")[1].rstrip(")") for line in page.splitlines() if line.startswith("![")]
    assert {"plots/classes.png", "plots/matrix.png", "plots/scale.png", "plots/beta.png"} <= set(shown)
    assert sum(name.startswith("flips/") for name in shown) == min(summary["flips"], 20)
    for name in shown:
        assert np.asarray(Image.open(tmp_path / "report" / name)).std() > 1


def test_a_second_report_leaves_no_sheets_of_the_first(drive, options, unlike, tmp_path: Path) -> None:
    assert report(drive, tmp_path / "report", options).summary["flips"]
    report(drive, tmp_path / "report", replace(options, affinity=False), frames=(0, 1))
    assert not list((tmp_path / "report/flips").glob("*.png"))
    assert json.loads((tmp_path / "report/summary.json").read_text())["flips"] == 0


def test_without_ground_truth_it_says_so(options, tmp_path: Path) -> None:
    bare = write_small_drive(tmp_path / "bare", frames=1, labels=False)
    done = report(bare, tmp_path / "report", options)
    assert done.summary["accuracy_after"] is None
    assert "no ground truth" in (tmp_path / "report/report.md").read_text()


def test_what_cannot_be_reported_on_is_refused(drive, options, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inside the recording"):
        report(drive, drive.root / "report", options)
    with pytest.raises(UsageError, match="frames 0 to 2"):
        report(drive, tmp_path / "report", options, frames=(1, 9))
    bare = write_small_drive(tmp_path / "bare", frames=1, labels=False)
    with pytest.raises(UsageError, match="annotation-free"):
        report(bare, tmp_path / "report", replace(options, setting="zero-shot", unseen=("car",)))
    assert not (tmp_path / "report").exists()


def flip(before: int, after: int, verdict: str, margin: float) -> Flip:
    return Flip(0, 0, 0, "000000", 0, 5, before, after, after, margin, margin, verdict)


def test_every_kind_of_flip_has_its_turn() -> None:
    many = [flip(1, 2, BETTER, 0.1 * place) for place in range(5)]
    found = instructive([*many, flip(2, 1, WORSE, 0.0)], 3)
    assert [(one.before, round(one.margin_after, 1)) for one in found] == [(1, 0.4), (2, 0.0), (1, 0.3)]
