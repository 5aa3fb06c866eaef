"""The user's settings and the saved session: validated, written whole or not at all, never fatal.

Files live in the user's configuration folder, or in ``$LIDARSCOPE_HOME`` where that is set.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import UsageError
from app.core.files import write_atomically

SETTINGS_FILE = "settings.json"
SESSION_FILE = "session.json"
RECENT_LIMIT = 12


def home() -> Path:
    """Folder of settings and saved session; it need not exist yet."""
    stated = os.environ.get("LIDARSCOPE_HOME")
    if stated:
        return Path(stated)
    from platformdirs import user_config_path

    return user_config_path("lidarscope")


class Settings(BaseModel):
    """What the preferences dialog shows; each field carries its title, description and bounds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    theme: Literal["dark", "light"] = Field(default="dark", title="Theme", description="Colours of the window.")
    point_size: float = Field(
        default=2.0, ge=1, le=12, title="Point size", description="Edge of a point in the picture, in pixels."
    )
    depth_shading: float = Field(
        default=1.2,
        ge=0,
        le=3,
        title="Depth shading",
        description="How strongly edges in depth are darkened; 0 switches it off.",
    )
    fov: float = Field(
        default=55.0,
        ge=20,
        le=110,
        title="Field of view",
        description="Vertical opening of the free camera, degrees.",
    )
    follow: bool = Field(
        default=True,
        title="Follow the vehicle",
        description="The camera rides along; otherwise it stays where it is in the world.",
    )
    background: tuple[int, int, int] = Field(
        default=(13, 15, 19),
        title="Background",
        description="Colour behind the points: red, green, blue, 0 to 255.",
    )
    frame_cache_mb: int = Field(
        default=160, ge=32, le=16384, title="Frame cache", description="Memory for frames kept ready, in MB."
    )
    prefetch: int = Field(
        default=4,
        ge=0,
        le=64,
        title="Frames read ahead",
        description="Frames read ahead in the direction of travel.",
    )
    features_mb: int = Field(
        default=2048,
        ge=0,
        le=1_048_576,
        title="Stored features",
        description="Disk space for language features of frames, in MB; the longest unused go first. 0: none.",
    )
    point_budget: int = Field(
        default=2_000_000,
        ge=10_000,
        le=50_000_000,
        title="Point budget",
        description="Most points drawn when frames are accumulated.",
    )
    hover: bool = Field(
        default=True, title="Hover", description="Show the point under the pointer in the other views too."
    )
    viewport: Literal["open3d", "pyqtgraph"] = Field(
        default="open3d", title="Renderer", description="What draws the 3D views; takes effect at the next start."
    )
    runs_folder: str = Field(
        default="",
        title="Training runs",
        description="Folder in which training runs lie; empty: in the user's own data folder.",
    )
    recent: tuple[Path, ...] = Field(default=(), title="Recent drives", description="Newest first.")
    recent_checkpoints: tuple[Path, ...] = Field(
        default=(), title="Recent checkpoints", description="Files and run folders, newest first."
    )

    def with_recent(self, path: Path) -> Settings:
        """These settings with ``path`` as the newest recent drive."""
        others = tuple(p for p in self.recent if p != path)
        return self.model_copy(update={"recent": (path, *others)[:RECENT_LIMIT]})

    def with_checkpoint(self, path: Path) -> Settings:
        """These settings with ``path`` as the newest recent checkpoint."""
        others = tuple(p for p in self.recent_checkpoints if p != path)
        return self.model_copy(update={"recent_checkpoints": (path, *others)[:RECENT_LIMIT]})


class SavedOptions(BaseModel):
    """:class:`~app.core.datasets.base.OpenOptions` as a file holds it."""

    columns: tuple[str, ...] | None = None
    label_map: Path | None = None
    rate: float | None = None


class SavedStyle(BaseModel):
    """:class:`~app.core.state.LayerStyle` as a file holds it."""

    colormap: str | None = None
    range_mode: Literal["relative", "absolute", "manual"] = "relative"
    low: float = 0.0
    high: float = 1.0
    hidden: tuple[int, ...] = ()


class SavedCamera(BaseModel):
    """A view's camera: ``camera_from_world`` 4 × 4 row by row, ``pivot`` in metres, ``fov`` in degrees."""

    camera_from_world: tuple[tuple[float, float, float, float], ...] = Field(min_length=4, max_length=4)
    pivot: tuple[float, float, float]
    fov: float


class SavedView(BaseModel):
    """:class:`~app.core.state.ViewState` as a file holds it, with the view's camera."""

    layer: str = "height"
    compare: str | None = None
    styles: dict[str, SavedStyle] = Field(default_factory=dict)
    camera_mode: str = "orbit"
    show: tuple[str, ...] = ()
    camera: SavedCamera | None = None


class SavedSession(BaseModel):
    """What was on the screen, so that it comes back after a restart or a crash.

    ``closed``: the window was closed in order; False after a crash. ``layout``: whatever the window wants
    to remember about its docks, by name. ``methods``: options of the methods that are switched on, by name.
    ``surface``: what is chosen of the live surface, where it is not as at first.
    """

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    path: Path | None = None
    options: SavedOptions = Field(default_factory=SavedOptions)
    sequence: str | None = None
    frame: int = 0
    views: dict[str, SavedView] = Field(default_factory=dict)
    split: bool = False
    linked: bool = True
    before: int = 0
    after: int = 0
    speed: float = 1.0
    loop: bool = False
    methods: dict[str, dict[str, Any]] = Field(default_factory=dict)
    surface: dict[str, Any] = Field(default_factory=dict)
    layout: dict[str, str] = Field(default_factory=dict)
    closed: bool = False


Model = TypeVar("Model", bound=BaseModel)


def load_settings(folder: Path | None = None) -> tuple[Settings, str]:
    """The settings on disk, or the defaults; and a sentence about a file that could not be used, or ""."""
    found, line = _load(Settings, (folder or home()) / SETTINGS_FILE)
    return found or Settings(), line + (" The defaults are used." if line else "")


def save_settings(settings: Settings, folder: Path | None = None) -> Path:
    """Write what the user has changed; ``DataError`` where the folder cannot be written.

    Defaults are left out, so that one that becomes better in a later version reaches everybody.
    """
    return _save(settings, (folder or home()) / SETTINGS_FILE, exclude_defaults=True)


@contextmanager
def home_of_its_own() -> Iterator[None]:
    """Settings and session of this process in a folder that is gone afterwards; the user's are left alone."""
    before = os.environ.get("LIDARSCOPE_HOME")
    with tempfile.TemporaryDirectory(prefix="lidarscope-home-") as folder:
        os.environ["LIDARSCOPE_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["LIDARSCOPE_HOME"]
            else:
                os.environ["LIDARSCOPE_HOME"] = before


def load_session(folder: Path | None = None) -> tuple[SavedSession | None, str]:
    """The saved session or None; and a sentence about a file that could not be used, or ""."""
    found, line = _load(SavedSession, (folder or home()) / SESSION_FILE)
    return found, line + (" The window starts empty." if line else "")


def save_session(saved: SavedSession, folder: Path | None = None) -> Path:
    """Write the session whole; ``DataError`` where the folder cannot be written."""
    return _save(saved, (folder or home()) / SESSION_FILE)


def changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Settings with some fields changed and all of them checked; ``UsageError`` if one does not fit."""
    unknown = sorted(set(changes) - set(Settings.model_fields))
    if unknown:
        raise UsageError(f"There is no setting '{unknown[0]}'.")
    try:
        return Settings.model_validate({**settings.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg']}; found {first['input']!r}.") from None


def _load(kind: type[Model], path: Path) -> tuple[Model | None, str]:
    try:
        return kind.model_validate_json(path.read_bytes()), ""
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"{path} cannot be read ({error.strerror})."
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        return None, f"{path} is not valid at {where}: {first['msg']}."


def _save(model: BaseModel, path: Path, *, exclude_defaults: bool = False) -> Path:
    write_atomically(path, model.model_dump_json(indent=2, exclude_defaults=exclude_defaults).encode())
    return path
