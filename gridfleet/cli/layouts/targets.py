"""Files to write: of a known kind, and not by accident over another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from layouts import LayoutError


def file_for(name: str, suffix: str) -> Path:
    """A file in this folder, named after the floor."""
    return Path((re.sub(r"[^\w.-]+", "-", name).strip("-.") or "floor") + suffix)


def check_target(path: Path, suffixes: Sequence[str], may_replace: bool) -> None:
    """Raises LayoutError for a file that must or can not be written."""
    faults = []
    if path.suffix not in suffixes:
        faults.append(f"{path}: unknown kind of file; end its name in {' or '.join(suffixes)}")
    if path.is_dir():
        faults.append(f"{path} is a folder; name a file in it")
    elif path.exists() and not may_replace:
        faults.append(f"{path} exists; take another name, or replace it with --force")
    elif not path.parent.is_dir():
        faults.append(f"{path}: there is no folder {path.parent}; create it first")
    if faults:
        raise LayoutError(faults)
