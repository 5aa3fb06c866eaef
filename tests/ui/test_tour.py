"""The guided tour goes through on a small drive: every step checks something and leaves a picture."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from app.core.methods.predict import write_tiny
from app.ui import tour
from app.ui.tour_steps import STEPS
from app.ui.tour_steps_models import models
from app.ui.tour_steps_words import choosing, words

WORDS = {
    "text query", "several prompts", "relevancy", "thumbnails", "sequence search", "by example",
    "by example in the picture", "known classes in words",
}  # fmt: skip
"""Steps that ask in words, taken where the demo CLIP is."""


@pytest.mark.timeout(400)  # it starts three training runs, each a process of its own
def test_the_tour_leaves_a_picture_and_a_check_of_each_step(tmp_path: Path, drive: Path) -> None:
    out = tmp_path / "tour"
    tiny = write_tiny(tmp_path / "tiny.safetensors", seed=3)
    steps = tour.run(drive, out, size=(1280, 800), checkpoint=tiny)
    read = json.loads((out / "tour.json").read_text())
    told = read["steps"]
    names = {step["name"] for step in told}
    assert {"predict live", "right and wrong", "confusion click", "similar points", "training used"} <= names
    assert not [why for why in read["left_out"] if "rediction" in why or "network" in why]
    assert names >= WORDS or any("demo CLIP" in why for why in read["left_out"])
    assert [step["name"] for step in told] == [step.name for step in steps]
    assert len(steps) >= len(STEPS)
    for step in told:
        assert step["checked"], f"step {step['name']} checks nothing"
        picture = np.asarray(Image.open(out / step["picture"]).convert("RGB"))
        assert len(np.unique(picture[::4, ::4].reshape(-1, 3), axis=0)) > 50, step["name"]


def test_steps_that_need_a_network_are_left_out_with_the_reason() -> None:
    said: list[str] = []
    models(SimpleNamespace(checkpoint=None, leave_out=said.append), None, None)  # type: ignore[arg-type]
    assert len(said) == 1 and "--checkpoint" in said[0]


def test_steps_in_words_are_left_out_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(choosing, "demo", lambda: choosing.from_path(tmp_path / "nowhere"))
    words(SimpleNamespace(leave_out=said.append), None, None)  # type: ignore[arg-type]
    assert len(said) == 1 and "demo CLIP" in said[0]
