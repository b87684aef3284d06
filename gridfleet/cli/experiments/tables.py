"""Tables of experiments for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gridfleet.experiments.comparison import Comparison, Effect, Spread
    from gridfleet.experiments.sweep.findings import Sweep


def effect_table(found: Comparison) -> str:
    """What each variant has, and how it differs from the first. A star: sure."""
    from gridfleet.experiments.measures.catalogue import MEASURES

    names = [side.name for side in found.sides]
    widths = [max(11, len(name) + 2) for name in names]
    head = " " * 38 + "".join(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
    lines = [head + "".join(f"{name + ' against ' + names[0]:>38}" for name in names[1:])]
    for name, measure in MEASURES.items():
        effects = [effect for effect in found.effects if effect.measure == name]
        if not effects or all(effect.base == effect.value == 0.0 for effect in effects):
            continue
        unit = f", {measure.unit}" if measure.unit else ""
        spreads = [side.figures.get(name) for side in found.sides]
        values = "".join(
            f"{_number(spread, measure.digits):>{width}}"
            for spread, width in zip(spreads, widths, strict=True)
        )
        told = "".join(f"{_told(effect):>38}" for effect in effects)
        lines.append(f"{effects[0].words + unit:<38}{values}{told}")
    return "\n".join(lines)


def _number(spread: Spread | None, digits: int) -> str:
    return "-" if spread is None else f"{spread.mean:,.{digits}f}"


def _told(effect: Effect) -> str:
    spread, unit = effect.told
    star = "*" if effect.is_sure else " "
    if spread.low is None or spread.high is None:
        return f"{spread.mean:+.2f}{unit} {star}"
    return f"{spread.mean:+.2f}{unit} ({spread.low:+.2f} to {spread.high:+.2f}) {star}"


def level_table(found: Sweep) -> str:
    """The mean at every level of every parameter, and how it differs from that of all levels, seed
    by seed. A star: the parameter surely does something."""
    from gridfleet.experiments.sweep.words import value_words

    head = found.words + (f", {found.unit}" if found.unit else "")
    lines = [f"{'':<40}{head:>26}{'against all its values':>32}{'of the variance':>18}"]
    for effect in found.parameters:
        share = f"{effect.share:.0%} {'*' if effect.is_sure else ' '}"
        for level in effect.levels:
            name = f"{effect.key} = {value_words(level.value)}"
            against = _signed(level.effect)
            lines.append(f"{name:<40}{level.figure.mean:>26,.1f}{against:>32}{share:>18}".rstrip())
            share = ""
    return "\n".join(lines)


def _signed(spread: Spread) -> str:
    if spread.low is None or spread.high is None:
        return f"{spread.mean:+,.1f}"
    return f"{spread.mean:+,.1f} ({spread.low:+,.1f} to {spread.high:+,.1f})"
