"""What goes wrong with a CLIP, as one sentence for the user."""

from __future__ import annotations


class ClipError(Exception):
    """A CLIP cannot be had or used; the message says what was expected, what was found and what to do."""


class ClipStopped(Exception):
    """The work was stopped between two of its steps because it was asked to; nothing half-made is left in use."""
