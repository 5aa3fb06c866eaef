"""Settings and saved sessions on disk: whole or not at all, and a broken file costs one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.core import settings as disk
from app.core.errors import DataError, UsageError
from app.core.files import write_atomically
from app.core.settings import SavedSession, Settings


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    settings = disk.changed(Settings(), {"theme": "light", "point_size": 3.5, "recent": (Path("/dätä/a b"),)})
    disk.save_settings(settings, tmp_path)
    assert disk.load_settings(tmp_path) == (settings, "")
    session = SavedSession(path=Path("/x/ü"), frame=7, layout={"docks": "AAE="}, closed=True)
    disk.save_session(session, tmp_path)
    assert disk.load_session(tmp_path) == (session, "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["session.json", "settings.json"]


def test_nothing_on_disk_is_no_problem(tmp_path: Path) -> None:
    assert disk.load_settings(tmp_path / "none") == (Settings(), "")
    assert disk.load_session(tmp_path / "none") == (None, "")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe\x00", b'{"point_size": 99}', b'{"theme": "pink"}', b'{"version": 2}', b"null"],
)
def test_a_broken_file_costs_one_line_and_gives_the_defaults(tmp_path: Path, content: bytes) -> None:
    (tmp_path / disk.SETTINGS_FILE).write_bytes(content)
    settings, line = disk.load_settings(tmp_path)
    assert settings == Settings()
    assert disk.SETTINGS_FILE in line
    assert "\n" not in line
    assert line.endswith("The defaults are used.")


def test_a_broken_session_gives_none(tmp_path: Path) -> None:
    (tmp_path / disk.SESSION_FILE).write_text('{"frame": "seven"}')
    found, line = disk.load_session(tmp_path)
    assert found is None
    assert "frame" in line


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / disk.SETTINGS_FILE).write_text('{"theme": "light", "invented_later": 3}')
    settings, line = disk.load_settings(tmp_path)
    assert settings.theme == "light"
    assert line == ""


def test_settings_are_checked_when_they_change() -> None:
    with pytest.raises(UsageError, match="point_size"):
        disk.changed(Settings(), {"point_size": 0})
    with pytest.raises(UsageError, match="colour"):
        disk.changed(Settings(), {"colour": "red"})


def test_recent_drives_are_newest_first_without_repeats() -> None:
    settings = Settings()
    for name in [*map(str, range(20)), "5"]:
        settings = settings.with_recent(Path(name))
    assert settings.recent[0] == Path("5")
    assert len(settings.recent) == disk.RECENT_LIMIT == len(set(settings.recent))


def test_every_setting_has_a_title_and_a_description() -> None:
    for name, field in Settings.model_fields.items():
        if name != "version":
            assert field.title, name
            assert field.description, name


def test_home_is_the_stated_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path))
    assert disk.home() == tmp_path
    monkeypatch.delenv("LIDARSCOPE_HOME")
    assert disk.home().name == "lidarscope"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, b"old")

    def breaks(file) -> None:
        file.write(b"half of the n")
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="No space left"):
        write_atomically(path, breaks)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_fault_while_writing_leaves_nothing_either(tmp_path: Path) -> None:
    def breaks(_file) -> None:
        raise KeyError("a fault of ours")

    with pytest.raises(KeyError):
        write_atomically(tmp_path / "new" / "a.json", breaks)
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="choose another folder"):
        disk.save_settings(Settings(), tmp_path)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="choose another folder"):
        disk.save_settings(Settings(), tmp_path / "file")
