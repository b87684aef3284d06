"""Topic factsheet: what the unit is and can do (VDA 5050, section 7.10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hw_bridge.agent.options import AgentOptions, Build
from hw_bridge.agent.tasks import LIFTING
from hw_bridge.vda5050 import names
from hw_bridge.vda5050.action import BlockingType
from hw_bridge.wire.frames import MAX_MESSAGE_BYTES

INSTANT_ACTIONS = (
    names.CANCEL_ORDER, names.START_PAUSE, names.STOP_PAUSE, names.RETRY, names.STATE_REQUEST,
    names.FACTSHEET_REQUEST, "clearInstantActions",
)  # fmt: skip
SUPPORTED = {
    "order.nodes.nodePosition": "REQUIRED",
    "order.nodes.nodePosition.allowedDeviationXY": "SUPPORTED",
    "order.edges.maximumSpeed": "SUPPORTED",
    "order.edges.length": "SUPPORTED",
}


def factsheet(header: Mapping[str, Any], options: AgentOptions) -> bytes:
    build = options.build
    return msgspec.json.encode(
        {
            **{_camel(key): value for key, value in header.items()},
            "typeSpecification": {
                "seriesName": build.series,
                "mobileRobotKinematics": "DIFFERENTIAL",
                "mobileRobotClass": "CARRIER",
                "maximumLoadMass": build.maximum_load_kg,
                "localizationTypes": ["GRID"],
                "navigationTypes": ["VIRTUAL_LINE_GUIDED"],
            },
            "physicalParameters": _physical(build),
            "protocolLimits": _limits(options),
            "protocolFeatures": {
                "optionalParameters": [
                    {"parameter": name, "support": support} for name, support in SUPPORTED.items()
                ],
                "mobileRobotActions": _actions(options),
            },
            "mobileRobotGeometry": {},
            "loadSpecification": {
                "loadPositions": ["lift"],
                "loadSets": [
                    {
                        "setName": "pods",
                        "loadType": names.LOAD_TYPE,
                        "loadPositions": ["lift"],
                        "maximumWeight": build.maximum_load_kg,
                        "pickTime": build.lift_s,
                        "dropTime": build.lift_s,
                    }
                ],
            },
        }
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _physical(build: Build) -> dict[str, float]:
    return {
        "minimumSpeed": 0.0,
        "maximumSpeed": build.maximum_speed_m_s,
        "maximumAcceleration": build.maximum_acceleration_m_s2,
        "maximumDeceleration": build.maximum_deceleration_m_s2,
        "minimumHeight": build.height_m,
        "maximumHeight": build.height_m,
        "width": build.width_m,
        "length": build.length_m,
    }


def _limits(options: AgentOptions) -> dict[str, Any]:
    return {
        "maximumStringLengths": {"maximumMessageLength": MAX_MESSAGE_BYTES},
        "maximumArrayLengths": {
            "order.nodes": options.max_nodes,
            "order.edges": options.max_nodes - 1,
            "state.instantActionStates": options.max_instants,
        },
        "timing": {
            "minimumOrderInterval": 0.0,
            "minimumStateInterval": 0.0,
            "defaultStateInterval": options.state_s,
        },
    }


def _actions(options: AgentOptions) -> list[dict[str, Any]]:
    load = {"key": "loadId", "valueDataType": "STRING", "isOptional": True}
    hard = [BlockingType.HARD]
    return [
        *(_action(kind, ["NODE"], hard, pause=True, parameters=[load]) for kind in LIFTING),
        *(_action(kind, ["INSTANT"], [BlockingType.NONE]) for kind in INSTANT_ACTIONS),
        *(
            _action(tool.action_type, list(tool.scopes), list(tool.blocking), cancel=True)
            for tool in options.tools
        ),
    ]


def _action(
    kind: str, scopes: list[str], blocking: list[BlockingType], pause: bool = False,
    cancel: bool = False, parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    action: dict[str, Any] = {
        "actionType": kind,
        "actionScopes": scopes,
        "blockingTypes": blocking,
        "pauseAllowed": pause,
        "cancelAllowed": cancel,
    }
    if parameters is not None:
        action["actionParameters"] = parameters
    return action
