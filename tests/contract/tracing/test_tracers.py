"""What every observability service promises, whichever it is."""

from __future__ import annotations

from uuid import UUID

import pytest

from homeport.backends.tracing.derive_ids import child_id
from homeport.backends.tracing.errors import Misconfigured, RateLimited, Rejected, TracingError, Unavailable
from homeport.backends.tracing.guards import GuardedTracer
from homeport.backends.tracing.registry import open_tracer, read_config
from homeport.runtime.outbound.client import Outbound
from homeport.runtime.outbound.settings import OutboundSettings
from tests.contract.tracing.traces import CONVERSATION, make_trace
from tests.support.tracing_services import KEY, Reply, Service


async def test_an_answer_arrives_with_its_retrieval_and_its_generation(service: Service, tracer: GuardedTracer) -> None:
    trace = make_trace()

    await tracer.export([trace])

    [seen] = service.traces()
    assert (seen.id, seen.name, seen.user, seen.session) == (trace.id, "Harbour desk", "ann", CONVERSATION)
    assert (seen.query, seen.output, seen.failed) == ("When does it open? ⚓", "At six [1].", False)
    assert seen.steps["retrieval"] == {
        "query": "When does it open? ⚓",
        "documents": [("handbook.md", "It opens at six."), ("ships.csv", "Ship 1")],
    }
    assert seen.steps["generation"] == {
        "model": "gpt-5.4-mini",
        "tokens": (31, 5),
        "prompt": [("system", "Be brief."), ("user", "When does it open? ⚓")],
        "failed": False,
    }


async def test_several_answers_go_together(service: Service, tracer: GuardedTracer) -> None:
    traces = [make_trace(), make_trace(retrieval=None), make_trace(retrieval=None, generation=None)]

    await tracer.export(traces)

    seen = {one.id: sorted(one.steps) for one in service.traces()}
    assert seen == {traces[0].id: ["generation", "retrieval"], traces[1].id: ["generation"], traces[2].id: []}


async def test_nothing_is_sent_for_no_answer(service: Service, tracer: GuardedTracer) -> None:
    await tracer.export([])

    assert service.requests == []


async def test_an_answer_sent_twice_is_one_trace_with_the_same_ids(service: Service, tracer: GuardedTracer) -> None:
    trace = make_trace()

    await tracer.export([trace])
    await tracer.export([trace])

    assert len(service.traces()) == 1
    calls = service.ids()
    half = len(calls) // 2
    assert calls[:half] == calls[half:]
    assert [one.body for one in service.wrote()[:half]] == [one.body for one in service.wrote()[half:]]


async def test_a_failed_answer_says_so(service: Service, tracer: GuardedTracer) -> None:
    await tracer.export([make_trace(status="error", error="The model provider openai does not answer.")])

    [seen] = service.traces()
    assert seen.failed
    assert seen.steps["generation"]["failed"]
    assert any(b"openai does not answer" in one.body for one in service.wrote())


async def test_a_stopped_answer_is_told_from_a_whole_one(service: Service, tracer: GuardedTracer) -> None:
    await tracer.export([make_trace(status="stopped")])

    [seen] = service.traces()
    assert not seen.failed
    assert any(b"stopped" in one.body for one in service.wrote())


async def test_the_check_is_a_real_call_that_writes_nothing(service: Service, tracer: GuardedTracer) -> None:
    await tracer.check()

    assert len(service.requests) == 1
    assert service.traces() == []


async def test_wrong_keys_are_said_without_them_and_are_no_passing_error(service: Service, outbound: Outbound) -> None:
    wrong = {name: value.replace(KEY, "sk-somebody-else") for name, value in service.config().items()}
    tracer = open_tracer(service.name, read_config(service.name, wrong), outbound.http)

    for call in (tracer.check(), tracer.export([make_trace()])):
        with pytest.raises(Misconfigured, match=rf"^{service.name}: 401 ") as caught:
            await call
        assert "sk-somebody-else" not in str(caught.value)
        assert not caught.value.temporary


async def test_a_service_that_repeats_the_key_does_not_bring_it_into_the_sentence(
    service: Service, tracer: GuardedTracer
) -> None:
    secrets = read_config(service.name, service.config()).secrets()
    service.instead = Reply(401, {"message": f"The key {' '.join(secrets.values())} is unknown"})

    with pytest.raises(Misconfigured, match="is unknown") as caught:
        await tracer.check()

    assert not any(secret in str(caught.value) for secret in secrets.values())


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(403, {"message": "Forbidden"}), Misconfigured),
        (Reply(404, {"message": "Not Found"}), Misconfigured),
        (Reply(301, "", {"Location": "http://127.0.0.1:1/"}), Misconfigured),
        (Reply(400, {"message": "start_time is required"}), Rejected),
        (Reply(413, {"message": "too large"}), Rejected),
        (Reply(408), Unavailable),
        (Reply(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"}), Unavailable),
        (Reply(503, {"message": "Starting"}), Unavailable),
    ],
    ids=lambda part: str(part.status) if isinstance(part, Reply) else "",
)
async def test_a_refusal_says_the_status_and_whether_it_passes(
    service: Service, tracer: GuardedTracer, reply: Reply, kind: type[TracingError]
) -> None:
    service.instead = reply

    with pytest.raises(kind, match=rf"^{service.name}: {reply.status} ") as caught:
        await tracer.export([make_trace()])

    assert caught.value.temporary is (kind is Unavailable)
    assert "<" not in caught.value.message


async def test_a_fault_of_the_service_passes_unless_its_protocol_says_otherwise(
    service: Service, tracer: GuardedTracer
) -> None:
    service.instead = Reply(500, {"message": "Internal error"})

    with pytest.raises(TracingError, match=rf"^{service.name}: 500 Internal error") as caught:
        await tracer.export([make_trace()])

    assert caught.value.temporary is (service.name not in ("otlp", "phoenix", "arize"))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17.0), ("999999", 3600.0), ("-1", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", None)],
)
async def test_too_many_calls_wait_as_long_as_the_service_asks(
    service: Service, tracer: GuardedTracer, header: str, seconds: float | None
) -> None:
    service.instead = Reply(429, {"message": "Rate limit"}, {"Retry-After": header})

    with pytest.raises(RateLimited, match="429 Rate limit") as caught:
        await tracer.export([make_trace()])

    assert (caught.value.temporary, caught.value.retry_after) == (True, seconds)


async def test_a_page_where_the_api_should_be_is_no_success(service: Service, tracer: GuardedTracer) -> None:
    service.instead = Reply(200, "<html>Welcome</html>", {"Content-Type": "text/html"})

    for call in (tracer.check(), tracer.export([make_trace()])):
        with pytest.raises(Misconfigured, match="none of its API") as caught:
            await call
        assert service.config()[read_config(service.name, service.config()).address_field] in str(caught.value)


async def test_an_answer_without_end_is_not_read_to_its_end(service: Service, tracer: GuardedTracer) -> None:
    service.instead = Reply(200, b" " * 300_000)

    with pytest.raises(Misconfigured, match="none of its API"):
        await tracer.export([make_trace()])


async def test_a_service_that_is_not_there_or_silent_is_unavailable(service: Service, outbound: Outbound) -> None:
    config = read_config(service.name, service.config())
    bare = open_tracer(service.name, config, outbound.http)
    service.go_on.clear()
    with pytest.raises(Unavailable, match=rf"^{service.name}: no answer within 0.2 seconds"):
        await GuardedTracer(bare._driver, service.name, seconds=0.2).export([make_trace()])
    service.go_on.set()

    nowhere = service.config() | {config.address_field: "http://127.0.0.1:1"}
    tracer = open_tracer(service.name, read_config(service.name, nowhere), outbound.http)
    with pytest.raises(Unavailable, match=rf"^{service.name}: http://127.0.0.1:1 does not answer"):
        await tracer.export([make_trace()])


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "http://169.254.169.254", "http://[::1]:9", "http://2130706433"]
)
async def test_a_private_address_is_not_visited_unless_the_operator_has_opened_it(
    service: Service, address: str
) -> None:
    config = read_config(service.name, service.config())
    closed = read_config(service.name, service.config() | {config.address_field: address})
    outbound = Outbound(OutboundSettings())
    tracer = open_tracer(service.name, closed, outbound.http)

    for call in (tracer.check(), tracer.export([make_trace()])):
        with pytest.raises(Misconfigured, match=rf"^{service.name}: ") as caught:
            await call
        assert not caught.value.temporary
    await outbound.close()


def test_ids_of_steps_are_uuids_of_version_7_that_follow_from_the_answer() -> None:
    first, second = make_trace(), make_trace()

    ids = [child_id(trace.id, part) for trace in (first, second) for part in ("retrieval", "generation")]

    assert len(set(ids)) == 4
    assert {UUID(one).version for one in ids} == {7}
    assert UUID(ids[0]).bytes[:6] == UUID(first.id).bytes[:6]
    assert ids[0] == child_id(first.id, "retrieval")
