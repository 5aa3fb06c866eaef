"""Forms: preferences follow the settings, stated columns are checked, pictures and films are written whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QComboBox, QDialog, QSpinBox
from pytestqt.qtbot import QtBot
from window_helpers import settle, viewport

from app.core.errors import DataError
from app.core.settings import Settings
from app.ui.dialogs.about import About, versions
from app.ui.dialogs.columns import Columns, verdict
from app.ui.dialogs.preferences import LEFT_OUT, Preferences
from app.ui.dialogs.save_picture import SavePicture, encoded
from app.ui.dialogs.save_playback import SavePlayback
from app.ui.dialogs.shortcuts import Shortcuts
from app.ui.main_window import MainWindow
from app.ui.recorder import Recorder, Recording


def test_every_setting_has_a_field_with_its_words(window: MainWindow) -> None:
    dialog = Preferences(window, window.session)
    assert set(dialog.fields) == set(Settings.model_fields) - LEFT_OUT
    for name, field in dialog.fields.items():
        info = Settings.model_fields[name]
        assert info.title and info.description
        assert field.accessibleName() == info.title and field.toolTip() == info.description
    dialog.close()
    dialog.stop_listening()


def test_preferences_change_settings_and_follow_them(window: MainWindow) -> None:
    session = window.session
    dialog = Preferences(window, session)
    prefetch, theme_box = dialog.fields["prefetch"], dialog.fields["theme"]
    assert isinstance(prefetch, QSpinBox) and isinstance(theme_box, QComboBox)
    assert (prefetch.minimum(), prefetch.maximum()) == (0, 64)
    prefetch.setValue(9)
    assert session.settings.prefetch == 9
    session.update_settings(theme="light")
    assert theme_box.currentData() == "light"
    dialog._restore()
    assert session.settings.prefetch == Settings().prefetch and session.settings.theme == "dark"
    dialog.close()
    dialog.stop_listening()


@pytest.mark.parametrize(
    ("size", "columns", "good", "words"),
    [
        (160, "x y z intensity", True, "10 points"),
        (161, "x y z intensity", False, "no multiple"),
        (160, "x y intensity", False, "need z"),
        (160, "x y z z", False, "twice"),
    ],
)
def test_columns_are_checked_against_the_file(
    tmp_path: Path, size: int, columns: str, good: bool, words: str
) -> None:
    path = tmp_path / "scan.bin"
    path.write_bytes(b"\0" * size)
    sentence, fits = verdict(str(path), tuple(columns.split()))
    assert fits is good and words in sentence


def test_stated_columns_open_a_raw_scan(window: MainWindow, tmp_path: Path) -> None:
    points = np.arange(60, dtype="<f4").reshape(12, 5)
    path = tmp_path / "raw.bin"
    points.tofile(path)
    dialog = Columns(window, window.session, path)
    dialog.names.setText("x, y, z, intensity, ring")
    dialog._open()
    settle()
    state = window.session.frame_state
    assert state is not None and len(state.frame) == 12
    assert np.array_equal(state.frame.points, points[:, :3])


def test_a_picture_is_saved_at_the_asked_size(window: MainWindow, tmp_path: Path) -> None:
    dialog = SavePicture(window, window.desk, window.area)
    dialog.wide.setValue(333)
    dialog.high.setValue(211)
    dialog.save(tmp_path / "view.png")
    assert ("snapshot", (333, 211)) in viewport(window).calls
    assert Image.open(tmp_path / "view.png").size == (333, 211)
    assert window.session.log[-1].text.startswith("Saved")


def test_the_picked_point_is_marked_in_the_saved_picture(window: MainWindow) -> None:
    from dataclasses import replace

    frame = window.area.views["left"]
    state = window.session.frame_state
    assert state is not None
    frame.marks.set_camera(replace(frame.viewport.camera))
    frame.marks.set_picked(state.cloud.points[0])
    plain = np.zeros((200, 300, 3), np.uint8)
    assert encoded(plain, ".png") != encoded(plain, ".png", frame.marks)


def test_a_picture_that_cannot_be_written_is_a_sentence(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    dialog = SavePicture(window, window.desk, window.area)
    dialog.save(tmp_path / "file" / "view.png")
    assert window.session.log[-1].level == "error" and window.banner.isVisible()
    with pytest.raises(DataError, match=r"\.png or \.jpg"):
        encoded(np.zeros((4, 4, 3), np.uint8), ".gif")


def record(window: MainWindow, out: Path, qtbot: QtBot, *, first: int = 1, last: int = 4) -> Recorder:
    recorder = window.area.record(Recording(first, last, (64, 48), 10.0, out))
    with qtbot.waitSignal(recorder.finished, timeout=20_000):
        pass
    return recorder


def test_a_playback_is_saved_as_numbered_pictures(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.session.go_to(5)
    record(window, tmp_path / "film", qtbot)
    assert sorted(p.name for p in (tmp_path / "film").iterdir()) == [f"{i:06d}.png" for i in range(1, 5)]
    assert window.session.index == 5, "the recorder goes back to where it came from"
    assert [t.state for t in window.session.tasks if t.title == "Save film"] == ["done"]


def test_a_playback_is_saved_as_a_film(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    import imageio_ffmpeg

    record(window, tmp_path / "film.mp4", qtbot)
    assert [p.name for p in tmp_path.iterdir() if "film" in p.name] == ["film.mp4"]
    frames, _seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert frames == 4


@pytest.mark.parametrize("name", ["film", "film.mp4"])
def test_a_cancelled_recording_leaves_nothing(window: MainWindow, qtbot: QtBot, tmp_path: Path, name: str) -> None:
    recorder = window.area.record(Recording(0, 5, (64, 48), 10.0, tmp_path / "out" / name))
    qtbot.waitUntil(lambda: recorder._next >= 2)
    task = next(t for t in window.session.tasks if t.title == f"Save {name}")
    with qtbot.waitSignal(recorder.finished, timeout=20_000):
        window.session.cancel_task(task.id)
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert [t.state for t in window.session.tasks if t.title == f"Save {name}"] == ["cancelled"]


def test_a_frame_that_cannot_be_read_ends_the_recording(
    window: MainWindow, drive: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    (drive / "sequences" / "00" / "velodyne" / "000003.bin").write_bytes(b"\0" * 7)
    record(window, tmp_path / "film.mp4", qtbot)
    assert not (tmp_path / "film.mp4").exists()
    assert [t.state for t in window.session.tasks if t.title == "Save film.mp4"] == ["failed"]
    assert "000003.bin" in window.banner.label.text()


def test_a_name_that_is_no_films_is_a_sentence(window: MainWindow, tmp_path: Path) -> None:
    dialog = SavePlayback(window, window.desk, window.area)
    assert dialog.save(tmp_path / "film.mov") is None
    assert window.banner.isVisible() and ".mp4" in window.banner.label.text()
    dialog.close()


def test_closing_the_window_ends_a_recording(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    recorder = window.area.record(Recording(0, 5, (64, 48), 10.0, tmp_path / "film.mp4"))
    qtbot.waitUntil(lambda: recorder._next >= 1)
    window.close()
    assert not recorder._writer.is_alive()
    assert not [p for p in tmp_path.iterdir() if "film" in p.name]


def test_the_playback_form_knows_the_length(window: MainWindow) -> None:
    dialog = SavePlayback(window, window.desk, window.area)
    assert "6 frames" in dialog.summary.text()
    dialog.first.setValue(4)
    dialog.last.setValue(2)
    assert not dialog._save.isEnabled()
    dialog.close()


def test_shortcuts_can_be_searched(window: MainWindow, qtbot: QtBot) -> None:
    dialog = Shortcuts(window)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.search.setText("lasso")
    assert [t for t, left, _right in dialog._rows if left.isVisible()] == ["l select with a lasso"]


def test_about_names_what_this_runs_on(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.addWidget(About(window))
    names = [name for name, _value in versions()]
    assert {"Python", "Device", "numpy", "PySide6-Essentials"} <= set(names)


def test_every_dialog_opens_from_its_action_and_does_not_block(window: MainWindow) -> None:
    for name in (
        "app.preferences",
        "help.shortcuts",
        "help.about",
        "save.picture",
        "save.playback",
        "open.columns",
    ):
        window.menus.actions[name].trigger()
        shown = [d for d in window.findChildren(QDialog) if d.isVisible()]
        assert len(shown) == 1, name
        shown[0].close()
        settle()
