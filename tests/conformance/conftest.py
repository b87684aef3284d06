"""Backends hold sockets; a test does not have to remember to close them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bridged import BridgedFleet


@pytest.fixture(autouse=True)
def _close_bridges() -> Iterator[None]:
    yield
    while BridgedFleet.open:
        BridgedFleet.open.pop().close()
