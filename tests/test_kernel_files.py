"""Kernels use only what stands in their own file: an edit elsewhere must never leave them stale.

numba keys compiled code on disk by the file of the kernel. What a kernel calls, and the constants
that it was compiled with, are frozen in; so both must change together with that file.
"""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ("layouts", "fleet_control", "twin", "gridfleet", "hw_bridge")
LIBRARIES = {"math", "numpy", "numba"}
FILES = sorted(
    path
    for package in PROJECT
    for path in (ROOT / package).rglob("*.py")
    if "\n@kernel\n" in path.read_text("utf-8")
)


def kernels_of(tree: ast.Module) -> list[ast.FunctionDef]:
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "kernel" for mark in node.decorator_list)
    ]


def foreign_names(source: str) -> dict[str, set[str]]:
    """Names that each kernel takes from outside: neither its own nor its file's nor numpy's."""
    tree = ast.parse(source)
    kernels = kernels_of(tree)
    known = set(dir(builtins)) | {kernel.name for kernel in kernels}
    for node in tree.body:
        if isinstance(node, ast.Import):
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
def test_kernels_use_only_their_own_file(path: Path) -> None:
    assert not foreign_names(path.read_text("utf-8"))


HEAD = "import math\nimport numpy as np\nfrom a.b import kernel, far, FAR\nNEAR = 3\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("@kernel\ndef f(x):\n    return far(x)\n", {"f": {"far"}}),
        ("@kernel\ndef f(x):\n    return x + FAR\n", {"f": {"FAR"}}),
        ("def g(x):\n    return x\n@kernel\ndef f(x):\n    return g(x)\n", {"f": {"g"}}),
        ("def g(x):\n    return far(x)\n", {}),
        ("@kernel\ndef f(x):\n    y = math.sqrt(x)\n    return np.int32(abs(y)) + NEAR\n", {}),
        ("@kernel\ndef g(x):\n    return x\n@kernel\ndef f(x):\n    return g(x)\n", {}),
    ],
)
def test_what_comes_from_elsewhere_is_found(body: str, found: dict) -> None:
    assert foreign_names(HEAD + body) == found
