"""Asks the controller whether it holds everything to be done, as an operator would."""

from __future__ import annotations

import time

from gridfleet.live.client import ControlError, OperatorClient
from gridfleet.torture.wire.stage import KEYS, OPERATOR, Stage
from hw_bridge.wire.keys import KeyStore

TIMEOUT_S, EVERY_S = 1.0, 0.1
"""Real time."""


class Asker:
    """Asks now and then; whoever does not answer has not said yes."""

    def __init__(self, stage: Stage) -> None:
        secret = KeyStore(stage.folder / KEYS).secret_of(OPERATOR)
        self._client = OperatorClient(stage.control, secret, TIMEOUT_S)
        self._asked_s = float("-inf")

    def says_done(self) -> bool:
        if time.monotonic() - self._asked_s < EVERY_S:
            return False
        try:
            work = self._client.ask("status").result["work"]
        except ControlError:
            return False
        finally:
            self._asked_s = time.monotonic()
        return not (work["units_working"] or work["open_tasks"])

    def close(self) -> None:
        self._client.close()
