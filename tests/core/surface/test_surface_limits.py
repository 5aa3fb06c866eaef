"""What cannot be asked of a surface is told in one sentence that says what can."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.errors import UsageError
from app.core.surface.extraction import Box
from app.core.surface.limits import check_memory, check_next, points_within
from app.core.surface.names import steps_to

POINTS = np.random.default_rng(0).uniform(-20, 20, (3000, 3)).astype(np.float32) * np.float32([1, 1, 0.05])


@pytest.mark.parametrize(
    ("step", "wanted"),
    [(0.1, (0.8, 0.4, 0.2, 0.1)), (0.05, (0.8, 0.4, 0.2, 0.1, 0.05)), (0.3, (0.6, 0.3)), (2.0, (2.0,))],
)
def test_steps_halve_down_to_the_one_asked_for(step: float, wanted: tuple[float, ...]) -> None:
    assert steps_to(step) == pytest.approx(wanted)


@pytest.mark.parametrize("step", [0.0, -1.0, 0.001, 99.0, float("nan")])
def test_steps_out_of_range(step: float) -> None:
    with pytest.raises(UsageError, match=r"between 0\.01 and 10"):
        steps_to(step)


def test_points_near_a_box_are_kept() -> None:
    box = Box((0, 0, -1), (5, 5, 1))
    found = points_within(POINTS, box, 1.0)
    assert 0 < len(found) < len(POINTS)
    assert found.min() >= -2
    assert found[:, :2].max() <= 6
    assert len(points_within(POINTS, None, 1.0)) == len(POINTS)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ((100, 0, 0), (110, 5, 5), "80.0 m outside the frame"),
        ((-3, -3, 1.3), (3, 3, 1.5), "No points lie in the box"),
        ((5, 0, 0), (1, 5, 5), "low corner below"),
        ((0, 0, float("nan")), (1, 1, 1), "low corner below"),
    ],
)
def test_boxes_without_points(low: tuple[float, ...], high: tuple[float, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        points_within(POINTS, Box(low, high), 1.0)
    assert "\n" not in str(error.value)


def test_a_frame_of_bad_points() -> None:
    with pytest.raises(UsageError, match="no points"):
        points_within(np.full((4, 3), np.nan, np.float32), None, 1.0)


def test_too_fine_for_the_memory_names_the_finest_that_fits() -> None:
    check_memory(POINTS, 0.1, 8 << 30)
    with pytest.raises(UsageError, match="GB") as error:
        check_memory(POINTS, 0.01, 1 << 30)
    fits = float(str(error.value).split("finest that fits is ")[1].split(" m")[0])
    check_memory(POINTS, fits, 1 << 30)
    with pytest.raises(UsageError):
        check_memory(POINTS, fits / 2, 1 << 30)


def test_a_level_that_cannot_be_divided_any_further() -> None:
    check_next(1000, 0.2, 1 << 30)
    with pytest.raises(UsageError, match=r"surface at 0\.1 m would need .* finest that fits is 0\.2 m"):
        check_next(1_000_000, 0.2, 1 << 30)
