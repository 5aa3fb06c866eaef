"""The parts of asking in words that stay, through the session: search over the sequence, the data set's classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from held_engine import HeldEngine
from listening_in import errors, heard
from small_drive import write_small_drive

from app.core.errors import UsageError
from app.core.language import class_words
from app.core.language.class_words import ClassEntry, ClassWords
from app.core.methods import find
from app.core.session import Session
from app.core.session_language import SessionLanguage
from app.core.tasks.engine import LocalEngine
from app.models.clip.source import ClipSource

# the whole sequence


def test_a_sequence_is_indexed_searched_and_pictured(session: Session, language: SessionLanguage) -> None:
    with pytest.raises(UsageError, match="Type what"):
        language.search()
    language.ask("car", "road")
    language.search()
    assert language.results.indexed == 0
    assert np.isnan(language.results.scores).all()
    language.index()
    results = language.results
    assert results.indexed == session.sequence.frames
    assert results.scores.shape == (2, session.sequence.frames)
    assert np.isfinite(results.scores).all()
    mine = [hit for hit in results.top if hit.prompt == 0]
    assert mine[0].score == pytest.approx(float(results.scores[0].max()), abs=1e-5)
    here = [hit for hit in language.hits if hit.prompt == 0]
    assert results.scores[0, 0] == pytest.approx(here[0].score, abs=1e-3)
    assert not language.searching and not language.indexing
    language.ask_for_thumbnails(results.top[:4])
    pictures = [language.thumbnail(hit) for hit in results.top[:4]]
    assert all(picture is not None and picture.ndim == 3 for picture in pictures)
    assert all(picture.shape[0] <= 156 and picture.shape[1] <= 224 for picture in pictures)
    assert errors(session) == []


def test_another_sequence_forgets_what_was_found(
    session: Session, language: SessionLanguage, tmp_path: Path
) -> None:
    language.ask("car")
    language.index()
    assert language.results is not None
    other = write_small_drive(tmp_path / "other", frames=2)
    session.open(other.root)
    assert language.results is None
    assert language.query.prompts[0].text == "car"
    assert language.report is not None


def test_a_newer_search_replaces_the_older(held: Session, engine: HeldEngine, clip: ClipSource) -> None:
    held.language.set_clip(clip)
    engine.answer_all()
    held.language.ask("car")
    engine.answer_all()
    held.language.search()
    held.language.search()
    assert [request.name for request in engine.waiting] == ["search_sequence"]
    assert held.language.searching
    engine.answer_all()
    assert not held.language.searching


# known classes


def test_known_classes_are_scored_over_the_frames_seen(session: Session, language: SessionLanguage) -> None:
    language.set_zero_shot(True, "left")
    assert session.views["left"].layer == "zero_shot"
    known = int((session.layer_data("left").values > 0).sum())
    assert language.scores.frames == 1
    assert language.scores.frame.matrix.sum() == known > 0
    session.go_to(1)
    assert language.scores.frames == 2
    words = ClassWords(language.words.name, (ClassEntry(1, "car", ("car",)), ClassEntry(9, "road", ("road",))))
    language.set_words(words)
    assert set(np.unique(session.layer_data("left").values)) <= {0, 1, 9}
    assert language.scores.frames == 1, "other words are counted anew"
    language.reset_words()
    assert len(language.words.words) == 19
    language.set_zero_shot(False)
    assert "zero_shot" not in session.methods


def test_words_and_query_stand_side_by_side(session: Session, language: SessionLanguage) -> None:
    language.ask("car")
    language.set_zero_shot(True, "left")
    session.set_layer("text_similarity")
    session.pick(int(np.flatnonzero(np.isfinite(session.layer_data("left").values))[0]))
    assert {"“car”", "Class in words", "Word that drove it"} <= {fact.name for fact in session.facts}
    language.clear_query()
    assert language.zero_shot
    assert "zero_shot" in session.methods


def test_known_classes_need_a_label_map(tmp_path: Path, clip: ClipSource) -> None:
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    rows = "".join(f"{i} {i % 7} 0\n" for i in range(50))
    (tmp_path / "cloud.ply").write_text(f"ply\nformat ascii 1.0\nelement vertex 50\n{axes}end_header\n{rows}")
    session = Session(LocalEngine())
    session.open(tmp_path / "cloud.ply")
    session.language.set_clip(clip)
    session.language.set_zero_shot(True, "left")
    assert session.language.zero_shot_problem.endswith(".")
    method, options = find("zero_shot"), session.methods["zero_shot"]
    assert "label map" in method.missing(session.frame_state.frame, session.label_set, options)
    assert errors(session) == []
    drive = write_small_drive(tmp_path / "drive", frames=1)
    session.open(drive.root)
    assert session.language.zero_shot_problem == ""
    assert "zero_shot" in session.methods


def test_words_that_are_refused_change_nothing(session: Session, language: SessionLanguage) -> None:
    before = language.words
    changes = heard(language.words_changed)
    for synonyms in (("road",), (" ",)):
        entries = (ClassEntry(1, "car", synonyms), ClassEntry(9, "road", ("road",)))
        with pytest.raises(UsageError):
            language.set_words(ClassWords(before.name, entries))
        assert language.words == before
    assert changes == []
    assert class_words.of_label_set(session.label_set) == before


def test_words_that_cannot_be_stored_hold_and_that_is_said(
    session: Session, language: SessionLanguage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIDARSCOPE_HOME", str(tmp_path / "file"))
    words = ClassWords(language.words.name, (ClassEntry(1, "car", ("lorry",)),))
    language.set_words(words)
    assert language.words == words
    assert "cannot be written" in session.log[-1].text
