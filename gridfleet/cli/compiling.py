"""Says at a terminal why a command takes longer the first time: its fast parts are compiled."""

from __future__ import annotations

import sys
from typing import Any

TOLD = "compiling the fast parts of this command, once: up to a minute"


def tell_of_compiling(is_quiet: bool) -> None:
    """Say so on stderr as soon as a kernel is compiled that is not on the disk yet; nothing where
    nobody looks on."""
    if is_quiet or not sys.stderr.isatty():
        return
    from numba.core import event

    class Teller(event.Listener):  # type: ignore[misc]
        has_told = False

        def on_start(self, _: Any) -> None:
            if not self.has_told:
                self.has_told = True
                print(TOLD, file=sys.stderr, flush=True)

        def on_end(self, _: Any) -> None:
            pass

    event.register("numba:compile", Teller())
