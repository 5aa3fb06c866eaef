"""What a view says of itself: its layer and whose it is, what it waits for, why it shows nothing."""

from __future__ import annotations

from app.core import methods
from app.core.language.queries import QueryState
from app.core.layers.base import Kind
from app.core.session import Session
from app.core.session_language import QUERY
from app.core.session_methods import PREDICT, SIMILARITY
from app.core.state import RangeMode, TaskInfo
from app.ui import text
from app.ui.model_facts import checkpoint_name

NETWORKS = frozenset({PREDICT, SIMILARITY})
"""Methods that show what the chosen checkpoint makes of a frame."""

LONGEST = 40


def title(session: Session, view: str) -> str:
    """The layer a view shows; of a prediction also its checkpoint and step."""
    state, data = session.views[view], session.layer_data(view)
    infos = session.layers()
    info = next((one for one in infos if one.name == state.layer), None)
    words = data.title if data is not None else info.title if info is not None else state.layer
    if data is not None and data.kind is Kind.SCALAR and state.style.range_mode is not RangeMode.RELATIVE:
        words = f"{words} · {state.style.range_mode.value}"
    of = {one.method for one in infos if one.name in (state.layer, state.compare)}
    whose = author(session) if of & NETWORKS else asked(session) if QUERY in of else ""
    return f"{words} · {whose}" if whose and data is not None else words


def asked(session: Session) -> str:
    """The prompt that layers of a query show, or how many they compare; "" where nothing is asked."""
    query = session.language.query
    if not query.asked:
        return ""
    if query.mode == "winner":
        return text.plural(len(query.asked), "prompt")
    return f"“{query_title(query)}”"


def query_title(query: QueryState) -> str:
    """What is asked by the active prompt, short enough for a title."""
    words = text.typeset(query.asked[query.active_asked].title)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def author(session: Session) -> str:
    """The checkpoint that has predicted the frame in view, and its step; "" if none has."""
    report = session.scores.report
    if report is None or PREDICT not in session.methods:
        return ""
    step = f" · step {text.count(report.card.step)}" if report.card.step else ""
    return f"{checkpoint_name(report.file)}{step}"


def reason(session: Session, layer: str) -> str:
    """Why a layer cannot be shown, or "". That its method is not switched on is no reason any more once it is: the
    engine has only not answered yet."""
    state = session.frame_state
    why = "" if state is None else state.missing_layers.get(layer, "")
    if not why or state is None:
        return ""
    method = next((info.method for info in session.layers() if info.name == layer), "")
    if method in session.methods and why == methods.find(method).missing(state.frame, session.label_set, None):
        return ""
    return why


def missing(session: Session, view: str) -> str:
    """Why a view cannot show what it should, or ""."""
    shown = session.views[view]
    reasons = (reason(session, name) for name in (shown.layer, shown.compare) if name is not None)
    return next((why for why in reasons if why), "")


def waiting(session: Session, view: str) -> tuple[str, float | None] | None:
    """What a view waits for and the share that is done (None: nobody knows), or None if it waits for nothing."""
    layer = session.pending(view) or _chosen_just_now(session, view)
    if not layer:
        return None
    task = _working(session)
    if task is None:
        return f"{layer} is being computed …", None
    share = task.done / task.total if task.total > 1 else None
    return f"{layer}: {task.text} …" if task.text else f"{layer} is being computed …", share


def working(session: Session) -> bool:
    """Whether the network is at work for a view, or will be in a moment."""
    if PREDICT not in session.methods or session.frame_state is None:
        return False
    layers = {info.name for info in session.layers() if info.method in NETWORKS}
    shown = [view.name for view in session.views.values() if layers & {view.layer, view.compare}]
    return session.scores.report is None and any(waiting(session, name) is not None for name in shown)


def _chosen_just_now(session: Session, view: str) -> str:
    """Title of a layer whose reason not to be shown has just gone, or ""."""
    state, shown = session.frame_state, session.views[view].layer
    if state is None or shown not in state.missing_layers or reason(session, shown):
        return ""
    return next((info.title for info in session.layers() if info.name == shown), "")


def _working(session: Session) -> TaskInfo | None:
    """The newest task that is computing layers."""
    going = [task for task in session.tasks if task.state == "running" and task.title.startswith("Compute ")]
    return going[-1] if going else None
