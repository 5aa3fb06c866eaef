"""The program that measures what clusters within classes are worth: equal fields, and going on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_drive import write_small_drive

from app.core.model_card import built_in
from benchmarks import clusters
from benchmarks.clusters import CLASSES, FEW, ONE, SCRATCH, SIDES, TRAINED, WITH, WITHOUT, Bench, Job


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    data, val = (write_small_drive(tmp_path_factory.mktemp("drive"), frames=n, points=200).root for n in (3, 1))
    return Bench(
        data=data, sequences=("00",), val=val, val_sequences=("00",), out=tmp_path_factory.mktemp("out"),
        init=built_in(), fields={"voxel_size": "0.5", "network_fields.cr": "0.05", "max_steps": "2"},
        rates={SCRATCH: "0.05", TRAINED: "0.005"}, own={"clusters": "3"}, seeds=1, protocol="present", processes=1,
    )  # fmt: skip


def test_both_sides_have_the_same_fields(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def note(folder: Path, name: str, settings: dict[str, str], _data: Path) -> dict[str, float]:
        seen[folder.name] = name, settings
        return {}

    monkeypatch.setattr(clusters, "trained_to_the_end", note)
    monkeypatch.setattr(clusters, "miou", lambda *_: 0.5)
    monkeypatch.setattr(clusters, "once", lambda _folder, work: work())
    for start in (SCRATCH, TRAINED):
        for side in SIDES:
            clusters.trained(bench, Job(start, side, 1))
        recipe, settings = seen[f"{start}-{WITH}-1"]
        other, without = seen[f"{start}-{WITHOUT}-1"]
        assert (recipe, other) == ("clusters", "supervised")
        assert settings == {**without, "clusters": "3"}
        assert seen[f"{start}-{ONE}-1"] == ("clusters", {**without, "clusters": "1"})
        assert seen[f"{start}-{FEW}-1"][1]["clusters"] == "8"
        varied = {**without, "clusters": "3", "negatives": "other_classes"}
        assert seen[f"{start}-{CLASSES}-1"] == ("clusters", varied)
    assert seen[f"{TRAINED}-{WITH}-1"][1]["init"] == str(built_in())
    assert "init" not in seen[f"{SCRATCH}-{WITH}-1"][1]


def test_it_measures_and_does_nothing_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(bench, starts=(SCRATCH,))
    result = clusters.measure(own)
    assert [entry["side"] for entry in result["scores"]] == [WITHOUT, WITH]
    assert all(0 <= entry["miou"] <= 1 for entry in result["scores"])
    told = clusters.table(result)
    assert told.count("| random weights |") == 2
    assert "+" in told.splitlines()[3] or "-" in told.splitlines()[3].rsplit("|", 2)[1]
    monkeypatch.setattr(clusters, "trained_to_the_end", None)
    assert clusters.measure(own)["scores"] == result["scores"]
