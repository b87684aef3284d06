"""A scenario from options of a command line, over that of a file where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from gridfleet.demand import Placement
from gridfleet.run_folder import SCENARIO
from gridfleet.scenario import Scenario, ScenarioError, read_scenario
from twin.physics.options import PhysicsOptions

_PHYSICS = ("detail", "processes")


def scenario_file(path: Path) -> Scenario:
    """The scenario of a file, or of the folder of a run. Raises ScenarioError."""
    return read_scenario(path / SCENARIO if path.is_dir() else path)


def overridden(base: Scenario | None, given: Mapping[str, Any]) -> Scenario:
    """The scenario with these options. base: None to make it of them alone.

    given: keys of a scenario; and `detail` and `processes` of the physics engine, and `stock`, the
    file of it. Raises ScenarioError.
    """
    options = dict(given)
    if base is None and "layout" not in options:
        raise ScenarioError("no floor; name a ready floor or a floor file, or give --scenario")
    if "stock" in options:
        table = base.stock if base is not None else Placement()
        options["stock"] = replace(table, file=options["stock"])
    physics = {key: options.pop(key) for key in _PHYSICS if key in options}
    if physics:
        options["physics"] = replace(
            base.physics if base is not None else PhysicsOptions(), **physics
        )
    if base is None:
        return Scenario(**options).resolved(Path())
    return msgspec.structs.replace(base, **options).resolved(Path())
