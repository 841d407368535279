"""Answers reach the observability service of their app: once, whatever happens on the way, and at no cost elsewhere."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from homeport.features.chat.end_interrupted import end_interrupted
from homeport.features.chat.export_trace import export_trace
from homeport.features.chat.room import ChatRoom
from homeport.features.chat.tables import Message
from homeport.runtime.db.columns import new_id, utc_now
from homeport.runtime.tasks.tables import JobState
from tests.support.chat_app import ChatApp, model, open_chat_app, until
from tests.support.model_server import ModelServer, model_server
from tests.support.traced_app import OPENED, jobs_of, said, settled, trace
from tests.support.tracing_services import SERVICES, Langfuse, Otlp, Reply, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

FERRY = "The ferry to Port Ellis leaves at noon every day.\n\nThe lighthouse was built of granite in 1843."


async def add_knowledge(chat: ChatApp) -> str:
    made = await chat.console.post("/datasets", json={"name": new_id(), "indexing_technique": "economy"})
    dataset = str(made.json()["id"])
    rule = {"mode": "custom", "rules": {"segmentation": {"separator": "\n\n", "max_tokens": 100}}}
    body = {"name": "harbour.txt", "text": FERRY, "process_rule": rule}
    added = await chat.console.post(f"/datasets/{dataset}/documents/text", json=body)
    path = f"/datasets/{dataset}/documents/{added.json()['document']['id']}"
    async with asyncio.timeout(20):
        while (await chat.console.get(path)).json()["indexing_status"] != "completed":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return dataset


async def message_of(chat: ChatApp, message_id: str) -> Message:
    async with chat.house.house.database.read() as session:
        return (await session.execute(select(Message).where(Message.id == message_id))).scalar_one()


@pytest.mark.parametrize("name", sorted(SERVICES))
async def test_an_answer_is_handed_to_each_service_as_it_was_given(
    chat: ChatApp, models: ModelServer, name: str
) -> None:
    dataset = await add_knowledge(chat)
    datasets = {"datasets": [{"dataset": {"enabled": True, "id": dataset}}]}
    app = await chat.add_app(
        model("cite", temperature=0.3)
        | {"pre_prompt": "Be brief.", "dataset_configs": {"datasets": datasets, "top_k": 1}}
    )
    with running(SERVICES[name]()) as service:
        await trace(chat, app, service)
        first = await said(chat, app, query="When does the ferry leave?")
        again = await said(chat, app, query="And the lighthouse?", conversation_id=first["conversation_id"])
        jobs = await settled(chat, app.id, 2)
        seen = {one.id: one for one in service.traces()}

    assert [(job.state, job.attempt, job.task) for job in jobs] == [(JobState.SUCCEEDED, 1, "chat.export_trace")] * 2
    assert [job.payload for job in jobs] == [{"message_id": one["message_id"]} for one in (first, again)]
    found = seen[first["message_id"]]
    assert (found.name, found.user, found.session) == ("Helper", "ann", first["conversation_id"])
    assert (found.query, found.output, found.failed) == ("When does the ferry leave?", first["answer"], False)
    assert found.steps["retrieval"] == {
        "query": "When does the ferry leave?",
        "documents": [("harbour.txt", "The ferry to Port Ellis leaves at noon every day.")],
    }
    usage = first["metadata"]["usage"]
    assert found.steps["generation"]["tokens"] == (usage["prompt_tokens"], usage["completion_tokens"])
    assert found.steps["generation"]["model"] == "cite"
    # What the model was sent, word for word, though it is stored nowhere.
    for answer, call in zip((first, again), models.calls_to("/chat/completions"), strict=True):
        sent = [(one["role"], one["content"]) for one in call.body["messages"]]
        assert seen[answer["message_id"]].steps["generation"]["prompt"] == sent


async def test_answers_are_traced_on_every_database(everywhere: ChatApp, langfuse: Langfuse) -> None:
    app = await everywhere.add_app(model("echo"))
    await trace(everywhere, app, langfuse)

    answers = [await said(everywhere, app, query=f"Question {number}?") for number in range(3)]
    await settled(everywhere, app.id, 3)

    assert {(one.id, one.output) for one in langfuse.traces()} == {
        (answer["message_id"], answer["answer"]) for answer in answers
    }
    [body] = [
        one["body"]
        for one in langfuse.events.values()
        if one["type"] == "generation-create" and one["body"]["traceId"] == answers[0]["message_id"]
    ]
    message = await message_of(everywhere, answers[0]["message_id"])
    assert message.retrieval_latency is None
    assert message.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z") == body["startTime"]
    assert body["startTime"] < body["completionStartTime"] <= body["endTime"]


async def test_a_completion_and_a_question_of_the_console_are_traced_too(chat: ChatApp, langfuse: Langfuse) -> None:
    app = await chat.add_app(model("echo") | {"pre_prompt": "Say {{query}}"}, mode="completion")
    await trace(chat, app, langfuse)

    body = {"inputs": {}, "query": "hello", "user": "bob"}
    assert (await app.client.post("/completion-messages", json=body)).status_code == 200
    asked = await chat.console.post(f"/apps/{app.id}/completion-messages", json={"inputs": {"query": "ahoy"}})
    assert asked.status_code == 200
    await settled(chat, app.id, 2)

    first, second = sorted(langfuse.traces(), key=lambda one: one.id)
    assert (first.user, first.steps["generation"]["prompt"]) == ("bob", [("user", "Say hello")])
    assert (second.query, second.output) == ("ahoy", "Say ahoy")
    assert second.user not in ("", "bob")


async def test_an_app_that_is_not_traced_pays_nothing(chat: ChatApp, langfuse: Langfuse) -> None:
    traced = await chat.add_app(model("echo"))
    await trace(chat, traced, langfuse)
    app = await chat.add_app(model("echo"))
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engines = {chat.house.house.database.engine, chat.house.house.database._reader}
    for engine in engines:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await said(chat, app)
    finally:
        for engine in engines:
            event.remove(engine.sync_engine, "before_cursor_execute", note)

    assert any("INSERT INTO messages" in one for one in statements)
    assert not any("trace_app_configs" in one or "INTO jobs" in one for one in statements)
    assert await jobs_of(chat, app.id) == []
    assert langfuse.requests == []


async def test_a_failed_answer_is_traced_with_its_error(chat: ChatApp, langfuse: Langfuse) -> None:
    app = await chat.add_app(model("fail-401"))
    await trace(chat, app, langfuse)

    assert (await app.ask()).status_code == 400
    [job] = await settled(chat, app.id)

    [seen] = langfuse.traces()
    assert (job.state, seen.failed, seen.output) == (JobState.SUCCEEDED, True, "")
    message = await message_of(chat, seen.id)
    assert message.error
    assert seen.steps["generation"]["failed"]
    [body] = [one["body"] for one in langfuse.events.values() if one["type"] == "generation-create"]
    assert (body["statusMessage"], body["completionStartTime"]) == (message.error, None)


async def test_an_answer_that_found_no_model_has_no_generation(chat: ChatApp, langfuse: Langfuse) -> None:
    app = await chat.add_app(model("gpt", provider="langgenius/groq/groq"))
    await trace(chat, app, langfuse)

    assert (await app.ask()).status_code == 400
    await settled(chat, app.id)

    [seen] = langfuse.traces()
    assert (seen.failed, seen.steps) == (True, {})


async def test_a_stopped_answer_is_traced_as_far_as_it_came(chat: ChatApp, langfuse: Langfuse) -> None:
    app = await chat.add_app(model("stall"))
    await trace(chat, app, langfuse)
    body = {"inputs": {}, "query": "Hello?", "user": "ann", "response_mode": "streaming"}

    async with app.client.stream("POST", "/chat-messages", json=body) as answer:
        await anext(answer.aiter_text())
    await settled(chat, app.id)

    [seen] = langfuse.traces()
    message = await message_of(chat, seen.id)
    assert (message.status, seen.output, seen.failed) == ("stopped", message.answer, False)
    assert message.answer


async def test_too_many_calls_wait_as_long_as_the_service_asks_and_are_one_trace(
    chat: ChatApp, langfuse: Langfuse
) -> None:
    app = await chat.add_app(model("echo"))
    await trace(chat, app, langfuse)
    langfuse.instead = Reply(429, {"message": "Rate limit exceeded"}, {"Retry-After": "900"})

    answer = await said(chat, app)
    [waiting] = await settled(chat, app.id)
    assert (waiting.state, waiting.last_error) == (JobState.QUEUED, "langfuse: 429 Rate limit exceeded.")
    assert waiting.started_at is not None
    assert waiting.run_at - waiting.started_at >= timedelta(seconds=900)

    langfuse.instead = None
    retried = await chat.console.post("/operate/jobs/retry", json={"ids": [waiting.id]})
    assert retried.status_code == 200, retried.text
    async with asyncio.timeout(20):
        while (await jobs_of(chat, app.id))[0].state != JobState.SUCCEEDED:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert [one.id for one in langfuse.traces()] == [answer["message_id"]]
    assert langfuse.ids()[0] == langfuse.ids()[1]


async def test_refused_keys_fail_at_once_and_are_seen_at_the_app_and_among_the_jobs(
    chat: ChatApp, langfuse: Langfuse
) -> None:
    app = await chat.add_app(model("echo"))
    await trace(chat, app, langfuse)
    langfuse.instead = Reply(401, {"message": "Invalid credentials"})

    await said(chat, app)
    [job] = await settled(chat, app.id)

    sentence = "langfuse: 401 Invalid credentials. Look at the keys, and whether they belong to this address."
    assert (job.state, job.attempt, job.last_error) == (JobState.FAILED, 1, sentence)
    shown = (await chat.console.get(f"/apps/{app.id}/trace")).json()["last_failure"]
    assert job.finished_at is not None
    assert shown == {"at": int(job.finished_at.timestamp()), "error": sentence}
    listed = (await chat.console.get("/operate/jobs", params={"queue": "ops_trace", "state": "failed"})).json()["data"]
    assert job.id in {one["id"] for one in listed}


async def test_an_answer_whose_process_died_is_ended_and_traced(everywhere: ChatApp, langfuse: Langfuse) -> None:
    app = await everywhere.add_app(model("echo"))
    other = await everywhere.add_app(model("echo"))
    await trace(everywhere, app, langfuse)
    ids = [(await said(everywhere, one))["message_id"] for one in (app, other)]
    await settled(everywhere, app.id)
    langfuse.events.clear()
    lost = utc_now() - timedelta(days=1)
    async with everywhere.house.house.database.begin() as session:
        values = {"status": "running", "answer": "", "model": "", "created_at": lost}
        await session.execute(update(Message).where(Message.id.in_(ids)).values(**values))
        await end_interrupted(session, everywhere.house.room(ChatRoom).jobs, before=utc_now() - timedelta(hours=1))
    await settled(everywhere, app.id, 2)

    [seen] = langfuse.traces()
    assert (seen.id, seen.failed, seen.steps) == (ids[0], True, {})
    assert await jobs_of(everywhere, other.id) == []
    assert (await message_of(everywhere, ids[1])).status == "error"


async def test_an_answer_that_fails_to_be_handed_over_is_given_all_the_same(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    with running(Langfuse()) as gone:
        await trace(chat, app, gone)

    assert (await said(chat, app, query="Are you there?"))["answer"] == "Are you there?"
    [job] = await settled(chat, app.id)

    assert job.state == JobState.QUEUED
    assert "does not answer" in (job.last_error or "")


async def test_what_waits_when_tracing_is_switched_off_is_not_sent(chat: ChatApp, langfuse: Langfuse) -> None:
    app = await chat.add_app(model("echo"))
    await trace(chat, app, langfuse)
    answer = await said(chat, app)
    await settled(chat, app.id)
    langfuse.requests.clear()
    room = chat.house.room(ChatRoom)

    assert (await chat.console.post(f"/apps/{app.id}/trace", json={"enabled": False})).status_code == 200
    await export_trace(room, answer["message_id"])
    await said(chat, app)
    assert (await chat.console.delete(f"/apps/{app.id}")).status_code == 204
    await export_trace(room, answer["message_id"])

    assert langfuse.requests == []
    assert len(await jobs_of(chat, app.id)) == 1


async def test_a_task_that_is_cut_off_and_done_again_sends_the_same_ids(chat: ChatApp) -> None:
    app = await chat.add_app(model("echo"))
    with running(Otlp()) as service:
        await trace(chat, app, service)
        answer = await said(chat, app)
        await settled(chat, app.id)
        room = chat.house.room(ChatRoom)
        service.go_on.clear()
        cut_off = asyncio.create_task(export_trace(room, answer["message_id"]))
        await until(lambda: len(service.requests) == 2)
        cut_off.cancel()
        await asyncio.wait([cut_off])
        service.go_on.set()
        await export_trace(room, answer["message_id"])
        calls = service.ids()
        bodies = {one.body for one in service.wrote()}

    assert len(calls) == 3
    assert calls[0] == calls[1] == calls[2]
    assert len(bodies) == 1
    assert chat.connections_in_use == 0


async def test_a_process_that_ends_while_it_sends_leaves_the_job_to_the_next(tmp_path: Path) -> None:
    with model_server() as models, running(Langfuse()) as service:
        assert isinstance(service, Langfuse)
        variables = {"OPENAI_BASE_URL": models.url, **OPENED}
        async with open_chat_app(tmp_path, set_up=True, **variables) as first:
            app = await first.add_app(model("echo"))
            await trace(first, app, service)
            service.go_on.clear()
            answer = await said(first, app)
            await until(lambda: len(service.requests) == 1)
        service.go_on.set()
        async with open_chat_app(tmp_path, set_up=False, **variables) as second:
            [job] = await settled(second, app.id)
            assert job.state == JobState.SUCCEEDED

        assert [one.id for one in service.traces()] == [answer["message_id"]]
        assert len(service.ids()) == 2
        assert service.ids()[0] == service.ids()[1]
