"""Labels of training scans from a folder that ``pseudo-label`` wrote, and what was corrected in them by hand."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.core.affinity.corrections import applied, load
from app.core.affinity.folder import Folder, folder_of
from app.core.affinity.options import SETTINGS, ZERO_SHOT
from app.core.errors import DataError, UsageError
from app.core.labels import UNKNOWN, LabelSet
from app.core.training.recipes._pseudo_labels import PseudoLabelled
from app.core.types import Frame

log = logging.getLogger(__name__)

_MOST = 1 << 24
_RECORD = np.dtype("<u4")
_SAME = ("setting", "clip", "unseen", "templates")
"""What the sequences of a run's labels have in common."""


class PseudoTargets:
    """Labels for the training scans of a recording.

    Parameters
    ----------
    data : the recording
    sequences : names of those that are trained on

    Raises
    ------
    DataError
        The folder holds no labels of these sequences, unfinished ones, or those of another recording; one sentence.
    UsageError
        It holds both settings, or labels of other classes than the recipe's.
    """

    def __init__(self, recipe: PseudoLabelled, data: Path, sequences: Sequence[str], label_set: LabelSet) -> None:
        self._data, self._label_set = data, label_set
        root = _root(Path(recipe.labels))
        self._folders = {name: folder_of(root.parent, root.name, name) for name in sequences}
        about = {name: _parameters(folder, name, root) for name, folder in self._folders.items()}
        for name, found in about.items():
            self._check(found, name)
        first = about[sequences[0]]
        for key in _SAME:
            for name, found in about.items():
                if found.get(key) != first.get(key):
                    raise DataError(
                        f"{root} holds sequences {sequences[0]} and {name} labelled with another '{key}'; label "
                        "them alike."
                    )
        self.setting = str(first["setting"])
        self.clip = str(first["clip"])
        self.templates = str(next(iter(first["templates"])))
        self.unseen = recipe.unseen if self.setting == ZERO_SHOT else ()
        if self.setting == ZERO_SHOT and set(first["unseen"]) != set(recipe.unseen):
            raise UsageError(
                f"The labels in {root} leave out {_names(first['unseen'])}, the recipe {_names(recipe.unseen)}; "
                "set unseen to the former, or label again with --unseen."
            )
        found = {name: load(data, name) for name in sequences} if recipe.corrections else {}
        for _, problem in found.values():
            if problem:
                raise DataError(problem)
        self._corrections = {name: corrections for name, (corrections, _) in found.items()}
        count = sum(map(len, self._corrections.values()))
        if count:
            log.info("%d corrections made by hand count more than the labels in %s.", count, root)

    def of(self, sequence: str, frame: Frame) -> np.ndarray | None:
        """(N,) uint8 train ids of a frame's points, None where it was not labelled.

        ``DataError`` where its file is broken or of another scan.
        """
        path = self._folders[sequence].label(frame.name)
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror}).") from None
        if len(raw) != len(frame) * _RECORD.itemsize:
            raise DataError(
                f"{path} has {len(raw) // _RECORD.itemsize} labels, its scan has {len(frame)} points; label it "
                "again."
            )
        ids = self._label_set.train_ids((np.frombuffer(raw, _RECORD) & 0xFFFF).astype(np.uint16))
        labels = np.where(ids == UNKNOWN, np.uint8(self._label_set.ignore), ids).astype(np.uint8)
        if sequence in self._corrections:
            said = self._corrections[sequence].of_frame(frame.name, len(frame))
            labels = applied(labels, said, self._label_set)[0]
        return labels

    @property
    def identity(self) -> str:
        """16 hex digits of what the labels were made of, and of corrections."""
        digest = hashlib.sha256()
        for name, folder in sorted(self._folders.items()):
            digest.update(folder.parameters.read_bytes() + folder.report.read_bytes())
            corrections = self._corrections.get(name)
            for entry in corrections.entries if corrections is not None else ():
                digest.update(f"{entry.frame} {entry.action} {entry.name}".encode() + entry.points.tobytes())
        return digest.hexdigest()[:16]

    def _check(self, found: dict[str, Any], sequence: str) -> None:
        folder = self._folders[sequence].root
        if (found["data"], found["sequence"]) != (str(self._data.resolve()), sequence):
            raise DataError(
                f"The labels in {folder} are of sequence {found['sequence']} of {found['data']}, not of {sequence} "
                f"of {self._data.resolve()}; label that one."
            )
        if found["label_set"] != self._label_set.name:
            raise DataError(
                f"The labels in {folder} have the classes of {found['label_set']}, the recording those of "
                f"{self._label_set.name}; label it again."
            )


def _root(path: Path) -> Path:
    """OUT/SETTING of what was named."""
    if (path / "sequences").is_dir():
        return path
    held = [path / setting for setting in SETTINGS if (path / setting / "sequences").is_dir()]
    if not held:
        raise DataError(f"{path} holds no pseudo-labels; name the folder that pseudo-label was given as --out.")
    if len(held) > 1:
        raise UsageError(f"{path} holds labels of both settings; name {held[0]} or {held[1]}.")
    return held[0]


def _parameters(folder: Folder, sequence: str, root: Path) -> dict[str, Any]:
    """What labels were made of; ``DataError`` where there are none, or they are unfinished."""
    try:
        found: Any = json.loads(folder.parameters.read_bytes()[:_MOST])
        wanted = ("data", "sequence", "label_set", "setting", "clip", "unseen", "templates")
        if not isinstance(found, dict) or any(key not in found for key in wanted) or not found["templates"]:
            raise ValueError("fields are missing")
    except FileNotFoundError:
        raise DataError(
            f"{root} has no labels of sequence {sequence}; make them with pseudo-label --sequence {sequence}, or "
            "leave it out of train_sequences."
        ) from None
    except (OSError, ValueError):
        raise DataError(f"{folder.parameters} cannot be read as the parameters of pseudo-labels.") from None
    if not folder.report.is_file():
        raise DataError(f"The labels in {folder.root} are unfinished; run pseudo-label again, which goes on.")
    return found


def _names(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
