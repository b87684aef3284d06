"""An emulated unit passes the conformance check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulated import hall, rig

from hw_bridge.conformance.rig import Setup
from hw_bridge.conformance.run import ALL_CASES, Verdict, check

CONNECTING = {"introduces-itself", "keeps-its-order-over-a-lost-link"}
"""Here sockets stay connected from first to last."""


class Line:
    """The link of the emulated fleet, which whoever uses it must not close."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def close(self) -> None:
        """The test does."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def test_an_emulated_unit_passes(tmp_path: Path) -> None:
    with rig(tmp_path, [9], pods=[9]) as made:
        setup = Setup(
            "U1", hall(), lambda: Line(made.transport), made.time, epoch=5,
            reboot=lambda: made.fleet.units.reboot(0, 2.0), is_at_pod=True,
        )  # fmt: skip
        cases = [case for case in ALL_CASES if case.name not in CONNECTING]
        found = list(check(setup, cases))
    assert {r.case.name: r.reason for r in found if r.verdict is not Verdict.PASS} == {}
