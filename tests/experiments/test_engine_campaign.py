"""Campaigns: kept results are not made again, failures are collected, Ctrl-C keeps what is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import engine_jobs
import pytest

from gridfleet.experiments.engine import Campaign, Failure, Here, Job, Progress, Store
from gridfleet.experiments.engine.executor import Outcomes

JOBS = [(f"seed {i}", str(i).encode()) for i in range(8)]
RESULTS = {key: engine_jobs.digest(job) for key, job in JOBS}


class Backwards(Here):
    """Gives the last job's result first, and says which jobs it ran."""

    def __init__(self) -> None:
        super().__init__(engine_jobs.fail)
        self.ran: list[str] = []

    def run(self, jobs: Sequence[Job], should_stop: Callable[[], bool] | None = None) -> Outcomes:
        for key, result in super().run(jobs[::-1], should_stop):
            self.ran.append(key)
            yield key, result


def test_results_come_in_the_order_of_the_jobs() -> None:
    outcome = Campaign(Backwards()).run(JOBS)
    assert list(outcome.results.items()) == list(RESULTS.items())
    assert not outcome.failures
    assert not outcome.is_partial


def test_a_failure_does_not_sink_the_others_and_is_tried_again(tmp_path: Path) -> None:
    jobs = [*JOBS[:4], ("seed bad", b"refuse"), *JOBS[4:]]
    for _ in range(2):
        executor = Backwards()
        outcome = Campaign(executor, Store(tmp_path, "1")).run(jobs)
        assert outcome.results == RESULTS
        assert outcome.failures == {"seed bad": Failure("there is no such floor")}
        assert not outcome.is_partial
    assert executor.ran == ["seed bad"]
    assert outcome.n_kept == len(JOBS)


def test_kept_results_are_not_made_again(tmp_path: Path) -> None:
    Campaign(Backwards(), Store(tmp_path, "1")).run(JOBS[:5])
    executor = Backwards()
    outcome = Campaign(executor, Store(tmp_path, "1")).run(JOBS)
    assert executor.ran == [key for key, _ in JOBS[:4:-1]]
    assert (outcome.results, outcome.n_kept) == (RESULTS, 5)


def test_stopped_it_returns_what_is_done_and_goes_on_later(tmp_path: Path) -> None:
    seen: list[Progress] = []
    store = Store(tmp_path, "1")
    first = Campaign(Backwards(), store).run(JOBS, seen.append, lambda: seen[-1].done >= 3)
    assert first.is_partial
    assert len(first.results) == len(store.kept()) == 3
    second = Campaign(Backwards(), store).run(JOBS)
    assert (second.results, second.n_kept, second.is_partial) == (RESULTS, 3, False)


def test_progress_counts_what_is_done_kept_and_failed(tmp_path: Path) -> None:
    store, seen = Store(tmp_path, "1"), list[Progress]()
    Campaign(Backwards(), store).run(JOBS[:2])
    Campaign(Backwards(), store).run([*JOBS[:3], ("bad", b"break")], seen.append)
    assert [(p.done, p.total, p.kept, p.failed) for p in seen] == [
        (2, 4, 2, 0), (3, 4, 2, 1), (4, 4, 2, 1),
    ]  # fmt: skip
    assert seen[0].left_s is None
    assert seen[-1].left_s == 0.0


def test_a_key_comes_once() -> None:
    with pytest.raises(ValueError, match="two jobs have the key 'a'"):
        Campaign(Backwards()).run([("a", b"1"), ("a", b"1")])


PROGRAM = """
import signal
import sys
from pathlib import Path
from engine_jobs import sleep
from gridfleet.cli.interrupt import StopOnInterrupt
from gridfleet.experiments.engine import Campaign, Processes, Store

if __name__ == "__main__":
    jobs = [("quick", b"0 q")] + [(f"seed {i}", f"60 {i}".encode()) for i in range(9)]
    with StopOnInterrupt() as interrupt, Processes(sleep, 2) as executor:
        should_stop = interrupt.asked if sys.argv[2] == "wish" else None
        if should_stop is None:
            interrupt.__exit__(None, None, None)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # where it was ignored
        outcome = Campaign(executor, Store(Path(sys.argv[1]), "1")).run(jobs, None, should_stop)
    print(list(outcome.results), outcome.is_partial, flush=True)
"""


@pytest.mark.parametrize("kind", ["wish", "exception"])
def test_an_interrupt_leaves_finished_results_and_no_process(tmp_path: Path, kind: str) -> None:
    script, kept = tmp_path / "program.py", tmp_path / "kept"
    script.write_text(PROGRAM)
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)])
    with subprocess.Popen(
        [sys.executable, script, kept, kind], env={**os.environ, "PYTHONPATH": paths}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as program:  # fmt: skip
        try:
            _wait(lambda: kept.is_dir() and any(kept.glob("quick*.result")))
            began_s = time.monotonic()
            os.killpg(program.pid, signal.SIGINT)  # as a terminal does
            out, err = program.communicate(timeout=30)
            assert time.monotonic() - began_s < 15.0
            _wait(lambda: not _members(program.pid))
        finally:
            for pid in _members(program.pid):
                os.kill(pid, signal.SIGKILL)
    assert len(list(kept.iterdir())) == 1
    if kind == "wish":
        assert (program.returncode, out, err) == (0, "['quick'] True\n", "")
    else:
        assert program.returncode == -signal.SIGINT
        assert err.count("Traceback") == 1
        assert "leaked" not in err


def test_workers_do_not_outlive_a_program_that_is_killed(tmp_path: Path) -> None:
    script, kept = tmp_path / "program.py", tmp_path / "kept"
    script.write_text(PROGRAM)
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)])
    with subprocess.Popen(
        [sys.executable, script, kept, "wish"], env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.DEVNULL, start_new_session=True,
    ) as program:  # fmt: skip
        _wait(lambda: kept.is_dir() and any(kept.glob("quick*.result")))
        program.kill()
        program.wait()
        _wait(lambda: not _members(program.pid))


def _wait(is_so: Callable[[], bool], patience_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def _members(group: int) -> list[int]:
    """Processes of the group that are alive."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found
