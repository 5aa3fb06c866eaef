"""The project's own error types; each message says what was expected, what was found, what to do."""

from __future__ import annotations


class LidarScopeError(Exception):
    """Base of every error that is shown to a user as one sentence."""


class DataError(LidarScopeError):
    """A file or folder is missing, broken or of an unknown kind."""


class UsageError(LidarScopeError):
    """The user asked for something that cannot be: a wrong name, range or combination."""


class Cancelled(LidarScopeError):
    """The work was cancelled before it ended."""


class ProcessDied(LidarScopeError):
    """A child process (render or engine) ended while it was working."""


class Fault(LidarScopeError):
    """A fault of ours, caught at the edge of a task; the log holds where it happened."""
