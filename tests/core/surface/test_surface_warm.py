"""Nothing is compiled while somebody waits for a surface: warming up covers every loop with the types used."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_drive import write_small_drive
from surface_models import write_tiny_surface_model

from app.core.surface import cells_loops, marching_loops, support_loops
from app.core.surface.result import SurfaceOptions
from app.core.surface.warm import warm
from app.core.tasks.base import run
from app.core.tasks.context import Context, Source
from app.core.tasks.make_surface import make_surface
from app.models.heads import _pairs_loops

MODULES = (cells_loops, marching_loops, support_loops, _pairs_loops)


def compiled() -> dict[str, int]:
    """Number of type combinations each loop has been compiled for."""
    loops = {f"{m.__name__}.{name}": loop for m in MODULES for name, loop in vars(m).items()}
    return {name: len(loop.signatures) for name, loop in loops.items() if hasattr(loop, "signatures")}


@pytest.mark.parametrize("head", ["context", "local"])
def test_warming_up_compiles_all_that_surfaces_need(head: str, tmp_path: Path) -> None:
    warm()
    before = compiled()
    drive = write_small_drive(tmp_path / "drive", frames=1, points=300)
    weights = write_tiny_surface_model(tmp_path, head=head)
    context, source = Context(), Source(drive.root, "00")
    for precision in ("fp32", "bf16"):
        options = SurfaceOptions(weights, step=0.2, threshold=0.9, device="cpu", precision=precision)
        run(make_surface(context, source=source, index=0, options=options))
    run(make_surface(context, source=source, index=0, options=SurfaceOptions(baseline="tsdf", step=0.2)))
    assert compiled() == before
    assert sum(before.values()) > 8
