"""`gridfleet calibrate`: what units really do, measured from a log of their legs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gridfleet.cli.errors import reported

if TYPE_CHECKING:
    from gridfleet.calibration import Fit, Log
    from gridfleet.calibration.rows import Fitted


def calibrate(
    log: Annotated[
        Path, typer.Argument(help="legs.parquet, a run folder that has one, or a wire log.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Unit model to write. [default: none is written]")
    ] = None,
    unit: Annotated[
        Path | None,
        typer.Option(help="What the units are set to. [default: as in the run, or built in]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure drive units by the legs that they drove, and write a unit model with what was found.

    \b
    From a run in the twin:
      gridfleet simulate teaching --legs --out run
      gridfleet calibrate run --out unit.toml

    \b
    From a live fleet:
      gridfleet serve --layout demo --keys keys --journal day.journal --wire-log wire.jsonl.gz
      gridfleet calibrate wire.jsonl.gz --out unit.toml

    simulate --unit, crosscheck --unit and the table [unit] of a scenario read the model; the
    kinematic engine then moves units as measured. Method and limits: docs/crosscheck.md.
    Exit codes: 0 measured, 2 bad usage or input.
    """
    with reported():
        from gridfleet.calibration import calibrate as fit
        from gridfleet.calibration import read_log, read_unit, write_unit

        found = read_log(log, read_unit(unit) if unit is not None else None)
        fitted = fit(found.legs, found.unit)
        if out is not None:
            write_unit(out, fitted.unit, f"Measured by gridfleet calibrate from {found.says}.")
        if as_json:
            print(json.dumps(figures(found, fitted), indent=2))
        else:
            print(found.says)
            print(fit_table(fitted))
            if out is not None:
                print(f"unit model: {out}")


def figures(log: Log, fit: Fit) -> dict[str, Any]:
    """Everything that the table says, for programs."""
    return {
        "log": log.says, "legs": fit.n_legs, "free_legs": fit.n_free,
        "resolution_s": log.legs.resolution_s, "figures": [_figure(row) for row in fit.rows],
        "not_measured": fit.faults,
    }  # fmt: skip


def _figure(row: Fitted) -> dict[str, Any]:
    interval = row.interval
    return {
        "name": row.name, "unit": row.unit, "commanded": row.commanded, "fitted": row.value,
        "low": interval[0] if interval else None, "high": interval[1] if interval else None,
        "legs": row.n_legs, "why_not": row.why or None,
    }  # fmt: skip


def fit_table(fit: Fit) -> str:
    """A line for each figure: commanded, fitted, interval, legs; then what was not measured."""
    lines = [f"{'':<27}{'commanded':>11}{'fitted':>10}{'95 % interval':>20}{'legs':>9}"]
    for row in fit.rows:
        fitted, between = "-", "-"
        if row.interval is not None:
            fitted = f"{row.value:.3f}"
            low, high = row.interval
            between = f"{max(low, 0.0):.3f} to {high:.3f}"
        lines.append(
            f"{row.name:<27}{row.commanded:>11.3f}{fitted:>10}{between:>20}{row.n_legs:>9,} "
            f"{row.unit}"
        )
    lines.append(f"{fit.n_free:,} of {fit.n_legs:,} legs are free and were used")
    return "\n".join([*lines, *(f"not measured: {fault}" for fault in fit.faults)])
