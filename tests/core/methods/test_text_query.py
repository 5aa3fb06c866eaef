"""Asking in words down to the numbers: by hand, thresholds, examples, smoothing, known classes, kept queries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_drive import SmallDrive, write_small_drive

from app.core import layers
from app.core.errors import DataError, UsageError
from app.core.label_sets import SEMANTIC_KITTI
from app.core.language.class_words import ClassEntry, ClassWords
from app.core.language.prompts import text_features
from app.core.language.queries import Prompt
from app.core.language.query_result import QueryResult
from app.core.layers.coloring import legend
from app.core.methods import find
from app.core.methods.base import Given, drain, pinned
from app.core.methods.kept_queries import KeptOptions
from app.core.methods.network_features import write_tiny_distilled
from app.core.tasks.context import Context, Source
from app.models.clip.refine import smooth_by_keys

CAR, ROAD = Prompt("car"), Prompt("road", (79, 195, 247))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Hashable]:
    return find("text_query").example(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SmallDrive:
    return write_small_drive(tmp_path_factory.mktemp("drive"), frames=2)


@pytest.fixture(scope="module")
def context() -> Context:
    return Context()


def given_of(context: Context, drive: SmallDrive, options: Mapping[str, Hashable], index: int = 0) -> Given:
    source = Source(drive.root, "00")
    chosen = pinned(tuple(sorted(options.items())))
    return Given(context, source, context.frame(source, index), SEMANTIC_KITTI, chosen)


@pytest.fixture
def ask(context: Context, drive: SmallDrive, example: Mapping):
    """Ask with some options changed; the answer and what it was worked out from."""

    def run(index: int = 0, **changes: object) -> tuple[Given, QueryResult]:
        options = {**example, "text_query": replace(example["text_query"], **changes)}
        given = given_of(context, drive, options, index)
        assert given.missing("text_query") is None
        return given, drain(given.result("text_query"))

    return run


def test_scores_are_those_worked_out_by_hand(ask) -> None:
    given, answer = ask(prompts=(CAR, ROAD), templates="plain", negatives=("object", "stuff"))
    features = drain(given.result("regions"))
    options = given.options["text_query"]
    model = given.context.held_model(("clip", options.clip, "cpu"))
    words = text_features(model, ["car", "road"], "plain")
    others = text_features(model, ["object", "stuff"], "plain")
    table = features.table.astype(np.float64)
    cosine = features.of_points(table @ words.T.astype(np.float64))
    np.testing.assert_allclose(answer.similarity, cosine, atol=1e-5)
    scale = model.info.logit_scale
    pairs = [1 / (1 + np.exp(-scale * (cosine - features.of_points(table @ other)[:, None]))) for other in others]
    np.testing.assert_allclose(answer.relevancy, np.minimum(*pairs), atol=1e-3)
    known = features.known
    assert known.any() and not known.all()
    assert (answer.winner[~known] == 0).all()
    expected = np.where(answer.matches.any(axis=1), np.where(answer.matches, cosine, -9).argmax(axis=1) + 1, 3)
    np.testing.assert_array_equal(answer.winner[known], expected[known])


def test_a_threshold_compares_nothing_again(ask) -> None:
    _, before = ask(threshold=0.5)
    _, after = ask(threshold=0.1)
    assert after.compared is before.compared
    assert after.matches.sum() >= before.matches.sum()
    _, other = ask(prompts=(CAR,))
    assert other.compared is not before.compared
    _, repainted = ask(prompts=(replace(CAR, color=(1, 2, 3)),))
    assert repainted.compared is other.compared
    assert repainted.label_set().colors[1].tolist() == [1, 2, 3]


def test_the_legend_counts_prompts(ask) -> None:
    given, answer = ask(prompts=(CAR, ROAD), threshold=0.0)
    data = layers.find("text_winner").view(answer, given.frame, None)
    entries = {entry.name: entry for entry in legend(data)}
    assert sum(entry.count for entry in entries.values()) == len(given.frame)
    assert entries.keys() <= {"car", "road", "nothing known"}
    assert entries["nothing known"].count == int((~drain(given.result("regions")).known).sum())


def test_the_report_says_what_the_layers_show(ask) -> None:
    given, answer = ask(prompts=(CAR, ROAD), active=1, threshold=0.4)
    report = find("text_query").report(answer, given.frame, None)
    assert [prompt.title for prompt in report.prompts] == ["car", "road"]
    assert [prompt.points for prompt in report.prompts] == answer.matches.sum(axis=0).tolist()
    assert report.relevancy.above == answer.matches[:, 1].sum()
    assert report.relevancy.counts.sum() == report.similarity.counts.sum() == report.known
    assert report.relevancy.threshold == 0.4
    scores = [hit.score for hit in report.hits]
    assert scores == sorted(scores, reverse=True)
    best = report.hits[0]
    assert best.camera == given.frame.cameras[0].name
    assert best.score == pytest.approx(float(np.nanmax(answer.similarity[:, 1])))
    assert best.prompt == 1


def test_every_number_is_traced(ask) -> None:
    given, answer = ask(prompts=(CAR, ROAD))
    row = int(np.flatnonzero(drain(given.result("regions")).known)[0])
    facts = find("text_query").tell(answer, row)
    assert facts[0].name == "“car”"
    assert f"{answer.similarity[row, 0]:.3f}" in facts[0].value
    assert "closest rival" in facts[0].origin
    assert any("superpoint" in fact.origin for fact in facts)
    hidden = int(np.flatnonzero(~drain(given.result("regions")).known)[0])
    assert find("text_query").tell(answer, hidden)[0].value == "unknown"


def test_a_point_is_most_like_itself_also_from_another_frame(ask) -> None:
    given, _ = ask()
    row = int(np.flatnonzero(drain(given.result("regions")).known)[3])
    _, answer = ask(prompts=(Prompt(point=(0, row)),))
    assert answer.similarity[row, 0] == pytest.approx(1, abs=2e-3)
    assert answer.similarity[row, 0] == pytest.approx(float(np.nanmax(answer.similarity)), abs=1e-6)
    _, there = ask(index=1, prompts=(Prompt(point=(0, row)),))
    assert np.nanmax(there.similarity) > 0.5


def test_a_box_that_is_a_region_is_most_like_that_region(ask) -> None:
    given, _ = ask()
    regions = drain(given.result("regions")).regions
    box = tuple(int(edge) for edge in regions.box[0])
    _, answer = ask(prompts=(Prompt(box=(0, given.frame.cameras[0].name, *box)),))
    assert answer.compared.cosine[0, 0] == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (Prompt("\u200b\u200b"), "type words"),
        (Prompt(point=(0, 10**6)), "there is no point 1000000"),
        (Prompt(box=(0, "rear", 0, 0, 9, 9)), "no camera 'rear'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(ask, prompt: Prompt, sentence: str) -> None:
    with pytest.raises((UsageError, DataError), match=sentence) as caught:
        ask(prompts=(prompt,))
    assert "\n" not in str(caught.value)


def test_a_point_no_picture_shows_says_so(ask) -> None:
    given, _ = ask()
    hidden = int(np.flatnonzero(~drain(given.result("regions")).known)[0])
    with pytest.raises(UsageError, match="Nothing is known of point"):
        ask(prompts=(Prompt(point=(0, hidden)),))


@pytest.mark.parametrize("text", ["🚗", "Straßenlaterne", "自动车", "x" * 10_000])
def test_any_script_and_length_can_be_asked(ask, text: str) -> None:
    _, answer = ask(prompts=(Prompt(text),))
    assert np.isfinite(answer.similarity).any()
    if len(text) > 1000:
        assert any("Only the beginning" in note for note in answer.asked.notes)


def test_empty_prompts_and_unknown_ways_are_missing_not_broken(context, drive, example) -> None:
    def why(**changes: object) -> str:
        options = {**example, "text_query": replace(example["text_query"], **changes)}
        return given_of(context, drive, options).missing("text_query")

    assert "empty" in why(prompts=())
    assert "empty" in why(prompts=(CAR, Prompt("  ")))
    assert "no way 'magic'" in why(way="magic")


def test_smoothing_changes_unsure_pixels_and_keeps_cosines(ask) -> None:
    _, plain = ask(way="pixels", smooth=0.0)
    _, smooth = ask(way="pixels", smooth=1.0)
    np.testing.assert_allclose(smooth.similarity, plain.similarity)
    assert not np.allclose(smooth.compared.relevancy, plain.compared.relevancy)


def test_smoothed_relevancy_is_a_quotient_of_smoothed_shares(ask) -> None:
    from scipy.ndimage import map_coordinates

    given, answer = ask(way="pixels", smooth=0.3, negatives=("object",), prompts=(CAR,))
    options = given.options["pixels"]
    model = given.context.held_model(("clip", options.clip, "cpu"))
    dense = model.dense(given.frame.cameras[0].load_image(), scale=options.scale)
    words = np.concatenate([answer.asked.vectors, answer.asked.negatives])
    shares = smooth_by_keys(dense.features @ words.T, dense.keys, 0.3)
    seen = drain(given.result("visibility"))
    rows = np.flatnonzero(seen.visible[:, 0])[:40]
    place = (seen.pixel[rows, 0] / dense.cell - 0.5)[:, ::-1].T
    car, other = (map_coordinates(shares[..., i], place, order=1, mode="nearest") for i in range(2))
    np.testing.assert_allclose(answer.relevancy[rows, 0], car / (car + other), rtol=1e-3)


def test_the_ensemble_takes_the_surer_of_its_parts(ask, example, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another CLIP"):
        ask(way="network")
    given, _ = ask()
    info = given.context.held_model(("clip", given.options["text_query"].clip, "cpu")).info
    path = write_tiny_distilled(tmp_path / "same.safetensors", clip=info.identity, size=info.embed_dim)
    example["network_features"] = replace(example["network_features"], checkpoint=path)
    _, pixels = ask(way="pixels")
    _, network = ask(way="network")
    _, both = ask(way="ensemble")
    tops = [np.nan_to_num(a.similarity, nan=-9).max(axis=1) for a in (pixels, network, both)]
    np.testing.assert_allclose(tops[2], np.maximum(tops[0], tops[1]), atol=1e-5)


def test_words_a_clip_never_read_are_not_its_negatives(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.language import asking

    known = frozenset({"car", "road", "tree", "building", "truck"})
    given, _ = ask()
    model = given.context.held_model(("clip", given.options["text_query"].clip, "cpu"))
    info = replace(model.info, vocabulary=known)
    found, allowed, note = asking.rivals_of((Prompt("red car"), ROAD), ("object", "stuff"), info, SEMANTIC_KITTI)
    assert set(found) == {"car", "road", "tree", "building", "truck"}
    assert "object, stuff" in note
    assert not allowed[0][found.index("car")]
    assert allowed[0][found.index("road")]
    assert not allowed[1][found.index("road")]
    same, _, none = asking.rivals_of((CAR,), ("tree", "object"), info, SEMANTIC_KITTI)
    assert (same, none) == (("tree",), "")
    example = Prompt(point=(0, 3))
    assert asking.rivals_of((example,), ("object",), info, SEMANTIC_KITTI)[2] == "", "none counts for an example"


# known classes


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Hashable]:
    return find("zero_shot").example(tmp_path_factory.mktemp("classes"))


def test_classes_are_those_of_their_best_word(context, drive, classes) -> None:
    words = ClassWords(
        SEMANTIC_KITTI.name, (ClassEntry(1, "car", ("car", "van")), ClassEntry(9, "road", ("road",)))
    )
    options = {**classes, "zero_shot": replace(classes["zero_shot"], words=words)}
    given = given_of(context, drive, options)
    result = drain(given.result("zero_shot"))
    features = drain(given.result("regions"))
    model = given.context.held_model(("clip", given.options["zero_shot"].clip, "cpu"))
    cosine = features.table.astype(np.float32) @ text_features(model, ["car", "van", "road"], "plain").T
    best = features.of_points(cosine.argmax(axis=1).astype(np.float32))
    known = features.known
    np.testing.assert_array_equal(result.word[known], best[known])
    np.testing.assert_array_equal(result.classes[known], np.array([1, 1, 9])[best[known].astype(int)])
    assert (result.classes[~known] == 0).all()
    two = np.stack([cosine[:, :2].max(axis=1), cosine[:, 2]], axis=1) * model.info.logit_scale
    shares = np.exp(two) / np.exp(two).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(result.confidence[known], features.of_points(shares.max(axis=1))[known], rtol=1e-3)
    facts = find("zero_shot").tell(result, int(np.flatnonzero(known)[0]))
    assert facts[1].name == "Word that drove it"
    report = find("zero_shot").report(result, given.frame, SEMANTIC_KITTI)
    assert report.confusion.sum() == known.sum() == report.known
    assert sum(count for _, count in report.drove) == known.sum()
    assert {word for word, _ in report.drove} <= {"car", "van", "road"}


def test_words_for_other_classes_or_none_are_said(context, drive, classes) -> None:
    options = classes["zero_shot"]
    method = find("zero_shot")
    frame = given_of(context, drive, classes).frame
    other = replace(options, words=replace(options.words, name="mine"))
    assert "mine" in method.missing(frame, SEMANTIC_KITTI, other)
    silent = replace(options, words=ClassWords(SEMANTIC_KITTI.name, (ClassEntry(1, "car", ()),)))
    assert "words" in method.missing(frame, SEMANTIC_KITTI, silent)
    assert "label map" in method.missing(frame, None, options)


# kept queries


def test_kept_classes_go_to_the_clearest_match(context, drive, tmp_path: Path) -> None:
    options = find("kept_queries").example(tmp_path)
    given = given_of(context, drive, options)
    result = drain(given.result("kept_queries"))
    kept = options["kept_queries"]
    assert isinstance(kept, KeptOptions)
    values, label_set = result.classes
    assert [label_set.class_name(i) for i in range(4)] == ["nothing known", "a", "b", "something else"]
    a, b = (result.answer(name) for name in ("a", "b"))
    relevancy = np.stack([a.relevancy[:, 0], b.relevancy[:, 0]], axis=1)
    matches = np.stack([a.matches[:, 0], b.matches[:, 0]], axis=1)
    expected = np.where(matches.any(axis=1), np.where(matches, relevancy, -1).argmax(axis=1) + 1, 3)
    expected[~np.isfinite(relevancy[:, 0])] = 0
    np.testing.assert_array_equal(values, expected)
    layer = layers.find("kept:cars")
    data = layer.view(result, given.frame, None)
    assert data.title == "cars"
    np.testing.assert_array_equal(data.values, result.answer("cars").relevancy[:, 0])
    with pytest.raises(UsageError, match="kept no longer"):
        layers.find("kept:gone").view(result, given.frame, None)
