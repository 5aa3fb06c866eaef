"""Workspaces: which panels are on the screen and how many views; layouts are remembered by each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workspace:
    """``panels``: names of the modules of :mod:`app.ui.panels` that are shown; ``split``: two views."""

    name: str
    title: str
    tip: str
    panels: frozenset[str]
    split: bool | None = None


WORKSPACES: tuple[Workspace, ...] = (
    Workspace(
        "browse",
        "Browse",
        "Data, layers, pictures, inspector, timeline (Alt+1)",
        frozenset({"data", "layers", "legend", "cameras", "inspector", "view", "timeline", "tasks", "log"}),
        split=False,
    ),
    Workspace(
        "compare",
        "Compare",
        "Two linked views side by side (Alt+2)",
        frozenset({"layers", "legend", "cameras", "inspector", "view", "timeline"}),
        split=True,
    ),
    Workspace(
        "text",
        "Text",
        "Ask in words: what answers lights up, in this frame and over the sequence (Alt+6)",
        frozenset({"layers", "zero_shot", "query", "inspector", "cameras", "results", "timeline"}),
        split=False,
    ),
    Workspace(
        "predict",
        "Predict",
        "The network's classes, its scores and its mistakes (Alt+4)",
        frozenset({"layers", "view", "model", "legend", "inspector", "confusion", "timeline"}),
        split=False,
    ),
    Workspace(
        "train",
        "Train",
        "Training runs, their curves, and what they predict (Alt+5)",
        frozenset({"layers", "training", "curves", "timeline"}),
        split=False,
    ),
    Workspace(
        "labels",
        "Labels",
        "Labels without annotation: why a superpoint is called what it is called (Alt+7)",
        frozenset({"pseudo_labels", "flips", "instance", "visibility", "cameras", "affinity_matrix", "timeline"}),
        split=None,
    ),
    Workspace(
        "surface",
        "Surface",
        "The surface that a network imagines, and what it is held against (Alt+8)",
        frozenset({"layers", "surface_beside", "surface", "timeline", "tasks"}),
        split=None,
    ),
    Workspace("focus", "Focus", "The 3D view and the timeline alone (Alt+3)", frozenset({"timeline"})),
)


def by_name(name: str) -> Workspace:
    """The workspace of that name, or the first one for a name of another version."""
    return next((space for space in WORKSPACES if space.name == name), WORKSPACES[0])
