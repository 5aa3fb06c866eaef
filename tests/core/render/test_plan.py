"""What fits into the time of a moving picture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.render.plan import FULL, SCALES, Budget, Cost
from app.core.render.stage import STRATA

cost = st.floats(1e-10, 1e-7)


@given(st.integers(10_000, 8_000_000), st.integers(0, 20_000_000), cost, cost, st.integers(1, 4))
def test_what_is_planned_fits_or_is_the_least_there_is(
    pixels: int, points: int, per_pixel: float, per_point: float, sharing: int
) -> None:
    budget = Budget(per_pixel=per_pixel, per_point=per_point)
    detail = budget.detail(pixels, points, sharing)
    expected = budget.full(round(pixels * detail.scale**2), points * detail.strata // STRATA)
    least = detail.strata == 1 or points == 0
    assert least or expected <= budget.seconds / sharing * 1.001
    assert detail.scale in SCALES
    if budget.full(pixels, points) <= 0.55 * budget.seconds / sharing:
        assert detail == FULL


@given(st.lists(st.floats(1e-4, 0.2), min_size=1, max_size=30))
def test_costs_stay_within_what_was_measured(seconds: list[float]) -> None:
    budget = Budget()
    low, high = min([*seconds, 0.03]), max([*seconds, 0.03])
    for value in seconds:
        budget.learn(10**6, 10**6, Cost(value, value))
    assert low * 0.2 <= budget.per_point * 1e6 <= high * 1.01
    assert low * 0.2 <= budget.per_pixel * 1e6 <= high * 1.01


def test_it_adapts_to_a_slow_machine_and_back() -> None:
    budget = Budget()
    assert budget.detail(1_024_000, 120_000) == FULL
    for _ in range(20):
        budget.learn(1_024_000, 1_000_000, Cost(0.2, 0.05))
    rough = budget.detail(1_024_000, 1_000_000)
    assert rough.scale < 1
    assert rough.strata < STRATA
    for _ in range(20):
        budget.learn(1_024_000, 1_000_000, Cost(0.008, 0.004))
    assert budget.detail(1_024_000, 1_000_000) == FULL


def test_a_mesh_that_takes_its_time_makes_the_rest_rougher_until_it_is_gone() -> None:
    budget = Budget()
    for _ in range(6):
        budget.learn(1_024_000, 120_000, Cost(0.004, 0.009, 0.05))
    rough = budget.detail(1_024_000, 120_000)
    assert rough.scale < 1
    assert rough.strata == STRATA  # the points are cheap
    for _ in range(6):
        budget.learn(1_024_000, 120_000, Cost(0.004, 0.009, 0.0))
    assert budget.detail(1_024_000, 120_000) == FULL
