"""What running replications in parallel costs: processes of this machine against a dask cluster.

    python benchmarks/experiment_engine.py --workers 2 --jobs 200 --hours 0.1

Needs the extra `cluster`. Times are true on a machine that does nothing else. Prints

- how long it takes from opening until every worker has loaded its kernels and run a tiny job;
- the wall time of the same jobs in processes and on a local dask cluster, and whether the bytes are
  the same;
- how busy workers are: time within jobs over workers times wall time, which also holds on a machine
  that is shared, and CPU time of jobs over the same, which does not;
- what one killed worker costs: wall time more than without.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from experiment_job import prepare, simulate

from gridfleet.experiments.engine import Campaign, Executor, Job, Processes, Results
from gridfleet.experiments.engine.cluster import LOCAL, Cluster


def jobs_of(options: argparse.Namespace, n_jobs: int, **more: object) -> list[Job]:
    scenarios = [
        {"layout": options.layout, "hours": options.hours, "seed": seed, **more}
        for seed in range(n_jobs)
    ]
    return [(f"seed {job['seed']}", json.dumps(job).encode()) for job in scenarios]


def timed(executor: Executor, jobs: list[Job]) -> tuple[Results, float]:
    began_s = time.perf_counter()
    results = Campaign(executor).run(jobs)
    assert not results.failures, results.failures
    return results, time.perf_counter() - began_s


def opened(executor: Executor) -> tuple[float, float]:
    """Seconds until all workers are ready, and the CPU time of one of them by then: a tiny job for
    each of them shows both."""
    began_s = time.perf_counter()
    executor.__enter__()
    job = {"layout": "teaching", "hours": 0.001, "timed": True}
    quick = [(str(i), json.dumps({**job, "seed": i}).encode()) for i in range(executor.n_workers)]
    told = Campaign(executor).run(quick).results.values()
    cpu_s = max(json.loads(result)["process_cpu_s"] for result in told)
    return time.perf_counter() - began_s, cpu_s


def report(name: str, executor: Executor, options: argparse.Namespace) -> Results:
    jobs = jobs_of(options, options.jobs)
    start_s, start_cpu_s = opened(executor)
    try:
        results, wall_s = timed(executor, jobs)
        told, told_s = timed(executor, jobs_of(options, options.jobs, timed=True))
        killed_s = timed(executor, _with_a_killer(jobs))[1]
    finally:
        executor.__exit__(None, None, None)
    spent = [json.loads(result) for result in told.results.values()]
    busy, cpu = (
        sum(one[key] for one in spent) / (options.workers * told_s) for key in ("wall_s", "cpu_s")
    )
    print(f"{name}: ready after {start_s:.2f} s (CPU {start_cpu_s:.2f} s a worker)")
    print(f"  {len(jobs)} jobs in {wall_s:.1f} s")
    print(f"  workers are within jobs {busy:.1%} of the time (CPU {cpu:.1%})")
    print(f"  with one worker killed: {killed_s:.1f} s, {killed_s - wall_s:+.1f} s")
    return results


def _with_a_killer(jobs: list[Job]) -> list[Job]:
    """The job in the middle kills its process the first time."""
    folder = tempfile.mkdtemp()
    key, job = jobs[len(jobs) // 2]
    killer = json.dumps({**json.loads(job), "kill": str(Path(folder) / "killed")}).encode()
    return [(name, killer if name == key else other) for name, other in jobs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layout", default="teaching")
    parser.add_argument("--hours", type=float, default=0.1)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    here = report("processes", Processes(simulate, options.workers, prepare), options)
    there = report("dask", Cluster(simulate, LOCAL, options.workers, prepare), options)
    print(f"the same bytes: {here == there}")


if __name__ == "__main__":
    main()
