"""Errors of sockets and keys."""

from __future__ import annotations


class WireError(ValueError):
    """Keys or addresses that cannot be used; the text says which, where, and the cure."""
