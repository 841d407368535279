"""Spans as the bytes of an OTLP request, and what the answer says.

Every receiver of OTLP over HTTP takes protobuf; not all take JSON. The few messages that are needed are written here by
their field numbers, so that no library is needed (https://github.com/open-telemetry/opentelemetry-proto, trace.proto).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping

from homeport.backends.tracing.dialects.otlp.spans import Span, Value

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SCOPE = "homeport"
_INTERNAL = 1
_OK, _ERROR = 1, 2


def encode_request(resource: Mapping[str, Value], spans: Iterable[Span]) -> bytes:
    """An `ExportTraceServiceRequest` of one resource."""
    scope_spans = _message(1, _text(1, _SCOPE)) + b"".join(_message(2, _span(span)) for span in spans)
    resource_spans = _message(1, _attributes(1, resource)) + _message(2, scope_spans)
    return _message(1, resource_spans)


def read_refusal(answer: bytes) -> tuple[int, str]:
    """How many spans an `ExportTraceServiceResponse` says were rejected, and why. ValueError for something else."""
    rejected, said = 0, ""
    for number, value in _fields(answer):
        if number != 1 or not isinstance(value, bytes):
            continue
        for inner, part in _fields(value):
            if inner == 1 and isinstance(part, int):
                rejected = part
            elif inner == 2 and isinstance(part, bytes):
                said = part.decode("utf-8", "replace")
    return rejected, said


def read_sentence(answer: bytes) -> str:
    """The message of a `google.rpc.Status`, which refusals carry. ValueError for something else."""
    found = [value for number, value in _fields(answer) if number == 2 and isinstance(value, bytes)]
    return found[0].decode("utf-8", "replace") if found else ""


def _span(span: Span) -> bytes:
    parts = [_blob(1, span.trace_id), _blob(2, span.span_id)]
    if span.parent_id:
        parts.append(_blob(4, span.parent_id))
    parts += [
        _text(5, span.name),
        _number(6, _INTERNAL),
        _key(7, _FIXED64) + struct.pack("<Q", span.start),
        _key(8, _FIXED64) + struct.pack("<Q", span.end),
        _attributes(9, span.attributes),
    ]
    status = _number(3, _OK) if span.error is None else _text(2, span.error) + _number(3, _ERROR)
    parts.append(_message(15, status))
    return b"".join(parts)


def _attributes(field: int, attributes: Mapping[str, Value]) -> bytes:
    return b"".join(
        _message(field, _text(1, name) + _message(2, _any_value(value))) for name, value in attributes.items()
    )


def _any_value(value: Value) -> bytes:
    if isinstance(value, bool):
        return _number(2, int(value))
    if isinstance(value, int):
        return _number(3, value)
    if isinstance(value, float):
        return _key(4, _FIXED64) + struct.pack("<d", value)
    return _text(1, value)


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _number(field: int, value: int) -> bytes:
    return _key(field, _VARINT) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def _text(field: int, text: str) -> bytes:
    return _blob(field, text.encode("utf-8", "replace"))


def _message(field: int, encoded: bytes) -> bytes:
    return _blob(field, encoded)


def _blob(field: int, data: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("no protobuf")
        if at + size > len(data):
            raise ValueError("no protobuf")
        yield key >> 3, data[at : at + size]
        at += size


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("no protobuf")
