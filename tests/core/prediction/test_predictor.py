"""Networks at work on frames: what comes out, row for row; votes; giving up; bad input."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from small_drive import scan

from app.core.errors import DataError, UsageError
from app.core.methods.predict import write_tiny
from app.core.model_card import load_model
from app.core.network_inputs import network_input
from app.core.prediction.aside import Stoppable, Stopped, aside
from app.core.prediction.predictor import Predictor
from app.core.prediction.votes import matrix, turned
from app.core.types import Frame

COLUMNS = ("x", "y", "z", "intensity")


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    model = load_model(write_tiny(tmp_path_factory.mktemp("net") / "tiny.safetensors"), "cpu")
    return Predictor(model, device="cpu", precision="fp32")


def frame(points: int = 150, bad: int = 0) -> Frame:
    cloud, labels = scan(0, points)
    cloud[:bad, 1] = np.nan
    return Frame(0, "000000", cloud[:, :3].copy(), intensity=cloud[:, 3].copy(), labels=labels.astype(np.uint16))


def by_hand(predictor: Predictor, points: np.ndarray, given: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and logits (N, C) of one pass, point by point."""
    entry = network_input(points, {"intensity": given.intensity}, COLUMNS, predictor.model.card.voxel_size)
    with torch.no_grad():
        logits = predictor.model.network(torch.from_numpy(entry.coords), torch.from_numpy(entry.feats))
    logits = logits[torch.from_numpy(entry.inverse)]
    return torch.softmax(logits, 1).numpy(), logits.numpy()


def finished(work: Generator[None, None, object]) -> object:
    """The result of work aside."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_one_vote_is_the_network_as_it_is(predictor: Predictor) -> None:
    given = frame()
    found = predictor.predict(given)
    probabilities, logits = by_hand(predictor, given.points, given)
    np.testing.assert_allclose(found.logits, logits, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, probabilities, atol=1e-6)
    np.testing.assert_array_equal(found.train_ids, logits.argmax(1) + 1)
    np.testing.assert_allclose(found.confidence, probabilities.max(1), atol=1e-6)
    expected = -(probabilities.astype(np.float64) * np.log(probabilities)).sum(1)
    np.testing.assert_allclose(found.entropy, expected, atol=1e-4)
    assert 0 <= found.entropy.min() <= found.entropy.max() <= np.log(19) + 1e-5
    assert found.features.dtype == np.float16
    assert found.features.shape == (len(given), predictor.model.network.feature_channels)
    assert (found.votes, found.precision, found.device) == (1, "fp32", "cpu")
    assert found.identity == predictor.model.identity
    assert "tiny.safetensors" in found.source
    assert "1 vote " in found.source


def test_points_and_columns_do_as_well_as_a_frame(predictor: Predictor) -> None:
    given = frame()
    a = predictor.predict(given)
    b = predictor.predict(given.points, {"intensity": given.intensity})
    np.testing.assert_array_equal(a.logits, b.logits)


def test_points_that_are_not_finite_have_no_prediction_and_change_no_other(predictor: Predictor) -> None:
    given = frame(bad=3)
    found = predictor.predict(given, votes=2)
    assert (found.train_ids[:3] == 0).all()
    assert not found.known[:3].any()
    for values in (found.probabilities, found.logits, found.features):
        assert np.isnan(values[:3]).all()
        assert np.isfinite(values[3:]).all()
    assert np.isnan(found.confidence[:3]).all()
    assert np.isnan(found.entropy[:3]).all()
    rest = predictor.predict(given.points[3:], {"intensity": given.intensity[3:]}, votes=2)
    np.testing.assert_allclose(found.probabilities[3:], rest.probabilities, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1])
def test_next_to_nothing(predictor: Predictor, count: int) -> None:
    found = predictor.predict(np.zeros((count, 3), np.float32), {"intensity": np.zeros(count, np.float32)})
    assert len(found) == count
    assert found.probabilities.shape == (count, 19)


def test_votes_average_the_softmax_of_turned_frames(predictor: Predictor) -> None:
    given = frame()
    found = predictor.predict(given, votes=3, seed=7)
    passes = [by_hand(predictor, turned(given.points, vote, 7), given) for vote in range(3)]
    np.testing.assert_allclose(found.probabilities, np.mean([p for p, _ in passes], axis=0), atol=1e-5)
    np.testing.assert_allclose(found.logits, np.mean([x for _, x in passes], axis=0), atol=1e-4)
    again = predictor.predict(given, votes=3, seed=7)
    np.testing.assert_array_equal(found.probabilities, again.probabilities)
    other = predictor.predict(given, votes=3, seed=8)
    assert not np.allclose(found.probabilities, other.probabilities, atol=1e-5)
    plain = predictor.predict(given)
    np.testing.assert_array_equal(found.features, plain.features)


def test_votes_turn_mirror_and_scale_about_the_sensor() -> None:
    np.testing.assert_array_equal(matrix(0), np.eye(3))
    flips = set()
    for vote in range(1, 40):
        m = matrix(vote).astype(np.float64)
        assert m[2].tolist() == [0, 0, 1]
        assert m[:, 2].tolist() == [0, 0, 1]
        scale = np.sqrt(abs(np.linalg.det(m)))
        assert 0.95 <= scale <= 1.05
        np.testing.assert_allclose(m[:2, :2] @ m[:2, :2].T, np.eye(2) * scale**2, atol=1e-6)
        flips.add(np.sign(np.linalg.det(m)))
    assert flips == {-1.0, 1.0}
    points = np.array([[1, 2, 3], [np.nan, 0, 0]], np.float32)
    assert turned(points, 0) is points
    np.testing.assert_allclose(turned(points, 5)[0], matrix(5) @ points[0], rtol=1e-6)
    assert not np.isfinite(turned(points, 5)[1]).all()


def test_half_precision_gives_nearly_the_same(predictor: Predictor) -> None:
    given = frame()
    half = Predictor(predictor.model, device="cpu", precision="bf16").predict(given)
    full = predictor.predict(given)
    assert half.precision == "bf16"
    np.testing.assert_allclose(half.probabilities, full.probabilities, atol=0.02)


def test_what_cannot_be_is_one_sentence(predictor: Predictor) -> None:
    given = frame()
    for votes in (0, 65):
        with pytest.raises(UsageError, match=str(votes)):
            predictor.predict(given, votes=votes)
    with pytest.raises(UsageError, match="fp8"):
        Predictor(predictor.model, precision="fp8")
    with pytest.raises(UsageError, match="nowhere"):
        Predictor(predictor.model, device="nowhere")
    with pytest.raises(DataError, match="intensity"):
        predictor.predict(given.points, {})


def test_a_network_that_has_diverged_says_so(tmp_path: Path) -> None:
    model = load_model(write_tiny(tmp_path / "bad.safetensors"), "cpu")
    with torch.no_grad():
        model.network.classifier[0].weight.fill_(float("nan"))
    with pytest.raises(DataError, match=r"bad\.safetensors.*diverged"):
        Predictor(model, device="cpu", precision="fp32").predict(frame())


# giving up


def test_closing_stops_the_network_at_its_next_layer_and_the_next_one_works(predictor: Predictor) -> None:
    network = predictor.model.network
    reached, go_on = threading.Event(), threading.Event()

    def hold(_module: object, _inputs: object) -> None:
        reached.set()
        go_on.wait(10)

    later: list[bool] = []
    first = network.stem.register_forward_pre_hook(hold)
    last = network.classifier.register_forward_pre_hook(lambda _m, _i: later.append(True))
    steps = predictor.steps(frame())
    next(steps)
    next(steps)
    assert reached.wait(10)
    steps.close()
    go_on.set()
    first.remove()
    found = predictor.predict(frame())
    last.remove()
    assert later == [True], "the pass that was given up never reached the classifier"
    assert len(found) == len(frame())


def test_work_aside_pauses_and_passes_on_results_and_errors() -> None:
    go_on = threading.Event()
    running = aside(lambda _stop: go_on.wait(10) and 5)
    next(running)
    next(running)
    go_on.set()
    assert finished(running) == 5

    def broken(_stop: threading.Event) -> None:
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        list(aside(broken))


def test_work_that_is_given_up_before_its_turn_never_begins() -> None:
    go_on = threading.Event()
    began: list[int] = []
    first = aside(lambda _stop: go_on.wait(10))
    next(first)
    second = aside(lambda _stop: began.append(2))
    next(second)
    second.close()
    go_on.set()
    list(first)
    list(aside(lambda _stop: began.append(3)))
    assert began == [3]


def test_networks_run_in_one_thread_and_short_work_waits_for_none() -> None:
    def where(_stop: threading.Event) -> int:
        return threading.get_ident()

    one, other = finished(aside(where)), finished(aside(where))
    assert one == other != threading.get_ident()
    go_on = threading.Event()
    long = aside(lambda _stop: go_on.wait(10))
    next(long)
    try:
        assert finished(aside(where, alone=False)) not in (one, threading.get_ident())
        assert not go_on.is_set()
    finally:
        go_on.set()
    assert finished(long)


def test_only_the_thread_that_runs_a_network_stops_it(predictor: Predictor) -> None:
    stop = threading.Event()
    stop.set()
    network = predictor.model.network
    with Stoppable(network, stop):
        other: list[object] = []
        thread = threading.Thread(target=lambda: other.append(predictor.predict(frame())))
        thread.start()
        thread.join(30)
        assert len(other) == 1
        with pytest.raises(Stopped):
            network(torch.zeros((1, 4), dtype=torch.int32), torch.zeros((1, 4)))
    network(torch.zeros((1, 4), dtype=torch.int32), torch.zeros((1, 4)))
