"""Speed of the bridge: a thousand emulated units with keys, on one machine, in real time.

    python benchmarks/bridge_speed.py --units 1000 --seconds 60 --rate 2

One process is `gridfleet serve` with made-up orders on a ready floor, another one `gridfleet
emulate`; both are run by the code of the commands, with clocks put in. Both read the same monotonic
clock, so that moments in the two can be compared.

connected  from the first socket that the emulator opens until the controller has heard a state of
           every unit: handshakes, first states, and hellos both ways
latency    decided: from the moment at which the controller has decided that a unit may do a step
           until the unit's agent has taken an order with that step: the journal on disk, an earlier
           update still to be confirmed, and the way are all in it. sent: the way alone
lost       messages that one end sent and the other never took, by their numbers: all topics, both
           ways, the whole run

Fixed seed, a warm-up before the measurement, nearest-rank quantiles.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import bridge_rig as rig
import msgspec
import numpy as np
from numpy.typing import NDArray

from gridfleet.scenario import Scenario
from hw_bridge.vda5050.names import order_named
from hw_bridge.vda5050.order import Order
from hw_bridge.wire.frames import Topic
from layouts import load

PATIENCE_S = 120.0
DRAIN_S = 1.0
Ints = NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layout", default="thousand")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--warm-up", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=2.0, help="States a second of each unit.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(rig.table(measure(options, Path(folder))))


def measure(options: argparse.Namespace, folder: Path) -> list[tuple[str, str]]:
    scenario = Scenario(layout=options.layout, robots=options.units, seed=rig.SEED)
    rig.make_keys(folder / "keys", options.units, load(options.layout))
    address = f"tcp://127.0.0.1:{rig.ports(1)[0]}"
    context = multiprocessing.get_context("spawn")
    connected, stop, drained, quiet = (context.Event() for _ in range(4))
    ends = (connected, stop, drained, quiet)
    serve = context.Process(target=controller, args=(scenario, address, folder, *ends))
    emulate = context.Process(
        target=emulator, args=(scenario, address, folder, options.rate, *ends)
    )
    with killed_at_the_end(serve, emulate):
        serve.start()
        rig.wait_until((folder / "bound").exists, PATIENCE_S, "the controller listens")
        emulate.start()
        rig.wait_until(connected.is_set, PATIENCE_S, "all units are connected")
        time.sleep(options.warm_up)
        before = [rig.usage_of(process.pid or 0) for process in (serve, emulate)]
        began = time.monotonic()
        time.sleep(options.seconds)
        ended = time.monotonic()
        after = [rig.usage_of(process.pid or 0) for process in (serve, emulate)]
        stop.set()
        for process in (serve, emulate):
            process.join(PATIENCE_S)
    rows = results(folder, options.units, began, ended)
    for name, one, other in zip(("controller", "emulator"), before, after, strict=True):
        rows.append((name, f"{rig.share(one, other):.0%} of a processor, {other.rss_mb:.0f} MB"))
    return rows


@contextmanager
def killed_at_the_end(*processes: BaseProcess) -> Iterator[None]:
    """None of them outlives the block, whatever ends it."""
    try:
        yield
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
                process.join()


# The two processes


def controller(
    scenario: Scenario, address: str, folder: Path, connected: Any, stop: Any, drained: Any,
    quiet: Any,
) -> None:  # fmt: skip
    from gridfleet.live.serving import ServeOptions, serving

    options = ServeOptions(
        scenario=scenario, given=(), binds=(address,), keys=folder / "keys",
        journal=folder / "run.journal", patience_s=PATIENCE_S,
    )  # fmt: skip
    with serving(options) as served:
        run, backend = served.run, served.backend
        zero_ns = time.monotonic_ns() - round(run.time.now_s() * 1e9)
        (folder / "bound").touch()
        run.start()
        heard_ns = time.monotonic_ns()
        connected.set()
        decided: list[tuple[int, NDArray[np.int32], NDArray[np.int32]]] = []
        decide = run.brain.decide

        def timed(*inputs: Any) -> Any:
            commands = decide(*inputs)
            releases = commands.releases
            decided.append((time.monotonic_ns(), releases.units.copy(), releases.steps.copy()))
            return commands

        run.brain.decide = timed  # type: ignore[method-assign]
        states = counting(backend, stop)
        run.run(stop.is_set)
        drained.wait(PATIENCE_S)
        backend.advance(run.time.now_s() + DRAIN_S)
        quiet.set()
        time.sleep(2 * DRAIN_S)  # what has been sent arrives while the socket is still there
        devices = backend.devices.values()
        save(folder / "controller", zero_ns=zero_ns, heard_ns=heard_ns, states=states,
             sent=[device.sent for device in devices],
             received=[device.n_received for device in devices],
             lost=[device.n_lost for device in devices],
             decided=decided, skipped=run.n_skipped, cycles=run.n_cycles,
             longest_s=run.longest_s, refused=backend.refused(),
             not_sent=dict(backend.figures.not_sent))  # fmt: skip


def counting(backend: Any, stop: Any) -> list[int]:
    """Moments at which states came in, as they come."""
    moments: list[int] = []
    incoming = backend._incoming
    hear_state = incoming._hear_state

    def hear(*inputs: Any) -> None:
        moments.append(time.monotonic_ns())
        hear_state(*inputs)

    incoming._hear_state = hear
    return moments


def emulator(
    scenario: Scenario, address: str, folder: Path, rate: float, connected: Any, stop: Any,
    drained: Any, quiet: Any,
) -> None:  # fmt: skip
    from gridfleet.emulator.building import EmulatorOptions, build_fleet, secrets_of
    from gridfleet.emulator.clock import RealTimeRun
    from gridfleet.emulator.setting import setting_of
    from hw_bridge.wire.keys import KeyStore

    layout = load(scenario.layout)
    setting = setting_of(scenario, layout)
    units, stations = secrets_of(KeyStore(folder / "keys"), len(setting.cells), layout)
    fleet = build_fleet(
        setting, address, units, stations,
        EmulatorOptions(seed=scenario.seed, state_s=1.0 / rate, first_session=int(time.time())),
    )  # fmt: skip
    orders: list[tuple[int, int, int, bytes]] = []
    hear = fleet.units.hear

    def timed(unit: int, topic: Topic, link: Any, payload: bytes) -> None:
        hear(unit, topic, link, payload)
        if topic is Topic.ORDER:
            orders.append((unit, time.monotonic_ns(), link.sent_ns, payload))

    fleet.units.hear = timed  # type: ignore[method-assign]
    opened_ns = time.monotonic_ns()
    run = RealTimeRun(fleet)
    with suppress(KeyboardInterrupt):
        run.go_on(float("inf"), stop.is_set)
    end_ns = time.monotonic_ns()
    drained.set()
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s and not quiet.is_set():
        fleet.sockets.wait(0.05)
        fleet.exchange()
    time.sleep(DRAIN_S)
    fleet.sockets.collect()
    save(folder / "emulator", opened_ns=opened_ns, end_ns=end_ns, orders=orders,
         sent=fleet.sockets.n_sent.tolist(), taken=fleet.sockets.n_taken.tolist(),
         dropped=fleet.sockets.n_dropped, contacts=fleet.floor.twin.n_contacts,
         lost_s=run.lost_s, cells=fleet.floor.cells_driven)  # fmt: skip
    fleet.close()


def save(path: Path, **figures: Any) -> None:
    for name, value in figures.items():
        if name == "decided":
            figures[name] = [(at, units.tolist(), steps.tolist()) for at, units, steps in value]
    path.write_bytes(msgspec.msgpack.encode(figures))


# What came of it


def results(folder: Path, n_units: int, began: float, ended: float) -> list[tuple[str, str]]:
    ctl = msgspec.msgpack.decode((folder / "controller").read_bytes())
    emu = msgspec.msgpack.decode((folder / "emulator").read_bytes())
    begin_ns, end_ns = round(began * 1e9), round(ended * 1e9)
    decided, sent = latencies(ctl, emu, n_units, begin_ns, end_ns)
    n_states = sum(begin_ns <= moment < end_ns for moment in ctl["states"])
    # A message that is on its way when everything ends has been neither taken nor lost.
    down = sum(ctl["sent"]) - sum(emu["taken"])
    up = sum(emu["sent"]) - sum(ctl["received"])
    return [
        ("units", f"{n_units:,}, {emu['cells']:,} cells driven, {emu['contacts']} contacts"),
        ("connected", f"{(ctl['heard_ns'] - emu['opened_ns']) * 1e-9:.2f} s"),
        ("states", f"{n_states / (ended - began):,.0f} a second"),
        ("latency, decided", say_quantiles(decided)),
        ("latency, sent", say_quantiles(sent)),
        ("messages down", f"{sum(ctl['sent']):,} sent, {down} not taken"),
        ("messages up", f"{sum(emu['sent']):,} sent, {up} not taken; "
                        f"{sum(ctl['lost'])} lost by their numbers"),
        ("not sent", f"{ctl['not_sent'] or 0} down, {emu['dropped']} up; refused "
                     f"{ {k: n for k, n in ctl['refused'].items() if n} or 0}"),
        ("cycles", f"{ctl['cycles']:,}, {ctl['skipped']} left out, longest "
                   f"{ctl['longest_s'] * 1e3:.0f} ms; emulator {emu['lost_s']:.1f} s behind"),
    ]  # fmt: skip


def latencies(
    ctl: dict[str, Any], emu: dict[str, Any], n_units: int, begin_ns: int, end_ns: int
) -> tuple[Ints, Ints]:
    """Nanoseconds from decision, and from sending, until the agent had it."""
    decode = msgspec.json.Decoder(Order).decode
    bases: list[list[tuple[int, int]]] = [[] for _ in range(n_units)]
    sent = []
    for unit, at_ns, sent_ns, payload in emu["orders"]:
        order = decode(payload)
        name = order_named(order.order_id)
        assert name is not None
        released = [node.sequence_id for node in order.nodes if node.released]
        bases[unit].append((at_ns, name.stand + max(released) // 2))
        if begin_ns <= at_ns < end_ns:
            sent.append(at_ns - (ctl["zero_ns"] + sent_ns))
    decided = []
    for at_ns, units, steps in ctl["decided"]:
        if not begin_ns <= at_ns < end_ns:
            continue
        last = dict(zip(units, steps, strict=True))  # ascending steps of each unit
        for unit, step in last.items():
            heard = next((t for t, base in bases[unit] if t >= at_ns and base >= step), None)
            if heard is not None:
                decided.append(heard - at_ns)
    return np.array(decided, dtype=np.int64), np.array(sent, dtype=np.int64)


def say_quantiles(times_ns: Ints) -> str:
    if not len(times_ns):
        return "nothing was released"
    p50, p99, most = np.quantile(times_ns, [0.5, 0.99, 1.0], method="inverted_cdf") * 1e-6
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.1f} ms ({len(times_ns):,})"


if __name__ == "__main__":
    main()
