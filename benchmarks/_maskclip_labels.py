"""Pseudo-labels as the paper's baseline makes them (MaskCLIP): each point that a picture shows gets what CLIP's
dense features say of its pixel. Written as ``pseudo-label`` writes its own, so that recipes read both."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import numpy as np

from app.core.affinity import folder as folders
from app.core.affinity.embeddings import embeddings
from app.core.affinity.labels import point_labels, seen_truth
from app.core.affinity.options import ZERO_SHOT, PseudoLabelOptions, unseen_ids
from app.core.files import write_atomically
from app.core.geometry.visibility import VisibilityOptions
from app.core.language import class_words
from app.core.language.features import PointFeatures
from app.core.methods.base import Given, drain, pinned
from app.core.methods.pixels import PixelOptions
from app.core.tasks.context import Context, Source


def write_maskclip_labels(
    source: Source, out: Path, options: PseudoLabelOptions, *, visible: bool, frames: range
) -> Path:
    """Write the labels of some frames into ``out/SETTING/sequences/NN``, unless they are there; the folder."""
    context = Context()
    label_set = context.sequence(source).label_set
    assert label_set is not None
    folder = folders.folder_of(out, options.setting, source.sequence)
    if folder.report.is_file():
        return folder.root
    ids = unseen_ids(options, label_set)
    words = drain(embeddings(context, options, ids, class_words.of_label_set(label_set)))
    about = folders.parameters(
        options, words, data=source.path, sequence=source.sequence, frames=frames, label_set=label_set.name
    )
    folders.begin(folder, {**about, "made_by": "maskclip", "guard": visible, "affinity": None, "queue": None})
    rule: Hashable = options.visibility if visible else VisibilityOptions("none")
    methods = pinned((("pixels", PixelOptions(options.clip)), ("visibility", rule)))
    right = total = 0
    for index in frames:
        frame = context.frame(source, index)
        found: PointFeatures = drain(Given(context, source, frame, label_set, methods).result("pixels"))
        assert frame.labels is not None
        truth = label_set.train_ids(frame.labels)
        annotated = options.setting == ZERO_SHOT
        row = np.where(np.isin(truth, ids), found.row, np.int32(-1)) if annotated else found.row
        classes = words.ids[words.predictions(found.table).argmax(axis=1)]
        seen = seen_truth(frame.labels, label_set, ids) if annotated else None
        labels = point_labels(row, classes, seen, label_set.ignore)
        write_atomically(folder.label(frame.name), label_set.inverse[labels].astype("<u4").tobytes())
        judged = (row >= 0) & np.isin(truth, ids)
        right += int((labels == truth)[judged].sum())
        total += int(judged.sum())
    folders.write_report(folder, {"labelled_points": total, "point_accuracy": right / max(total, 1)})
    return folder.root
