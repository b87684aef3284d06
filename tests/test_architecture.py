"""The house of the project: imports point one way, and deciding never reads a wall clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "layouts": set(),
    "fleet_control": {"layouts"},
    "twin": {"layouts", "fleet_control"},
    "hw_bridge": {"layouts", "fleet_control"},
    "gridfleet": {"layouts", "fleet_control", "twin", "hw_bridge"},
}
NOT_IN_CONTROL = {"pybullet", "zmq", "matplotlib", "duckdb", "starlette", "flask", "fastapi"}
CLOCKS = {"time", "datetime", "random"}


def imported(tree: ast.AST) -> set[str]:
    """Top-level names of all modules imported anywhere in the tree."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def wrong_imports(package: str, source: str) -> set[str]:
    names = imported(ast.parse(source))
    wrong = names & (set(MAY_IMPORT) - MAY_IMPORT[package] - {package})
    if package in ("fleet_control", "layouts"):
        wrong |= names & NOT_IN_CONTROL
    return wrong


def clock_uses(source: str) -> set[str]:
    """Clocks and global random state named in the source."""
    tree = ast.parse(source)
    found = imported(tree) & CLOCKS
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)):
            continue
        is_numpy_random = node.value.attr == "random" and isinstance(node.value.value, ast.Name)
        if is_numpy_random and node.attr[0].islower() and node.attr != "default_rng":
            found.add(f"np.random.{node.attr}")
    return found


@pytest.mark.parametrize("package", [name for name in MAY_IMPORT if (ROOT / name).is_dir()])
def test_imports_point_one_way(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): names
        for path in sorted((ROOT / package).rglob("*.py"))
        if (names := wrong_imports(package, path.read_text(encoding="utf-8")))
    }
    assert not wrong


def test_control_reads_no_clock_and_no_global_chance() -> None:
    found = {
        path.name: names
        for path in sorted((ROOT / "fleet_control").rglob("*.py"))
        if (names := clock_uses(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_the_checks_catch_violations() -> None:
    assert wrong_imports("fleet_control", "from twin.people import People") == {"twin"}
    assert wrong_imports("twin", "import hw_bridge.link") == {"hw_bridge"}
    assert wrong_imports("fleet_control", "def f():\n    import zmq") == {"zmq"}
    assert clock_uses("import time") == {"time"}
    assert clock_uses("import numpy as np\nnp.random.rand(3)") == {"np.random.rand"}
    assert not clock_uses("import numpy as np\nnp.random.Generator(np.random.PCG64(1))")
