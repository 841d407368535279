"""Read a multipart body part by part as it comes, so that a file needs neither memory nor a temporary file."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from homeport.runtime.errors import BadRequest

_MOST_PARTS = 50
_LONGEST_FIELD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """The head of a part. Only files have a `filename`, which may be empty."""

    name: str
    filename: str | None
    content_type: str


class _PartEnds:
    """Between the bytes of one part and the head of the next."""


_PART_ENDS = _PartEnds()


class MultipartBody:
    """The parts of one request's body, in their order, each read at most once."""

    def __init__(self, request: Request) -> None:
        """Reads nothing yet. Raises `BadRequest` when the request has no multipart body."""
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadRequest("The body is not multipart/form-data with a boundary; send the file as a form field.")
        self._stream: AsyncIterator[bytes] = request.stream()
        self._events: deque[Part | bytes | _PartEnds] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = b"", b""
        self._parts = 0
        self._complete = False
        self._inside = False
        self._parser = _parser(self, options[b"boundary"])

    async def next_part(self) -> Part | None:
        """The next part, or None after the last; what is left unread of the former is skipped. Raises `BadRequest`."""
        while (event := await self._next_event()) is not None:
            if isinstance(event, Part):
                self._inside = True
                return event
        return None

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The bytes of the part that `next_part` gave. Raises `BadRequest` when the body breaks off."""
        while self._inside:
            event = await self._next_event()
            if isinstance(event, bytes):
                yield event
            else:
                self._inside = False

    async def text(self) -> str:
        """The part as a form field. Raises `BadRequest` when it is longer than 64 KB."""
        found = bytearray()
        async for chunk in self.chunks():
            found += chunk
            if len(found) > _LONGEST_FIELD:
                raise BadRequest(f"A form field is longer than the {_LONGEST_FIELD // 1024} KB accepted.")
        return _decoded(bytes(found))

    async def _next_event(self) -> Part | bytes | _PartEnds | None:
        while not self._events:
            if self._complete:
                return None
            try:
                chunk = await anext(self._stream)
                self._parser.write(chunk)
            except StopAsyncIteration:
                raise BadRequest("The multipart body ends before its closing boundary.") from None
            except FormParserError as error:
                raise BadRequest(f"The multipart body cannot be read: {error}.") from error
            except ClientDisconnect as error:
                raise BadRequest("The upload was broken off.") from error
        return self._events.popleft()

    # What the parser finds.

    def begin_part(self) -> None:
        """A part begins."""
        self._headers = {}
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise BadRequest(f"The multipart body has more than the {_MOST_PARTS} parts accepted.")

    def add_header_field(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's name."""
        self._field += data[start:end]

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's value."""
        self._value += data[start:end]

    def end_header(self) -> None:
        """A header is whole."""
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def end_headers(self) -> None:
        """The head of a part is whole."""
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        filename = options.get(b"filename")
        self._events.append(
            Part(
                name=_decoded(options.get(b"name", b"")),
                filename=None if filename is None else _decoded(filename),
                content_type=_decoded(self._headers.get(b"content-type", b"")),
            )
        )

    def add_data(self, data: bytes, start: int, end: int) -> None:
        """A piece of a part."""
        self._events.append(data[start:end])

    def end_part(self) -> None:
        """A part is whole."""
        self._events.append(_PART_ENDS)

    def end(self) -> None:
        """The closing boundary came."""
        self._complete = True


def _parser(body: MultipartBody, boundary: bytes) -> MultipartParser:
    try:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": body.begin_part,
                "on_header_field": body.add_header_field,
                "on_header_value": body.add_header_value,
                "on_header_end": body.end_header,
                "on_headers_finished": body.end_headers,
                "on_part_data": body.add_data,
                "on_part_end": body.end_part,
                "on_end": body.end,
            },
        )
    except FormParserError as error:
        raise BadRequest(f"The multipart body cannot be read: {error}.") from error


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
