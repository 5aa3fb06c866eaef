"""What a session says, for tests."""

from __future__ import annotations

from typing import Any

from app.core.session import Session


def heard(signal: Any) -> list[Any]:
    """What a signal says from now on."""
    said: list[Any] = []
    signal.connect(lambda *values: said.append(values[0] if values else None))
    return said


def errors(session: Session) -> list[str]:
    return [line.text for line in session.log if line.level == "error"]
