"""Weights over the network: resumed, checked, stopped; a server of our own on this machine gives them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from weights_server import CONTENT, SHA256, Server, serving

from app.models.clip import download as downloads
from app.models.clip.download import NotThere, Offline, download
from app.models.clip.errors import ClipError, ClipStopped
from app.models.clip.source import ClipSource


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as about:
        yield about


def _run(url: str, target: Path, sha256: str = "") -> tuple[bool, list[tuple[int, int, str]]]:
    steps, events = download(url, target, sha256), []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as stop:
            return stop.value, events


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_checked(server, tmp_path):
    checked, events = _run(server.url, tmp_path / "deep" / "w.bin", SHA256)
    assert checked and (tmp_path / "deep" / "w.bin").read_bytes() == CONTENT
    assert _left(tmp_path / "deep") == ["w.bin"]
    done = [event[0] for event in events if event[2] == "downloading"]
    assert done == sorted(done) and done[-1] == len(CONTENT) and len(done) >= 4
    assert all(event[1] == len(CONTENT) for event in events)


@pytest.mark.parametrize(("sha256", "linked"), [(SHA256[:8], ""), ("", f'"{SHA256}"')])
def test_the_beginning_of_a_checksum_or_the_servers_own_will_do(server, tmp_path, sha256, linked):
    server.linked = linked
    assert _run(server.url, tmp_path / "w.bin", sha256)[0] is True


def test_without_any_checksum_that_is_said(server, tmp_path):
    assert _run(server.url, tmp_path / "w.bin")[0] is False


@pytest.mark.parametrize("linked", ["", f'"{SHA256}"'])
def test_a_broken_connection_goes_on_where_it_broke(server, tmp_path, linked):
    server.breaks, server.linked = 3, linked
    _run(server.url, tmp_path / "w.bin", SHA256)
    assert (tmp_path / "w.bin").read_bytes() == CONTENT
    starts = [int(asked[6:-1]) for asked in server.asked if asked]
    assert sorted(set(starts)) == [500_000, 750_000, 875_000]


def test_a_connection_that_will_not_come_back_keeps_what_has_arrived(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "ATTEMPTS", 2)
    server.breaks = 2
    (tmp_path / "w.bin.part").write_bytes(CONTENT[:-1])
    server.status = 503
    with pytest.raises(ClipError, match=r"broke off after 1.0 MB \(answer 503\).*goes on from there"):
        _run(server.url, tmp_path / "w.bin", SHA256)
    server.status = server.breaks = 0
    _run(server.url, tmp_path / "w.bin", SHA256)
    assert (tmp_path / "w.bin").read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={len(CONTENT) - 1}-"


def test_stopping_keeps_what_has_arrived(server, tmp_path):
    steps = download(server.url, tmp_path / "w.bin", SHA256)
    next(steps)
    steps.close()
    have = (tmp_path / "w.bin.part").stat().st_size
    assert 0 < have < len(CONTENT) and not (tmp_path / "w.bin").exists()
    _run(server.url, tmp_path / "w.bin", SHA256)
    assert server.asked[-1] == f"bytes={have}-"
    assert _left(tmp_path) == ["w.bin"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_changed_meanwhile_is_begun_anew(server, tmp_path, ranges):
    steps = download(server.url, tmp_path / "w.bin")
    next(steps)
    steps.close()
    server.content, server.etag, server.ranges = CONTENT[::-1], '"two"', ranges
    _run(server.url, tmp_path / "w.bin")
    assert (tmp_path / "w.bin").read_bytes() == CONTENT[::-1]


def test_a_part_that_is_whole_already_is_only_checked(server, tmp_path):
    (tmp_path / "w.bin.part").write_bytes(CONTENT)
    _run(server.url, tmp_path / "w.bin", SHA256)
    assert (tmp_path / "w.bin").read_bytes() == CONTENT
    (tmp_path / "v.bin.part").write_bytes(CONTENT + b"more")
    _run(server.url, tmp_path / "v.bin", SHA256)
    assert (tmp_path / "v.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("linked", ["", f'"{"0" * 64}"'])
def test_a_wrong_checksum_leaves_nothing(server, tmp_path, linked):
    server.linked = linked
    with pytest.raises(ClipError, match=r"w.bin arrived with checksum .* it was deleted"):
        _run(server.url, tmp_path / "w.bin", "" if linked else "0" * 64)
    assert _left(tmp_path) == []


def test_what_is_not_there_or_not_for_everybody(server, tmp_path):
    server.status = 404
    with pytest.raises(NotThere, match=r"not there \(404\)"):
        _run(server.url, tmp_path / "w.bin")
    server.status = 401
    with pytest.raises(ClipError, match="to everybody"):
        _run(server.url, tmp_path / "w.bin")


def test_offline(tmp_path):
    with pytest.raises(Offline, match="cannot be reached"):
        _run("http://127.0.0.1:9/file", tmp_path / "w.bin")
    assert _left(tmp_path) == []


def test_no_room_and_no_folder(server, tmp_path, monkeypatch):
    class Full:
        free = 10

    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda path: Full)
    with pytest.raises(ClipError, match="make room"):
        _run(server.url, tmp_path / "w.bin")
    (tmp_path / "file").write_text("")
    with pytest.raises(ClipError, match="cannot be written"):
        _run(server.url, tmp_path / "file" / "w.bin")


def test_two_do_not_write_into_one_file(server, tmp_path):
    first = download(server.url, tmp_path / "w.bin", SHA256)
    next(first)
    with pytest.raises(ClipError, match="being downloaded already"):
        _run(server.url, tmp_path / "w.bin", SHA256)
    for _ in first:
        pass
    assert (tmp_path / "w.bin").read_bytes() == CONTENT


# ------------------------------------------------------------------------------- by open_clip's name and tag


@pytest.fixture
def tagged(server, monkeypatch, clip_folder):
    """A model "tiny" with a tag "first" whose weights the server has."""
    from clip_tools import MODELS

    from app.models.clip import pretrained
    from app.models.clip.compat import open_clip

    library = open_clip()
    config = library.factory._MODEL_CONFIGS
    monkeypatch.setattr(library.factory, "_MODEL_CONFIGS", {**config, "tiny": MODELS["vit"]})
    table = {"first": {"url": server.url, "mean": (0.5,) * 3, "std": (0.5,) * 3, "quick_gelu": True}}
    monkeypatch.setitem(library.pretrained._PRETRAINED, "tiny", table)
    server.content = (clip_folder("quick") / "open_clip_model.safetensors").read_bytes()
    place = pretrained.Place(server.url, "w.safetensors", hashlib.sha256(server.content).hexdigest())
    gone = pretrained.Place(server.url + "/nowhere", "v.safetensors", "")
    monkeypatch.setattr(pretrained, "places", lambda model, tag: (place,))
    return place, gone


def test_by_name_it_is_downloaded_once_and_found_again(server, tagged, clip):
    from app.models.clip import describe_clip, load_clip

    source = ClipSource("tiny", "first")
    before = describe_clip(source)
    assert (before.downloaded, before.bytes, before.resolution) == (False, 0, (32, 32))
    events = []
    loaded = load_clip(source, device="cpu", on_progress=lambda *event: events.append(event))
    assert events[-1][:2] == (len(server.content), len(server.content))
    assert loaded.network.visual.preprocess_cfg["mean"] == (0.5,) * 3
    np.testing.assert_allclose(loaded.encode_texts(["car"]), clip("quick").encode_texts(["car"]), atol=1e-5)
    assert any("QuickGELU" in note for note in loaded.info.notes)
    asked = len(server.asked)
    after = describe_clip(source)
    assert after.downloaded and after.identity == loaded.info.identity and after.bytes == len(server.content)
    load_clip(source, device="cpu")
    assert len(server.asked) == asked


def test_a_download_stops_when_told_to_and_goes_on(server, tagged):
    from app.models.clip import load_clip

    told = []
    with pytest.raises(ClipStopped, match="what has arrived is kept"):
        load_clip(
            ClipSource("tiny", "first"),
            device="cpu",
            on_progress=lambda *event: told.append(event),
            stopped=lambda: len(told) >= 2,
        )
    load_clip(ClipSource("tiny", "first"), device="cpu")
    assert server.asked[-1].startswith("bytes=") and server.asked[-1] != "bytes=0-"


def test_offline_by_name_says_what_to_fetch_elsewhere(tagged, monkeypatch):
    from app.models.clip import load_clip, pretrained

    place = pretrained.Place("http://127.0.0.1:9/w.safetensors", "w.safetensors")
    monkeypatch.setattr(pretrained, "places", lambda model, tag: (place,))
    with pytest.raises(ClipError, match=r"not on this machine.*download http.*w.safetensors, then load that file"):
        load_clip(ClipSource("tiny", "first"))


def test_weights_nobody_published_a_checksum_of_say_so(server, tagged, monkeypatch):
    from app.models.clip import load_clip, pretrained

    place = pretrained.Place(server.url, "w.safetensors")
    monkeypatch.setattr(pretrained, "places", lambda model, tag: (place,))
    assert any("checksum" in note for note in load_clip(ClipSource("tiny", "first"), device="cpu").info.notes)


def test_the_next_place_is_tried_when_one_has_lost_it(server, tagged, monkeypatch):
    from app.models.clip import pretrained

    place, gone = tagged
    monkeypatch.setattr(pretrained, "places", lambda model, tag: (gone, place))
    real = downloads.download

    def lost(url: str, target: Path, sha256: str):
        if url == gone.url:
            raise NotThere("gone")
        return (yield from real(url, target, sha256))

    monkeypatch.setattr(downloads, "download", lost)
    for _ in pretrained.fetch("tiny", "first"):
        pass
    assert [path.name for path in pretrained.files("tiny", "first")] == ["w.safetensors"]
    monkeypatch.setattr(pretrained, "places", lambda model, tag: (gone,))
    with pytest.raises(ClipError, match="no longer at any of the 1 places"):
        list(pretrained.fetch("tiny", "first"))


def test_places_of_open_clips_table():
    from app.models.clip import pretrained

    hub = pretrained.places("ViT-B-32", "laion2b_s34b_b79k")
    assert [place.name for place in hub] == ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
    assert all(place.url.endswith(f"{place.repo}/resolve/main/{place.name}") for place in hub)
    both = pretrained.places("ViT-B-32", "laion400m_e32")
    assert both[-1].sha256 == "46683a32" and both[-1].name.endswith(".pt")
    assert [place.name for place in pretrained.places("ViTamin-S", "datacomp1b")] == [
        "pytorch_model.safetensors",
        "pytorch_model.bin",
    ]
    openai = pretrained.places("ViT-B-32", "openai")
    assert len(openai) == 2 and all(place.repo for place in openai)  # OpenAI's own file is a program


def test_licences_and_unknown_names():
    from app.models.clip import describe_clip, pretrained

    assert describe_clip(ClipSource("ViT-B-16", "laion2b_s34b_b88k")).licence == "MIT"
    assert describe_clip(ClipSource("ViT-B-16", "metaclip_400m")).licence == "CC-BY-NC-4.0"
    unknown = describe_clip(ClipSource("ViT-B-16", "dfn2b"))
    assert (unknown.licence, unknown.licence_text) == ("", "not stated")
    assert ("ViT-B-16", "openai") in pretrained.listed()
    with pytest.raises(ClipError, match="no weights 'gone' of RN50; there are: openai, yfcc15m, cc12m"):
        describe_clip(ClipSource("RN50", "gone"))


def test_every_entry_of_open_clips_table_has_a_place_and_a_plan():
    from app.models.clip import pretrained

    for model, tag in pretrained.listed():
        assert pretrained.places(model, tag), (model, tag)
        assert pretrained.plan(model, tag).resolution[0] > 0


def test_weights_that_open_clip_downloaded_before_are_used(tmp_path, monkeypatch):
    import huggingface_hub

    from app.models.clip import pretrained

    held = tmp_path / "held.bin"
    held.write_bytes(b"x")
    names = []

    def cached(repo: str, name: str) -> str | None:
        names.append((repo, name))
        return str(held) if name == "open_clip_pytorch_model.bin" else None

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", cached)
    assert pretrained.files("ViT-B-32", "laion2b_s34b_b79k") == (held,)
    assert names[0][1] == "open_clip_model.safetensors"
