"""Observability services on loopback, each written from its documented API: whom it lets in, what it takes, keeps."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KEY = "sk-of-the-tests-123456"
Document = dict[str, Any]


@dataclass
class Request:
    """As it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """A text or bytes as they are, all else as JSON."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Seen:
    """One trace as a service keeps it, in the same words for all services."""

    id: str
    name: str
    user: str
    session: str
    query: str
    output: str
    failed: bool
    #: Kind of step (`retrieval`, `generation`) -> what is told of it.
    steps: dict[str, Document] = field(default_factory=dict)


class Service:
    """What a set-up of a driver fills in."""

    name = ""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        #: Answered to everything instead, while it is set.
        self.instead: Reply | None = None
        #: Nothing is answered until it is set.
        self.go_on = threading.Event()
        self.go_on.set()
        self.url = ""

    def config(self) -> Document:
        """What a person enters for it."""
        raise NotImplementedError

    def answer(self, request: Request) -> Reply:
        """What the service does."""
        raise NotImplementedError

    def traces(self) -> list[Seen]:
        """What it keeps."""
        raise NotImplementedError

    def ids(self) -> list[list[str]]:
        """All ids of each request that wrote, for telling a repetition."""
        raise NotImplementedError

    def wrote(self) -> list[Request]:
        """The requests that wrote something."""
        return [one for one in self.requests if one.method == "POST" and len(one.body) > 2]


class Langfuse(Service):
    """https://api.reference.langfuse.com: Ingestion, Projects."""

    name = "langfuse"
    wrong_keys = Reply(401, {"message": "Invalid credentials. Confirm that you've configured the correct host."})

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, Document] = {}
        #: Refused with this status and sentence, the type of event being the key.
        self.refuse: dict[str, tuple[int, str]] = {}

    def config(self) -> Document:
        return {"public_key": "pk-lf-tests-1234", "secret_key": KEY, "host": self.url}

    def answer(self, request: Request) -> Reply:
        basic = base64.b64encode(f"pk-lf-tests-1234:{KEY}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return self.wrong_keys
        if request.path == "/api/public/projects":
            return Reply(200, {"data": [{"id": "p1", "name": "Tests"}]})
        assert request.path == "/api/public/ingestion"
        successes, errors = [], []
        for event in request.json()["batch"]:
            assert set(event) == {"id", "type", "timestamp", "body"}
            assert event["type"] in ("trace-create", "span-create", "generation-create")
            if event["type"] in self.refuse:
                status, message = self.refuse[event["type"]]
                errors.append({"id": event["id"], "status": status, "message": message})
                continue
            self.events.setdefault(event["id"], event)
            successes.append({"id": event["id"], "status": 201})
        return Reply(207, {"successes": successes, "errors": errors})

    def traces(self) -> list[Seen]:
        found = {}
        for event in self.events.values():
            body = event["body"]
            if event["type"] == "trace-create":
                failed = body["metadata"]["status"] == "error"
                names = (body["id"], body["name"], body["userId"], body["sessionId"])
                found[body["id"]] = Seen(*names, body["input"]["query"], body["output"], failed)
        for event in self.events.values():
            body = event["body"]
            if event["type"] == "span-create":
                found[body["traceId"]].steps["retrieval"] = {
                    "query": body["input"],
                    "documents": [(one["document"], one["content"]) for one in body["output"]],
                }
            elif event["type"] == "generation-create":
                found[body["traceId"]].steps["generation"] = {
                    "model": body["model"],
                    "tokens": (body["usageDetails"]["input"], body["usageDetails"]["output"]),
                    "prompt": [(one["role"], one["content"]) for one in body["input"]],
                    "failed": body["level"] == "ERROR",
                }
        return list(found.values())

    def ids(self) -> list[list[str]]:
        return [
            [part for event in one.json()["batch"] for part in (event["id"], event["body"]["id"])]
            for one in self.wrote()
        ]


class LangSmith(Service):
    """https://docs.langchain.com/langsmith/trace-with-api, run-data-format."""

    name = "langsmith"
    _RUN_TYPES = ("llm", "tool", "chain", "retriever", "embedding", "prompt", "parser")

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, Document] = {}

    def config(self) -> Document:
        return {"api_key": KEY, "project": "Tests", "endpoint": self.url}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("x-api-key") != KEY:
            return Reply(401, {"detail": "Invalid token"})
        if request.path == "/sessions?limit=1":
            return Reply(200, [{"id": "s1", "name": "Tests"}])
        assert request.path == "/runs/batch"
        runs = request.json()["post"]
        for run in runs:
            assert run["run_type"] in self._RUN_TYPES
            assert run["session_name"] == "Tests"
            parts = run["dotted_order"].split(".")
            assert [part.split("Z")[1] for part in parts][-1] == run["id"]
            assert parts[0].split("Z")[1] == run["trace_id"]
            assert len(parts) == (1 if run["id"] == run["trace_id"] else 2)
            UUID(run["id"])
        if any(run["id"] in self.runs for run in runs):
            return Reply(409, {"error": "Conflict: payload already received: payloads already received"})
        self.runs |= {run["id"]: run for run in runs}
        return Reply(202, {"message": "Runs batch ingested"})

    def traces(self) -> list[Seen]:
        found = {}
        for run in self.runs.values():
            if run["run_type"] == "chain":
                told = run["extra"]["metadata"]
                names = (run["id"], run["name"], told["user_id"], told["thread_id"])
                failed = bool(run["error"]) and "stopped" not in run["tags"]
                found[run["id"]] = Seen(*names, run["inputs"]["query"], run["outputs"]["answer"], failed)
        for run in self.runs.values():
            if run["run_type"] == "retriever":
                assert run["parent_run_id"] == run["trace_id"]
                found[run["trace_id"]].steps["retrieval"] = {
                    "query": run["inputs"]["query"],
                    "documents": [
                        (one["metadata"]["source"], one["page_content"]) for one in run["outputs"]["documents"]
                    ],
                }
            elif run["run_type"] == "llm":
                usage = run["outputs"]["usage_metadata"]
                found[run["trace_id"]].steps["generation"] = {
                    "model": run["extra"]["metadata"]["ls_model_name"],
                    "tokens": (usage["input_tokens"], usage["output_tokens"]),
                    "prompt": [(one["role"], one["content"]) for one in run["inputs"]["messages"]],
                    "failed": bool(run["error"]),
                }
        return list(found.values())

    def ids(self) -> list[list[str]]:
        return [[run["id"] for run in one.json()["post"]] for one in self.wrote()]


class Opik(Service):
    """https://www.comet.com/docs/opik/reference/rest-api."""

    name = "opik"

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, Document]] = {"traces": {}, "spans": {}}

    def config(self) -> Document:
        return {"api_key": KEY, "project": "Tests", "workspace": "harbour", "url": f"{self.url}/api"}

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != KEY:
            return Reply(401, {"code": 401, "message": "User not allowed to access workspace"})
        if request.headers.get("comet-workspace") != "harbour":
            return Reply(403, {"code": 403, "message": "Access to this workspace is forbidden"})
        if request.path == "/api/v1/private/auth":
            return Reply(204)
        kind = request.path.removeprefix("/api/v1/private/").removesuffix("/batch")
        for one in request.json()[kind]:
            if UUID(one["id"]).version != 7:
                return Reply(400, {"errors": [f"{kind} id must be a version 7 UUID"]})
            assert one["start_time"]
            assert one["project_name"] == "Tests"
            self.kept[kind][one["id"]] = one
        return Reply(204)

    def traces(self) -> list[Seen]:
        found = {
            one["id"]: Seen(
                one["id"],
                one["name"],
                one["metadata"]["user_id"],
                one["thread_id"],
                one["input"]["query"],
                one["output"]["answer"],
                one["error_info"] is not None,
            )
            for one in self.kept["traces"].values()
        }
        for one in self.kept["spans"].values():
            steps = found[one["trace_id"]].steps
            if one["type"] == "llm":
                steps["generation"] = {
                    "model": one["model"],
                    "tokens": (one["usage"]["prompt_tokens"], one["usage"]["completion_tokens"]),
                    "prompt": [(part["role"], part["content"]) for part in one["input"]["messages"]],
                    "failed": one["error_info"] is not None,
                }
            else:
                documents = [(part["document"], part["content"]) for part in one["output"]["documents"]]
                steps["retrieval"] = {"query": one["input"]["query"], "documents": documents}
        return list(found.values())

    def ids(self) -> list[list[str]]:
        return [[part["id"] for parts in one.json().values() for part in parts] for one in self.wrote()]


class Otlp(Service):
    """https://opentelemetry.io/docs/specs/otlp/ and the attributes of OpenInference; read by its own library."""

    name = "otlp"
    headers: tuple[tuple[str, str], ...] = (("x-team", "harbour team"), ("authorization", f"Bearer {KEY}"))
    resource: tuple[tuple[str, str], ...] = (("service.name", "harbour"),)

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[tuple[bytes, bytes], Any] = {}
        #: What a success says, as encoded by the protocol's own library.
        self.success = b""

    def config(self) -> Document:
        text = f"x-team=harbour%20team,authorization=Bearer {KEY}"
        return {"endpoint": self.url, "headers": text, "service_name": "harbour"}

    def answer(self, request: Request) -> Reply:
        if any(request.headers.get(name) != value for name, value in self.headers):
            return Reply(401, {"message": "invalid api key"})
        assert request.path == "/v1/traces"
        assert request.headers["content-type"] == "application/x-protobuf"
        asked = ExportTraceServiceRequest.FromString(request.body)
        for resource_spans in asked.resource_spans:
            resource = _plain(resource_spans.resource.attributes)
            assert all(resource[name] == value for name, value in self.resource)
            for scope_spans in resource_spans.scope_spans:
                assert scope_spans.scope.name == "homeport"
                self.spans |= {(span.trace_id, span.span_id): span for span in scope_spans.spans}
        return Reply(200, self.success, {"Content-Type": "application/x-protobuf"})

    def traces(self) -> list[Seen]:
        found = {}
        for span in self.spans.values():
            told = _plain(span.attributes)
            if not span.parent_span_id:
                query = json.loads(told["input.value"])["query"]
                failed = json.loads(told["metadata"])["status"] == "error"
                assert (span.status.code == span.status.STATUS_CODE_ERROR) is (
                    failed or json.loads(told["metadata"])["status"] == "stopped"
                )
                found[span.trace_id] = Seen(
                    str(UUID(bytes=span.trace_id)),
                    span.name,
                    told["user.id"],
                    told["session.id"],
                    query,
                    told["output.value"],
                    failed,
                )
        for span in self.spans.values():
            told = _plain(span.attributes)
            if told["openinference.span.kind"] == "RETRIEVER":
                documents: list[tuple[str, str]] = []
                while (before := f"retrieval.documents.{len(documents)}.document") + ".content" in told:
                    source = json.loads(told[f"{before}.metadata"])["document"]
                    documents.append((source, told[f"{before}.content"]))
                found[span.trace_id].steps["retrieval"] = {"query": told["input.value"], "documents": documents}
            elif told["openinference.span.kind"] == "LLM":
                prompt: list[tuple[str, str]] = []
                while (before := f"llm.input_messages.{len(prompt)}.message") + ".role" in told:
                    prompt.append((told[f"{before}.role"], told[f"{before}.content"]))
                found[span.trace_id].steps["generation"] = {
                    "model": told["llm.model_name"],
                    "tokens": (told["llm.token_count.prompt"], told["llm.token_count.completion"]),
                    "prompt": prompt,
                    "failed": span.status.code == span.status.STATUS_CODE_ERROR,
                }
        return list(found.values())

    def ids(self) -> list[list[str]]:
        return [
            [
                span.trace_id.hex() + span.span_id.hex()
                for resource_spans in ExportTraceServiceRequest.FromString(one.body).resource_spans
                for scope_spans in resource_spans.scope_spans
                for span in scope_spans.spans
            ]
            for one in self.wrote()
        ]


class Phoenix(Otlp):
    """https://arize.com/docs/phoenix; it takes nothing but protobuf, and answers with nothing."""

    name = "phoenix"
    headers = (("authorization", f"Bearer {KEY}"),)
    resource = (("openinference.project.name", "Tests"),)

    def config(self) -> Document:
        return {"endpoint": self.url, "api_key": KEY, "project": "Tests"}

    def answer(self, request: Request) -> Reply:
        reply = super().answer(request)
        return Reply(200) if reply.status == 200 else reply


class Arize(Otlp):
    """https://arize.com/docs/ax/integrations/opentelemetry/opentelemetry-arize-otel."""

    name = "arize"
    headers = (("authorization", KEY), ("arize-space-id", "U3BhY2U6MQ=="))
    resource = (("openinference.project.name", "Tests"), ("arize.project.name", "Tests"))

    def config(self) -> Document:
        return {"endpoint": self.url, "api_key": KEY, "space_id": "U3BhY2U6MQ==", "project": "Tests"}


SERVICES: dict[str, Callable[[], Service]] = {
    one.name: one for one in (Langfuse, LangSmith, Opik, Otlp, Phoenix, Arize)
}


def _plain(attributes: Any) -> Document:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def running(service: Service, port: int = 0) -> Iterator[Service]:
    """Let it listen on a port of loopback; 0 is a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, body)
            service.requests.append(request)
            service.go_on.wait(20)
            reply = service.instead or service.answer(request)
            data = reply.encoded()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
