"""A service that is an HTTP API: one call, its answer bounded, its refusal put into one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from homeport.backends.tracing.config import ServiceConfig
from homeport.backends.tracing.errors import Misconfigured, RateLimited, Rejected, TracingError, Unavailable

_LARGEST_ANSWER = 256 * 1024
_LONGEST_SAID = 300
_NOT_LET_IN = (401, 403)
_TIMED_OUT, _TOO_MANY, _SERVER_FAULT = 408, 429, 500
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
#: Where APIs put their sentence.
_SENTENCES = ("message", "detail", "error", "errors")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> Any:
        """The body, or None when it is no JSON."""
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            return None


class ServiceApi:
    """One service at one address."""

    def __init__(
        self,
        name: str,
        config: ServiceConfig,
        http: httpx.AsyncClient,
        headers: Mapping[str, str],
        *,
        auth: tuple[str, str] | None = None,
        lasting: frozenset[int] = frozenset(),
        done: frozenset[int] = frozenset(),
        read_said: Callable[[Answer], str | None] = lambda _answer: None,
    ) -> None:
        """`name` begins every sentence. `lasting`: statuses from 500 on that another attempt does not cure; `done`:
        statuses that mean success, too.

        `read_said` finds the sentence of an error answer that is no JSON.
        """
        self._name = name
        self._config = config
        self._http = http
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        self._auth = httpx.BasicAuth(*auth) if auth else None
        self._lasting = lasting
        self._done = done
        self._read_said = read_said

    async def send(self, path: str, body: Any) -> Answer:
        """POST `body` as JSON."""
        return await self.call("POST", path, orjson.dumps(body), "application/json")

    async def call(
        self, method: str, path: str, content: bytes | None = None, content_type: str | None = None
    ) -> Answer:
        """The answer of success. Raises the errors of the family for every other, `AddressRefused` for the address."""
        headers = self._headers | ({"Content-Type": content_type} if content_type else {})
        request = self._http.build_request(
            method, f"{self._config.address}{path}", content=content, headers=headers, timeout=_TIMEOUT
        )
        try:
            answer = await self._read(request)
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self._name}: no answer from {self._config.address} in time.") from error
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise Unavailable(f"{self._name}: {self._config.address} does not answer: {said}.") from error
        if not httpx.codes.is_success(answer.status) and answer.status not in self._done:
            said = self._read_said(answer) or _said(answer)
            raise self.error(answer.status, said, retry_after=_retry_after(answer.headers))
        if _is_page(answer):
            raise self.unexpected(answer.status)
        return answer

    async def _read(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True, auth=self._auth, follow_redirects=False)
        try:
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > _LARGEST_ANSWER:
                    raise self.unexpected(response.status_code)
            return Answer(response.status_code, response.headers, bytes(content))
        finally:
            await response.aclose()

    def error(self, status: int, said: str, *, retry_after: float | None = None) -> TracingError:
        """The error that a status means: whether it passes, and what to change."""
        sentence = f"{self._name}: {status} {self._without_secrets(said)}".rstrip(" .") + "."
        if status in _NOT_LET_IN:
            return Misconfigured(sentence, hint="Look at the keys, and whether they belong to this address.")
        if status == _TOO_MANY:
            return RateLimited(sentence, retry_after=retry_after)
        if status == _TIMED_OUT or (status >= _SERVER_FAULT and status not in self._lasting):
            error = Unavailable(sentence)
            error.retry_after = retry_after
            return error
        if status < 400 or status in (404, 405):
            return Misconfigured(sentence, hint=f"Look at the address {self._config.address}.")
        return Rejected(sentence)

    def unexpected(self, status: int) -> Misconfigured:
        """Success, but no answer of this API: another program is at the address."""
        return Misconfigured(
            f"{self._name}: {status} with an answer that is none of its API.",
            hint=f"Look at the address {self._config.address}.",
        )

    def _without_secrets(self, said: str) -> str:
        for secret in self._config.secrets().values():
            said = said.replace(secret, "…")
        return said[:_LONGEST_SAID]


def _is_page(answer: Answer) -> bool:
    return "html" in answer.headers.get("content-type", "")


def _said(answer: Answer) -> str:
    """The sentence of an error answer, on one line; of a page of HTML only the reason that goes with its status."""
    if _is_page(answer):
        return httpx.codes.get_reason_phrase(answer.status)
    found = answer.json()
    if isinstance(found, dict):
        found = next((found[name] for name in _SENTENCES if found.get(name)), found)
    if not found:
        found = answer.content.decode("utf-8", "replace") or httpx.codes.get_reason_phrase(answer.status)
    text = found if isinstance(found, str) else orjson.dumps(found).decode()
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds: `Retry-After` is a number of them or a date."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None
