"""Which checkpoints in a folder tell surfaces, known from their headers alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from surface_models import write_tiny_surface_model

from app.core.methods.predict import write_tiny
from app.core.model_card import built_in
from app.core.surface.shipped import shipped, tells_surfaces


def test_only_those_with_a_head_are_offered(tmp_path: Path) -> None:
    tells = write_tiny_surface_model(tmp_path)
    write_tiny(tmp_path / "classes.safetensors")
    (tmp_path / "other.bin").write_bytes(tells.read_bytes())
    assert shipped(tmp_path) == (tells,)
    assert not tells_surfaces(built_in())


@pytest.mark.parametrize(
    "content", [b"", b"\x08", b"\xff" * 8 + b"{}", b"\x02" + bytes(7) + b"[]", b"\x04" + bytes(7) + b'{"a"']
)
def test_what_cannot_be_read_is_not_offered(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    assert not tells_surfaces(path) and not tells_surfaces(tmp_path / "gone.safetensors")
