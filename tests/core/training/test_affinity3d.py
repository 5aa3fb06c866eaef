"""Affinity3D's recipe: labels of a folder, classes as words, pictures that teach the points they show."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from small_drive import write_small_drive
from training_runs import SETTINGS, losses

from app.core.affinity.corrections import Correction, Corrections, save
from app.core.affinity.options import ANNOTATION_FREE, PseudoLabelOptions
from app.core.datasets import open_dataset
from app.core.errors import DataError, UsageError
from app.core.evaluation.regions import seen_by
from app.core.evaluation.scoring import Wanted
from app.core.language.tiny_clip import SIZE, write_tiny_clip
from app.core.model_card import load_model
from app.core.tasks.base import run as run_task
from app.core.tasks.context import Context, Source
from app.core.tasks.evaluate import evaluate
from app.core.tasks.write_pseudo_labels import write_pseudo_labels
from app.core.training.loader import collated
from app.core.training.pictures import Pictures
from app.core.training.recipes import recipe_of
from app.core.training.recipes.affinity3d import Affinity3D
from app.core.training.run import resume, train
from app.core.training.samples import Samples
from app.models import checkpoints
from app.models.backbones.spvcnn_text import SPVCNNText

UNSEEN = ("car", "building")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corrections and stored features stay within the test."""
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A drive of 5 frames, a tiny CLIP, and zero-shot labels of the first 4 frames."""
    folder = tmp_path_factory.mktemp("affinity3d")
    drive = write_small_drive(folder / "drive", frames=5, points=200).root
    clip = write_tiny_clip(folder / "clip")
    options = PseudoLabelOptions(clip, unseen=UNSEEN, device="cpu")
    source = Source(drive, "00")
    out = folder / "labels"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIDARSCOPE_HOME", str(folder / "home"))
        run_task(write_pseudo_labels(Context(), source=source, out=out, options=options, frames=(0, 4)))
    return SimpleNamespace(drive=drive, clip=clip.path, labels=out)


def recipe(made: SimpleNamespace, **settings: str) -> Affinity3D:
    told = {
        **SETTINGS, "labels": str(made.labels), "clip": str(made.clip), "unseen": ",".join(UNSEEN), "hold_out": "0",
        "ema": "0", "max_steps": "2", "checkpoint_every": "1", "image_width": "4", "crop_width": "64",
        "crop_height": "32", "learning_rate": "0.01", "batch_size": "1", **settings,
    }  # fmt: skip
    found = recipe_of("affinity3d", {key.replace("__", "."): value for key, value in told.items()})[1]
    assert isinstance(found, Affinity3D)
    return found


def test_two_steps_go_on_bit_for_bit(made: SimpleNamespace, tmp_path: Path) -> None:
    train(tmp_path / "whole", "affinity3d", recipe(made, schedule="constant"), made.drive)
    train(tmp_path / "part", "affinity3d", recipe(made, schedule="constant", max_steps="1"), made.drive)
    resume(tmp_path / "part", {"max_steps": "2"})
    assert losses(tmp_path / "part") == losses(tmp_path / "whole")
    last = "checkpoints/step-00000002.safetensors"
    one, two = (checkpoints.read(tmp_path / run / last).state for run in ("part", "whole"))
    assert all((one[name] == two[name]).all() for name in two) and one.keys() == two.keys()
    row = json.loads((tmp_path / "whole/metrics.jsonl").read_text().splitlines()[0])
    assert row["learner"] > 0 and row["fused"] > 0
    parts = [row[name] for name in ("cross_entropy", "lovasz", "learner", "fused")]
    assert row["loss"] == pytest.approx(sum(parts), rel=1e-5)


def test_what_ships_is_the_3d_branch_with_words_at_its_end(made: SimpleNamespace, tmp_path: Path) -> None:
    told = recipe(made, max_steps="1", hold_out="5", validate_every="1")
    outcome = train(tmp_path / "run", "affinity3d", told, made.drive)
    assert {"seen", "unseen", "hiou", "miou"} <= outcome.scores.keys()
    model = load_model(tmp_path / "run", "cpu")
    assert isinstance(model.network, SPVCNNText) and model.network.feature_channels == SIZE
    words = Samples(made.drive, told).words
    assert words is not None
    np.testing.assert_array_equal(model.network.head.weight.numpy(), words.vectors)
    np.testing.assert_allclose(np.linalg.norm(words.vectors, axis=1), 1, atol=1e-5)
    assert words.clip in model.card.notes[0] and not model.card.distilled
    best = checkpoints.read(tmp_path / "run/checkpoints/best.safetensors")
    assert not any("transfer" in name for name in best.state)
    wanted = Wanted(front_view=True, unseen=UNSEEN)
    report = run_task(
        evaluate(Context(), predictions=tmp_path / "run", data=made.drive, wanted=wanted, votes=2, device="cpu")
    ).report()
    assert report["frames"] == 5 and report["front_view"] == ["image_2"] and "hiou" in report


def test_samples_hold_the_folders_labels_and_visible_places(made: SimpleNamespace) -> None:
    plain = {"rotate": "false", "scale": "0", "translate": "0", "keep_points": "1", "image_flip": "false"}
    told = recipe(made, **plain, color_jitter="0", crop_width="80", crop_height="40", visibility="none")
    samples = Samples(made.drive, told)
    sample = samples.sample(0)
    frame = open_dataset(made.drive).sequence("00").read(sample.scan.index)
    raw = np.fromfile(made.labels / f"zero-shot/sequences/00/labels/{frame.name}.label", "<u4")
    decoded = samples.decoded(sample.scan)
    assert decoded.targets is not None
    expected = samples.label_set.train_ids(raw.astype(np.uint16)).astype(int) - 1
    np.testing.assert_array_equal(decoded.targets, expected)
    assert sample.cut is not None
    camera = frame.camera("image_2")
    points = sample.feats[sample.cut.seen, :3].astype(np.float64)
    at = points @ camera.camera_from_sensor[:3, :3].T + camera.camera_from_sensor[:3, 3]
    uvw = at @ camera.intrinsics.T
    np.testing.assert_allclose(sample.cut.places, uvw[:, :2] / uvw[:, 2:] / [80, 40] * 2 - 1, atol=1e-4)
    assert len(samples.decoded(sample.scan).views[0].rows) >= len(sample.cut.seen) > 10
    batch = collated((sample, samples.sample(1)))
    assert batch.images is not None and batch.seen is not None
    assert batch.images.shape == (2, 3, 40, 80)
    assert (batch.coords[batch.seen[:, 0], 0] == batch.seen[:, 1]).all()


def test_the_front_view_alone_keeps_labels_and_pictures_with_their_points(made: SimpleNamespace) -> None:
    whole, front = (Samples(made.drive, recipe(made, front_view=choice)) for choice in ("false", "true"))
    scan = whole.split.train[0]
    every, part = whole.decoded(scan), front.decoded(scan)
    frame = open_dataset(made.drive).sequence("00").read(scan.index)
    inside = seen_by(frame.points, frame.camera("image_2"))
    assert 0 < inside.sum() < len(inside)
    assert every.targets is not None and part.targets is not None
    np.testing.assert_array_equal(part.points, every.points[inside])
    np.testing.assert_array_equal(part.targets, every.targets[inside])
    shown, kept = every.views[0], part.views[0]  # what a picture shows lies in the front view
    np.testing.assert_array_equal(part.points[kept.rows], every.points[shown.rows])
    np.testing.assert_array_equal(kept.places, shown.places)


def test_mirrored_and_cut_pictures_keep_their_points(made: SimpleNamespace) -> None:
    """The small drive's pictures count columns in red and rows in green: what is read there tells the place."""
    told = recipe(made, color_jitter="0", crop_width="40", crop_height="32", visibility="none")
    pictures = Pictures(told)
    frame = open_dataset(made.drive).sequence("00").read(0)
    (view,) = pictures.views(frame)
    mirrored = set()
    for seed in range(6):
        cut = pictures.cut((view,), view.rows.astype(np.int64), np.random.default_rng(seed))
        assert cut is not None and len(cut.seen)
        column, row = ((cut.places + 1) / 2 * [40, 32]).astype(int).T
        red, green = (cut.image[:2, row, column] * [[0.229], [0.224]] + [[0.485], [0.456]]) * 255
        place = view.places[cut.seen] * [80, 40]
        assert np.abs(red - np.floor(place[:, 0])).max() <= 1.01  # a mirrored edge falls into the next pixel
        np.testing.assert_allclose(green, np.floor(place[:, 1]), atol=1e-2)
        mirrored.add(bool(np.corrcoef(column, place[:, 0])[0, 1] < 0))
    assert mirrored == {True, False}


def test_frames_without_labels_are_passed_over_and_corrections_count(made: SimpleNamespace) -> None:
    samples = Samples(made.drive, recipe(made))
    assert {samples.sample(number).scan.index for number in range(10)} == {0, 1, 2, 3}
    frame = open_dataset(made.drive).sequence("00").read(0)
    before = samples.identity()["labels"]
    points = np.arange(3, 9, dtype=np.int32)
    said = Correction(frame.name, len(frame), points, "relabel", "pole", "road", "2024-01-01T00:00:00+00:00")
    save(made.drive, "00", Corrections((said,)))
    again = Samples(made.drive, recipe(made))
    targets = again.decoded(again.split.train[0]).targets
    assert targets is not None
    assert {again.classes[target] for target in targets[points]} == {"pole"}
    assert again.identity()["labels"] != before
    without = Samples(made.drive, recipe(made, corrections="false"))
    assert without.identity()["labels"] == before


def test_the_recipe_pseudo_takes_any_network(made: SimpleNamespace, tmp_path: Path) -> None:
    told = {**SETTINGS, "labels": str(made.labels), "unseen": ",".join(UNSEEN), "hold_out": "0", "max_steps": "2"}
    outcome = train(tmp_path / "run", "pseudo", recipe_of("pseudo", told)[1], made.drive)
    assert outcome.step == 2 and load_model(tmp_path / "run", "cpu").card.network == "minkunet"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"data": "/elsewhere"}, "are of sequence 00 of /elsewhere"),
        ({"label_set": "nuScenes"}, "have the classes of nuScenes"),
        ({"clip": "0123456789ab"}, "were made by CLIP 0123456789ab"),
        ({"unseen": {"truck": []}}, "leave out truck, the recipe building, car"),
        ({"report": None}, "are unfinished"),
        ({"short": None}, "label it again"),
        ({"parameters": None}, "has no labels of sequence 00"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    made: SimpleNamespace, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    copy = tmp_path / "labels"
    shutil.copytree(made.labels, copy)
    folder = copy / "zero-shot/sequences/00"
    about = json.loads((folder / "parameters.json").read_text())
    if "report" in change:
        (folder / "report.json").unlink()
    elif "parameters" in change:
        (folder / "parameters.json").unlink()
    elif "short" in change:
        for path in folder.glob("labels/*.label"):
            path.write_bytes(path.read_bytes()[:-8])
    else:
        (folder / "parameters.json").write_text(json.dumps({**about, **change}))
    with pytest.raises((DataError, UsageError), match=sentence):
        Samples(made.drive, recipe(made, labels=str(copy))).sample(0)


def test_folders_that_hold_nothing_or_both_settings(made: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pseudo-labels"):
        Samples(made.drive, recipe(made, labels=str(tmp_path)))
    for setting in ("zero-shot", ANNOTATION_FREE):
        (tmp_path / setting / "sequences").mkdir(parents=True)
    with pytest.raises(UsageError, match="labels of both settings"):
        Samples(made.drive, recipe(made, labels=str(tmp_path)))
    with pytest.raises(UsageError, match="labels must name a folder"):
        recipe(made, labels="")
    with pytest.raises(UsageError, match="network must be spvcnn_text"):
        recipe(made, network="minkunet")
    with pytest.raises(UsageError, match="image_weights are of width 64"):
        recipe(made, image_weights="resnet34.pth")


def test_without_cameras_transfer_is_refused_and_labels_alone_train(made: SimpleNamespace, tmp_path: Path) -> None:
    blind = tmp_path / "drive"
    shutil.copytree(made.drive, blind)
    shutil.rmtree(blind / "sequences/00/image_2")
    labels = tmp_path / "labels"
    shutil.copytree(made.labels, labels)
    path = labels / "zero-shot/sequences/00/parameters.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "data": str(blind.resolve())}))
    with pytest.raises(DataError, match=r"no calibrated camera with pictures.*transfer=false"):
        Samples(blind, recipe(made, labels=str(labels)))
    told = recipe(made, labels=str(labels), transfer="false", max_steps="1")
    train(tmp_path / "run", "affinity3d", told, blind)
    row = json.loads((tmp_path / "run/metrics.jsonl").read_text())
    assert "learner" not in row and row["loss"] > 0


def test_going_on_from_weights_with_other_words_is_refused(made: SimpleNamespace, tmp_path: Path) -> None:
    train(tmp_path / "first", "affinity3d", recipe(made, max_steps="1"), made.drive)
    train(tmp_path / "next", "affinity3d", recipe(made, max_steps="1", init=str(tmp_path / "first")), made.drive)
    path = tmp_path / "first/checkpoints/step-00000001.safetensors"
    model = load_model(path, "cpu")
    assert isinstance(model.network, SPVCNNText)
    model.network.head.weight.neg_()
    told = model.card.metadata()
    checkpoints.save(tmp_path / "other.safetensors", model.network, "spvcnn_text", metadata=told)
    with pytest.raises(DataError, match="does not end in the embeddings"):
        again = recipe(made, max_steps="1", init=str(tmp_path / "other.safetensors"))
        train(tmp_path / "other", "affinity3d", again, made.drive)


def test_a_clip_that_is_not_there(made: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        Samples(made.drive, recipe(made, clip=str(tmp_path / "nowhere")))
