"""pybullet, imported only where physics is wanted: it is large, and not ready-made everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from layouts import GridfleetError


class PhysicsError(GridfleetError, RuntimeError):
    """Physics that cannot be had here; the text says how to get it."""


def load() -> Any:
    """The module pybullet. Raises PhysicsError where it is not installed."""
    try:
        with _quiet():
            return import_module("pybullet")
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise PhysicsError(
            "physics needs pybullet, which is not installed; get it with "
            f"pip install 'gridfleet[physics]' (ready-made for Python 3.11; this is {version})"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """pybullet tells its build time on the error stream whenever it is imported."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
