"""What is drawn of a frame: the frame alone, or points of the frames around it, and what keeps layers from it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from app.core import layers
from app.core import methods as method_folder
from app.core.errors import DataError
from app.core.geometry import transforms
from app.core.geometry.accumulate import kept_rows, within_budget
from app.core.labels import LabelSet
from app.core.layers.base import LayerData, MethodLayer
from app.core.layers.frame_age import AGE_COLUMN
from app.core.methods.base import Chosen, Given, depends_on, pinned
from app.core.state import Accumulation, DrawnCloud
from app.core.tasks.base import Progress, TaskEvents
from app.core.tasks.context import Context, Source
from app.core.types import Frame


@dataclass(frozen=True)
class Part:
    """The share of one frame in a drawn cloud: ``rows`` (M,) int32 of frame ``index``, None for all rows."""

    index: int
    rows: np.ndarray | None


@dataclass(frozen=True)
class Built:
    """A drawn cloud and what is needed to compute layers over it.

    ``merged``: the cloud as a frame (the frame itself, or points and frame age alone).
    ``parts``: the frames in it, in order. ``lacking``: layer name to why no frame in it has it, methods aside.
    ``computed``: layers over the whole cloud, filled as they are asked for. ``options`` of the methods that are
    switched on, by name; ``missing``: layer name to why it cannot be shown, methods included;
    ``unprepared``: methods of which that is not known yet.
    """

    source: Source
    frame: Frame
    merged: Frame
    parts: tuple[Part, ...]
    label_set: LabelSet | None
    lacking: dict[str, str]
    notes: tuple[str, ...] = ()
    computed: dict[str, LayerData] = field(default_factory=dict)
    options: Mapping[str, Hashable] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    unprepared: frozenset[str] = frozenset()

    @property
    def accumulated(self) -> bool:
        """Whether frames were gathered, so that rows of the cloud are not rows of the frame."""
        return len(self.parts) > 1 or self.parts[0].rows is not None

    def cloud(self) -> DrawnCloud:
        """The cloud to draw, with the layers computed so far."""
        if not self.accumulated:
            return DrawnCloud(self.merged.points, layers=dict(self.computed))
        counts = [len(part.rows) for part in self.parts if part.rows is not None]
        frame_of = np.repeat(np.array([part.index for part in self.parts], np.int32), counts)
        row_of = np.concatenate([part.rows for part in self.parts if part.rows is not None])
        return DrawnCloud(self.merged.points, frame_of, row_of, dict(self.computed))

    def given(self, context: Context, frame: Frame | None = None) -> Given:
        """What methods work on: the current frame, or another one of the cloud."""
        return Given(context, self.source, frame or self.frame, self.label_set, self.options)


def build(
    context: Context,
    source: Source,
    index: int,
    accumulation: Accumulation,
    methods: Chosen | None = (),
    *,
    wait: bool = True,
) -> TaskEvents[Built]:
    """Gather the cloud of a frame; kept by the context, so that asking again costs nothing.

    ``methods``: those that are switched on, with their options; None leaves them as they were when the cloud was
    asked for last. ``wait`` False: methods that have to be prepared first are left out, and told in
    ``Built.unprepared``. ``DataError`` if the frame itself cannot be read. Other frames that cannot be read are
    left out, with a sentence in ``notes``; so is accumulation where there are no poses.
    """
    key = (source, index, accumulation)
    built: Built | None = context.kept("cloud", key)
    options, unprepared = yield from _prepared(methods or (), wait)
    if built is None:
        built = yield from _gathered(context, source, index, accumulation)
    elif methods is None or (options, unprepared) == (built.options, built.unprepared):
        return built
    built = _with_methods(context, built, options, unprepared)
    context.keep("cloud", key, built)
    return built


def _prepared(methods: Chosen, wait: bool) -> TaskEvents[tuple[dict[str, Hashable], frozenset[str]]]:
    """Options of the methods that are ready to answer, and names of the others (none if ``wait``)."""
    options = pinned(methods)
    unprepared = set()
    for name, chosen in list(options.items()):
        method = method_folder.find(name)
        if method.prepared(chosen):
            continue
        if not wait:
            unprepared.add(name)
            del options[name]
            continue
        for done, total, text in method.prepare(chosen):
            yield Progress(done, total, text)
    return options, frozenset(unprepared)


def _gathered(context: Context, source: Source, index: int, accumulation: Accumulation) -> TaskEvents[Built]:
    sequence = context.sequence(source)
    frame = context.frame(source, index)
    label_set = sequence.label_set
    if accumulation.on and frame.world_from_sensor is not None:
        return (yield from _gather(context, source, frame, accumulation, len(sequence), label_set))
    notes = () if not accumulation.on else ("Frames cannot be accumulated: this one has no pose.",)
    return Built(source, frame, frame, (Part(index, None),), label_set, _lacking(frame, label_set), notes)


def _with_methods(
    context: Context, built: Built, options: Mapping[str, Hashable], unprepared: frozenset[str]
) -> Built:
    """The cloud with other methods switched on: what they change is no longer computed, and perhaps missing."""
    names = options.keys() | built.options.keys()
    changed = frozenset(name for name in names if options.get(name) != built.options.get(name))
    given = Given(context, built.source, built.frame, built.label_set, options)
    reasons: dict[str, str | None] = {}
    missing, computed = dict(built.lacking), dict(built.computed)
    gone = {layer.name for layer in method_folder.layers_under(built.options)} - {
        layer.name for layer in method_folder.layers_under(options)
    }
    for name in gone:
        computed.pop(name, None)
    for layer in method_folder.layers_under(options):
        if not isinstance(layer, MethodLayer):
            continue
        if depends_on(layer.method, unprepared):
            computed.pop(layer.name, None)
            continue
        if layer.method not in reasons:
            reasons[layer.method] = given.missing(layer.method)
        if depends_on(layer.method, changed):
            computed.pop(layer.name, None)
        why = reasons[layer.method] or built.lacking.get(layer.name)
        if why is None:
            why = layer.lacks(method_folder.find(layer.method).about(options[layer.method]), built.label_set)
        if why is not None:
            missing[layer.name] = why
    return replace(built, options=options, missing=missing, computed=computed, unprepared=unprepared)


def _gather(
    context: Context,
    source: Source,
    frame: Frame,
    accumulation: Accumulation,
    length: int,
    label_set: LabelSet | None,
) -> TaskEvents[Built]:
    first = max(frame.index - accumulation.before, 0)
    last = min(frame.index + accumulation.after, length - 1)
    count = last - first + 1
    share = accumulation.budget / max(len(frame) * count, 1)
    lacking = _lacking(frame, label_set)
    lacking.pop("frame_age", None)
    parts: list[Part] = []
    clouds: list[np.ndarray] = []
    notes: list[str] = []
    for done, index in enumerate(range(first, last + 1)):
        yield Progress(done, count, f"frame {index}")
        other = frame if index == frame.index else _other_frame(context, source, index, notes)
        if other is None:
            continue
        rows = kept_rows(len(other), index, share)
        moved = transforms.apply(_motion(frame, other), other.points[rows])
        parts.append(Part(index, rows))
        clouds.append(moved)
        for name in [name for name in lacking if layers.find(name).missing(other, label_set) is None]:
            del lacking[name]
    parts, clouds = _fitted(parts, clouds, accumulation.budget)
    points = np.concatenate(clouds)
    ages = np.repeat(np.array([part.index - frame.index for part in parts], np.int16), [len(c) for c in clouds])
    merged = Frame(
        frame.index, frame.name, points, extra={AGE_COLUMN: ages}, world_from_sensor=frame.world_from_sensor
    )
    return Built(source, frame, merged, tuple(parts), label_set, lacking, tuple(notes))


def _other_frame(context: Context, source: Source, index: int, notes: list[str]) -> Frame | None:
    try:
        other = context.frame(source, index)
    except DataError as error:
        notes.append(f"Frame {index} is left out: {error}")
        return None
    if other.world_from_sensor is None:
        notes.append(f"Frame {index} is left out: it has no pose.")
        return None
    return other


def _motion(frame: Frame, other: Frame) -> np.ndarray:
    """(4, 4) current_sensor_from_other_sensor; both poses are known here."""
    if frame.world_from_sensor is None or other.world_from_sensor is None:
        raise ValueError("frames without poses cannot be gathered")
    if frame is other:
        return np.eye(4)
    return transforms.relative(frame.world_from_sensor, other.world_from_sensor)


def _fitted(parts: list[Part], clouds: list[np.ndarray], budget: int) -> tuple[list[Part], list[np.ndarray]]:
    """The same parts with at most ``budget`` points in all."""
    counts = [len(cloud) for cloud in clouds]
    frame_of = np.repeat(np.array([part.index for part in parts], np.int32), counts)
    row_of = np.concatenate([part.rows for part in parts if part.rows is not None])
    keep = within_budget(frame_of, row_of, budget)
    if keep is None:
        return parts, clouds
    pieces = np.split(keep, np.cumsum(counts)[:-1])
    fewer = [Part(p.index, None if p.rows is None else p.rows[k]) for p, k in zip(parts, pieces, strict=True)]
    return fewer, [cloud[k] for cloud, k in zip(clouds, pieces, strict=True)]


def _lacking(frame: Frame, label_set: LabelSet | None) -> dict[str, str]:
    reasons = {layer.name: layer.missing(frame, label_set) for layer in layers.all_layers()}
    return {name: reason for name, reason in reasons.items() if reason is not None}
