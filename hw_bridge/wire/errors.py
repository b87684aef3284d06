"""Errors of sockets and keys."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class WireError(ValueError):
    """Keys or addresses that cannot be used; the text says which, where, and the cure."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """To be put behind the complaint about an unknown name; "" where none is near."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
