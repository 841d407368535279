"""Start to healthy (second start), idle memory, packages installed by default."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.platform import HOMEPORT, free_port, homeport, wait_healthy

_ROUNDS = 5


def main() -> None:
    """Print the median of five starts and the memory of an idle process."""
    with tempfile.TemporaryDirectory(prefix="homeport-benchmark-") as made:
        folder = Path(made)
        with homeport(folder):
            pass  # the first start migrates
        starts = [_start(folder) for _ in range(_ROUNDS)]
        print(f"start to healthy: median {statistics.median(starts):.2f} s, least {min(starts):.2f} s")
        with homeport(folder) as platform:
            time.sleep(3)
            print(f"idle memory: {platform.pss_mb():.0f} MB (PSS)")


def _start(folder: Path) -> float:
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [*HOMEPORT, "up", "--port", str(port), "--data-dir", str(folder)],
        env=os.environ | {"LOG_LEVEL": "WARNING"},
        stdout=subprocess.DEVNULL,
    )
    wait_healthy(f"http://127.0.0.1:{port}")
    seconds = time.perf_counter() - began
    process.terminate()
    process.wait(20)
    return seconds


if __name__ == "__main__":
    main()
