"""The console's app list: 30 apps, 50 connections."""

from __future__ import annotations

import asyncio

from benchmarks.load import request_bytes, run
from benchmarks.platform import homeport


def main() -> None:
    """Print requests per second and latency."""
    with homeport() as platform:
        for number in range(30):
            platform.console.post("/apps", json={"name": f"App {number}"}).raise_for_status()
        url = f"{platform.url}/console/api/apps?limit=30"
        request = request_bytes(url, {"Cookie": f"access_token={platform.console.cookies['access_token']}"})
        asyncio.run(run(url, request, connections=50, total=1000))
        before = platform.cpu_seconds()
        result = asyncio.run(run(url, request, connections=50, total=5000, expect=b'"total":30'))
        each = (platform.cpu_seconds() - before) / 5
    print(
        f"app list: {result.rate:.0f} req/s, p50 {result.quantile(result.latencies, 0.5):.1f} ms, "
        f"p95 {result.quantile(result.latencies, 0.95):.1f} ms, failed {result.failed}, {each:.2f} ms CPU each"
    )


if __name__ == "__main__":
    main()
