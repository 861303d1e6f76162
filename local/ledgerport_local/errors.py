"""What can keep LedgerPort from running on this machine, each said as a sentence a person can act on."""

from __future__ import annotations


class LocalError(Exception):
    """Something on this machine stands in the way. The text says what, and what to do about it."""


class ChildGaveUpError(LocalError):
    """A child process died again and again, so it is not started any more."""


class NotReadyError(LocalError):
    """A child process runs, but did not become ready within the time it was given."""
