"""The house of the project: imports point one way, and deciding never reads a wall clock.

Both rules are read off the syntax tree, so that an import inside a function or under TYPE_CHECKING
counts like any other. Names hidden in strings that are computed at run time are not seen.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
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
NOT_IN_CONTROL = {
    "pybullet", "zmq", "matplotlib", "duckdb",
    "aiohttp", "bottle", "dash", "django", "fastapi", "flask", "starlette", "streamlit", "tornado",
    "uvicorn", "websockets",
}  # fmt: skip
CLOCKS = {"time", "datetime", "random", "secrets", "uuid"}
"""Modules that control code must not import: clocks, and chance without a seed."""
SEEDED = {"default_rng", "SeedSequence", "PCG64", "PCG64DXSM", "Philox", "SFC64", "MT19937"}
"""Of numpy.random, what is deterministic once it is given a seed."""
TYPES = {"Generator", "BitGenerator"}


def modules_imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of everything imported from outside the package of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _is_dynamic_import(node.func) and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def _is_dynamic_import(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


def wrong_imports(package: str, source: str) -> set[str]:
    """Top-level names that code of the package must not import."""
    names = {name.split(".")[0] for name in modules_imported(ast.parse(source))}
    wrong = names & (set(MAY_IMPORT) - MAY_IMPORT[package] - {package})
    if package in ("fleet_control", "layouts"):
        wrong |= names & NOT_IN_CONTROL
    return wrong


def dotted_names(tree: ast.AST) -> dict[str, str]:
    """What each imported name of a file stands for: np -> numpy, rnd -> numpy.random."""
    meanings = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                meanings[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                meanings[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return meanings


def full_name(node: ast.expr, meanings: dict[str, str]) -> str:
    """numpy.random.rand for `np.random.rand`; "" for what is no plain dotted name."""
    if isinstance(node, ast.Name):
        return meanings.get(node.id, "")
    if isinstance(node, ast.Attribute) and (owner := full_name(node.value, meanings)):
        return f"{owner}.{node.attr}"
    return ""


def clock_uses(source: str) -> set[str]:
    """Clocks, global random state and unseeded generators named in the source."""
    tree = ast.parse(source)
    meanings = dotted_names(tree)
    names = list(modules_imported(tree))
    found = {name.split(".")[0] for name in names} & CLOCKS
    names += [full_name(node, meanings) for node in ast.walk(tree) if isinstance(node, ast.expr)]
    for name in names:
        owner, _, last = name.rpartition(".")
        if owner == "numpy.random" and last not in SEEDED | TYPES:
            found.add(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            owner, _, last = full_name(node.func, meanings).rpartition(".")
            if owner == "numpy.random" and last in SEEDED:
                found.add(f"{owner}.{last}()")
    return found


def faults_in(package: str, check: Callable[[str], set[str]]) -> dict[str, set[str]]:
    paths = sorted((ROOT / package).rglob("*.py"))
    assert paths, f"no code found in {package}"
    found = {str(path.relative_to(ROOT)): check(path.read_text("utf-8")) for path in paths}
    return {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("package", [name for name in MAY_IMPORT if (ROOT / name).is_dir()])
def test_imports_point_one_way(package: str) -> None:
    assert not faults_in(package, lambda source: wrong_imports(package, source))


UNIT_SIDE = ("hw_bridge.agent", "hw_bridge.stations")
"""What runs on units and stations, and must not need anything of the controller."""
OF_UNITS = ("hw_bridge.vda5050", "hw_bridge.wire", *UNIT_SIDE)
LIBRARIES = {"msgspec", "zmq"}


def foreign_imports(source: str) -> set[str]:
    """What code on a unit imports beyond messages, frames and keys, and the standard library."""
    names = set(modules_imported(ast.parse(source)))
    return {
        name
        for name in names
        if not name.startswith(OF_UNITS)
        and name.split(".")[0] not in sys.stdlib_module_names | LIBRARIES
    }


@pytest.mark.parametrize("package", UNIT_SIDE)
def test_units_and_stations_need_nothing_of_the_controller(package: str) -> None:
    assert not faults_in(package.replace(".", "/"), foreign_imports)


def test_the_messages_need_nothing_of_the_controller() -> None:
    for package in ("hw_bridge/vda5050", "hw_bridge/wire"):
        found = faults_in(package, foreign_imports)
        assert not {name for names in found.values() for name in names if "hw_bridge" not in name}


def test_a_drive_agent_reads_no_clock() -> None:
    agent = ROOT / "hw_bridge" / "agent"
    sans_io = [path for path in agent.glob("*.py") if path.name not in ("run.py", "device_link.py")]
    for path in sans_io:
        found = clock_uses(path.read_text("utf-8"))
        assert not found - ({"datetime"} if path.name == "report.py" else set()), path


def test_a_foreign_import_is_caught() -> None:
    assert foreign_imports("import numpy\nfrom fleet_control import link\nimport json") == {
        "numpy", "fleet_control.link",
    }  # fmt: skip
    assert not foreign_imports("from hw_bridge.wire.frames import Link\nimport zmq, time")


def test_control_reads_no_clock_and_no_global_chance() -> None:
    assert not faults_in("fleet_control", clock_uses)


@pytest.mark.parametrize(
    ("package", "source", "wrong"),
    [
        ("fleet_control", "from twin.people import People", {"twin"}),
        ("fleet_control", "import gridfleet.record as record", {"gridfleet"}),
        ("fleet_control", "def f():\n    import zmq", {"zmq"}),
        ("fleet_control", "from matplotlib import pyplot", {"matplotlib"}),
        ("fleet_control", "if TYPE_CHECKING:\n    import duckdb", {"duckdb"}),
        ("fleet_control", "import importlib\nimportlib.import_module('pybullet')", {"pybullet"}),
        ("fleet_control", "__import__('twin.people')", {"twin"}),
        ("twin", "import hw_bridge.link", {"hw_bridge"}),
        ("twin", "import gridfleet", {"gridfleet"}),
        ("hw_bridge", "from twin import kinematic", {"twin"}),
        ("layouts", "from fleet_control.backend import Reports", {"fleet_control"}),
    ],
)
def test_a_wrong_import_is_caught(package: str, source: str, wrong: set[str]) -> None:
    assert wrong_imports(package, source) == wrong


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("fleet_control", "import numpy as np\nfrom layouts import Layout\nfrom . import events"),
        ("twin", "from fleet_control.backend import Reports\nimport pybullet"),
        ("gridfleet", "import hw_bridge, twin, fleet_control, layouts, duckdb"),
        ("hw_bridge", "import zmq"),
    ],
)
def test_a_right_import_passes(package: str, source: str) -> None:
    assert not wrong_imports(package, source)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time", {"time"}),
        ("from time import perf_counter", {"time"}),
        ("def f():\n    from datetime import datetime\n    return datetime.now()", {"datetime"}),
        ("import random as chance", {"random"}),
        ("import numpy as np\nnp.random.rand(3)", {"numpy.random.rand"}),
        ("import numpy\nnumpy.random.seed(3)", {"numpy.random.seed"}),
        ("from numpy.random import shuffle", {"numpy.random.shuffle"}),
        ("from numpy import random as r\nr.choice(3)", {"numpy.random.choice"}),
        ("import numpy.random as r\nr.RandomState(3)", {"numpy.random.RandomState"}),
        ("import numpy as np\nnp.random.default_rng()", {"numpy.random.default_rng()"}),
        ("from numpy.random import PCG64\nPCG64()", {"numpy.random.PCG64()"}),
    ],
)
def test_a_clock_or_unseeded_chance_is_caught(source: str, found: set[str]) -> None:
    assert clock_uses(source) == found


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.random.Generator(np.random.PCG64(1))",
        "import numpy as np\nnp.random.default_rng(np.random.SeedSequence([1, 2])).random(3)",
        "def f(rng, now_s):\n    return rng.choice(3), now_s.time",
    ],
)
def test_seeded_chance_and_given_time_pass(source: str) -> None:
    assert not clock_uses(source)
