"""Hand traces to a receiver of OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/, OTLP/HTTP)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from homeport.backends.tracing.config import ServiceConfig
from homeport.backends.tracing.dialects.http_api import Answer, ServiceApi
from homeport.backends.tracing.dialects.otlp.protobuf import encode_request, read_refusal, read_sentence
from homeport.backends.tracing.dialects.otlp.spans import Value, spans_of
from homeport.backends.tracing.errors import Rejected
from homeport.backends.tracing.port import Trace

_PATH = "/v1/traces"
_PROTOBUF = "application/x-protobuf"
#: The protocol: of all statuses from 500 on only 502, 503 and 504 are worth another attempt.
_LASTING = frozenset(range(500, 600)) - {502, 503, 504}


class OtlpTracer:
    """A `Tracer` for everything that speaks the protocol."""

    def __init__(
        self,
        name: str,
        config: ServiceConfig,
        http: httpx.AsyncClient,
        headers: Mapping[str, str],
        resource: Mapping[str, Value],
    ) -> None:
        """`headers` let in; `resource`: attributes of whatever is sent, such as the project."""
        self._name = name
        self._resource = dict(resource)
        self._path = "" if config.address.endswith(_PATH) else _PATH
        accept = {"Accept": f"{_PROTOBUF}, application/json"}
        self._api = ServiceApi(name, config, http, accept | dict(headers), lasting=_LASTING, read_said=_read_said)

    async def export(self, batch: Sequence[Trace]) -> None:
        """See `Tracer.export`: one call."""
        spans = [span for trace in batch for span in spans_of(trace)]
        await self._send(encode_request(self._resource, spans))

    async def check(self) -> None:
        """See `Tracer.check`: a request without spans, which a receiver answers with success."""
        await self._send(b"")

    async def _send(self, content: bytes) -> None:
        answer = await self._api.call("POST", self._path, content, _PROTOBUF)
        if not answer.headers.get("content-type", "").startswith(_PROTOBUF):
            return  # some receivers answer with JSON or nothing, whatever the protocol says
        try:
            rejected, said = read_refusal(answer.content)
        except ValueError as error:
            raise self._api.unexpected(answer.status) from error
        if rejected:
            raise Rejected(f"{self._name}: {rejected} spans were not taken: {said or 'no reason given'}.")


def _read_said(answer: Answer) -> str | None:
    if not answer.headers.get("content-type", "").startswith(_PROTOBUF):
        return None
    try:
        return read_sentence(answer.content)
    except ValueError:
        return None
