"""The front door: opened drive, current frame, views, selection, playback, tasks, log and settings.

The window's panels read this and listen to its signals; they never speak to each other. Only the main
thread calls it. What the engine has done arrives through ``post``, which brings it to the main thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from app.core import saved as memory
from app.core import settings as disk
from app.core.datasets.base import OpenOptions
from app.core.demo.writer import WrittenDrive
from app.core.errors import DataError, LidarScopeError
from app.core.labels import LabelSet
from app.core.render.camera import Camera
from app.core.session_affinity import SessionAffinity
from app.core.session_frames import SessionFrames
from app.core.session_language import SessionLanguage
from app.core.session_surface import SessionSurface
from app.core.session_training import SessionTraining
from app.core.session_views import LEFT, RIGHT
from app.core.session_visibility import SessionVisibility
from app.core.settings import SavedSession, Settings
from app.core.state import DriveInfo, SequenceInfo
from app.core.tasks.context import Source
from app.core.tasks.engine import Engine, Post
from app.core.tasks.open_drive import OpenedDrive

_SAVERS = ThreadPoolExecutor(1, thread_name_prefix="autosave")
"""A disk that is busy with a training's checkpoint lets a small write wait: not on the window's main thread."""


class Session(SessionFrames):
    """One per window.

    Parameters
    ----------
    engine : where tasks run
    settings : None reads the user's own from disk
    post : brings a call from any thread to the main thread; None calls at once
    """

    drive_changed = Signal(object)
    """The opened :class:`DriveInfo`, or None."""
    sequence_changed = Signal(object)
    """The chosen :class:`SequenceInfo`, or None."""
    sequence_grown = Signal(object)
    """The chosen :class:`SequenceInfo`, which has more frames now; what is shown stays."""
    settings_changed = Signal(object)
    """The new :class:`Settings`."""

    def __init__(self, engine: Engine, *, settings: Settings | None = None, post: Post | None = None) -> None:
        super().__init__(engine, post)
        self.training = SessionTraining(self, engine)
        self.language = SessionLanguage(self)
        self.visibility = SessionVisibility(self)
        self.affinity = SessionAffinity(self)
        self.visibility.join(self.affinity)
        self.surface = SessionSurface(self)
        self._opened: OpenedDrive | None = None
        self._opening: Path | None = None
        self._cameras: dict[str, Camera] = {}
        self._layout: dict[str, str] = {}
        self._stored: SavedSession | None = None
        self._saver: Future[None] | None = None
        self._in_window = post is not None
        self._settings = settings or self._settings_from_disk()
        self._accumulation = replace(self._accumulation, budget=self._settings.point_budget)

    # what there is

    @property
    def drive(self) -> DriveInfo | None:
        """The opened recording."""
        return None if self._opened is None else self._opened.info

    @property
    def sequence(self) -> SequenceInfo | None:
        """The chosen sequence."""
        return None if self._opened is None else self._opened.info.sequence(self._opened.sequence)

    @property
    def label_set(self) -> LabelSet | None:
        """Classes of the chosen sequence."""
        return None if self._opened is None else self._opened.label_set

    @property
    def poses(self) -> np.ndarray | None:
        """(M, 4, 4) float64 world_from_sensor of the first M frames, or None."""
        return None if self._opened is None else self._opened.poses

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self._settings

    # opening

    def open(
        self,
        path: Path | str,
        options: OpenOptions | None = None,
        *,
        sequence: str | None = None,
        frame: int = 0,
    ) -> None:
        """Open a recording and show a frame of it. If it cannot be opened, the log says why and what is
        open stays open."""
        whole = _whole(Path(path))
        stated = options or OpenOptions()
        self._opening = whole

        def opened(result: OpenedDrive) -> None:
            self._opening = None
            self._show_drive(result, Source(whole, result.sequence, stated), frame, new=True)

        def failed(_error: LidarScopeError) -> None:
            if self._opening == whole:
                self._opening = None

        title = f"Open {whole.name or whole}"
        self.run_task(
            "open_drive",
            title,
            opened,
            key="open",
            on_error=failed,
            path=whole,
            options=stated,
            sequence=sequence,
        )

    def name_classes(self, label_map: Path | None) -> None:
        """Open the drive again at the frame in view, with the classes of a file, or of a label set that comes along
        (a name of :data:`~app.core.label_sets.BY_NAME`); None: with the recording's own."""
        if self._source is None:
            return
        path, sequence, before = self._source.path, self._source.sequence, self._source.options
        self.open(path, replace(before, label_map=label_map), sequence=sequence, frame=self._target)

    def select_sequence(self, name: str) -> None:
        """Show the first frame of another sequence of the drive."""
        if self._source is None:
            return
        source = replace(self._source, sequence=name)

        def opened(result: OpenedDrive) -> None:
            self._show_drive(result, source, 0, new=False)

        self.run_task(
            "open_drive",
            f"Open sequence {name}",
            opened,
            key="open",
            path=source.path,
            options=source.options,
            sequence=name,
            fresh=False,
        )

    def refresh(self) -> None:
        """Look at the disk again, for a drive that is still being written. What is shown stays."""
        if self._source is None:
            return
        source = self._source

        def looked(result: OpenedDrive) -> None:
            if source == self._source:
                self._grow(result)

        self._engine.submit(
            "open_drive",
            key="refresh",
            on_result=self._posted(looked),
            on_error=self._posted(self._refresh_failed),
            path=source.path,
            options=source.options,
            sequence=source.sequence,
            keep_frames=True,
        )

    def open_demo(self, folder: Path | None = None, *, frames: int = 40, seed: int = 0) -> int:
        """Write a demo drive (or go on with one, or reuse it) in the background and open it as soon as its
        first frame is there; returns the id of the task. The drive grows while it is shown.

        ``folder`` None: the built-in drive's own place.
        """

        def written(drive: WrittenDrive) -> None:
            path = _whole(drive.path)
            if self._source is not None and self._source.path == path:
                self.refresh()
            elif self._opening != path:
                self.open(path)

        return self.run_task(
            "write_demo",
            "Write the demo drive",
            written,
            key="write_demo",
            on_partial=written,
            folder=None if folder is None else _whole(folder),
            frames=frames,
            seed=seed,
        )

    def close_drive(self) -> None:
        """Close the drive; the window is empty then."""
        self._opened = None
        self._enter_sequence(None, 0, self.playback.rate)
        self.drive_changed.emit(None)
        self.sequence_changed.emit(None)
        self.playback_changed.emit(self.playback)

    def close(self) -> None:
        """Close the drive and the engine; nothing is emitted any more."""
        self._closed = True
        self.affinity.close()
        self.language.close()
        self.visibility.close()
        self.surface.close()
        self._engine.close()

    # settings and memory

    def update_settings(self, **changes: Any) -> None:
        """Change settings and store them. ``UsageError`` for a value that does not fit."""
        new = disk.changed(self._settings, changes)
        if new == self._settings:
            return
        self._settings = new
        self.settings_changed.emit(new)
        try:
            disk.save_settings(new)
        except DataError as error:
            self.log_line(str(error), "warning")

    def remember_camera(self, view: str, camera: Camera) -> None:
        """The window tells where a view's free camera is, so that it can be saved."""
        self._cameras[view] = camera

    def remembered_camera(self, view: str) -> Camera | None:
        """The camera of a view as it was saved or last told."""
        return self._cameras.get(view)

    @property
    def layout(self) -> dict[str, str]:
        """What the window has remembered about its docks, by name."""
        return dict(self._layout)

    def remember_layout(self, layout: Mapping[str, str]) -> None:
        """The window tells about its docks, so that it can be saved."""
        self._layout = dict(layout)

    def save_state(self) -> SavedSession:
        """All that is needed to come back to what is on the screen."""
        right = self._views.get(RIGHT, self._right)
        views = {LEFT: self._views[LEFT]} | ({} if right is None else {RIGHT: right})
        source = self._source
        return SavedSession(
            path=None if source is None else source.path,
            options=memory.saved_options(OpenOptions() if source is None else source.options),
            sequence=None if source is None else source.sequence,
            frame=self._target,
            views={n: memory.saved_view(view, self._cameras.get(n)) for n, view in views.items()},
            split=RIGHT in self._views,
            linked=self._linked,
            before=self._accumulation.before,
            after=self._accumulation.after,
            speed=self.playback.speed,
            loop=self.playback.loop,
            methods=memory.saved_methods(self.methods),
            surface=memory.saved_surface(self.surface.state),
            layout=self._layout,
        )

    def restore(self, saved: SavedSession) -> None:
        """Come back to a saved session; a drive that is gone is told in the log."""
        for name, view in saved.views.items():
            if name == RIGHT:
                self._right = memory.view_state(name, view)
            elif name == LEFT:
                self._views[LEFT] = memory.view_state(name, view)
        self._cameras.update(memory.restored_cameras(saved.views))
        self._layout = dict(saved.layout)
        self.restore_methods(saved)
        chosen, problem = memory.restored_surface(saved.surface)
        if problem:
            self.log_line(problem, "warning")
        self.surface.restore(chosen)
        self.split(saved.split)
        self.set_linked(saved.linked)
        for name in self._views:
            self.view_changed.emit(name)
        self.set_accumulation(max(saved.before, 0), max(saved.after, 0))
        self._clock.restore(saved.speed, saved.loop)
        self.playback_changed.emit(self.playback)
        if saved.path is not None:
            options = memory.open_options(saved.options)
            self.open(saved.path, options, sequence=saved.sequence, frame=saved.frame)

    def restore_methods(self, saved: SavedSession) -> None:
        """Switch on the methods of a saved session; those that are no more are told in the log."""
        chosen, problems = memory.restored_methods(saved.methods)
        for problem in problems:
            self.log_line(problem, "warning")
        for name, options in chosen.items():
            self.set_method(name, options)

    def autosave(self, *, closed: bool = False) -> None:
        """Store the session if it has changed since; ``closed``: the window ends in order."""
        saved = self.save_state().model_copy(update={"closed": closed})
        if saved == self._stored:
            return
        self._stored = saved
        self._saver = _SAVERS.submit(self._write, saved)
        if closed or not self._in_window:
            self.finish_saving()

    def finish_saving(self) -> None:
        """Wait until what was last to be stored is."""
        if self._saver is not None:
            self._saver.result()

    def _write(self, saved: SavedSession) -> None:
        try:
            disk.save_session(saved)
        except DataError as error:
            sentence = str(error)
            self._post(lambda: self.log_line(sentence, "warning"))

    # under the hood

    def _show_drive(self, opened: OpenedDrive, source: Source, frame: int, *, new: bool) -> None:
        self._opened = opened
        self._first_of_drive = True
        info = opened.info.sequence(opened.sequence)
        self._enter_sequence(source, info.frames, info.rate)
        if new:
            self.drive_changed.emit(opened.info)
            self.update_settings(recent=self._settings.with_recent(source.path).recent)
        self.sequence_changed.emit(info)
        self.playback_changed.emit(self.playback)
        for problem in (*(opened.info.problems if new else ()), *info.problems):
            self.log_line(problem, "warning")
        self._target = min(max(frame, 0), max(info.frames - 1, 0))
        self._ask_for_frame()

    def _grow(self, opened: OpenedDrive) -> None:
        """Take over what a second look at the disk has found, if the sequence has become longer."""
        before, now = self.sequence, opened.info.sequence(opened.sequence)
        if before is None or now.frames <= before.frames:
            return
        followed = self.playback.last == before.frames - 1
        self._opened = opened
        if followed:
            self._clock.grow(now.frames)
        self.sequence_grown.emit(now)
        self.playback_changed.emit(self.playback)

    def _refresh_failed(self, error: LidarScopeError) -> None:
        self.log_line(str(error), "warning")

    def _settings_from_disk(self) -> Settings:
        found, problem = disk.load_settings()
        if problem:
            self.log_line(problem, "warning")
        return found


def _whole(path: Path) -> Path:
    """The path from the root on, with ``~`` put in, links as they are."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links
