"""A vehicle of another maker, as its simulator would be: plain VDA 5050 in 2.0, 2.1 or 3.0.

It shares no code with the project. It drives straight from node to node, calls a node reached as
soon as it is within the deviation allowed, does the actions of a node when it is there, and knows
nothing of cells, sessions or tombstones. What it is sent is held against what its version allows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Publish = Callable[[str, bytes, bool], None]
ONLY_IN_3 = {
    "nodeDescriptor", "edgeDescriptor", "actionDescriptor", "maximumSpeed", "retriable",
    "maximumMobileRobotHeight", "minimumLoadHandlingDeviceHeight", "corridor",
    "reachOrientationBeforeEntering",
}  # fmt: skip
ONLY_IN_2 = {"nodeDescription", "edgeDescription", "actionDescription", "maxSpeed", "startNodeId"}


class PlainVehicle:
    """pods: labels by place. publish: takes topic name, payload, and whether it is retained."""

    def __init__(self, version: str, x: float, y: float, pods: dict[tuple[float, float], str]):
        self.version, self.major, self.serial = version, int(version[0]), "V1"
        self.x, self.y, self.theta = x, y, 0.0
        self.pods = dict(pods)
        self.publish: Publish = lambda topic, payload, retain: None
        self.speed, self.action_s, self.start_s = 2.0, 0.3, 0.0
        self.starting_s = 0.0
        self.factsheet_actions: list[Json] | None = None
        self.has_load_sensor = self.has_position = True
        self.tells_paused = True
        self.fails_picks = 0
        self.is_deaf = False
        self.mode, self.manual_s = "AUTOMATIC", 0.0
        self.errors: list[Json] = []
        self.problems: list[str] = []
        self.log: list[str] = []
        self.visited: list[str] = []
        self.header_ids: dict[str, int] = {}
        self.load: str | None = None
        self.n_dropped = 0
        self.charge = 80.0
        self.switch_on()

    def switch_on(self) -> None:
        """Everything is forgotten but the place and the load."""
        self.order_id, self.update_id = "", 0
        self.last_node: Json = {"nodeId": "", "sequenceId": 0}
        self.nodes: list[Json] = []
        self.edges: list[Json] = []
        self.base_end: Json | None = None
        self.actions: dict[str, Json] = {}
        self.instants: dict[str, Json] = {}
        self.todo: list[Json] = []
        self.working: tuple[Json, float] | None = None
        self.is_cancelling = ""
        self.paused = self.driving = False
        self.since_state = 1e9
        self.is_fresh = True

    # What it is sent.

    def hear(self, topic: str, payload: bytes) -> None:
        if self.is_deaf:
            return
        content = json.loads(payload)
        self._check(topic, content)
        self.is_fresh = True
        if topic == "order":
            self._hear_order(content)
        else:
            for action in content["actions"]:
                self._hear_instant(action)

    def _check(self, topic: str, content: Json) -> None:
        """Is it in the words of this version?"""
        wrong = ONLY_IN_3 if self.major == 2 else ONLY_IN_2

        def walk(thing: Any, place: str) -> None:
            if isinstance(thing, dict):
                for key, value in thing.items():
                    if key in wrong:
                        self.problems.append(f"{place}.{key} is not of version {self.version}")
                    if key == "blockingType" and self.major == 2 and value == "SINGLE":
                        self.problems.append(f"{place}: SINGLE")
                    is_ellipse = isinstance(value, dict)
                    if key == "allowedDeviationXY" and is_ellipse != (self.major == 3):
                        self.problems.append(f"{place}.{key} is {value!r}")
                    walk(value, f"{place}.{key}")
            elif isinstance(thing, list):
                for value in thing:
                    walk(value, place)

        walk(content, topic)
        for key in ("headerId", "timestamp", "version", "manufacturer", "serialNumber"):
            if key not in content:
                self.problems.append(f"{topic} without {key}")
        if content.get("version") != self.version:
            self.problems.append(f"{topic} of version {content.get('version')}")
        for edge in content.get("edges", []):
            if self.major == 2 and not {"startNodeId", "endNodeId"} <= set(edge):
                self.problems.append("edge without its nodes")

    def _hear_order(self, order: Json) -> None:
        if self.mode != "AUTOMATIC":
            self._complain("notAvailable", f"is in mode {self.mode}", order)
        elif order["orderId"] == self.order_id:
            self._hear_update(order)
        elif self.is_busy():
            self._complain("orderUpdateError", f"busy with {self.order_id}", order)
        elif not self._is_near(order["nodes"][0]):
            self._complain("noRouteError", "first node is out of range", order)
        else:
            self.errors = []
            self.order_id, self.update_id = order["orderId"], order["orderUpdateId"]
            self.actions, self.todo = {}, []
            first, *rest = order["nodes"]
            self.log.append(f"order {self.order_id}: {[n['nodeId'] for n in order['nodes']]}")
            self._append([first, *rest], order["edges"])
            self._arrive()

    def _hear_update(self, order: Json) -> None:
        if order["orderUpdateId"] == self.update_id:
            return
        first, *rest = order["nodes"]
        end = self.base_end or {}
        if order["orderUpdateId"] < self.update_id:
            self._complain("orderUpdateError", "update is old", order)
        elif first["sequenceId"] != end.get("sequenceId") or first["nodeId"] != end.get("nodeId"):
            self._complain("orderUpdateError", "does not stitch", order)
        else:
            self.errors = []
            self.update_id = order["orderUpdateId"]
            self.log.append(f"update {self.update_id}: {[n['nodeId'] for n in rest]}")
            self._append(rest, order["edges"])

    def _append(self, nodes: list[Json], edges: list[Json]) -> None:
        self.nodes += nodes
        self.edges += edges
        self.base_end = nodes[-1] if nodes else self.base_end
        for thing in [*nodes, *edges]:
            for action in thing["actions"]:
                self.actions[action["actionId"]] = action | {"status": "WAITING"}

    def _is_near(self, node: Json) -> bool:
        if node["nodeId"] == self.last_node["nodeId"]:
            return True
        position = node["nodePosition"]
        off = math.dist((self.x, self.y), (position["x"], position["y"]))
        return off <= max(self._deviation(node), 0.1)

    @staticmethod
    def _deviation(node: Json) -> float:
        allowed = node["nodePosition"].get("allowedDeviationXY", 0.05)
        return allowed["a"] if isinstance(allowed, dict) else allowed

    def _complain(self, kind: str, text: str, order: Json) -> None:
        self.log.append(f"refused: {text}")
        reference = {"referenceKey": "orderId", "referenceValue": order["orderId"]}
        self.errors = [
            {
                "errorType": kind, "errorDescription": text, "errorLevel": "WARNING",
                "errorReferences": [reference],
            }
        ]  # fmt: skip

    def _hear_instant(self, action: Json) -> None:
        name, kind = action["actionId"], action["actionType"]
        if name in self.instants:
            return
        self.log.append(kind)
        state = self.instants[name] = action | {"status": "FINISHED"}
        if kind == "cancelOrder":
            if not self.is_busy():
                state["status"] = "FAILED"
                return
            state["status"] = "RUNNING"
            self.is_cancelling = name
            self.nodes, self.edges = [], []
            self.todo = []
            for task in self.actions.values():
                if task["status"] == "WAITING":
                    task["status"] = "FAILED"
        elif kind in ("startPause", "stopPause"):
            self.paused = kind == "startPause"
        elif kind == "factsheetRequest":
            self.tell_factsheet()
        elif kind != "stateRequest":
            state["status"] = "FAILED"

    def is_busy(self) -> bool:
        statuses = {task["status"] for task in self.actions.values()}
        return bool(self.nodes or self.todo or statuses & {"WAITING", "RUNNING", "INITIALIZING"})

    def take_over(self, seconds: float) -> None:
        """Somebody drives it by hand, or could: it gives up its order."""
        self.mode, self.manual_s = "MANUAL", seconds
        self.nodes, self.edges, self.todo, self.working = [], [], [], None
        for task in self.actions.values():
            if task["status"] in ("WAITING", "RUNNING"):
                task["status"] = "FAILED"
        self.is_fresh = True

    # What it does.

    def step(self, dt: float) -> None:
        self.since_state += dt
        if self.manual_s > 0.0:
            self.manual_s -= dt
            if self.manual_s <= 0.0:
                self.mode, self.is_fresh = "AUTOMATIC", True
        was_driving = self.driving
        self.driving = False
        if self.working is not None:
            self._work(dt)
        elif self.todo:
            self._begin(self.todo.pop(0))
        elif self.nodes and not self.paused and self.mode == "AUTOMATIC":
            self._drive(dt)
        if self.is_cancelling and self.working is None:
            self.instants[self.is_cancelling]["status"] = "FINISHED"
            self.is_cancelling, self.is_fresh = "", True
        if self.driving != was_driving:
            self.is_fresh = True
        if self.is_fresh or self.since_state >= (0.2 if self.driving else 1.0):
            self.tell_state()

    def _drive(self, dt: float) -> None:
        target = self.nodes[0]["nodePosition"]
        dx, dy = target["x"] - self.x, target["y"] - self.y
        far = math.hypot(dx, dy)
        limit = self.edges[0].get("maxSpeed", self.edges[0].get("maximumSpeed", math.inf))
        if self.starting_s > 0.0:
            self.starting_s -= dt
            self.driving = True
            return
        way = min(far, min(self.speed, 0.99 * limit) * dt)
        if far > 1e-9:
            self.x, self.y = self.x + dx / far * way, self.y + dy / far * way
            self.theta = math.atan2(dy, dx)
        if far - way < 1e-9:
            self.x, self.y = target["x"], target["y"]
        self.driving = True
        is_stop = len(self.nodes) == 1 or bool(self.nodes[0]["actions"])
        if far - way <= (1e-9 if is_stop else self._deviation(self.nodes[0])):
            self.edges.pop(0)
            self._arrive()

    def _arrive(self) -> None:
        node = self.nodes.pop(0)
        self.last_node = {"nodeId": node["nodeId"], "sequenceId": node["sequenceId"]}
        self.visited.append(node["nodeId"])
        self.todo = list(node["actions"])
        if not self.nodes:
            self.starting_s = self.start_s  # it stops here
        self.is_fresh = True

    def _begin(self, action: Json) -> None:
        self.actions[action["actionId"]]["status"] = "RUNNING"
        self.working = (action, self.action_s)
        self.is_fresh = True

    def _work(self, dt: float) -> None:
        assert self.working is not None
        action, left = self.working
        if left > dt:
            self.working = (action, left - dt)
            return
        self.working, self.is_fresh = None, True
        why = self._pick() if action["actionType"] == "pick" else self._drop()
        self.log.append(f"{action['actionType']}: {why or 'done'}")
        self.actions[action["actionId"]]["status"] = "FAILED" if why else "FINISHED"
        if why:
            reference = {"referenceKey": "actionId", "referenceValue": action["actionId"]}
            self.errors = [
                {"errorType": why, "errorLevel": "WARNING", "errorReferences": [reference]}
            ]

    def _pod_here(self) -> tuple[float, float] | None:
        here = (self.x, self.y)
        return next((place for place in self.pods if math.dist(place, here) < 0.1), None)

    def _pick(self) -> str:
        """Why it cannot, "" where it has."""
        if self.fails_picks:
            self.fails_picks -= 1
            return "liftJam"
        place = self._pod_here()
        if self.load is not None or place is None:
            return "noLoadFound" if self.load is None else "positionOccupied"
        self.load = self.pods.pop(place)
        return ""

    def _drop(self) -> str:
        if self.load is None or self._pod_here() is not None:
            return "noLoadFound" if self.load is None else "positionOccupied"
        self.pods[(self.x, self.y)] = self.load
        self.load = None
        self.n_dropped += 1
        return ""

    # What it says.

    def _send(self, topic: str, body: Json, retain: bool = False) -> None:
        number = self.header_ids[topic] = self.header_ids.get(topic, -1) + 1
        header = {
            "headerId": number, "timestamp": "2026-03-11T11:40:03.12Z", "version": self.version,
            "manufacturer": "acme", "serialNumber": self.serial,
        }  # fmt: skip
        self.publish(topic, json.dumps(header | body).encode(), retain)

    def tell_connection(self, state: str = "ONLINE") -> None:
        self._send("connection", {"connectionState": state}, retain=True)

    def last_will(self) -> bytes:
        word = "CONNECTIONBROKEN" if self.major == 2 else "CONNECTION_BROKEN"
        return json.dumps(
            {
                "headerId": 0, "timestamp": "2026-03-11T11:40:03.12Z", "version": self.version,
                "manufacturer": "acme", "serialNumber": self.serial, "connectionState": word,
            }
        ).encode()  # fmt: skip

    def tell_factsheet(self) -> None:
        if self.factsheet_actions is None:
            return
        name = "agvActions" if self.major == 2 else "mobileRobotActions"
        self._send("factsheet", {"protocolFeatures": {name: self.factsheet_actions}}, retain=True)

    def tell_state(self) -> None:
        self.since_state, self.is_fresh = 0.0, False
        tasks = [self._action_state(task) for task in self.actions.values()]
        instants = [self._action_state(task) for task in self.instants.values()]
        body: Json = {
            "orderId": self.order_id, "orderUpdateId": self.update_id,
            "lastNodeId": self.last_node["nodeId"],
            "lastNodeSequenceId": self.last_node["sequenceId"],
            "driving": self.driving, "operatingMode": self.mode, "errors": self.errors,
            "nodeStates": [
                {key: node[key] for key in ("nodeId", "sequenceId", "released")}
                for node in self.nodes
            ],
            "edgeStates": [
                {key: edge[key] for key in ("edgeId", "sequenceId", "released")}
                for edge in self.edges
            ],
        }  # fmt: skip
        if self.tells_paused:
            body["paused"] = self.paused
        if self.has_load_sensor:
            body["loads"] = [] if self.load is None else [{"loadId": self.load}]
        body |= self._body_2(tasks, instants) if self.major == 2 else self._body_3(tasks, instants)
        self._send("state", body)

    def _action_state(self, task: Json) -> Json:
        return {
            "actionId": task["actionId"],
            "actionType": task["actionType"],
            "actionStatus": task["status"],
        }

    def _body_2(self, tasks: list[Json], instants: list[Json]) -> Json:
        body: Json = {
            "actionStates": tasks + instants,
            "batteryState": {"batteryCharge": self.charge, "charging": False},
            "safetyState": {"eStop": "NONE", "fieldViolation": False},
        }
        if self.has_position:
            body["agvPosition"] = {
                "x": self.x, "y": self.y, "theta": self.theta, "mapId": "floor",
                "positionInitialized": True,
            }  # fmt: skip
        return body

    def _body_3(self, tasks: list[Json], instants: list[Json]) -> Json:
        body: Json = {
            "actionStates": tasks,
            "instantActionStates": instants,
            "powerSupply": {"stateOfCharge": self.charge, "charging": False},
            "safetyState": {"activeEmergencyStop": "NONE", "fieldViolation": False},
        }
        if self.has_position:
            body["mobileRobotPosition"] = {
                "x": self.x, "y": self.y, "theta": self.theta, "mapId": "floor", "localized": True,
            }  # fmt: skip
        return body
