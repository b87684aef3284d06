"""All differences between the two runs, and what they come to in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridfleet.crosscheck import batches
from gridfleet.crosscheck.batches import Difference, difference
from gridfleet.crosscheck.leg_times import is_motion, leg_difference
from gridfleet.crosscheck.pair import Pair
from gridfleet.crosscheck.side import CrosscheckError, Side, Span
from twin.legs import LegKind, Legs

DRAW_PURPOSE = 0xC4055
MOTION = "all legs but queueing"
_KINDS: tuple[tuple[str, LegKind, bool | None], ...] = (
    ("straight run, empty", LegKind.RUN, False),
    ("straight run, laden", LegKind.RUN, True),
    ("turn, empty", LegKind.TURN, False),
    ("turn, laden", LegKind.TURN, True),
    ("lift", LegKind.LIFT, None),
    ("lower", LegKind.LOWER, None),
    ("queue", LegKind.QUEUE, None),
)


@dataclass(frozen=True, slots=True)
class Row:
    """name, unit: of the figure. n_fast, n_true: legs that it is made of; None for key figures."""

    name: str
    unit: str
    difference: Difference
    n_fast: int | None = None
    n_true: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """engines: that is judged, and that it is judged by. minutes: compared. verdict: a sentence."""

    engines: tuple[str, str]
    n_units: int
    minutes: float
    n_batches: int
    kpis: tuple[Row, ...]
    legs: tuple[Row, ...]

    @property
    def output(self) -> Row:
        return self.kpis[0]

    @property
    def motion(self) -> Row:
        return self.legs[0]

    @property
    def verdict(self) -> str:
        fast, true = self.engines
        output = _in_words(self.output.difference, f"{self.output.name} {{}}", "more", "fewer")
        legs = _in_words(self.motion.difference, "legs last {}", "longer", "shorter")
        return f"{fast} against {true}: {output}; {legs}."

    def as_json(self) -> dict[str, Any]:
        return {"verdict": self.verdict, **asdict(self)}


def compare(pair: Pair, span: Span, seed: int) -> Comparison:
    """What differs, over the batches that both runs have come through. seed: of the bootstrap.
    Raises CrosscheckError where there is too little to compare."""
    n_batches = min(pair.fast.n_batches, pair.true.n_batches)
    if n_batches < 2:
        raise CrosscheckError(
            f"both runs together have {n_batches} of {span.n_batches} batches of "
            f"{span.batch_s / 60:g} min; at least 2 are compared"
        )
    kpis = tuple(_kpi_rows(pair, span, n_batches))
    rng = np.random.default_rng(np.random.SeedSequence([seed, DRAW_PURPOSE]))
    legs = tuple(_leg_rows(pair, span, n_batches, rng))
    engines = (pair.fast.scenario.engine, pair.true.scenario.engine)
    minutes = n_batches * span.batch_s / 60.0
    return Comparison(engines, pair.true.record.n_units, minutes, n_batches, kpis, legs)


def _kpi_rows(pair: Pair, span: Span, n_batches: int) -> Iterator[Row]:
    def both(name: str, unit: str, figure: Callable[[Side], NDArray[np.float64]]) -> Row:
        return Row(name, unit, difference(figure(pair.fast), figure(pair.true)))

    yield both(
        batches.output_name(pair.true), "",
        lambda side: batches.output_an_hour(side, span, n_batches),
    )  # fmt: skip
    if pair.true.record.has_orders:
        yield both("tasks an hour", "", lambda side: batches.tasks_an_hour(side, span, n_batches))
        yield both("order cycle", "s", lambda side: batches.cycle_s(side, span, n_batches))
    shares = [batches.unit_shares(side, n_batches) for side in (pair.fast, pair.true)]
    for state in shares[0]:
        if shares[0][state].any() or shares[1][state].any():
            name = f"unit time, {state.replace('_', ' ')}"
            percents = (100.0 * share[state] for share in shares)
            yield Row(name, "%", difference(*percents))
    yield both("driven, unit and hour", "m", lambda side: batches.driven_m(side, span, n_batches))
    yield both("queued, unit and hour", "s", lambda side: batches.queued_s(side, span, n_batches))
    n_fast, n_true = (float(side.record.contacts) for side in (pair.fast, pair.true))
    yield Row("contacts", "", Difference(n_fast, n_true, None, None, None))


def _leg_rows(pair: Pair, span: Span, n_batches: int, rng: np.random.Generator) -> Iterator[Row]:
    begin_s, end_s = span.borders_s[[0, n_batches]].tolist()
    sides = [
        side.legs.where((side.legs.begin_s >= begin_s) & (side.legs.end_s <= end_s))
        for side in (pair.fast, pair.true)
    ]
    n_units = pair.true.record.n_units

    def row(name: str, chosen: Callable[[Legs], NDArray[np.bool_]]) -> Row:
        fast, true = (legs.where(chosen(legs)) for legs in sides)
        return Row(name, "s", *leg_difference(fast, true, n_units, rng))

    yield row(MOTION, is_motion)
    for name, kind, is_laden in _KINDS:
        found = row(name, _chosen(kind, is_laden))
        if not (found.n_fast or found.n_true):
            continue
        yield found
        if kind is LegKind.RUN:
            yield row(f"{name}, free", _chosen(kind, is_laden, only_free=True))


def _chosen(
    kind: LegKind, is_laden: bool | None, *, only_free: bool = False
) -> Callable[[Legs], NDArray[np.bool_]]:
    def rows(legs: Legs) -> NDArray[np.bool_]:
        chosen = np.asarray(legs.kind == kind)
        if is_laden is not None:
            chosen = chosen & (legs.is_laden == is_laden)
        return chosen & legs.is_free if only_free else chosen

    return rows


def _in_words(found: Difference, text: str, more: str, less: str) -> str:
    """How much more or less, and whether chance explains it."""
    if found.percent is None:
        return text.format("cannot be compared")
    told = text.format(f"{abs(found.percent):.1f} % {more if found.percent >= 0.0 else less}")
    if found.low is None or found.high is None:
        return told
    is_chance = found.low <= 0.0 <= found.high
    sure = ", which chance explains" if is_chance else ""
    return f"{told} ({found.low:+.1f} to {found.high:+.1f}{sure})"
