"""What the watch over a floor has found in a run, as sentences for its reader."""

from __future__ import annotations

from dataclasses import replace

from fleet_control.execution.waits import Holdup
from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.supervisor import Supervisor
from fleet_control.supervision.watch import Spell
from gridfleet.clock import as_clock
from layouts import Layout

MOST_NOTES = 5
"""Of a kind. The longest and worst are told."""
STOOD_S = 60.0
"""Who has stood for less may just be waiting for its turn."""
LONG_S = 300.0
"""And so may who waits for a unit that is well, unless it takes so long."""


def watch_notes(supervisor: Supervisor, layout: Layout) -> list[str]:
    """What was cut off for a while; then who still waits, or drives and gets nowhere."""
    return [*_cut_off_notes(supervisor, layout), *_end_notes(supervisor, layout)]


def _cut_off_notes(supervisor: Supervisor, layout: Layout) -> list[str]:
    spells = supervisor.watch.told_spells()
    longest = sorted(spells, key=lambda spell: -spell.lasted_s)[:MOST_NOTES]
    notes = [_spell_note(spell, layout) for spell in spells if spell in longest]
    if len(spells) > len(longest):
        shorter = len(spells) - len(longest)
        notes.append(f"Parts of the floor were cut off {shorter:,} more times, for shorter.")
    return notes


def _spell_note(spell: Spell, layout: Layout) -> str:
    times = f"From {as_clock(spell.began_s)} to {as_clock(spell.until_s)}"
    return f"{times} {spell.cut_off.past(layout)}."


def _end_notes(supervisor: Supervisor, layout: Layout) -> list[str]:
    waits = supervisor.watch.waits(STOOD_S)
    telling = tuple(hold for hold in waits.holdups if _is_telling(hold, supervisor))
    told = replace(waits, holdups=telling).sentences(layout)
    told += [wanderer.sentence(layout) for wanderer in supervisor.watch.wanderers()]
    notes = [f"At the end {sentence}." for sentence in told[:MOST_NOTES]]
    if len(told) > MOST_NOTES:
        notes.append(f"At the end {len(told) - MOST_NOTES:,} more units or groups did not get on.")
    return notes


def _is_telling(hold: Holdup, supervisor: Supervisor) -> bool:
    is_well = supervisor.watch.status(hold.unit) is UnitStatus.WORKING
    return not is_well or hold.stood_s >= LONG_S
