"""What the client library and the server say when something fails, as one sentence for an operator."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from redis.exceptions import TimeoutError as RedisTimeout

from homeport.runtime.errors import HomeportError
from homeport.runtime.redis.errors import RedisMisconfigured, RedisUnavailable


@dataclass(frozen=True, slots=True)
class Place:
    """Who was spoken to, and the variables that say how."""

    #: As a sentence begins: `Redis at redis:6379`.
    name: str
    tls: bool
    tls_variable: str = "REDIS_USE_SSL"
    user_variable: str = "REDIS_USERNAME"
    password_variable: str = "REDIS_PASSWORD"  # noqa: S105 - the name of a variable


#: What the text of an error contains, what that means, and what to change. The first that fits is taken.
_WRONG: tuple[tuple[str, str], ...] = (
    ("wrongpass|invalid username-password|invalid password",
     "refused the password: check {place.password_variable} and {place.user_variable}"),
    ("without any password configured", "has no password, but {place.password_variable} is set: leave it empty"),
    ("noauth|authentication required|client already authenticated", "wants a password: set {place.password_variable}"),
    ("unknown command .?sentinel", "is no Sentinel: REDIS_SENTINELS must name Sentinels, usually on port 26379"),
    ("unknown command .?hello|noproto", "does not know RESP version 3: set REDIS_SERIALIZATION_PROTOCOL to 2"),
    ("cluster support disabled|cluster mode is not enabled",
     "is not a node of a cluster: set REDIS_USE_CLUSTERS to false and REDIS_HOST to this server"),
    ("db index is out of range|invalid db index", "does not have the database that REDIS_DB names"),
    ("noperm|no permission", "does not let the user of {place.user_variable} do this: {reason}"),
    ("certificate verify failed|hostname mismatch",
     "shows a certificate that is not trusted ({reason}): check REDIS_SSL_CA_CERTS and REDIS_SSL_CERT_REQS"),
    ("certificate required|bad certificate|unknown ca|handshake failure",
     "does not accept our certificate ({reason}): check REDIS_SSL_CERTFILE and REDIS_SSL_KEYFILE"),
    ("wrong version number|record layer failure|packet length too long",
     "does not speak TLS: set {place.tls_variable} to false"),
)  # fmt: skip

#: What the system calls an error by its number.
_SYSTEM_ERROR = re.compile(r"Err(?:or|no) ([1-9]\d*)\b")
#: Where it happened, and in which file of the library.
_SAID = (
    re.compile(r"^Error .*? connecting to \S+?\. "),
    re.compile(r"^\[\w+: \w+\] ?"),
    re.compile(r"^\[?Errno -?\d+\]? "),
    re.compile(r"^-?\d+ connecting to \S+ "),
    re.compile(r"^Error while reading from .*?\[SSL: \w+\] "),
    re.compile(r" ?\(_ssl\.c:\d+\)"),
    re.compile(r"'\)$"),
)
_CLOSED = re.compile(r"connection (closed|lost|reset)|closed the connection|eof occurred|incompleteread", re.IGNORECASE)
_LOADING = re.compile("loading", re.IGNORECASE)
_CLUSTER_DOWN = re.compile("clusterdown|slots are not covered|slot .* not covered", re.IGNORECASE)


def explain(place: Place, error: BaseException, *, seconds: float) -> HomeportError:
    """The error to raise for `error`; `seconds`: how long an answer was waited for."""
    texts = list(_texts(error))
    everything = "\n".join(texts)
    for pattern, sentence in _WRONG:
        telling = next((text for text in texts if re.search(pattern, text, re.IGNORECASE)), None)
        if telling is not None:
            return RedisMisconfigured(f"{place.name} {sentence.format(place=place, reason=_reason([telling]))}.")
    if _LOADING.search(everything):
        return RedisUnavailable(f"{place.name} is still reading its data.")
    if _CLUSTER_DOWN.search(everything):
        return RedisUnavailable(f"The cluster at {place.name} is down: not all of its slots are served.")
    if _CLOSED.search(everything):
        if place.tls:  # its reason may have been lost with the connection
            advice = "; if it wants a certificate of ours, check REDIS_SSL_CERTFILE and REDIS_SSL_KEYFILE"
        else:
            advice = f"; if it speaks TLS alone, set {place.tls_variable} to true"
        return RedisUnavailable(f"{place.name} closed the connection{advice}.")
    if isinstance(error, (TimeoutError, RedisTimeout)):
        advice = f"; if it does not speak TLS, set {place.tls_variable} to false" if place.tls else ""
        return RedisUnavailable(f"{place.name} did not answer within {seconds:g} s{advice}.")
    return RedisUnavailable(f"{place.name} does not answer: {_reason(texts)}.")


def _texts(error: BaseException) -> list[str]:
    texts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(texts) < 5:
        texts.append(str(seen) or type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    return texts


def _reason(texts: list[str]) -> str:
    """The library's `Error 111 connecting to host:port. Reason.` without what is said already."""
    number = next((found for text in texts if (found := _SYSTEM_ERROR.search(text))), None)
    if number is not None and "SSL" not in texts[0]:  # whose numbers are its own
        return os.strerror(int(number[1])).lower()
    text = texts[0].splitlines()[0].strip().rstrip(".")
    for said in _SAID:
        text = said.sub("", text)
    return text.strip().rstrip(".") or texts[0]
