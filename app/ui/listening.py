"""Listening to the session: every connection a widget makes is taken back when the widget goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance


class Listening:
    """Mix-in: ``listen`` connects to a session signal, ``stop_listening`` takes all connections back.

    The session outlives panels and views; a forgotten connection would call a widget that Qt has deleted.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections: list[tuple[SignalInstance, Callable[..., Any]]] = []

    def listen(self, signal: SignalInstance, handler: Callable[..., Any]) -> None:
        """Call ``handler`` for every emission until ``stop_listening``."""
        signal.connect(handler)
        self._connections.append((signal, handler))

    def stop_listening(self) -> None:
        """Take back every connection; harmless when called again."""
        while self._connections:
            signal, handler = self._connections.pop()
            signal.disconnect(handler, missing_ok=True)
