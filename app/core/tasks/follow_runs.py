"""What the training runs in a folder are doing, and what the followed ones have written since the last look."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.curves import Rows, rows_of
from app.core.errors import DataError
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context
from app.core.training import jobs
from app.core.training.folder import FAILED, LIVE, RunFolder, Status, read_lines, this_host
from app.core.training.reader import RunReader

LANE = "background"
PRIORITY = -1
"""A look takes a moment, and the list of runs must not wait for a surface of many seconds in the same process."""

NOTES = "notes.txt"
LOG_BYTES = 6000
SCORE = "miou_present"
"""What the best checkpoint of a run is chosen by."""


@dataclass(frozen=True)
class SeenRun:
    """One run in the list.

    Attributes
    ----------
    device, precision : as the recipe states them
    load : processor cores it kept busy since the last look; None where that is not known
    best, best_step : greatest validation mIoU over the classes present (share), and when; None, 0 without one
    watch : (time in ns, size) of the weights for watching; None where there are none
    """

    path: Path
    recipe: str
    data: Path
    status: Status
    device: str = ""
    precision: str = ""
    load: float | None = None
    best: float | None = None
    best_step: int = 0
    watch: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.path.name

    @property
    def live(self) -> bool:
        """Whether a process is at work on it, or waits in a pause."""
        return self.status.state in LIVE


@dataclass(frozen=True)
class Known:
    """How many rows of a run's curves the asker has."""

    metrics: int = 0
    validations: int = 0


@dataclass(frozen=True)
class RunNews:
    """New rows of a followed run; ``anew``: forget the older ones. ``log``: its last lines, oldest first."""

    path: Path
    metrics: Rows
    validations: Rows
    anew: bool
    log: tuple[str, ...]
    notes: str


@dataclass(frozen=True)
class RunsSeen:
    """The runs in a folder, newest first, and what is new of those that are followed."""

    folder: Path
    runs: tuple[SeenRun, ...]
    news: tuple[RunNews, ...]


class _Followed:
    """A run's reader, and how many rows it has given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = RunReader(path)
        self._given = Known()

    def news(self, known: Known) -> RunNews:
        again = known != self._given
        if again:  # an answer was lost, or another process answered before
            self._reader = RunReader(self._path)
        news = self._reader.poll()
        anew = again or news.anew
        before = Known() if anew else known
        self._given = Known(before.metrics + len(news.metrics), before.validations + len(news.validations))
        metrics, validations = rows_of(news.metrics), rows_of(news.validations)
        return RunNews(self._path, metrics, validations, anew, _log_end(self._path), _notes(self._path))


_followed: dict[tuple[str, Path], _Followed] = {}
_worked: dict[int, tuple[float, float]] = {}


def follow_runs(
    context: Context, *, folder: Path | None, wanted: Mapping[Path, Known], asker: str
) -> TaskEvents[RunsSeen]:
    """Look once at the runs in a folder (None: the usual one), and read on in those that are ``wanted``.

    ``asker`` names who asks, for each has rows of its own. A run that cannot be read is listed as failed, with the
    reason; one that is gone is left out.
    """
    yield Progress(0, 0)
    folder = folder or jobs.default_runs_folder()
    readable = {run.path: _seen(run) for run in jobs.runs(folder)}
    seen = [readable.get(path) or _unreadable(path) for path in run_folders(folder)]
    for key in [key for key in _followed if key[0] == asker and key[1] not in wanted]:
        del _followed[key]
    there = {run.path for run in seen}
    news = []
    for path, known in wanted.items():
        if path in there:
            try:
                news.append(_followed.setdefault((asker, path), _Followed(path)).news(known))
            except DataError:
                continue  # deleted in this moment; the next look does not list it
    return RunsSeen(folder, tuple(seen), tuple(news))


def run_folders(folder: Path) -> list[Path]:
    """Folders with a run in them, the newest first."""
    found: list[tuple[float, Path]] = []
    for config in folder.glob("[!.]*/config.json"):
        try:
            found.append((_begun(config.parent), config.parent))
        except OSError:
            continue  # deleted in this moment
    return [path for _, path in sorted(found, key=lambda entry: (-entry[0], entry[1].name))]


def _begun(path: Path) -> float:
    """When a run began; its config is written again when it is changed on resuming."""
    identity = path / "identity.json"
    return min((path / "config.json").stat().st_mtime, identity.stat().st_mtime if identity.exists() else 1e12)


def _seen(run: jobs.RunInfo) -> SeenRun:
    there = RunFolder(run.path)
    recipe = there.read_config()[1]
    best, step = _best(there)
    return SeenRun(
        path=run.path,
        recipe=run.recipe,
        data=run.data,
        status=run.status,
        device=recipe.device,
        precision=recipe.precision,
        load=_load(run.status) if run.status.state in LIVE else None,
        best=best,
        best_step=step,
        watch=_stamp(there.watch),
    )


def _unreadable(path: Path) -> SeenRun:
    try:
        RunFolder(path).read_config()
        reason = "It is being written."
    except DataError as error:
        reason = str(error)
    return SeenRun(path, "", Path(), Status(FAILED, message=reason))


def _best(run: RunFolder) -> tuple[float | None, int]:
    scored = [(float(row[SCORE]), int(row["step"])) for row in read_lines(run.validation) if SCORE in row]
    return max(scored, key=lambda entry: entry[0]) if scored else (None, 0)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


def _load(status: Status) -> float | None:
    """Cores kept busy since the last look, those of its own children included."""
    import psutil

    if status.host != this_host():
        return None
    try:
        process = psutil.Process(status.pid)
        spent = sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None
    now = time.monotonic()
    before = _worked.get(status.pid)
    if before is None or now - before[1] > 0.5:
        _worked[status.pid] = (spent, now)
    if before is None or now <= before[1]:
        return None
    return max(0.0, (spent - before[0]) / (now - before[1]))


def _log_end(path: Path) -> tuple[str, ...]:
    """The last lines of the run's log; of one that wrote none, of what its process printed."""
    run = RunFolder(path)
    for file in (run.log, run.console):
        try:
            with file.open("rb") as open_file:
                size = open_file.seek(0, 2)
                open_file.seek(max(0, size - LOG_BYTES))
                lines = open_file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        if lines:
            return tuple(lines[1:] if size > LOG_BYTES else lines)
    return ()


def _notes(path: Path) -> str:
    try:
        return (path / NOTES).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def config_of(path: Path) -> tuple[str, dict[str, object], Path]:
    """Recipe's kind, its fields and the data of a run, as its folder states them; ``DataError`` where it cannot."""
    kind, recipe, data = RunFolder(path).read_config()
    return kind, json.loads(recipe.model_dump_json()), data


ENTRY = follow_runs
