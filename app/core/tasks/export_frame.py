"""One frame and its layers into a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core import exporting
from app.core import layers as layer_folder
from app.core.layers.coloring import colorize
from app.core.methods.base import Chosen
from app.core.state import Accumulation, LayerStyle
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.cloud_layers import check_layer, layer_steps
from app.core.tasks.clouds import Built, build
from app.core.tasks.context import Context, Source


@dataclass(frozen=True)
class Exported:
    """What was written: the file, its number of points, and the names of the layers in it."""

    path: Path
    points: int
    layers: tuple[str, ...]


def export_frame(
    context: Context,
    *,
    source: Source,
    index: int,
    out: Path,
    layers: tuple[str, ...] | None = None,
    color: str | None = None,
    accumulation: Accumulation | None = None,
    methods: Chosen = (),
) -> TaskEvents[Exported]:
    """Write a frame as PLY or NPZ, its points in their order.

    Parameters
    ----------
    layers : names; None for all light layers that the frame has
    methods : methods that are switched on, with their options; their layers are written when they are named
    color : layer whose colours a PLY carries as red, green and blue; None for none

    Raises
    ------
    UsageError
        A suffix or layer that is not there.
    DataError
        The frame cannot be read, or the file cannot be written.
    """
    exporting.check_suffix(out)
    built = yield from build(context, source, index, accumulation or Accumulation(), methods)
    names = _chosen(built, layers)
    values = {}
    for name in names:
        values[name] = yield from layer_steps(context, built, name)
    colors = None
    if color is not None:
        check_layer(built, color)
        data = yield from layer_steps(context, built, color)
        colors = colorize(data, LayerStyle())[0]
    yield Progress(0, 0, f"write {out.name}")
    exporting.write_cloud(out, built.merged.points, values, colors)
    return Exported(out, len(built.merged), names)


def _chosen(built: Built, names: tuple[str, ...] | None) -> tuple[str, ...]:
    if names is None:
        light = (layer.name for layer in layer_folder.all_layers() if not layer.heavy)
        return tuple(name for name in light if name not in built.missing)
    for name in names:
        check_layer(built, name)
    return names


ENTRY = export_frame
