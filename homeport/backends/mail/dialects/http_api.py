"""Mail services that are an HTTP API with a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from homeport.backends.mail.choice import MailChoice
from homeport.backends.mail.errors import MailError, Misconfigured, RateLimited, Rejected, Unavailable

_BAD_REQUEST = (400, 413, 422)
_NOT_LET_IN = (401, 403)
_TOO_MANY = 429
_SERVER_FAULT = 500
_LONGEST = 200


def require(settings: MailChoice, *fields: str) -> None:
    """Raise `Misconfigured` with the variables of these fields that are empty."""
    missing = [field.upper() for field in fields if not getattr(settings, field)]
    if missing:
        raise Misconfigured(f"MAIL_TYPE is {settings.mail_type!r}, which needs {', '.join(missing)}.", hint="Set it.")


class MailApi:
    """One service; a connection is kept for the next message."""

    def __init__(self, name: str, url: str, key: str, key_variable: str, seconds: float) -> None:
        """`name` and `key_variable` stand in the sentences; `seconds` a call may take."""
        self._name = name
        self._key_variable = key_variable
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=seconds,
            follow_redirects=False,
            trust_env=True,  # the service is the operator's choice, reached as the operator's network has it
        )

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The answer. Raises the errors of the family for anything but success."""
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(
                f"The mail service {self._name} does not answer: {str(error) or type(error).__name__}."
            ) from error
        if answer.is_success:
            return answer
        raise self._error(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _error(self, answer: httpx.Response) -> MailError:
        status = answer.status_code
        said = f"The mail service {self._name} answers {status}: {' '.join(answer.text.split())[:_LONGEST]}"
        if status in _NOT_LET_IN:
            return Misconfigured(said, hint=f"Look at {self._key_variable} and at what the key may do.")
        if status == _TOO_MANY:
            return RateLimited(said)
        if status in _BAD_REQUEST:
            return Rejected(said)
        return Unavailable(said) if status >= _SERVER_FAULT else MailError(said)
