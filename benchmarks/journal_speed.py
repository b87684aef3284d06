"""What a journal adds to a release, with every commit on disk before anything is sent.

    python benchmarks/journal_speed.py --folder DIR --rate 5000 --seconds 10

Three measurements with synchronous=FULL, beside the time that the machine itself takes to have a
small write on disk (fsync), because no journal can be faster:

- events one by one: they come in at that rate whatever the journal does; all that have come are
  written as a record each and committed together, then sent. Counted from when an event came.
- cycles of a fleet: 1,000 units with five reports a second each, five control cycles a second, as
  the control loop writes them. Counted over writing and committing, which is what a release waits.
- as many cycles as possible, one after the other.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from fleet_control.backend import Commands, Releases, Reports, empty_ints, no_station_jobs
from fleet_control.journal import Codec, Header, Journal, Kind, Recorder

N_UNITS = 1000
CYCLE_S = 0.2
WARM_UP_S = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    parser.add_argument("--rate", type=float, default=5000.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        say("fsync of 4 KB", fsync_ms(Path(folder)))
        say(f"{options.rate:,.0f} events a second", one_by_one(Path(folder), options, rng))
        say("cycle of 1,000 units", cycles(Path(folder), options.seconds, rng, paced=True))
        waits_ms = cycles(Path(folder), options.seconds / 2, rng, paced=False)
        say("the same back to back", waits_ms)
        print(f"that is {N_UNITS * 1e3 / waits_ms.mean():,.0f} unit reports a second")


def say(what: str, waits_ms: np.ndarray) -> None:
    half, most = np.percentile(waits_ms, [50, 99])
    print(
        f"{what:26} {len(waits_ms):6,} times: median {half:6.2f} ms, 99 % within {most:6.2f} ms, "
        f"longest {waits_ms.max():6.2f} ms"
    )


def fsync_ms(folder: Path, n_times: int = 300) -> np.ndarray:
    waits = []
    with (folder / "plain").open("wb") as file:
        for _ in range(n_times):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            waits.append(time.perf_counter() - began)
    return np.array(waits[n_times // 10 :]) * 1e3


def new_journal(path: Path) -> Journal:
    header = Header("", {}, "0", "", Codec().schema, CYCLE_S)
    return Journal.create(path, header, "benchmark")


def one_by_one(folder: Path, options: argparse.Namespace, rng: np.random.Generator) -> np.ndarray:
    """Milliseconds from an event's coming to its being on disk; says so if the rate is not kept."""
    gaps = rng.exponential(1.0 / options.rate, int(options.rate * (options.seconds + WARM_UP_S)))
    comes_s = np.cumsum(gaps)
    data = rng.bytes(64)
    waits = np.empty(len(comes_s))
    with new_journal(folder / "events") as journal:
        began, n_sent = time.perf_counter(), 0
        while n_sent < len(comes_s):
            n_come = int(np.searchsorted(comes_s, time.perf_counter() - began))
            if n_come == n_sent:
                time.sleep(max(0.0, comes_s[n_sent] - (time.perf_counter() - began)))
                continue
            for number in range(n_sent, n_come):
                journal.append(Kind.INPUT, number, data)
            journal.commit()
            waits[n_sent:n_come] = time.perf_counter() - began - comes_s[n_sent:n_come]
            n_sent = n_come
            journal.tidy()
        late_s = time.perf_counter() - began - comes_s[-1]
    if late_s > 1.0:
        print(f"the journal fell {late_s:.1f} s behind")
    return waits[comes_s > WARM_UP_S] * 1e3


def cycles(folder: Path, seconds: float, rng: np.random.Generator, *, paced: bool) -> np.ndarray:
    """Milliseconds that a control cycle waits for its journal."""
    waits: list[float] = []
    with new_journal(folder / f"cycles-{paced}") as journal:
        recorder = Recorder(journal, Codec(), 1 << 30)
        done = np.zeros(N_UNITS, dtype=np.int32)
        began = time.perf_counter()
        while (passed_s := time.perf_counter() - began) < seconds + WARM_UP_S:
            reports, commands = made_up_cycle(len(waits), done, rng)
            start = time.perf_counter()
            recorder.take(len(waits), reports)
            recorder.decide(len(waits), commands)
            wait_s = time.perf_counter() - start
            waits.append(wait_s if passed_s > WARM_UP_S else np.nan)
            journal.tidy()
            if paced:
                time.sleep(max(0.0, CYCLE_S - (time.perf_counter() - start)))
    times = np.array(waits)
    return times[~np.isnan(times)] * 1e3


def made_up_cycle(
    cycle: int, done: np.ndarray, rng: np.random.Generator
) -> tuple[Reports, Commands]:
    """Every unit reports; a third of them are released two steps each."""
    units = np.arange(N_UNITS, dtype=np.int32)
    done += rng.integers(0, 2, N_UNITS, dtype=np.int32)
    cleared = done - rng.integers(0, 2, N_UNITS, dtype=np.int32)
    codes = np.zeros(N_UNITS, dtype=np.int8)
    none = empty_ints()
    reports = Reports(
        cycle * CYCLE_S, units, done.copy(), cleared, codes, none, none, none, np.empty(0)
    )
    moving = np.repeat(np.flatnonzero(rng.random(N_UNITS) < 1 / 3), 2).astype(np.int32)
    steps = (done[moving] + 3 + np.arange(len(moving)) % 2).astype(np.int32)
    cells = rng.integers(0, 20_000, len(moving), dtype=np.int32)
    releases = Releases(moving, steps, cells, np.zeros(len(moving), dtype=np.int8))
    return reports, Commands(releases, no_station_jobs())


if __name__ == "__main__":
    main()
