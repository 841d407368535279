"""Index 200 documents of 5 KB in economy mode, then retrieve over them."""

from __future__ import annotations

import asyncio
import random
import time

import orjson

from benchmarks.load import request_bytes, run
from benchmarks.platform import homeport

_WORDS = [f"word{number}" for number in range(3000)]


def text(seed: int) -> str:
    """About 5 KB of text in paragraphs."""
    dice = random.Random(seed)
    return "\n\n".join(" ".join(dice.choices(_WORDS, k=80)) for _ in range(8))[:5000]


def main() -> None:
    """Print documents per second, from the first request to the last document completed, and the time to retrieve."""
    with homeport() as platform:
        key = platform.dataset_key()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        made = platform.console.post("/datasets", json={"name": "bench", "indexing_technique": "economy"})
        dataset = made.raise_for_status().json()["id"]
        files = [("file", (f"{number}.txt", text(number).encode())) for number in range(200)]
        began, before = time.perf_counter(), platform.cpu_seconds()
        for start in range(0, 200, 20):
            upload = platform.console.post(f"/datasets/{dataset}/documents/upload", files=files[start : start + 20])
            assert not upload.raise_for_status().json()["rejected"], upload.text
        uploaded = time.perf_counter()
        while platform.console.get(f"/datasets/{dataset}").json()["total_available_documents"] < 200:
            time.sleep(0.01)
        ended = time.perf_counter()
        each = (platform.cpu_seconds() - before) * 5
        print(
            f"indexing: {200 / (ended - began):.0f} docs/s from first upload to last completed "
            f"(uploads {uploaded - began:.2f} s, all {ended - began:.2f} s), {each:.1f} ms CPU each"
        )
        url = f"{platform.url}/v1/datasets/{dataset}/retrieve"
        body = orjson.dumps({"query": "word17 word1234 word99"})
        request = request_bytes(url, headers, body, "POST")
        asyncio.run(run(url, request, connections=1, total=50))
        before = platform.cpu_seconds()
        result = asyncio.run(run(url, request, connections=1, total=300, expect=b'"records":[{'))
        each = (platform.cpu_seconds() - before) / 0.3
        print(
            f"retrieve: p50 {result.quantile(result.latencies, 0.5):.2f} ms, "
            f"p95 {result.quantile(result.latencies, 0.95):.2f} ms, failed {result.failed}, {each:.2f} ms CPU each"
        )


if __name__ == "__main__":
    main()
