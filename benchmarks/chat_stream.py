"""A chat of 50 streamed tokens: what the platform adds to the model, how many streams it sustains.

The model is the lean fake server of the tests, in a process of its own, on the same two cores as everything else.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from benchmarks.load import Result, request_bytes, run
from benchmarks.platform import free_port, homeport, wait_listening


@contextmanager
def model_server(tokens: int, delay: float) -> Iterator[str]:
    """The address of a model that streams `tokens`, one every `delay` seconds."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.model_server", "--port", str(port)]
    process = subprocess.Popen([*command, "--tokens", str(tokens), "--delay", str(delay)])
    try:
        wait_listening(port)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


def _chat(url: str, key: str) -> bytes:
    body = orjson.dumps({"inputs": {}, "query": "hello", "user": "bench", "response_mode": "streaming"})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return request_bytes(f"{url}/v1/chat-messages", headers, body, "POST")


def _direct(url: str) -> bytes:
    body = orjson.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "hello"}]})
    return request_bytes(f"{url}/chat/completions", {"Content-Type": "application/json"}, body, "POST")


def _median(result: Result) -> float:
    return statistics.median(result.first_bytes) * 1000


def main() -> None:
    """Print the added time to the first token, streams per second at 50, and 1,000 streams at once."""
    with model_server(50, 0.0) as model, homeport(OPENAI_API_BASE=model, HOMEPORT_DEFAULT_LLM="m") as platform:
        chat = _chat(platform.url, platform.app_key())
        asyncio.run(run(platform.url, chat, connections=2, total=50))
        alone = asyncio.run(run(model, _direct(model), connections=1, total=200))
        through = asyncio.run(run(platform.url, chat, connections=1, total=200, expect=b"message_end"))
        added = _median(through) - _median(alone)
        print(
            f"first token: model {_median(alone):.2f} ms, through Homeport {_median(through):.2f} ms: +{added:.2f} ms"
        )
        before = platform.cpu_seconds()
        fifty = asyncio.run(run(platform.url, chat, connections=50, total=2000, expect=b"message_end"))
        each = (platform.cpu_seconds() - before) / 2
        print(f"50 connections: {fifty.rate:.0f} streams/s, failed {fifty.failed}, {each:.2f} ms CPU each")
    with model_server(50, 0.02) as model, homeport(OPENAI_API_BASE=model, HOMEPORT_DEFAULT_LLM="m") as platform:
        chat = _chat(platform.url, platform.app_key())
        many = asyncio.run(run(platform.url, chat, connections=1000, total=1000, expect=b"message_end"))
        print(
            f"1,000 at once: {many.done} done, {many.failed} failed, in {many.seconds:.1f} s, "
            f"first token p95 {many.quantile(many.first_bytes, 0.95):.0f} ms"
        )


if __name__ == "__main__":
    main()
