"""The same laws for tasks run in place and in a process; and what only a process can do: die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from small_drive import SmallDrive, scan, write_small_drive

from app.core.errors import Cancelled, DataError, Fault, LidarScopeError, ProcessDied, UsageError
from app.core.state import Accumulation
from app.core.tasks import process_engine
from app.core.tasks.base import Progress
from app.core.tasks.context import Source
from app.core.tasks.engine import LocalEngine
from app.core.tasks.process_engine import ProcessEngine

PATIENCE = 60.0
LONG = Accumulation(10**6, 10**6, 10**9)


class Call:
    """One request and everything that was called back."""

    def __init__(
        self, engine: Any, name: str, *, on_event: Callable[[Any], None] | None = None, **params: Any
    ) -> None:
        self.events: list[Any] = []
        self.results: list[Any] = []
        self.errors: list[LidarScopeError] = []
        self.began = threading.Event()
        self.ended = threading.Event()

        def event(value: Any) -> None:
            self.events.append(value)
            self.began.set()
            if on_event is not None:
                on_event(value)

        self.id = engine.submit(
            name, on_event=event, on_result=self._ends(self.results), on_error=self._ends(self.errors), **params
        )

    def _ends(self, into: list[Any]) -> Callable[[Any], None]:
        def end(value: Any) -> None:
            into.append(value)
            self.ended.set()

        return end

    def result(self) -> Any:
        assert self.ended.wait(PATIENCE), "nothing came back"
        assert not self.errors, self.errors
        return self.results[0]

    def error(self) -> LidarScopeError:
        assert self.ended.wait(PATIENCE), "nothing came back"
        assert not self.results
        return self.errors[0]


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=40, points=4000)


@pytest.fixture
def source(drive: SmallDrive) -> Source:
    return Source(drive.root, "00")


@pytest.fixture
def process() -> Iterator[ProcessEngine]:
    engine = ProcessEngine()
    yield engine
    engine.close()


@pytest.fixture(params=["local", "process"])
def engine(request: pytest.FixtureRequest) -> Iterator[LocalEngine | ProcessEngine]:
    made = LocalEngine() if request.param == "local" else ProcessEngine()
    yield made
    made.close()


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet counts as ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_result_comes_once_and_whole(engine, source: Source) -> None:
    call = Call(engine, "show_frame", source=source, index=3, layers=("label",))
    state = call.result()
    np.testing.assert_array_equal(state.cloud.points, scan(3, 4000)[0][:, :3])
    assert state.cloud.layers["label"].values.dtype == np.uint8
    assert any(isinstance(event, Progress) for event in call.events)
    assert len(call.results) == 1


def test_errors_are_the_projects_own_kinds(engine, source: Source, tmp_path: Path) -> None:
    assert isinstance(Call(engine, "show_frame", source=source, index=99).error(), UsageError)
    missing = Source(tmp_path / "nowhere", "00")
    assert isinstance(Call(engine, "show_frame", source=missing, index=0).error(), DataError)
    assert "no task" in str(Call(engine, "no_such_task").error())


def test_a_fault_of_ours_is_one_sentence_and_the_next_request_works(engine, source: Source) -> None:
    error = Call(engine, "show_frame", source=source, index="three").error()
    assert isinstance(error, Fault)
    assert "\n" not in str(error)
    assert isinstance(Call(engine, "show_frame", wrong="parameter").error(), Fault)
    assert Call(engine, "show_frame", source=source, index=0).result().frame.index == 0


def test_cancel_stops_a_running_task_between_two_steps(engine, source: Source) -> None:
    def on_event(_event: Any) -> None:
        engine.cancel(1)  # both engines count from one

    call = Call(engine, "accumulate", on_event=on_event, source=source, index=0, accumulation=LONG)
    assert call.id == 1
    assert isinstance(call.error(), Cancelled)
    assert len(call.events) < 40
    assert Call(engine, "show_frame", source=source, index=1).result().frame.index == 1


def test_the_newest_of_a_key_wins(process: ProcessEngine, source: Source) -> None:
    older = [Call(process, "accumulate", key="k", source=source, index=i, accumulation=LONG) for i in range(5)]
    newest = Call(process, "show_frame", key="k", source=source, index=7)
    assert newest.result().frame.index == 7
    assert all(isinstance(call.error(), Cancelled) for call in older)
    other = Call(process, "show_frame", key="another", source=source, index=1)
    again = Call(process, "show_frame", source=source, index=2)
    assert other.result().frame.index == 1
    assert again.result().frame.index == 2


def test_an_urgent_task_overtakes_one_that_is_running(process: ProcessEngine, source: Source) -> None:
    slow = Call(process, "accumulate", source=source, index=0, accumulation=LONG)
    assert slow.began.wait(PATIENCE)
    Call(process, "show_frame", source=source, index=1).result()
    seen = len(slow.events)
    assert len(slow.result()) == 40 * 9000
    assert seen < len(slow.events), "the frame came before the slow task had ended"


def test_long_work_has_a_process_of_its_own(process: ProcessEngine, drive: SmallDrive, source: Source) -> None:
    assert list(process.pids) == ["interactive"]
    Call(process, "check_data", path=drive.root).result()
    assert set(process.pids) == {"interactive", "background"}
    assert len(set(process.pids.values())) == 2


def test_callbacks_come_through_post(source: Source) -> None:
    posted: list[Callable[[], None]] = []
    arrived = threading.Event()

    def post(call: Callable[[], None]) -> None:
        posted.append(call)
        arrived.set()

    engine = ProcessEngine(post=post)
    try:
        results: list[Any] = []
        engine.submit("show_frame", on_result=results.append, source=source, index=0)
        assert arrived.wait(PATIENCE)
        assert not results
        assert eventually(lambda: bool(posted) and (posted.pop(0)() or bool(results)))
        assert results[0].frame.index == 0
    finally:
        engine.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("settled", [0.0, 1e9], ids=["restarted at once", "restarted when needed"])
def test_a_killed_engine_costs_one_sentence(
    source: Source, settled: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_engine, "SETTLED", settled)
    lines: list[tuple[str, str]] = []
    engine = ProcessEngine(on_log=lambda level, text: lines.append((level, text)))
    try:
        Call(engine, "show_frame", source=source, index=0).result()
        first = engine.pids["interactive"]
        running = Call(engine, "accumulate", source=source, index=0, accumulation=LONG)
        assert running.began.wait(PATIENCE)
        os.kill(first, signal.SIGKILL)
        error = running.error()
        assert isinstance(error, ProcessDied)
        assert "accumulate" in str(error)
        assert "SIGKILL" in str(error)
        assert [level for level, _ in lines] == ["warning"]
        assert Call(engine, "show_frame", source=source, index=1).result().frame.index == 1
        assert engine.pids["interactive"] != first
        assert gone(first)
    finally:
        engine.close()


def shared_memory(*pids: int) -> set[str]:
    """Shared memory that processes hold; that of others on the machine is none of our business."""
    if not Path("/proc/self/maps").exists():
        return set()
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return {line.split(maxsplit=5)[5] for line in lines if "/dev/shm/" in line}


def test_nothing_is_left_behind(source: Source) -> None:
    threads = threading.active_count()
    engine = ProcessEngine()
    results: list[Any] = []
    engine.submit("accumulate", on_result=results.append, source=source, index=0, accumulation=LONG)
    engine.submit("check_data", path=source.path)
    pids = list(engine.pids.values())
    assert shared_memory(*pids) == set(), "arrays travel through pipes, which leave nothing behind"
    engine.close()
    assert all(gone(pid) for pid in pids)
    assert not results, "nothing is called after close"
    assert eventually(lambda: threading.active_count() <= threads)
    engine.submit("show_frame", on_result=results.append, source=source, index=0)
    engine.close()
    assert engine.pids == {}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_the_engine_ends_with_a_window_that_was_killed(source: Source) -> None:
    code = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from app.core.state import Accumulation\n"
        "from app.core.tasks.context import Source\n"
        "from app.core.tasks.process_engine import ProcessEngine\n"
        "engine = ProcessEngine()\n"
        "began = threading.Event()\n"
        "engine.submit('accumulate', on_event=lambda e: began.set(), source=Source(Path(sys.argv[1]), '00'),\n"
        "              index=0, accumulation=Accumulation(10**6, 10**6, 10**9))\n"
        "engine.submit('check_data', path=Path(sys.argv[1]))\n"
        "began.wait(60)\n"
        "print(*engine.pids.values(), flush=True)\n"
        "threading.Event().wait()\n"
    )
    root = Path(process_engine.__file__).resolve().parents[3]
    window = subprocess.Popen([sys.executable, "-c", code, str(source.path)], stdout=subprocess.PIPE, cwd=root)
    assert window.stdout is not None
    pids = [int(text) for text in window.stdout.readline().split()]
    assert len(pids) == 2
    assert shared_memory(*pids) == set()
    window.kill()
    window.wait()
    window.stdout.close()
    assert eventually(lambda: all(gone(pid) for pid in pids))


def test_a_file_in_the_current_folder_does_not_get_into_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Source
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('code ran from the folder of the data')\n")
    monkeypatch.chdir(tmp_path)
    engine = ProcessEngine()
    try:
        assert Call(engine, "show_frame", source=source, index=0).result().frame.index == 0
    finally:
        engine.close()
