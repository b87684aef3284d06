"""What sockets and keys refuse, as errors of this project.

Code that units share with the controller (hw_bridge.wire) has errors of its own, since it needs
nothing else of the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hw_bridge.wire.errors import WireError
from layouts import GridfleetError


@contextmanager
def wire_errors_as(kind: type[GridfleetError]) -> Iterator[None]:
    """Raise `kind` for addresses and keys that cannot be used, and for files that cannot."""
    try:
        yield
    except WireError as error:
        raise kind(str(error)) from None
    except OSError as error:
        if isinstance(error, GridfleetError) or error.filename is None:
            raise
        raise kind(f"{error.filename}: {error.strerror}") from None
