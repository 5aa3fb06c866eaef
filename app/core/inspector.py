"""All that is known of one drawn point, as lines of name and formatted value."""

from __future__ import annotations

import numpy as np

from app.core.geometry.projection import in_image, project
from app.core.labels import LabelSet
from app.core.layers.base import Kind, LayerData
from app.core.layers.instance import object_ids
from app.core.methods.base import Fact
from app.core.state import FrameState
from app.core.types import Box, Frame

Line = tuple[str, str]

_OWN_LINES = {"height", "range", "azimuth", "ring", "intensity", "time", "label", "instance", "stored_color"}
"""Layers whose values have lines of their own."""


def inspect_point(
    state: FrameState, label_set: LabelSet | None, index: int, facts: tuple[Fact, ...] = ()
) -> list[Line]:
    """Lines about the drawn point in row ``index``, ``facts`` that methods know of it among them; none if there is
    no such row.

    A point of another frame (accumulated) tells its frame, its row there, where it lies, and the layers that
    have been computed; what else its own frame holds is not at hand.
    """
    if not 0 <= index < len(state.cloud):
        return []
    point = state.cloud.points[index].astype(np.float64)
    row, origin = _origin(state, index)
    lines = [*origin, *_place(point)]
    if row is not None:
        lines += _recorded(state.frame, row)
        lines += _meaning(state.frame, label_set, row)
    lines += [("Box", _box_line(box)) for box in state.frame.boxes if contains(box, point)]
    lines += _pixels(state.frame, point)
    lines += [(fact.name, fact.value) for fact in facts]
    said = {fact.layer for fact in facts} | (_OWN_LINES if row is not None else set())
    shown = [data for name, data in state.cloud.layers.items() if name not in said]
    lines += [(data.title, value_text(data, index)) for data in shown]
    if row is not None:
        lines += [(name, _number(values[row])) for name, values in state.frame.extra.items()]
    return lines


def value_text(data: LayerData, index: int) -> str:
    """The value of one point in a layer, with its unit; ``unknown`` where it is not known."""
    value = data.values[index]
    if data.known is not None and not data.known[index]:
        return "unknown"
    if data.kind is Kind.CLASS:
        return data.label_set.class_name(int(value)) if data.label_set else str(int(value))
    if data.kind is Kind.MASK:
        return "yes" if value else "no"
    if data.kind is Kind.INSTANCE:
        return str(int(value)) if value else "none"
    if data.kind is Kind.COLOR:
        return ", ".join(str(int(channel)) for channel in value)
    if data.kind is Kind.VECTOR:
        finite = bool(np.isfinite(value).all())
        return ", ".join(f"{part:.3f}" for part in value) if finite else "unknown"
    return f"{_number(value)} {data.unit}".rstrip() if np.isfinite(value) else "unknown"


def contains(box: Box, point: np.ndarray) -> bool:
    """Whether a box holds a point (3,), both in the sensor frame, metres."""
    inside = np.abs((point - box.center) @ box.rotation) <= np.array(box.size) / 2
    return bool(inside.all())


def _origin(state: FrameState, index: int) -> tuple[int | None, list[Line]]:
    """Row of the point in the current frame (None: it is of another one) and what to say of it."""
    if state.cloud.frame_of is None or state.cloud.row_of is None:
        return index, [("Point", f"{index} of {len(state.cloud)}")]
    frame, row = int(state.cloud.frame_of[index]), int(state.cloud.row_of[index])
    away = frame - state.frame.index
    where = "current" if away == 0 else f"{abs(away)} {'before' if away < 0 else 'after'}"
    return (row if away == 0 else None), [("Point", str(row)), ("Frame", f"{frame} ({where})")]


def _place(point: np.ndarray) -> list[Line]:
    if not np.isfinite(point).all():
        return [("Position", "not finite")]
    x, y, z = point
    flat = float(np.hypot(x, y))
    return [
        ("Position", f"{x:.3f}, {y:.3f}, {z:.3f} m"),
        ("Range", f"{np.hypot(flat, z):.3f} m"),
        ("Azimuth", f"{np.degrees(np.arctan2(y, x)):.2f}°"),
        ("Elevation", f"{np.degrees(np.arctan2(z, flat)):.2f}°"),
    ]


def _recorded(frame: Frame, row: int) -> list[Line]:
    lines = []
    if frame.ring is not None:
        lines.append(("Ring", str(int(frame.ring[row]))))
    if frame.intensity is not None:
        lines.append(("Intensity", _number(frame.intensity[row])))
    if frame.time is not None:
        lines.append(("Time", f"{frame.time[row] * 1000:.3f} ms"))
    if frame.colors is not None:
        lines.append(("Stored colour", ", ".join(str(int(channel)) for channel in frame.colors[row])))
    return lines


def _meaning(frame: Frame, label_set: LabelSet | None, row: int) -> list[Line]:
    lines = []
    if frame.labels is not None:
        raw = int(frame.labels[row])
        if label_set is None:
            lines.append(("Label id", str(raw)))
        else:
            lines.append(("Class", label_set.class_name(int(label_set.lut[raw]))))
            lines.append(("Label id", f"{raw} ({label_set.raw_name(raw)})"))
    if frame.instances is not None:
        lines.append(("Instance", _instance_line(frame, label_set, row)))
    return lines


def _instance_line(frame: Frame, label_set: LabelSet | None, row: int) -> str:
    ids = object_ids(frame, label_set)
    if frame.instances is None or ids is None or not ids[row]:
        return "none"
    return f"{int(frame.instances[row])} ({int(np.count_nonzero(ids == ids[row]))} points)"


def _box_line(box: Box) -> str:
    length, width, height = box.size
    parts = [box.label, f"{length:.2f} × {width:.2f} × {height:.2f} m"]
    if box.velocity is not None and np.isfinite(box.velocity).all():
        parts.append(f"{float(np.linalg.norm(box.velocity)):.1f} m/s")
    return ", ".join(parts)


def _pixels(frame: Frame, point: np.ndarray) -> list[Line]:
    lines = []
    for camera in frame.cameras:
        pixels, depths = project(point[None], camera.camera_from_sensor, camera.intrinsics)
        if in_image(pixels, depths, camera.size)[0]:
            x, y = pixels[0]
            lines.append((f"Pixel in {camera.name}", f"{x:.1f}, {y:.1f} at {depths[0]:.2f} m"))
    return lines


def _number(value: np.generic) -> str:
    """Whole numbers as such, others with four significant digits or more."""
    if np.issubdtype(value.dtype, np.floating):
        number = float(value)
        return f"{number:.3f}" if abs(number) >= 1 else f"{number:.4g}"
    return str(value.item())
