"""Legs: what one unit does between two standstills, recorded from any engine of the twin."""

from twin.legs.legs import LegKind, Legs
from twin.legs.recorder import LegRecorder

__all__ = ["LegKind", "LegRecorder", "Legs"]
