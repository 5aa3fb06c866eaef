"""Surfaces of known fields: their shape, that they are closed, and that nothing is asked where nothing can be."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.surface.cells import corners_of, distinct, find, indices, keys_of, positions
from app.core.surface.extraction import Box, ExtractionOptions, Level, extracting
from app.core.surface.marching import Triangles, march
from app.core.surface.table import Answers, Table


def ball(places: np.ndarray) -> np.ndarray:
    """Above ½ within 2 m of (1, −2, 0.3)."""
    return (2.5 - np.linalg.norm(places - np.float32([1, -2, 0.3]), axis=1)).astype(np.float32)


def levels(field, points: np.ndarray, options: ExtractionOptions, **more) -> list[Level]:
    return [level for level in extracting(field, points, options, **more) if level is not None]


def dense(field, low: float, high: float, step: float, threshold: float = 0.5) -> Triangles:
    axis = np.arange(low, high, step) + step / 2
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    cells = distinct(keys_of(places, step))
    corners = corners_of(cells)
    return march(cells, corners, field(positions(corners, step).astype(np.float32)), step, threshold)


def directed_edges(triangles: np.ndarray) -> np.ndarray:
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def is_closed(triangles: np.ndarray) -> bool:
    """Every edge is passed once in each direction."""
    edges = directed_edges(triangles)
    forth, back = ({tuple(edge) for edge in part.tolist()} for part in (edges, edges[:, ::-1]))
    return len(forth) == len(edges) and forth == back


def volume(mesh: Triangles) -> float:
    a, b, c = mesh.vertices[mesh.triangles].astype(np.float64).transpose(1, 0, 2)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def on_ball(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    line = rng.normal(size=(count, 3))
    return (2 * line / np.linalg.norm(line, axis=1, keepdims=True) + [1, -2, 0.3]).astype(np.float32)


def test_a_ball_is_closed_outward_and_as_large_as_it_is() -> None:
    found = levels(ball, on_ball(), ExtractionOptions((0.8, 0.4, 0.2)))
    assert [level.step for level in found] == [0.8, 0.4, 0.2]
    mesh = found[-1].surface
    assert is_closed(mesh.triangles)
    radius = np.linalg.norm(mesh.vertices - [1, -2, 0.3], axis=1)
    assert np.abs(radius - 2).max() < 0.01
    assert volume(mesh) == pytest.approx(4 / 3 * np.pi * 8, rel=0.01)


def test_normals_point_out_of_the_ball() -> None:
    mesh = levels(ball, on_ball(), ExtractionOptions((0.4, 0.2)))[-1].surface
    outward = (mesh.vertices - [1, -2, 0.3]) / np.linalg.norm(mesh.vertices - [1, -2, 0.3], axis=1, keepdims=True)
    assert np.linalg.norm(mesh.normals, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.einsum("ij,ij->i", mesh.normals, outward).min() > 0.99


def test_it_is_the_dense_surface_for_a_tenth_of_the_questions() -> None:
    options = ExtractionOptions((0.8, 0.4, 0.2, 0.1))
    found = levels(ball, on_ball(), options)[-1]
    whole = dense(ball, -4, 4, 0.1)
    assert sorted(map(tuple, found.surface.vertices.tolist())) == sorted(map(tuple, whole.vertices.tolist()))
    assert len(found.surface.triangles) == len(whole.triangles)
    assert found.evaluations < 0.1 * 81**3


def test_one_point_is_enough_to_follow_a_thin_thing_that_the_coarse_grid_misses() -> None:
    def rod(places: np.ndarray) -> np.ndarray:
        across = np.linalg.norm(places[:, :2] - np.float32([0.33, 0.29]), axis=1)
        return np.where(np.abs(places[:, 2]) < 1.5, 0.56 - across, 0.0).astype(np.float32)

    found = levels(rod, np.float32([[0.38, 0.29, 0.0]]), ExtractionOptions((0.8, 0.4, 0.2, 0.1, 0.05), radius=1.6))
    assert [level.crossed > 0 for level in found] == [False, False, False, True, True]
    height = found[-1].surface.vertices[:, 2]
    assert height.min() < -1.4
    assert height.max() > 1.4
    assert is_closed(found[-1].surface.triangles)


@pytest.mark.parametrize("seed", range(6))
def test_any_values_make_a_closed_surface(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(9, 9, 9)).astype(np.float32)

    def field(places: np.ndarray) -> np.ndarray:
        i, j, k = np.round(places).astype(int).T
        return noise[i % 9, j % 9, k % 9] - 1e3 * ((places < 0.5) | (places > 7.5)).any(axis=1)

    mesh = dense(field, 0, 8, 1.0, 0.0)
    edges = directed_edges(mesh.triangles)
    _, forth = np.unique(edges, axis=0, return_counts=True)
    same = np.concatenate([edges, edges[:, ::-1]])
    _, both = np.unique(same, axis=0, return_counts=True)
    assert len(mesh.triangles) > 500
    assert (both % 2 == 0).all(), "as often in one direction as in the other"
    assert volume(mesh) > 0
    assert forth.max() <= 2


def test_in_a_box_it_ends_at_the_box() -> None:
    box = Box((0.0, -5.0, -5.0), (5.0, 5.0, 5.0))
    found = levels(ball, on_ball(), ExtractionOptions((0.4, 0.2)), box=box)[-1]
    assert found.surface.vertices[:, 0].min() == pytest.approx(0.0, abs=1e-6)
    assert found.surface.vertices[:, 0].max() > 2.9


def test_what_is_unknown_has_no_surface() -> None:
    def half(places: np.ndarray) -> np.ndarray:
        return np.where(places[:, 2] > 0.31, np.nan, ball(places)).astype(np.float32)

    mesh = levels(half, on_ball(), ExtractionOptions((0.4, 0.2)))[-1].surface
    assert len(mesh.triangles)
    assert np.isfinite(mesh.vertices).all()
    assert mesh.vertices[:, 2].max() <= 0.31


def test_a_piece_that_no_corner_of_a_coarse_cell_shows_is_found_along_the_border_of_the_known() -> None:
    """A slope of which a strip of 0.3 m is known; every corner of a coarse cell that is known is outside."""

    def slope(places: np.ndarray) -> np.ndarray:
        above = places[:, 2] - 0.05 * places[:, 0] + 0.1
        return np.where(np.abs(above) < 0.2, 0.5 - above, np.nan).astype(np.float32)

    seeds = np.float32([[0.4, 0.4, 0.7]])  # in no cell that the surface crosses
    found = levels(slope, seeds, ExtractionOptions((0.8, 0.4, 0.2, 0.1, 0.05), radius=0.8))
    assert len(found[0].surface.triangles) == 0
    vertices = found[-1].surface.vertices
    np.testing.assert_allclose(vertices[:, 2], 0.05 * vertices[:, 0] - 0.1, atol=1e-5)
    assert np.ptp(vertices[:, :2], axis=0).min() > 2.2, "all of it: as far as a surface can be"


def test_it_is_found_where_the_coarse_corners_announce_it_in_the_wrong_half() -> None:
    """Little below a ceiling and much above it, so that a line between corners crosses the threshold too low."""

    def ceiling(places: np.ndarray) -> np.ndarray:
        return np.where(places[:, 2] < 0.35, 0.6, -9.0).astype(np.float32)

    seeds = np.float32([[0.1, 0.1, -0.1]])  # in no cell that the surface crosses
    found = levels(ceiling, seeds, ExtractionOptions((0.4, 0.2, 0.1), radius=0.8))
    assert [len(level.surface.triangles) for level in found] == [2 * (5 * 2**k) ** 2 for k in range(3)]


def test_what_was_answered_is_not_asked_again() -> None:
    answers, options = Answers(), ExtractionOptions((0.4, 0.2, 0.1), radius=2.0)
    first = levels(ball, on_ball(), options, answers=answers)[-1]
    assert len(answers) >= first.evaluations
    assert levels(ball, on_ball(), options, answers=answers)[-1].evaluations == 0
    for more, changed in (
        ({}, ExtractionOptions((0.4, 0.2, 0.1), 2.0, 0.7)),
        ({}, ExtractionOptions((0.2, 0.1, 0.05), 2.0)),
        ({"box": Box((0.0, -3.0, -3.0), (5.0, 5.0, 5.0))}, options),
    ):
        alone = levels(ball, on_ball(), changed, **more)[-1]
        again = levels(ball, on_ball(), changed, answers=answers, **more)[-1]
        assert again.evaluations < alone.evaluations
        np.testing.assert_array_equal(again.surface.vertices, alone.surface.vertices)
        np.testing.assert_array_equal(again.surface.triangles, alone.surface.triangles)
        np.testing.assert_array_equal(again.surface.normals, alone.surface.normals)


def test_what_was_answered_before_it_was_given_up_is_not_asked_again() -> None:
    answers, options = Answers(), ExtractionOptions((0.4, 0.2), radius=2.0)
    whole = levels(ball, on_ball(), options)[-1]
    asked = []

    def field(places: np.ndarray) -> np.ndarray:
        asked.append(len(places))
        return ball(places)

    work = extracting(field, on_ball(), options, most=300, answers=answers)
    for _ in range(12):
        next(work)
    work.close()
    again = levels(ball, on_ball(), options, answers=answers)[-1]
    assert again.evaluations == whole.evaluations - sum(asked)
    np.testing.assert_array_equal(again.surface.vertices, whole.surface.vertices)


def test_answers_are_forgotten_before_they_are_too_many() -> None:
    answers = Answers(most=10)
    answers.keep(0.2, Table(np.arange(6), np.zeros(6, np.float32)))
    answers.keep(0.1, Table(np.arange(4), np.zeros(4, np.float32)))
    assert len(answers) == 10
    answers.keep(0.05, Table(np.arange(5), np.zeros(5, np.float32)))
    assert not answers.at(0.2).has(np.arange(6)).any()
    assert answers.at(0.1).has(np.arange(4)).all()
    answers.keep(0.1, Table(np.arange(11), np.zeros(11, np.float32)))
    assert len(answers) == 0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_no_surface_at_the_threshold_is_an_empty_mesh(value: float) -> None:
    found = levels(lambda p: np.full(len(p), value, np.float32), on_ball(), ExtractionOptions((0.4, 0.2)))
    assert all(len(level.surface.vertices) == len(level.surface.triangles) == 0 for level in found)


def test_no_points_and_points_that_are_none() -> None:
    for points in (np.zeros((0, 3), np.float32), np.full((3, 3), np.nan, np.float32)):
        found = levels(ball, points, ExtractionOptions((0.4, 0.2)))
        assert [len(level.surface.triangles) for level in found] == [0, 0]
        assert found[-1].evaluations == 0


def test_it_can_be_left_between_two_questions() -> None:
    asked = []

    def field(places: np.ndarray) -> np.ndarray:
        asked.append(len(places))
        return ball(places)

    work = extracting(field, on_ball(), ExtractionOptions((0.4,)), most=100)
    assert next(work) is None
    work.close()
    assert asked == [100]


def test_steps_must_halve() -> None:
    with pytest.raises(ValueError, match="half of the one before"):
        levels(ball, on_ball(), ExtractionOptions((0.8, 0.3)))


def test_a_table_holds_what_was_put_into_it() -> None:
    rng = np.random.default_rng(2)
    keys = rng.permutation(1000).astype(np.int64) * 3
    table = Table.empty(np.float32)
    for part in np.split(keys, [700, 710, 800, 801]):
        table.add(np.sort(part), np.sort(part).astype(np.float32) / 2)
    wanted = rng.choice(keys, (50, 8))
    np.testing.assert_array_equal(table.get(wanted), (wanted / 2).astype(np.float32))
    np.testing.assert_array_equal(table.has(np.arange(3000)), np.arange(3000) % 3 == 0)
    np.testing.assert_array_equal(table.whole()[0], np.sort(keys))


def test_two_tables_joined_hold_the_keys_of_both() -> None:
    one = Table(np.array([2, 4, 6]), np.float32([20, 40, 60]))
    other = Table(np.array([1, 4, 9]), np.float32([-1, -4, -9]))
    keys, values = one.joined(other).whole()
    assert keys.tolist() == [1, 2, 4, 6, 9]
    assert values.tolist() == [-1, 20, 40, 60, -9]
    assert one.whole()[0].tolist() == [2, 4, 6]
    assert Table.empty(np.float32).joined(one).whole()[0].tolist() == [2, 4, 6]


@pytest.mark.parametrize("held", [0, 1, 2, 300])
def test_keys_are_found_in_any_order(held: int) -> None:
    rng = np.random.default_rng(held)
    keys = distinct(rng.integers(0, 900, held))
    runs = np.concatenate([np.arange(-5, 905), np.arange(200, 40, -3), rng.integers(-9, 999, 500)])
    np.testing.assert_array_equal(find(keys, runs), np.searchsorted(keys, runs))


def test_distinct_keys_are_those_of_numpy() -> None:
    keys = np.random.default_rng(3).integers(0, 99, (60, 4))
    np.testing.assert_array_equal(distinct(keys), np.unique(keys))
    assert len(distinct(np.zeros(0, np.int64))) == 0


def test_keys_know_where_they_are() -> None:
    rng = np.random.default_rng(1)
    places = rng.uniform(-500, 500, (200, 3))
    np.testing.assert_array_equal(indices(keys_of(places, 0.1)), np.floor(places / 0.1))
    with pytest.raises(ValueError, match="within"):
        keys_of(np.array([[1e6, 0, 0]]), 0.1)
