"""Frames that cannot take part, told together where the reason is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

THIS = "This frame has "
TOLD, NAMED = 3, 5
"""Reasons that are told, and frames that are named with one where they do not follow each other."""


def left_out(reasons: Mapping[int, str], one: str, many: str) -> tuple[str, ...]:
    """Sentences on frames, by index, and why each is left out; the reason of most frames first.

    ``one`` and ``many`` say what they lack: "has no labels", "have no labels".
    """
    frames: dict[str, list[int]] = {}
    for index in sorted(reasons):
        frames.setdefault(reasons[index], []).append(index)
    order = sorted(frames, key=lambda why: -len(frames[why]))
    told = [f"{_named(frames[why], one, many)}: {why.removeprefix(THIS)}" for why in order[:TOLD]]
    rest = sum(len(frames[why]) for why in order[TOLD:])
    return (*told, *([f"{rest} more for other reasons."] if rest else []))


def _named(indices: Sequence[int], one: str, many: str) -> str:
    if len(indices) == 1:
        return f"Frame {indices[0]} {one}"
    if indices[-1] - indices[0] == len(indices) - 1:
        return f"Frames {indices[0]} to {indices[-1]} {many}"
    named = ", ".join(map(str, indices[:NAMED]))
    more = f" and {len(indices) - NAMED} more" if len(indices) > NAMED else ""
    return f"Frames {named}{more} {many}"
