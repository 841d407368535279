"""Sentry as the error tracker. Loaded when SENTRY_DSN is set, and made after the fork, since it has a thread.

It is told the error, where it was raised, and ids. Not told: bodies, headers, queries, values of variables, people.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sentry_sdk
import structlog
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.tracing import Transaction
from sentry_sdk.utils import BadDsn

from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.ops.mask import mask_text
from homeport.runtime.ops.telemetry_settings import SentrySettings

#: Seconds that what is left may take to leave when the process stops.
FLUSH_SECONDS = 2.0
_MOST_TEXT = 500
#: Keys of an event that name people, machines' variables, or what was sent; none is filled, and none passes.
_NEVER = ("request", "user", "breadcrumbs", "extra", "modules")


class SentryTracker:
    """`faults.Tracker` over the SDK."""

    def __init__(self, settings: SentrySettings, *, release: str, environment: str) -> None:
        """Starts nothing before there is something to tell. Raises ConfigurationError for an address that is none."""
        dsn = settings.sentry_dsn.get_secret_value() if settings.sentry_dsn else ""
        try:
            with warnings.catch_warnings():
                # Profiles of single requests, as the variable has it, stay in the SDK until its next major version.
                warnings.filterwarnings("ignore", "Transaction-based profiling", DeprecationWarning)
                _init(dsn, settings, release=release, environment=environment)
        except BadDsn as error:
            raise ConfigurationError(
                [f"SENTRY_DSN is not the address of a project ({error}); accepted is https://<key>@<host>/<project>."]
            ) from error

    def report(self, error: BaseException, **tags: str) -> None:
        """See `faults.report`."""
        ids = structlog.contextvars.get_contextvars()
        with sentry_sdk.new_scope() as scope:
            for name in ("request_id", "job_id", "task"):
                if name in ids:
                    scope.set_tag(name, str(ids[name]))
            scope.set_tags(tags)
            scope.capture_exception(error)

    @contextmanager
    def timed(self, kind: str, name: str) -> Iterator[_Timed]:
        """See `faults.timed`."""
        with (
            sentry_sdk.isolation_scope(),
            sentry_sdk.start_transaction(op=kind, name=name, source="route") as transaction,
        ):
            yield _Timed(transaction)

    def close(self) -> None:
        """Send what is left, for at most `FLUSH_SECONDS`. Blocks."""
        sentry_sdk.get_client().close(timeout=FLUSH_SECONDS)
        sentry_sdk.get_global_scope().set_client(None)


def _init(dsn: str, settings: SentrySettings, *, release: str, environment: str) -> None:
    sentry_sdk.init(
        dsn=dsn,
        release=release,
        environment=environment,
        traces_sample_rate=settings.sentry_traces_sample_rate,
        profiles_sample_rate=settings.sentry_profiles_sample_rate or None,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[DedupeIntegration()],
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        propagate_traces=False,
        before_send=_clean,
        before_send_transaction=_clean,
        shutdown_timeout=FLUSH_SECONDS,
    )


class _Timed:
    """A transaction as `faults.Timed`."""

    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction

    def end(self, name: str, status: str) -> None:
        """See `faults.Timed.end`."""
        if isinstance(self._transaction, Transaction):
            self._transaction.name = name
        if status.isdecimal():
            self._transaction.set_http_status(int(status))
        else:
            self._transaction.set_status("ok" if status == "succeeded" else "unknown_error")


def _clean(event: Any, _hint: Mapping[str, Any]) -> Any:
    """The event without what is never told, its texts without credentials and not too long."""
    return {name: _masked(value) for name, value in event.items() if name not in _NEVER}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_text(value[:_MOST_TEXT])
    if isinstance(value, dict):
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value
