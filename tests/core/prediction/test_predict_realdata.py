"""Prediction on recorded scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.methods.predict import PredictOptions, write_tiny
from app.core.session import Session
from app.core.tasks.engine import LocalEngine


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> PredictOptions:
    path = write_tiny(tmp_path_factory.mktemp("net") / "tiny.safetensors")
    return PredictOptions(path, device="cpu", precision="fp32")


@pytest.mark.realdata
def test_a_recorded_scan_is_predicted_and_scored(realdata: Path, options: PredictOptions) -> None:
    session = Session(LocalEngine())
    session.open(realdata / "semantickitti")
    session.set_method("predict", options)
    for name in ("prediction", "confidence", "entropy", "prediction_error", "features"):
        session.set_layer(name)
        assert len(session.layer_data("left").values) == 124_668
    assert session.scores.frames == 1
    assert session.scores.frame.matrix.sum() == 124_668
    assert session.scores.frame.points == 119_782
    session.go_to(1)
    assert "no labels" in session.scores.report.why
    assert session.scores.frames == 1


@pytest.mark.realdata
def test_a_network_of_other_classes_is_shown_with_its_own(realdata: Path, options: PredictOptions) -> None:
    session = Session(LocalEngine())
    session.open(realdata / "nuscenes")
    session.set_method("predict", options)
    session.set_layer("prediction")
    data = session.layer_data("left")
    assert data.label_set.name == "SemanticKITTI"
    assert np.isin(data.values, np.arange(1, 20)).all()
    row = next(row for row in session.layers() if row.name == "prediction_error")
    assert not row.available
    assert "SemanticKITTI" in row.why or "no labels" in row.why
