"""What goes wrong ends a run in one sentence, with the last good checkpoint in its place."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_drive import write_small_drive
from training_runs import losses

from app.core.errors import DataError, UsageError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.model_card import ModelCard, classes_of, load_model
from app.core.training import run
from app.core.training.folder import RunFolder
from app.core.training.recipe import Recipe
from app.core.training.recipes import names, own_values, recipe_of
from app.core.training.recipes.finetune import Finetune
from app.models import _safetensors, checkpoints
from app.models.backbones import minkunet

MakeRecipe = Callable[..., Recipe]


def one_sentence(text: str) -> bool:
    return "\n" not in text and "Traceback" not in text and text.endswith(".")


def test_a_full_disk_keeps_the_last_good_checkpoint(
    drive: Path, recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "run"
    run.train(whole, "supervised", recipe(), drive)
    write = _safetensors.write

    def full(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
        if path.name == "step-00000006.safetensors":
            path.with_name(path.name + ".partial").write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, tensors, metadata)

    monkeypatch.setattr(_safetensors, "write", full)
    with pytest.raises(DataError, match=r"The disk is full: .*step-00000006") as found:
        run.train(out, "supervised", recipe(), drive)
    assert one_sentence(str(found.value))
    folder = RunFolder(out)
    status = folder.read_status()
    assert status is not None
    assert (status.state, status.message) == ("failed", str(found.value))
    assert folder.step_checkpoints()[0].name == "step-00000003.safetensors"
    assert load_model(out).card.step == 3
    monkeypatch.undo()
    run.resume(out)
    assert losses(out) == losses(whole)


def test_a_full_disk_while_a_line_is_written(
    drive: Path, recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if self.name == "metrics.jsonl" and "a" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DataError, match=r"The disk is full: .*metrics\.jsonl"):
        run.train(tmp_path / "run", "supervised", recipe(), drive)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_batch(
    drive: Path, recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.models.objectives.supervised import Supervised

    forward, calls = Supervised.forward, []

    def spoilt(self: Supervised, batch: Any) -> dict[str, torch.Tensor]:
        calls.append(batch)
        factor = float("nan") if len(calls) == 5 else 1.0
        return {name: value * factor for name, value in forward(self, batch).items()}

    monkeypatch.setattr(Supervised, "forward", spoilt)
    out = tmp_path / "run"
    with pytest.raises(DataError, match=r"loss became nan .*at step 5; the run has stopped") as found:
        run.train(out, "supervised", recipe(), drive)
    assert one_sentence(str(found.value).replace(". Look", " Look"))
    kept = np.load(out / "bad_batch-0.npz")
    assert np.array_equal(kept["coords_0"], calls[-1].coords.numpy())
    assert np.array_equal(kept["targets_0"], calls[-1].targets.numpy())
    assert len(kept["scans"]) == 2
    assert RunFolder(out).step_checkpoints()[0].name == "step-00000003.safetensors"
    assert [step for step, _ in losses(out)] == [1, 2, 3, 4]


def test_weights_that_are_no_numbers_are_never_kept(
    drive: Path, recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.models.objectives.supervised import Supervised

    forward, calls = Supervised.forward, []

    def spoilt(self: Supervised, batch: Any) -> dict[str, torch.Tensor]:
        calls.append(batch)
        losses = forward(self, batch)
        if len(calls) == 3:
            next(self.parameters()).data.fill_(float("nan"))
        return losses

    monkeypatch.setattr(Supervised, "forward", spoilt)
    with pytest.raises(DataError, match="weights became NaN at step 3; resume from the last checkpoint"):
        run.train(tmp_path / "run", "supervised", recipe(checkpoint_every="1"), drive)
    kept = RunFolder(tmp_path / "run").step_checkpoints()
    assert kept[0].name == "step-00000002.safetensors"
    for path in kept:
        assert all(torch.isfinite(value).all() for value in checkpoints.read(path).state.values())


def test_data_without_labels(recipe: MakeRecipe, tmp_path: Path) -> None:
    data = write_small_drive(tmp_path / "drive", frames=3, labels=False).root
    with pytest.raises(DataError, match="has no labels, which this recipe learns from"):
        run.train(tmp_path / "run", "supervised", recipe(), data)


def test_scans_without_labels_are_passed_over(
    recipe: MakeRecipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = write_small_drive(tmp_path / "drive", frames=4).root
    for index in (0, 2, 3):
        (data / f"sequences/00/labels/{index:06d}.label").unlink()
    run.train(tmp_path / "run", "supervised", recipe(hold_out="0", max_steps="3"), data)
    assert "Scan 00/000000 has no labels; the next one is taken in its place." in caplog.text


def test_data_deleted_during_the_run(recipe: MakeRecipe, tmp_path: Path) -> None:
    data = write_small_drive(tmp_path / "drive", frames=6).root
    folder = run.begin(tmp_path / "run", "supervised", recipe(cache_mb="0", max_steps="400"), data)
    from app.core.training import loop

    note, seen = loop.Loop._note, []

    def deleting(self: Any, done: Any, events: Any) -> None:
        note(self, done, events)
        seen.append(done.step)
        if done.step == 4:
            shutil.rmtree(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Loop, "_note", deleting)
        with pytest.raises(DataError) as found:
            run.resume(folder.path)
    assert one_sentence(str(found.value))
    assert str(data) in str(found.value)
    assert seen[-1] < 20
    status = folder.read_status()
    assert status is not None
    assert status.state == "failed"
    with pytest.raises(DataError, match="does not exist"):
        run.resume(folder.path)


def test_other_data_than_it_began_with(recipe: MakeRecipe, tmp_path: Path) -> None:
    data = write_small_drive(tmp_path / "drive", frames=6).root
    run.train(tmp_path / "run", "supervised", recipe(max_steps="2"), data)
    (data / "sequences/00/velodyne/000005.bin").unlink()
    with pytest.raises(DataError, match="The data are not those that the run"):
        run.resume(tmp_path / "run")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"momentun": "0.9"}, "no field 'momentun' in this recipe; did you mean momentum?"),
        ({"momentum": "2"}, "momentum must be at least 0 and below 1; found 2."),
        ({"max_steps": "0"}, "max_steps must be at least 1 and at most 100000000; found 0."),
        ({"max_steps": "many"}, "max_steps must be a whole number, at least 1"),
        ({"learning_rate": "nan"}, "learning_rate must be above 0 and at most 100"),
        ({"schedule": "linear"}, "schedule must be one of cosine, onecycle, constant, poly; found 'linear'."),
        ({"columns": "x,y,intensity"}, "columns must begin with x, y, z"),
        ({"label_list": "a.json"}, "label_list is for label_protocol segcontrast"),
        ({"seed.x": "1"}, "The field seed has no parts"),
    ],
)  # fmt: skip
def test_fields_that_do_not_fit(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError) as found:
        recipe_of("supervised", settings)
    assert sentence in str(found.value)


def test_recipes_are_found_by_listing(tmp_path: Path) -> None:
    assert {"supervised", "finetune", "demo"} <= set(names())
    with pytest.raises(UsageError, match="no recipe 'magic'; there are: affinity3d, also, clusters, distill"):
        recipe_of("magic")
    with pytest.raises(UsageError, match="init must name a checkpoint"):
        recipe_of("finetune")
    odd = tmp_path / "odd.yaml"
    odd.write_text("- 1\n")
    with pytest.raises(DataError, match="is no recipe"):
        recipe_of(str(odd))
    odd.write_text("recipe: supervised\nmax_steps: 7\n")
    assert recipe_of(str(odd), {"seed": "4"})[1].max_steps == 7


@pytest.mark.parametrize("name", names())
def test_every_field_says_what_it_is_and_the_config_round_trips(name: str) -> None:
    labels = {"labels": "pseudo-labels"}
    said_by_the_user = {"finetune": {"init": "weights.safetensors"}, "pseudo": labels, "affinity3d": labels}
    kind, recipe = recipe_of(name, said_by_the_user.get(own_values(name)[0], {}))
    assert all(field.description for field in type(recipe).model_fields.values())
    content = json.loads(json.dumps(recipe.model_dump(mode="json")))
    assert type(recipe).model_validate(content) == recipe
    assert kind in names()


def test_weights_of_other_classes(drive: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    init = tmp_path / "three.safetensors"
    network = minkunet.ENTRY.make(cr=0.05, num_classes=3)
    card = ModelCard("minkunet", {"cr": 0.05}, classes=("a", "b", "c"))
    checkpoints.save(init, network, "minkunet", metadata=card.metadata())
    with pytest.raises(DataError, match=r"predicts other classes \(3: a, b, c\) than the data have \(19: car"):
        run.train(tmp_path / "run", "supervised", recipe(init=str(init)), drive)
    fields = recipe(init=str(init), network_fields__cr="0.1").model_dump()
    with pytest.raises(DataError, match="does not fit MinkUNet: shapes differ"):
        run.train(tmp_path / "wide", "finetune", Finetune(**fields, new_classifier=True), drive)


def test_finetune_begins_with_the_weights_given(drive: Path, recipe: MakeRecipe, tmp_path: Path) -> None:
    run.train(tmp_path / "first", "supervised", recipe(), drive)
    before = load_model(tmp_path / "first", "cpu")
    assert before.card.classes == classes_of(SEMANTIC_KITTI)
    fields = recipe(max_steps="1", ema="0").model_dump() | {"init": str(tmp_path / "first"), "learning_rate": 1e-9}
    run.train(tmp_path / "second", "finetune", Finetune(**fields), drive)
    after = load_model(tmp_path / "second", "cpu")
    assert torch.allclose(after.network.stem[0].kernel, before.network.stem[0].kernel, atol=1e-6)  # type: ignore[operator,union-attr]
