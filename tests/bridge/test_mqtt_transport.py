"""The gateway with a real broker and vehicles of another maker, as a controller sees them."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from mqtt_rig import ConnectedVehicle, Mosquitto, poll, running_mosquitto
from plain_vehicle import PlainVehicle
from vda_samples import schema_folder

from hw_bridge.mqtt.options import BrokerAddress, MqttError, MqttOptions, broker_address
from hw_bridge.mqtt.transport import MqttTransport
from hw_bridge.schemas import Schemas
from hw_bridge.vda5050.action import Action, ActionParameter, ActionStatus, BlockingType
from hw_bridge.vda5050.base import decode, encode
from hw_bridge.vda5050.names import OrderName, edge_id, node_id, step_action_name
from hw_bridge.vda5050.order import Edge, InstantActions, Node, NodePosition, Order
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.state import Connection, ConnectionState, OperatingMode, State
from hw_bridge.vda5050.topics import decode_topic
from hw_bridge.wire.frames import Link, Topic
from hw_bridge.wire.refusals import Refused
from layouts.geometry import cell_centres_m
from layouts.layout import Layout
from layouts.loading import load

SPEED = 5.0
"""Vehicles and gateway live so many times faster than the clock on the wall."""
EPOCH = 3


def clock() -> float:
    return time.monotonic() * SPEED


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with running_mosquitto(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def layout() -> Layout:
    return load("teaching")


class Controller:
    """The other end of the transport, as little of it as the tests need."""

    def __init__(self, layout: Layout, port: int, folder: Path, **options: Any) -> None:
        self.layout = layout
        self.centres = cell_centres_m(layout.n_rows, layout.n_cols, layout.cell_size_m)
        address = BrokerAddress("127.0.0.1", port)
        self.transport = MqttTransport(
            layout, ["V1"], MqttOptions(address, factsheet_s=0.5), folder / "vehicles",
            clock=clock, **options,
        )  # fmt: skip
        self.poller = zmq.Poller()
        self.transport.register(self.poller)
        self.state: State | None = None
        self.link = Link()
        self.heard: list[tuple[Topic, bytes]] = []
        self.connections: list[ConnectionState] = []
        self._n_sent = 0

    def step(self) -> None:
        self.poller.poll(5)
        for received in self.transport.take():
            self.heard.append((received.topic, received.payload))
            if received.topic is Topic.STATE:
                self.state, self.link = decode(State, received.payload), received.link
            elif received.topic is Topic.CONNECTION:
                message = decode(Connection, received.payload)
                self.connections.append(message.connection_state)

    def send(self, topic: Topic, payload: bytes, session: int | None = None, **link: Any) -> bool:
        self._n_sent += 1
        session = self.link.session if session is None else session
        head = Link(seq=self._n_sent, epoch=EPOCH, session=session, **link)
        return self.transport.send("V1", topic, head, payload)

    def header(self) -> dict[str, Any]:
        return {
            "header_id": self._n_sent, "timestamp": "2026-03-11T11:40:03.123Z",
            "version": "3.0.0", "manufacturer": "gridfleet", "serial_number": "V1",
        }  # fmt: skip

    def order(self, number: int, cells: list[int], acts: dict[int, str], stand: int = 0) -> Order:
        """Steps to these cells; acts: what is done at a step, by its index."""
        name, n_cols = OrderName(EPOCH << 32 | number, stand), self.layout.n_cols
        nodes = []
        for index, cell in enumerate(cells):
            x, y = self.centres[cell].tolist()
            actions: tuple[Action, ...] = ()
            if index in acts:
                actions = (
                    Action(
                        action_type=acts[index],
                        action_id=step_action_name(name, stand + index),
                        blocking_type=BlockingType.HARD,
                        action_parameters=(ActionParameter(key="loadId", value="P00007"),),
                    ),
                )
            nodes.append(
                Node(
                    node_id=node_id(cell, n_cols),
                    sequence_id=2 * index,
                    released=True,
                    actions=actions,
                    node_position=NodePosition(x=x, y=y, map_id="floor"),
                )
            )
        edges = tuple(
            Edge(
                edge_id=edge_id(cells[i], cells[i + 1], n_cols),
                sequence_id=2 * i + 1,
                released=True,
                actions=(),
            )
            for i in range(len(cells) - 1)
        )
        return Order(
            **self.header(), order_id=str(name), order_update_id=0, nodes=tuple(nodes), edges=edges
        )

    def instant(self, kind: str, number: int, **parameters: str) -> bytes:
        action = Action(
            action_type=kind, action_id=f"{kind}.{EPOCH}.{number}",
            blocking_type=BlockingType.NONE,
            action_parameters=tuple(
                ActionParameter(key=key, value=value) for key, value in parameters.items()
            ),
        )  # fmt: skip
        return encode(InstantActions(**self.header(), actions=(action,)))


class Scene:
    def __init__(self, controller: Controller, connected: ConnectedVehicle) -> None:
        self.controller, self.connected = controller, connected
        self.vehicle = connected.vehicle
        self._then_s = clock()

    def step(self) -> None:
        self.controller.step()
        now_s = clock()
        self.connected.pump(now_s - self._then_s)
        self._then_s = now_s

    def until(self, wanted: Callable[[State, Link], bool]) -> State:
        control = self.controller

        def is_so() -> bool:
            return control.state is not None and wanted(control.state, control.link)

        poll(
            self.step,
            is_so,
            lambda: (control.state, control.link, self.vehicle.log, self.vehicle.problems),
        )
        assert control.state is not None
        return control.state

    def until_so(self, wanted: Callable[[], bool]) -> None:
        control = self.controller
        poll(self.step, wanted, lambda: (control.state, control.transport.refusals.counts))

    def until_ready(self) -> State:
        return self.until(
            lambda state, _: (
                state.operating_mode is OperatingMode.AUTOMATIC and state.last_node_id != ""
            )
        )


@pytest.fixture
def make_scene(broker: Mosquitto, layout: Layout, tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(version: str = "2.0.0", cell: int | None = None, **options: Any) -> Scene:
        control = Controller(layout, broker.port, tmp_path, **options)
        row = row_of_floor(layout)
        x, y = control.centres[row[0] if cell is None else cell].tolist()
        pod = tuple(control.centres[row[2]].tolist())
        vehicle = PlainVehicle(version, x, y, {pod: "P00007"})
        made.append(Scene(control, ConnectedVehicle(vehicle, broker.port)))
        return made[-1]

    yield make
    for scene in made:
        scene.connected.close()
        scene.controller.transport.close()


def row_of_floor(layout: Layout) -> list[int]:
    """Five cells in a row that units may drive along."""
    for cell in range(layout.n_rows * layout.n_cols):
        run = [cell]
        while len(run) < 5 and layout.neighbours[run[-1], 0] >= 0:
            run.append(int(layout.neighbours[run[-1], 0]))
        if len(run) == 5:
            return run
    raise AssertionError("no such floor")


@pytest.mark.parametrize("version", ["2.0.0", "2.1.0", "3.0.0"])
def test_a_vehicle_does_what_a_unit_does(
    make_scene: Callable[..., Scene], layout: Layout, version: str
) -> None:
    scene, row = make_scene(version), row_of_floor(layout)
    state, control = scene.until_ready(), scene.controller
    assert (state.last_node_id, control.link.session) == (node_id(row[0], layout.n_cols), 1)
    steps = [row[0], row[1], row[2], row[2], row[3], row[3]]
    order = control.order(1, steps, {3: "pick", 5: "drop"})
    assert control.send(Topic.ORDER, encode(order), anew=True)
    scene.until(lambda state, link: link.cleared >= 3 and bool(state.loads))
    assert control.state is not None
    assert [load.load_id for load in control.state.loads or ()] == ["P00007"]
    state = scene.until(lambda state, link: link.cleared == 5)
    assert (state.order_id, state.last_node_sequence_id) == (order.order_id, 10)
    assert [a.action_status for a in state.action_states] == [ActionStatus.FINISHED] * 2
    assert state.loads == ()
    assert scene.vehicle.problems == []
    assert scene.vehicle.pods == {tuple(control.centres[row[3]].tolist()): "P00007"}


def test_what_the_controller_gets_is_valid(
    make_scene: Callable[..., Scene], layout: Layout
) -> None:
    scene, row = make_scene("2.1.0"), row_of_floor(layout)
    scene.until_ready()
    control, schemas = scene.controller, Schemas(schema_folder())
    control.send(Topic.ORDER, encode(control.order(1, row[:4], {})), anew=True)
    scene.until(lambda state, link: link.cleared == 3)
    assert {topic for topic, _ in control.heard} == {
        Topic.CONNECTION, Topic.FACTSHEET, Topic.STATE,
    }  # fmt: skip
    for topic, payload in control.heard:
        message = decode_topic(topic, payload)
        assert message_faults(message) == []
        assert list(schemas.faults(topic, json.loads(payload))) == []


def test_a_cancelled_vehicle_stands_and_takes_nothing_old(
    make_scene: Callable[..., Scene], layout: Layout
) -> None:
    scene, row = make_scene("3.0.0"), row_of_floor(layout)
    scene.until_ready()
    control = scene.controller
    order = encode(control.order(1, row, {}))
    control.send(Topic.ORDER, order, anew=True)
    scene.until(lambda state, link: link.cleared >= 1)
    control.send(Topic.INSTANT_ACTIONS, control.instant("cancelOrder", 1, orderId=f"{EPOCH}.1.0"))
    state = scene.until(lambda state, link: link.stands)
    (told,) = state.instant_action_states
    assert (told.action_id, told.action_status) == (f"cancelOrder.{EPOCH}.1", ActionStatus.FINISHED)
    assert (control.link.tombstone, control.link.beyond) == (EPOCH << 32 | 1, "")
    n_orders = len(scene.vehicle.log)
    control.send(Topic.ORDER, order, anew=True)  # it comes again, late
    control.send(Topic.INSTANT_ACTIONS, control.instant("startPause", 2))
    scene.until(lambda state, link: bool(state.paused))
    assert len(scene.vehicle.log) == n_orders
    assert control.state is not None
    assert [e.error_type for e in control.state.errors] == ["ORDER_UPDATE_FOLLOWING_CANCEL"]


def test_a_vehicle_is_paused_and_goes_on(make_scene: Callable[..., Scene], layout: Layout) -> None:
    scene, row = make_scene("2.0.0"), row_of_floor(layout)
    scene.until_ready()
    control = scene.controller
    control.send(Topic.ORDER, encode(control.order(1, row, {})), anew=True)
    scene.until(lambda state, link: link.beyond != "")
    control.send(Topic.INSTANT_ACTIONS, control.instant("startPause", 1))
    scene.until(lambda state, link: bool(state.paused))
    assert scene.vehicle.paused
    control.send(Topic.INSTANT_ACTIONS, control.instant("stopPause", 2))
    scene.until(lambda state, link: link.cleared == 4)


def test_a_vehicle_that_was_switched_off_has_a_new_session(
    make_scene: Callable[..., Scene], layout: Layout
) -> None:
    scene, row = make_scene("2.0.0"), row_of_floor(layout)
    scene.until_ready()
    control = scene.controller
    order = encode(control.order(1, row, {}))
    control.send(Topic.ORDER, order, anew=True)
    scene.until(lambda state, link: link.cleared >= 1)
    scene.vehicle.switch_on()
    scene.until(lambda state, link: link.session == 2)
    n_orders = len(scene.vehicle.log)
    control.send(Topic.ORDER, order, session=1)  # meant for its life before
    for _ in range(20):
        scene.step()
    assert [line for line in scene.vehicle.log[n_orders:] if "order " in line] == []
    assert control.state is not None
    assert control.state.order_id == ""


def test_the_last_will_is_passed_on(make_scene: Callable[..., Scene], layout: Layout) -> None:
    scene = make_scene("2.0.0")
    scene.until_ready()
    control = scene.controller
    assert control.connections == [ConnectionState.ONLINE]
    scene.connected.cut()
    scene.until_so(lambda: len(control.connections) == 2)
    assert control.connections[-1] is ConnectionState.CONNECTION_BROKEN
    assert not control.send(Topic.HELLO, b"")
    scene.connected.connect()
    scene.until_so(lambda: control.connections[-1] is ConnectionState.ONLINE)
    assert control.link.session == 1  # it has forgotten nothing
    assert control.send(Topic.HELLO, b"")


def test_a_vehicle_that_comes_back_without_its_order_has_a_new_session(
    make_scene: Callable[..., Scene], layout: Layout
) -> None:
    scene, row = make_scene("2.0.0"), row_of_floor(layout)
    scene.until_ready()
    control = scene.controller
    control.send(Topic.ORDER, encode(control.order(1, row, {})), anew=True)
    scene.until(lambda state, link: link.cleared >= 1)
    scene.connected.cut()
    scene.until_so(lambda: len(control.connections) == 2)
    scene.vehicle.switch_on()
    scene.connected.connect()
    state = scene.until(lambda state, link: link.session == 2)
    assert state.order_id == ""


def test_a_gateway_that_starts_later_finds_the_vehicle(
    make_scene: Callable[..., Scene], layout: Layout, broker: Mosquitto, tmp_path: Path
) -> None:
    scene, row = make_scene("3.0.0"), row_of_floor(layout)
    scene.until_ready()
    control = scene.controller
    control.send(Topic.ORDER, encode(control.order(1, row, {})), anew=True)
    scene.until(lambda state, link: link.cleared >= 1)
    control.transport.close()
    # States that a broker has kept say nothing of what is so now.
    scene.connected.publish_raw(f"{scene.connected.base}/state", b"no state", retain=True)
    scene.controller = Controller(layout, broker.port, tmp_path)
    try:
        state = scene.until_ready()
        assert (scene.controller.link.session, state.order_id) == (2, "")
        assert "cancelOrder" in scene.vehicle.log
        assert not scene.vehicle.nodes
        assert not scene.controller.transport.refusals.counts
    finally:
        scene.controller.transport.close()


def test_the_broker_may_be_started_again(
    make_scene: Callable[..., Scene], layout: Layout, broker: Mosquitto
) -> None:
    scene, row = make_scene("2.0.0"), row_of_floor(layout)
    scene.until_ready()
    control = scene.controller
    broker.stop()
    scene.until_so(lambda: not control.transport.is_connected)
    assert not control.send(Topic.HELLO, b"")
    broker.start()
    scene.until_so(lambda: control.transport.is_connected)
    scene.until_so(lambda: control.send(Topic.HELLO, b""))
    control.send(Topic.ORDER, encode(control.order(1, row, {})), anew=True)
    scene.until(lambda state, link: link.cleared == 4)


def test_strangers_are_refused_and_counted(
    make_scene: Callable[..., Scene], tmp_path: Path
) -> None:
    scene = make_scene("2.0.0")
    scene.until_ready()
    control, say = scene.controller, scene.connected.publish_raw
    say("uagv/v2/acme/V9/state", b"{}")
    say("uagv/v1/acme/V1/state", b"{}")
    say("uagv/v2/other/V1/state", b"{}")
    for payload in (b"", b"\xff", b"[]", b"[" * 100_000, b'{"nodeStates": 3}', b'{"errors": [1]}'):
        say("uagv/v2/acme/V1/state", payload)
    say("uagv/v2/acme/V1/connection", b'{"connectionState": "MAYBE"}')
    say("uagv/v2/acme/V1/factsheet", b'{"protocolFeatures": {"agvActions": [{}]}}')
    say("uagv/v2/acme/V1/state", b"x" * 300_000)
    wanted = {
        Refused.NOT_ON_ROSTER: 1, Refused.WRONG_VERSION: 1, Refused.FOREIGN_SERIAL: 1,
        Refused.MALFORMED: 8, Refused.OVERSIZED: 1,
    }  # fmt: skip
    counts = control.transport.refusals.counts
    scene.until_so(lambda: counts.total() >= sum(wanted.values()))
    assert counts == wanted
    assert set(control.transport.vehicles) == {"V1"}


def test_makers_are_those_of_the_roster(make_scene: Callable[..., Scene]) -> None:
    scene = make_scene("2.0.0", makers={"V1": "other"})
    scene.until_so(lambda: scene.controller.transport.refusals.counts[Refused.FOREIGN_SERIAL] > 0)
    assert scene.controller.transport.vehicles == {}


def test_a_memory_that_cannot_be_trusted_keeps_the_vehicle_out(
    make_scene: Callable[..., Scene], tmp_path: Path
) -> None:
    (tmp_path / "vehicles").mkdir()
    (tmp_path / "vehicles" / "V1.json").write_text("{")
    scene = make_scene("2.0.0")
    scene.until_so(lambda: scene.controller.transport.refusals.counts[Refused.LOST_MEMORY] > 0)
    assert scene.controller.transport.vehicles == {}


def test_passwords_come_from_a_file(layout: Layout, tmp_path: Path) -> None:
    import subprocess
    from shutil import which

    if which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed")
    users, secret = tmp_path / "users", tmp_path / "secret"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "fleet", "s3cret"], check=True)
    users.chmod(0o644)
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    with running_mosquitto(tmp_path, f"allow_anonymous false\npassword_file {users}") as broker:
        for username, is_let_in in (("fleet", True), ("", False)):
            address = BrokerAddress("127.0.0.1", broker.port, username=username)
            options = MqttOptions(address, password_file=secret if username else None)
            transport = MqttTransport(layout, ["V1"], options, tmp_path / "vehicles")
            try:
                poll(
                    lambda: time.sleep(0.01),
                    lambda: bool(transport.is_connected or transport.refusal),  # noqa: B023
                    lambda: "no answer",
                )
                assert (transport.is_connected, transport.refusal == "") == (is_let_in, is_let_in)
            finally:
                transport.close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself, and its key."""
    import subprocess
    from shutil import which

    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = folder / "broker.crt", folder / "broker.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate], check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


# paho does not close the socket of a handshake that has failed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("is_named", [True, False])
def test_a_broker_proves_who_it_is(layout: Layout, tmp_path: Path, is_named: bool) -> None:
    certificate, key = make_certificate(tmp_path)
    extra = f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}"
    with running_mosquitto(tmp_path, extra) as broker:
        options = MqttOptions(
            BrokerAddress("127.0.0.1", broker.port, is_tls=True),
            ca_file=certificate if is_named else None,
        )
        transport = MqttTransport(layout, ["V1"], options, tmp_path / "vehicles")
        try:
            poll(
                lambda: time.sleep(0.01),
                lambda: bool(transport.is_connected or transport.refusal),
                lambda: "no answer",
            )
            assert transport.is_connected == is_named
            assert ("--mqtt-ca" in transport.refusal) == (not is_named)
        finally:
            transport.close()


def test_why_a_broker_is_not_reached_is_logged(
    layout: Layout, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = BrokerAddress("127.0.0.1", 9)  # discard; nobody listens there
    transport = MqttTransport(layout, ["V1"], MqttOptions(address), tmp_path / "vehicles")
    try:
        poll(
            lambda: time.sleep(0.01),
            lambda: transport.take() == [] and "refused" in caplog.text,
            lambda: caplog.text,
        )
    finally:
        transport.close()
    assert "broker mqtt://127.0.0.1:9: not connected: Connection refused" in caplog.text


# What an operator says.


@pytest.mark.parametrize(
    ("url", "files", "message"),
    [
        ("mqtt://broker", {"password_file": Path("x")}, "mqtt://USER@broker"),
        ("mqtt://broker", {"ca_file": Path("x")}, "write mqtts://broker"),
        ("mqtts://broker", {"ca_file": Path("nowhere.pem")}, "no certificates can be read there"),
        ("mqtts://broker", {"ca_file": Path(__file__)}, "no certificates can be read there"),
    ],
)
def test_files_that_are_of_no_use(url: str, files: dict[str, Path], message: str) -> None:
    with pytest.raises(MqttError, match=message):
        MqttOptions(broker_address(url), **files).check()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", BrokerAddress("broker", 1883)),
        ("mqtt://10.0.0.1:1884/", BrokerAddress("10.0.0.1", 1884)),
        ("mqtts://fleet@broker", BrokerAddress("broker", 8883, True, "fleet")),
        ("mqtt://[::1]:1883", BrokerAddress("::1", 1883)),
    ],
)
def test_addresses_of_brokers(url: str, address: BrokerAddress) -> None:
    assert broker_address(url) == address


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("broker:1883", "is no address of a broker"),
        ("tcp://broker:1883", "is no address of a broker"),
        ("mqtt://:1883", "is no address of a broker"),
        ("mqtt://broker:port", "mqtt://HOST:PORT"),
        ("mqtt://broker:1883/topic", "behind the port"),
        ("mqtt://fleet:secret@broker", "put it into a file"),
    ],
)
def test_what_is_no_address(url: str, message: str) -> None:
    with pytest.raises(MqttError, match=message) as caught:
        broker_address(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("interfaces", [(), ("a/b",), ("",), ("#",)])
def test_what_is_no_interface(interfaces: tuple[str, ...]) -> None:
    with pytest.raises(MqttError, match="one level of a topic"):
        MqttOptions(BrokerAddress("broker", 1883), interfaces=interfaces)


def test_without_paho_the_cure_is_told(
    monkeypatch: pytest.MonkeyPatch, layout: Layout, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(MqttError, match="gridfleet\\[mqtt\\]"):
        MqttTransport(layout, ["V1"], MqttOptions(BrokerAddress("broker", 1883)), tmp_path / "v")


def test_a_missing_password_file_is_told(layout: Layout, tmp_path: Path) -> None:
    options = MqttOptions(
        BrokerAddress("broker", 1883, username="fleet"), password_file=tmp_path / "none"
    )
    with pytest.raises(MqttError, match="into its first line"):
        MqttTransport(layout, ["V1"], options, tmp_path / "v")
    (tmp_path / "none").write_text("s3cret")
    (tmp_path / "none").chmod(0o644)
    with pytest.raises(MqttError, match="chmod 600"):
        MqttTransport(layout, ["V1"], options, tmp_path / "v")
