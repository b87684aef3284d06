"""What the lean level of physics trades: the same run with sliding boxes and with wheels.

    python benchmarks/physics_detail.py teaching --units 20 --minutes 15

Both runs have the same orders and random streams. Printed is the table of `gridfleet crosscheck`
(docs/crosscheck.md) in which `planar` stands in the column of the engine that is judged.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import msgspec

from gridfleet.cli.crosscheck import table
from gridfleet.crosscheck import Span, compare, run_pair
from gridfleet.scenario import Scenario
from twin.physics.options import PLANAR, WHEELS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("layout")
    parser.add_argument("--units", type=int, required=True)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--warm-up", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    span = Span(options.minutes, options.warm_up)
    usual = Scenario(
        layout=options.layout, robots=options.units, hours=span.hours, engine="physics",
        seed=options.seed, poses_hz=0.0,
    )  # fmt: skip
    planar, wheels = (
        msgspec.structs.replace(usual, physics=replace(usual.physics, detail=detail))
        for detail in (PLANAR, WHEELS)
    )
    found = compare(run_pair((planar, wheels), span), span, options.seed)
    print(table(replace(found, engines=(PLANAR, WHEELS))))


if __name__ == "__main__":
    main()
