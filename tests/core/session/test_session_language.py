"""Asking in words through the session: typing, undo, sets, examples, matches, kept queries, search, classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import errors, heard
from small_drive import write_small_drive

from app.core.errors import Cancelled, UsageError
from app.core.language.queries import LONGEST, MOST_PROMPTS, Prompt, QueryState
from app.core.session import Session
from app.core.session_language import SessionLanguage
from app.core.tasks.engine import LocalEngine
from app.models.clip.source import ClipSource


def shown(session: Session) -> str:
    return session.views["left"].layer


def test_asking_shows_the_answer_in_the_view(session: Session, language: SessionLanguage) -> None:
    reports = heard(language.report_changed)
    language.ask("car", "road")
    assert shown(session) == "text_similarity"
    data = session.layer_data("left")
    assert np.isfinite(data.values).any()
    assert "“car”" in data.provenance
    assert [prompt.title for prompt in reports[-1].prompts] == ["car", "road"]
    assert language.histogram is language.report.similarity
    language.set_mode("winner")
    assert shown(session) == "text_winner"
    assert session.layer_data("left").label_set.class_name(2) == "road"
    assert language.problem == ""
    assert errors(session) == []


def test_what_is_typed_in_one_go_is_one_step_back(session: Session, language: SessionLanguage) -> None:
    language.add_prompt()
    for text in ("c", "ca", "car"):
        language.edit_prompt(0, text)
    assert language.report.prompts[0].title == "car"
    session.undo()
    assert language.query.prompts == (Prompt(color=language.query.prompts[0].color),)
    assert language.report is None
    session.redo()
    assert language.report.prompts[0].title == "car"
    session.undo()
    session.undo()
    assert language.query == QueryState()


def test_every_change_can_be_undone(session: Session, language: SessionLanguage) -> None:
    language.set_prompts(["car", "road"])
    changes = [
        lambda: language.add_prompt("tree"),
        lambda: language.remove_prompt(0),
        lambda: language.recolor(0, (1, 2, 3)),
        lambda: language.set_active(0),
        lambda: language.set_mode("match"),
        lambda: language.set_way("pixels"),
        lambda: language.set_templates("plain"),
        lambda: language.set_negatives(["sky", " ", "sky"]),
        lambda: language.set_threshold(0.3),
        lambda: language.set_denoise(0.1),
        lambda: language.set_smooth(0.2),
        lambda: language.clear_query(),
    ]
    states = [language.query]
    for change in changes:
        change()
        assert language.query != states[-1]
        states.append(language.query)
    assert language.query.negatives == ("sky",)
    for before in reversed(states[:-1]):
        session.undo()
        assert language.query == before
    assert errors(session) == []


def test_an_empty_prompt_asks_nothing_and_says_so(session: Session, language: SessionLanguage) -> None:
    before = shown(session)
    language.add_prompt("car")
    language.edit_prompt(0, "   ")
    assert "text_query" not in session.methods
    assert language.problem.endswith("the prompt is empty.")
    assert shown(session) == before
    assert language.histogram is None
    with pytest.raises(UsageError, match="Type what to look for"):
        language.select_matches()


def test_a_long_prompt_is_cut_and_said(language: SessionLanguage) -> None:
    language.ask("car " * 2500)
    assert len(language.query.prompts[0].text) == LONGEST
    assert any("cut off" in note for note in language.notes)
    assert language.report is not None


def test_too_many_prompts_and_wrong_choices_are_refused(language: SessionLanguage) -> None:
    language.set_prompts(["x"] * MOST_PROMPTS)
    for wrong in (
        lambda: language.add_prompt("one more"),
        lambda: language.set_mode("magic"),
        lambda: language.set_way("magic"),
        lambda: language.set_threshold(1.5),
        lambda: language.edit_prompt(99, "x"),
    ):
        with pytest.raises(UsageError):
            wrong()


def test_typing_replaces_what_is_under_way(held: Session, engine: HeldEngine, clip: ClipSource) -> None:
    held.language.set_clip(clip)
    engine.answer_all()
    held.language.ask("c")
    for text in ("ca", "car", "cart"):
        held.language.edit_prompt(0, text)
    assert [request.name for request in engine.waiting] == ["compute_layer"]
    assert held.pending("left")
    engine.answer_all()
    assert held.language.report.prompts[0].title == "cart"
    assert held.pending("left") == ""
    assert errors(held) == []


def test_an_unusable_clip_leaves_the_one_before(
    session: Session, language: SessionLanguage, clip: ClipSource, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing of the kind")
    language.set_clip(ClipSource(path=bad))
    assert language.clip == clip
    assert "bad.safetensors" in language.clip_problem
    assert language.reading_clip is None
    language.ask("car")
    assert language.report is not None


def test_the_newest_choice_of_a_clip_wins(held: Session, engine: HeldEngine, clip: ClipSource) -> None:
    held.language.set_clip(ClipSource(model="ViT-B-32", pretrained="laion2b_s34b_b79k"))
    held.language.set_clip(clip)
    engine.answer_all()
    assert held.language.clip == clip
    assert held.language.clip_info.embed_dim == 16
    held.language.set_clip(ClipSource(path=Path("elsewhere")))
    engine.fail(Cancelled("cancelled"))
    assert held.language.clip == clip
    assert held.language.clip_problem == ""


def test_without_a_camera_each_way_says_whether_it_works(tmp_path: Path, clip: ClipSource) -> None:
    drive = write_small_drive(tmp_path / "blind", frames=1)
    for image in (drive.root / "sequences/00/image_2").iterdir():
        image.unlink()
    session = Session(LocalEngine())
    session.open(drive.root)
    session.language.set_clip(clip)
    session.language.ask("car")
    assert "camera" in session.language.problem
    assert "network" in session.language.problem
    assert "network" in session.language.way_problem("regions")
    assert "network is chosen" in session.language.way_problem("network")
    assert errors(session) == []


# saved sets


def test_prompt_sets_are_there_after_a_restart(language: SessionLanguage) -> None:
    language.set_prompts(["car", "road"])
    language.set_negatives(["sky"])
    language.save_prompt_set("Street")
    language.clear_query()
    again = Session(LocalEngine()).language
    again.use_prompt_set("Street")
    assert [prompt.text for prompt in again.query.prompts] == ["car", "road"]
    assert again.query.negatives == ("sky",)
    again.delete_prompt_set("Street")
    assert again.prompt_sets == ()
    with pytest.raises(UsageError, match="no prompt set 'Street'"):
        again.use_prompt_set("Street")


def test_a_broken_file_of_sets_is_told_and_harmless(session: Session) -> None:
    from app.core.language import prompt_sets
    from app.core.settings import home

    home().mkdir(parents=True, exist_ok=True)
    for content in (b"{", b'{"sets": [{"name": 3}]}', b" " * (prompt_sets.LIMIT + 1)):
        (home() / prompt_sets.FILE).write_bytes(content)
        found, problem = prompt_sets.load()
        assert found == ()
        assert prompt_sets.FILE in problem
    assert session.language.prompt_sets == ()
    assert prompt_sets.FILE in session.log[-1].text


# by example


def test_a_point_and_a_box_are_prompts_too(session: Session, language: SessionLanguage) -> None:
    language.ask("car")
    row = int(np.flatnonzero(np.isfinite(session.layer_data("left").values))[0])
    language.ask_by_point(row)
    assert language.query.prompts[1].point == (0, row)
    assert session.layer_data("left").values[row] == pytest.approx(1, abs=2e-3)
    camera = session.frame_state.frame.cameras[0].name
    language.ask_by_box(camera, (60.4, 30, 20, 10))
    assert language.query.prompts[2].box == (0, camera, 20, 10, 60, 30)
    assert language.report.active == 2
    assert session.views["left"].layer == "text_similarity"
    assert errors(session) == []


def test_examples_that_are_none_are_refused(language: SessionLanguage, session: Session) -> None:
    camera = session.frame_state.frame.cameras[0].name
    for wrong in (
        lambda: language.ask_by_point(10**7),
        lambda: language.ask_by_box("rear", (0, 0, 9, 9)),
        lambda: language.ask_by_box(camera, (5, 5, 6, 30)),
        lambda: language.ask_by_box(camera, (-90, -90, -10, -10)),
    ):
        with pytest.raises(UsageError):
            wrong()
    assert language.query.prompts == ()


# what is done with the answer


def test_matches_are_selected_and_exported(session: Session, language: SessionLanguage, tmp_path: Path) -> None:
    language.ask("car")
    language.set_threshold(0.0)
    language.set_mode("match")
    language.select_matches()
    np.testing.assert_array_equal(session.selection, np.flatnonzero(session.layer_data("left").values))
    assert len(session.selection) == language.report.known
    session.undo()
    assert len(session.selection) == 0
    language.export_matches(tmp_path / "car.npz")
    with np.load(tmp_path / "car.npz") as saved:
        np.testing.assert_array_equal(saved["mask"], session.layer_data("left").values)
        assert saved["similarity"].shape == saved["mask"].shape
        assert saved["prompts"].tolist() == ["car"]
    with pytest.raises(UsageError, match=r"\.label"):
        language.export_matches(tmp_path / "car.txt")


def test_labels_are_winners_and_ply_carries_columns(
    session: Session, language: SessionLanguage, tmp_path: Path
) -> None:
    language.ask("car", "road")
    language.set_threshold(0.0)
    language.set_mode("winner")
    winner = session.layer_data("left").values
    language.export_matches(tmp_path / "a.label")
    language.export_matches(tmp_path / "a.ply")
    np.testing.assert_array_equal(np.fromfile(tmp_path / "a.label", "<u4"), np.where(winner > 2, 0, winner))
    head = (tmp_path / "a.ply").read_bytes().split(b"end_header")[0].decode()
    for column in ("similarity_1", "similarity_2", "relevancy_2", "mask_1", "winner", "red"):
        assert f" {column}\n" in head


def test_a_kept_query_is_asked_on_every_frame_and_saved(session: Session, language: SessionLanguage) -> None:
    language.ask("car")
    layer = language.keep_as_layer("My cars")
    language.clear_query()
    session.set_layer(layer)
    first = session.layer_data("left").values
    assert np.isfinite(first).any()
    session.go_to(3)
    assert not np.array_equal(np.isfinite(first), np.isfinite(session.layer_data("left").values))
    assert next(row for row in session.layers() if row.name == layer).title == "My cars"
    saved = session.save_state()
    again = Session(LocalEngine())
    again.restore(saved)
    assert again.views["left"].layer == layer
    assert np.isfinite(again.layer_data("left").values).any()
    assert [kept.name for kept in again.language.kept] == ["My cars"]
    again.language.forget_kept("My cars")
    assert again.views["left"].layer == "height"
    assert layer not in {row.name for row in again.layers()}
    again.undo()
    assert [kept.name for kept in again.language.kept] == ["My cars"]
    assert errors(again) == []


def test_kept_classes_share_a_layer(session: Session, language: SessionLanguage) -> None:
    language.set_prompts(["car", "road"])
    assert language.keep_as_class("Cars") == "kept_classes"
    language.set_active(1)
    language.keep_as_class("Roads")
    session.set_layer("kept_classes")
    label_set = session.layer_data("left").label_set
    assert [label_set.class_name(i) for i in (1, 2)] == ["Cars", "Roads"]
    for wrong in ("Cars", "  ", "x" * 80):
        with pytest.raises(UsageError):
            language.keep_as_layer(wrong)
    with pytest.raises(UsageError, match="No kept query"):
        language.forget_kept("Trees")


def test_a_restored_session_asks_again(session: Session, language: SessionLanguage, clip: ClipSource) -> None:
    language.ask("car", "road")
    language.set_mode("winner")
    language.set_threshold(0.25)
    saved = session.save_state().model_validate_json(session.save_state().model_dump_json())
    again = Session(LocalEngine())
    again.restore(saved)
    assert again.language.query.prompts == language.query.prompts
    assert again.language.query.threshold == 0.25
    assert again.language.query.mode == "winner"
    assert again.language.clip == clip
    assert again.language.report is not None


def test_scores_come_while_frames_are_indexed(
    session: Session, language: SessionLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.session_search.LOOK_EVERY", 0.0)
    monkeypatch.setattr("app.core.session_search.LOOK_SHARE", 1e9)
    language.ask("car")
    seen: list[tuple[bool, int]] = []
    language.search_changed.connect(lambda found: seen.append((language.indexing, found.indexed)))
    language.index()
    frames = session.sequence.frames
    assert [count for indexing, count in seen if indexing] == list(range(1, frames + 1))
    assert seen[-1] == (False, frames)


def test_looking_at_an_index_that_grows_costs_little(session: Session, language: SessionLanguage) -> None:
    language.ask("car")
    seen: list[object] = []
    language.search_changed.connect(seen.append)
    language.index()
    assert len(seen) <= 3, "not every frame is followed by a search"


def test_templates_are_stored_and_what_is_shown_follows(session: Session, language: SessionLanguage) -> None:
    changed = heard(language.templates_changed)
    language.ask("car")
    language.save_templates("mine", ["a {}", " ", "the {} "])
    language.set_templates("mine")
    before = session.layer_data("left").values.copy()
    language.save_templates("mine", ["dark {}"], instead_of="mine")
    assert not np.array_equal(session.layer_data("left").values, before, equal_nan=True)
    assert [one.templates for one in language.own_templates] == [("dark {}",)]
    with pytest.raises(UsageError, match="already"):
        language.save_templates("mine", ["a {}"])
    with pytest.raises(UsageError, match="None of your own"):
        language.delete_templates("yours")
    language.delete_templates("mine")
    assert language.query.templates == "street" and len(changed) == 3
    assert errors(session) == []
