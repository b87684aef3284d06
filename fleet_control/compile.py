"""One place decides how kernels are compiled.

Kernels take and fill plain arrays, allocate nothing in a hot path and hold no Python objects.
Compiled code is kept on disk. Numba compiles a kernel again only when its own file was edited
(numba issue 1833), whatever it calls and whichever constants it has frozen in; so the folder of
compiled code is named after the sources of the file and of all files of kernels that it imports.
Kernels therefore live in files named `*kernels.py` and take what they use from such files only,
with `from ... import` lines; a test reads the syntax trees (tests/test_kernel_files.py).
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba
from numba.core import config

P = ParamSpec("P")
R = TypeVar("R")
_IMPORT = re.compile(r"^from ([\w.]*kernels) import", re.MULTILINE)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for arrays: cached on disk, without the GIL, C-like arithmetic errors."""
    return _compiled(function, "never")


def part_of_kernels(function: Callable[P, R]) -> Callable[P, R]:
    """`kernel` for a step of a hot loop: it is compiled into whoever calls it. Handing over a dozen
    arrays costs more than such a step does; whoever calls it takes longer to compile."""
    return _compiled(function, "always")


def _compiled(function: Callable[P, R], inline: str) -> Callable[P, R]:
    usual = config.CACHE_DIR
    config.CACHE_DIR = str(_cache_folder(function.__module__))
    try:
        compiled: Callable[P, R] = numba.njit(
            cache=True, nogil=True, error_model="numpy", inline=inline
        )(function)
    finally:
        config.CACHE_DIR = usual
    return compiled


@cache
def _cache_folder(module: str) -> Path:
    """Where compiled code of the module goes; that of earlier sources is thrown away."""
    file = _file(module)
    base = Path(config.CACHE_DIR) if config.CACHE_DIR else file.parent / "__pycache__"
    folder = base / f"{module}-{sources_stamp(module)[:16]}"
    if not folder.exists():
        for old in base.glob(f"{module}-*"):
            shutil.rmtree(old, ignore_errors=True)
    return folder


@cache
def sources_stamp(module: str) -> str:
    """Hash of the source of a module of kernels and of all such modules that it imports."""
    source = _file(module).read_bytes()
    stamp = sha256(source)
    for name in sorted(set(_IMPORT.findall(source.decode()))):
        stamp.update(sources_stamp(name).encode())
    return stamp.hexdigest()


def _file(module: str) -> Path:
    """Of a module that is being imported, or has been."""
    return Path(str(sys.modules[module].__file__))
