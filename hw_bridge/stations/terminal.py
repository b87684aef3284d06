"""What runs at a station: shows the person what to do, checks the scans, tells what was done.

`TerminalAgent` does no input or output beside its memory and reads no clock. Its rules are those of
docs/decisions/0005: jobs are numbered and taken in order, so that lost ones are sent again with
all that follow; a line is told until a controller has noted it down, and done once, whoever asks
for it again. A person works the lines one after another: scans the pod and the goods where there is
something to scan, and says when the line is done. A wrong scan is refused, kept and told, and the
line is still to be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hw_bridge.agent.options import Outgoing
from hw_bridge.stations.memory import FinishedLine, Given, TerminalMemory
from hw_bridge.stations.messages import (
    Ack,
    Job,
    Jobs,
    Line,
    Lines,
    Refusal,
    RefusalKind,
    Refusals,
    Terminal,
)
from hw_bridge.wire.frames import Link, Topic

TELL_S = 1.0
"""A terminal says how it is whenever that changes, and at least this often."""
RESEND_S = 0.4
"""What nobody has noted down is told again after this time."""
MOST_REFUSALS = 200
"""Refusals kept for a controller that does not note them down; the oldest go first."""
_encode = msgspec.json.Encoder().encode
_jobs_of = msgspec.json.Decoder(Jobs).decode
_ack_of = msgspec.json.Decoder(Ack).decode


class Scan(StrEnum):
    """What the person has to do next for the line."""

    POD = "pod"
    SKU = "sku"
    NOTHING = "nothing"
    """All is scanned; pick, and say that the line is done."""


@dataclass(frozen=True, slots=True)
class TerminalOptions:
    """tell_s: a terminal says how it is at least this often."""

    tell_s: float = TELL_S
    resend_s: float = RESEND_S


class TerminalAgent:
    """n_refused_frames: messages that made no sense, or were for another life of it."""

    def __init__(
        self, memory: TerminalMemory, now_s: float, options: TerminalOptions = TerminalOptions()
    ) -> None:
        self._memory, self._options = memory, options
        self._record = memory.load()
        self._record.session += 1
        memory.save(self._record)
        self._given = {(row.job, row.line): row.epoch for row in self._record.given}
        self._seq = 0
        self._fault, self._is_manned = "", True
        self._scanned: set[Scan] = set()
        self._told_s = self._lines_s = self._refusals_s = float("-inf")
        self._echo_ns, self._heard_s = 0, now_s
        self.n_refused_frames = 0

    @property
    def session(self) -> int:
        return self._record.session

    @property
    def epoch(self) -> int:
        """Of the latest controller heard of."""
        return self._record.epoch

    @property
    def n_finished(self) -> int:
        """Lines finished so far, before this session too."""
        return self._record.n_finished

    @property
    def n_refusals(self) -> int:
        """Scans refused so far, before this session too."""
        return self._record.n_refusals

    # ------------------------------------------------------------------ the person

    def open_lines(self) -> tuple[Job, ...]:
        """Lines still to be done, the present one first."""
        return tuple(self._record.open)

    @property
    def wants(self) -> Scan:
        """What is to be scanned next for the present line."""
        if not self._record.open:
            return Scan.NOTHING
        job = self._record.open[0]
        for scan, label in ((Scan.POD, job.pod), (Scan.SKU, job.sku)):
            if label and scan not in self._scanned:
                return scan
        return Scan.NOTHING

    def scan(self, label: str, now_s: float) -> bool:
        """Whether this is what the present line wants to be scanned; if not, it is kept and told.

        Raises ValueError where nothing is to be scanned."""
        wanted = self.wants
        if wanted is Scan.NOTHING:
            raise ValueError("nothing is to be scanned now")
        job = self._record.open[0]
        right = job.pod if wanted is Scan.POD else job.sku
        if label == right:
            self._scanned.add(wanted)
            return True
        kind = RefusalKind.WRONG_POD if wanted is Scan.POD else RefusalKind.WRONG_SKU
        self._refuse(kind, job, right, label, now_s)
        return False

    def _refuse(self, kind: RefusalKind, job: Job, wanted: str, label: str, now_s: float) -> None:
        record = self._record
        record.n_refusals += 1
        refusal = Refusal(
            number=record.n_refusals, kind=kind, job=job.job, line=job.line, wanted=wanted,
            scanned=label,
        )  # fmt: skip
        record.refusals.append((refusal, now_s))
        del record.refusals[:-MOST_REFUSALS]
        self._told_s = self._refusals_s = float("-inf")
        self._save()

    def finish(self, now_s: float) -> Job:
        """The person has done the present line. Raises ValueError where there is none, or something
        is still to be scanned."""
        record = self._record
        if not record.open or self.wants is not Scan.NOTHING:
            raise ValueError("no line is ready to be finished")
        job = record.open.pop(0)
        self._scanned.clear()
        record.n_finished += 1
        record.finished.append(FinishedLine(record.n_finished, job.job, job.line, now_s))
        self._lines_s = float("-inf")
        self._save()
        return job

    def set_fault(self, text: str) -> None:
        """Why nobody can work here; "" when somebody can."""
        self._fault, self._told_s = text, float("-inf")

    def set_manned(self, is_manned: bool) -> None:
        """Whether somebody is there."""
        self._is_manned, self._told_s = is_manned, float("-inf")

    # ------------------------------------------------------------------ the controller

    def hear(self, topic: Topic, link: Link, payload: bytes, now_s: float) -> None:
        """Take in a message; what makes no sense is counted."""
        is_stranger = link.session not in (0, self._record.session)
        if is_stranger or link.epoch < self._record.epoch:
            self.n_refused_frames += 1
            return
        self._echo_ns, self._heard_s = link.sent_ns, now_s
        try:
            jobs = _jobs_of(payload).jobs if topic is Topic.JOB else ()
            ack = _ack_of(payload) if topic is Topic.ACK else None
        except msgspec.MsgspecError:
            self.n_refused_frames += 1
            return
        before = self._record.n_jobs, self._record.n_noted, self._record.n_refusals_noted
        is_new = self._meet(link.epoch)
        if ack is not None:
            self._note(ack)
        for job in jobs:
            self._take(job)
        if is_new or before != (
            self._record.n_jobs, self._record.n_noted, self._record.n_refusals_noted,
        ):  # fmt: skip
            self._told_s = float("-inf")  # the state is the echo
            self._save()

    def _meet(self, epoch: int) -> bool:
        """Whether this is a new controller, which counts its jobs anew."""
        record = self._record
        if epoch == record.epoch:
            return False
        record.epoch, record.n_jobs = epoch, 0
        for key in record.noted:
            self._given.pop(key, None)
        record.noted.clear()
        return True

    def _note(self, ack: Ack) -> None:
        """What a controller has noted down need not be told or known any more."""
        record = self._record
        record.n_noted = max(record.n_noted, min(ack.lines, record.n_finished))
        while record.finished and record.finished[0].number <= record.n_noted:
            line = record.finished.pop(0)
            key = line.job, line.line
            if self._given.get(key, record.epoch) == record.epoch:
                self._given.pop(key, None)
            else:  # what it asked for before it heard of this may still be on its way
                record.noted.append(key)
        noted = max(record.n_refusals_noted, min(ack.refusals, record.n_refusals))
        record.n_refusals_noted = noted
        record.refusals = [row for row in record.refusals if row[0].number > noted]

    def _take(self, job: Job) -> None:
        """Take the next job. One that follows a lost one is not taken: it is sent again together
        with it, so that the order stays as it was."""
        record, key = self._record, (job.job, job.line)
        if job.number != record.n_jobs + 1:
            return
        record.n_jobs = job.number
        # A new controller asks for all that it knows to be open, and some of it is in hand already.
        if key not in self._given:
            record.open.append(job)
        self._given[key] = record.epoch

    def _save(self) -> None:
        self._record.given = [Given(*key, epoch) for key, epoch in self._given.items()]
        self._memory.save(self._record)

    # ------------------------------------------------------------------ what is told

    def connected(self, now_s: float) -> list[Outgoing]:
        """What to say when the controller can be reached again."""
        self._told_s = self._lines_s = self._refusals_s = float("-inf")
        return self.tick(now_s)

    def due_s(self) -> float:
        """When `tick` has something to say, if nothing happens before."""
        record, options = self._record, self._options
        due_s = self._told_s + options.tell_s
        if record.finished:
            due_s = min(due_s, self._lines_s + options.resend_s)
        if record.refusals:
            due_s = min(due_s, self._refusals_s + options.resend_s)
        return due_s

    def tick(self, now_s: float) -> list[Outgoing]:
        """What is to be sent now."""
        record, options, told = self._record, self._options, []
        if now_s - self._told_s >= options.tell_s - 1e-9:
            self._told_s = now_s
            body = Terminal(
                jobs=record.n_jobs, lines=record.n_noted, refusals=record.n_refusals,
                fault=self._fault, is_manned=self._is_manned,
            )  # fmt: skip
            told.append(self._message(Topic.TERMINAL, body, now_s))
        if record.finished and now_s - self._lines_s >= options.resend_s - 1e-9:
            self._lines_s = now_s
            lines = tuple(
                Line(number=n, job=job, line=line, ago_s=max(0.0, now_s - at_s))
                for n, job, line, at_s in map(msgspec.structs.astuple, record.finished)
            )
            told.append(self._message(Topic.LINE, Lines(lines=lines), now_s))
        if record.refusals and now_s - self._refusals_s >= options.resend_s - 1e-9:
            self._refusals_s = now_s
            rows = tuple(
                msgspec.structs.replace(refusal, ago_s=max(0.0, now_s - at_s))
                for refusal, at_s in record.refusals
            )
            told.append(self._message(Topic.REFUSAL, Refusals(refusals=rows), now_s))
        return told

    def _message(self, topic: Topic, body: msgspec.Struct, now_s: float) -> Outgoing:
        self._seq += 1
        lain_ns = int((now_s - self._heard_s) * 1e9)
        link = Link(
            seq=self._seq, epoch=self._record.epoch, session=self._record.session,
            sent_ns=int(now_s * 1e9), echo_ns=self._echo_ns + lain_ns if self._echo_ns else 0,
        )  # fmt: skip
        return Outgoing(topic, link, _encode(body))
