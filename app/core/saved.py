"""Between the session's state and the file it is remembered in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from app.core import layers, methods
from app.core.datasets.base import OpenOptions
from app.core.errors import UsageError
from app.core.layers import colormaps
from app.core.render.camera import Camera
from app.core.settings import SavedCamera, SavedOptions, SavedStyle, SavedView
from app.core.state import OVERLAYS, LayerStyle, RangeMode, ViewState
from app.core.surface import checking
from app.core.surface.view import CHOSEN, SurfaceState

SURFACE = frozenset(("on", *CHOSEN))
"""Fields of the live surface's state that are remembered; a run that was watched is not followed again."""


def saved_view(view: ViewState, camera: Camera | None) -> SavedView:
    """A view and its camera, as the file holds them."""
    styles = {
        name: SavedStyle(
            colormap=style.colormap,
            range_mode=style.range_mode.value,
            low=style.low,
            high=style.high,
            hidden=tuple(sorted(style.hidden)),
        )
        for name, style in view.styles.items()
    }
    return SavedView(
        layer=view.layer,
        compare=view.compare,
        styles=styles,
        camera_mode=view.camera_mode,
        show=tuple(sorted(view.show)),
        camera=None if camera is None else saved_camera(camera),
    )


def view_state(name: str, saved: SavedView) -> ViewState:
    """The view a file describes; layers, overlays and colour maps that are no more are left out."""
    layer = saved.layer if _is_layer(saved.layer) else ViewState(name).layer
    compare = saved.compare if saved.compare is not None and _is_layer(saved.compare) else None
    styles = {
        key: LayerStyle(
            colormap=style.colormap if style.colormap in colormaps.NAMES else None,
            range_mode=RangeMode(style.range_mode),
            low=style.low,
            high=style.high,
            hidden=frozenset(style.hidden),
        )
        for key, style in saved.styles.items()
    }
    show = frozenset(saved.show) & frozenset(OVERLAYS)
    return ViewState(name, layer, compare, styles, saved.camera_mode, show)


def _is_layer(name: str) -> bool:
    try:
        layers.find(name)
    except UsageError:
        return False
    return True


def saved_camera(camera: Camera) -> SavedCamera:
    """A free camera as the file holds it."""
    rows = tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in camera.camera_from_world)
    x, y, z = (float(value) for value in camera.pivot)
    return SavedCamera(camera_from_world=rows, pivot=(x, y, z), fov=camera.fov)


def restored_cameras(views: Mapping[str, SavedView]) -> dict[str, Camera]:
    """The cameras of saved views, by view; those without one are left out."""
    return {
        name: Camera(np.array(view.camera.camera_from_world), np.array(view.camera.pivot), view.camera.fov)
        for name, view in views.items()
        if view.camera is not None
    }


def saved_options(options: OpenOptions) -> SavedOptions:
    """What the user stated when opening, as the file holds it."""
    return SavedOptions(columns=options.columns, label_map=options.label_map, rate=options.rate)


def open_options(saved: SavedOptions) -> OpenOptions:
    """What the user stated when opening."""
    return OpenOptions(saved.columns, saved.label_map, saved.rate)


def saved_methods(chosen: Mapping[str, Hashable]) -> dict[str, dict[str, Any]]:
    """Options of methods by name, as the file holds them."""
    from pydantic import TypeAdapter

    return {name: TypeAdapter(type(options)).dump_python(options, mode="json") for name, options in chosen.items()}


def restored_methods(saved: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Hashable], list[str]]:
    """Options of the methods a file describes, and a sentence for each that is no more or does not fit."""
    from pydantic import TypeAdapter, ValidationError

    known = {method.name: method for method in methods.all_methods()}
    chosen: dict[str, Hashable] = {}
    problems = []
    for name, fields in saved.items():
        if name not in known:
            problems.append(f"The saved session uses the method '{name}', which is not there; it is left out.")
            continue
        try:
            chosen[name] = TypeAdapter(known[name].options_type).validate_python(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            problems.append(f"The saved options of '{name}' do not fit ({where}: {first['msg']}); it is left out.")
    return chosen, problems


def saved_surface(state: SurfaceState) -> dict[str, Any]:
    """What is chosen of the live surface, as the file holds it; nothing where it is as at first."""
    found: dict[str, Any] = _surface_adapter().dump_python(
        state, mode="json", include=SURFACE, exclude_defaults=True
    )
    return found


def restored_surface(saved: Mapping[str, Any]) -> tuple[SurfaceState, str]:
    """The choices a file describes, and a sentence where they do not fit and are left out, or ""."""
    from pydantic import ValidationError

    left_out = "it begins as usual."
    try:
        state: SurfaceState = _surface_adapter().validate_python({k: v for k, v in saved.items() if k in SURFACE})
        checking.check_state(state)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return SurfaceState(), f"The saved surface does not fit ({where}: {first['msg']}); {left_out}"
    except UsageError as error:
        return SurfaceState(), f"The saved surface does not fit: {error} Instead {left_out}"
    return state, ""


@lru_cache(1)
def _surface_adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(SurfaceState)
