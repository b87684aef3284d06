"""Faults and weak spots of a floor that can be read, all of them at once.

A fault stops work for good: a station that units cannot reach, storage that pods cannot leave, a
cell that a one-way rule makes a trap. A warning costs throughput or hangs on a single cell.
docs/layouts.md lists the findings.

Left out: turning room, lane widths and the size of the fleet; floors are cells here.
"""

from layouts.lint.check import lint
from layouts.lint.finding import Finding, Severity

__all__ = ["Finding", "Severity", "lint"]
