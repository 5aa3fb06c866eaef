"""What is known of an action before there is a window: name, words, shortcuts, place in a menu."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionInfo:
    """One action.

    ``menu``: a menu's title, or ``View/Camera`` for a submenu. ``needs``: what must be there for it to be
    enabled (:data:`app.ui.commands.NEEDS`). ``group``: a line is drawn in the menu where it changes.
    """

    name: str
    text: str
    tip: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    needs: str = ""
    group: int = 0


def action(
    name: str,
    text: str,
    tip: str,
    menu: str,
    *shortcuts: str,
    icon: str = "",
    check: bool = False,
    needs: str = "",
    group: int = 0,
) -> ActionInfo:
    """An action, written in one line of a table."""
    return ActionInfo(name, text, tip, menu, shortcuts, icon, check, needs, group)
