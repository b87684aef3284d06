"""How the fleet is, for kpis.json: who does not work, who has not confirmed, what is closed."""

from __future__ import annotations

from typing import Any

from fleet_control.supervision.roster import UnitStatus
from fleet_control.supervision.status import FleetStatus, UnitState
from layouts import Layout


def status_figures(status: FleetStatus, layout: Layout) -> dict[str, Any]:
    """All that somebody has to act on; lists are empty where all is well (docs/kpis.md)."""
    not_working = [unit for unit in status.units if unit.status is not UnitStatus.WORKING]
    return {
        "units_not_working": [_unit_row(unit, layout) for unit in not_working],
        "unconfirmed_units": list(status.unconfirmed),
        "awaited_units": list(status.awaited),
        "is_all_stopped": status.is_all_stopped,
        "is_draining": status.is_draining,
        "is_drained": status.is_drained,
        "closed_areas": [
            {"name": name, "units_inside": list(units)} for name, units in status.areas.items()
        ],
        "closed_cells": status.n_closed,
        "stranded_units": list(status.stranded),
        "sentences": status.sentences(layout),
    }


def _unit_row(unit: UnitState, layout: Layout) -> dict[str, Any]:
    row, col = layout.row_col(unit.cell) if unit.cell >= 0 else (None, None)
    return {
        "unit": unit.unit,
        "status": str(unit.status),
        "row": None if row is None else row + 1,
        "column": None if col is None else col + 1,
        "has_task": unit.has_task,
        "is_led_around": unit.is_led_around,
    }
