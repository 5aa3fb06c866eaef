"""Frames that cannot take part: told once for each reason, the most frequent first."""

from __future__ import annotations

from app.core.affinity.left_out import left_out

SAID = ("has no labels", "have no labels")


def test_frames_with_one_reason_are_told_together() -> None:
    reasons = dict.fromkeys((3, 1, 2), "This frame has no camera; take another.")
    assert left_out(reasons, *SAID) == ("Frames 1 to 3 have no labels: no camera; take another.",)


def test_reasons_are_told_apart_and_the_rest_is_counted() -> None:
    reasons = {0: "a", 2: "a", 5: "This frame has b.", 6: "c", 7: "d", 8: "d"}
    assert left_out(reasons, *SAID) == (
        "Frames 0, 2 have no labels: a",
        "Frames 7 to 8 have no labels: d",
        "Frame 5 has no labels: b.",
        "1 more for other reasons.",
    )


def test_many_frames_apart_are_not_all_named() -> None:
    found = left_out(dict.fromkeys(range(0, 20, 2), "a"), *SAID)
    assert found == ("Frames 0, 2, 4, 6, 8 and 5 more have no labels: a",)


def test_nothing_left_out() -> None:
    assert left_out({}, *SAID) == ()
