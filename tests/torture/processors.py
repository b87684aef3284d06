"""How many processes a test may start where others run beside it (pytest -n)."""

from __future__ import annotations

import os

from fleet_control.processors import usable_processors


def share_of_processors() -> int:
    """At least 1."""
    return max(1, usable_processors() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
