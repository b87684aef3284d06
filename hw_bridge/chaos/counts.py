"""What was done to messages, counted, so that nothing is lost on the way without a word."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class Counts:
    """Of one device in one direction, or of many.

    taken: messages that came in. passed: copies handed on. lost: by noise. doubled: copies more by
    noise. late: copies that were held up or delayed. swallowed: by a half-open link. cut: came in
    while the link was cut. unreachable: copies that the other side was not there for, or did not
    read. forged: the serial was not that of the key.

    taken + doubled = passed + lost + swallowed + cut + unreachable + forged + what is on its way
    """

    taken: int = 0
    passed: int = 0
    lost: int = 0
    doubled: int = 0
    late: int = 0
    swallowed: int = 0
    cut: int = 0
    unreachable: int = 0
    forged: int = 0

    def add(self, other: Counts) -> None:
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def on_the_way(self) -> int:
        gone = self.passed + self.lost + self.swallowed + self.cut + self.unreachable + self.forged
        return self.taken + self.doubled - gone

    def as_json(self) -> dict[str, int]:
        return asdict(self)


_NAMES = tuple(field.name for field in fields(Counts))
