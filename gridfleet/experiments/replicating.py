"""Replications of several variants, run on a campaign and put in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gridfleet.experiments.engine import Campaign, Progress
from gridfleet.experiments.replication import Job, Outcome, Variant, decode_outcome

OnProgress = Callable[[str, Progress], None]
ShouldStop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Broken:
    """A replication that gave no outcome. text: why. on_the_way: it had begun, and broke by what
    happened on the floor; not so where it cannot be run, or its worker was lost."""

    variant: str
    seed: int
    text: str
    on_the_way: bool = False


@dataclass(slots=True)
class Replications:
    """What has been run. outcomes: by variant and seed. broken: those that gave none, or broke on
    the way: they are no figure of a floor. is_cut: stopped before all were done."""

    outcomes: dict[str, dict[int, Outcome]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    is_cut: bool = False

    def run(
        self, jobs: Iterable[Job], campaign: Campaign, what: str,
        on_progress: OnProgress | None = None, should_stop: ShouldStop | None = None,
    ) -> None:  # fmt: skip
        """Run those of the jobs that have not been run. what: they are, for whoever watches."""
        wanted = [job for job in jobs if not self._is_over(job)]
        if not wanted:
            return

        def tell(news: Progress) -> None:
            if on_progress is not None:
                on_progress(what, news)

        found = campaign.run([(job.key, job.encode()) for job in wanted], tell, should_stop)
        self.is_cut = self.is_cut or found.is_partial
        for job in wanted:
            if job.key in found.results:
                self._take(job, decode_outcome(found.results[job.key]))
            elif job.key in found.failures:
                self.broken.append(Broken(job.variant, job.seed, found.failures[job.key].text))

    def _is_over(self, job: Job) -> bool:
        if job.seed in self.outcomes.get(job.variant, {}):
            return True
        return any(one.variant == job.variant and one.seed == job.seed for one in self.broken)

    def _take(self, job: Job, outcome: Outcome) -> None:
        if outcome.failure:
            self.broken.append(Broken(job.variant, job.seed, outcome.failure, on_the_way=True))
        else:
            self.outcomes.setdefault(job.variant, {})[job.seed] = outcome

    def of(self, variant: str) -> list[Outcome]:
        """Outcomes of a variant, by seed."""
        found = self.outcomes.get(variant, {})
        return [found[seed] for seed in sorted(found)]

    def seeds(self, variants: Iterable[str]) -> list[int]:
        """Seeds that all of these have come through, ascending."""
        return sorted(set.intersection(*(set(self.outcomes.get(name, {})) for name in variants)))

    def n_broken(self, variant: str) -> int:
        return sum(one.variant == variant for one in self.broken)

    def n_broken_on_the_way(self, variant: str) -> int:
        """Those that had begun: they tell something of the floor."""
        return sum(one.variant == variant and one.on_the_way for one in self.broken)


def jobs_for(variants: Sequence[Variant], seeds: Iterable[int]) -> Iterator[Job]:
    """Seed by seed, so that what there is can be compared whenever it ends."""
    digests = {variant.name: variant.digest for variant in variants}
    for seed in seeds:
        for name, digest in digests.items():
            yield Job(variant=name, digest=digest, seed=seed)
