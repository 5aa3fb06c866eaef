"""Which scans are used, what is done to them, and that all of it follows from seed and number alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from small_drive import write_small_drive

from app.core.datasets import open_dataset
from app.core.errors import DataError, UsageError
from app.core.training.augment import augmented, chosen_voxels
from app.core.training.initial import standardise
from app.core.training.loader import Loader
from app.core.training.recipe import Recipe
from app.core.training.recipes.supervised import class_weights
from app.core.training.samples import Samples
from app.core.training.schedule import learning_rate
from app.core.training.split import Scan, Split, split_of
from app.models.backbones import minkunet

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    """A drive with sequences 00 (6 scans), 08 (4) and 11 (3)."""
    root = tmp_path / "many"
    for name, frames in (("00", 6), ("08", 4), ("11", 3)):
        part = write_small_drive(tmp_path / name, frames=frames, points=50).root
        (root / "sequences").mkdir(parents=True, exist_ok=True)
        (part / "sequences/00").rename(root / "sequences" / name)
    return root


def split(data: Path, recipe: Recipe, val: Path | None = None) -> Split:
    return split_of(open_dataset(data), None if val is None else open_dataset(val), recipe)


def test_the_official_split_is_the_usual_one(sequences: Path, recipe: MakeRecipe) -> None:
    found = split(sequences, recipe(hold_out="0"))
    assert {scan.sequence for scan in found.train} == {"00"}
    assert {scan.sequence for scan in found.val} == {"08"}
    assert len(found.train) == 6


def test_sequences_and_held_out_scans(sequences: Path, drive: Path, recipe: MakeRecipe) -> None:
    found = split(sequences, recipe(hold_out="3", train_sequences="00,11", val_sequences="08"))
    assert [str(scan) for scan in found.train] == ["00/000000", "00/000001", "00/000003", "00/000004",
                                                   "11/000000", "11/000001"]  # fmt: skip
    assert [str(scan) for scan in found.val][-3:] == ["00/000002", "00/000005", "11/000002"]
    other = split(sequences, recipe(hold_out="0"), drive)
    assert {scan.data for scan in other.val} == {1}
    assert len(other.val) == 8
    with pytest.raises(UsageError, match="08 is named in train_sequences and in val_sequences"):
        split(sequences, recipe(train_sequences="08", val_sequences="08"))
    with pytest.raises(UsageError, match="no sequence '77'; there are: 00, 08, 11"):
        split(sequences, recipe(train_sequences="77"))


@pytest.mark.parametrize(
    ("protocol", "share", "chosen"),
    [
        ("every_nth", "0.5", [0, 2, 4]),
        ("every_nth", "0.34", [0, 2, 5]),
        ("first", "0.34", [0, 1]),
        ("random", "0.5", None),
    ],
)  # fmt: skip
def test_label_fractions_by_protocol(
    sequences: Path, recipe: MakeRecipe, protocol: str, share: str, chosen: list[int] | None
) -> None:
    told = recipe(hold_out="0", label_fraction=share, label_protocol=protocol)
    found = [scan.index for scan in split(sequences, told).train]
    assert found == (chosen if chosen is not None else sorted(found))
    assert found == [scan.index for scan in split(sequences, told).train]
    if chosen is None:
        seeds = {
            tuple(s.index for s in split(sequences, told.model_copy(update={"seed": i})).train) for i in range(9)
        }
        assert len(found) == 3
        assert len(seeds) > 1


def test_the_lists_of_segcontrast(sequences: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    lists = tmp_path / "percentiles_split.json"
    files = [f"Datasets/SemanticKITTI/dataset/sequences/00/velodyne/{i:06d}.bin" for i in (1, 4)]
    lists.write_text(json.dumps({"0.1": {"00": {"points": files, "labels": []}}}))
    told = {"hold_out": "0", "label_protocol": "segcontrast", "label_list": str(lists)}
    assert split(sequences, recipe(**told, label_fraction="0.1")).train == (Scan(0, "00", 1), Scan(0, "00", 4))
    with pytest.raises(DataError, match=r"has no list for 0\.5; it has: 0\.1"):
        split(sequences, recipe(**told, label_fraction="0.5"))
    built_in = recipe(hold_out="0", label_protocol="segcontrast", label_fraction="0.01")
    with pytest.raises(DataError, match=r"names 00/004406, but sequence 00 of .* is not complete"):
        split(sequences, built_in)
    lists.write_text("[1]")
    with pytest.raises(DataError, match="not of the form"):
        split(sequences, recipe(**told, label_fraction="0.1"))


def test_a_sample_is_a_pure_function_of_its_number(drive: Path, recipe: MakeRecipe) -> None:
    told = recipe(keep_points="0.7", flip="true", jitter="0.01", translate="0.5", max_points="60", voxel_size="0.5")
    one, other = Samples(drive, told), Samples(drive, told.model_copy(update={"cache_mb": 0}))
    for number in (7, 0, 3):
        a, b = one.sample(number), other.sample(number)
        assert a.scan == b.scan
        for name in ("coords", "feats", "targets"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
        assert len(a.coords) == 60
    count = len(one.split.train)
    epochs = [[one.sample(k * count + i).scan for i in range(count)] for k in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(one.split.train)
    assert epochs[0] != epochs[1]
    assert not np.array_equal(one.sample(0).feats, one.sample(count * 5).feats)


def test_targets_are_train_ids_less_one(drive: Path, recipe: MakeRecipe) -> None:
    samples = Samples(drive, recipe(rotate="false", scale="0"))
    sample = samples.sample(0)
    assert set(np.unique(sample.targets)) <= {-1, 0, 8, 12}  # unlisted, car, road, building
    assert {0, 8, 12} <= set(np.unique(sample.targets))
    counts = samples.class_counts(100)
    assert np.flatnonzero(counts).tolist() == [0, 8, 12]


@pytest.mark.parametrize("workers", ["0", "1"])
def test_processes_share_a_batch_and_know_the_order(drive: Path, recipe: MakeRecipe, workers: str) -> None:
    told = recipe(batch_size="4", accumulate="2", workers=workers)
    samples = Samples(drive, told)

    def scans(rank: int, world: int, step: int) -> list[list[str]]:
        loader = Loader(samples, drive, rank=rank, world=world, step=step)
        try:
            return [[str(sample.scan) for sample in of] for _, of in loader.step()]
        finally:
            loader.close()

    alone = scans(0, 1, 3)
    assert alone == [[str(samples.sample(4 * (2 * 3 + k) + i).scan) for i in range(4)] for k in range(2)]
    if workers == "0":
        shared = [scans(rank, 2, 3) for rank in (0, 1)]
        for k in range(2):
            assert sorted(shared[0][k] + shared[1][k]) == sorted(alone[k])


def test_augmentations_do_what_they_say(recipe: MakeRecipe) -> None:
    points = np.random.default_rng(0).normal(0, 10, (500, 3)).astype(np.float32)
    off = {"rotate": "false", "scale": "0"}
    same, rows, _ = augmented(points, recipe(**off), np.random.default_rng(1))
    assert np.array_equal(same, points)
    assert np.array_equal(rows, np.arange(500))
    turned, _, _ = augmented(points, recipe(scale="0"), np.random.default_rng(1))
    assert np.allclose(np.linalg.norm(turned[:, :2], axis=1), np.linalg.norm(points[:, :2], axis=1), atol=1e-3)
    assert np.allclose(turned[:, 2], points[:, 2], atol=1e-5)
    assert not np.allclose(turned[:, 0], points[:, 0])
    scaled, _, _ = augmented(points, recipe(rotate="false", scale="0.05"), np.random.default_rng(1))
    ratio = scaled / points
    assert 0.95 <= ratio.min() <= ratio.max() <= 1.05
    assert np.ptp(ratio) < 1e-4
    moved, _, _ = augmented(points, recipe(**off, translate="0.5"), np.random.default_rng(1))
    assert np.ptp(moved - points, axis=0).max() < 1e-4
    assert 0 < np.abs(moved - points).max() <= 0.5
    kept, rows, _ = augmented(points, recipe(**off, keep_points="0.7"), np.random.default_rng(1))
    assert np.array_equal(kept, points[rows])
    assert 300 < len(rows) < 400
    mirrored, _, _ = augmented(points, recipe(**off, flip="true"), np.random.default_rng(3))
    assert np.allclose(np.abs(mirrored), np.abs(points))


def test_a_choice_of_voxels() -> None:
    rng = np.random.default_rng(0)
    assert chosen_voxels(5, 0, rng).tolist() == [0, 1, 2, 3, 4]
    some = chosen_voxels(100, 7, rng)
    assert len(np.unique(some)) == 7
    assert (np.diff(some) > 0).all()


def test_learning_rates(recipe: MakeRecipe) -> None:
    cosine = recipe(schedule="cosine", learning_rate="1", warmup_steps="4", max_steps="104")
    rates = [learning_rate(cosine, step) for step in range(104)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[54] == pytest.approx(0.5)
    assert rates[-1] < 0.01
    cycle = recipe(schedule="onecycle", learning_rate="1", max_steps="100")
    rates = [learning_rate(cycle, step) for step in range(100)]
    assert (rates[0], int(np.argmax(rates))) == (pytest.approx(0.04), 30)
    assert rates[-1] < 0.01
    assert learning_rate(recipe(schedule="constant", learning_rate="0.3"), 99) == 0.3


def test_class_weights() -> None:
    assert class_weights((1, 2), "none") == ()
    weights = class_weights((900, 100, 0), "sqrt_inverse")
    assert weights[2] == 1
    assert weights[1] / weights[0] == pytest.approx(3)
    assert np.mean(weights[:2]) == pytest.approx(1)
    assert class_weights((900, 100), "inverse")[1] == pytest.approx(1.8)


def test_a_standardised_start_gives_every_column_its_say(drive: Path, recipe: MakeRecipe) -> None:
    torch.manual_seed(0)
    network = minkunet.ENTRY.make(cr=0.05)
    before = network.stem[0].kernel.detach().clone()
    standardise(network, np.array([20.0, 10.0, 1.0, 0.1]))
    after = network.stem[0].kernel.detach()
    assert torch.allclose(after / before, torch.tensor([0.05, 0.1, 1.0, 10.0])[None, :, None].expand_as(before))
    with pytest.raises(UsageError, match="no first layer of 7 columns"):
        standardise(network, np.ones(7))
    with pytest.raises(UsageError, match="standardise is for networks that begin untrained"):
        recipe(standardise="true", init="x.safetensors")
