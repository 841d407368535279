"""Say in one sentence what a provider's refusal or a broken connection means; never with a key in it."""

from __future__ import annotations

import re
import ssl
from html import unescape
from typing import Any

import httpx
import orjson

from homeport.backends.llm import errors
from homeport.backends.llm.port import Account

CHECK_KEY = "Check the key under Settings → Models, or OPENAI_API_KEY."
CHECK_ADDRESS = "Check the address under Settings → Models, or OPENAI_API_BASE; most end in /v1."

_MEANINGS: dict[int, tuple[type[errors.LlmError], str, str | None]] = {
    400: (errors.Refused, "refused the request", None),
    401: (errors.Misconfigured, "refused the API key", CHECK_KEY),
    402: (errors.QuotaExceeded, "has no credit left for this account", None),
    403: (errors.Misconfigured, "does not allow this to the API key", CHECK_KEY),
    404: (
        errors.NotFound,
        "knows no such model or address",
        "Check the model's name and the address; most end in /v1.",
    ),
    405: (errors.Misconfigured, "does not offer this at the address", CHECK_ADDRESS),
    413: (errors.Refused, "finds the request too large", None),
    422: (errors.Refused, "refused the request", None),
    429: (errors.RateLimited, "has had too many requests", None),
}


def of_answer(account: Account, status: int, headers: httpx.Headers, body: bytes) -> errors.LlmError:
    """The error for an answer with this status and body."""
    if 300 <= status < 400:
        target = headers.get("location", "another address")
        return errors.Misconfigured(f"{who(account)} redirects to {target} ({status}).", hint=CHECK_ADDRESS)
    error = _error_in(body)
    said = _said(account, error, body)
    if status == 429 and _code(error) in ("insufficient_quota", "billing_hard_limit_reached"):
        return errors.QuotaExceeded(f"{who(account)} has no credit left for this account (429){said}.")
    if status in _MEANINGS:
        kind, meaning, hint = _MEANINGS[status]
        sentence = f"{who(account)} {meaning} ({status}){said}."
        if kind is errors.RateLimited:
            return errors.RateLimited(sentence, retry_after=_seconds(headers.get("retry-after")))
        return kind(sentence, hint=hint)
    if status >= 500 or status in (408, 409, 425):
        return errors.Unavailable(f"{who(account)} failed ({status}){said}.")
    return errors.LlmError(f"{who(account)} answered with status {status}{said}.")


def of_event(account: Account, error: Any) -> errors.LlmError:
    """The error for what a stream said instead of going on."""
    status = _code(error)
    if isinstance(status, int) and 400 <= status < 600:
        return of_answer(account, status, httpx.Headers(), orjson.dumps({"error": error}))
    return errors.Unavailable(f"{who(account)} broke off the answer{_said(account, error, b'')}.")


def of_connection(account: Account, error: httpx.HTTPError | httpx.InvalidURL) -> errors.LlmError:
    """The error for a connection that could not be made or broke."""
    detail = _clean(account, str(error))
    because = f": {detail}" if detail else ""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return errors.Unavailable(f"{who(account)} could not be reached{because}.", hint=CHECK_ADDRESS)
    if isinstance(error, httpx.ConnectError):
        if isinstance(error.__cause__, ssl.SSLError):
            return errors.Misconfigured(
                f"{who(account)} has no certificate this machine trusts{because}.", hint="Check the address."
            )
        hint = f"Is it running? {CHECK_ADDRESS}"
        return errors.Unavailable(f"{who(account)} could not be reached{because}.", hint=hint)
    if isinstance(error, httpx.TimeoutException):
        hint = "If the model is only slow, raise LLM_TIMEOUT."
        return errors.Unavailable(f"{who(account)} stopped answering{because}.", hint=hint)
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return errors.Misconfigured(f"{who(account)} cannot be called{because}.", hint=CHECK_ADDRESS)
    return errors.Unavailable(f"The connection to {_inner(who(account))} broke{because}.")


def cut_off(account: Account) -> errors.LlmError:
    """The error for an answer that ended before it was complete."""
    return errors.Unavailable(f"{who(account)} ended the answer before it was complete.")


def not_the_interface(account: Account, content_type: str, body: bytes) -> errors.LlmError:
    """The error for an answer that is no answer of this interface."""
    kind = content_type.partition(";")[0] or "an answer without a type"
    said = _said(account, None, body) if "html" in kind else ""
    return errors.Misconfigured(
        f"{who(account)} answered with {kind}{said} instead of the OpenAI interface.", hint=CHECK_ADDRESS
    )


def who(account: Account) -> str:
    """How a sentence about this account begins."""
    return f"The model provider {account.provider} at {account.base_url}"


def _inner(beginning: str) -> str:
    return beginning[0].lower() + beginning[1:]


def _error_in(body: bytes) -> Any:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(answer, list) and answer:
        answer = answer[0]
    if not isinstance(answer, dict):
        return None
    return answer.get("error") or answer.get("detail") or answer


def _code(error: Any) -> Any:
    if not isinstance(error, dict):
        return None
    code = error.get("code") or error.get("status") or error.get("type")
    return int(code) if isinstance(code, str) and code.isdigit() else code


def _said(account: Account, error: Any, body: bytes) -> str:
    text = error
    if isinstance(error, dict):
        text = error.get("message") or error.get("msg") or ""
    if not isinstance(text, str) or not text:
        title = re.search(rb"<title[^>]*>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
        plain = title[1] if title else (b"" if body.lstrip()[:1] in (b"<", b"{", b"[") else body[:300])
        text = unescape(plain.decode(errors="replace"))
    cleaned = _clean(account, text)
    return f": {cleaned}" if cleaned else ""


def _clean(account: Account, text: str) -> str:
    if account.api_key:
        text = text.replace(account.api_key, "(key)")
    return " ".join(text.split())[:300].rstrip(".")


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None
