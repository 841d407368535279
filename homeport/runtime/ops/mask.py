"""Keep secrets out of the log: values under telling names, and credentials inside any text."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

MASK = "***"

# Whole words only: `token` is a secret, `prompt_tokens` is a number worth reading.
_SECRET_NAME = re.compile(
    r"(^|_)(token|password|passwd|secret|authorization|cookie|api_?key|access_?key|private_?key|credentials?)(_|$)"
)
_IN_TEXT = (
    (re.compile(r"(?<=://)[^/\s@'\"]+@"), f"{MASK}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"\b(sk|app|dataset)-[A-Za-z0-9_-]{16,}"), rf"\1-{MASK}"),
    (re.compile(r"(?i)([?&](?:api_?key|key|token|access_token|password|sig|signature|sign)=)[^&\s\"']+"), rf"\1{MASK}"),
)
_DEEPEST = 6


def mask_secrets(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the line without secrets."""
    for name, value in line.items():
        # Names with an underscore are structlog's own (the record itself), never printed.
        if not name.startswith("_"):
            line[name] = MASK if value and is_secret_name(name) else _masked(value, _DEEPEST)
    return line


def is_secret_name(name: str) -> bool:
    """Whether a value under this name is never to be shown."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", name).lower()
    return _SECRET_NAME.search(plain) is not None


def mask_text(text: str) -> str:
    """`text` without the credentials in it: in addresses, in Authorization values, keys of known shapes."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _masked(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return mask_text(value)
    if depth == 0:
        return value if value is None or isinstance(value, int | float) else "..."
    if isinstance(value, Mapping):
        return {
            key: MASK if inner and is_secret_name(str(key)) else _masked(inner, depth - 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(inner, depth - 1) for inner in value]
    return value
