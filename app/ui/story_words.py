"""What the instance panel says of a superpoint: rows, cards and streams made from its story."""

from __future__ import annotations

import numpy as np

from app.core.affinity.inspecting import Crop, InstanceStory, Neighbour
from app.ui import text
from app.ui.labelling import Labelling
from app.ui.widgets.flow_bar import Stream
from app.ui.widgets.picture_cards import PictureCard
from app.ui.widgets.score_pairs import ScorePair

SHOWN = 6
"""So many classes are shown with their scores; the others have less of both."""


def margin(value: float) -> str:
    """A margin in percentage points of the score, with its sign left out: it is never below 0."""
    return text.number(100 * value, 1)


def headline(story: InstanceStory, labelling: Labelling) -> str:
    """The change of label, or that there is none."""
    before, after = labelling.name(story.label_before), labelling.name(story.label_after)
    return after if before == after else f"{before} → {after}"


def verdict(story: InstanceStory, labelling: Labelling) -> tuple[str, str]:
    """One line on the ground truth, and the role of its colour."""
    if story.truth < 0:
        return "Ground truth unknown", "soft"
    truth = labelling.name(story.truth)
    was, now = story.label_before == story.truth, story.label_after == story.truth
    if was and now:
        return f"Ground truth {truth}: right, before and after", "good"
    if now:
        return f"Ground truth {truth}: affinity mended it", "good"
    if was:
        return f"Ground truth {truth}: affinity spoilt it", "error"
    return f"Ground truth {truth}: wrong, before and after", "error"


def place(story: InstanceStory) -> str:
    """Which superpoint it is, and where."""
    away = float(np.linalg.norm(story.center))
    return (
        f"Superpoint {text.count(story.superpoint)} of frame {story.frame} · "
        f"{text.plural(len(story.points), 'point')} · {text.number(away, 0)} m away"
    )


def pairs(story: InstanceStory, labelling: Labelling) -> tuple[ScorePair, ...]:
    """Classes with the greatest scores, before or after; the ground truth's is always among them."""
    most = np.maximum(story.before, story.after)
    order = [int(at) for at in np.argsort(-most, kind="stable")]
    truth = [at for at in order if int(story.classes[at]) == story.truth]
    shown = order[:SHOWN]
    if truth and truth[0] not in shown:
        shown[-1] = truth[0]
    found = []
    for at in sorted(shown, key=lambda one: -float(story.after[one])):
        train_id = int(story.classes[at])
        was, now = train_id == story.label_before, train_id == story.label_after
        winner = "both" if was and now else "before" if was else "after" if now else ""
        found.append(
            ScorePair(
                labelling.name(train_id), labelling.color(train_id), float(story.before[at]),
                float(story.after[at]), winner, train_id == story.truth,
            )
        )  # fmt: skip
    return tuple(found)


def crop_card(crop: Crop, story: InstanceStory, labelling: Labelling) -> PictureCard:
    """A card of a crop: its camera and frame; the one that CLIP was given is ringed."""
    own = crop.frame == story.frame
    x0, y0, x1, y1 = crop.box
    size = f"{x1 - x0} × {y1 - y0}"
    said = "CLIP was given this crop" if crop.used and own else "Not given to CLIP for this superpoint"
    if not own:
        said = f"The same place in frame {crop.frame}"
        if crop.label >= 0:
            said += f", called {labelling.name(crop.label)} by CLIP there"
    steps = crop.frame - story.frame
    return PictureCard(
        crop.image,
        crop.camera,
        f"{size} px" if own else labelling.name(crop.label) if crop.label >= 0 else "not labelled",
        f"{crop.camera}, frame {crop.frame}: {size} pixels, {text.plural(crop.points, 'point')} seen.\n{said}.",
        labelling.color(crop.label) if not own and crop.label >= 0 else None,
        mark="used" if crop.used and own else "" if own else f"t{'+' if steps > 0 else text.MINUS}{abs(steps)}",
        strong=crop.used and own,
        value=None if own else crop.row,
    )


def neighbour_card(one: Neighbour, story: InstanceStory, labelling: Labelling, most: float) -> PictureCard:
    """A card of a neighbour: its weight, frame and own label."""
    name = labelling.name(one.label)
    steps = one.frame - story.frame
    when = "same frame" if steps == 0 else f"t{'+' if steps > 0 else text.MINUS}{abs(steps)}"
    truth = "" if one.truth < 0 else f"\nIts ground truth is {labelling.name(one.truth)}."
    who = (
        "This superpoint itself" if one.itself else f"Superpoint {text.count(one.superpoint)} of frame {one.frame}"
    )
    right = "" if one.truth < 0 else " ✓" if one.truth == one.label else " ✗"
    return PictureCard(
        one.image,
        f"{100 * one.weight:.2f} %",
        f"{name}{right}",
        f"{who} gives {100 * one.weight:.3f} % of the label; CLIP calls it {name}.{truth}\nClick to fly there.",
        labelling.color(one.label),
        share=one.weight / most if most > 0 else 0.0,
        mark="itself" if one.itself else when,
        strong=one.itself,
        value=one.row,
    )


def streams(story: InstanceStory, labelling: Labelling) -> tuple[Stream, ...]:
    """Label mass by class; small ones are put together."""
    shown = [(train_id, share) for train_id, share in story.flow[: SHOWN - 1] if share >= 0.005]
    found = [
        Stream(
            labelling.name(train_id), labelling.color(train_id), share,
            f"{100 * share:.2f} % of what flows in comes from instances that CLIP calls {labelling.name(train_id)}",
        )
        for train_id, share in shown
    ]  # fmt: skip
    rest = max(1.0 - sum(share for _id, share in shown), 0.0)
    if rest >= 0.001 and len(story.flow) > len(shown):
        others = ", ".join(labelling.name(train_id) for train_id, _share in story.flow[len(shown) :])
        found.append(Stream("other classes", (128, 134, 142), rest, f"{100 * rest:.2f} %: {others}"))
    return tuple(found)


def said(story: InstanceStory) -> str:
    """What somebody said of it by hand, or ""."""
    mark = story.correction
    if mark is None:
        return ""
    words = {"accept": "Accepted", "reject": "Rejected: it gets no label", "relabel": f"Relabelled {mark.name}"}
    return f"{words[mark.action]} by hand, {mark.when.replace('T', ' ').partition('+')[0]} UTC"
