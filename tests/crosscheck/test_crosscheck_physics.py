"""The fast engine against bodies: fitted to their legs, it moves as they do."""

from __future__ import annotations

import msgspec
import pytest

from gridfleet.calibration import calibrate
from gridfleet.crosscheck import Pair, Span, compare, run_side
from gridfleet.scenario import Scenario
from twin.unit_model import DEFAULT_UNIT

pytest.importorskip("pybullet", reason="the extra [physics] is not installed")


def test_fitted_to_physics_the_kinematic_engine_moves_as_it() -> None:
    span = Span(minutes=1.5, warm_up_min=0.0, n_batches=3)
    scenario = Scenario(
        layout="teaching", robots=6, hours=span.hours, seed=1, engine="physics", poses_hz=0.0
    )
    true = run_side(scenario, span)
    assert true.failure == ""
    fit = calibrate(true.legs, DEFAULT_UNIT)
    as_fitted = msgspec.structs.replace(scenario, engine="kinematic", unit=fit.unit)
    found = compare(Pair(run_side(as_fitted, span), true), span, 0)
    assert found.engines == ("kinematic", "physics")
    assert abs(found.motion.difference.percent) < 2.0, found.verdict
    contacts = next(row for row in found.kpis if row.name == "contacts")
    assert (contacts.difference.fast, contacts.difference.true) == (0.0, 0.0)
