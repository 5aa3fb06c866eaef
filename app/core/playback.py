"""The clock of playback: which frame belongs to a moment, at sensor rate times speed."""

from __future__ import annotations

from dataclasses import replace

from app.core.errors import UsageError
from app.core.state import Playback

SLOWEST, FASTEST = 0.1, 10.0


class PlaybackClock:
    """Turns seconds into frame numbers. Late ticks skip frames, so that playback never lags behind."""

    def __init__(self) -> None:
        self.state = Playback()
        self._start: tuple[float, int] | None = None

    def load(self, frames: int, rate: float) -> None:
        """Begin anew with a sequence: its whole range, standing still."""
        self.state = replace(self.state, playing=False, first=0, last=max(frames - 1, 0), rate=rate)
        self._start = None

    def grow(self, frames: int) -> None:
        """The sequence has become longer; a range that reached its end still does."""
        self.state = replace(self.state, last=max(frames - 1, 0))

    def restore(self, speed: float, loop: bool) -> None:
        """Take over what was saved; a speed out of 0.1 to 10 is brought into it."""
        self.state = replace(self.state, speed=min(max(speed, SLOWEST), FASTEST), loop=loop)

    def change(
        self,
        *,
        speed: float | None = None,
        loop: bool | None = None,
        first: int | None = None,
        last: int | None = None,
        frames: int,
    ) -> None:
        """Change some of it; ``UsageError`` for a speed out of 0.1 to 10 or a range outside the sequence."""
        state = self.state
        new = replace(
            state,
            speed=state.speed if speed is None else speed,
            loop=state.loop if loop is None else loop,
            first=state.first if first is None else first,
            last=state.last if last is None else last,
        )
        if not SLOWEST <= new.speed <= FASTEST:
            raise UsageError(f"The speed is between {SLOWEST} and {FASTEST}; {new.speed} was asked for.")
        if not 0 <= new.first <= new.last <= max(frames - 1, 0):
            raise UsageError(
                f"The range lies within 0 to {max(frames - 1, 0)}; {new.first} to {new.last} was asked for."
            )
        self.state = new
        self._start = None

    def play(self, index: int) -> int:
        """Start; returns the frame to start from: ``index``, or the first one from outside or the end."""
        state = self.state
        self.state = replace(state, playing=True)
        self._start = None
        return index if state.first <= index < state.last else state.first

    def pause(self) -> None:
        """Stand still."""
        self.state = replace(self.state, playing=False)
        self._start = None

    def restart(self) -> None:
        """Count on from the frame of the next tick: the user has gone somewhere else meanwhile."""
        self._start = None

    def at(self, now: float, index: int) -> int:
        """The frame for the moment ``now`` (seconds), playback being at ``index``; pauses at the end."""
        state = self.state
        if not state.playing:
            return index
        if self._start is None:
            self._start = (now, index)
        since, start = self._start
        due = start + int((now - since) * state.rate * state.speed + 1e-6)
        if due <= state.last:
            return due
        if not state.loop:
            self.pause()
            return state.last
        return state.first + (due - state.first) % (state.last - state.first + 1)
