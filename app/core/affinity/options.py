"""What decides pseudo-labels: the setting, the unseen classes, and the numbers of every step."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.affinity import affinity
from app.core.affinity.affinity import AffinityOptions
from app.core.errors import UsageError
from app.core.evaluation.splits import UNSEEN
from app.core.geometry import superpoints, visibility
from app.core.geometry.superpoints import SuperpointOptions
from app.core.geometry.visibility import VisibilityOptions
from app.core.labels import LabelSet
from app.models.clip.source import ClipSource

ZERO_SHOT, ANNOTATION_FREE = "zero-shot", "annotation-free"
SETTINGS = (ZERO_SHOT, ANNOTATION_FREE)

SUPERPOINTS = {
    ZERO_SHOT: SuperpointOptions("dbscan", eps=0.6, least=2),
    ANNOTATION_FREE: SuperpointOptions("supervoxels"),
}
"""§4.2: DBSCAN where seen classes are annotated, boundary-preserved supervoxels where nothing is. Of DBSCAN's
numbers it says nothing: two points make an instance (§3.2), and ground, which joins things, is a seen class."""

SHARE_OF_LOGIT_SCALE = 0.5
"""What the affinity's scale is of the CLIP's logit scale, which says how far apart its cosines lie. Chosen on demo
streets that nothing else is measured on, see docs/pseudo_labels.md."""


@dataclass(frozen=True)
class PseudoLabelOptions:
    """How pseudo-labels are made.

    Attributes
    ----------
    clip : which CLIP reads crops and words
    setting : one of ``SETTINGS``
    unseen : names of the classes without annotation; in the annotation-free setting all are, whatever stands here
    superpoints : what instances are; None: as the paper does in this setting
    visibility : the rule by which points count as seen by a camera
    guard : points that no camera sees get no pseudo-label; False: all points of kept instances do, and crops
        enclose all points that fall into the picture
    affinity : whether predictions are propagated at all
    scale : "amplify factor" of equation 5; None: ``SHARE_OF_LOGIT_SCALE`` of the CLIP's own logit scale
    beta, walks : of the random walk, see :class:`~app.core.affinity.affinity.AffinityOptions`
    queue : instances at which a queue of adjacent frames is refined and emptied
    sharpness : what cosines are multiplied by in equation 4; as written: 1
    templates : name of the sentences that words are put into
    margin : share of a crop's width and height that is added on each side
    device : where CLIP runs: "auto", "cpu", "cuda:0" …
    """

    clip: ClipSource
    setting: str = ZERO_SHOT
    unseen: tuple[str, ...] = UNSEEN["affinity3d"]
    superpoints: SuperpointOptions | None = None
    visibility: VisibilityOptions = field(default_factory=VisibilityOptions)
    guard: bool = True
    affinity: bool = True
    scale: float | None = None
    beta: float = 2.0
    walks: int = 1
    queue: int = 10_000
    sharpness: float = 1.0
    templates: str = "street"
    margin: float = 0.0
    device: str = "auto"

    @property
    def grouping(self) -> SuperpointOptions:
        """What instances are."""
        return self.superpoints or SUPERPOINTS[self.setting]

    @property
    def rule(self) -> VisibilityOptions:
        """The visibility rule by which crops are cut: none without the guard."""
        return self.visibility if self.guard else VisibilityOptions(rule="none")

    def walk(self, logit_scale: float) -> AffinityOptions | None:
        """The numbers of the random walk for a CLIP with that logit scale; None: there is none."""
        if not self.affinity:
            return None
        scale = SHARE_OF_LOGIT_SCALE * logit_scale if self.scale is None else self.scale
        return AffinityOptions(scale, self.beta, self.walks)


def check(options: PseudoLabelOptions) -> None:
    """``UsageError`` with one sentence where the options make no sense."""
    if options.setting not in SETTINGS:
        raise UsageError(f"There is no setting '{options.setting}'; there are: {', '.join(SETTINGS)}.")
    superpoints.check(options.grouping)
    visibility.check(options.visibility)
    affinity.check(AffinityOptions(1.0 if options.scale is None else options.scale, options.beta, options.walks))
    if options.queue < 1:
        raise UsageError(f"A queue holds 1 instance or more; {options.queue} were asked for.")
    if not 0 < options.sharpness <= 10_000:
        raise UsageError(f"'sharpness' must be above 0 and at most 10000; it is {options.sharpness}.")
    if not 0 <= options.margin <= 5:
        raise UsageError(f"'margin' of a crop must be 0 to 5; it is {options.margin}.")


def grouping_of(kind: str | None, setting: str) -> SuperpointOptions | None:
    """Superpoints of a kind; None, which stands for the setting's own numbers, where it is the kind it has
    anyway."""
    if kind is None or (setting in SUPERPOINTS and SUPERPOINTS[setting].kind == kind):
        return None
    return SuperpointOptions(kind)


def unseen_ids(options: PseudoLabelOptions, label_set: LabelSet) -> tuple[int, ...]:
    """Train ids of the unseen classes, ascending.

    ``UsageError`` where a class is not in the label set, or none is named.
    """
    known = {entry.name: entry.id for entry in label_set.classes if entry.id != label_set.ignore}
    if options.setting == ANNOTATION_FREE:
        return tuple(sorted(known.values()))
    for name in options.unseen:
        if name not in known:
            raise UsageError(
                f"{label_set.name} has no class '{name}' that could be unseen; name some of: {', '.join(known)}."
            )
    if not options.unseen:
        raise UsageError("No class is unseen, so there is nothing to find pseudo-labels for; name one.")
    return tuple(sorted({known[name] for name in options.unseen}))
