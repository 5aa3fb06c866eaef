"""What the visibility view is told: the test first, superpixels and curves after it; why there are none."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive, write_truth

from app.core import tasks
from app.core.errors import DataError, UsageError
from app.core.geometry.visibility import VisibilityOptions
from app.core.geometry.visibility_measures import KEPT, REMOVED
from app.core.tasks.base import Partial, run
from app.core.tasks.context import Context, Source
from app.core.visibility_view import CURVED, VisibilityPicture

PAPER = VisibilityOptions(rule="paper", segments=30)


@pytest.fixture
def drive(tmp_path: Path) -> SmallDrive:
    return write_small_drive(tmp_path, frames=2)


def told(
    drive: SmallDrive, options: VisibilityOptions = PAPER, *, context: Context | None = None, **params: object
) -> tuple[VisibilityPicture, list[VisibilityPicture]]:
    """The result, and what came before it."""
    early: list[VisibilityPicture] = []
    asked = {"source": Source(drive.root, "00"), "index": 0, "camera": "image_2", "options": options, **params}
    found = run(
        tasks.entry("tell_visibility")(context or Context(), **asked),
        lambda event: early.append(event.value) if isinstance(event, Partial) else None,
    )
    return found, early


def test_the_test_comes_first_and_superpixels_follow(drive: SmallDrive) -> None:
    found, early = told(drive)
    assert [one.superpixels for one in early] == [None] and early[0].rows is found.rows
    cut = found.superpixels
    assert cut is not None and cut.segments.shape == (40, 80) and len(cut) > 10
    assert found.own.visible == int(found.visible.sum()) and found.own.hidden > 0
    assert found.own.visible + found.own.hidden == len(found.rows)
    assert found.match is None and found.own.score is None and found.curves == ()
    place = found.place(int(found.rows[5]))
    assert place == 5 and found.place(-1) is None
    number = cut.at(12.7, 30.2)
    assert number == cut.segments[30, 12] and len(cut.outline(number)) > 3
    assert cut.at(-0.1, 3) is None and cut.at(80.0, 3) is None
    assert (found.depth - found.surface < 0.5).tolist() == found.visible.tolist(), "equation 10"
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.superpixels.border, cut.border)


def test_with_a_truth_there_are_matches_and_every_rule_has_a_curve(drive: SmallDrive) -> None:
    write_truth(drive)
    found, _early = told(drive, VisibilityOptions(segments=30))
    score = found.own.score
    assert score is not None and [one.rule for one in found.curves] == list(CURVED)
    assert len(found.matching(KEPT)) == score.kept_wrong and len(found.matching(REMOVED)) == score.removed_right
    slope = found.curves[0]
    assert slope.scores[slope.thresholds.index(0.3)] == score


def test_another_threshold_does_not_cut_the_picture_again(drive: SmallDrive) -> None:
    context = Context()
    first, _ = told(drive, context=context)
    second, _ = told(drive, VisibilityOptions(rule="paper", segments=30, threshold=2.0), context=context)
    assert first.superpixels is not None and second.superpixels is not None
    assert second.superpixels.segments is first.superpixels.segments
    assert second.own.visible > first.own.visible


def test_in_passing_only_the_test_is_told(drive: SmallDrive) -> None:
    found, early = told(drive, VisibilityOptions(), thorough=False)
    assert not early and found.superpixels is None and not found.no_superpixels


def test_all_points_may_be_hidden(drive: SmallDrive) -> None:
    write_truth(drive)
    found, _ = told(drive, VisibilityOptions(rule="paper", segments=30, threshold=0.0))
    assert found.own.visible == 0 and found.own.hidden == len(found.rows) > 0
    assert found.own.score is not None and np.isnan(found.own.score.precision) and found.own.score.removed == 1


def test_a_picture_that_cannot_be_read_is_said_and_the_rest_goes_on(drive: SmallDrive) -> None:
    (drive.root / "sequences/00/image_2/000000.png").write_bytes(b"no picture")
    found, _ = told(drive, VisibilityOptions())
    assert found.superpixels is None and "is not a whole image" in found.no_superpixels
    assert found.own.visible > 0
    with pytest.raises(DataError, match="is not a whole image"):
        told(drive)
    squares, _ = told(drive, VisibilityOptions(rule="paper", superpixels="grid", segments=30))
    assert squares.superpixels is not None and squares.own.hidden > 0


def test_a_drive_without_cameras_or_calibration_is_refused(tmp_path: Path) -> None:
    bare = write_small_drive(tmp_path / "bare", frames=1)
    (bare.root / "sequences/00/calib.txt").unlink()
    with pytest.raises(UsageError, match="no calibrated camera"):
        told(bare)
    with pytest.raises(UsageError, match="no camera 'left'; there are: image_2"):
        told(write_small_drive(tmp_path / "whole", frames=1), camera="left")
