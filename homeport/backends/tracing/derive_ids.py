"""Ids that follow from an answer's id, so that whatever is sent again is known to be the same."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

_TIME_BYTES = 6
_SPAN_BYTES = 8


def child_id(trace_id: str, part: str) -> str:
    """The id of a step of a trace: a UUID of version 7 with the time of `trace_id`. Some services take no other."""
    time = UUID(trace_id).bytes[:_TIME_BYTES]
    rest = sha256(f"{trace_id}/{part}".encode()).digest()
    raw = bytearray(time + rest[: 16 - _TIME_BYTES])
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(raw)))


def span_bytes(step_id: str) -> bytes:
    """The eight bytes by which OpenTelemetry knows a step; the time at the front of an id would make them alike."""
    return sha256(step_id.encode()).digest()[:_SPAN_BYTES]
