"""The guided tour goes through on a small drive: every step checks something and leaves a picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from app.ui import tour
from app.ui.tour_steps import STEPS


def test_the_tour_leaves_a_picture_and_a_check_of_each_step(tmp_path: Path, drive: Path) -> None:
    out = tmp_path / "tour"
    steps = tour.run(drive, out, size=(1280, 800))
    told = json.loads((out / "tour.json").read_text())["steps"]
    assert [step["name"] for step in told] == [step.name for step in steps]
    assert len(steps) >= len(STEPS)
    for step in told:
        assert step["checked"], f"step {step['name']} checks nothing"
        picture = np.asarray(Image.open(out / step["picture"]).convert("RGB"))
        assert len(np.unique(picture[::4, ::4].reshape(-1, 3), axis=0)) > 50, step["name"]
