"""CLIP models in the engine: looked at beside, held once, and told of in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import DataError
from app.core.language import clips
from app.core.language.tiny_clip import write_tiny_clip
from app.core.methods.base import drain
from app.core.tasks.context import Context
from app.models.clip.source import ClipSource

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ClipSource:
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


def test_frames_do_not_wait_for_torch(source: ClipSource) -> None:
    """What is asked before every frame imports nothing heavy."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from app.core.methods import find\n"
        "from app.models.clip.source import ClipSource\n"
        "for name in ('regions', 'pixels'):\n"
        "    method = find(name)\n"
        "    options = method.pinned(method.options_type(ClipSource(path=Path(sys.argv[1]))))\n"
        "    assert not method.prepared(options)\n"
        "print('torch' in sys.modules, 'open_clip' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source.path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_it_is_looked_at_once_and_held_once(source: ClipSource) -> None:
    now = clips.stamped(source)
    drain(clips.reading(now))
    assert clips.known(now)
    assert clips.why_not(now) is None
    info = clips.info_of(now)
    assert (info.embed_dim, info.resolution, len(info.identity)) == (16, (32, 32), 12)
    context = Context()
    model = drain(clips.loading(context, now, "cpu"))
    assert drain(clips.loading(context, now, "cpu")) is model
    assert model.info.identity == info.identity


def test_changed_weights_are_seen_as_new(tmp_path: Path) -> None:
    source = write_tiny_clip(tmp_path / "a")
    first = clips.stamped(source)
    assert clips.stamped(first) == first
    identity = clips.info_of(first).identity
    (tmp_path / "a/open_clip_model.safetensors").unlink()
    write_tiny_clip(tmp_path / "a", seed=1)
    os.utime(tmp_path / "a/open_clip_model.safetensors", (2e9, 2e9))
    second = clips.stamped(source)
    assert second != first
    assert not clips.known(second)
    assert clips.info_of(second).identity != identity


@pytest.mark.parametrize("damage", ["gone", "truncated", "no config"])
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, damage: str) -> None:
    source = write_tiny_clip(tmp_path / "broken")
    weights = tmp_path / "broken/open_clip_model.safetensors"
    if damage == "gone":
        source = ClipSource(path=tmp_path / "nowhere")
    elif damage == "truncated":
        weights.write_bytes(weights.read_bytes()[:5000])
    else:
        (tmp_path / "broken/open_clip_config.json").write_text(json.dumps({"model_cfg": {}}))
    now = clips.stamped(source)
    why = clips.why_not(now)
    assert why is not None
    assert "\n" not in why
    assert why.rstrip().endswith(".")
    with pytest.raises(DataError):
        clips.info_of(now)
    with pytest.raises(DataError):
        drain(clips.loading(Context(), now, "cpu"))


def test_a_published_one_that_is_not_here_is_not_fetched_unasked() -> None:
    source = clips.stamped(ClipSource("ViT-B-32", "laion2b_s34b_b79k"))
    assert "download it" in clips.why_not(source)
    assert clips.known(source)
    assert not clips.info_of(source).downloaded
