"""The checkpoint that tells demo surfaces: how it is kept, and the one that comes along."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from small_drive import write_small_drive
from surface_models import write_tiny_surface_model

from app.core.errors import LidarScopeError
from app.core.model_card import SURFACE, built_in
from app.core.surface.shipped import shipped
from app.core.surface_model import load_surface_model

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
MOST_BYTES = 10 << 20


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(SCRIPTS)
    yield
    sys.modules.pop("demo_surface", None)


def test_weights_are_kept_with_the_scores_they_reach(
    scripts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import demo_surface

    for name, value in {"STEP": 0.8, "TOLD": 1, "MEASURED": 1, "MAKERS": ("",)}.items():
        monkeypatch.setattr(demo_surface, name, value)
    drive = write_small_drive(tmp_path / "drive", frames=2, points=200).root
    weights, out = write_tiny_surface_model(tmp_path / "net"), tmp_path / "kept.safetensors"
    before = load_surface_model(weights, "cpu")
    demo_surface.keep_surface_model(weights, before.card, drive, out, MOST_BYTES)
    said = json.loads(capsys.readouterr().out)
    kept = load_surface_model(out, "cpu")
    assert kept.card.scores["accuracy"] == said["occupancy"]["accuracy"] > 0
    assert kept.card.notes[0] == demo_surface.KNOWS
    assert set(said["surfaces"]) == {""}
    for one, other in zip(before.head.parameters(), kept.head.parameters(), strict=True):
        torch.testing.assert_close(one.half().float(), other)
    with pytest.raises(LidarScopeError, match="at most 10 may ship"):
        demo_surface.keep_surface_model(weights, before.card, drive, out, 10)


def test_the_one_that_comes_along_says_what_it_is() -> None:
    path = built_in(SURFACE)
    assert path in shipped()
    assert path.stat().st_size <= MOST_BYTES
    card = load_surface_model(path, "cpu").card
    assert "knows no real" in card.notes[0]
    assert "demo worlds" in card.trained_on
    assert {"accuracy", "iou/empty", "iou/full", "f_score_10cm", "f_score_20cm"} <= set(card.scores)
