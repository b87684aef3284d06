"""Jobs in processes: results, failures, and processes that die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import engine_jobs
import pytest

from gridfleet.experiments.engine import EngineError, Executor, Failure, Here, Processes

JOBS = [(f"seed {i}", str(i).encode()) for i in range(20)]


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    assert not multiprocessing.active_children()


@pytest.fixture(params=["here", "processes"])
def executor_of(request: pytest.FixtureRequest) -> type[Here] | type[Processes]:
    return Here if request.param == "here" else Processes


def test_every_job_gives_its_result(executor_of: type[Here] | type[Processes]) -> None:
    with executor_of(engine_jobs.digest) as executor:
        results = dict(executor.run(JOBS))
        again = dict(executor.run(JOBS[:3]))
    assert results == {key: engine_jobs.digest(job) for key, job in JOBS}
    assert again == {key: results[key] for key, _ in JOBS[:3]}


def test_what_a_job_raises_is_its_failure(executor_of: type[Here] | type[Processes]) -> None:
    jobs = [(name, name.encode()) for name in ("refuse", "break", "int", "fine")]
    with executor_of(engine_jobs.fail) as executor:
        results = dict(executor.run(jobs))
    assert results == {
        "refuse": Failure("there is no such floor"),
        "break": Failure("KeyError: 'unit'"),
        "int": Failure("the function gave int instead of bytes"),
        "fine": engine_jobs.digest(b"fine"),
    }


def test_a_key_comes_once(executor_of: type[Here] | type[Processes]) -> None:
    jobs = [("a", b"1"), ("a", b"2")]
    with (
        executor_of(engine_jobs.digest) as executor,
        pytest.raises(ValueError, match="two jobs have the key 'a'"),
    ):
        list(executor.run(jobs))


def test_workers_are_prepared(executor_of: type[Here] | type[Processes]) -> None:
    before = os.environ.get("PREPARED")
    try:
        with executor_of(engine_jobs.mark, prepare=engine_jobs.prepare) as executor:
            assert dict(executor.run([("a", b"")])) == {"a": b"yes"}
    finally:
        if before is None:
            os.environ.pop("PREPARED", None)


def test_a_worker_that_cannot_be_prepared_is_an_error(
    executor_of: type[Here] | type[Processes],
) -> None:
    with (
        pytest.raises(EngineError, match="the kernels are of another machine"),
        executor_of(engine_jobs.digest, prepare=engine_jobs.refuse_to_prepare) as executor,
    ):
        list(executor.run(JOBS))


def test_a_worker_that_dies_while_it_starts_is_an_error() -> None:
    with (
        pytest.raises(EngineError, match="died while it started: it ended with exit code 3"),
        Processes(engine_jobs.digest, 1, engine_jobs.die_at_start) as executor,
    ):
        list(executor.run(JOBS))


def test_workers_stay_run_one_thread_and_do_not_see_an_interrupt() -> None:
    with Processes(engine_jobs.environment, 2) as executor:
        told = [dict(executor.run(JOBS)) for _ in range(2)]
        pids = set(executor.pids)
    said = [text.split() for results in told for text in results.values()]
    assert {int(pid) for pid, _, _ in said} <= pids
    assert len(pids) == 2
    assert {(threads, blocked) for _, threads, blocked in said} == {(b"1", b"True")}


def test_a_killed_worker_costs_its_own_job_only(tmp_path: Path) -> None:
    marker = tmp_path / "once"
    jobs = [*JOBS[:5], ("killer", os.fsencode(marker)), *JOBS[5:]]
    with Processes(engine_jobs.act, 2) as executor:
        results = dict(executor.run(jobs))
        assert marker.read_text() == "killed\n" * 2
        again = dict(executor.run(jobs))  # all processes are needed, and there
        assert len(executor.pids) == 2
    assert again == results == {key: engine_jobs.digest(job) for key, job in jobs}


def test_a_job_that_kills_two_workers_is_a_failure(tmp_path: Path) -> None:
    marker = tmp_path / "always"
    jobs = [*JOBS[:5], ("killer", os.fsencode(marker)), *JOBS[5:]]
    with Processes(engine_jobs.act, 2) as executor:
        results = dict(executor.run(jobs))
    failure = results.pop("killer")
    assert isinstance(failure, Failure)
    assert failure.is_worker_lost
    assert "SIGKILL" in failure.text
    assert results == {key: engine_jobs.digest(job) for key, job in JOBS}
    assert marker.read_text() == "killed\n" * 2


def test_workers_killed_while_they_have_nothing_to_do_are_replaced() -> None:
    with Processes(engine_jobs.digest, 2) as executor:
        first = dict(executor.run(JOBS))
        for pid in executor.pids:
            os.kill(pid, signal.SIGKILL)
        assert dict(executor.run(JOBS)) == first


def test_workers_killed_while_they_start_are_replaced_three_times() -> None:
    with Processes(engine_jobs.digest, 1) as executor:
        os.kill(executor.pids[0], signal.SIGKILL)
        assert len(dict(executor.run(JOBS))) == len(JOBS)
    with (
        pytest.raises(EngineError, match="died while it started: it was ended by SIGKILL"),
        Processes(engine_jobs.digest, 1, engine_jobs.be_killed) as executor,
    ):
        list(executor.run(JOBS))


def test_large_jobs_and_results_pass() -> None:
    jobs = [(str(i), bytes([i]) * 3_000_000) for i in range(4)]
    with Processes(_same, 2) as executor:
        assert dict(executor.run(jobs)) == dict(jobs)


def test_stopping_does_not_wait_for_jobs() -> None:
    jobs = [("short", b"0 "), ("a", b"60 a"), ("b", b"60 b")]
    got: list[str] = []
    with Processes(engine_jobs.sleep, 2) as executor:
        began_s = time.monotonic()
        for key, _ in executor.run(jobs, lambda: bool(got)):
            got.append(key)
        assert got == ["short"]
        assert dict(executor.run([("c", b"0 c")])) == {"c": engine_jobs.digest(b"0 c")}
    assert time.monotonic() - began_s < 30.0


def test_an_iterator_that_is_closed_gives_up_the_rest() -> None:
    with Processes(engine_jobs.sleep, 2) as executor:
        outcomes = executor.run([("short", b"0 "), ("a", b"60 a"), ("b", b"60 b")])
        assert next(outcomes)[0] == "short"
        outcomes.close()
        assert not executor.pids or len(executor.pids) <= 1


def test_no_jobs_give_nothing(executor_of: type[Here] | type[Processes]) -> None:
    with executor_of(engine_jobs.digest) as executor:
        assert list(executor.run([])) == []


def test_less_than_no_workers_are_refused() -> None:
    with pytest.raises(EngineError, match="-1 workers"):
        Processes(engine_jobs.digest, -1)


def test_executors_are_executors() -> None:
    executors: list[Executor] = [Here(engine_jobs.digest), Processes(engine_jobs.digest, 3)]
    assert [executor.n_workers for executor in executors] == [1, 3]


def _same(job: bytes) -> bytes:
    return job
