"""What a result depends on beside its job: the program that makes it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("layouts", "fleet_control", "twin", "hw_bridge", "gridfleet")


@cache
def program_digest() -> str:
    """Sixteen hexadecimal digits of all code of gridfleet and the floors that come with it.

    Libraries are not in it: a result differs where they round differently, which a cluster's
    workers are checked for by their versions.
    """
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
