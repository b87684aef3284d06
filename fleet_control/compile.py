"""One place decides how kernels are compiled.

Kernels take and fill plain arrays, allocate nothing in a hot path and hold no Python objects.
Compiled code is kept on disk, and numba recompiles a kernel only when its own file was edited
(numba issue 1833). So a kernel calls kernels and reads constants of its own file only; a test reads
the syntax trees (tests/test_kernel_files.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function for arrays: cached on disk, without the GIL, C-like arithmetic errors."""
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled
