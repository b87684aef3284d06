"""Imported by the forkserver alone: everything that a command needs is loaded, kernels too, so that
the processes that are forked off it begin at once.

Loading compiled kernels takes longer than a case may take to start, and a forkserver can be asked
to do something only by importing it.
"""

from __future__ import annotations

from gridfleet.torture.wire.commands import ENTRIES
from gridfleet.wiring import compile_kernels

__all__ = ["ENTRIES"]

compile_kernels("pibt")
