"""Parts of a floor that empty units cannot get to, or not back from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layouts.geometry import neighbour_table
from layouts.layout import CellKind
from layouts.lint.finding import Finding, fault, warning
from layouts.lint.survey import Survey
from layouts.traffic import Mask, Traffic
from layouts.words import count


def regions(survey: Survey) -> Iterator[Finding]:
    """Open cells that are not part of home.

    What only stations lead to or from is no fault: the aisle out of a station, and the one to its
    queue. Chargers, parking and usable storage have findings of their own.
    """
    layout, everyone = survey.layout, survey.everyone
    goals = survey.usable | np.isin(layout.kinds, (CellKind.CHARGER, CellKind.PARKING))
    others = survey.empty.is_open & ~survey.home & ~goals
    if not others.any():
        return
    is_entered = everyone.reach(survey.home)
    is_left = everyone.reach(survey.home, backward=True)
    beside = neighbour_table(layout.n_rows, layout.n_cols)
    halls = Traffic.over(everyone.is_open, beside).pieces(strong=False)
    is_walled = ~np.isin(halls, halls[survey.home])
    neither = others & ~is_entered & ~is_left
    n_home = count(int(survey.home.sum()), "cell")
    for code, cells, words in (
        (
            "region-isolated",
            neither & is_walled,
            f"walled off from the rest of the floor ({n_home}); open a way, or draw obstacles",
        ),
        (
            "region-cut-off",
            neither & ~is_walled,
            f"one-way rules lead neither here from the rest of the floor ({n_home}) nor back; turn "
            "one way round",
        ),
        (
            "one-way-trap",
            others & is_entered & ~is_left,
            "a unit can come in but never back to the rest of the floor; open a way out",
        ),
        (
            "one-way-no-entry",
            others & is_left & ~is_entered,
            "a unit can leave but never come in; open a way in, or draw obstacles",
        ),
    ):
        if cells.any():
            yield fault(layout, code, np.flatnonzero(cells), words)
    passes = others & is_entered & is_left & ~survey.from_home & ~survey.to_home
    if passes.any():
        words = (
            "the only ways in and out lead over stations, so that units come here on no other "
            "errand; open a way"
        )
        yield warning(layout, "region-behind-station", np.flatnonzero(passes), words)


def chargers_and_parking(survey: Survey) -> Iterator[Finding]:
    """Chargers and parking that are not part of home."""
    for kind in (CellKind.CHARGER, CellKind.PARKING):
        word = kind.name.lower()
        cells = (survey.layout.kinds == kind) & ~survey.home
        if cells.any():
            words = f"{word} that no unit {_missing_way(survey, cells)}; open a way"
            yield fault(survey.layout, f"{word}-cut-off", np.flatnonzero(cells), words)


def _missing_way(survey: Survey, cells: Mask) -> str:
    if not survey.from_home[cells].any():
        return "gets to from the rest of the floor"
    if not survey.to_home[cells].any():
        return "gets back from to the rest of the floor"
    return "gets to from the rest of the floor and back"
