"""What limited a run: every rule, its threshold, and the numbers that it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fleet_control.accounting.causes import CAUSES
from gridfleet.regime import NAMES, regime_of

STATION_STATES = ("picking", "starved", "blocked", "no_work")
UNIT_STATES = ("loaded", "empty", "queueing", "at_station", "waiting", "idle")


def figures(
    stations: tuple[float, ...] = (0.4, 0.4, 0.2, 0.0),
    units: tuple[float, ...] = (0.6, 0.2, 0.1, 0.05, 0.05, 0.0),
    **more: Any,
) -> dict[str, Any]:
    seconds = [36_000.0 * share for share in units]
    row = {"kind": "pick", **dict(zip(STATION_STATES, stations, strict=False))}
    return {
        "sim_hours": 1.0, "tasks_done": 50, "n_units": 10, "n_active": 10, "orders_placed": 200,
        "orders_waiting_share": 0.9, "stations": [row, row] if stations else [],
        "unit_time": {s: {"seconds": v} for s, v in zip(UNIT_STATES, seconds, strict=True)},
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("given", "regime", "numbers"),
    [
        ({"orders_waiting_share": 0.1}, "demand-bound", "10%"),
        ({"stations": ()}, None, "No station"),
        ({"units": (0.3, 0.1, 0.1, 0.1, 0.4, 0.0)}, "traffic-bound", "50%"),
        ({"stations": (0.85, 0.1, 0.05, 0.0)}, "station-bound", "85%"),
        (
            {"stations": (0.5, 0.1, 0.4, 0.0), "units": (0.4, 0.1, 0.3, 0.15, 0.05, 0.0)},
            "station-bound", "45%",
        ),
        ({"stations": (0.5, 0.1, 0.4, 0.0)}, "unit-bound", "40%"),
        ({}, "unit-bound", "only 0%"),
        ({"units": (0.4, 0.1, 0.1, 0.05, 0.05, 0.3)}, "release-bound", "idled 30%"),
        ({"orders_placed": None, "stations": ()}, "unit-bound", "6%"),
        (
            {"orders_placed": None, "units": (0.0, 0.5, 0.0, 0.0, 0.5, 0.0)},
            "traffic-bound", "50%",
        ),
        ({"sim_hours": 0.1}, None, "too short"),
        ({"tasks_done": 0}, None, "too short"),
        ({"unit_time": None}, None, "too short"),
    ],
)  # fmt: skip
def test_every_rule(given: dict[str, Any], regime: str | None, numbers: str) -> None:
    reading = regime_of(figures(**given))
    assert reading["regime"] == regime
    assert numbers in str(reading["regime_reason"])


def with_losses(**shares: float) -> dict[str, Any]:
    """A floor that is short of units, where these causes took shares of station time."""
    handling = {cause: {"share": shares.get(cause, 0.0)} for cause in CAUSES}
    return figures(lost_capacity={"stations": {"handling": handling}, "units": None})


@pytest.mark.parametrize(
    ("losses", "regime"),
    [
        ({"missing_stock": 0.2, "no_unit": 0.5}, "replenishment-bound"),
        ({"missing_stock": 0.19}, "unit-bound"),
        ({"charging": 0.1, "no_unit": 0.1}, "charger-bound"),
        ({"charging": 0.09}, "unit-bound"),
        ({"charging": 0.3, "no_unit": 0.31}, "unit-bound"),
        ({"charging": 0.3, "pod_contention": 0.31}, "unit-bound"),
    ],
)
def test_stock_and_chargers_are_read_off_lost_capacity(
    losses: dict[str, float], regime: str
) -> None:
    assert regime_of(with_losses(**losses))["regime"] == regime


def test_stock_is_the_limit_even_where_orders_do_not_wait() -> None:
    reading = regime_of(with_losses(missing_stock=0.4) | {"orders_waiting_share": 0.0})
    assert reading["regime"] == "replenishment-bound"
    assert "want of stock 40%" in str(reading["regime_reason"])


def test_parked_surplus_is_not_idle() -> None:
    parked = figures(units=(0.3, 0.1, 0.05, 0.025, 0.025, 0.5), n_active=5)
    assert regime_of(parked)["regime"] == "unit-bound"
    assert regime_of(parked | {"n_active": 10})["regime"] == "release-bound"
    errands = regime_of(parked | {"orders_placed": None})
    assert errands["regime"] == "traffic-bound"
    assert "5 more were parked" in str(errands["regime_reason"])


def test_the_slow_ones_of_a_sortation_floor_are_its_induct_stations() -> None:
    busy = {"kind": "induct", **dict(zip(STATION_STATES, (0.9, 0.1, 0.0, 0.0), strict=True))}
    chute = {"kind": "eject", **dict(zip(STATION_STATES, (0.1, 0.0, 0.0, 0.9), strict=True))}
    given = figures(stations=(0.0, 0.0, 0.0, 1.0)) | {"stations": [busy, chute, chute]}
    assert regime_of(given)["regime"] == "station-bound"
    easy = regime_of(given | {"orders_waiting_share": 0.0})
    assert "give it more parcels" in str(easy["regime_reason"])
    assert "hardly ever" in str(easy["regime_reason"])


def test_the_names_are_documented() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "kpis.md"
    assert set(NAMES) == set(re.findall(r"^\| `([a-z]+-bound)` \|", page.read_text(), re.M))
