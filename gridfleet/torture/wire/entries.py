"""What runs at the two ends of a case; tests put in others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Entry = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Entries:
    """Functions of a module, called in a new process with the keywords that `Stage` gives them."""

    controller: Entry
    emulator: Entry
