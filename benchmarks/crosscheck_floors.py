"""Kinematic against physics on floors and with fleets that were not used in the fit.

    python benchmarks/crosscheck_floors.py --minutes 30 --seeds 0 1
    python benchmarks/crosscheck_floors.py --floors demo:20,40 --minutes 20 --unit unit.toml

First the kinematic parameters are fitted to a run in physics (--fit-on, --fit-minutes), unless
--unit names a model. Then each floor is run in both engines with each number of units and each
seed, and the seeds are put together: batches of time follow each other, and units of different
seeds are different units. Printed for each floor and fleet: order lines (parcels, errands) an hour
in both engines, how much more or less the kinematic one has, with a 95 % interval; and the same for
the mean time of all legs but queueing, standardised over kinds and lengths. The goals are 2 % and 3
%. Each contact is told with its seed and time. Figures are exact and the same on every machine,
except that pybullet's depend on its build.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from fleet_control.events import EventKind
from gridfleet.calibration import calibrate, read_unit, write_unit
from gridfleet.cli.calibrate import fit_table
from gridfleet.crosscheck import Pair, Side, Span, run_pair, run_side
from gridfleet.crosscheck.batches import Difference, difference, output_an_hour, output_name
from gridfleet.crosscheck.leg_times import is_motion, leg_difference
from gridfleet.scenario import Scenario
from twin.legs import Legs
from twin.unit_model import DEFAULT_UNIT, UnitModel

FLOORS = ("demo:20,40", "pick-and-stow:30,60", "one-way:45,90")
FIT_SEED = 1000
HEAD = (
    f"{'floor':<16}{'units':>6}{'output an hour':>20}{'difference':>13}{'95 % interval':>18}"
    f"{'mean leg, s':>18}{'difference':>13}{'95 % interval':>18}{'contacts':>10}"
)


def main() -> None:
    wanted = _arguments()
    unit = read_unit(wanted.unit) if wanted.unit else _fit(wanted)
    span = Span(wanted.minutes, wanted.warm_up)
    print(f"\n{HEAD}")
    for entry in wanted.floors:
        floor, _, fleets = entry.partition(":")
        for n_units in map(int, fleets.split(",")):
            pairs = [_run(floor, n_units, seed, span, unit) for seed in wanted.seeds]
            print(_row(floor, n_units, pairs, span), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--floors", nargs="+", default=FLOORS, metavar="FLOOR:UNITS,UNITS")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--warm-up", type=float, default=5.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--unit", type=Path)
    parser.add_argument("--fit-on", default="teaching")
    parser.add_argument("--fit-robots", type=int, default=20)
    parser.add_argument("--fit-minutes", type=float, default=20.0)
    parser.add_argument("--out", type=Path, help="write the fitted unit model")
    return parser.parse_args()


def _fit(wanted: argparse.Namespace) -> UnitModel:
    span = Span(wanted.fit_minutes, 0.0)
    scenario = Scenario(
        layout=wanted.fit_on, robots=wanted.fit_robots, hours=span.hours, seed=FIT_SEED,
        engine="physics", poses_hz=0.0,
    )  # fmt: skip
    fit = calibrate(run_side(scenario, span).legs, DEFAULT_UNIT)
    print(f"fitted on {wanted.fit_on}, {wanted.fit_robots} units, {wanted.fit_minutes:g} min")
    print(fit_table(fit))
    if wanted.out:
        write_unit(wanted.out, fit.unit, f"Fitted to physics on {wanted.fit_on}.")
    return fit.unit


def _run(floor: str, n_units: int, seed: int, span: Span, unit: UnitModel) -> Pair:
    fast = Scenario(
        layout=floor, robots=n_units, hours=span.hours, seed=seed, unit=unit, poses_hz=0.0
    )
    pair = run_pair((fast, msgspec.structs.replace(fast, engine="physics")), span)
    where = f"{floor}, {n_units} units, seed {seed}"
    for side in (pair.fast, pair.true):
        if side.failure:
            raise SystemExit(f"{where}: {side.failure}")
        for told in _contacts(side):
            print(f"{where}, {side.scenario.engine}: {told}", flush=True)
    return pair


def _contacts(side: Side) -> Iterator[str]:
    events = side.record.events
    for row in np.flatnonzero(events["kind"] == EventKind.CONTACT):
        unit, cell, other = (int(events[name][row]) for name in ("unit", "cell", "value"))
        yield f"unit {unit} touched {other} in cell {cell} after {events['time_s'][row]:.2f} s"


def _row(floor: str, n_units: int, pairs: list[Pair], span: Span) -> str:
    sides = [pair.fast for pair in pairs], [pair.true for pair in pairs]
    output = difference(*(np.concatenate([_output(side, span) for side in of]) for of in sides))
    rng = np.random.default_rng(0)
    fast, true = (_legs(of, n_units, span) for of in sides)
    legs, *_ = leg_difference(fast, true, n_units * len(pairs), rng)
    contacts = "/".join(str(sum(side.record.contacts for side in of)) for of in sides)
    noun = output_name(pairs[0].true).split()[0]
    outputs = f"{output.fast:,.0f} {output.true:,.0f} {noun}"
    times = f"{legs.fast:.3f} {legs.true:.3f}"
    return (
        f"{floor:<16}{n_units:>6}{outputs:>20}{_percents(output)}{times:>18}{_percents(legs)}"
        f"{contacts:>10}"
    )


def _output(side: Side, span: Span) -> np.ndarray:
    return output_an_hour(side, span, side.n_batches)


def _legs(sides: list[Side], n_units: int, span: Span) -> Legs:
    """Legs of all seeds after the warm-up, with units of their own."""
    parts = []
    for index, side in enumerate(sides):
        legs = side.legs.where(is_motion(side.legs) & (side.legs.begin_s >= span.borders_s[0]))
        parts.append(replace(legs, unit=legs.unit + np.int32(index * n_units)))
    columns = {
        name: np.concatenate([part.columns()[name] for part in parts])
        for name in parts[0].columns()
    }
    return replace(parts[0], **columns)


def _percents(found: Difference) -> str:
    if found.percent is None or found.low is None:
        return f"{'-':>13}{'-':>18}"
    return f"{found.percent:>+11.2f} %{f'{found.low:+.2f} to {found.high:+.2f}':>18}"


if __name__ == "__main__":
    main()
