"""A lean HTTP client for load: one socket per connection, nothing parsed that is not needed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Result:
    """What a load run saw. Times in seconds."""

    seconds: float = 0.0
    done: int = 0
    failed: int = 0
    first_bytes: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.done / self.seconds

    def quantile(self, times: list[float], share: float) -> float:
        """The `share` quantile of `times` in milliseconds."""
        ordered = sorted(times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def request_bytes(url: str, headers: dict[str, str], body: bytes = b"", method: str = "GET") -> bytes:
    """The bytes of a request that keeps its connection."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", *(f"{k}: {v}" for k, v in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def run(url: str, request: bytes, *, connections: int, total: int, expect: bytes = b"") -> Result:
    """Send `request` `total` times over `connections`. An answer without `expect` in it, or not 200/201, has failed."""
    result = Result()
    parts = urlsplit(url)
    left = iter(range(total))

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
        for _ in left:
            began = time.perf_counter()
            writer.write(request)
            try:
                status, first, body = await _answer(reader, began)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                result.failed += 1
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
                continue
            good = status in (200, 201) and expect in body
            result.done += good
            result.failed += not good
            result.first_bytes.append(first)
            result.latencies.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    result.seconds = time.perf_counter() - began
    return result


async def _answer(reader: asyncio.StreamReader, began: float) -> tuple[int, float, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    if b"content-length:" in lowered:
        length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        return status, time.perf_counter() - began, body
    body, first = b"", 0.0
    while True:
        size = int(await reader.readline(), 16)
        chunk = await reader.readexactly(size + 2)
        first = first or time.perf_counter() - began
        if size == 0:
            return status, first, body
        body = body[-4096:] + chunk
