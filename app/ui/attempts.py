"""Calls that the session may refuse, as panels, menus and keys of one workspace make them."""

from __future__ import annotations

from collections.abc import Callable

from psygnal import Signal

from app.core.errors import LidarScopeError


class Attempts:
    """What a workspace's parts share beside the session begins with this."""

    refused = Signal(str)
    """One sentence: why something could not be done, or ""."""

    def attempt(self, call: Callable[[], object]) -> bool:
        """Do something that may be refused; the reason is then said where the user looks."""
        try:
            call()
        except LidarScopeError as error:
            self.refused.emit(str(error))
            return False
        self.refused.emit("")
        return True
