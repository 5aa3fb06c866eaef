"""What the small tooltip says of a point: its class and what is most worth knowing."""

from __future__ import annotations

import numpy as np

from app.core.layers.base import Kind
from app.core.session import Session
from app.ui import text

BRIEF = ("class", "instance")


def describe(session: Session, row: int) -> tuple[tuple[str, ...], tuple[int, int, int] | None]:
    """Lines for a drawn point and the colour of its class, if it has one.

    Reads only what is already in memory: it runs at every move of the mouse.
    """
    state = session.frame_state
    if state is None or row >= len(state.cloud.points):
        return (), None
    point = state.cloud.points[row]
    first, color = _class_and_instance(session, row)
    first.append(text.value(float(np.linalg.norm(point)), "m"))
    second = [f"x {text.number(point[0])}  y {text.number(point[1])}  z {text.number(point[2])} m"]
    third = [
        f"{data.title.split(' · ')[0].lower()} {text.value(float(data.values[row]), data.unit)}"
        for name, data in state.cloud.layers.items()
        if data.kind is Kind.SCALAR and name not in ("height", "range") and row < len(data.values)
    ]
    lines = [" · ".join(first), *second]
    if third:
        lines.append(" · ".join(third[:3]))
    return tuple(lines), color


def _class_and_instance(session: Session, row: int) -> tuple[list[str], tuple[int, int, int] | None]:
    """Class name and instance of a drawn point of the current frame, and the class's colour."""
    state = session.frame_state
    if state is None:
        return [], None
    frame, cloud = state.frame, state.cloud
    current = cloud.frame_of is None or int(cloud.frame_of[row]) == frame.index
    own = row if cloud.row_of is None else int(cloud.row_of[row])
    parts: list[str] = []
    color = None
    labels = session.label_set
    if current and frame.labels is not None and labels is not None:
        raw = int(frame.labels[own])
        parts.append(labels.raw_name(raw))
        color = tuple(int(v) for v in labels.colors[int(labels.lut[raw])])
    if current and frame.instances is not None and frame.instances[own]:
        parts.append(f"instance {int(frame.instances[own])}")
    return parts, color  # type: ignore[return-value]
