"""What people said of labels by hand: a file for each sequence, apart from recordings and from machines' labels.

A correction covers points of a frame, so it holds whatever the superpoints are. Later ones go before earlier ones.
The files lie in the user's data folder (``corrections/`` beside the settings), one JSON for each recording and
sequence, written whole or not at all.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.affinity.inspecting import CorrectionCounts, CorrectionMark
from app.core.errors import DataError
from app.core.files import write_atomically
from app.core.labels import LabelSet
from app.core.language.feature_store import digest
from app.core.settings import home

FOLDER = "corrections"
LIMIT = 256 << 20
MOST_POINTS = 50_000_000

_COUNTED = {"accept": "accepted", "reject": "rejected", "relabel": "relabelled"}


@dataclass(frozen=True, eq=False)
class Correction:
    """One correction.

    Attributes
    ----------
    frame : name of the frame; ``size``: points it had, so that another scan of that name is not taken for it
    points : (K,) int32 rows of the frame, ascending
    action : accept, reject or relabel
    name : of the class that the points get, as the label set names it; "" where they are rejected
    said : name of the class that the machine had given
    when : ISO 8601, UTC
    """

    frame: str
    size: int
    points: np.ndarray
    action: str
    name: str
    said: str
    when: str


@dataclass(frozen=True, eq=False)
class Corrections:
    """All corrections of a sequence, in the order in which they were made."""

    entries: tuple[Correction, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def counts(self) -> CorrectionCounts:
        """How many of which action."""
        found = dict.fromkeys(_COUNTED.values(), 0)
        for entry in self.entries:
            found[_COUNTED[entry.action]] += 1
        return CorrectionCounts(**found, frames=len({entry.frame for entry in self.entries}))

    def of_frame(self, name: str, size: int) -> tuple[Correction, ...]:
        """Those of the frame of that name that has so many points."""
        return tuple(entry for entry in self.entries if entry.frame == name and entry.size == size)

    def with_one(self, new: Correction) -> Corrections:
        """With one more; those of the same frame that it covers wholly are taken back by it."""
        kept = [entry for entry in self.entries if entry.frame != new.frame or not _covers(new, entry)]
        return Corrections((*kept, new))

    def without(self, frame: str, points: np.ndarray) -> Corrections:
        """Without those of a frame that touch these points."""
        gone = [entry for entry in self.entries if entry.frame == frame and np.isin(entry.points, points).any()]
        return Corrections(tuple(entry for entry in self.entries if all(entry is not other for other in gone)))

    def mark(self, frame: str, size: int, points: np.ndarray, label_set: LabelSet) -> CorrectionMark | None:
        """What was said last of most of these points of a frame, or None."""
        for entry in reversed(self.of_frame(frame, size)):
            if 2 * int(np.isin(points, entry.points).sum()) > len(points):
                return CorrectionMark(entry.action, class_id(entry.name, label_set), entry.name, entry.when)
        return None


def applied(
    labels: np.ndarray, entries: Iterable[Correction], label_set: LabelSet
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of a frame with what was said by hand.

    Parameters
    ----------
    labels : (N,) uint8 train ids
    entries : corrections of that frame (:meth:`Corrections.of_frame`), oldest first

    Returns
    -------
    (N,) uint8 train ids, rejected points with the ignored one; (N,) bool, which points somebody spoke of. Classes
    that the label set does not know are left as they are.
    """
    corrected, touched = labels.copy(), np.zeros(len(labels), bool)
    for entry in entries:
        train_id = label_set.ignore if entry.action == "reject" else class_id(entry.name, label_set)
        if train_id >= 0:
            corrected[entry.points] = train_id
            touched[entry.points] = True
    return corrected, touched


def corrected_labels(
    path: Path, sequence: str, frame: str, labels: np.ndarray, label_set: LabelSet
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`applied` to a frame of a recording: what training recipes call.

    Parameters
    ----------
    path, sequence : the recording and its sequence, as they were opened
    frame : its name
    labels : (N,) uint8 train ids as the machine gave them

    Returns
    -------
    (N,) uint8 train ids and (N,) bool, which points somebody spoke of; the same labels and no point where nobody
    did.

    Raises
    ------
    DataError
        There is a file of corrections that cannot be read.
    """
    found, problem = load(path, sequence)
    if problem:
        raise DataError(problem)
    return applied(labels, found.of_frame(frame, len(labels)), label_set)


def as_provenance(entries: Iterable[Correction]) -> tuple[dict[str, Any], ...]:
    """What a sidecar tells of corrections, without their points."""
    return tuple(
        {"action": one.action, "name": one.name, "said": one.said, "when": one.when, "points": len(one.points)}
        for one in entries
    )


def class_id(name: str, label_set: LabelSet) -> int:
    """Train id of a class by its name, −1 for none."""
    return next((entry.id for entry in label_set.classes if entry.name == name), -1)


def now() -> str:
    """This moment, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def content_digest(entries: Iterable[Correction]) -> str:
    """16 hex digits of corrections; "" of none."""
    said = [f"{one.frame} {one.size} {one.action} {one.name} {_packed(one.points)}" for one in entries]
    return digest("\n".join(said)) if said else ""


# the file


def file_of(path: Path, sequence: str, folder: Path | None = None) -> Path:
    """Where the corrections of a recording's sequence lie."""
    name = digest(f"{path.resolve()}\n{sequence}")
    return (folder or home()) / FOLDER / f"{name}.json"


class _Saved(BaseModel):
    frame: str = Field(min_length=1, max_length=500)
    size: int = Field(ge=1, le=MOST_POINTS)
    points: str
    action: Literal["accept", "reject", "relabel"]
    name: str = Field(max_length=200)
    said: str = Field(max_length=200)
    when: str = Field(max_length=40)


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    path: str
    sequence: str
    corrections: tuple[_Saved, ...] = ()


def load(path: Path, sequence: str, folder: Path | None = None) -> tuple[Corrections, str]:
    """The corrections of a sequence; and a sentence about a file that cannot be used, or ""."""
    file = file_of(path, sequence, folder)
    try:
        if file.stat().st_size > LIMIT:
            return Corrections(), f"{file} is larger than {LIMIT >> 20} MB; move it away to correct labels anew."
        saved = _File.model_validate_json(file.read_bytes())
        entries = tuple(_entry(one) for one in saved.corrections)
    except FileNotFoundError:
        return Corrections(), ""
    except OSError as error:
        return Corrections(), f"{file} cannot be read ({error.strerror or error}); corrections are left out."
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        return Corrections(), f"{file} is no file of corrections at {where}: {first['msg']}. Move it away."
    except ValueError as error:
        return Corrections(), f"{file} is no file of corrections ({error}); move it away."
    return Corrections(entries), ""


def save(path: Path, sequence: str, corrections: Corrections, folder: Path | None = None) -> Path:
    """Write them whole; ``DataError`` where the disk refuses."""
    content: dict[str, Any] = {
        "version": 1,
        "path": str(path.resolve()),
        "sequence": sequence,
        "corrections": [
            {
                "frame": one.frame,
                "size": one.size,
                "points": _packed(one.points),
                "action": one.action,
                "name": one.name,
                "said": one.said,
                "when": one.when,
            }
            for one in corrections.entries
        ],
    }
    file = file_of(path, sequence, folder)
    write_atomically(file, _File.model_validate(content).model_dump_json(indent=1).encode())
    return file


def _covers(new: Correction, old: Correction) -> bool:
    return bool(np.isin(old.points, new.points).all())


def _entry(saved: _Saved) -> Correction:
    points = _unpacked(saved.points)
    if not len(points) or points[0] < 0 or points[-1] >= saved.size or (np.diff(points) <= 0).any():
        raise ValueError(f"points of frame {saved.frame} are not rows of it")
    return Correction(saved.frame, saved.size, points, saved.action, saved.name, saved.said, saved.when)


def _packed(points: np.ndarray) -> str:
    """Ascending rows as text: steps between them, little endian, deflated, base 64."""
    steps = np.diff(points, prepend=0).astype("<i4")
    return base64.b64encode(zlib.compress(steps.tobytes())).decode("ascii")


def _unpacked(text: str) -> np.ndarray:
    """(K,) int32; ``ValueError`` where the text is none of ours, or unpacks to more than a frame can have."""
    engine = zlib.decompressobj()
    try:
        raw = engine.decompress(base64.b64decode(text, validate=True), 4 * MOST_POINTS)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if engine.unconsumed_tail or len(raw) % 4:
        raise ValueError("a list of points is broken")
    return np.cumsum(np.frombuffer(raw, "<i4"), dtype=np.int64).astype(np.int32)
