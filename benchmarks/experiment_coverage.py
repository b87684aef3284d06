"""How often intervals of experiments hold what they promise, on models whose answer is known.

    python benchmarks/experiment_coverage.py --experiments 1000

Every experiment is made anew: replications of a model, in pairs with common random numbers where
two variants are compared, and the interval that gridfleet would give. A line says in how many of
them the truth was inside. The models:

- autoregressive: X_t = m + 0.8 (X_t-1 - m) + e_t, 240 observations as minutes of four hours, begun
  30 standard deviations of e below m: a warm-up that has to be found;
- queue: the mean wait of 2,000 customers of one server (M/M/1, half of the time busy), begun in
  steady state, where the mean is known. The variant serves 5 % faster, the same customers.

Lines in brackets show limits: where an interval is known, or was found, to hold less often.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.statistics import (
    Interval,
    bonferroni,
    mean_interval,
    mser5,
    n_pairs,
    n_to_select,
    paired_interval,
    percent_interval,
    relative_half_width,
    select,
    share_interval,
    shared_between_looks,
    stein_interval,
    variance_ratio,
)

Array = NDArray[np.float64]
N_PILOT, MOST = 10, 40
BUSY, FASTER = 0.5, 0.95
LEVEL, MEMORY, BEGIN = 100.0, 0.8, -30.0


@dataclass(frozen=True, slots=True)
class Line:
    """share: of experiments in which it held; at_least: it may hold more often than promised. note:
    what else was seen."""

    name: str
    promised: float
    share: float
    note: str = ""
    at_least: bool = False


def autoregressive(rng: np.random.Generator, n_experiments: int, n_minutes: int) -> Array:
    """(experiments, N_PILOT, minutes) observations."""
    noise = rng.standard_normal((n_minutes, n_experiments, N_PILOT))
    series, value = np.empty_like(noise), np.full(noise.shape[1:], BEGIN)
    for minute in range(n_minutes):
        value = MEMORY * value + noise[minute]
        series[minute] = LEVEL + value
    return np.moveaxis(series, 0, -1)


def queues(
    rng: np.random.Generator, shape: tuple[int, ...], n_customers: int
) -> tuple[Array, Array]:
    """Mean waits with the baseline's service and with the faster one, in pairs: the n-th customer
    comes at the same time and brings the same work (Lindley's recursion)."""
    busy, length = rng.random(shape), rng.random(shape)
    waits = [_steady_wait(busy, length, factor) for factor in (1.0, FASTER)]
    sums = [np.zeros(shape), np.zeros(shape)]
    for _ in range(n_customers):
        service, gap = rng.standard_exponential(shape), rng.standard_exponential(shape) / BUSY
        for variant, factor in enumerate((1.0, FASTER)):
            sums[variant] += waits[variant]
            waits[variant] = np.maximum(waits[variant] + factor * service - gap, 0.0)
    return sums[0] / n_customers, sums[1] / n_customers


def steady_wait(service: float) -> float:
    """Mean wait before service in steady state: rho / (mu - lambda)."""
    return BUSY * service / (1.0 / service - BUSY)


def _steady_wait(busy: Array, length: Array, service: float) -> Array:
    """A draw of the wait in steady state: none, or exponential (by inversion, so that variants have
    their draws in common)."""
    longest = -np.log(length) / (1.0 / service - BUSY)
    return np.where(busy < BUSY * service, longest, 0.0)


def held(truth: float, intervals: list[Interval]) -> float:
    return sum(interval.contains(truth) for interval in intervals) / len(intervals)


def warm_up(rng: np.random.Generator, n: int) -> list[Line]:
    """The warm-up is found on the average of an experiment's replications."""
    found = {minutes: _without_warm_up(autoregressive(rng, n, minutes)) for minutes in (240, 120)}
    whole = [mean_interval(rows.mean(axis=1)) for rows in autoregressive(rng, n, 240)]
    notes = {minutes: f"{np.mean(deleted):.0f} deleted" for minutes, (deleted, _) in found.items()}
    return [
        Line("mean of 240 minutes less MSER-5", 0.95, held(LEVEL, found[240][1]), notes[240]),
        Line("(of 120 minutes less MSER-5)", 0.95, held(LEVEL, found[120][1]), notes[120]),
        Line("(of 240 minutes, warm-up and all)", 0.95, held(LEVEL, whole)),
    ]


def _without_warm_up(experiments: Array) -> tuple[list[int], list[Interval]]:
    deleted = [mser5(rows.mean(axis=0)).n_deleted for rows in experiments]
    found = zip(experiments, deleted, strict=True)
    return deleted, [mean_interval(rows[:, first:].mean(axis=1)) for rows, first in found]


def queues_compared(rng: np.random.Generator, n: int) -> list[Line]:
    """The faster queue against the baseline, and the baseline against others that are as fast."""
    pairs = list(zip(*queues(rng, (n, MOST), 2000), strict=True))
    short = list(zip(*queues(rng, (n, N_PILOT), 200), strict=True))
    pilots = [(a[:N_PILOT], b[:N_PILOT]) for a, b in pairs]
    alike = [(a, pilots[i - 1][0]) for i, (a, _) in enumerate(pilots)]
    sized = [_sized(a, b, 0.015) for a, b in pairs]
    truth = steady_wait(FASTER) - steady_wait(1.0)
    percent = [percent_interval(*pair) for pair in pilots]
    ratio = np.median([variance_ratio(*pair) for pair in pilots])
    return [
        Line("difference of queues, paired", 0.95, held(truth, _differences(pilots)),
             f"variance {ratio:.2f} of unpaired"),
        Line("A against A, no alarm", 0.95, held(0.0, _differences(alike))),
        Line("Stein, half width 1.5 % of the baseline", 0.95, held(truth, sized), _mean_n(sized)),
        Line("(in per cent: ratio of skewed means)", 0.95,
             held(100.0 * truth / steady_wait(1.0), percent)),
        Line("(difference over 200 customers: skewed)", 0.95, held(truth, _differences(short))),
    ]  # fmt: skip


def _differences(pairs: list[tuple[Array, Array]]) -> list[Interval]:
    return [paired_interval(a, b) for a, b in pairs]


def _sized(a: Array, b: Array, precision: float) -> Interval:
    """By Stein, as narrow as that share of the baseline."""
    differences, asked = b - a, relative_half_width(a[:N_PILOT], precision)
    return stein_interval(differences[: n_pairs(differences[:N_PILOT], asked, most=MOST)], N_PILOT)


def _mean_n(intervals: list[Interval]) -> str:
    return f"N {np.mean([interval.n for interval in intervals]):.0f}"


def sequential(rng: np.random.Generator, n: int) -> list[Line]:
    """Normal pairs, and a half width that takes two and a half pilots on average."""
    asked, truth = 0.45, 5.0
    a = 100.0 + 3.0 * rng.standard_normal((n, 4 * MOST))
    rows = truth + rng.standard_normal(a.shape)
    full = [stein_interval(row[: n_pairs(row[:N_PILOT], asked)], N_PILOT) for row in rows]
    cut = [stein_interval(row[: n_pairs(row[:N_PILOT], asked, most=20)], N_PILOT) for row in rows]
    answered = [_answered(row, truth - 1.0, asked) for row in rows]
    naive = [_stop_when_narrow(row, asked) for row in rows]
    pilots = zip(a[:, :N_PILOT], rows[:, :N_PILOT], strict=True)
    percent = [percent_interval(baseline, baseline + more) for baseline, more in pilots]
    narrow = np.mean([interval.half_width <= asked for interval in full])
    return [
        Line("normal pairs in per cent (Fieller)", 0.95, held(truth, percent)),
        Line("Stein, normal differences", 0.95, held(truth, full),
             f"{_mean_n(full)}; as narrow as asked for in {narrow:.0%}"),
        Line("Stein, cut by a budget of 20", 0.95, held(truth, cut), _mean_n(cut)),
        Line("question, answered by the pilot or at the end", 0.95, held(truth, answered),
             _mean_n(answered), at_least=True),
        Line("(stop once the interval is narrow)", 0.95, held(truth, naive), _mean_n(naive)),
    ]  # fmt: skip


def _answered(row: Array, question: float, half_width: float) -> Interval:
    """Whether the truth is above the limit or below, in two looks."""
    early, late = shared_between_looks(0.95)
    found = mean_interval(row[:N_PILOT], early)
    if not found.low < question <= found.high:
        return found
    return stein_interval(row[: n_pairs(row[:N_PILOT], half_width, late)], N_PILOT, late)


def _stop_when_narrow(row: Array, half_width: float) -> Interval:
    for size in range(3, len(row) + 1):
        interval = mean_interval(row[:size])
        if interval.half_width <= half_width:
            return interval
    return interval


def several(rng: np.random.Generator, n: int, k: int = 5) -> list[Line]:
    """k variants with common noise, the first the best: all against it, and which is selected."""
    zone, confidence = 1.0, bonferroni(0.95, k - 1)
    leads = [zone, *[-zone] * (k - 1)]
    pilots, sized, best, against = [], [], [], []
    for _ in range(n):
        values = 2.0 * rng.standard_normal((1, MOST)) + 1.5 * rng.standard_normal((k, MOST))
        values[0] += zone
        differences = values[1:] - values[0]
        pilots.append([mean_interval(row[:N_PILOT], confidence) for row in differences])
        size = max(n_pairs(row[:N_PILOT], 1.3 * zone, confidence, MOST) for row in differences)
        sized.append([stein_interval(row[:size], N_PILOT, confidence) for row in differences])
        size = n_to_select(values[:, :N_PILOT], zone, most=MOST)
        best.append(select(values[:, :size], N_PILOT))
        found = zip(best[-1].against_best, leads, strict=True)
        against.append(all(interval.contains(lead) for interval, lead in found))
    return [
        Line(f"all {k - 1} against the first (Bonferroni)", 0.95, _all_hold(-zone, pilots),
             at_least=True),
        Line("the same, as many as Stein wants for the worst", 0.95,
             _all_hold(-zone, sized), _mean_n([row[0] for row in sized]), at_least=True),
        Line(f"best of {k} selected", 0.95, float(np.mean([found.best == 0 for found in best])),
             _mean_n([found.against_best[0] for found in best]), at_least=True),
        Line("all intervals against the best", 0.95, float(np.mean(against)), at_least=True),
    ]  # fmt: skip


def _all_hold(truth: float, families: list[list[Interval]]) -> float:
    return float(np.mean([all(one.contains(truth) for one in family) for family in families]))


def jams(rng: np.random.Generator, n: int) -> list[Line]:
    """A jam in one of ten replications."""
    counts = rng.binomial(40, 0.1, n)
    intervals = [share_interval(int(k), 40) for k in counts]
    return [Line("probability of a jam", 0.95, held(0.1, intervals), at_least=True)]


EXPERIMENTS: tuple[Callable[[np.random.Generator, int], list[Line]], ...] = (
    warm_up, queues_compared, sequential, several, jams,
)  # fmt: skip


def lines(n_experiments: int, seed: int) -> list[Line]:
    streams = np.random.SeedSequence(seed).spawn(len(EXPERIMENTS))
    made = zip(EXPERIMENTS, streams, strict=True)
    return [
        line
        for experiment, stream in made
        for line in experiment(np.random.default_rng(stream), n_experiments)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    error = 100.0 * math.sqrt(0.95 * 0.05 / options.experiments)
    print(f"| {options.experiments} experiments each (+- {error:.1f} %) | promised | held | |")
    print("|---|---|---|---|")
    for line in lines(options.experiments, options.seed):
        least = "at least " if line.at_least else ""
        print(f"| {line.name} | {least}{line.promised:.0%} | {line.share:.1%} | {line.note} |")


if __name__ == "__main__":
    main()
