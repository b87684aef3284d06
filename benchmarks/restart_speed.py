"""How long a restart takes from the journal of a long run, part by part.

    gridfleet simulate large --robots 200 --hours 24 --journal day.journal   (kill it at any time)
    python benchmarks/restart_speed.py day.journal

Reads only. reconciled: the controller knows again what it knew, every journalled decision since the
snapshot made again and compared. moving: it has decided on the next news.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from fleet_control.journal import Journal, Kind
from gridfleet.journal_head import make_codec, scenario_of
from gridfleet.journalled import recover_controller
from gridfleet.simulation import Simulation
from gridfleet.wiring.units import CYCLE_S


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("journal", type=Path)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    for _ in range(options.times):
        began = time.perf_counter()
        with Journal.read(options.journal) as journal:
            skeleton = Simulation(scenario_of(options.journal, journal.header()))
            built = time.perf_counter()
            cpu_s = time.process_time()
            recovered = recover_controller(journal, skeleton)
            reconciled, cpu_s = time.perf_counter(), time.process_time() - cpu_s
            news = next(record for record in journal.records() if record.kind is Kind.INPUT)
            reports, operations = make_codec().decode(news.data)
            nothing = {name: getattr(reports, name)[:0] for name in
                       ("units", "done", "cleared", "faults", "line_stations", "line_jobs", "lines",
                        "line_times_s")}  # fmt: skip
            moved = time.perf_counter()
            now_s = recovered.next_cycle * CYCLE_S
            skeleton.decide(replace(reports, time_s=now_s, **nothing), operations)
            decided = time.perf_counter()
        print(
            f"scenario built in {built - began:.2f} s; reconciled at {now_s / 3600:.2f} h in "
            f"{reconciled - built:.3f} s ({cpu_s:.3f} s of processor time, "
            f"{recovered.n_replayed:,} decisions made again); next "
            f"decision in {decided - moved:.4f} s"
        )


if __name__ == "__main__":
    main()
