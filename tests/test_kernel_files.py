"""Kernels use only what stands in files of kernels: an edit anywhere must never leave them stale.

Compiled code on disk is keyed by the sources of the kernel's file and of all files of kernels that
it imports from. What a kernel calls, and the constants that it was compiled with, are frozen in.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from pathlib import Path

import pytest

from fleet_control.compile import sources_stamp

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ("layouts", "fleet_control", "twin", "gridfleet", "hw_bridge")
LIBRARIES = {"math", "numpy", "numba"}
MARKS = {"kernel", "part_of_kernels"}
FILES = sorted(
    path
    for package in PROJECT
    for path in (ROOT / package).rglob("*.py")
    if any(f"\n@{mark}\n" in path.read_text("utf-8") for mark in MARKS)
)


def kernels_of(tree: ast.Module) -> list[ast.FunctionDef]:
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id in MARKS for mark in node.decorator_list)
    ]


def foreign_names(source: str) -> dict[str, set[str]]:
    """Names that each kernel takes from outside: neither its own nor from
    a file of kernels nor numpy's."""
    tree = ast.parse(source)
    kernels = kernels_of(tree)
    known = set(dir(builtins)) | {kernel.name for kernel in kernels}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and str(node.module).endswith("kernels"):
            known |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            known |= {a.asname or a.name for a in node.names if a.name.split(".")[0] in LIBRARIES}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            known |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    found = {}
    for kernel in kernels:
        names = [n for statement in kernel.body for n in ast.walk(statement)]
        loaded = {n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        own = {n.id for n in names if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        found[kernel.name] = loaded - own - known - {arg.arg for arg in kernel.args.args}
    return {name: names for name, names in found.items() if names}


def test_there_are_kernel_files() -> None:
    assert len(FILES) >= 7


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_kernels_use_only_files_of_kernels(path: Path) -> None:
    assert path.stem.endswith("kernels")
    assert not foreign_names(path.read_text("utf-8"))


def test_stamp_changes_with_everything_that_is_compiled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "low_kernels.py").write_text("FACTOR = 1\n")
    (tmp_path / "high_kernels.py").write_text("from low_kernels import FACTOR\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("low_kernels", "high_kernels"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.import_module(name)

    def stamps() -> list[str]:
        sources_stamp.cache_clear()
        return [sources_stamp(name) for name in ("low_kernels", "high_kernels")]

    before = stamps()
    assert stamps() == before
    (tmp_path / "low_kernels.py").write_text("FACTOR = 2\n")
    assert all(new != old for new, old in zip(stamps(), before, strict=True))


HEAD = "import math\nimport numpy as np\nfrom a.b import kernel, far, FAR\nNEAR = 3\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("@kernel\ndef f(x):\n    return far(x)\n", {"f": {"far"}}),
        ("@kernel\ndef f(x):\n    return x + FAR\n", {"f": {"FAR"}}),
        ("from b.kernels import FAR\n@kernel\ndef f(x):\n    return x + FAR\n", {}),
        ("def g(x):\n    return x\n@kernel\ndef f(x):\n    return g(x)\n", {"f": {"g"}}),
        ("def g(x):\n    return far(x)\n", {}),
        ("@kernel\ndef f(x):\n    y = math.sqrt(x)\n    return np.int32(abs(y)) + NEAR\n", {}),
        ("@kernel\ndef g(x):\n    return x\n@kernel\ndef f(x):\n    return g(x)\n", {}),
    ],
)
def test_what_comes_from_elsewhere_is_found(body: str, found: dict) -> None:
    assert foreign_names(HEAD + body) == found
