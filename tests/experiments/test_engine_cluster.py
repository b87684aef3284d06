"""Jobs on a dask cluster: the same bytes as from processes, and workers that die."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import engine_jobs
import pytest

from fleet_control.processors import usable_processors
from gridfleet.experiments.engine import Campaign, Failure, Processes
from gridfleet.experiments.engine.cluster import LOCAL, Cluster, ClusterError, _outcome, _run_job
from gridfleet.experiments.engine.program import Program, program
from gridfleet.experiments.engine.scheduler import check_worker

JOBS = [(f"seed {i}", str(i).encode()) for i in range(12)]
RESULTS = {key: engine_jobs.digest(job) for key, job in JOBS}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(engine_jobs.act, LOCAL, 2) as cluster:
        yield cluster


def test_a_cluster_made_here_uses_all_processors_unless_told(cluster: Cluster) -> None:
    assert Cluster(engine_jobs.act, LOCAL).n_workers == usable_processors()
    assert Cluster(engine_jobs.act, LOCAL, 0).n_workers == usable_processors()
    assert cluster.n_workers == 2


@pytest.fixture(scope="module")
def empty_cluster() -> Iterator[Any]:
    """A scheduler without workers."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster:
        yield cluster


def test_results_are_those_of_processes_byte_for_byte(cluster: Cluster) -> None:
    jobs = [*JOBS, *((name, name.encode()) for name in ("refuse", "break", "int"))]
    with Processes(engine_jobs.act, 2) as processes:
        assert Campaign(cluster).run(jobs) == Campaign(processes).run(jobs)
    assert cluster.n_workers == 2


def test_a_killed_worker_costs_its_own_job_only(cluster: Cluster, tmp_path: Path) -> None:
    marker = tmp_path / "once"
    jobs = [*JOBS[:3], ("killer", os.fsencode(marker)), *JOBS[3:]]
    assert dict(cluster.run(jobs)) == {key: engine_jobs.digest(job) for key, job in jobs}
    assert marker.read_text() == "killed\n" * 2


def test_a_job_that_kills_two_workers_is_a_failure(cluster: Cluster, tmp_path: Path) -> None:
    marker = tmp_path / "always"
    results = dict(cluster.run([*JOBS[:3], ("killer", os.fsencode(marker)), *JOBS[3:]]))
    failure = results.pop("killer")
    assert isinstance(failure, Failure)
    assert failure.is_worker_lost
    assert "it ended 2 workers" in failure.text
    assert results == RESULTS
    assert marker.read_text() == "killed\n" * 2


def test_stopping_does_not_wait_for_jobs(cluster: Cluster) -> None:
    got: list[str] = []
    for key, _ in cluster.run(JOBS, lambda: len(got) >= 3):
        got.append(key)
    assert len(got) == 3
    assert dict(cluster.run(JOBS)) == RESULTS


def test_an_address_where_nothing_answers_is_said() -> None:
    with (
        pytest.raises(ClusterError, match=r"no dask scheduler answers at tcp:.*refused"),
        Cluster(engine_jobs.act, "tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize(
    "address", ["", "here", "host:8786", "tcp://host", "tcp://host:x", "zz://host:8786", "tcp://:1"]
)
def test_what_is_no_address_is_said(address: str) -> None:
    said = f"'{address}' is no address of a cluster; one is like tcp://host:8786"
    with pytest.raises(ClusterError, match=said), Cluster(engine_jobs.act, address):
        pass


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(ClusterError, match=r"pip install 'gridfleet\[cluster\]'"),
        Cluster(engine_jobs.act, LOCAL),
    ):
        pass


def test_a_cluster_without_workers_is_said(
    monkeypatch: pytest.MonkeyPatch, empty_cluster: Any
) -> None:
    monkeypatch.setattr("gridfleet.experiments.engine.scheduler.PATIENCE_S", 0.3)
    with (
        pytest.raises(ClusterError, match="has no workers; start some, with one thread each"),
        Cluster(engine_jobs.act, empty_cluster.scheduler_address),
    ):
        pass


@pytest.mark.parametrize(
    ("n_threads", "said"),
    [(1, "lacks what this program has: .*install the same gridfleet"), (2, "has 2 threads")],
)
def test_a_worker_that_is_not_fit_is_said(empty_cluster: Any, n_threads: int, said: str) -> None:
    """One that has threads, and one that has no gridfleet."""
    address = empty_cluster.scheduler_address
    code = (
        "import sys; sys.modules['gridfleet'] = None\n"
        "from distributed.cli.dask_worker import main; main()"
    )
    options = ["--nthreads", str(n_threads), "--no-nanny", "--no-dashboard"]
    with subprocess.Popen(
        [sys.executable, "-c", code, address, *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as worker:  # fmt: skip
        try:
            with pytest.raises(ClusterError, match=said), Cluster(engine_jobs.act, address):
                pass
        finally:
            worker.kill()
            worker.wait()
            deadline_s = time.monotonic() + 20.0
            while empty_cluster.scheduler.workers and time.monotonic() < deadline_s:
                time.sleep(0.01)


def test_a_cluster_that_is_lost_on_the_way_is_said() -> None:
    from distributed import LocalCluster

    jobs = [("quick", b"0 "), *((f"seed {i}", b"60 ") for i in range(3))]
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as lost, Cluster(engine_jobs.sleep, lost.scheduler_address) as cluster:  # fmt: skip
        outcomes = cluster.run(jobs)
        assert next(outcomes)[0] == "quick"
        lost.close()
        with pytest.raises(ClusterError, match="was lost; the same command goes on"):
            list(outcomes)


def test_a_worker_with_another_program_that_joins_late_runs_nothing() -> None:
    other = Program("0", program().versions)
    assert _run_job(engine_jobs.digest, None, program(), b"1") == engine_jobs.digest(b"1")
    assert _run_job(engine_jobs.digest, None, other, b"1") == program()
    future = SimpleNamespace(result=lambda: other)
    with pytest.raises(ClusterError, match="that joined on the way would not give the same"):
        _outcome(future)


def test_a_worker_with_another_program_is_said() -> None:
    ours = program()
    check_worker("w", ours)
    other = Program("0", {**ours.versions, "numba": "0.1"})
    with pytest.raises(ClusterError, match="w would not give the same results: it has numba"):
        check_worker("w", other)
    with pytest.raises(ClusterError, match="worker w cannot be prepared: no kernels"):
        check_worker("w", Failure("no kernels"))
