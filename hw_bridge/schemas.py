"""The official JSON schemas of VDA 5050, read from a folder: order.schema, state.schema, and so on.

They are not part of this project (https://github.com/VDA5050/VDA5050, folder json_schemas). Types,
required fields, enumerations and ranges are checked by hw_bridge.vda5050 without them; this is the
independent second look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hw_bridge.vda5050.topics import KINDS

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


class SchemaError(ValueError):
    """No schemas there, or no library to use them; the text says which and the cure."""


class Schemas:
    """Validators of all topics, draft 2020-12, with formats checked."""

    def __init__(self, folder: Path) -> None:
        """Raises SchemaError with all that is missing."""
        self._validators = _validators(folder)

    def faults(self, topic: str, content: Any) -> Iterator[tuple[str, str]]:
        """Place and text of each fault of a decoded message; none for topics without a schema."""
        validator = self._validators.get(topic)
        if validator is None:
            return
        for error in validator.iter_errors(content):
            yield error.json_path.removeprefix("$").removeprefix(".") or "message", error.message


def _validators(folder: Path) -> dict[str, Draft202012Validator]:
    try:
        from jsonschema import Draft202012Validator, FormatChecker
        from jsonschema.exceptions import SchemaError as BadSchema
    except ModuleNotFoundError:
        raise SchemaError(
            "checking against the official schemas needs jsonschema: "
            "pip install jsonschema rfc3339-validator"
        ) from None
    validators, faults = {}, []
    for topic in KINDS:
        path = folder / f"{topic}.schema"
        try:
            schema = json.loads(path.read_bytes())
            Draft202012Validator.check_schema(schema)
        except (OSError, ValueError, BadSchema) as error:
            faults.append(f"{path}: {_reason(error)}")
            continue
        validators[topic] = Draft202012Validator(schema, format_checker=FormatChecker())
    if faults:
        raise SchemaError("\n".join(faults))
    return validators


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there; give the folder json_schemas of VDA 5050 3.0.0"
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return f"is no JSON schema: {str(error).splitlines()[0]}"
