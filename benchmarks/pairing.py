"""What pairing saves: variance of paired differences over that of unpaired ones, on three changes.

    python benchmarks/pairing.py                     # 20 seeds of an hour, takes long
    python benchmarks/pairing.py --seeds 5 --hours 0.2 --robots 6 --pairs teaching

Changes as a layout engineer makes them: an aisle opened on "teaching" where most is waited; the
ready floor "one-way" instead of "demo", under the fleet and the orders of "demo"; all aisles of
"pick-and-stow" open both ways. Each pair runs with the same seeds, so on the same orders, people
and faults. Prints a line for each: means, the variance of B - A over the sum of both variances with
its 95 % interval (bootstrap over seeds), and how many times more replications with seeds of their
own the same interval would take.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridfleet.experiments.engine import Campaign, Processes
from gridfleet.experiments.measures.catalogue import figures_of, measure_named
from gridfleet.experiments.replicating import Replications, jobs_for
from gridfleet.experiments.replication import Runner, prepare, run_one
from gridfleet.experiments.statistics import variance_ratio
from gridfleet.experiments.variants import Line, line_up_variants
from layouts import load, save
from layouts.changes import Change, lift_one_way_rules, open_aisles

PAIRS = ("teaching", "demo", "pick-and-stow")
RESAMPLES = 2000
Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--warm-up", type=float, default=0.25, help="share that is left out")
    parser.add_argument("--robots", type=int, help="units of both [as the first advises]")
    parser.add_argument("--as-given", action="store_true", help="orders by the clock")
    parser.add_argument("--kpi", default="output_per_hour")
    parser.add_argument("--workers", type=int, default=0, help="processes [all processors]")
    options = parser.parse_args()
    measure_named(options.kpi)
    print(f"{'pair':<60}{'A':>10}{'B':>10}{'ratio':>8}{'95 %':>14}{'saves':>8}")
    for name in options.pairs:
        with tempfile.TemporaryDirectory() as folder:
            given = {"hours": options.hours, "robots": options.robots}
            keys = {key: value for key, value in given.items() if value is not None}
            line, words = lined_up(name, keys, Path(folder), as_given=options.as_given)
            a, b = replicated(line, options)
        print(told(words, a, b))


def lined_up(
    name: str, keys: dict[str, float], folder: Path, *, as_given: bool
) -> tuple[Line, str]:
    """The pair, and what is changed."""
    if name == "demo":
        return line_up_variants(["demo", "one-way"], keys, as_given=as_given), "demo, one-way"
    change = changed(name, keys)
    path = folder / f"{change.name}.toml"
    save(change.layout, path)
    line = line_up_variants([name, str(path)], keys, as_given=as_given)
    return line, f"{name}, {change.words}"


def changed(name: str, keys: dict[str, float]) -> Change:
    floor = load(name)
    if name == "pick-and-stow":
        found = lift_one_way_rules(floor)
        assert found is not None
        return found
    (alone,) = line_up_variants([name], keys).variants
    wait_s = run_one(name, alone.scenario).heat[1].astype(np.float64)
    return open_aisles(floor, wait_s, 1)[0]


def replicated(line: Line, options: argparse.Namespace) -> tuple[Floats, Floats]:
    """The figure of every seed, float64[n_seeds] of each."""
    done = Replications()
    runner = Runner({variant.name: variant for variant in line.variants})
    with Processes(runner, options.workers, prepare) as executor:
        jobs = jobs_for(line.variants, range(options.seeds))
        done.run(jobs, Campaign(executor), line.variants[1].name)
    seeds = done.seeds(variant.name for variant in line.variants)
    first = round(options.warm_up * options.hours * 60.0)
    a, b = (
        np.array([figures_of(done.outcomes[one.name][seed], first)[options.kpi] for seed in seeds])
        for one in line.variants
    )
    return a, b


def told(words: str, a: Floats, b: Floats) -> str:
    ratio = variance_ratio(a, b)
    low, high = bootstrapped(a, b)
    return (
        f"{words:<60}{a.mean():>10,.1f}{b.mean():>10,.1f}{ratio:>8.2f}"
        f"{f'{low:.2f} to {high:.2f}':>14}{1.0 / ratio if ratio else np.inf:>7.1f}x"
    )


def bootstrapped(a: Floats, b: Floats) -> Sequence[float]:
    """95 % of ratios of seeds drawn with replacement."""
    draws = np.random.default_rng(0).integers(0, len(a), (RESAMPLES, len(a)))
    ratios = [variance_ratio(a[rows], b[rows]) for rows in draws if len(set(rows.tolist())) > 2]
    low, high = np.nanpercentile(ratios, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
