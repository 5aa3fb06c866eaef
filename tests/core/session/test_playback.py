"""The clock of playback: sensor rate times speed, frames skipped rather than late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import UsageError
from app.core.playback import PlaybackClock


def clock(frames: int = 100, rate: float = 10.0) -> PlaybackClock:
    made = PlaybackClock()
    made.load(frames, rate)
    return made


def test_frames_follow_the_sensor() -> None:
    made = clock()
    assert made.play(20) == 20
    assert made.at(5.0, 20) == 20
    assert made.at(5.09, 20) == 20
    assert made.at(5.1, 20) == 21
    assert made.at(6.0, 21) == 30, "nine frames are skipped, none is late"


@given(st.floats(0.1, 10), st.floats(0, 60), st.floats(1, 40))
def test_the_frame_depends_on_the_time_alone(speed: float, seconds: float, rate: float) -> None:
    made = clock(10**6, rate)
    made.change(speed=speed, frames=10**6)
    made.play(0)
    made.at(100.0, 0)
    for between in (0.3, 0.7):
        made.at(100.0 + between * seconds, 0)
    assert made.at(100.0 + seconds, 0) == pytest.approx(seconds * rate * speed, abs=1.001)


def test_the_end_stops_and_playing_again_starts_over() -> None:
    made = clock(5)
    made.play(3)
    made.at(0, 3)
    assert made.at(60, 3) == 4
    assert not made.state.playing
    assert made.play(4) == 0


def test_a_loop_goes_round_its_range() -> None:
    made = clock(50)
    made.change(loop=True, first=10, last=14, frames=50)
    assert made.play(0) == 10
    made.at(0, 10)
    found = [made.at(k / 10, 10) for k in range(12)]
    assert found == [10, 11, 12, 13, 14, 10, 11, 12, 13, 14, 10, 11]
    assert made.state.playing


def test_pausing_and_restarting_count_from_where_one_is() -> None:
    made = clock()
    made.play(0)
    made.at(0, 0)
    assert made.at(1, 0) == 10
    made.restart()
    assert made.at(2, 50) == 50
    assert made.at(2.1, 50) == 51
    made.pause()
    assert made.at(9, 51) == 51


def test_changing_the_speed_does_not_jump() -> None:
    made = clock()
    made.play(0)
    made.at(0, 0)
    assert made.at(2, 0) == 20
    made.change(speed=0.5, frames=100)
    assert made.at(2, 20) == 20
    assert made.at(4, 20) == 30


@pytest.mark.parametrize(
    "change", [{"speed": 0.01}, {"speed": 11}, {"first": 5, "last": 4}, {"last": 100}, {"first": -1}]
)
def test_what_cannot_be_is_refused_and_changes_nothing(change: dict[str, float]) -> None:
    made = clock()
    before = made.state
    with pytest.raises(UsageError):
        made.change(frames=100, **change)  # type: ignore[arg-type]
    assert made.state == before


def test_growing_keeps_playing() -> None:
    made = clock(2)
    made.play(0)
    made.grow(9)
    assert made.state.playing
    assert made.state.last == 8


def test_an_odd_saved_speed_is_brought_into_bounds() -> None:
    made = clock()
    made.restore(1000.0, True)
    assert made.state.speed == 10
    assert made.state.loop
