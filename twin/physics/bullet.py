"""pybullet, imported only where physics is wanted: it is large, and not ready-made everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

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


def open_world(bullet: Any, *, is_shown: bool) -> int:
    """A new world of bodies; returns its number. Raises PhysicsError where it is to be shown and
    there is no screen."""
    if not is_shown:
        return int(bullet.connect(bullet.DIRECT))
    has_screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY")
    client = int(bullet.connect(bullet.GUI)) if has_screen else -1
    if client < 0:
        raise PhysicsError(
            "there is no screen for a window (DISPLAY is not set, or nothing can be shown there); "
            "leave --gui out and draw pictures of the run with gridfleet render"
        )
    bullet.configureDebugVisualizer(bullet.COV_ENABLE_GUI, 0, physicsClientId=client)
    return client


def show_floor(bullet: Any, client: int, corners: NDArray[np.float64]) -> None:
    """Let the window show all between some points of the floor, from the south.

    corners: float64[k, 2], x and y in metres."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    bullet.resetDebugVisualizerCamera(
        cameraDistance=0.75 * float((high - low).max()), cameraYaw=0.0, cameraPitch=-55.0,
        cameraTargetPosition=[*((low + high) / 2).tolist(), 0.0], physicsClientId=client,
    )  # fmt: skip


def let_go(owner: object, bullet: Any, client: int) -> Callable[[], None]:
    """What lets go of that world, once however often it is called; done at the latest when nobody
    knows the owner any more: a world that is forgotten keeps some dozen megabytes."""
    finalizer = finalize(owner, bullet.disconnect, physicsClientId=client)

    def close() -> None:
        finalizer()

    return close


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
