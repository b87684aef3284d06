"""`gridfleet layouts check`: everything that is wrong or weak in floors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from layouts import Layout
    from layouts.lint import Finding

UNREADABLE = "unreadable"
"""Code of what the reader of a file finds; places are in its text only."""


def check(
    floors: Annotated[
        list[str], typer.Argument(metavar="FLOOR", help="Names of ready floors, or files.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as faults do.")] = False,
) -> None:
    """Find what is wrong or weak in floors: faults stop work for good, warnings cost throughput.

    \b
    A floor file, then every ready floor of a project:
      gridfleet layouts check hall.toml
      gridfleet layouts check floors/*.toml --strict

    Exit codes: 0 no faults, 2 faults (with --strict warnings too).
    """
    checked = [_checked(floor) for floor in floors]
    if as_json:
        print(json.dumps([one.as_json() for one in checked], indent=2))
    else:
        for one in checked:
            print("\n".join(one.lines()))
    if any(one.n_faults or (strict and one.n_warnings) for one in checked):
        raise typer.Exit(2)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one floor. layout: None where it cannot be read."""

    floor: str
    layout: Layout | None
    findings: list[Finding]

    @property
    def n_faults(self) -> int:
        return sum(finding.severity == "fault" for finding in self.findings)

    @property
    def n_warnings(self) -> int:
        return len(self.findings) - self.n_faults

    def lines(self) -> list[str]:
        """Findings and a sum, for a terminal."""
        prefix = f"{self.floor}: "
        told = [
            f"{finding.severity}: {prefix}{finding.text.removeprefix(prefix)}"
            for finding in self.findings
        ]
        faults, warnings = _count(self.n_faults, "fault"), _count(self.n_warnings, "warning")
        if self.layout is None:
            return [*told, f"{prefix}{faults}; further checks need a readable floor"]
        return [*told, f"{prefix}{faults}, {warnings}"]

    def as_json(self) -> dict[str, Any]:
        """The same for machines. Cells are pairs of row and column, counted from 1."""
        from gridfleet.cli.layouts.facts import finding_facts

        return {
            "floor": self.floor,
            "readable": self.layout is not None,
            "n_faults": self.n_faults,
            "n_warnings": self.n_warnings,
            "findings": [finding_facts(self.layout, finding) for finding in self.findings],
        }


def _checked(floor: str) -> Checked:
    from layouts import LayoutError, load
    from layouts.lint import Finding, Severity, lint

    try:
        layout = load(floor)
    except LayoutError as error:
        faults = [Finding(Severity.FAULT, UNREADABLE, (), text) for text in error.faults]
        return Checked(floor, None, faults)
    return Checked(floor, layout, lint(layout))


def _count(number: int, word: str) -> str:
    """ "no faults", "1 fault", "2 faults"."""
    return f"{number or 'no'} {word}" + ("" if number == 1 else "s")
