"""From the kill of a controller under load until units move again.

    python benchmarks/bridge_restart.py --units 100 --times 5

`gridfleet serve` is killed (-9) while emulated units work, waited out until all of them stand, and
started again with the same journal, as a person or a service manager would: the start of Python,
the replay of the journal, the connections and the first orders are all in it.

again     from the start of the new process until the first unit drives
working   until half as many units drive as did before the kill
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import bridge_rig as rig
import numpy as np

from gridfleet.emulator.truth import TruthReader

PATIENCE_S = 120.0
MOVED_M = 0.02
"""Between two looks."""
LOOK_S = 0.2


def main() -> None:
    parser = rig.fleet_options(__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--load-seconds", type=float, default=60.0, help="Of work before each.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(rig.table(measure(options, Path(folder))))


class Floor:
    """How many units drive, by the side channel."""

    def __init__(self, reader: TruthReader) -> None:
        self._reader = reader
        self._poses, self._at_s = self._look()
        self.contacts = 0

    def _look(self) -> tuple[np.ndarray, float]:
        truth = self._reader.latest(PATIENCE_S)
        assert truth is not None, "the emulator says nothing"
        self.contacts = truth.head.contacts
        return truth.poses[:, :2], time.monotonic()

    def n_driving(self) -> int:
        """Between this look and the one before, LOOK_S ago."""
        time.sleep(max(0.0, self._at_s + LOOK_S - time.monotonic()))
        before = self._poses
        self._poses, self._at_s = self._look()
        return int((np.abs(self._poses - before).max(axis=1) > MOVED_M).sum())


def measure(options: argparse.Namespace, folder: Path) -> list[tuple[str, str]]:
    again, working, before = [], [], []
    with rig.fleet_of(options, folder) as fleet:
        reader = TruthReader(fleet.truth)
        floor = Floor(reader)
        rig.wait_until(floor.n_driving, PATIENCE_S, "units begin to drive")
        for _ in range(options.times):
            before.append(drive(floor, options.load_seconds))
            fleet.serve.kill()
            rig.wait_until(lambda: not floor.n_driving(), PATIENCE_S, "all units stand")
            fleet.serve.start()
            again.append(rig.wait_until(floor.n_driving, PATIENCE_S, "units move again"))
            rest = rig.wait_until(
                lambda: floor.n_driving() >= before[-1] / 2, PATIENCE_S, "units work again"
            )
            working.append(again[-1] + rest)
        reader.close()
    return [
        ("units", f"{options.units}, {statistics.median(before):.0f} driving before the kill"),
        ("again", say(again)),
        ("working", say(working)),
        ("contacts", str(floor.contacts)),
    ]


def drive(floor: Floor, seconds: float) -> float:
    """Mean number of units that drive."""
    end_s, counts = time.monotonic() + seconds, [floor.n_driving()]
    while time.monotonic() < end_s:
        counts.append(floor.n_driving())
    return statistics.fmean(counts)


def say(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.1f} s, most {max(seconds):.1f} s ({len(seconds)})"


if __name__ == "__main__":
    main()
