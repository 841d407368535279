"""A tracer of every driver in turn, each against a service on loopback that speaks its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from homeport.backends.tracing.discover import find_specs
from homeport.backends.tracing.guards import GuardedTracer
from homeport.backends.tracing.registry import open_tracer, read_config
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.settings import OutboundSettings
from tests.support.tracing_services import SERVICES, Service, running


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """The guarded client, of an operator who has opened loopback."""
    opened = Outbound(OutboundSettings(outbound_allow_private=("127.0.0.1",)))
    yield opened
    await opened.close()


@pytest.fixture(params=sorted(spec.name for spec in find_specs().values()))
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A driver without a service fails here."""
    with running(SERVICES[request.param]()) as found:
        yield found


@pytest.fixture
def tracer(service: Service, outbound: Outbound) -> GuardedTracer:
    """As a person has set it up."""
    return open_tracer(service.name, read_config(service.name, service.config()), outbound.http)
