"""Chat, embeddings and the list of models over the OpenAI HTTP interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any, cast

import httpx
import orjson

from homeport.backends.llm import errors
from homeport.backends.llm.capabilities import Capabilities
from homeport.backends.llm.drivers.openai_compatible import name_failures
from homeport.backends.llm.drivers.openai_compatible.adapt_request import adapt, chat_body
from homeport.backends.llm.drivers.openai_compatible.read_answer import AnswerReader, read_whole
from homeport.backends.llm.drivers.openai_compatible.read_models import read_models
from homeport.backends.llm.drivers.openai_compatible.spec import SPEC, OpenAiCompatibleSettings
from homeport.backends.llm.drivers.openai_compatible.transport import CONNECT_TO, PooledTransport
from homeport.backends.llm.port import Account, ChatRequest, EmbedKind, ModelInfo, Piece
from homeport.runtime.ops import traces

# Seconds the end of the body may come after `[DONE]`; within them the connection can be used again.
_LINGER = 0.2


async def open_driver(settings: OpenAiCompatibleSettings) -> OpenAiCompatible:
    """The driver with its connections, none of them open yet."""
    transport = traces.over(PooledTransport(settings.llm_max_connections))
    if settings.llm_proxy:
        limits = httpx.Limits(max_connections=settings.llm_max_connections)
        transport = httpx.AsyncHTTPTransport(proxy=settings.llm_proxy, limits=limits)
    client = httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(settings.llm_timeout, connect=settings.llm_connect_timeout),
        headers={"Accept-Encoding": "identity", "User-Agent": "homeport"},
        trust_env=False,
    )
    return OpenAiCompatible(client, settings.llm_embedding_batch)


class OpenAiCompatible:
    """A `Driver`; all its providers share one HTTP client."""

    def __init__(self, client: httpx.AsyncClient, batch: int) -> None:
        """`batch`: texts per embedding request."""
        self._client = client
        self._batch = batch

    def connect(self, account: Account) -> OpenAiProvider:
        """See `Driver.connect`."""
        if not account.base_url:
            raise errors.Misconfigured(
                f"The model provider {account.provider} needs an address.", hint=name_failures.CHECK_ADDRESS
            )
        return OpenAiProvider(self._client, account, self._batch)

    async def close(self) -> None:
        """See `Driver.close`."""
        await self._client.aclose()


class OpenAiProvider:
    """A `Provider`."""

    capabilities: Capabilities = SPEC.capabilities

    def __init__(self, client: httpx.AsyncClient, account: Account, batch: int) -> None:
        """`batch`: texts per embedding request."""
        self._client = client
        self._account = account
        self._batch = batch
        self._base = complete_address(account.base_url)
        self._headers = {"Content-Type": "application/json", **account.headers}
        self._extensions = {CONNECT_TO: account.connect_to}
        if account.api_key:
            self._headers["Authorization"] = f"Bearer {account.api_key}"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Piece, None]:
        """See `ChatModel.stream`."""
        body = chat_body(request)
        try:
            response = await self._begin(body)
            try:
                async with aclosing(self._pieces(response)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise name_failures.of_connection(self._account, error) from error

    async def _begin(self, body: dict[str, Any]) -> httpx.Response:
        """The answer to `body`, with its status checked; what an old or strict server refuses is left out of it."""
        while True:
            request = self._client.build_request(
                "POST",
                f"{self._base}/chat/completions",
                content=orjson.dumps(body),
                headers=self._headers,
                extensions=self._extensions,
            )
            response = await self._client.send(request, stream=True)
            if response.status_code == 200:
                return response
            try:
                refusal = await response.aread()
            finally:
                await response.aclose()
            adapted = adapt(body, response.status_code, refusal)
            if adapted is None:
                raise name_failures.of_answer(self._account, response.status_code, response.headers, refusal)
            body = adapted

    async def _pieces(self, response: httpx.Response) -> AsyncGenerator[Piece, None]:
        kind = response.headers.get("content-type", "")
        if "json" in kind or "html" in kind:
            yield self._whole(kind, await response.aread())
            return
        reader = AnswerReader()
        encoded = "content-encoding" in response.headers
        received = response.aiter_bytes() if encoded else response.aiter_raw()
        # httpx writes both as generators, which hold the connection until closed.
        async with aclosing(cast("AsyncGenerator[bytes, None]", received)) as chunks:
            async for data in chunks:
                piece = reader.feed(data)
                if piece is not None:
                    yield piece
                if reader.error is not None:
                    raise name_failures.of_event(self._account, reader.error)
                if reader.done:
                    await _drain(chunks)
                    return
        if piece := reader.end():
            yield piece
        if reader.error is not None:
            raise name_failures.of_event(self._account, reader.error)
        if not reader.finished:
            raise name_failures.cut_off(self._account)

    def _whole(self, kind: str, body: bytes) -> Piece:
        try:
            answer = orjson.loads(body)
            if answer.get("error"):
                raise name_failures.of_event(self._account, answer["error"])
            return read_whole(answer)
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise name_failures.not_the_interface(self._account, kind, body) from error

    def embedder(self, model: str) -> OpenAiEmbedder:
        """See `Provider.embedder`."""
        return OpenAiEmbedder(self, model, self._batch)

    async def list_models(self) -> list[ModelInfo]:
        """See `Provider.list_models`."""
        return read_models(await self.call("GET", "/models"))

    async def check(self) -> None:
        """See `Provider.check`."""
        await self.call("GET", "/models")

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON of an answer that is not streamed."""
        content = None if body is None else orjson.dumps(body)
        try:
            response = await self._client.request(
                method, self._base + path, content=content, headers=self._headers, extensions=self._extensions
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise name_failures.of_connection(self._account, error) from error
        if response.status_code != 200:
            raise name_failures.of_answer(self._account, response.status_code, response.headers, response.content)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            kind = response.headers.get("content-type", "")
            raise name_failures.not_the_interface(self._account, kind, response.content) from error

    def unexpected(self, what: str) -> errors.LlmError:
        """An error about an answer that is well formed but wrong."""
        return errors.LlmError(f"{name_failures.who(self._account)} {what}.")


class OpenAiEmbedder:
    """An `Embedder`."""

    def __init__(self, provider: OpenAiProvider, model: str, batch: int) -> None:
        """`batch`: texts per request."""
        self.model = model
        self.dimension: int | None = None
        self._provider = provider
        self._batch = batch

    async def embed(self, texts: Sequence[str], kind: EmbedKind) -> list[list[float]]:  # noqa: ARG002 (one model, one kind)
        """See `Embedder.embed`."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), self._batch):
            vectors += await self._embed_batch(texts[start : start + self._batch])
        if vectors:
            self.dimension = len(vectors[0])
        return vectors

    async def _embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        # Some servers refuse an empty text; a blank is as meaningless and accepted everywhere.
        body = {"model": self.model, "input": [text or " " for text in texts], "encoding_format": "float"}
        answer = await self._provider.call("POST", "/embeddings", body)
        try:
            ordered = sorted(answer["data"], key=lambda item: int(item["index"]))
            vectors = [[float(number) for number in item["embedding"]] for item in ordered]
        except (KeyError, TypeError, ValueError) as error:
            raise self._provider.unexpected("answered an embedding request without vectors") from error
        if len(vectors) != len(texts):
            raise self._provider.unexpected(f"gave {len(vectors)} vectors for {len(texts)} texts")
        return vectors


def complete_address(base_url: str) -> str:
    """The address that paths are added to: `/v1` is added to a bare host, a full path to chat is cut off."""
    address = base_url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")
    scheme, mark, rest = address.partition("://")
    return address if mark and "/" in rest else f"{scheme}{mark}{rest}/v1"


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER):
            async for _ in chunks:
                pass
