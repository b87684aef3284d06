"""A comparison in a sentence that a manager understands, and what has to be known beside it."""

from __future__ import annotations

from collections.abc import Iterator

from gridfleet.experiments.comparison import Comparison, Effect, Side, Spread
from gridfleet.experiments.measures.catalogue import measure_named
from layouts.words import listed


def verdict(found: Comparison) -> str:
    """One sentence: what the change brings, and how sure that is."""
    first = found.sides[0].name
    if len(found.main) == 1:
        return _of_one(found, found.main[0], first)
    return _of_many(found, first)


def _of_one(found: Comparison, effect: Effect, first: str) -> str:
    percent = effect.percent
    if percent is None:
        return (
            f"{first} has no {effect.words} to compare with; {effect.variant} has "
            f"{effect.value:,.1f}."
        )
    if percent.low is None or percent.high is None:
        return f"{effect.variant} and {first} cannot be compared in {effect.words}: too little ran."
    between = f"between {percent.low:+.1f} % and {percent.high:+.1f} %, {found.confidence:.0%} sure"
    if not effect.is_sure:
        return (
            f"No difference in {effect.words} between {effect.variant} and {first} can be told: it "
            f"is {between}."
        )
    more = "more" if percent.mean > 0 else "fewer" if _is_counted(effect) else "less"
    return (
        f"{effect.variant} has {abs(percent.mean):.1f} % {more} {effect.words} than {first} "
        f"({between})."
    )


def _is_counted(effect: Effect) -> bool:
    return not effect.unit


def _of_many(found: Comparison, first: str) -> str:
    words = found.main[0].words if found.main else measure_named(found.measure).words
    told = [
        f"{effect.variant} {effect.percent.mean:+.1f} % "
        f"({effect.percent.low:+.1f} to {effect.percent.high:+.1f})"
        for effect in found.main
        if effect.percent and effect.percent.low is not None and effect.percent.high is not None
    ]
    against = f"{words}, against {first}: {listed(told)}, all of them {found.confidence:.0%} sure"
    if found.best is None:
        return f"{against}."
    if found.is_best_sure:
        return f"{found.best} is the best of {len(found.sides)} in {against}."
    return f"Which of {len(found.sides)} is the best cannot be told; in {against}."


def at_least(found: Comparison, percent: float) -> Iterator[str]:
    """Whether each variant is better than the first by so many per cent."""
    better = measure_named(found.measure).better or 1
    for effect in found.main:
        answer = _is_at_least(effect.percent, better, percent)
        yield f"Is {effect.variant} better by {percent:g} % or more? {answer}."


def _is_at_least(spread: Spread | None, better: int, percent: float) -> str:
    if spread is None or spread.low is None or spread.high is None:
        return "Cannot be told"
    low, high = sorted((better * spread.low, better * spread.high))
    return "Yes" if low >= percent else "No" if high < percent else "Cannot be told"


def remarks(found: Comparison) -> Iterator[str]:
    """What a reader has to know, the most important first."""
    for side in found.sides:
        if side.jams:
            yield _of_jams(side, found.confidence)
    if found.is_cut:
        yield "It was ended early; the same command goes on from what is finished."
    yield from _of_regimes(found)
    yield _of_precision(found)
    yield _of_kind(found)
    for broken in found.broken[:3]:
        yield (
            f"{broken['variant']} with seed {broken['seed']} failed and is left out: "
            f"{broken['text']}"
        )
    if len(found.broken) > 3:
        yield f"{len(found.broken) - 3} more replications failed."
    yield from found.notes


def _of_jams(side: Side, confidence: float) -> str:
    share = side.jam_share
    between = (
        f" ({share.low:.0%} to {share.high:.0%}, {confidence:.0%} sure)"
        if share.low is not None and share.high is not None
        else ""
    )
    return f"{side.name} jammed in {side.jams} of {side.n_tried} runs{between}."


def _of_regimes(found: Comparison) -> Iterator[str]:
    """A change of the floor has no effect where something else is the limit."""
    told = {tuple(side.regimes) for side in found.sides}
    if len(told) == 1 and len(found.sides[0].regimes) == 1:
        yield f"All runs of all variants were {found.sides[0].regime}."
    else:
        for side in found.sides:
            counted = [f"{name} in {n}" for name, n in side.regimes.items()]
            yield f"{side.name} was {listed(counted)} of {side.n} runs."
    yield from _of_one_regime({name for side in found.sides for name in side.regimes})


def _of_one_regime(names: set[str | None]) -> Iterator[str]:
    if names == {"station-bound"}:
        yield "Stations were the limit of all: no other change of the floor can bring more."
    elif names == {"demand-bound"}:
        yield (
            "Demand was the limit of all, so output says nothing about the floors; look at the "
            "order cycle, or give more orders."
        )


def _of_precision(found: Comparison) -> str:
    n = len(found.seeds)
    told = f"{n} replications of each"
    if found.is_answered:
        told += " answer the question, so no more were run"
        if found.reached is not None:
            told += f"; they give ±{found.reached:.2f} %"
        return f"{told}."
    if found.reached is not None:
        told += f" give ±{found.reached:.2f} %; ±{found.precision:g} % was asked for"
    if found.n_wanted is not None and found.n_wanted > n:
        told += f", which would take about {found.n_wanted:,}"
        if not found.is_cut:
            told += f", and {found.most} is the most that was allowed"
    if found.detectable_percent is not None:
        told += (
            f". A true difference of {found.detectable_percent:.1f} % would have been found four "
            "times in five"
        )
    return f"{told}."


def _of_kind(found: Comparison) -> str:
    if found.kind == "shift":
        return (
            f"Whole runs of {found.minutes} min from an empty start are compared, as of a shift "
            "(terminating)."
        )
    told = (
        f"The long run is compared (steady state): {found.minutes} min, of which the first "
        f"{found.warm_up_min} are left out as warm-up (MSER-5)"
    )
    if not found.is_warm:
        told += "; the floors had not settled by then, give more --hours"
    return f"{told}."
