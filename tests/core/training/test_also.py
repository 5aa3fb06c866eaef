"""ALSO's pretraining: queries of a scan, the run, its checkpoint, and finetuning from it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_drive import STEP, write_small_drive
from training_runs import SETTINGS, losses

from app.core.datasets import open_dataset
from app.core.errors import DataError, UsageError
from app.core.geometry.sightlines import BEHIND, sight_queries
from app.core.model_card import load_model
from app.core.surface_model import load_surface_model
from app.core.training import occupancy_targets
from app.core.training.augment import STILL, augmented
from app.core.training.length import ended
from app.core.training.loader import collated
from app.core.training.occupancy_targets import OccupancyTargets, any_supports, supports
from app.core.training.recipe import Recipe
from app.core.training.recipes import recipe_of
from app.core.training.recipes.also import Also
from app.core.training.recipes.finetune import ALSO_EPOCHS
from app.core.training.run import begin, resume, train
from app.core.training.samples import Samples
from app.models import checkpoints
from app.models.losses.occupancy import intensity_loss, occupancy_loss

OWN = {"ema": "0", "learning_rate": "0.01", "latent": "8", "queries": "96", "radius": "2", "max_steps": "6"}


def also(**settings: str) -> Also:
    told = {**SETTINGS, **OWN, **settings}
    recipe = recipe_of("also", {k.replace("__", "."): v for k, v in told.items()})[1]
    assert isinstance(recipe, Also)
    return recipe


def test_losses_are_means_over_scans_of_means_over_pairs() -> None:
    rng = np.random.default_rng(0)
    logits, told = rng.normal(size=(2, 5, 3))
    mask = rng.random((5, 3)) < 0.7
    mask[:, 0] = True
    occupied = np.array([True, False, True, False, False])
    wanted = np.array([0.5, 0.1, 0.9, -1, -1])
    scans = np.array([0, 0, 0, 2, 2])
    cross, shine = np.zeros(3), np.zeros(3)
    for scan in (0, 2):
        rows = [(q, k) for q in range(5) for k in range(3) if mask[q, k] and scans[q] == scan]
        p = [1 / (1 + np.exp(-logits[q, k])) for q, k in rows]
        values = [-np.log(v if occupied[q] else 1 - v) for v, (q, _) in zip(p, rows, strict=True)]
        cross[scan] = np.mean(values)
        errors = [abs(told[q, k] - wanted[q]) for q, k in rows if wanted[q] >= 0]
        shine[scan] = np.mean(errors) if errors else 0
    tensors = [torch.from_numpy(part) for part in (mask, occupied, wanted, scans)]
    found = occupancy_loss(torch.from_numpy(logits), tensors[0], tensors[1], tensors[3], 3)
    assert float(found) == pytest.approx(cross.mean(), abs=1e-6)
    found = intensity_loss(torch.from_numpy(told), tensors[0], tensors[2], tensors[3], 3)
    assert float(found) == pytest.approx(shine.mean(), abs=1e-6)
    nothing = occupancy_loss(torch.zeros(0, 3), torch.zeros(0, 3).bool(), torch.zeros(0), torch.zeros(0).long(), 2)
    assert float(nothing) == 0


@pytest.mark.parametrize("near", [supports, any_supports])
def test_points_near_a_query_are_those_within_the_radius(near: object) -> None:
    rng = np.random.default_rng(1)
    places, queries = rng.uniform(0, 4, (200, 3)).astype(np.float32), rng.uniform(0, 8, (60, 3)).astype(np.float32)
    found = near(places, queries, 7, 1.0, np.random.default_rng(2))  # type: ignore[operator]
    distance = np.linalg.norm(queries[:, None] - places, axis=2)
    for query, rows in enumerate(found):
        inside = set(np.flatnonzero(distance[query] < 1.0).tolist())
        kept = rows[rows >= 0].tolist()
        assert len(set(kept)) == len(kept) == min(7, len(inside))
        assert set(kept) <= inside
        assert (rows[len(kept) :] == -1).all()
        if near is supports:
            assert kept == np.argsort(distance[query])[: len(kept)].tolist()
    assert (near(places[:0], queries, 7, 1.0, rng) == -1).all()  # type: ignore[operator]
    assert near(places, queries[:0], 1, 1.0, rng).shape == (0, 1)  # type: ignore[operator]


def test_a_random_choice_reaches_farther_than_the_nearest() -> None:
    places = np.linspace(0, 1, 100, dtype=np.float32)[:, None] * np.array([1, 0, 0], np.float32)
    query = np.zeros((1, 3), np.float32)
    nearest = supports(places, query, 5, 1.5)
    some = any_supports(places, query, 5, 1.5, np.random.default_rng(0))
    assert nearest.max() == 4
    assert some.max() > 30


def test_queries_move_with_the_scan(drive: Path) -> None:
    recipe = also(rotate="true", scale="0", translate="0.5", voxel_size="0.05")
    frame = open_dataset(drive).sequence("00").read(0)
    targets = OccupancyTargets(recipe)
    lines = targets.lines(open_dataset(drive).sequence("00"), frame)
    points, _, motion = augmented(np.array(frame.points), recipe, np.random.default_rng(3))
    moved = targets.asked(lines, motion, points, np.random.default_rng(4))
    still = targets.asked(lines, STILL, np.array(frame.points), np.random.default_rng(4))
    assert len(still.places) > 50
    turned = np.linalg.norm(moved.places - motion.shift, axis=1)
    assert len(moved.places) == len(still.places)
    assert np.allclose(turned, np.linalg.norm(still.places, axis=1), atol=1e-3)
    assert (moved.occupied == still.occupied).all()
    assert (np.sort(moved.support, 1) == np.sort(still.support, 1)).mean() > 0.98


def test_lines_of_sight_of_other_frames_begin_where_their_sensor_was(drive: Path) -> None:
    sequence = open_dataset(drive).sequence("00")
    lines = OccupancyTargets(also(before="1", after="2")).lines(sequence, sequence.read(3))
    assert lines.origins[:, 0].tolist() == pytest.approx([0, -STEP, STEP, 2 * STEP], abs=1e-5)
    counts = np.bincount(lines.sweep)
    assert len(counts) == 4
    own = sequence.read(3).points
    other = lines.points[lines.sweep == 1]  # the world stands still, so they are the same places
    assert np.allclose(np.sort(other[:, 1]), np.sort(own[:, 1]), atol=1e-4)
    assert np.allclose(other, own, atol=1e-4)
    found = sight_queries(
        lines.points, 400, np.random.default_rng(0), origins=lines.origins, sweep=lines.sweep
    )  # fmt: skip
    at, seen = lines.points[found.source], lines.origins[lines.sweep[found.source]]
    behind = np.linalg.norm(found.points - seen, axis=1) > np.linalg.norm(at - seen, axis=1) - 1e-4
    assert (behind == (found.kind == BEHIND)).mean() > 0.99
    first = OccupancyTargets(also(before="5")).lines(sequence, sequence.read(0))
    assert len(first.origins) == 1


def test_other_frames_need_poses(tmp_path: Path) -> None:
    data = write_small_drive(tmp_path, frames=3, points=60, poses=False).root
    with pytest.raises(DataError, match=r"has no pose.*before=0 after=0"):
        Samples(data, also(hold_out="0", before="1", after="1")).sample(1)


def test_a_sample_follows_from_its_number(drive: Path) -> None:
    first, second = (Samples(drive, also()).sample(1) for _ in range(2))
    assert first.asked is not None and second.asked is not None
    assert (first.asked.places == second.asked.places).all()
    assert (first.asked.support == second.asked.support).all()
    other = Samples(drive, also()).sample(2)
    batch = collated((first, other))
    assert batch.support is not None and batch.queries is not None and other.asked is not None
    assert (batch.support[:, 0] >= 0).all()
    own = batch.support[len(first.asked.places) :]
    assert (own[own >= 0].numpy() >= len(first.coords)).all()
    near = batch.feats[batch.support[:, 0], :3]
    assert float((near - batch.queries).norm(dim=1).max()) <= 2.0
    assert set(np.unique(batch.coords[batch.support[:, 0], 0])) == {0, 1}


@pytest.mark.parametrize("head", ["context", "local"])
def test_a_run_learns_without_labels_and_its_checkpoint_has_the_head(head: str, tmp_path: Path) -> None:
    data = write_small_drive(tmp_path / "drive", frames=8, points=200, labels=False).root
    recipe = also(head=head, max_steps="10", validate_every="10", queries="200")
    outcome = train(tmp_path / "run", "also", recipe, data)
    told = [loss for _, loss in losses(tmp_path / "run")]
    assert np.mean(told[-3:]) < np.mean(told[:3])
    assert outcome.scores["accuracy"] > 0.5
    line = json.loads((tmp_path / "run/validation.jsonl").read_text().splitlines()[-1])
    assert set(line["iou"]) == {"empty", "full"}
    model = load_surface_model(tmp_path / "run", "cpu")
    assert model.card.occupancy == recipe.facts
    assert (model.card.classes, model.card.recipe) == ((), "also")
    again = resume(tmp_path / "run", {"max_steps": "11"})
    assert again.step == 11
    newest = load_surface_model(tmp_path / "run/checkpoints/step-00000011.safetensors", "cpu")
    assert not torch.equal(newest.head.state_dict()["layers.0.weight"], model.head.state_dict()["layers.0.weight"])


def test_a_run_that_goes_on_has_the_losses_of_an_unbroken_one(drive: Path, tmp_path: Path) -> None:
    train(tmp_path / "whole", "also", also(after="1"), drive)
    train(tmp_path / "part", "also", also(after="1", max_steps="3"), drive)
    resume(tmp_path / "part", {"max_steps": "6"})
    assert losses(tmp_path / "part") == losses(tmp_path / "whole")


@pytest.mark.parametrize("network", ["pointnet", "spvcnn"])
def test_other_networks_are_pretrained_too(network: str, drive: Path, tmp_path: Path) -> None:
    recipe = also(network=network, network_fields__cr="0.05", max_steps="1")
    if network == "pointnet":
        recipe = recipe.model_copy(update={"network_fields": {}})
    train(tmp_path / "run", "also", recipe, drive)
    assert load_surface_model(tmp_path / "run", "cpu").card.network == network


def finetune(init: Path, **settings: str) -> Recipe:
    told = {**SETTINGS, "init": str(init), "max_steps": "3", **settings}
    return recipe_of("finetune", {k.replace("__", "."): v for k, v in told.items()})[1]


def test_finetuning_takes_the_network_and_leaves_the_head(drive: Path, tmp_path: Path) -> None:
    train(tmp_path / "also", "also", also(max_steps="2"), drive)
    train(tmp_path / "fine", "finetune", finetune(tmp_path / "also", learning_rate="1e-9", ema="0"), drive)
    before, after = (
        checkpoints.read(tmp_path / name / f"checkpoints/step-{step:08d}.safetensors").state
        for name, step in (("also", 2), ("fine", 3))
    )
    assert torch.allclose(before["stem.0.kernel"], after["stem.0.kernel"], atol=1e-6)
    assert before["classifier.0.weight"].shape[0] == 8
    assert not any(name.startswith("occupancy_head") for name in after)
    model = load_model(tmp_path / "fine", "cpu")
    assert len(model.card.classes) == model.network.config.num_classes == after["classifier.0.weight"].shape[0]
    train(tmp_path / "whole", "finetune", finetune(tmp_path / "also", ema="0"), drive)
    trained = checkpoints.read(tmp_path / "whole/checkpoints/step-00000003.safetensors").state
    changed = [name for name in trained if name.endswith("kernel") and not torch.equal(trained[name], before[name])]
    assert len(changed) == sum(name.endswith("kernel") for name in trained)  # the whole network is trained


def test_pretraining_goes_on_from_latents_alone(drive: Path, tmp_path: Path, recipe: object) -> None:
    supervised = recipe(max_steps="1")  # type: ignore[operator]
    train(tmp_path / "classes", "supervised", supervised, drive)
    with pytest.raises(DataError, match="gives no latents of 8 values"):
        train(tmp_path / "wrong", "also", also(init=str(tmp_path / "classes")), drive)
    train(tmp_path / "first", "also", also(max_steps="1"), drive)
    train(tmp_path / "second", "also", also(max_steps="1", init=str(tmp_path / "first")), drive)


def test_passes_are_counted_as_steps(drive: Path, tmp_path: Path) -> None:
    # six of eight scans are trained on, two a step
    assert ended(also(epochs="5", batch_size="2", max_steps="1000"), drive).max_steps == 15
    assert ended(also(epochs="5", max_steps="3"), drive).max_steps == 3
    assert begin(tmp_path / "run", "also", also(epochs="2", max_steps="999"), drive).read_config()[1].max_steps == 3
    for share, epochs in ALSO_EPOCHS.items():
        assert finetune(tmp_path, protocol="also", label_fraction=str(share)).passes == epochs
    assert (ALSO_EPOCHS[1.0], ALSO_EPOCHS[0.01]) == (30, 500)
    with pytest.raises(UsageError, match=r"protocol also knows label_fraction 1, 0\.5"):
        finetune(tmp_path, protocol="also", label_fraction="0.3")


def test_the_published_values_are_the_defaults() -> None:
    recipe = recipe_of("also")[1]
    assert isinstance(recipe, Also)
    told = (recipe.latent, recipe.queries, recipe.delta, recipe.radius, recipe.neighbours, recipe.epochs)
    assert told == (128, 4096, 0.1, 1.0, 32, 50)
    assert (recipe.optimizer, recipe.learning_rate, recipe.schedule) == ("adamw", 1e-3, "constant")
    with pytest.raises(UsageError, match="ema averages networks"):
        also(ema="0.9")
    with pytest.raises(UsageError, match="set latent, not"):
        also(network_fields__num_classes="19")


def test_the_demo_settings_are_a_recipe() -> None:
    assert isinstance(recipe_of("demo_also")[1], Also)


def test_scans_without_intensity_teach_occupancy_alone(drive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(occupancy_targets, "frame_columns", lambda frame: {})
    asked = Samples(drive, also(columns="x,y,z")).sample(0).asked
    assert asked is not None
    assert (asked.shine < 0).all()
