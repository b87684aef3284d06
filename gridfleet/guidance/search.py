"""Search for guidance by CMA-ES (Hansen, The CMA Evolution Strategy, 2016), and an honest verdict.

Three sets of seeds: candidates of a search all run with the first; the few best run with the
second, which chooses; the verdict comes from the third, with which nothing was chosen, in pairs
with no guidance and with lanes. A search that is given again finds the trials that it had made, and
so goes on: its candidates follow from the seed and from the figures of those before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fleet_control.mapf.guidance import LANES, NONE
from gridfleet.experiments.engine import Campaign, Progress
from gridfleet.experiments.statistics import Interval, percent_interval
from gridfleet.guidance.errors import GuidanceError
from gridfleet.guidance.field import CostField
from gridfleet.guidance.trials import Ground, Trial
from layouts import Layout

Floats = NDArray[np.float64]
FINALISTS = 4
STEP = 1.0
"""First standard deviation of the search, in scales of the figures."""
SEEDS_APART = 10_000
"""Between the seeds of two searches whose seeds are neighbours."""


@dataclass(frozen=True, slots=True)
class Ask:
    """evaluations: candidates to try. search_seeds, final_seeds, proof_seeds: how many runs a
    candidate, a finalist, and each side of the verdict gets."""

    evaluations: int
    seed: int = 0
    search_seeds: int = 2
    final_seeds: int = 4
    proof_seeds: int = 8

    def __post_init__(self) -> None:
        if self.evaluations < 1:
            raise GuidanceError(f"{self.evaluations} evaluations are none; give 1 or more")
        if min(self.search_seeds, self.final_seeds) < 1 or self.proof_seeds < 3:
            raise GuidanceError("give 1 or more runs to a candidate and 3 or more to the verdict")

    def seeds(self, stage: int) -> range:
        """Of the search (0), of finalists (1), of the verdict (2)."""
        sizes = self.search_seeds, self.final_seeds, self.proof_seeds
        first = SEEDS_APART * self.seed + sum(sizes[:stage])
        return range(first, first + sizes[stage])


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks at a search. show: told what is run and how far it is. should_stop: at once, and
    without a verdict. is_over: candidates have been tried for long enough."""

    show: Callable[[str, Progress], None]
    should_stop: Callable[[], bool]
    is_over: Callable[[], bool]


@dataclass(slots=True)
class Found:
    """tried: candidates with all their runs, and their mean figure (less is better). best: figures
    of the field, in scales. proof: figure of each side by seed: none, lanes, best. is_cut: stopped
    before the end."""

    tried: list[tuple[Floats, float]] = field(default_factory=list)
    best: Floats | None = None
    proof: dict[str, Floats] = field(default_factory=dict)
    is_cut: bool = False

    def gain(self, base: str, confidence: float = 0.95) -> Interval | None:
        """How many per cent less the best takes than the base; None where runs are missing."""
        if base not in self.proof or "best" not in self.proof:
            return None
        both = self.proof[base], self.proof["best"]
        whole = np.isfinite(both).all(axis=0)
        if whole.sum() < 2:
            return None
        return percent_interval(both[0][whole], both[1][whole], confidence).times(-1.0)


class Strategy(Protocol):
    """What is used of cmaes.CMA and cmaes.SepCMA."""

    @property
    def population_size(self) -> int: ...

    def ask(self) -> Floats: ...

    def tell(self, solutions: list[tuple[Floats, float]]) -> None: ...


def search(layout: Layout, ground: Ground, ask: Ask, campaign: Campaign, watch: Watch) -> Found:
    """Try candidates until there are enough; then choose the best and hold it against no guidance
    and lanes. Who stops it gets the best so far, without a verdict.

    campaign: runs trials, and keeps them. Raises GuidanceError where no trial came to a figure.
    """
    found, runs = Found(), _Runs(ground, campaign, watch)
    space = CostField(layout, over_edges=ground.over_edges)
    _explore(found, space, ask, runs)
    _choose(found, ask, runs)
    if not found.is_cut:
        _prove(found, ask, runs)
    return found


def _prove(found: Found, ask: Ask, runs: _Runs) -> None:
    """All sides with seeds that chose nothing."""
    assert found.best is not None
    sides: dict[str, _Side] = {**{name: name for name in (NONE, LANES)}, "best": found.best}
    figures = runs.figures("verdict", list(sides.values()), ask.seeds(2))
    if np.isnan(figures).any():
        found.is_cut = True
        return
    found.proof = dict(zip(sides, figures, strict=True))


_Side = str | Floats
"""A guidance by name, or figures of the field."""


class _Runs:
    """Trials of several sides."""

    def __init__(self, ground: Ground, campaign: Campaign, watch: Watch) -> None:
        self._ground, self._campaign, self.watch = ground, campaign, watch

    def figures(self, what: str, sides: Sequence[_Side], seeds: Iterable[int]) -> Floats:
        """float64[n_sides, n_seeds]; nan for what was not run since it was stopped."""
        trials = {
            f"{index}-{seed}": _trial(self._ground, side, seed)
            for index, side in enumerate(sides)
            for seed in seeds
        }
        jobs = [(key, trial.encode()) for key, trial in trials.items()]
        results = self._campaign.run(
            jobs, lambda news: self.watch.show(what, news), self.watch.should_stop
        )
        if results.failures:
            first = next(iter(results.failures.values()))
            raise GuidanceError(f"{len(results.failures)} trials failed; the first: {first.text}")
        found = results.results
        values = [np.frombuffer(found[key])[0] if key in found else np.nan for key, _ in jobs]
        return np.array(values).reshape(len(sides), -1)


def _trial(ground: Ground, side: _Side, seed: int) -> Trial:
    if isinstance(side, str):
        return Trial(ground=ground, seed=seed, guidance=side)
    return Trial(ground=ground, seed=seed, figures=tuple(side.tolist()))


def _explore(found: Found, space: CostField, ask: Ask, runs: _Runs) -> None:
    strategy = _strategy(space, ask.seed)
    while len(found.tried) < ask.evaluations and not (found.tried and runs.watch.is_over()):
        n_left = ask.evaluations - len(found.tried)
        candidates = [strategy.ask() for _ in range(strategy.population_size)]
        if not found.tried:
            candidates[0] = space.start
        n_new = min(n_left, len(candidates))
        best = min((figure for _, figure in found.tried), default=np.inf)
        told = f", best {best:,.1f}" if np.isfinite(best) else ""
        what = f"candidates {len(found.tried) + 1} to {len(found.tried) + n_new}{told}"
        figures = runs.figures(what, candidates[:n_new], ask.seeds(0))
        means = figures.mean(axis=1).tolist()
        is_whole = ~np.isnan(means)
        found.tried += [
            (x, mean) for x, mean, whole in zip(candidates, means, is_whole, strict=False) if whole
        ]
        if not is_whole.all():
            found.is_cut = True
            return
        if n_new == len(candidates):
            worst = max((mean for mean in means if np.isfinite(mean)), default=1.0)
            strategy.tell(
                [(x, mean if np.isfinite(mean) else 10.0 * worst)
                 for x, mean in zip(candidates, means, strict=True)]
            )  # fmt: skip


def _strategy(space: CostField, seed: int) -> Strategy:
    """Full covariances of a few figures, and one variance for each of very many."""
    try:
        import cmaes
    except ModuleNotFoundError:
        raise GuidanceError(
            "a search needs cmaes, which is not installed; install it with: pip install "
            "'gridfleet[guidance]'"
        ) from None
    kind: Any = cmaes.SepCMA if space.n_edges else cmaes.CMA
    made: Strategy = kind(mean=space.start, sigma=STEP, bounds=space.bounds, seed=seed)
    return made


def _choose(found: Found, ask: Ask, runs: _Runs) -> None:
    """The best of the finalists; of a search that was cut, the best as far as it went."""
    finite = [(x, figure) for x, figure in found.tried if np.isfinite(figure)]
    if not finite:
        if found.is_cut:
            return
        raise GuidanceError("no task was done in any trial; give longer trials, or fewer units")
    ranked = sorted(finite, key=lambda one: one[1])
    found.best = ranked[0][0]
    finalists: list[_Side] = [x for x, _ in ranked[:FINALISTS]]
    if found.is_cut or len(finalists) < 2:
        return
    figures = runs.figures("finalists", finalists, ask.seeds(1))
    if np.isnan(figures).any():
        found.is_cut = True
        return
    found.best = ranked[int(figures.mean(axis=1).argmin())][0]
