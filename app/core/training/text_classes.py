"""EMB of all classes of a label set: what the last layer of a network is that knows its classes as words."""

from __future__ import annotations

import hashlib
from functools import cached_property

import numpy as np

from app.core.affinity.embeddings import Embeddings, embeddings
from app.core.affinity.options import PseudoLabelOptions
from app.core.errors import DataError, UsageError
from app.core.labels import LabelSet
from app.core.language import class_words, clips
from app.core.methods.base import drain
from app.core.tasks.context import Context
from app.core.training.pseudo_targets import PseudoTargets
from app.models.clip.source import source_of


class TextClasses:
    """The classes of a label set as a CLIP reads them, in the sentences that made the labels.

    ``DataError`` where the CLIP cannot be used; ``UsageError`` where it is not the one that made the labels.
    """

    def __init__(self, clip: str, labels: PseudoTargets, label_set: LabelSet) -> None:
        self._source = clips.stamped(source_of(clip))
        self._label_set = label_set
        self._templates = labels.templates
        why = clips.why_not(self._source)
        if why is not None:
            raise DataError(why)
        self.clip = clips.info_of(self._source).identity
        self.dim = clips.info_of(self._source).embed_dim
        if self.clip != labels.clip:
            raise UsageError(
                f"The labels were made by CLIP {labels.clip}, and the words would be read by CLIP {self.clip}; "
                "name the former in clip, or label again."
            )

    @cached_property
    def vectors(self) -> np.ndarray:
        """(C, D) float32 unit vectors of the classes, output channels in order."""
        ids = tuple(range(1, max(entry.id for entry in self._label_set.classes) + 1))
        options = PseudoLabelOptions(self._source, templates=self._templates, device="cpu")
        found: Embeddings = drain(embeddings(Context(), options, ids, class_words.of_label_set(self._label_set)))
        return found.vectors

    @property
    def identity(self) -> str:
        """16 hex digits of the vectors."""
        return hashlib.sha256(np.ascontiguousarray(self.vectors).tobytes()).hexdigest()[:16]
