"""A run's curves as TensorBoard event files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.core.errors import DataError
from app.core.training.folder import refused


class Events:
    """Writes scalars, in the caller's thread: a full disk is then an error there, not in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        """Begin a file; TensorBoard puts the files of one folder together by step."""
        from tensorboardX.event_file_writer import EventsWriter

        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = EventsWriter(str(folder / "events"))
        except OSError as error:
            raise DataError(refused(folder, error)) from None
        self._folder = folder

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Add numbers by name at a step; ``DataError`` where the disk refuses."""
        import time

        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import scalar

        try:
            for name, value in scalars.items():
                self._writer.write_event(Event(wall_time=time.time(), step=step, summary=scalar(name, value)))
            self._writer.flush()
        except OSError as error:
            raise DataError(refused(self._folder, error)) from None

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
