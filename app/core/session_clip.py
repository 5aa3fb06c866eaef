"""The part of asking in words that is about the CLIP that reads them: choosing, looking at it, downloading it.

Only the main thread calls it. Nothing here waits: looking and downloading are tasks of the engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from app.core.errors import Cancelled, LidarScopeError, UsageError
from app.models.clip.source import ClipSource, built_in

if TYPE_CHECKING:
    from app.models.clip import ClipInfo

NO_CLIP = "No CLIP is chosen, and the demo CLIP is not there; choose one to ask in words."


class ClipChoice(ABC):
    """Which CLIP reads the words."""

    clip_changed = Signal()
    """Another CLIP is chosen, is being looked at, or cannot be used."""

    _host: Any

    def __init__(self) -> None:
        self._clip: ClipSource | None = None
        self._clip_info: ClipInfo | None = None
        self._clip_problem = ""
        self._reading: ClipSource | None = None

    @abstractmethod
    def _clip_differs(self) -> None:
        """Another CLIP is chosen, or none: ask with it."""

    @property
    def clip(self) -> ClipSource | None:
        """The CLIP that reads the words; None until one is chosen."""
        return self._clip

    @property
    def clip_info(self) -> ClipInfo | None:
        """What is known of the chosen CLIP."""
        return self._clip_info

    @property
    def clip_problem(self) -> str:
        """Why the CLIP that was asked for last cannot be used, one sentence, or ""."""
        return self._clip_problem

    @property
    def reading_clip(self) -> ClipSource | None:
        """The CLIP that is being looked at; it becomes the chosen one if it can be used."""
        return self._reading

    @property
    def demo_clip(self) -> bool:
        """Whether the chosen CLIP is the built-in one, which knows the demo world only."""
        return self._clip is not None and self._clip.path == built_in().path

    def set_clip(self, source: ClipSource | None) -> None:
        """Read words with another CLIP, once the engine has looked at it, and downloaded it where it is one of
        open_clip's that is not here yet; the one before stays until then, and for good if the new one cannot be
        used (``clip_problem``). None: with none."""
        self._clip_problem = ""
        if source is None:
            self._reading = self._clip = self._clip_info = None
            self._clip_differs()
            self.clip_changed.emit()
            return
        self._reading = source
        self._read_clip(source, download=True)
        if self._reading is not None:
            self.clip_changed.emit()

    def _read_clip(self, source: ClipSource, *, download: bool) -> None:
        def read(info: ClipInfo) -> None:
            if self._reading != source:
                return
            if info.downloaded:
                self._take_clip(source, info)
            elif download:
                self._host.run_task(
                    "download_clip", f"Download {source.title}", fetched, on_error=failed, key="clip", source=source
                )
            else:
                failed(UsageError(f"The weights of {source.title} have not come; try it again."))

        def fetched(_source: ClipSource) -> None:
            if self._reading == source:
                self._read_clip(source, download=False)

        def failed(error: LidarScopeError) -> None:
            if self._reading == source:
                self._reading = None
                self._clip_problem = "" if isinstance(error, Cancelled) else str(error)
                self.clip_changed.emit()

        self._host.run_task("read_clip", f"Read {source.title}", read, on_error=failed, key="clip", source=source)

    def _take_clip(self, source: ClipSource, info: ClipInfo) -> None:
        self._reading, self._clip, self._clip_info = None, source, info
        self._clip_differs()
        self.clip_changed.emit()

    def use_built_in_clip(self) -> bool:
        """Read words with the demo CLIP, unless one is chosen or being looked at; whether it is now."""
        source = built_in()
        if self._clip is not None or self._reading is not None:
            return False
        if source.path is None or not source.path.exists():
            self._clip_problem = NO_CLIP
            self.clip_changed.emit()
            return False
        self.set_clip(source)
        return True
