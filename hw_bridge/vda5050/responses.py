"""Topic responses: answers to the requests of a state (VDA 5050 3.0.0, section 6.9)."""

from __future__ import annotations

from typing import Literal

from hw_bridge.vda5050.base import Message, Part


class Response(Part, frozen=True, kw_only=True):
    """lease_expiry: timestamp after which a grant is over, "" for none."""

    request_id: str
    grant_type: Literal["GRANTED", "QUEUED", "REVOKED", "REJECTED"]
    lease_expiry: str = ""


class Responses(Message, frozen=True, kw_only=True):
    responses: tuple[Response, ...]
