"""A distilled network's features, and what refuses a network that is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core.errors import DataError, UsageError
from app.core.methods import find
from app.core.methods.base import Given, drain, pinned
from app.core.methods.network_features import NetworkFeatureOptions, write_tiny_distilled
from app.core.methods.predict import PredictOptions, write_tiny
from app.core.model_card import ModelCard, load_model
from app.core.network_inputs import frame_input
from app.core.prediction.predictor import Predictor
from app.core.tasks.context import Context, Source
from app.core.types import Frame
from app.models import checkpoints

METHOD = find("network_features")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_distilled(tmp_path_factory.mktemp("net") / "d.safetensors", clip="abcdef012345", size=24)


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=2, points=150)


def given_of(drive: SmallDrive, checkpoint: Path, **about: object) -> Given:
    options = NetworkFeatureOptions(checkpoint, device="cpu", precision="fp32", **about)  # type: ignore[arg-type]
    context, source = Context(), Source(drive.root, "00")
    frame = context.frame(source, 0)
    return Given(context, source, frame, None, pinned((("network_features", options),)))


def test_features_are_the_networks_own_at_unit_length(drive: SmallDrive, weights: Path) -> None:
    import torch

    given = given_of(drive, weights)
    assert given.missing("network_features") is None
    found = drain(given.result("network_features"))
    model = load_model(weights, "cpu")
    voxels = frame_input(given.frame, model.card)
    with torch.no_grad():
        own = model.network(torch.from_numpy(voxels.coords), torch.from_numpy(voxels.feats)).numpy()
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    np.testing.assert_allclose(found.table, own, atol=2e-3)
    np.testing.assert_array_equal(found.row, voxels.inverse)
    assert (found.way, found.clip) == ("network", "abcdef012345")
    assert "d.safetensors" in found.origin
    assert METHOD.about(given.options["network_features"]).clip_dim == 24


def test_it_needs_no_camera(weights: Path, drive: SmallDrive) -> None:
    options = METHOD.pinned(NetworkFeatureOptions(weights, device="cpu"))
    bare = Frame(0, "0", np.ones((5, 3), np.float32), intensity=np.ones(5, np.float32))
    assert METHOD.missing(bare, None, options) is None
    assert "intensity" in METHOD.missing(Frame(0, "0", bare.points), None, options)
    assert METHOD.missing(bare, None, None).startswith("Choose")


def test_a_stored_frame_needs_no_network(drive: SmallDrive, weights: Path) -> None:
    first = drain(given_of(drive, weights).result("network_features"))
    given = given_of(drive, weights)
    again = drain(given.result("network_features"))
    np.testing.assert_array_equal(again.table, first.table)
    pin = given.options["network_features"]
    assert given.context.held_model(("network_features", pin.checkpoint, pin.stamp, "cpu")) is None


def test_a_network_that_was_not_distilled_is_refused(tmp_path: Path, drive: SmallDrive) -> None:
    plain = write_tiny(tmp_path / "plain.safetensors")
    why = given_of(drive, plain).missing("network_features")
    assert "not distilled" in why
    assert "plain.safetensors" in why
    assert "does not exist" in given_of(drive, tmp_path / "nothing").missing("network_features")


def test_a_distilled_network_predicts_no_classes(weights: Path, drive: SmallDrive) -> None:
    predict = find("predict")
    frame = given_of(drive, weights).frame
    assert "predicts no classes" in predict.missing(frame, None, predict.pinned(PredictOptions(weights)))
    with pytest.raises(UsageError, match="predicts no classes"):
        Predictor(load_model(weights, "cpu"))


def test_the_card_says_which_clip(weights: Path, tmp_path: Path) -> None:
    card = load_model(weights, "cpu").card
    assert (card.clip, card.clip_dim, card.classes) == ("abcdef012345", 24, ())
    assert card.distilled
    assert card.outputs == 24
    older = ModelCard("minkunet", {}, classes=("a", "b"))
    assert not older.distilled
    assert older.outputs == 2
    wrong = ModelCard("minkunet", {"cr": 0.07, "num_classes": 24}, clip="abcdef012345", clip_dim=23)
    path = tmp_path / "wrong.safetensors"
    checkpoints.save(path, load_model(weights, "cpu").network, "minkunet", metadata=wrong.metadata())
    with pytest.raises(DataError, match="23 features"):
        load_model(path, "cpu")


def test_scores_that_are_no_numbers_are_told(weights: Path, drive: SmallDrive, tmp_path: Path) -> None:
    import torch

    model = load_model(weights, "cpu")
    with torch.no_grad():
        next(model.network.parameters()).fill_(float("nan"))
    path = tmp_path / "diverged.safetensors"
    checkpoints.save(path, model.network, "minkunet", metadata=model.card.metadata())
    with pytest.raises(DataError, match="diverged"):
        drain(given_of(drive, path).result("network_features"))
