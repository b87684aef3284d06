"""The gateway's motors with a plain vehicle, on a virtual clock and without a broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from plain_vehicle import PlainVehicle

from hw_bridge.agent.motors import Mode, Move, MoveKind, Senses, Trouble
from hw_bridge.mqtt.abilities import abilities_from
from hw_bridge.mqtt.driver import VehicleDriver
from hw_bridge.mqtt.floor import Floor
from hw_bridge.mqtt.instants import is_instant
from hw_bridge.mqtt.progress import DriverOptions
from hw_bridge.mqtt.versions import instants_for, order_for, read_json, state_from

FLOOR = Floor(n_rows=3, n_cols=8, cell_size_m=1.0)
DT = 0.05
VERSIONS = ("2.0.0", "2.1.0", "3.0.0")


def place(col: int, row: int = 3) -> tuple[float, float]:
    return col - 0.5, 3.5 - row


def drive(col: int, row: int = 3, speed: float = float("inf")) -> Move:
    x, y = place(col, row)
    return Move(MoveKind.DRIVE, x, y, speed, f"c.{row}.{col}")


def lift(col: int, load: str = "") -> Move:
    x, y = place(col)
    return Move(MoveKind.LIFT, x, y, node=f"c.3.{col}", load=load)


def lower(col: int, load: str = "") -> Move:
    x, y = place(col)
    return Move(MoveKind.LOWER, x, y, node=f"c.3.{col}", load=load)


@dataclass
class Rig:
    """A vehicle and its driver. lost: whether a message down is to be lost."""

    vehicle: PlainVehicle
    now_s: float = 0.0
    lost: Callable[[str], bool] = lambda topic: False
    delayed: list[tuple[float, str, bytes]] = field(default_factory=list)
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        self.driver = VehicleDriver(FLOOR, DriverOptions(), 7, self._header, self.now_s)
        self.vehicle.publish = self._hear
        self._ids = 0

    def _header(self, topic: str) -> dict[str, object]:
        self._ids += 1
        return {
            "header_id": self._ids, "timestamp": "2026-03-11T11:40:03.123Z",
            "version": self.vehicle.version, "manufacturer": "acme", "serial_number": "V1",
        }  # fmt: skip

    def _hear(self, topic: str, payload: bytes, retain: bool) -> None:
        content = read_json(payload)
        if topic == "state":
            self.driver.hear(state_from(content, is_instant), self.now_s)
        elif topic == "factsheet":
            self.driver.abilities = abilities_from(content)

    def step(self) -> None:
        self.now_s += DT
        self.vehicle.step(DT)
        mail = self.driver.work(self.now_s)
        version = self.vehicle.version
        sent = [("order", order_for(order, version)) for order in mail.orders]
        sent += [("instantActions", instants_for(m, version)) for m in mail.instants]
        for topic, payload in sent:
            if not self.lost(topic):
                delay_s = self.delay_s if topic == "order" else 0.0
                self.delayed.append((self.now_s + delay_s, topic, payload))
        due = [entry for entry in self.delayed if entry[0] <= self.now_s]
        self.delayed = [entry for entry in self.delayed if entry[0] > self.now_s]
        for _, topic, payload in due:
            self.vehicle.hear(topic, payload)

    def until(self, wanted: Callable[[Senses], bool], most_s: float = 30.0) -> Senses:
        end_s = self.now_s + most_s
        while not wanted(senses := self.driver.sense()):
            assert self.now_s < end_s, (senses, self.vehicle.log, self.vehicle.problems)
            self.step()
        return senses

    def ready(self) -> Rig:
        self.until(lambda senses: senses.mode is Mode.AUTOMATIC)
        return self


def rig(version: str = "2.0.0", col: int = 1, pods: dict[int, str] | None = None) -> Rig:
    places = {place(at): label for at, label in (pods or {}).items()}
    return Rig(PlainVehicle(version, *place(col), places))


def done(number: int) -> Callable[[Senses], bool]:
    return lambda senses: senses.n_done >= number


@pytest.mark.parametrize("version", VERSIONS)
def test_it_drives_lifts_and_sets_down(version: str) -> None:
    run = rig(version, pods={4: "P00007"}).ready()
    assert run.driver.sense().node == "c.3.1"
    run.driver.extend([drive(2), drive(3), drive(4), lift(4, "P00007"), drive(5), lower(5)])
    senses = run.until(done(4))
    assert senses.load == "P00007"
    senses = run.until(done(6))
    assert (senses.load, senses.is_moving, senses.node) == ("", False, "c.3.5")
    assert run.vehicle.pods == {place(5): "P00007"}
    assert run.vehicle.visited == ["c.3.1", "c.3.2", "c.3.3", "c.3.4", "c.3.4", "c.3.5"]
    assert run.vehicle.problems == []


@pytest.mark.parametrize("version", VERSIONS)
def test_an_action_that_comes_later_is_an_order_of_its_own(version: str) -> None:
    run = rig(version, pods={2: "P00007"}).ready()
    run.driver.extend([drive(2)])
    run.until(done(1))
    run.driver.extend([lift(2)])
    run.until(done(2))
    orders = [line for line in run.vehicle.log if line.startswith("order")]
    assert orders == ["order 7.1: ['c.3.1', 'c.3.2']", "order 7.2: ['c.3.2']"]


def test_it_drives_on_without_a_stop_where_more_is_released_in_time() -> None:
    run = rig().ready()
    run.driver.extend([drive(2), drive(3)])
    run.until(done(1))
    run.driver.extend([drive(4), drive(5)])
    n_stops = 0
    while run.driver.sense().n_done < 4:
        run.step()
        n_stops += not run.vehicle.driving
    assert n_stops == 0
    assert [line for line in run.vehicle.log if line.startswith("update")] == [
        "update 1: ['c.3.4', 'c.3.5']"
    ]


def test_speeds_are_limits_of_edges() -> None:
    run = rig().ready()
    run.driver.extend([drive(2, speed=0.5)])
    begin_s = run.now_s
    run.until(done(1))
    assert run.now_s - begin_s > 1.8


def test_lost_orders_are_sent_again() -> None:
    run = rig("3.0.0").ready()
    lost = iter([True, True, False])
    run.lost = lambda topic: topic == "order" and next(lost, False)
    run.driver.extend([drive(2)])
    run.until(done(1))
    assert run.vehicle.problems == []


def test_a_node_counts_when_the_tail_has_left_the_cell_before() -> None:
    """The vehicle calls a node reached 0.3 m before it."""
    run = rig().ready()
    run.vehicle._deviation = lambda node: 0.3  # type: ignore[method-assign]
    run.driver.extend([drive(2), drive(3)])
    run.until(lambda _: run.vehicle.last_node["nodeId"] == "c.3.2")
    assert run.driver.sense().n_done == 0
    run.until(done(1))
    assert run.vehicle.x >= 1.5 - 0.05 - 1e-9


def test_between_two_cells_it_covers_both() -> None:
    run = rig().ready()
    run.driver.extend([drive(2)])
    senses = run.until(lambda senses: senses.is_between)
    assert (senses.node, senses.beyond, senses.n_done) == ("c.3.1", "c.3.2", 0)


# Stopping short.


@pytest.mark.parametrize("version", VERSIONS)
def test_stopping_short_ends_at_a_centre(version: str) -> None:
    run = rig(version).ready()
    run.driver.extend([drive(col) for col in range(2, 8)])
    run.until(lambda _: 2.1 < run.vehicle.x < 2.4)
    assert run.driver.stop_short() == 6  # what was sent it may still do, as far as anybody knows
    assert run.driver.sense().is_moving
    senses = run.until(lambda senses: not senses.is_moving and senses.n_done > 0)
    assert senses.n_done < 6
    assert run.driver.stop_short() == senses.n_done
    for _ in range(40):
        run.step()
    senses = run.driver.sense()
    assert not senses.is_between
    assert (run.vehicle.x % 1.0, senses.n_done) == (pytest.approx(0.5, abs=0.051), 2)


def test_moves_after_a_stop_go_on_from_there() -> None:
    run = rig().ready()
    run.driver.extend([drive(col) for col in range(2, 8)])
    run.until(lambda _: run.vehicle.x > 2.2)
    run.driver.stop_short()
    run.until(lambda senses: not senses.is_moving)
    kept = run.driver.stop_short()
    senses = run.until(done(kept))
    assert senses.node == "c.3.3"
    run.driver.extend([drive(3, row=2)])
    senses = run.until(done(kept + 1))
    assert senses.node == "c.2.3"


def test_a_cancel_does_not_overtake_its_order() -> None:
    run = rig().ready()
    run.delay_s = 0.9
    run.driver.extend([drive(2), drive(3)])
    run.step()
    run.driver.stop_short()
    senses = run.until(lambda senses: not senses.is_moving)
    kept = run.driver.stop_short()
    run.delay_s = 0.0
    run.until(done(kept))
    where = run.vehicle.x
    for _ in range(100):
        run.step()
    assert run.vehicle.x == where  # nothing comes later
    assert run.vehicle.log.count("cancelOrder") == 2  # one of them when it was met
    assert senses.n_done == kept == 1


def test_a_lift_that_is_cancelled_before_it_begins_is_not_waited_for() -> None:
    run = rig(pods={3: "P00001"}).ready()
    run.driver.extend([drive(2), drive(3), lift(3)])
    run.until(done(1))
    run.driver.stop_short()
    senses = run.until(lambda senses: not senses.is_moving)
    assert senses.load == ""
    assert run.driver.stop_short() == senses.n_done


def test_a_lift_under_way_is_finished() -> None:
    run = rig(pods={2: "P00001"}).ready()
    run.driver.extend([drive(2), lift(2)])
    run.until(lambda _: run.vehicle.working is not None)
    run.driver.stop_short()
    senses = run.until(lambda senses: not senses.is_moving)
    assert (senses.n_done, senses.load, run.driver.stop_short()) == (2, "P00001", 2)


# Pausing.


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("tells_paused", [True, False])
def test_holding_pauses_the_vehicle(version: str, tells_paused: bool) -> None:
    run = rig(version).ready()
    run.vehicle.tells_paused = tells_paused
    run.driver.extend([drive(col) for col in range(2, 6)])
    run.until(lambda senses: senses.is_between)
    run.driver.hold(True)
    senses = run.until(lambda senses: not senses.is_moving)
    assert run.vehicle.paused
    where = run.vehicle.x
    for _ in range(20):
        run.step()
    assert run.vehicle.x == where
    assert senses.n_done < 4
    run.driver.hold(False)
    run.until(done(4))
    assert run.vehicle.log.count("startPause") == run.vehicle.log.count("stopPause") == 1


def test_a_vehicle_that_cannot_pause_is_moving_until_it_has_nothing_to_do() -> None:
    run = rig()
    run.vehicle.factsheet_actions = [{"actionType": "cancelOrder"}]
    run.vehicle.tell_factsheet()
    run.ready()
    run.driver.extend([drive(2), drive(3)])
    run.until(lambda senses: senses.is_between)
    run.driver.hold(True)
    run.driver.extend([drive(4)])
    senses = run.until(lambda senses: not senses.is_moving)
    assert (senses.n_done, run.vehicle.log.count("startPause")) == (2, 0)
    run.driver.hold(False)
    run.until(done(3))


# Lifting that does not work.


def test_a_failed_lift_is_told_and_tried_again() -> None:
    run = rig(pods={2: "P00001"}).ready()
    run.vehicle.fails_picks = 1
    run.driver.extend([drive(2), lift(2), drive(3)])
    senses = run.until(lambda senses: senses.trouble is not None)
    assert (senses.trouble, senses.n_done) == (Trouble.LIFT_FAILED, 1)
    for _ in range(40):
        run.step()
    assert run.driver.sense().trouble is Trouble.LIFT_FAILED
    assert run.vehicle.last_node["nodeId"] == "c.3.2"  # it does not go on without its pod
    run.driver.retry()
    senses = run.until(done(3))
    assert (senses.load, senses.trouble) == ("P00001", None)


def skill(name: str, *keys: str, optional: bool = True) -> dict[str, object]:
    parameters = [{"key": key, "isOptional": optional} for key in keys]
    return {"actionType": name, "actionScopes": ["NODE"], "actionParameters": parameters}


def test_actions_are_those_of_the_factsheet() -> None:
    run = rig(pods={2: "P00001"})
    run.vehicle.factsheet_actions = [skill("pick", "loadId"), skill("drop")]
    run.vehicle.tell_factsheet()
    run.ready()
    run.driver.extend([drive(2), lift(2, "P00001")])
    run.until(done(2))
    (pick,) = (a for a in run.vehicle.actions.values() if a["actionType"] == "pick")
    assert pick["actionParameters"] == [{"key": "loadId", "value": "P00001"}]


@pytest.mark.parametrize(
    ("actions", "why"),
    [
        ([skill("cancelOrder")], "its factsheet names no action to lift a pod"),
        (
            [skill("pick", "height", optional=False)],
            "its action pick needs parameters not known here: height",
        ),
    ],
)
def test_what_it_cannot_do_is_not_asked(actions: list[dict[str, object]], why: str) -> None:
    run = rig(pods={2: "P00001"})
    run.vehicle.factsheet_actions = actions
    run.vehicle.tell_factsheet()
    run.ready()
    run.driver.extend([drive(2), lift(2)])
    senses = run.until(lambda senses: senses.trouble is not None)
    assert (senses.trouble, senses.n_done, senses.notes) == (Trouble.LIFT_FAILED, 1, (why,))


def test_a_vehicle_without_a_load_sensor_carries_what_it_was_told_to() -> None:
    run = rig(pods={2: "P00003"}).ready()
    run.vehicle.has_load_sensor = False
    run.driver.extend([drive(2), lift(2, "P00003")])
    assert run.until(done(2)).load == "P00003"
    run.driver.extend([lower(2)])
    assert run.until(done(3)).load == ""


def test_labels_that_nobody_knows_are_unreadable() -> None:
    run = rig(pods={2: "pallet 9"}).ready()
    run.driver.extend([drive(2), lift(2)])
    assert run.until(done(2)).load == "?"


def test_a_vehicle_without_a_position_is_where_its_last_node_is() -> None:
    run = rig("2.1.0")
    run.vehicle.has_position = False
    run.vehicle.last_node = {"nodeId": "c.3.1", "sequenceId": 0}
    run.ready()
    run.driver.extend([drive(2), drive(3)])
    senses = run.until(done(2))
    assert (senses.node, senses.is_between) == ("c.3.3", False)


# What it forgets.


@pytest.mark.parametrize("version", VERSIONS)
def test_a_vehicle_that_forgets_is_starting_until_nothing_can_move_it(version: str) -> None:
    run = rig(version).ready()
    run.driver.extend([drive(col) for col in range(2, 7)])
    run.until(lambda _: 1.8 < run.vehicle.x < 2.2)
    run.vehicle.switch_on()
    run.until(lambda senses: senses.mode is Mode.STARTUP)
    senses = run.until(lambda senses: senses.mode is Mode.AUTOMATIC)
    assert {senses.node, senses.beyond} == {"c.3.2", "c.3.3"}
    assert senses.is_between
    assert run.driver.stop_short() == senses.n_done
    x, y = place(int(senses.beyond[-1]))
    run.driver.extend([Move(MoveKind.DRIVE, x, y, node=senses.beyond)])
    senses = run.until(done(senses.n_done + 1))
    assert (run.vehicle.x, senses.is_between) == (pytest.approx(x, abs=0.051), False)


@pytest.mark.parametrize("is_kept", [False, True])
def test_driving_by_hand_ends_what_was_to_be_done(is_kept: bool) -> None:
    """Whether the vehicle gives its order up by itself, as it should, or does not."""
    run = rig().ready()
    run.driver.extend([drive(col) for col in range(2, 7)])
    run.until(done(2))
    run.vehicle.mode = "MANUAL"
    if not is_kept:
        run.vehicle.nodes, run.vehicle.edges = [], []
    run.until(lambda senses: senses.mode is Mode.MANUAL)
    run.driver.stop_short()
    run.vehicle.x, run.vehicle.y = place(6, row=1)
    run.vehicle.mode = "AUTOMATIC"
    senses = run.until(lambda senses: senses.mode is Mode.AUTOMATIC)
    assert (senses.node, senses.is_moving) == ("c.1.6", False)
    assert run.driver.stop_short() == senses.n_done
    where = run.vehicle.x, run.vehicle.y
    assert where == pytest.approx(place(6, row=1), abs=0.12 if is_kept else 0.0)
    for _ in range(40):
        run.step()
    assert (run.vehicle.x, run.vehicle.y) == where


def test_a_vehicle_that_was_carried_away_begins_anew() -> None:
    run = rig().ready()
    run.driver.extend([drive(2)])
    run.until(done(1))
    run.vehicle.x, run.vehicle.y = place(6, row=1)
    run.until(lambda senses: senses.mode is Mode.STARTUP)
    assert run.until(lambda senses: senses.mode is Mode.AUTOMATIC).node == "c.1.6"


def test_between_four_cells_nobody_knows_what_it_covers() -> None:
    run = rig()
    run.vehicle.x, run.vehicle.y = 2.0, 1.0
    senses = run.ready().driver.sense()
    assert (senses.node, senses.beyond, senses.is_between) == ("", "", True)


def test_an_order_from_before_is_cancelled_first() -> None:
    """The gateway was started anew while the vehicle drives."""
    run = rig().ready()
    run.driver.extend([drive(col) for col in range(2, 8)])
    run.until(done(1))
    again = Rig(run.vehicle, run.now_s)
    again.ready()
    where = run.vehicle.x
    for _ in range(40):
        again.step()
    assert run.vehicle.x == where < 7.0


# What else can go wrong.


def test_a_vehicle_that_takes_no_orders_is_broken() -> None:
    run = rig().ready()
    run.lost = lambda topic: topic == "order"
    run.driver.extend([drive(2)])
    senses = run.until(lambda senses: senses.trouble is not None, most_s=60.0)
    assert (senses.trouble, senses.notes) == (Trouble.BROKEN, ("it does not take orders",))
    run.lost = lambda topic: False
    assert run.until(done(1)).trouble is None


def test_a_vehicle_that_shows_no_instant_actions_is_believed_when_it_stands() -> None:
    run = rig()
    run.vehicle._action_state = lambda task: {  # type: ignore[method-assign]
        "actionId": task["actionId"] if task["actionType"] in ("pick", "drop") else "x",
        "actionType": "", "actionStatus": task["status"],
    }  # fmt: skip
    run.ready()
    run.driver.extend([drive(2)])
    run.until(done(1))


@pytest.mark.parametrize(
    ("kind", "level", "trouble"),
    [
        ("localizationError", "FATAL", Trouble.LOST_PLACE),
        ("pathBlocked", "FATAL", Trouble.PATH_BLOCKED),
        ("motorOverheated", "FATAL", Trouble.BROKEN),
        ("motorWarm", "WARNING", None),
        ("NO_POD", "CRITICAL", Trouble.NO_POD),
        ("orderUpdateError", "FATAL", None),
    ],
)
def test_errors_are_troubles(kind: str, level: str, trouble: Trouble | None) -> None:
    run = rig("3.0.0").ready()
    run.vehicle.errors = [{"errorType": kind, "errorLevel": level}]
    for _ in range(25):
        run.step()
    assert run.driver.sense().trouble is trouble


def test_orders_are_cut_to_what_fits_into_a_message() -> None:
    run = rig().ready()
    run.driver.abilities = abilities_from(
        {"protocolLimits": {"maxArrayLens": {"order.nodes": 3}}}
        | {"protocolFeatures": {"agvActions": [skill("cancelOrder")]}}
    )
    run.driver.extend([drive(col) for col in range(2, 8)])
    run.until(done(6))
    assert max(len(line.split("[")[1].split(",")) for line in run.vehicle.log if "[" in line) == 3
    assert not run.vehicle.errors
