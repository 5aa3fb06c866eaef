"""Live prediction with the engine in a process of its own, as the window has it."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_drive import write_small_drive

from app.core.label_sets import SEMANTIC_KITTI
from app.core.methods.predict import PredictOptions, write_tiny
from app.core.model_card import ModelCard, build_network, classes_of
from app.core.session import Session
from app.core.settings import SavedSession, SavedView
from app.core.tasks.process_engine import ProcessEngine
from app.models import checkpoints

PATIENCE = 90.0


class Window:
    """A session whose engine is a process, and the loop that brings its answers to the main thread."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.session = Session(ProcessEngine(), post=self._calls.put)

    def until(self, wanted: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not wanted():
            assert time.monotonic() < end, (self.session.tasks, self.session.log)
            try:
                self._calls.get(timeout=0.02)()
            except queue.Empty:
                continue


@pytest.fixture
def window() -> Iterator[Window]:
    made = Window()
    yield made
    made.session.close()


def test_frames_come_while_a_network_works_and_its_layers_follow(window: Window, tmp_path: Path) -> None:
    drive = write_small_drive(tmp_path / "drive", frames=4, points=3000)
    big = tmp_path / "big.safetensors"  # wide enough that 64 votes take much longer than frames
    card = ModelCard("minkunet", {"cr": 0.5}, voxel_size=0.05, classes=classes_of(SEMANTIC_KITTI))
    checkpoints.save(big, build_network("minkunet", {"cr": 0.5}), "minkunet", metadata=card.metadata())
    session = window.session
    saved = {"predict": {"checkpoint": str(big), "votes": 64, "device": "cpu"}}
    session.restore(SavedSession(path=drive.root, methods=saved, views={"left": SavedView(layer="prediction")}))
    window.until(lambda: session.frame_state is not None)
    assert session.layer_data("left") is None, "the points do not wait for the network"
    window.until(lambda: any("vote" in task.text for task in session.tasks))
    for index in (1, 2, 3):
        session.go_to(index)
        window.until(lambda index=index: session.index == index)
        assert session.layer_data("left") is None
        assert session.pending("left")
    session.set_method("predict", PredictOptions(write_tiny(tmp_path / "tiny.safetensors"), device="cpu"))
    window.until(lambda: session.layer_data("left") is not None)
    assert "tiny.safetensors" in session.layer_data("left").provenance
    assert session.scores.report.votes == 1
    session.pick(10)
    window.until(lambda: bool(session.facts))
    assert session.facts[0].name == "Prediction"
    assert [line.text for line in session.log if line.level == "error"] == []
