"""Kernels once more, with every array access checked: numba leaves that out, and reads on beyond.

A process of its own, since the switch is read when numba is imported; a cache of its own, since
compiled code does not remember how the switch was set.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # everything is compiled anew
ROOT = Path(__file__).resolve().parents[1]
OUT_OF_BOUNDS = """
import numpy as np
from fleet_control.execution.kernels import count_short
flags, counts = np.zeros(3, dtype=bool), np.zeros(2, dtype=np.int32)
count_short(~flags, flags, counts, counts, 1)
"""
SHORT_RUNS = """
from gridfleet.scenario import Scenario
from gridfleet.kpis import kpis
from gridfleet.simulation import Simulation
record = Simulation(Scenario(layout="teaching", hours=0.2)).run()
assert record.contacts == 0 and record.conflicts == 0
assert record.cells_driven.sum() > 500
assert kpis(record)["detour_factor"] >= 1
"""
KERNEL_TESTS = (
    "tests/conformance",
    "tests/execution/test_execution_kernels.py",
    "tests/execution/test_safety.py",
    "tests/execution/test_waits.py",
    "tests/mapf/test_conflicts.py",
    "tests/mapf/test_fields.py",
    "tests/mapf/test_mapf_kernels.py",
    "tests/twin/test_monitor.py",
    "tests/twin/test_twin_kernels.py",
)
NO_SOCKETS = "not (bridge or gateway)"
"""Of the conformance suite: what is behind sockets runs the same kernels as `linked`."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # what one test process has compiled is there for the others
    cache = folder / "checked_kernels"
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": paths,
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_an_access_beyond_an_array_is_an_error_here(environment: dict[str, str]) -> None:
    result = run(environment, "-c", OUT_OF_BOUNDS)
    assert "IndexError: index is out of bounds" in result.stderr


def test_short_runs_stay_within_their_arrays(environment: dict[str, str]) -> None:
    result = run(environment, "-c", SHORT_RUNS)
    assert result.returncode == 0, result.stderr


def test_kernel_tests_stay_within_their_arrays(environment: dict[str, str]) -> None:
    options = ("-q", "-x", "-p", "no:cacheprovider", "-k", NO_SOCKETS)
    result = run(environment, "-m", "pytest", *options, *KERNEL_TESTS)
    assert result.returncode == 0, result.stdout[-4000:]
