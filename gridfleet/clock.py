"""Times of a run as people read and write them."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")


def as_clock(time_s: float) -> str:
    """Seconds as h:mm:ss, as fault files have them."""
    hours, seconds = divmod(round(time_s), 3600)
    return f"{hours}:{seconds // 60:02d}:{seconds % 60:02d}"


def from_clock(text: str) -> float | None:
    """Seconds of h:mm:ss, which may have decimals; None for anything else."""
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        return None
    return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + float(clock[3])
