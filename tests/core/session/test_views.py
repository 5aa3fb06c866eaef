"""Views: layers, styles, legend switches, differences, and the colours that follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from listening_in import heard
from small_drive import write_small_drive

from app.core import layers as layer_folder
from app.core.errors import UsageError
from app.core.layers import colormaps
from app.core.session import Session
from app.core.state import RangeMode
from app.core.tasks.engine import LocalEngine


@pytest.fixture
def session(tmp_path: Path) -> Session:
    made = Session(LocalEngine())
    made.open(write_small_drive(tmp_path, frames=2).root)
    return made


def test_layers_have_keys_in_order_and_reasons(session: Session) -> None:
    rows = session.layers()
    assert [row.key for row in rows[:9]] == [str(k) for k in range(1, 10)]
    assert all(row.key is None for row in rows[9:])
    by_name = {row.name: row for row in rows}
    assert by_name["height"].available
    assert by_name["height"].unit == "m"
    assert not by_name["time"].available
    assert by_name["time"].why


def test_every_layer_that_is_there_can_be_shown(session: Session) -> None:
    for row in session.layers():
        if row.available:
            session.set_layer(row.name)
            colors, _ = session.colors("left")
            assert colors.shape == (len(session.frame_state.cloud), 3)
            assert session.layer_data("left").name == row.name
    with pytest.raises(UsageError):
        session.set_layer("nope")


def test_colours_are_computed_once_and_again_when_something_changes(session: Session) -> None:
    first = session.colors("left")
    assert session.colors("left")[0] is first[0]
    session.set_style("left", "height", colormap="grey")
    second = session.colors("left")
    assert second[0] is not first[0]
    assert (second[0][:, 0] == second[0][:, 1]).all()
    session.go_to(1)
    assert session.colors("left")[0] is not second[0]


def test_ranges(session: Session) -> None:
    values = session.frame_state.frame.points[:, 2]
    low, high = session.resolved_range("left")
    np.testing.assert_allclose((low, high), np.percentile(values, [1, 99]), rtol=1e-5)
    session.set_style("left", "height", range_mode=RangeMode.ABSOLUTE)
    assert session.resolved_range("left") == (-3.0, 6.0)
    session.set_style("left", "height", range_mode="manual", low=0.0, high=1.5)
    assert session.resolved_range("left") == (0.0, 1.5)
    session.set_layer("label")
    assert session.resolved_range("left") is None
    with pytest.raises(UsageError):
        session.set_style("left", "height", colormap="nope")
    with pytest.raises(ValueError, match="sideways"):
        session.set_style("left", "height", range_mode="sideways")


def test_legend_switches(session: Session) -> None:
    session.set_layer("label")
    changes = heard(session.view_changed)
    session.toggle_class(9)
    _, shown = session.colors("left")
    labels = session.layer_data("left").values
    np.testing.assert_array_equal(shown, labels != 9)
    session.isolate_class(1)
    np.testing.assert_array_equal(session.colors("left")[1], labels == 1)
    session.isolate_class(1)
    assert session.colors("left")[1] is None
    session.toggle_class(1)
    session.show_all_classes()
    assert session.colors("left")[1] is None
    assert changes == ["left"] * 5


def test_switches_and_ranges_can_be_undone(session: Session) -> None:
    session.set_layer("label")
    said = heard(session.history_changed)
    session.toggle_class(9)
    session.toggle_class(1)
    assert session.can_undo
    assert session.undo_name
    session.undo()
    assert session.views["left"].style.hidden == {9}
    session.undo()
    assert session.views["left"].style.hidden == frozenset()
    assert not session.can_undo
    assert session.can_redo
    session.redo()
    assert session.views["left"].style.hidden == {9}
    assert len(said) == 5


def test_a_slider_drag_is_one_step(session: Session) -> None:
    for low in np.linspace(0, 1, 20):
        session.set_style("left", "height", range_mode="manual", low=float(low))
    session.undo()
    assert session.views["left"].style.range_mode is RangeMode.RELATIVE
    assert session.views["left"].style.low == 0.0


def test_the_difference_of_two_layers(session: Session) -> None:
    session.set_layer("range")
    session.set_compare("height")
    data = session.layer_data("left")
    cloud = session.frame_state.cloud
    expected = np.linalg.norm(cloud.points, axis=1) - cloud.points[:, 2]
    np.testing.assert_allclose(data.values, expected, rtol=1e-5)
    assert data.colormap == colormaps.DIVERGING
    low, high = session.resolved_range("left")
    assert low == -high
    session.set_style("left", session.views["left"].shown_layer, colormap="grey")
    colors, _ = session.colors("left")
    assert (colors[:, 0] == colors[:, 2]).all()
    assert session.views["left"].styles.get("range") is None, "the layer itself keeps its own style"
    session.set_compare(None)
    assert session.layer_data("left").name == "range"


def test_layers_of_different_kinds_are_not_compared(session: Session) -> None:
    session.set_compare("label")
    assert session.views["left"].compare is None
    assert "different kinds" in session.log[-1].text


def test_a_second_view_shows_something_else_and_comes_back_as_it_was(session: Session) -> None:
    said = heard(session.views_changed)
    session.split(True)
    assert session.views["right"].layer == "label"
    session.set_layer("intensity", "right")
    assert session.layer_data("right").name == "intensity"
    assert session.layer_data("left").name == "height"
    session.split(False)
    assert list(session.views) == ["left"]
    session.split(True)
    session.split(True)
    assert session.views["right"].layer == "intensity"
    assert len(said) == 3


def test_camera_mode_is_shared_by_linked_views_alone(session: Session) -> None:
    session.split(True)
    session.set_camera_mode("top")
    assert session.views["right"].camera_mode == "top"
    session.set_linked(False)
    session.set_camera_mode("ego", "right")
    assert session.views["left"].camera_mode == "top"
    assert session.linked is False


def test_overlays(session: Session) -> None:
    session.set_overlay("grid", True)
    assert "grid" in session.views["left"].show
    changes = heard(session.view_changed)
    session.set_overlay("grid", True)
    assert changes == []
    session.set_overlay("grid", False)
    assert "grid" not in session.views["left"].show
    with pytest.raises(UsageError, match="trajectory"):
        session.set_overlay("ghosts", True)


def test_heavy_layers_are_never_computed_here(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    state = session.frame_state

    def forbidden(*_: object) -> None:
        raise AssertionError("computed on the main thread")

    for layer in layer_folder.all_layers():
        if layer.heavy:
            monkeypatch.setattr(layer, "compute", forbidden, raising=False)
            assert session._values(layer.name) is None
    assert state is session.frame_state
