"""The demo drive through the session: shown from its first frame on, growing, reused, taken up again."""

from __future__ import annotations

from pathlib import Path

import pytest
from listening_in import heard

from app.core.datasets import open_dataset
from app.core.demo import world as world_module
from app.core.demo import writer
from app.core.demo.calibration import kitti_like
from app.core.demo.lidar import Lidar
from app.core.demo.world import World, build_world
from app.core.errors import UsageError
from app.core.session import Session
from app.core.tasks import write_demo
from app.core.tasks.base import Partial, run
from app.core.tasks.context import Context
from app.core.tasks.engine import LocalEngine


@pytest.fixture(scope="module")
def small() -> World:
    """A street seen by sensors with few beams and pixels."""
    return build_world(0, lidar=Lidar.hdl64(16, 128), calibration=kitti_like(0.05))


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch, small: World) -> list[int]:
    """The small street takes the place of the real one; counts how often it is built."""
    calls: list[int] = []

    def build(seed: int) -> World:
        calls.append(seed)
        return small

    monkeypatch.setattr(world_module, "build_world", build)
    return calls


def test_it_is_shown_from_its_first_frame_on_and_grows(tmp_path: Path) -> None:
    session = Session(LocalEngine())
    opened, frames, grown = (
        heard(signal) for signal in (session.drive_changed, session.frame_changed, session.sequence_grown)
    )
    session.open_demo(tmp_path / "demo", frames=3)
    assert [info.sequences[0].frames for info in opened] == [1]
    assert [state.frame.index for state in frames] == [0]
    assert [info.frames for info in grown] == [2, 3]
    assert session.playback.last == 2
    assert session.tasks[0].state == "done"
    session.step(2)
    assert session.index == 2
    assert len(session.poses) == 3


def test_a_complete_drive_is_opened_without_building_anything(tmp_path: Path, built: list[int]) -> None:
    run(write_demo.ENTRY(Context(), folder=tmp_path, frames=2))
    assert built == [0]
    session = Session(LocalEngine())
    session.open_demo(tmp_path, frames=2)
    assert built == [0]
    assert session.sequence.frames == 2
    session.open_demo(tmp_path, frames=3)
    assert built == [0, 0]
    assert session.sequence.frames == 3


def test_an_unfinished_drive_is_shown_before_the_rest_is_written(tmp_path: Path, built: list[int]) -> None:
    events = write_demo.ENTRY(Context(), folder=tmp_path, frames=3)
    next(event for event in events if isinstance(event, Partial))
    events.close()
    again = write_demo.ENTRY(Context(), folder=tmp_path, frames=3)
    first = next(again)
    assert isinstance(first, Partial)
    assert first.value.path == tmp_path
    assert built == [0], "the first frame can be opened before the street is built again"
    run(again)
    assert built == [0, 0]
    assert len(list((tmp_path / "sequences/00/velodyne").glob("*.bin"))) == 3


def test_another_seed_is_another_drive(tmp_path: Path, built: list[int]) -> None:
    run(write_demo.ENTRY(Context(), folder=tmp_path, frames=1, seed=0))
    first = next(write_demo.ENTRY(Context(), folder=tmp_path, frames=1, seed=1))
    assert not isinstance(first, Partial), "what lies there is of another seed and is not shown as this one"


def test_its_own_place_depends_on_the_seed() -> None:
    done = run(write_demo.ENTRY(Context(), frames=1))
    assert done.path == writer.default_drive_path(0)
    assert writer.default_drive_path(1) != done.path


def test_several_worlds_are_sequences_of_one_drive(tmp_path: Path, built: list[int]) -> None:
    done = run(write_demo.ENTRY(Context(), folder=tmp_path, frames=2, seed=5, worlds=3))
    assert (done.path, done.frames, done.seed) == (tmp_path, 2, 5)
    assert built == [5, 6, 7]
    names = [sequence.name for sequence in open_dataset(tmp_path).sequences]
    assert names == ["00", "01", "02"]
    run(write_demo.ENTRY(Context(), folder=tmp_path, frames=2, seed=5, worlds=3))
    assert built == [5, 6, 7], "a complete drive costs nothing"
    with pytest.raises(UsageError, match="1 to 100"):
        run(write_demo.ENTRY(Context(), folder=tmp_path, worlds=0))
