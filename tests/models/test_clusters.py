"""Cluster-based learning against its definitions, written out slowly, and what it remembers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from app.models.backbones import minkunet
from app.models.losses.clusters import anchors, balanced_clusters, contrast
from app.models.objectives import clusters
from app.models.objectives._clusters import Clusters
from app.models.objectives.base import Batch


def some(count: int, dim: int = 8, seed: int = 0) -> Tensor:
    return normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


# assignments


def test_clusters_are_balanced_where_the_nearest_centre_would_take_all() -> None:
    centres = some(4)
    features = normalize(centres[0] + 0.3 * some(400, seed=1), dim=1)
    nearest = torch.bincount((features @ centres.T).argmax(1), minlength=4)
    counts = torch.bincount(balanced_clusters(features, centres), minlength=4)
    assert nearest.max() > 380
    assert counts.min() > 50


def test_assignments_are_those_of_an_exact_balance() -> None:
    """Rows and columns scaled in turn in log space until nothing changes."""
    features, centres = some(300, seed=2), some(5, seed=3)
    logits = torch.log_softmax(features.double() @ centres.double().T, 1) * 25
    rows, columns = torch.zeros(300, 1).double(), torch.zeros(1, 5).double()
    for _ in range(3000):
        columns = -math.log(5) - torch.logsumexp(logits + rows, 0, keepdim=True)
        rows = -math.log(300) - torch.logsumexp(logits + columns, 1, keepdim=True)
    plan = (logits + rows + columns).exp()
    assert torch.allclose(plan.sum(0), torch.full((5,), 1 / 5).double())
    assert (balanced_clusters(features, centres) == plan.argmax(1)).float().mean() > 0.97


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_points_than_clusters_and_points_that_all_lie_alike(count: int) -> None:
    found = balanced_clusters(some(1).expand(count, 8), some(5))
    assert found.shape == (count,)
    assert ((found >= 0) & (found < 5)).all()


# anchors


def test_anchors_are_shared_among_classes_and_half_of_them_mistaken() -> None:
    targets = torch.tensor([0] * 100 + [1] * 100 + [-1] * 50)
    predicted = torch.zeros(250, dtype=torch.int64)
    predicted[:30] = 1  # thirty of class 0 are mistaken, all of class 1
    rows = anchors(targets, predicted, 40)
    assert len(rows) == len(rows.unique()) == 40
    assert torch.bincount(targets[rows]).tolist() == [20, 20]
    hard = predicted[rows] != targets[rows]
    assert (hard & (targets[rows] == 0)).sum() == 10


def test_anchors_where_there_are_too_few_of_one_kind() -> None:
    targets, predicted = torch.zeros(20, dtype=torch.int64), torch.zeros(20, dtype=torch.int64)
    predicted[:3] = 1
    rows = anchors(targets, predicted, 10)
    assert (predicted[rows] == 1).sum() == 3 and len(rows) == 10
    assert len(anchors(targets, predicted, 500)) == 20
    assert len(anchors(torch.full((5,), -1), predicted[:5], 10)) == 0


# the contrast


def slow_contrast(
    features: Tensor, of: Tensor, others: Tensor, of_others: Tensor, tau: float, itself: bool, sharing: int
) -> float:
    found = []
    for a in range(len(features)):
        near = [float(features[a] @ other) / tau for other in others]
        negatives = sum(
            math.exp(s) for s, label in zip(near, of_others, strict=True) if label // sharing != of[a] // sharing
        )
        own = [
            -math.log(math.exp(s) / (math.exp(s) + negatives))
            for b, (s, label) in enumerate(zip(near, of_others, strict=True))
            if label == of[a] and not (itself and a == b)
        ]
        if own:
            found.append(sum(own) / len(own))
    return sum(found) / len(found) if found else 0.0


@pytest.mark.parametrize("sharing", [1, 3])
@pytest.mark.parametrize("itself", [True, False])
def test_the_contrast_is_that_of_its_definition(itself: bool, sharing: int) -> None:
    features, of = some(30, seed=4), torch.arange(30) % 7
    others, of_others = (features, of) if itself else (some(50, seed=5), torch.arange(50) % 9)
    found = contrast(features, of, others, of_others, temperature=0.1, itself=itself, sharing=sharing)
    slow = slow_contrast(features, of, others, of_others, 0.1, itself, sharing)
    assert float(found) == pytest.approx(slow, rel=1e-4)


@pytest.mark.parametrize(
    ("of", "of_others"), [([0, 1], [2, 3]), ([0, 0], [0, 0]), ([], [1]), ([0, 1], [])],
)  # fmt: skip
def test_without_positives_or_negatives_nothing_is_lost_and_gradients_are_numbers(
    of: list[int], of_others: list[int]
) -> None:
    features = some(len(of)).clone().requires_grad_()
    given = torch.tensor(of_others, dtype=torch.int64)
    own, others = torch.tensor(of, dtype=torch.int64), some(len(given), seed=1)
    found = contrast(features, own, others, given, temperature=0.1, itself=False)
    assert found.item() == 0
    found.backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()


def test_following_the_gradient_brings_clusters_together() -> None:
    features, of = some(40, seed=6).clone().requires_grad_(), torch.arange(40) % 4
    begin = end = 0.0
    for step in range(50):
        unit = normalize(features, dim=1)
        loss = contrast(unit, of, unit, of, temperature=0.1, itself=True)
        (gradient,) = torch.autograd.grad(loss, features)
        features = (features - 0.5 * gradient).detach().requires_grad_()
        begin, end = (float(loss), end) if step == 0 else (begin, float(loss))
    assert end < begin / 5


# the memory


def test_centres_begin_with_points_follow_their_own_and_stay_where_nothing_is() -> None:
    memory = Clusters(3, 2, 4, 8, 0.9)
    features = some(10)
    memory.begin(1, features)
    assert memory.begun.tolist() == [False, True, False]
    assert all((features == centre).all(1).any() for centre in memory.centres[1])
    before = memory.centres[1].clone()
    memory.begin(1, some(10, seed=9))
    assert torch.equal(memory.centres[1], before)
    memory.follow(1, features, torch.zeros(10, dtype=torch.int64))
    expected = normalize(0.9 * before[0] + 0.1 * normalize(features.sum(0), dim=0), dim=0)
    assert torch.allclose(memory.centres[1, 0], expected)
    assert torch.equal(memory.centres[1, 1], before[1])


def test_queues_hold_features_of_their_own_cluster_and_let_go_of_the_oldest() -> None:
    memory = Clusters(2, 3, 4, 8, 0.9)
    seen: dict[int, list[Tensor]] = {0: [], 2: []}
    for step in range(4):
        features, cluster = some(12, seed=step), torch.tensor([0, 2] * 6)
        memory.remember(1, features, cluster, 2)
        for number in seen:
            seen[number].append(features[cluster == number])
    told, of = memory.remembered()
    assert torch.bincount(of, minlength=6).tolist() == [0, 0, 0, 4, 0, 4]
    for number, parts in seen.items():
        newest = torch.cat(parts[-2:])
        assert all((newest == one).all(1).any() for one in told[of == 3 + number])
    assert memory.known_centres()[0].shape == (0, 8)


def test_more_points_than_a_queue_has_places() -> None:
    memory = Clusters(1, 1, 4, 8, 0.9)
    memory.remember(0, some(20), torch.zeros(20, dtype=torch.int64), 10)
    assert memory.filled.tolist() == [[4]]
    assert len(memory.remembered()[0]) == 4


# the objective


def objective(**config: object) -> clusters.ClusterContrast:
    torch.manual_seed(0)
    network = minkunet.ENTRY.make(num_classes=3, cr=0.05, in_channels=4)
    return clusters.ENTRY.make(network, {"lovasz": 1.0, "clusters": 5, **config})


def batch(targets: Tensor | None = None) -> Batch:
    rng = np.random.default_rng(1)
    coords = np.unique(np.c_[np.repeat([0, 1], 60), rng.integers(0, 9, (120, 3))], axis=0).astype(np.int32)
    feats = torch.from_numpy(np.c_[coords[:, 1:] * 0.5, rng.uniform(size=len(coords))].astype(np.float32))
    if targets is None:
        targets = torch.from_numpy(rng.integers(-1, 3, len(coords)))
    return Batch(torch.from_numpy(coords), feats, targets[: len(coords)], 2)


def test_the_losses_are_those_of_the_classes_and_three_contrasts() -> None:
    made = objective()
    first = made(batch())
    assert set(first) == {
        "loss", "cross_entropy", "lovasz", "contrast_earlier", "contrast_points", "contrast_centres",
    }  # fmt: skip
    assert float(first["contrast_earlier"]) == 0  # nothing is remembered yet
    assert float(first["contrast_points"]) > 0
    second = made(batch())
    assert float(second["contrast_earlier"]) > 0
    parts = [value for name, value in second.items() if name != "loss"]
    assert float(second["loss"]) == pytest.approx(float(torch.stack(parts).sum()), rel=1e-6)
    second["loss"].backward()
    assert all(parameter.grad is not None for parameter in made.projector.parameters())


def test_the_published_scale_of_the_contrasts() -> None:
    torch.manual_seed(2)
    once = objective()(batch())
    torch.manual_seed(2)
    twice = objective(contrast=2.0)(batch())
    assert float(twice["contrast_points"]) == pytest.approx(2 * float(once["contrast_points"]), rel=1e-5)
    assert pytest.approx(0.025) == clusters.SHARE * 0.1 / clusters.BASE_TEMPERATURE


def test_clusters_of_one_class_are_pushed_apart_unless_other_classes_alone_are_asked_for() -> None:
    one_class = batch(torch.ones(120, dtype=torch.int64))
    assert float(objective()(one_class)["contrast_points"]) > 0
    assert float(objective(negatives="other_classes")(one_class)["contrast_points"]) == 0
    assert float(objective(negatives="other_classes")(batch())["contrast_points"]) > 0


def test_without_a_contrast_it_is_supervised_and_without_labels_it_is_zero() -> None:
    assert set(objective(contrast=0.0)(batch())) == {"loss", "cross_entropy", "lovasz"}
    nothing = objective()(batch(torch.full((120,), -1)))
    assert float(nothing["loss"]) == 0
    nothing["loss"].backward()


@pytest.mark.parametrize("begun", [True, False])
def test_looking_changes_nothing_that_is_remembered(begun: bool) -> None:
    made = objective()
    if begun:
        made(batch())
    before = {name: value.clone() for name, value in made.memory.state_dict().items()}
    made.eval()
    made(batch())
    assert all(torch.equal(before[name], value) for name, value in made.memory.state_dict().items())


def test_contrasts_are_not_rounded_where_the_network_is_in_half_precision() -> None:
    made = objective()
    made(batch())
    with torch.autocast("cpu", torch.bfloat16):
        found = made(batch())
    assert found["contrast_earlier"].dtype == torch.float32
    value = found["contrast_earlier"].item()
    assert value != torch.tensor(value).bfloat16().item()
