"""What controller and units say to each other over a link, one record per message.

Every message is absolute: it says all that the sender wants to be so, never "one more", so that it
may be lost, doubled, delayed or overtaken, and any later one repairs what earlier ones failed to
say. Commands are sent again until the receiver's state echoes them. The idea is VDA 5050's; the
rules that make it safe are in `fleet_control.link.courier` and, at the units' end, in
`twin.agent_kernels`.

Numbers: orders and instants are numbered `epoch << 32 | count`, so that those of a later controller
are greater. An epoch is one life of a controller, a session one life of a unit between two
switchings on.
"""

from __future__ import annotations

import numpy as np

RING = 64
"""Steps that an order can say (a power of two): those of step s are in slot s % RING."""
EPOCH_BITS = 32
RESEND_S = 0.4
"""What has not been echoed is sent again after this time."""
HEARTBEAT_S = 0.5
TELL_S = 1.0
"""A unit says how it is whenever that changes, and at least this often."""
DEADMAN_S = 1.5
"""A unit that has had no message of its controller for so long stops at the next cell centre."""
STALE_S, LOST_S = 3.0, 10.0
"""Silence after which a unit is released nothing more, and after which somebody has to look."""

ORDER = np.dtype(
    [
        ("order", np.int64),
        ("unit", np.int32),
        ("epoch", np.int32),
        ("session", np.int32),  # for that session alone: a unit switched on again has forgotten
        ("stand", np.int32),  # step at which the unit stands when the order begins
        ("first", np.int32),  # the slots hold steps first..last; all before are done
        ("last", np.int32),  # everything up to this step may be done
        ("ahead", np.int32),  # cell of the step after the last, -1 unknown: news, no permission
        ("is_anew", np.int8),  # 1: the steps are counted anew; 0: as in the order before
        ("cells", np.int32, (RING,)),
        ("acts", np.int8, (RING,)),
        ("speeds", np.float32, (RING,)),
    ],
    align=True,
)
"""Controller to unit: the steps that it may do, which may only grow while the order is the same."""

INSTANT = np.dtype(
    [
        ("number", np.int64),  # CANCEL: the order given up
        ("unit", np.int32),
        ("epoch", np.int32),
        ("session", np.int32),
        ("request", np.int8),  # fleet_control.backend.Request
    ],
    align=True,
)
"""Controller to unit: PAUSE, RESUME, RETRY, CANCEL."""

HELLO = np.dtype([("unit", np.int32), ("epoch", np.int32)], align=True)
"""Controller to unit: I am here, and nothing of an earlier epoch counts any more."""

STATE = np.dtype(
    [
        ("seq", np.int64),  # counts the states of the session
        ("order", np.int64),  # order in hand or done last; 0 none since it was switched on
        ("tombstone", np.int64),  # greatest order cancelled
        ("wish", np.int64),  # latest PAUSE or RESUME taken
        ("retried", np.int64),  # latest RETRY taken
        ("unit", np.int32),
        ("session", np.int32),
        ("epoch", np.int32),  # greatest heard of
        ("done", np.int32),  # steps in the numbers of the order
        ("cleared", np.int32),
        ("base", np.int32),  # last step that it may still do
        ("cell", np.int32),  # centre reached last; -1 while it does not know
        ("next", np.int32),  # the cell beyond while it is between two centres, else -1
        ("load", np.int32),  # pod or -1
        ("fault", np.int8),
        ("flags", np.int8),  # Condition: PAUSED, STARTING, LOW_BATTERY
        ("stands", np.int8),  # 1: has given its order up and stands
        ("heading", np.int8),
    ],
    align=True,
)
"""Unit to controller: everything about it."""

JOB = np.dtype(
    [
        ("station", np.int32),
        ("epoch", np.int32),
        ("number", np.int32),  # counts the rows of a station within an epoch, from 1
        ("job", np.int32),
        ("line", np.int32),
        ("quantity", np.int32),
        ("pod", np.int32),  # to be scanned, -1 nothing
        ("sku", np.int32),
    ],
    align=True,
)
"""Controller to station: an order line to handle; taken in the order of the numbers only."""

ACK = np.dtype([("station", np.int32), ("epoch", np.int32), ("lines", np.int32)], align=True)
"""Controller to station, and its heartbeat: I have noted down so many of your finished lines."""

TERMINAL = np.dtype(
    [
        ("station", np.int32),
        ("epoch", np.int32),
        ("jobs", np.int32),  # number of the latest JOB taken in this epoch
        ("lines", np.int32),  # finished lines that a controller has noted down
    ],
    align=True,
)
"""Station to controller: how far it is with what both say."""

LINE = np.dtype(
    [
        ("station", np.int32),
        ("epoch", np.int32),
        ("number", np.int32),  # counts the finished lines of a station, from 1
        ("job", np.int32),
        ("line", np.int32),
        ("ago_s", np.float64),  # an age, since nobody knows what the clock of another says
    ],
    align=True,
)
"""Station to controller: an order line is finished."""
