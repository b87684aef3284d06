"""The key figures that experiments compare: what each is, which way is better, how it is reckoned.

Names are those of kpis.json (docs/kpis.md) where the figure is the same but for the window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fleet_control.accounting.causes import CAUSES
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.measures.minutes import DRIVEN, STATION_TIMES, UNIT_TIMES
from gridfleet.experiments.measures.window import NAN, Window, window_of
from gridfleet.experiments.replication import Outcome
from gridfleet.record import UNIT_STATES
from gridfleet.typed_files import suggest


@dataclass(frozen=True, slots=True)
class Measure:
    """name: key, as on the command line. words: for people; {work} stands for lines, parcels or
    errands. unit: of the figure, "" for none. better: 1 where more is better, -1 where less is, 0
    where it depends. of: the figure of a window, nan where it has none."""

    name: str
    words: str
    unit: str
    better: int
    of: Callable[[Window], float]
    digits: int = 1

    def titled(self, work: str) -> str:
        return self.words.format(work=work)


def _output(window: Window) -> float:
    return window.a_hour("errands" if window.outcome.work == "errands" else "lines")


def _if_orders(figure: Callable[[Window], float]) -> Callable[[Window], float]:
    def of(window: Window) -> float:
        return NAN if window.outcome.work == "errands" else figure(window)

    return of


def _ratio(value: float, base: float) -> float:
    return value / base if base else NAN


def _mean_cycle(window: Window) -> float:
    return float(window.cycle_s.mean()) if len(window.cycle_s) else NAN


def _p95_cycle(window: Window) -> float:
    return float(np.percentile(window.cycle_s, 95)) if len(window.cycle_s) else NAN


def _late(window: Window) -> float:
    return 100.0 * _ratio(window.sums["orders_late"], window.sums["orders_done"])


def _waiting(window: Window) -> float:
    """Of the time on the way."""
    on_the_way = ("unit_loaded_s", "unit_empty_s", "unit_waiting_s")
    return window.share("unit_waiting_s", on_the_way)


def _metres(window: Window) -> float:
    done = _output(window) * window.hours
    return _ratio(window.sums[DRIVEN] * window.outcome.cell_size_m, done)


def _share_of(column: str, of: tuple[str, ...]) -> Callable[[Window], float]:
    return lambda window: window.share(column, of)


OUTPUT = "output_per_hour"
_STATION_BETTER = {"picking": 1, "no_order": 0}
"""All else that takes station time is lost."""
_UNIT_BETTER = {"loaded": 0, "empty": -1, "queueing": -1, "waiting": -1, "stopped": -1}
MEASURES = {
    measure.name: measure
    for measure in (
        Measure(OUTPUT, "{work} an hour", "", 1, _output),
        Measure(
            "units_per_hour", "units of goods an hour", "", 1,
            _if_orders(lambda window: window.a_hour("units_of_goods")),
        ),
        Measure(
            "orders_per_hour", "orders an hour", "", 1,
            _if_orders(lambda window: window.a_hour("orders_done")),
        ),
        Measure(
            "tasks_per_hour", "tasks an hour", "", 1,
            _if_orders(lambda window: window.a_hour("tasks")),
        ),
        Measure(
            "picks_per_station_hour", "{work} a station and hour", "", 1,
            _if_orders(lambda window: _ratio(_output(window), _handling(window))),
        ),
        Measure(
            "lines_per_robot_hour", "{work} a unit and hour", "", 1,
            lambda window: _ratio(_output(window), window.outcome.n_units), 2,
        ),
        Measure(
            "pile_on_lines", "{work} a presented pod", "", 1,
            lambda window: _ratio(window.sums["lines"], window.sums["presentations"]), 3,
        ),
        Measure("cycle_time_mean_s", "order cycle, mean", "s", -1, _mean_cycle),
        Measure("cycle_time_p95_s", "order cycle, 95th percentile", "s", -1, _p95_cycle),
        Measure(
            "late_share", "orders done late", "%", -1,
            _if_orders(_late), 2,
        ),
        *(
            Measure(
                f"station_{cause}", f"station time, {cause.replace('_', ' ')}", "%",
                _STATION_BETTER.get(cause, -1), _share_of(column, STATION_TIMES), 2,
            )
            for cause, column in zip(CAUSES, STATION_TIMES, strict=True)
        ),
        *(
            Measure(
                f"unit_{state}", f"unit time, {state.replace('_', ' ')}", "%",
                _UNIT_BETTER.get(state, 0), _share_of(column, UNIT_TIMES), 2,
            )
            for state, column in zip(UNIT_STATES, UNIT_TIMES, strict=True)
        ),
        Measure("waiting_on_the_way", "waiting, of the time on the way", "%", -1, _waiting, 2),
        Measure("metres_per_output", "metres driven for each of the {work}", "m", -1, _metres, 2),
        Measure("contacts", "contacts", "", -1, lambda window: window.sums["contacts"], 0),
    )
}  # fmt: skip


def _handling(window: Window) -> float:
    """Stations whose people set the pace."""
    total_s = sum(window.sums[name] for name in STATION_TIMES)
    return total_s / (window.hours * 3600.0) if window.hours else 0.0


def measure_named(name: str) -> Measure:
    """Raises ExperimentError, naming the nearest."""
    if name not in MEASURES:
        raise ExperimentError(f"unknown KPI {name!r}; {suggest(name, MEASURES)}")
    return MEASURES[name]


def figures_of(outcome: Outcome, first: int = 0) -> dict[str, float]:
    """Every figure over the minutes from `first` on; nan where there is none."""
    window = window_of(outcome, first)
    return {name: measure.of(window) for name, measure in MEASURES.items()}
