"""Live prediction from a session down to the network: layers, scores, cells of the confusion, changing files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, scan, write_small_drive

from app.core import layers
from app.core.label_sets import SEMANTIC_KITTI
from app.core.labels import UNKNOWN
from app.core.layers.base import Kind
from app.core.layers.features import principal_colors
from app.core.layers.prediction_error import IGNORED, RIGHT, WRONG
from app.core.methods import find
from app.core.methods.predict import PredictOptions, write_tiny
from app.core.methods.similarity import SimilarityOptions, cosine
from app.core.model_card import ModelCard, build_network, load_model
from app.core.prediction.predictor import Predictor
from app.core.session import Session
from app.core.tasks import entry
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source
from app.core.tasks.engine import LocalEngine

NAMES = ("prediction", "confidence", "entropy", "prediction_error", "features")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("net") / "tiny.safetensors")


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path / "drive", frames=3, points=120)


def plain(weights: Path, **about: object) -> PredictOptions:
    return PredictOptions(weights, device="cpu", precision="fp32", **about)  # type: ignore[arg-type]


@pytest.fixture
def session(drive: SmallDrive, weights: Path) -> Session:
    made = Session(LocalEngine())
    made.open(drive.root)
    made.set_method("predict", plain(weights))
    return made


def truth(index: int = 0) -> np.ndarray:
    return SEMANTIC_KITTI.train_ids((scan(index, 120)[1] & 0xFFFF).astype(np.uint16))


def show(name: str, session: Session):
    session.set_layer(name)
    data = session.layer_data("left")
    assert data is not None, session.frame_state.missing_layers
    return data


def test_layers_are_what_the_network_says(session: Session, weights: Path) -> None:
    expected = Predictor(load_model(weights, "cpu"), precision="fp32").predict(session.frame_state.frame)
    found = {name: show(name, session) for name in NAMES}
    np.testing.assert_array_equal(found["prediction"].values, expected.train_ids)
    assert found["prediction"].label_set is SEMANTIC_KITTI
    np.testing.assert_allclose(found["confidence"].values, expected.confidence)
    np.testing.assert_allclose(found["entropy"].values, expected.entropy)
    assert found["entropy"].absolute_range == (0.0, pytest.approx(np.log(19)))
    error, labels = found["prediction_error"].values, truth()
    ignored = (labels == 0) | (labels == UNKNOWN)
    np.testing.assert_array_equal(error == IGNORED, ignored)
    np.testing.assert_array_equal(error == RIGHT, (labels == expected.train_ids) & ~ignored)
    np.testing.assert_array_equal(error == WRONG, (labels != expected.train_ids) & ~ignored)
    assert ignored.any()
    for data in found.values():
        assert "tiny.safetensors" in data.provenance
        assert "1 vote" in data.provenance


def test_provenance_names_run_step_and_votes(session: Session, tmp_path: Path) -> None:
    from app.models import checkpoints

    card = ModelCard(
        "minkunet",
        {"cr": 0.07},
        voxel_size=0.5,
        classes=tuple(c.name for c in SEMANTIC_KITTI.classes[1:]),
        run="night 3",
        step=1200,
    )
    path = tmp_path / "step-1200.safetensors"
    checkpoints.save(path, build_network("minkunet", {"cr": 0.07}), "minkunet", metadata=card.metadata())
    session.set_method("predict", plain(path, votes=2))
    line = show("prediction", session).provenance
    for part in ("step-1200.safetensors", "run night 3", "step 1200", "2 votes", "fp32"):
        assert part in line


def test_the_session_adds_up_the_frames_seen(session: Session) -> None:
    session.set_layer("prediction")
    predicted = {0: session.layer_data("left").values}
    assert session.scores.frames == 1
    for index in (1, 2, 1, 0):
        session.go_to(index)
        predicted[index] = session.layer_data("left").values
    assert session.scores.frames == 3
    matrix = session.scores.total.matrix
    assert matrix.sum() == 3 * len(truth())
    hits = sum(int((predicted[i] == truth(i)).sum()) for i in range(3))
    assert np.trace(session.scores.total.labelled) == hits
    assert session.scores.frame.matrix.sum() == len(truth())
    assert session.scores.report.seconds > 0
    session.reset_scores()
    assert session.scores.frames == 1
    session.set_method("predict", plain(session.methods["predict"].checkpoint, votes=2))
    assert session.scores.frames == 1
    assert session.scores.report.votes == 2


def test_a_cell_of_the_confusion_selects_its_points(session: Session) -> None:
    predicted = show("prediction", session).values
    matrix = session.scores.frame.matrix
    guess, true = np.unravel_index(int(matrix.argmax()), matrix.shape)
    session.select_confusion_cell(int(guess), int(true))
    labels = truth()
    np.testing.assert_array_equal(session.selection, np.flatnonzero((predicted == guess) & (labels == true)))
    assert len(session.selection) == matrix[guess, true] > 0
    session.undo()
    assert len(session.selection) == 0
    session.select_confusion_cell(int(guess), 0)
    unlisted = np.flatnonzero((predicted == guess) & (labels == UNKNOWN))
    np.testing.assert_array_equal(session.selection, unlisted)


def test_labels_of_other_classes_are_not_compared(drive: SmallDrive, weights: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "labels: {0: none, 10: tree, 40: stone, 50: water}\n"
        "color_map: {0: [0, 0, 0], 10: [0, 9, 0], 40: [9, 9, 9], 50: [99, 0, 0]}\n"
        "learning_map: {0: 0, 10: 1, 40: 2, 50: 3}\n"
        "learning_map_inv: {0: 0, 1: 10, 2: 40, 3: 50}\n"
    )
    from app.core.datasets.base import OpenOptions

    session = Session(LocalEngine())
    session.open(drive.root, OpenOptions(label_map=mine))
    assert session.label_set is not None, [line.text for line in session.log]
    session.set_method("predict", plain(weights))
    assert show("prediction", session).label_set is SEMANTIC_KITTI
    why = next(row.why for row in session.layers() if row.name == "prediction_error")
    assert "SemanticKITTI" in why
    assert session.scores.report.why == why
    assert session.scores.frame is None
    session.select_confusion_cell(1, 1)
    assert any("SemanticKITTI" in line.text for line in session.log if line.level == "error")


def test_without_labels_there_is_no_error_and_no_confusion(weights: Path, tmp_path: Path) -> None:
    session = Session(LocalEngine())
    session.open(write_small_drive(tmp_path / "bare", frames=1, labels=False, points=50).root)
    session.set_method("predict", plain(weights))
    show("prediction", session)
    assert "no labels" in session.scores.report.why
    assert "no labels" in next(row.why for row in session.layers() if row.name == "prediction_error")


def test_a_file_that_a_run_rewrites_is_seen_as_new(session: Session, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "watch.safetensors", seed=1)
    session.set_method("predict", plain(path))
    first = show("prediction", session)
    before = session.scores.report.identity
    session.refresh_methods()
    assert session.layer_data("left") is first
    write_tiny(path, seed=2)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))
    session.refresh_methods()
    second = session.layer_data("left")
    assert second is not first
    assert session.scores.report.identity != before
    path.write_bytes(b"half a file")
    session.refresh_methods()
    assert "watch.safetensors" in next(row.why for row in session.layers() if row.name == "prediction")
    path.unlink()
    session.refresh_methods()
    assert "does not exist" in next(row.why for row in session.layers() if row.name == "prediction")


def test_the_inspector_tells_class_confidence_the_best_three_and_the_checkpoint(session: Session) -> None:
    show("confidence", session)
    session.pick(4)
    lines = dict(session.inspect(4))
    prediction = {fact.name: fact for fact in session.facts}
    assert set(prediction) == {"Prediction", "Confidence", "Most probable", "Entropy", "Checkpoint"}
    assert lines["Most probable"].count("%") == 3
    assert lines["Most probable"].startswith(lines["Prediction"])
    assert lines["Checkpoint"] == "tiny.safetensors"
    assert "Confidence (predicted)" not in lines, "nothing is said twice"
    assert all("tiny.safetensors" in fact.origin for fact in session.facts)


def test_what_looks_like_this(session: Session) -> None:
    session.find_similar(7)
    data = show("feature_similarity", session)
    assert data.kind is Kind.SCALAR
    assert data.values[7] == pytest.approx(1, abs=1e-3)
    assert np.nanmin(data.values) >= -1
    assert "point 7 of frame 0" in data.provenance
    first = data.values
    session.go_to(1)
    assert "point 7 of frame 0" in session.layer_data("left").provenance, "the measure stays with its point"
    assert session.methods["similarity"] == SimilarityOptions((0, 7))
    session.go_to(0)
    session.set_method("predict", plain(session.methods["predict"].checkpoint, votes=3))
    assert session.layer_data("left").values is not first
    session.find_similar(None)
    assert "Pick a point" in next(row.why for row in session.layers() if row.name == "feature_similarity")


def test_a_point_that_the_network_has_not_seen_is_no_measure(drive: SmallDrive, weights: Path) -> None:
    cloud, _ = scan(0, 120)
    cloud[5, 0] = np.nan
    cloud.tofile(drive.root / "sequences/00/velodyne/000000.bin")
    session = Session(LocalEngine())
    session.open(drive.root)
    session.set_method("predict", plain(weights))
    session.set_layer("feature_similarity")
    session.find_similar(5)
    assert "pick another" in next(row.why for row in session.layers() if row.name == "feature_similarity")
    session.find_similar(6)
    assert np.isnan(session.layer_data("left").values[5])


def test_cosine_is_unknown_where_a_feature_is(rng=np.random.default_rng(3)) -> None:  # noqa: B008
    features = rng.normal(size=(50, 8)).astype(np.float16)
    features[3], features[4] = np.nan, 0
    anchor = features[10].astype(np.float32)
    found = cosine(features, anchor)
    wide = features.astype(np.float64)
    with np.errstate(invalid="ignore"):
        expected = wide @ anchor / np.linalg.norm(wide, axis=1) / np.linalg.norm(anchor)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.isnan(found[[3, 4]]).all()
    assert found[10] == pytest.approx(1, abs=1e-5)


def test_principal_colours_follow_the_strongest_directions_and_are_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(4000, 3)) * [9, 3, 1]
    basis = np.linalg.qr(rng.normal(size=(10, 10)))[0][:, :3]
    features = (hidden @ basis.T).astype(np.float16)
    colors = principal_colors(features).astype(float)
    for channel in range(3):
        inner = (colors[:, channel] > 0) & (colors[:, channel] < 255)
        assert abs(np.corrcoef(colors[inner, channel], hidden[inner, channel])[0, 1]) > 0.98
        assert inner.mean() > 0.97
    np.testing.assert_array_equal(principal_colors(features), colors)
    shuffled = rng.permutation(len(features))
    np.testing.assert_allclose(principal_colors(features[shuffled]), colors[shuffled], atol=1)
    assert (principal_colors(np.ones((5, 4), np.float16)) == 128).all()
    assert (principal_colors(features[:, :2])[:, 2] == 128).all()
    assert principal_colors(features[:0]).shape == (0, 3)


def test_a_network_is_loaded_once(drive: SmallDrive, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.methods import predict

    loaded: list[Path] = []

    def counting(path: Path, device: str):
        loaded.append(path)
        return load_model(path, device)

    monkeypatch.setattr(predict, "load_model", counting)
    context, source = Context(), Source(drive.root, "00")
    for votes, index in ((1, 0), (1, 1), (2, 0), (2, 0)):
        methods = (("predict", plain(weights, votes=votes)),)
        run(entry("show_frame")(context, source=source, index=index, layers=("prediction",), methods=methods))
    assert loaded == [weights]


def test_layers_over_accumulated_frames_are_predicted_frame_by_frame(session: Session) -> None:
    alone = show("prediction", session).values
    session.set_accumulation(0, 2)
    data = session.layer_data("left")
    cloud = session.frame_state.cloud
    assert len(data.values) == len(cloud)
    mine = cloud.frame_of == 0
    np.testing.assert_array_equal(data.values[mine], alone[cloud.row_of[mine]])
    assert "3 of 3 frames" in data.provenance


def test_a_frame_without_intensity_says_what_the_network_needs(weights: Path) -> None:
    from app.core.types import Frame

    bare = Frame(0, "0", np.ones((4, 3), np.float32))
    options = find("predict").pinned(plain(weights))
    assert "'intensity'" in find("predict").missing(bare, None, options)
    assert "Model panel" in find("predict").missing(bare, None, None)
    assert {layer.name for layer in layers.all_layers() if getattr(layer, "method", "") == "predict"} == set(NAMES)
