"""Which scans a run trains on and which it validates on."""

from __future__ import annotations

import json
from collections.abc import Sequence as Many
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from app.core.datasets.base import Dataset, Sequence
from app.core.errors import DataError, UsageError
from app.core.training.recipe import Recipe

OFFICIAL_TRAIN = ("00", "01", "02", "03", "04", "05", "06", "07", "09", "10")
OFFICIAL_VAL = ("08",)
SPLITS = Path(__file__).resolve().parents[3] / "assets" / "splits"


@dataclass(frozen=True, order=True)
class Scan:
    """One sweep: ``data`` 0 for the recording trained on, 1 for ``val_data``; sequence name and frame number."""

    data: int
    sequence: str
    index: int

    def __str__(self) -> str:
        return f"{self.sequence}/{self.index:06d}"


@dataclass(frozen=True)
class Split:
    """Scans to train on and to validate on, in order."""

    train: tuple[Scan, ...]
    val: tuple[Scan, ...]


def split_of(dataset: Dataset, val_dataset: Dataset | None, recipe: Recipe) -> Split:
    """The scans of a run; ``UsageError`` naming what the data lacks."""
    names = [sequence.name for sequence in dataset.sequences]
    val_names = _val_names(names, val_dataset, recipe)
    own_val = set() if val_dataset is not None else set(val_names)
    chosen = recipe.train_sequences or _usual_train(dataset, own_val)
    both = sorted(set(chosen) & own_val)
    if both:
        raise UsageError(f"Sequence {both[0]} is named in train_sequences and in val_sequences; choose one.")
    train: list[Scan] = []
    held: list[Scan] = []
    for scan in _scans(0, [_sequence(dataset, name) for name in chosen]):
        keep = recipe.hold_out > 0 and scan.index % recipe.hold_out == recipe.hold_out - 1
        (held if keep else train).append(scan)
    val_source = dataset if val_dataset is None else val_dataset
    val = _scans(int(val_dataset is not None), [_sequence(val_source, name) for name in val_names])
    used = labelled_share(train, dataset, recipe)
    if not used:
        raise UsageError("No scan is left to train on; look at train_sequences, hold_out and label_fraction.")
    return Split(tuple(used), (*val, *held))


def _val_names(names: Many[str], val_dataset: Dataset | None, recipe: Recipe) -> tuple[str, ...]:
    if recipe.val_sequences:
        return recipe.val_sequences
    if val_dataset is not None:
        return tuple(sequence.name for sequence in val_dataset.sequences)
    official = set(names) & set(OFFICIAL_TRAIN)
    return OFFICIAL_VAL if official and set(OFFICIAL_VAL) <= set(names) else ()


def _usual_train(dataset: Dataset, val: set[str]) -> tuple[str, ...]:
    names = [sequence.name for sequence in dataset.sequences]
    official = tuple(name for name in names if name in OFFICIAL_TRAIN)
    others = tuple(name for name in names if name not in val)
    return official if dataset.format == "semantickitti" and official else others


def _sequence(dataset: Dataset, name: str) -> Sequence:
    try:
        return dataset.sequence(name)
    except KeyError as error:
        raise UsageError(f"{dataset.path} has {error.args[0]}.") from None


def _scans(data: int, sequences: Many[Sequence]) -> list[Scan]:
    return [Scan(data, sequence.name, index) for sequence in sequences for index in range(len(sequence))]


def labelled_share(scans: Many[Scan], dataset: Dataset, recipe: Recipe) -> list[Scan]:
    """The ``label_fraction`` of training scans, by the recipe's protocol."""
    share = recipe.label_fraction
    if recipe.label_protocol == "segcontrast":
        return _listed(scans, dataset, recipe)
    if share == 1:
        return list(scans)
    if recipe.label_protocol == "every_nth":
        step = 1 / Fraction(share).limit_denominator(1_000_000)
        return [scans[int(k * step)] for k in range(int(-(-len(scans) // step)))]
    if recipe.label_protocol == "random":
        rng = np.random.default_rng([recipe.seed, 7])
        rows = rng.choice(len(scans), max(1, round(share * len(scans))), replace=False)
        return [scans[row] for row in sorted(rows)]
    first: list[Scan] = []
    for name in dict.fromkeys(scan.sequence for scan in scans):
        own = [scan for scan in scans if scan.sequence == name]
        first += own[: max(1, round(share * len(own)))]
    return first


def _listed(scans: Many[Scan], dataset: Dataset, recipe: Recipe) -> list[Scan]:
    wanted = _published(recipe)
    used = []
    for name in dict.fromkeys(scan.sequence for scan in scans):
        numbers = sorted(wanted.get(name, set()))
        if numbers:
            _check_numbering(dataset, name, numbers[-1])
        there = {f"{scan.index:06d}": scan for scan in scans if scan.sequence == name}
        used += [there[number] for number in numbers if number in there]
    return used


def _check_numbering(dataset: Dataset, name: str, last: str) -> None:
    """Scans of the list are files by number. Where the last is in its place, so are all before it."""
    sequence = dataset.sequence(name)
    if not last.isdecimal() or int(last) >= len(sequence) or sequence.read(int(last)).name != last:
        raise DataError(
            f"The list of labelled scans names {name}/{last}, but sequence {name} of {dataset.path} is not "
            "complete up to there; fetch the whole sequence."
        )


def _published(recipe: Recipe) -> dict[str, set[str]]:
    """Scan names by sequence, from the built-in 1 % list or a file of SegContrast's form."""
    if recipe.label_list:
        return _read_list(Path(recipe.label_list), recipe.label_fraction)
    if recipe.label_fraction != 0.01:
        raise UsageError(
            f"SegContrast's list for label_fraction {recipe.label_fraction:g} is not built in (0.01 is); name its "
            "percentiles_split.json in label_list."
        )
    content = json.loads((SPLITS / "segcontrast_0.01.json").read_text(encoding="utf-8"))
    return {name: set(scans) for name, scans in content["sequences"].items()}


def _read_list(path: Path, share: float) -> dict[str, set[str]]:
    """The scans of one percentile of a ``percentiles_split.json``: percentile → sequence → points → file paths."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = {float(key): value for key, value in content.items()}
        if share not in found:
            raise DataError(f"{path} has no list for {share:g}; it has: {', '.join(content)}.")
        return {name: {Path(file).stem for file in lists["points"]} for name, lists in found[share].items()}
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DataError(
            f"{path} is not of the form of SegContrast's percentiles_split.json (share → sequence → points)."
        ) from None
