"""Distillation: CLIP's features of visible points are learnt, and the network is asked in words."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from small_drive import write_small_drive
from training_runs import SETTINGS, losses

from app.core.errors import DataError
from app.core.language.tiny_clip import SIZE, write_tiny_clip
from app.core.methods.base import Given, drain, pinned
from app.core.methods.network_features import NetworkFeatureOptions
from app.core.model_card import card_of
from app.core.tasks.context import Context, Source
from app.core.training.loader import collated
from app.core.training.recipes import recipe_of
from app.core.training.recipes.distill import Distill
from app.core.training.run import train
from app.core.training.samples import Samples
from app.core.training.schedule import learning_rate
from app.models import checkpoints
from app.models.losses.language import cosine_loss


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny").path
    assert path is not None
    return path


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored features stay within the test."""
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path / "home"))


def distill(clip: Path, **settings: str) -> Distill:
    told = {**SETTINGS, "clip": str(clip), "learning_rate": "0.01", "max_steps": "6", **settings}
    recipe = recipe_of("distill", {k.replace("__", "."): v for k, v in told.items()})[1]
    assert isinstance(recipe, Distill)
    return recipe


def test_the_loss_is_one_minus_the_cosine_over_scans() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(2, 7, 5))
    batch = np.array([0, 0, 0, 0, 0, 2, 2])
    cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    by_hand = ((1 - cosine)[:5].mean() + 0 + (1 - cosine)[5:].mean()) / 3
    found = cosine_loss(torch.tensor(ours), torch.tensor(theirs), torch.from_numpy(batch), 3)
    assert float(found) == pytest.approx(by_hand, abs=1e-6)


def test_polynomial_decay_is_that_of_the_paper(clip: Path) -> None:
    recipe = distill(clip, learning_rate="0.1", max_steps="100")
    assert [learning_rate(recipe, step) for step in (0, 50, 99)] == pytest.approx(
        [0.1, 0.1 * 0.5**0.9, 0.1 * 0.01**0.9]
    )


def test_targets_are_features_of_visible_points_alone(drive: Path, clip: Path) -> None:
    samples = Samples(drive, distill(clip, rotate="false", scale="0"))
    first, second = samples.sample(0), samples.sample(1)
    for sample in (first, second):
        assert sample.wanted is not None and sample.wanted.shape[1] == SIZE
        known = sample.targets >= 0
        assert 0 < known.sum() < len(known)
        assert (np.unique(sample.targets[known]) == np.arange(len(sample.wanted))).all()
        assert (sample.feats[known, 0] > 0).all()  # the camera looks forward
    batch = collated((first, second))
    assert batch.wanted is not None and first.wanted is not None and second.wanted is not None
    rows = batch.targets[len(first.targets) :].numpy()
    assert (batch.wanted.numpy()[rows[rows >= 0]] == second.wanted[second.targets[second.targets >= 0]]).all()


def test_a_run_learns_and_its_checkpoint_is_asked_in_words(drive: Path, clip: Path, tmp_path: Path) -> None:
    recipe = distill(clip, validate_every="6", max_steps="12", checkpoint_every="4")
    outcome = train(tmp_path / "run", "distill", recipe, drive)
    told = [loss for _, loss in losses(tmp_path / "run")]
    assert told[-1] < told[0] and 0 <= outcome.scores["miou"] <= 1
    card = card_of(checkpoints.read(tmp_path / "run/checkpoints/best.safetensors"))
    samples = Samples(drive, recipe)
    assert (card.clip, card.clip_dim, card.classes) == (samples.clip, SIZE, ())
    source = Source(drive, "00")
    context = Context()
    frame = context.frame(source, 0)
    options = pinned((("network_features", NetworkFeatureOptions(tmp_path / "run", "cpu", "fp32")),))
    features = drain(Given(context, source, frame, None, options).result("network_features"))
    assert features.clip == samples.clip and features.table.shape[1] == SIZE
    assert features.known.all()


def test_a_run_that_goes_on_has_the_losses_of_an_unbroken_one(drive: Path, clip: Path, tmp_path: Path) -> None:
    from app.core.training.run import resume

    train(tmp_path / "whole", "distill", distill(clip), drive)
    train(tmp_path / "part", "distill", distill(clip, max_steps="3", schedule="constant"), drive)
    train(tmp_path / "constant", "distill", distill(clip, schedule="constant"), drive)
    resume(tmp_path / "part", {"max_steps": "6"})
    assert losses(tmp_path / "part") == losses(tmp_path / "constant")
    assert losses(tmp_path / "whole") != losses(tmp_path / "part")


def test_data_without_pictures_cannot_teach(clip: Path, tmp_path: Path) -> None:
    data = write_small_drive(tmp_path / "blind", frames=3, points=100).root
    for picture in (data / "sequences/00/image_2").iterdir():
        picture.unlink()
    with pytest.raises(DataError, match=r"None of the \d training scans .* can teach"):
        Samples(data, distill(clip, hold_out="0")).sample(0)


def test_weights_of_another_space_are_refused(drive: Path, clip: Path, tmp_path: Path) -> None:
    other = write_tiny_clip(tmp_path / "other", seed=1).path
    assert other is not None
    train(tmp_path / "first", "distill", distill(other, max_steps="1"), drive)
    with pytest.raises(DataError, match="was distilled from CLIP"):
        train(tmp_path / "second", "distill", distill(clip, init=str(tmp_path / "first")), drive)


def test_a_clip_that_is_not_there(drive: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        Samples(drive, distill(tmp_path / "nowhere"))


def test_a_run_stops_while_features_are_computed(
    drive: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.core.training import language_targets
    from app.core.training.folder import STOPPED

    at_work, may_go_on = threading.Event(), threading.Event()

    def slow(self: language_targets.LanguageTargets, scan: object) -> None:
        at_work.set()
        may_go_on.wait(20)

    monkeypatch.setattr(language_targets.LanguageTargets, "_features", slow)
    close = language_targets.LanguageTargets.close

    def closing(self: language_targets.LanguageTargets) -> None:
        close(self)
        may_go_on.set()

    monkeypatch.setattr(language_targets.LanguageTargets, "close", closing)
    stopper = threading.Thread(target=lambda: (at_work.wait(20), (tmp_path / "run" / "stop").touch()))
    stopper.start()
    outcome = train(tmp_path / "run", "distill", distill(clip, frames_before="1"), drive)
    stopper.join()
    assert (outcome.state, outcome.step) == (STOPPED, 0)
