"""The procedure of a comparison: pilot runs, warm-up, how many more it takes, and those.

All variants run with the same seeds, so that they have the same orders, people and faults. Pilot
runs say where the warm-up ends (MSER-5, the longest of all variants) and how much paired
differences vary; from that follows how many pairs the precision asked for takes (Stein's two
stages, statistics/stein.py). Nothing is decided by looking at the differences themselves, unless a
question is asked: where the pilot answers it, it ends there, and intervals allow for that look.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.engine import Campaign
from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.measures.catalogue import OUTPUT, measure_named
from gridfleet.experiments.measures.window import output_minutes, window_of
from gridfleet.experiments.replicating import OnProgress, Replications, ShouldStop, jobs_for
from gridfleet.experiments.replication import Outcome
from gridfleet.experiments.settling import check_long_enough, settling_time
from gridfleet.experiments.statistics import (
    bonferroni,
    n_pairs,
    paired_interval,
    relative_half_width,
    shared_between_looks,
)
from gridfleet.experiments.variants import STEADY, Line

Floats = NDArray[np.float64]
LONGER = "give --hours {hours:g} or more"
OR_WHOLE_RUNS = f"{LONGER}, or compare whole runs with --kind shift"


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of an experiment.

    measure: key figure that decides. precision: half width of its interval as a share of the first
    variant's mean. pilots: replications of each variant before anything is decided. most: of each
    in all. seed: of the first replication; the next ones follow it. question: share of the first
    variant's mean by which the others may be better; where the pilot says of each whether it is,
    nothing more is run.
    """

    measure: str = OUTPUT
    precision: float = 0.01
    pilots: int = 8
    most: int = 40
    confidence: float = 0.95
    seed: int = 0
    question: float | None = None

    def __post_init__(self) -> None:
        measure_named(self.measure)
        for is_wrong, text in (
            (not 0.0 < self.precision < 1.0,
             f"precision is {self.precision:.6g}; give a share above 0 and below 1, such as 1%"),
            (self.pilots < 3, f"pilots is {self.pilots}; give 3 or more"),
            (self.most < self.pilots,
             f"most is {self.most}, fewer than the {self.pilots} pilot runs; give more"),
            (not 0.5 <= self.confidence < 1.0,
             f"confidence is {self.confidence:.6g}; give 0.5 or more and less than 1"),
        ):  # fmt: skip
            if is_wrong:
                raise ExperimentError(text)


@dataclass(slots=True)
class Runs:
    """What has been run. done: so far. warm_up: minutes that are left out at the start; is_warm:
    whether all variants are past their warm-up by then. n_pilots: complete seeds of the pilot.
    n_wanted: that the precision takes; None where it is not known. is_answered: the question was
    answered by the pilot."""

    line: Line
    ask: Ask
    done: Replications = field(default_factory=Replications)
    warm_up: int = 0
    is_warm: bool = True
    n_pilots: int = 0
    n_wanted: int | None = None
    is_answered: bool = False

    @property
    def confidence(self) -> float:
        """Of intervals of differences, which have to allow for a look at the pilot."""
        if self.ask.question is None:
            return self.ask.confidence
        early, late = shared_between_looks(self.ask.confidence)
        return early if self.is_answered else late

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(variant.name for variant in self.line.variants)

    @property
    def seeds(self) -> list[int]:
        """Seeds that all variants have come through, ascending."""
        return self.done.seeds(self.names)

    def outcome(self, name: str, seed: int) -> Outcome:
        return self.done.outcomes[name][seed]

    def figures(self, measure: str) -> Floats:
        """float64[n_variants, n_seeds], nan where a run has no such figure."""
        seeds, of = self.seeds, measure_named(measure).of
        return np.array(
            [
                [of(window_of(self.outcome(name, seed), self.warm_up)) for seed in seeds]
                for name in self.names
            ]
        ).reshape(len(self.names), len(seeds))

    def whole_figures(self) -> Floats:
        """The same of the measure that decides, of the seeds that have it in all variants."""
        figures = self.figures(self.ask.measure)
        return np.asarray(figures[:, np.isfinite(figures).all(axis=0)])

    def output_minutes(self, name: str) -> Floats:
        """float64[n_seeds, n_minutes], what each replication turned out in each minute."""
        found = [output_minutes(self.outcome(name, seed)) for seed in self.seeds]
        n_minutes = min((len(row) for row in found), default=0)
        return np.array([row[:n_minutes] for row in found]).reshape(len(found), n_minutes)


def run_comparison(
    line: Line, ask: Ask, campaign: Campaign, on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Runs:  # fmt: skip
    """Run as many replications as it takes, or as `ask` allows.

    campaign: on an executor of a Runner of these variants. on_progress: told what is being done,
    and how far it is. Raises ExperimentError where nothing can be learned from what ran.
    """
    runs = Runs(line, ask)
    if line.kind == STEADY:
        hours = min(variant.scenario.hours for variant in line.variants)
        check_long_enough(60.0 * hours, OR_WHOLE_RUNS)
    _replicate(runs, ask.pilots, campaign, "pilot runs", on_progress, should_stop)
    runs.n_pilots = len(runs.seeds)
    _check_pilots(runs)
    runs.warm_up, runs.is_warm = _warm_up(runs)
    _check_figures(runs)
    runs.n_wanted = _pairs_wanted(runs)
    runs.is_answered = _is_answered(runs)
    if runs.n_wanted is not None and not runs.is_answered and not runs.done.is_cut:
        n_all = min(runs.n_wanted, ask.most)
        _replicate(runs, n_all, campaign, "replications", on_progress, should_stop)
    return runs


def _replicate(
    runs: Runs, n_seeds: int, campaign: Campaign, what: str, on_progress: OnProgress | None,
    should_stop: ShouldStop | None,
) -> None:  # fmt: skip
    """Run what is missing of the first so many seeds."""
    seeds = range(runs.ask.seed, runs.ask.seed + n_seeds)
    jobs = jobs_for(runs.line.variants, seeds)
    runs.done.run(jobs, campaign, what, on_progress, should_stop)


def _check_pilots(runs: Runs) -> None:
    if runs.n_pilots >= 2:
        return
    if runs.done.broken:
        first = runs.done.broken[0]
        raise ExperimentError(
            f"{len(runs.done.broken)} pilot runs failed, {runs.n_pilots} are left to compare; "
            f"the first was {first.variant} with seed {first.seed}: {first.text}"
        )
    raise ExperimentError(
        f"only {runs.n_pilots} replications of all variants are done; 2 are compared at the least"
    )


def _warm_up(runs: Runs) -> tuple[int, bool]:
    """Minutes until the slowest variant has forgotten how it began, by MSER-5 on its output,
    averaged over the pilot runs; and whether such a time was found."""
    if runs.line.kind != STEADY:
        return 0, True
    rows = (runs.output_minutes(name).mean(axis=0) for name in runs.names)
    return settling_time(rows, OR_WHOLE_RUNS)


def _check_figures(runs: Runs) -> None:
    n_whole = runs.whole_figures().shape[1]
    if n_whole < 2:
        raise ExperimentError(
            f"{n_whole} of {runs.n_pilots} seeds have {runs.ask.measure} in all variants; give "
            "more --hours or choose another with --kpi"
        )


def _pairs_wanted(runs: Runs) -> int | None:
    """Seeds that the precision takes: those of the comparison that varies most. None where there is
    nothing that the precision is a share of."""
    figures = runs.whole_figures()
    if figures[0].mean() == 0.0:
        return None
    half_width = relative_half_width(figures[0], runs.ask.precision)
    confidence = bonferroni(runs.confidence, len(figures) - 1)
    return max(n_pairs(row - figures[0], half_width, confidence) for row in figures[1:])


def _is_answered(runs: Runs) -> bool:
    """Whether the pilot says of every variant if it is better by so much."""
    question, figures = runs.ask.question, runs.whole_figures()
    mean = abs(float(figures[0].mean()))
    if question is None or mean == 0.0:
        return False
    early, _ = shared_between_looks(runs.ask.confidence)
    confidence = bonferroni(early, len(figures) - 1)
    better = measure_named(runs.ask.measure).better or 1
    found = [paired_interval(better * figures[0], better * row, confidence) for row in figures[1:]]
    return all(one.low >= question * mean or one.high < question * mean for one in found)
