"""What a result depends on beside its job: the program that makes it."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("layouts", "fleet_control", "twin", "hw_bridge", "gridfleet")
LIBRARIES = ("numpy", "numba", "scipy")
"""Whose versions may change how figures are rounded."""


@dataclass(frozen=True, slots=True)
class Program:
    """code: digest of gridfleet's own code. versions: of Python and of libraries, by name."""

    code: str
    versions: dict[str, str]

    def differences(self, other: Program) -> list[str]:
        """Sentences on what the other has that this has not."""
        said = [
            f"{name} {other.versions.get(name)} instead of {ours}"
            for name, ours in self.versions.items()
            if other.versions.get(name) != ours
        ]
        if self.code != other.code:
            said.append("other code of gridfleet")
        return said


@cache
def program() -> Program:
    """The one that is running."""
    versions = {name: version(name) for name in LIBRARIES}
    python = ".".join(platform.python_version_tuple()[:2])
    return Program(code_digest(), {"Python": python, **versions})


@cache
def code_digest() -> str:
    """Sixteen hexadecimal digits of all code of gridfleet and the floors that come with it."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        root = Path(spec.origin).parent
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".toml") and path.is_file():
                digest.update(f"{package}/{path.relative_to(root).as_posix()}\n".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
