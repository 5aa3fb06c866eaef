"""The actions of the Text menu, and what each does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from app.ui import query_menus, query_words
from app.ui.action_info import ActionInfo, action
from app.ui.dialogs.choose_clip import ask_clip
from app.ui.dialogs.own_templates import edit_templates
from app.ui.dialogs.zero_shot_scores import show_scores

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

MENU = "Text"

NEEDS = ("asked", "several", "example", "pictures", "classes", "class_scores", "indexing", "sequence")

TEXT_ACTIONS: tuple[ActionInfo, ...] = (
    action("text.ask", "Ask in words…", "Type what to look for; the points light up", MENU, "Ctrl+F", "/",
           icon="search", needs="frame"),
    action("text.point", "More like the picked point", "Look for what is like the picked point", MENU, "J",
           icon="target", needs="example"),
    action("text.box", "Ask by a box in the picture", "Drag a box over the picture to look for what it shows", MENU,
           "Shift+J", icon="box_select", check=True, needs="pictures"),
    action("text.clear", "Clear the query", "Ask for nothing; views show again what they showed", MENU,
           "Ctrl+Backspace", needs="asked"),
    action("text.show", "Show the answer", "The answer in the active view, or what was there before", MENU, "Q",
           check=True, needs="asked", group=1),
    *(action(f"text.mode_{mode}", words, tip, MENU, f"Ctrl+Alt+{place}", check=True, needs="asked", group=1)
      for place, (mode, words, tip) in enumerate(query_words.MODES, 1)),
    *(action(f"text.way_{way}", words, tip, f"{MENU}/Features from", check=True, group=1)
      for way, words, tip in query_words.WAYS),
    action("text.next", "Next prompt", "Make the prompt below the active one", MENU, "Alt+Down", needs="several",
           group=2),
    action("text.previous", "Previous prompt", "Make the prompt above the active one", MENU, "Alt+Up",
           needs="several", group=2),
    action("text.search", "Search the sequence", "Look through all indexed frames", MENU, "Ctrl+Shift+F",
           icon="sequence", needs="asked", group=3),
    action("text.index", "Index the sequence", "Compute the features of all frames once and keep them on the disk",
           MENU, needs="sequence", group=3),
    action("text.stop_index", "Stop indexing", "Stop computing features; what is done stays", MENU, icon="stop",
           needs="indexing", group=3),
    action("text.keep_layer", "Keep as a layer…", "Keep the active prompt as a layer of its own", MENU,
           icon="layers", needs="asked", group=4),
    action("text.keep_class", "Keep as a class…", "Keep the active prompt as one of your own classes", MENU,
           needs="asked", group=4),
    action("text.select", "Select the matches", "Select the points from the threshold on", MENU, "Ctrl+Shift+A",
           needs="asked", group=4),
    action("text.export", "Export the answer…", "Write the answer for this frame as PLY, NPZ or labels", MENU,
           needs="asked", group=4),
    action("text.save_set", "Save these prompts…", "Save the prompts under a name, to ask them again", MENU,
           needs="asked", group=4),
    action("text.classes", "Known classes", "Give each point the class whose words it is most alike", MENU, "C",
           check=True, needs="classes", group=5),
    action("text.confusion", "Confusion of known classes…", "Hold the known classes against the labels", MENU,
           needs="class_scores", group=5),
    action("text.templates", "Sentences for prompts…", "Read the sentences words are put into, and write your own",
           MENU, group=6),
    action("text.clip", "Choose a CLIP…", "Choose the network that reads the words", MENU, icon="model", group=6),
)  # fmt: skip


def handlers(window: MainWindow) -> dict[str, Callable[[], object]]:
    """Action name to what it does."""
    asking = window.desk.asking
    return {
        "text.ask": partial(_ask, window),
        "text.point": asking.more_like_this,
        "text.box": lambda: asking.set_box_tool(not asking.box_tool),
        "text.clear": asking.clear,
        "text.show": asking.toggle,
        "text.next": partial(asking.step, 1),
        "text.previous": partial(asking.step, -1),
        "text.search": asking.search,
        "text.index": lambda: asking.attempt(asking.language.index),
        "text.stop_index": asking.language.cancel_index,
        "text.keep_layer": partial(query_menus.ask_layer, asking, window),
        "text.keep_class": partial(query_menus.ask_class, asking, window),
        "text.select": partial(query_menus.select, asking),
        "text.export": partial(query_menus.ask_export, asking, window),
        "text.save_set": partial(query_menus.ask_set, asking, window),
        "text.classes": asking.toggle_classes,
        "text.confusion": partial(show_scores, window, window.desk),
        "text.templates": partial(edit_templates, window, window.desk),
        "text.clip": partial(ask_clip, window, window.desk),
        **{f"text.mode_{mode}": partial(asking.mode, mode) for mode, _words, _tip in query_words.MODES},
        **{f"text.way_{way}": partial(_way, window, way) for way, _words, _tip in query_words.WAYS},
    }


def enabled(window: MainWindow, need: str) -> bool:
    """Whether what an action of this menu needs is there."""
    session, language = window.session, window.desk.asking.language
    state = session.frame_state
    match need:
        case "asked":
            return bool(language.query.asked) and state is not None
        case "several":
            return len(language.query.prompts) > 1
        case "example":
            return session.picked is not None
        case "pictures":
            return state is not None and bool(state.images)
        case "classes":
            return state is not None and session.label_set is not None
        case "class_scores":
            return language.zero_shot and language.scores.frames > 0
        case "indexing":
            return language.indexing
    return session.sequence is not None and bool(language.query.asked) and not language.indexing


def ticked(window: MainWindow, name: str) -> bool:
    """Whether a checkable action of this menu shows a tick."""
    asking = window.desk.asking
    query = asking.language.query
    match name:
        case "text.box":
            return asking.box_tool
        case "text.show":
            return asking.shown
        case "text.classes":
            return asking.language.zero_shot
    return name in (f"text.mode_{query.mode}", f"text.way_{query.way}")


def _ask(window: MainWindow) -> None:
    """The workspace with the field, and the cursor in it."""
    if not window.docks["query"].isVisible():
        window.set_workspace("text")
    window.desk.asking.begin()


def _way(window: MainWindow, way: str) -> None:
    asking = window.desk.asking
    asking.attempt(lambda: asking.language.set_way(way))
