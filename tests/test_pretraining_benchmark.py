"""The program that measures what pretraining is worth: its rows, going on, and the published passes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from small_drive import write_small_drive

from app.core.errors import UsageError
from app.core.training import run as runs
from benchmarks import pretraining
from benchmarks.pretraining import ANY, NEAREST, SCRATCH, Bench, Job


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    data, val = (write_small_drive(tmp_path_factory.mktemp("drive"), frames=n, points=200).root for n in (4, 1))
    return Bench(
        data=data, sequences=("00",), val=val, val_sequences=("00",), out=tmp_path_factory.mktemp("out"),
        recipe="demo_also", common={"voxel_size": "0.5", "precision": "32", "network_fields.cr": "0.05"},
        own={"max_steps": "2"}, pretraining=2, fractions=(0.5,), seeds=2, published=False, protocol="present",
        processes=1,
    )  # fmt: skip


def test_fields_are_the_same_but_for_what_is_begun_with(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def note(folder: Path, name: str, settings: dict[str, str], data: Path) -> dict[str, float]:
        seen[folder.name] = name, settings
        return {}

    monkeypatch.setattr(pretraining, "trained_to_the_end", note)
    monkeypatch.setattr(pretraining, "miou", lambda *_: 0.5)
    monkeypatch.setattr(pretraining, "once", lambda folder, work: work())
    for start in (SCRATCH, NEAREST, ANY):
        pretraining.trained(bench, Job(start, 0.5, 1))
    fields = {name: settings for name, (_, settings) in seen.items()}
    scratch = fields["scratch-0.5-1"]
    for start in (NEAREST, ANY):
        own = dict(fields[f"{start}-0.5-1"])
        assert own.pop("init") == str(bench.out / "runs" / start)
        assert {**own, "standardise": "true"} == scratch
    assert scratch["seed"] == "1"
    assert scratch["max_steps"] == "2"


def test_it_goes_on_where_it_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(bench, starts=(NEAREST,), seeds=1)
    result = pretraining.measure(own)
    assert [entry["start"] for entry in result["scores"]] == [NEAREST]
    assert result["pretraining"][NEAREST]["accuracy"] > 0
    assert all(0 <= entry["miou"] <= 1 for entry in result["scores"])
    monkeypatch.setattr(runs, "train", None)
    monkeypatch.setattr(runs, "resume", None)
    again = pretraining.measure(own)
    assert again["scores"] == result["scores"]
    assert json.loads((bench.out / "results.json").read_text())["scores"] == result["scores"]


def test_a_run_that_was_stopped_is_not_scored(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "train", lambda *_: runs.Outcome("stopped", 1, {}))
    with pytest.raises(UsageError, match="stopped at step 1"):
        pretraining.trained(replace(bench, out=tmp_path), Job(SCRATCH, 0.5, 0))
    assert not list(tmp_path.rglob("scores.json"))


def test_the_published_passes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(pretraining, "trained_to_the_end", lambda _f, _n, settings, _d: seen.append(settings) or {})
    monkeypatch.setattr(pretraining, "miou", lambda *_: 0.5)
    monkeypatch.setattr(pretraining, "once", lambda folder, work: work())
    published = replace(bench, published=True, recipe="also", common={}, own={}, pretraining=0)
    pretraining.trained(published, Job(NEAREST, 0.01, 0))
    pretraining.trained(published, Job(SCRATCH, 1.0, 0))
    few, all_of_them = seen
    assert (few["epochs"], few["label_protocol"], few["learning_rate"]) == ("500", "segcontrast", "0.001")
    assert (all_of_them["epochs"], "label_protocol" in all_of_them) == ("30", False)


def test_gains_are_told_seed_by_seed() -> None:
    scores = [
        {"start": start, "fraction": 0.01, "seed": seed, "miou": miou}
        for start, mious in ((SCRATCH, (0.2, 0.4)), (NEAREST, (0.25, 0.45)))
        for seed, miou in enumerate(mious)
    ]
    told = pretraining.table({"scores": scores, "pretraining": {NEAREST: {"accuracy": 0.8}}, "seconds": 60})
    assert "| 1 % | from scratch | 30.0 ± 14.1 |  |" in told
    assert "| 1 % | ALSO, nearest points | 35.0 ± 14.1 | +5.0 ± 0.0 |" in told
    assert "any points" not in told
