"""Checks a wire log: every message by its type, its rules, what came before it, and its schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hw_bridge.schemas import Schemas
from hw_bridge.stations import messages as station_messages
from hw_bridge.vda5050.base import MessageError, decode
from hw_bridge.vda5050.conversation import Conversation
from hw_bridge.vda5050.rules import message_faults
from hw_bridge.vda5050.topics import KINDS, decode_topic
from hw_bridge.wire.frames import Topic
from hw_bridge.wire_log import Entry, Head, Way, read

BODIES: dict[str, type[msgspec.Struct]] = {
    Topic.JOB: station_messages.Jobs,
    Topic.ACK: station_messages.Ack,
    Topic.TERMINAL: station_messages.Terminal,
    Topic.LINE: station_messages.Lines,
    Topic.REFUSAL: station_messages.Refusals,
}
"""What travels on topics that VDA 5050 does not have."""
KEPT_FAULTS = 1000
LINE, DECODE, SCHEMA, TOPIC, SERIAL = "line", "decode", "schema", "topic", "serial"


@dataclass(frozen=True, slots=True)
class LogFault:
    """rule: of hw_bridge.vda5050.fault.Rule, or line, decode, schema, topic, serial. line: number
    from 1."""

    line: int
    at_s: float
    way: str
    serial: str
    topic: str
    rule: str
    text: str

    def __str__(self) -> str:
        if not self.serial:
            return f"line {self.line}: {self.text} [{self.rule}]"
        return (
            f"line {self.line}, {self.at_s:.3f} s, {self.way}, {self.serial}, {self.topic}: "
            f"{self.text} [{self.rule}]"
        )


@dataclass(slots=True)
class LogReport:
    """messages: by (way, topic). faults: the first KEPT_FAULTS; by_rule counts all. validated:
    messages held against an official schema. runs: heads in the file. is_cut: the last line of
    a run is not whole, as of one that was killed."""

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[LogFault] = field(default_factory=list)
    by_rule: Counter[str] = field(default_factory=Counter)
    serials: set[str] = field(default_factory=set)
    validated: int = 0
    runs: int = 0
    until_s: float = 0.0
    is_cut: bool = False

    @property
    def n_messages(self) -> int:
        return self.messages.total()

    @property
    def n_faults(self) -> int:
        return self.by_rule.total()

    def add(self, fault: LogFault) -> None:
        self.by_rule[fault.rule] += 1
        if len(self.faults) < KEPT_FAULTS:
            self.faults.append(fault)


def check_log(path: Path, schemas: Schemas | None = None, every: int = 1) -> LogReport:
    """Look at all messages of a log. every: only each so-many-th of a topic is held against its
    schema. Raises WireLogError and OSError as hw_bridge.wire_log.read."""
    report, talks = LogReport(), _Talks()
    broken: LogFault | None = None
    for number, line in read(path):
        # What stands before a new head was cut off when the run before was killed.
        if broken is not None and not isinstance(line, Head):
            report.add(broken)
        elif broken is not None:
            report.is_cut = True
        broken = None
        if isinstance(line, Entry):
            _check_entry(report, talks, number, line, schemas, every)
        elif isinstance(line, Head):
            report.runs += 1
            talks.begin_run()
        elif line == "cut off":
            report.is_cut = True
        else:
            broken = LogFault(number, 0.0, "", "", "", LINE, line)
    if broken is not None:
        report.add(broken)
    return report


class _Talks:
    """What has been said with each device so far."""

    def __init__(self) -> None:
        self._talks: dict[str, tuple[int, Conversation]] = {}

    def begin_run(self) -> None:
        """What was sent last in the run before may not be in its log."""
        for _, talk in self._talks.values():
            talk.lose_track()
        self._talks = {serial: (-1, talk) for serial, (_, talk) in self._talks.items()}

    def of(self, entry: Entry) -> Conversation:
        """The conversation that a message is part of; a new controller counts its headers anew."""
        epoch, talk = self._talks.get(entry.serial, (-1, Conversation()))
        if entry.way is Way.DOWN and entry.link.epoch != epoch:
            epoch = entry.link.epoch
            talk.renew()
        self._talks[entry.serial] = epoch, talk
        return talk


def _check_entry(
    report: LogReport, talks: _Talks, number: int, entry: Entry, schemas: Schemas | None, every: int
) -> None:
    key = (str(entry.way), entry.topic)
    report.messages[key] += 1
    report.serials.add(entry.serial)
    report.until_s = max(report.until_s, entry.at_s)
    found = list(_faults(talks, entry))
    if schemas is not None and _is_due(entry, report.messages[key], every):
        report.validated += 1
        content = msgspec.json.decode(entry.payload)
        found += [
            (SCHEMA, f"{place}: {text}") for place, text in schemas.faults(entry.topic, content)
        ]
    for rule, text in found:
        report.add(LogFault(number, entry.at_s, entry.way, entry.serial, entry.topic, rule, text))


def _is_due(entry: Entry, count: int, every: int) -> bool:
    return entry.topic in KINDS and not entry.bad and count % every == 0


def _faults(talks: _Talks, entry: Entry) -> Iterator[tuple[str, str]]:
    """Rule and text of all that is wrong with a message but its schema."""
    if entry.bad:
        yield DECODE, f"no JSON: {entry.bad[:60]!r}"
        return
    try:
        if entry.topic in BODIES:
            decode(BODIES[entry.topic], bytes(entry.payload))
            return
        if entry.topic == Topic.HELLO:
            if bytes(entry.payload) != b"null":
                yield DECODE, "a hello has no payload"
            return
        if entry.topic not in KINDS:
            yield TOPIC, "is no topic of this wire"
            return
        message = decode_topic(entry.topic, bytes(entry.payload))
    except MessageError as error:
        yield DECODE, str(error)
        return
    talk = talks.of(entry)
    faults = message_faults(message)
    if entry.way is Way.DOWN:
        faults += talk.send(entry.topic, message)
    else:
        faults += talk.hear(message, entry.link.session, entry.link.seq)
    if message.serial_number != entry.serial:
        yield SERIAL, f"serialNumber: {message.serial_number[:40]!r} is another unit"
    for fault in faults:
        yield fault.rule, f"{fault.place}: {fault.text}"
