"""How training runs look wherever they are shown: colours on the curves, marks and words of their states."""

from __future__ import annotations

from PySide6.QtGui import QColor

from app.core.tasks.follow_runs import SeenRun
from app.ui import text, theme

COLORS = {
    "dark": ("#58c4ff", "#f2b04a", "#62d98f", "#e58ad0", "#b3a1ff", "#ff8f7a", "#4fd6cf", "#d7d36b"),
    "light": ("#0a6fc2", "#b06a00", "#16803f", "#a8328a", "#6244c5", "#c23a2b", "#0b7f7a", "#777000"),
}
"""One for each run on the curves; told apart also by most who see few colours."""

MARKS = {
    "queued": ("clock", "faint"),
    "starting": ("play", "faint"),
    "running": ("play", "accent"),
    "paused": ("pause", "warning"),
    "stopped": ("stop", "faint"),
    "finished": ("check", "good"),
    "failed": ("error", "error"),
    "crashed": ("error", "error"),
}
"""Icon and colour of each state."""


def run_color(slot: int) -> QColor:
    """The colour of the run with that number on the curves, in the theme in use."""
    known = COLORS[theme.current().name]
    return QColor(known[slot % len(known)])


def percent(share: float | None) -> str:
    """A share as 61.2 %, or a dash."""
    return "–" if share is None else f"{100 * share:.1f} %"


def progress(run: SeenRun, step: int = 0) -> str:
    """One line on how far a run is; ``step``: the newest that is known from elsewhere."""
    status = run.status
    step = max(step, status.step)
    far = f"step {text.count(step)} of {text.count(status.max_steps)}"
    match status.state:
        case "queued":
            return f"waits in the queue · {text.count(status.max_steps)} steps"
        case "starting":
            return "starting …"
        case "running":
            return f"{far} · {left(run)} left" if status.seconds_per_step else far
        case "paused":
            return f"paused at {far}"
        case "finished":
            return f"finished · {text.plural(step, 'step')}"
        case "stopped":
            return f"stopped at {far}" if step else "left the queue"
    return f"{status.state} at {far}" if status.max_steps else status.state


def left(run: SeenRun) -> str:
    """Time a run still needs."""
    return text.seconds(run.status.seconds_left)


def speed(run: SeenRun) -> str:
    """Steps a second, or seconds a step where it is slow."""
    seconds = run.status.seconds_per_step
    if not seconds:
        return "–"
    return f"{text.number(1 / seconds, 1)} steps/s" if seconds < 1 else f"{text.number(seconds, 1)} s a step"
