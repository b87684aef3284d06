"""Lets the faults of a case happen when it is time, and ends them.

Of two faults of the same kind that overlap, the end of the earlier is the end of both: what is
drawn is trouble, not a protocol of it.
"""

from __future__ import annotations

from collections import Counter

from gridfleet.torture.wire.faults import OF_UNITS, Fault, WireFault
from gridfleet.torture.wire.processes import Actor
from gridfleet.torture.wire.stage import Stage
from hw_bridge.chaos.fate import QUIET, Way
from hw_bridge.chaos.proxied import Flap
from hw_bridge.chaos.tcp import Flow

F = WireFault
_FLOWS = {Way.UP: Flow.IN, Way.DOWN: Flow.OUT}


class Trouble:
    """ends_s: when the last fault is over, as drawn. counts: of what has begun, by kind."""

    def __init__(self, stage: Stage, faults: list[Fault]) -> None:
        self._stage = stage
        self._to_begin = sorted(faults, key=lambda fault: fault.at_s, reverse=True)
        self._under_way: list[Fault] = []
        self.ends_s = max((fault.ends_s for fault in faults), default=0.0)
        self.counts: Counter[str] = Counter()

    @property
    def is_over(self) -> bool:
        return not (self._to_begin or self._under_way)

    def has_killed(self, actor: Actor) -> bool:
        """Whether it is dead, as it should be just now."""
        kind = F.KILL_CONTROLLER if actor is self._stage.controller else F.KILL_EMULATOR
        return any(fault.kind is kind for fault in self._under_way)

    def act(self, now_s: float) -> None:
        """End what is over and begin what is due."""
        for fault in [one for one in self._under_way if one.ends_s <= now_s]:
            self._under_way.remove(fault)
            self._end(fault)
        while self._to_begin and self._to_begin[-1].at_s <= now_s:
            fault = self._to_begin.pop()
            self.counts[fault.kind] += 1
            self._begin(fault)
            self._under_way.append(fault)

    def next_s(self) -> float:
        """When there is something to do next; inf where nothing is left."""
        times = [fault.ends_s for fault in self._under_way]
        times += [fault.at_s for fault in self._to_begin[-1:]]
        return min(times, default=float("inf"))

    def _begin(self, fault: Fault) -> None:
        stage = self._stage
        ask, wire = stage.proxy.ask, stage.wire.ask
        match fault.kind:
            case F.NOISE:
                ask(lambda proxy: proxy.set_noise(fault.noise))
            case F.CUT:
                ask(lambda proxy: proxy.cut(fault.serials, fault.side))
            case F.HALF_OPEN:
                ask(lambda proxy: proxy.silence([fault.way], fault.serials))
            case F.FLAPPING:
                flap = Flap(fault.mean_s, fault.mean_s)
                ask(lambda proxy: proxy.set_flapping(flap, fault.serials))
            case F.DROPPED:
                ask(lambda proxy: proxy.drop_connections(fault.serials))
            case F.TCP_STALL:
                wire(lambda tcp: tcp.stall(True))
            case F.TCP_SWALLOW:
                wire(lambda tcp: tcp.swallow([_FLOWS[fault.way]]))
            case F.TCP_RESET:
                wire(lambda tcp: tcp.refuse(True))
                wire(lambda tcp: tcp.cut())
            case F.KILL_CONTROLLER:
                stage.controller.kill()
            case F.FREEZE_CONTROLLER:
                stage.controller.freeze()
            case F.KILL_EMULATOR:
                stage.emulator.kill()
            case F.FREEZE_EMULATOR:
                stage.emulator.freeze()
            case kind:
                assert kind in OF_UNITS, kind

    def _end(self, fault: Fault) -> None:
        stage = self._stage
        ask, wire = stage.proxy.ask, stage.wire.ask
        match fault.kind:
            case F.NOISE:
                ask(lambda proxy: proxy.set_noise(QUIET))
            case F.CUT | F.HALF_OPEN | F.FLAPPING:
                ask(lambda proxy: proxy.mend(fault.serials))
            case F.TCP_STALL:
                wire(lambda tcp: tcp.stall(False))
            case F.TCP_SWALLOW:
                wire(lambda tcp: tcp.swallow([]))
            case F.TCP_RESET:
                wire(lambda tcp: tcp.refuse(False))
            case F.KILL_CONTROLLER:
                stage.controller.start()
            case F.FREEZE_CONTROLLER:
                stage.controller.thaw()
            case F.KILL_EMULATOR:
                stage.emulator.start()
            case F.FREEZE_EMULATOR:
                stage.emulator.thaw()
            case _:
                pass
