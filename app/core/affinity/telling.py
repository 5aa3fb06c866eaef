"""The whole story of an instance: numbers, pictures and where everything comes from."""

from __future__ import annotations

import numpy as np

from app.core.affinity.inspecting import InstanceStory
from app.core.affinity.instances import VISIBILITY
from app.core.affinity.queue_frames import inner
from app.core.affinity.queue_view import QueueView
from app.core.affinity.stories import Inflow, inflow, margin, provenance
from app.core.affinity.story_pictures import crops, neighbour_list, sightings
from app.core.language.asking import as_progress
from app.core.methods.base import Given
from app.core.tasks.base import TaskEvents


def story_of(given: Given, view: QueueView, row: int) -> TaskEvents[InstanceStory]:
    """What is told of row ``row`` of a queue."""
    frame, own = view.at(row)
    labels = view.options.labels
    there = inner(given, labels).at(frame.index)
    seen = yield from as_progress(there.result(VISIBILITY))
    points = np.flatnonzero(frame.row == own).astype(np.int32)
    flow = inflow(view, row)
    before, after = view.before[row], view.after[row]
    return InstanceStory(
        row=row,
        frame=frame.index,
        name=frame.name,
        size=frame.size,
        superpoint=int(frame.regions.segment[own]),
        center=frame.regions.center[own],
        points=points,
        truth=int(frame.true_class[own]),
        classes=view.words.ids,
        names=view.words.names,
        before=before,
        after=after,
        label_before=int(view.words.ids[before.argmax()]),
        label_after=int(view.words.ids[after.argmax()]),
        margin_before=margin(before),
        margin_after=margin(after),
        crops=crops(there, view, row, seen, points),
        neighbours=neighbour_list(there, view, row, flow),
        flow=_by_class(view, flow),
        rest=flow.rest,
        sightings=sightings(there, frame.index, seen, points, labels.rule),
        provenance=provenance(view, row),
        digest=view.digest,
    )


def _by_class(view: QueueView, flow: Inflow) -> tuple[tuple[int, float], ...]:
    """Train ids and the weight that comes from instances of theirs, descending, those with none left out."""
    order = np.argsort(-flow.by_class, kind="stable")
    return tuple((int(view.words.ids[one]), float(flow.by_class[one])) for one in order if flow.by_class[one] > 0)
