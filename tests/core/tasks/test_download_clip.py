"""Downloading a CLIP that open_clip names, from choosing it to asking with it; a server on this machine has it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_drive import write_small_drive
from weights_server import Server, serving

from app.cli import main
from app.core.errors import DataError, UsageError
from app.core.language.tiny_clip import MODEL, SIZE, write_tiny_clip
from app.core.session import Session
from app.core.tasks.base import Progress, run
from app.core.tasks.context import Context
from app.core.tasks.download_clip import download_clip
from app.core.tasks.engine import LocalEngine
from app.core.tasks.read_clip import read_clip
from app.models.clip import pretrained
from app.models.clip.source import ClipSource

SOURCE = ClipSource("tiny", "first")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    source = write_tiny_clip(tmp_path_factory.mktemp("clip"))
    assert source.path is not None
    return (source.path / "open_clip_model.safetensors").read_bytes()


@pytest.fixture
def server(weights: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """open_clip's own tables name a model "tiny", a tag "first", and where its weights are."""
    from app.models.clip.compat import open_clip

    library = open_clip()
    with serving() as about:
        about.content = weights
        known = library.factory._MODEL_CONFIGS
        monkeypatch.setattr(library.factory, "_MODEL_CONFIGS", {**known, "tiny": MODEL})
        name = f"tiny-{hashlib.sha256(weights).hexdigest()[:8]}.safetensors"
        about.url = f"{about.url}/{name}"
        monkeypatch.setitem(library.pretrained._PRETRAINED, "tiny", {"first": {"url": about.url}})
        yield about


def part() -> Path:
    """Where what has come of the weights lies."""
    return next(pretrained.folder("tiny", "first").glob("*.part"))


def test_it_comes_with_progress_once_and_is_known_then(server: Server) -> None:
    events: list[Progress] = []
    assert not run(read_clip(Context(), source=SOURCE)).downloaded
    assert run(download_clip(Context(), source=SOURCE), events.append) == SOURCE
    coming = [event.done for event in events if event.text == "downloading"]
    assert coming == sorted(coming) and coming[-1] > 0
    assert events[-1].text == "checking"
    info = run(read_clip(Context(), source=SOURCE))
    assert info.downloaded and info.embed_dim == SIZE and info.bytes == len(server.content)
    asked = len(server.asked)
    run(download_clip(Context(), source=SOURCE))
    assert len(server.asked) == asked


def test_cancelled_it_keeps_what_has_come_and_goes_on_from_there(server: Server) -> None:
    steps = download_clip(Context(), source=SOURCE)
    while next(steps).text != "downloading":
        pass
    steps.close()
    have = part().stat().st_size
    assert 0 < have < len(server.content)
    assert not run(read_clip(Context(), source=SOURCE)).downloaded
    run(download_clip(Context(), source=SOURCE))
    assert server.asked[-1] == f"bytes={have}-"
    assert run(read_clip(Context(), source=SOURCE)).downloaded


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda server: setattr(server, "content", server.content[::-1]), "arrived with checksum"),
        (lambda server: setattr(server, "status", 404), "no longer at any of the 1 places"),
        (lambda server: setattr(server, "status", 403), "does not give .* to everybody"),
    ],
)
def test_what_cannot_be_had_is_one_sentence_and_leaves_nothing(server: Server, spoil, told: str) -> None:
    spoil(server)
    with pytest.raises(DataError, match=told):
        run(download_clip(Context(), source=SOURCE))
    folder = pretrained.folder("tiny", "first")
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_file_of_this_machine_is_nothing_to_download(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to download"):
        run(download_clip(Context(), source=ClipSource(path=tmp_path)))


def test_the_session_downloads_what_is_chosen_and_asks_with_it(server: Server, tmp_path: Path) -> None:
    session = Session(LocalEngine())
    session.open(write_small_drive(tmp_path / "drive", frames=1).root)
    session.language.set_clip(SOURCE)
    assert session.language.clip == SOURCE
    session.language.ask("car")
    assert session.language.report is not None
    assert session.language.problem == ""
    session.close()


def test_the_command_says_when_it_is_there(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clip", "tiny:first"]) == 0
    assert "downloaded: False" in capsys.readouterr().out
    assert main(["clip", "tiny:first", "--download"]) == 0
    assert "downloaded: True" in capsys.readouterr().out


def test_the_command_offline_says_what_to_fetch_elsewhere(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.models.clip.compat import open_clip

    nowhere = {"first": {"url": "http://127.0.0.1:9/tiny.safetensors"}}
    monkeypatch.setitem(open_clip().pretrained._PRETRAINED, "tiny", nowhere)
    assert main(["clip", "tiny:first", "--download"]) == 2
    told = capsys.readouterr().err
    assert "http://127.0.0.1:9/tiny.safetensors" in told and "tiny:first" in told
    assert len(told.strip().splitlines()) == 1
