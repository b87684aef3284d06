"""When floors have forgotten how they began."""

from __future__ import annotations

import numpy as np
import pytest

from gridfleet.experiments.errors import ExperimentError
from gridfleet.experiments.settling import settling_time


def test_the_slowest_decides() -> None:
    rng = np.random.default_rng(3)
    steady = 10.0 + 0.1 * rng.standard_normal((2, 200))
    slow = np.where(np.arange(200) < 60, 2.0, steady[1])
    assert settling_time([steady[0]], "")[0] < 30
    assert settling_time([steady[0], slow], "") == (60, True)


def test_a_floor_that_never_settles() -> None:
    assert settling_time([np.linspace(0.0, 10.0, 100)], "") == (50, False)


def test_too_few_minutes() -> None:
    with pytest.raises(ExperimentError, match=r"has 49 minutes, .* 50 or more; set hours = 0\.9"):
        settling_time([np.ones(49)], "set hours = {hours:g}")
